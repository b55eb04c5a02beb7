"""A loopback proxy in front of the local AWS: it writes down who asked for what, can hold, refuse or reroute single requests, and
stands for the TLS that AWS would be spoken to with."""

import contextlib
import dataclasses
import html
import http.client
import http.server
import json
import pathlib
import re
import threading
import urllib.parse

HOLD_SECONDS_MAX = 120
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "proxy-connection"}
CREDENTIAL = re.compile(r"Credential=([^/]+)/\d+/[^/]+/([^/]+)/aws4_request")


@dataclasses.dataclass(frozen=True)
class Call:
    """A request: whose key signed it, and which rights it takes on what."""

    access_key: str
    method: str
    path: str
    rights: tuple  # of (action, resource)
    client_port: int = 0

    def is_for(self, key, *methods):
        """Whether it is for an object whose key ends like this."""
        return urllib.parse.unquote(self.path.partition("?")[0]).endswith(key) and self.method in methods


class Recorder:
    """Listens on `port`, passes on to `upstream`."""

    def __init__(self, port, upstream):
        self.port = port
        self.upstream = upstream
        self.calls = []
        # Names of functions and roles by access key.
        self.names = {}
        self.traps = []
        # Whether requests are made in order to be denied, which are nobody's use of a right.
        self.aside = False
        self.lock = threading.Lock()

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.port}"

    @contextlib.contextmanager
    def running(self):
        recorder = self

        class Handler(RequestHandler):
            owner = recorder

        server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()

    @contextlib.contextmanager
    def trap(self, trap):
        """Every request is shown to `trap(call)` while this lasts. It gives None, a port to go to instead, or an answer:
        status, headers, body. It may take its time."""
        with self.lock:
            self.traps.append(trap)
        try:
            yield
        finally:
            with self.lock:
                self.traps.remove(trap)

    def note(self, call):
        with self.lock:
            self.calls += [] if self.aside else [call]
            if call.access_key not in self.names:
                self.names[call.access_key] = function_of(call.access_key)
            return list(self.traps)


def function_of(access_key):
    """The function whose process has this access key; it has its own role's."""
    for environ in pathlib.Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            entries = environ.read_bytes().split(b"\0")
            found = dict(entry.split(b"=", 1) for entry in entries if b"=" in entry)
            name = found.get(b"AWS_LAMBDA_FUNCTION_NAME")
            if name and found.get(b"AWS_ACCESS_KEY_ID") == access_key.encode():
                return name.decode()
    return None


def process_of(client_port):
    """The process that has this local port."""
    lines = pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]
    inodes = {fields[9] for fields in map(str.split, lines) if int(fields[1].split(":")[1], 16) == client_port}
    wanted = {f"socket:[{inode}]" for inode in inodes - {"0"}}
    for link in pathlib.Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            if str(link.readlink()) in wanted:
                return int(link.parts[2])
    return None


class RequestHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def handle_any(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else self.chunked()
        match = CREDENTIAL.search(self.headers.get("Authorization", ""))
        key, service = match.groups() if match else ("", "")
        asked = tuple(rights(service, self.command, self.path, self.headers, body))
        call = Call(key, self.command, self.path, asked, self.client_address[1])
        for trap in self.owner.note(call):
            answer = trap(call)
            if isinstance(answer, int):
                return self.pass_on(body, answer)
            if answer is not None:
                status, headers, text = answer
                return self.answer(status, headers, text)
        return self.pass_on(body, self.owner.upstream)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_PATCH = do_OPTIONS = handle_any

    def chunked(self):
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return b""
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return body

    def pass_on(self, body, port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=HOLD_SECONDS_MAX)
        try:
            # The signature covers the host's name, so it goes on as it came.
            headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
            # What came to a proxy that ends TLS: the policies that take TLS only let it pass.
            headers["X-Forwarded-Proto"] = "https"
            connection.request(self.command, self.path, body=body or None, headers=headers)
            response = connection.getresponse()
            text = response.read()
            self.answer(response.status, response.getheaders(), text)
        except (OSError, http.client.HTTPException):
            # As the other end did: no answer.
            self.close_connection = True
        finally:
            connection.close()

    def answer(self, status, headers, text):
        # Whoever asked may be gone: one of the faults is that he is killed.
        with contextlib.suppress(OSError):
            self.write(status, headers, text)

    def write(self, status, headers, text):
        self.send_response_only(status)
        length = False
        for name, value in headers:
            if name.lower() in HOP_BY_HOP:
                continue
            if name.lower() == "content-length":
                length = True
                value = value if self.command == "HEAD" else str(len(text))
            self.send_header(name, value)
        if not length:
            self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)


def rights(service, method, target, headers, body):
    """The actions and resources that IAM would be asked for, as the Service Authorization Reference has them. An action that is
    not known here is `service:?`, which nobody is granted."""
    if service == "s3":
        yield from s3_rights(method, target, body)
        return
    operation = headers.get("X-Amz-Target", "").split(".")[-1]
    fields = json.loads(body) if body[:1] == b"{" else {}
    if service == "sqs":
        operation = {"SendMessageBatch": "SendMessage", "DeleteMessageBatch": "DeleteMessage"}.get(operation, operation)
        yield f"sqs:{operation or '?'}", "arn:aws:sqs:*:*:" + fields.get("QueueUrl", "?").rsplit("/", 1)[-1]
    elif service == "events":
        for entry in fields.get("Entries", [{}]):
            bus = entry.get("EventBusName", "default").rsplit("/", 1)[-1]
            yield f"events:{operation or '?'}", f"arn:aws:events:*:*:event-bus/{bus}"
    elif service == "glue":
        # Each action on tables is checked on all three.
        database = fields.get("DatabaseName", "?")
        for resource in ("catalog", f"database/{database}", f"table/{database}/*"):
            yield f"glue:{operation or '?'}", f"arn:aws:glue:*:*:{resource}"
    else:
        yield f"{service}:{operation or '?'}", "?"


def s3_rights(method, target, body):
    path, _, query = target.partition("?")
    asked = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
    bucket, _, key = urllib.parse.unquote(path).lstrip("/").partition("/")
    arn = f"arn:aws:s3:::{bucket}"
    if not key:
        if method == "POST" and "delete" in asked:
            for entry in re.findall(rb"<Object>(.*?)</Object>", body, re.S):
                name = html.unescape(re.search(rb"<Key>(.*?)</Key>", entry)[1].decode())
                yield "s3:DeleteObject", f"{arn}/{name}"
                # Under a condition, S3 asks for the right to read as well (User Guide, "How to perform conditional deletes").
                if b"<ETag>" in entry:
                    yield "s3:GetObject", f"{arn}/{name}"
        elif method == "GET" and "location" in asked:
            yield "s3:GetBucketLocation", arn
        else:
            yield {"GET": "s3:ListBucket", "HEAD": "s3:ListBucket"}.get(method, "s3:?"), arn
    elif method == "DELETE" and "uploadId" in asked:
        yield "s3:AbortMultipartUpload", f"{arn}/{key}"
    else:
        actions = {"GET": "GetObject", "HEAD": "GetObject", "PUT": "PutObject", "POST": "PutObject", "DELETE": "DeleteObject"}
        yield f"s3:{actions.get(method, '?')}", f"{arn}/{key}"

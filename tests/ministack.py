#!/usr/bin/env python3
"""Runs a command beside a fresh MiniStack, a local AWS, and stops it afterwards.

    tests/ministack.py VENV COMMAND...

VENV is a virtual environment with the PyPI package `ministack`. The command finds the server in AWS_ENDPOINT_URL, as every
AWS tool does, with a region and keys of no meaning. Everything listens on 127.0.0.1. The command's exit status is this
script's; 125 means that the server did not start.
"""

import pathlib
import sys

import beside


def aws(endpoint):
    """What an AWS tool wants to be told."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }


def server(venv, port, **more):
    """MiniStack's name, program, environment and sign of life, for beside.py."""
    endpoint = f"http://127.0.0.1:{port}"
    own = {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": "127.0.0.1",
        "LAMBDA_EXECUTOR": "local",
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
    }
    program = pathlib.Path(venv) / "bin" / "ministack"
    return "MiniStack", [program], {**aws(endpoint), **own, **more}, (f"{endpoint}/_ministack/health", 200)


def main(venv, command):
    (port,) = beside.free_ports(1)
    return beside.run(*server(venv, port), command, aws(f"http://127.0.0.1:{port}"))


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2:]))

"""A local stand-in for what surrounds the function in AWS: an S3 server, which the environment names as `tests/seaweedfs.py` leaves it
there, and AWS's own Runtime Interface Emulator as Lambda."""

import contextlib
import json
import os
import pathlib
import platform
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator

ROOT = pathlib.Path(__file__).resolve().parent.parent
SAM = ROOT / "target/venv/sam"
REGION = "us-east-1"
START_SECONDS_MAX = 60
INVOKE_SECONDS_MAX = 900


class Failed(Exception):
    """What did not work, with the end of its log."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port: int, process: subprocess.Popen, log: pathlib.Path) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise Failed(f"{process.args[0]} does not answer on port {port}:\n{tail(log)}")


def tail(log: pathlib.Path, bytes_max: int = 4000) -> str:
    return log.read_bytes()[-bytes_max:].decode("utf-8", "replace") if log.exists() else ""


@contextlib.contextmanager
def started(command: list[str], environment: dict[str, str], log: pathlib.Path) -> Iterator[subprocess.Popen]:
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=environment, cwd=log.parent)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def s3_settings() -> dict[str, str]:
    """The S3 server, as the AWS clients want to be told."""
    names = {"endpoint": "AWS_ENDPOINT_URL", "access_key": "AWS_ACCESS_KEY_ID", "secret_key": "AWS_SECRET_ACCESS_KEY"}
    found = {name: os.environ.get(f"DAYMARK_S3_{key.upper()}") for key, name in names.items()}
    if not all(found.values()):
        raise Failed("DAYMARK_S3_ENDPOINT, _ACCESS_KEY and _SECRET_KEY are not set: run this through tests/seaweedfs.py")
    return {**found, "AWS_REGION": REGION}


def s3_client():
    import boto3
    from botocore.config import Config

    settings = s3_settings()
    return boto3.client(
        "s3",
        endpoint_url=settings["AWS_ENDPOINT_URL"],
        aws_access_key_id=settings["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=settings["AWS_SECRET_ACCESS_KEY"],
        region_name=REGION,
        config=Config(s3={"addressing_style": "path"}),
    )


class Function:
    """A function's program behind the emulator."""

    def __init__(self, address: str, emulator: subprocess.Popen, log: pathlib.Path) -> None:
        self.address = address
        self.emulator = emulator
        self.log = log

    def invoke(self, event: bytes) -> object:
        request = urllib.request.Request(f"{self.address}/2015-03-31/functions/function/invocations", data=event)
        try:
            with urllib.request.urlopen(request, timeout=INVOKE_SECONDS_MAX) as response:
                body = response.read()
        except OSError as error:
            raise Failed(f"invoking the function failed: {error}\n{tail(self.log)}") from error
        try:
            return json.loads(body)
        except json.JSONDecodeError:
            return body.decode("utf-8", "replace")

    def program(self) -> dict[str, str]:
        """What the kernel says of the program that the emulator started; nothing if there is none."""
        for status in pathlib.Path("/proc").glob("[0-9]*/status"):
            with contextlib.suppress(OSError):
                fields = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
                if int(fields["PPid"]) == self.emulator.pid and "VmHWM" in fields:
                    return fields
        return {}

    def peak_mib(self) -> float:
        """Peak memory of the program; 0 if it is gone."""
        return int(self.program().get("VmHWM", "0").split()[0]) / 1024


# What Lambda calls an architecture, by what the kernel calls it.
ARCHITECTURES = {"x86_64": "x86_64", "aarch64": "arm64"}


def emulator() -> pathlib.Path:
    """AWS's Runtime Interface Emulator, for this machine."""
    name = f"aws-lambda-rie-{ARCHITECTURES.get(platform.machine(), platform.machine())}"
    rie = next(SAM.glob(f"lib/python*/site-packages/samcli/local/rapid/{name}"), None)
    if rie is None:
        raise Failed(f"no {name} under {SAM}")
    return rie


@contextlib.contextmanager
def function(
    program: pathlib.Path, settings: dict[str, str], folder: pathlib.Path, under: tuple[str, ...] = (), memory_mib: int = 1769
) -> Iterator[Function]:
    """Runs `program` as Lambda would, with `settings` as its whole environment; `under` is a command that takes the program."""
    invocations, runtime = free_port(), free_port()
    command = [str(emulator()), "--runtime-interface-emulator-address", f"127.0.0.1:{invocations}"]
    command += ["--runtime-api-address", f"127.0.0.1:{runtime}", *under, str(program.resolve())]
    name = program.name if program.name != "bootstrap" else program.parent.name
    environment = {
        "PATH": os.environ["PATH"],
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(INVOKE_SECONDS_MAX),
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory_mib),
        **settings,
    }
    log = folder / f"{name}.log"
    with started(command, environment, log) as process:
        wait_for_port(invocations, process, log)
        yield Function(f"http://127.0.0.1:{invocations}", process, log)


def main_or_exit(main) -> None:
    try:
        main()
    except Failed as failed:
        sys.exit(str(failed))

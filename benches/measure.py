"""Runs a command and says what it cost, the whole process counted."""

import os
import pathlib
import subprocess
import tempfile
import time
from dataclasses import dataclass
from typing import IO


@dataclass(frozen=True)
class Cost:
    cpu_s: float  # user and system
    wall_s: float
    rss_mib: float  # peak; never below some 14 MiB, which is this Python process before it becomes the command
    out_bytes: int  # 0 without an output


class Failed(Exception):
    """The command failed, or left no output."""


def start_on(cpus: set[int] | None, command: list[str], errors: IO[bytes]) -> subprocess.Popen[bytes]:
    """Starts `command` on these CPUs alone, which it inherits; None: as the scheduler likes."""
    if cpus is None:
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors)
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
    try:
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors)
    finally:
        os.sched_setaffinity(0, before)


def run(command: list[str], out: pathlib.Path | None, cpus: set[int] | None = None) -> Cost:
    """Runs `command`, which is to write `out`, on these CPUs alone."""
    if out is not None:
        out.unlink(missing_ok=True)
    with tempfile.TemporaryFile() as errors:
        start = time.monotonic()
        process = start_on(cpus, command, errors)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            errors.seek(0)
            last = errors.read()[-2000:].decode("utf-8", "replace").strip()
            raise Failed(f"{' '.join(command)}: status {process.returncode}: {last}")
    if out is not None and not out.exists():
        raise Failed(f"{' '.join(command)}: no {out}")
    return Cost(
        cpu_s=usage.ru_utime + usage.ru_stime,
        wall_s=wall,
        rss_mib=usage.ru_maxrss / 1024,
        out_bytes=out.stat().st_size if out is not None else 0,
    )

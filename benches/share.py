"""The share of CPU and memory that Lambda gives a function of so many MiB, by Linux's control groups (version 1)."""

import contextlib
import os
import pathlib
import time
from collections.abc import Iterator

# "At 1,769 MB, a function has the equivalent of one vCPU", https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
ONE_CPU_MIB = 1769
GROUPS = {name: pathlib.Path("/sys/fs/cgroup") / name for name in ("cpu", "memory")}
# Shorter than Linux's own tenth of a second, so that a small share is handed out evenly.
PERIOD_US = 20_000
LEAVE_SECONDS_MAX = 10


def missing() -> str | None:
    """Why no shares can be handed out here."""
    for path in GROUPS.values():
        if not (path / "cgroup.procs").exists():
            return f"there is no {path} of control groups, version 1"
        if not os.access(path, os.W_OK):
            return f"{path} may not be written; root may"
    return None


@contextlib.contextmanager
def of(memory_mib: int) -> Iterator[dict[str, pathlib.Path]]:
    """Groups with a function's share, to be entered by `enter`; what is in them has to have ended at the end."""
    name = f"daymark-bench-{os.getpid()}-{memory_mib}"
    groups = {kind: path / name for kind, path in GROUPS.items()}
    try:
        for group in groups.values():
            group.mkdir()
        (groups["cpu"] / "cpu.cfs_period_us").write_text(str(PERIOD_US))
        (groups["cpu"] / "cpu.cfs_quota_us").write_text(str(PERIOD_US * memory_mib // ONE_CPU_MIB))
        (groups["memory"] / "memory.limit_in_bytes").write_text(str(memory_mib * 1024 * 1024))
        yield groups
    finally:
        for group in groups.values():
            remove(group)


def enter(groups: dict[str, pathlib.Path], process: int) -> None:
    """Puts a process there, and with it all that it starts from now on."""
    for group in groups.values():
        (group / "cgroup.procs").write_text(str(process))


def remove(group: pathlib.Path) -> None:
    """A group goes once the last process in it has been cleared away, a moment after its end."""
    until = time.monotonic() + LEAVE_SECONDS_MAX
    while group.exists():
        try:
            group.rmdir()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)

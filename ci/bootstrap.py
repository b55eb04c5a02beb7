#!/usr/bin/env python3
"""Checks a function's program and packs it.

  bootstrap.py check PROGRAM --machine x86_64 --glibc 2.34
                                            fails if it is no such program, or needs a newer C library than that
  bootstrap.py pack PROGRAM DIRECTORY       makes DIRECTORY/bootstrap and DIRECTORY.zip: same program, same zip
"""

import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import zipfile

ZIPPED_BYTES_MAX = 50 * 1000 * 1000  # Lambda's limit on a zip that is uploaded as it is


def readelf(*arguments: str) -> str:
    try:
        return subprocess.run(["readelf", "--wide", *arguments], check=True, capture_output=True, text=True).stdout
    except FileNotFoundError:
        sys.exit("readelf is missing: it comes with the linker (on Debian and Ubuntu: apt-get install binutils)")


# As readelf calls them.
MACHINES = {"x86_64": "X86-64", "aarch64": "AArch64"}


def check(program: pathlib.Path, machine: str, allowed: str) -> None:
    header = readelf("--file-header", str(program))
    if MACHINES[machine] not in header:
        sys.exit(f"{program} is no {machine} program")
    needed = {tuple(map(int, v.split("."))) for v in re.findall(r"GLIBC_([0-9.]+)", readelf("--version-info", str(program)))}
    if not needed:
        sys.exit(f"{program} names no version of the C library: expected one linked for glibc")
    newest = max(needed)
    found = ".".join(map(str, newest))
    if newest > tuple(map(int, allowed.split("."))):
        sys.exit(f"{program} needs glibc {found}: expected {allowed} at most")
    print(f"{program} needs glibc {found}, at most {allowed} is there")


def pack(program: pathlib.Path, directory: pathlib.Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    bootstrap = directory / "bootstrap"
    shutil.copyfile(program, bootstrap)
    bootstrap.chmod(0o755)
    # A fixed date and mode: what is in the zip depends on the program alone.
    entry = zipfile.ZipInfo("bootstrap", date_time=(1980, 1, 1, 0, 0, 0))
    entry.create_system = 3
    entry.external_attr = 0o100755 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive = directory.with_name(directory.name + ".zip")
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr(entry, bootstrap.read_bytes(), compresslevel=9)
    zipped = archive.stat().st_size
    if zipped > ZIPPED_BYTES_MAX:
        sys.exit(f"{archive} has {zipped} bytes: Lambda takes {ZIPPED_BYTES_MAX} at most")
    print(f"{archive}: {zipped / 1e6:.1f} MB, bootstrap {bootstrap.stat().st_size / 1e6:.1f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    checking = commands.add_parser("check")
    checking.add_argument("program", type=pathlib.Path)
    checking.add_argument("--machine", choices=sorted(MACHINES), required=True)
    checking.add_argument("--glibc", required=True)
    packing = commands.add_parser("pack")
    packing.add_argument("program", type=pathlib.Path)
    packing.add_argument("directory", type=pathlib.Path)
    a = parser.parse_args()
    if a.command == "check":
        check(a.program, a.machine, a.glibc)
    else:
        pack(a.program, a.directory)


if __name__ == "__main__":
    main()

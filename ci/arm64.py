#!/usr/bin/env python3
"""What builds and runs arm64 programs on an x86-64 Debian, out of Debian's own packages: unpacked, never installed.

  arm64.py toolchain DIRECTORY      makes DIRECTORY/rustc, a compiler that has the standard library for both machines
  arm64.py emulator DIRECTORY       makes DIRECTORY/qemu and DIRECTORY/libc, which run what was built

For machines where `rustup target add` cannot be asked. Debian's compiler for browsers is new enough where its other one is not;
which packages there are is what this machine's own list of sources says. Anything that is missing ends it with a message and status 1.
"""

import argparse
import os
import pathlib
import platform
import re
import shlex
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET = "aarch64-unknown-linux-gnu"
COMPILER = "rustc-web"
STANDARD_LIBRARY = "libstd-rust-web-dev"
# What the compiler itself links, and what a bare Debian does not have: versions are part of these names.
LINKED = re.compile(r"^(libstd-rust-web-\d|libllvm\d|libz3-\d)")
EMULATOR = "qemu-user-static"
INSTEAD = f"With rustup, `rustup target add {TARGET}` is all it takes; or build on Linux on arm64."


class Failed(Exception):
    """What is missing."""


class Packages:
    """Debian's packages for both machines, with lists and downloads in a folder of our own."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder.resolve()
        for needed in ("state/lists/partial", "cache/archives/partial", "downloads"):
            (self.folder / needed).mkdir(parents=True, exist_ok=True)
        (self.folder / "state/status").write_text("")
        settings = {
            "Dir::State": self.folder / "state",
            "Dir::State::status": self.folder / "state/status",
            "Dir::Cache": self.folder / "cache",
            "APT::Architecture": "amd64",
            "APT::Sandbox::User": "",
            "Acquire::Languages": "none",
        }
        self.options = [f"-o{key}={value}" for key, value in settings.items()]
        self.options += ["-oAPT::Architectures::=amd64", "-oAPT::Architectures::=arm64"]

    def ask(self, program: str, *arguments: str) -> str:
        command = [program, "-q", *self.options, *arguments]
        done = subprocess.run(command, cwd=self.folder / "downloads", capture_output=True, text=True)
        if done.returncode != 0:
            raise Failed(f"{program} {' '.join(arguments)} failed:\n{done.stderr.strip()}")
        return done.stdout

    def update(self) -> None:
        self.ask("apt-get", "update")

    def depends(self, package: str) -> list[str]:
        """What the newest version of `package` has to have."""
        fields = self.ask("apt-cache", "show", "--no-all-versions", package)
        found = re.search(r"^Depends: (.*)$", fields, re.MULTILINE)
        return re.findall(r"(?:^|, )([a-z0-9.+-]+)", found.group(1)) if found else []

    def unpack(self, packages: list[str], into: pathlib.Path) -> None:
        downloads = self.folder / "downloads"
        for old in downloads.glob("*.deb"):
            old.unlink()
        print(f"unpacking {', '.join(packages)} into {into}", flush=True)
        self.ask("apt-get", "download", *packages)
        into.mkdir(parents=True, exist_ok=True)
        for package in sorted(downloads.glob("*.deb")):
            subprocess.run(["dpkg-deb", "--extract", package, into], check=True)
            package.unlink()


def packages_of(folder: pathlib.Path) -> Packages:
    here = f"{platform.system()} {platform.machine()}"
    if here != "Linux x86_64":
        raise Failed(f"Debian's packages are for Linux x86_64, this is {here}")
    absent = [program for program in ("apt-get", "apt-cache", "dpkg-deb") if shutil.which(program) is None]
    if absent:
        raise Failed(f"no {', '.join(absent)}: this is no Debian")
    packages = Packages(folder / "apt")
    packages.update()
    return packages


def pinned() -> tuple[int, ...]:
    """The version in rust-toolchain.toml."""
    found = re.search(r'^channel = "([0-9.]+)"', (ROOT / "rust-toolchain.toml").read_text(), re.MULTILINE)
    if found is None:
        raise Failed("rust-toolchain.toml names no version")
    return tuple(map(int, found.group(1).split(".")))


def toolchain(folder: pathlib.Path) -> None:
    wrapper, root = folder / "rustc", folder / "toolchain"
    if wrapper.exists():
        return
    packages = packages_of(folder)
    wanted, unseen = [COMPILER, f"{STANDARD_LIBRARY}:arm64"], [COMPILER, STANDARD_LIBRARY]
    while unseen:
        package = unseen.pop()
        wanted += [package] if package not in wanted else []
        unseen += [name for name in packages.depends(package) if LINKED.match(name) and name not in wanted]
    shutil.rmtree(root, ignore_errors=True)
    packages.unpack(sorted(wanted), root)
    libraries = [root / "usr/lib/x86_64-linux-gnu", root / "usr/lib"]
    # Debian links the library for LLVM from a folder of its own.
    libraries += sorted({path.parent for path in root.glob("usr/lib/llvm-*/lib/*.so*")})
    unfinished = folder / "rustc.part"
    paths = ":".join(str(path.resolve()) for path in libraries)
    program = next(iter([*root.glob("usr/bin/rustc"), *root.glob("usr/lib/rust-web*/bin/rustc")]), None)
    if program is None:
        raise Failed(f"{COMPILER} has no rustc in it")
    unfinished.write_text(f'#!/bin/sh\nLD_LIBRARY_PATH={shlex.quote(paths)} exec {shlex.quote(str(program.resolve()))} "$@"\n')
    unfinished.chmod(0o755)
    done = subprocess.run([unfinished.resolve(), "--version"], capture_output=True, text=True)
    if done.returncode != 0:
        raise Failed(f"{COMPILER} does not run here:\n{done.stderr.strip()}")
    version = re.search(r"rustc ([0-9]+)\.([0-9]+)\.([0-9]+)", done.stdout)
    if version is None or tuple(map(int, version.groups())) < pinned():
        raise Failed(f"{COMPILER} is {done.stdout.strip()}: expected {'.'.join(map(str, pinned()))} or newer")
    print(f"{done.stdout.strip()}, from Debian's {COMPILER}")
    unfinished.rename(wrapper)


def emulator(folder: pathlib.Path) -> None:
    if platform.machine() == "aarch64":
        print("this machine runs arm64 programs itself")
        return
    qemu, libc = folder / "qemu", folder / "libc"
    if qemu.exists() and libc.exists():
        return
    packages = packages_of(folder)
    unfinished = folder / "libc.part"
    shutil.rmtree(unfinished, ignore_errors=True)
    packages.unpack(["libc6:arm64", "libgcc-s1:arm64"], unfinished)
    shutil.rmtree(libc, ignore_errors=True)
    unfinished.rename(libc)
    here = shutil.which("qemu-aarch64-static")
    if here is None:
        packages.unpack([EMULATOR], folder / "emulator")
        here = str((folder / "emulator/usr/bin/qemu-aarch64-static").resolve())
    qemu.unlink(missing_ok=True)
    os.symlink(here, qemu)
    print(subprocess.run([qemu, "--version"], check=True, capture_output=True, text=True).stdout.splitlines()[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["toolchain", "emulator"])
    parser.add_argument("directory", type=pathlib.Path)
    a = parser.parse_args()
    a.directory.mkdir(parents=True, exist_ok=True)
    try:
        {"toolchain": toolchain, "emulator": emulator}[a.what](a.directory)
    except Failed as failed:
        sys.exit(f"arm64 cannot be had here: {failed}\n{INSTEAD}")


if __name__ == "__main__":
    main()

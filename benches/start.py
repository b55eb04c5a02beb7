#!/usr/bin/env python3
"""What a cold start costs: the zips' sizes, and the time from the start of `convert` to its first answer at the Runtime API, under
AWS's own emulator.

The event is the one that S3 sends when a notification is set up, which needs no network: the function is told an endpoint where
nobody listens. The emulator starts the program when it is first asked, so the first answer's time is the program's start, its
settings, its clients, the event and the answer, and besides what the emulator itself takes. The second answer's is without the start.
"""

import argparse
import os
import pathlib
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "ci"))

import local
import run

LAMBDA = local.ROOT / "target/lambda"
FOLDER = local.ROOT / "target/bench/start"
EVENT = local.ROOT / "events/sqs-s3-test.json"
ZIP_BAR_MB = 10.0
FIRST_BAR_MS = 60.0
# As Lambda gives them; nobody is asked with them. Port 9 is where everything is thrown away, and mostly nobody listens.
SETTINGS = {
    "AWS_REGION": local.REGION,
    "AWS_ACCESS_KEY_ID": "unused",
    "AWS_SECRET_ACCESS_KEY": "unused",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "DAYMARK_LANDING_BUCKET": "landing",
    "DAYMARK_LANDING_PREFIX": "hubspot/",
    "DAYMARK_CURATED_BUCKET": "curated",
    "DAYMARK_CURATED_PREFIX": "lake/",
}


def milliseconds(function: local.Function, event: bytes) -> float:
    start = time.perf_counter()
    answer = function.invoke(event)
    taken = (time.perf_counter() - start) * 1000
    if answer != {"batchItemFailures": []}:
        raise local.Failed(f"expected an event that is done, found {answer}\n{local.tail(function.log)}")
    return taken


def cold(program: pathlib.Path) -> tuple[float, float]:
    """The first answer's and the second's milliseconds, of a program that has not been started."""
    event = EVENT.read_bytes()
    with local.function(program, SETTINGS, FOLDER) as function:
        if function.program():
            raise local.Failed("the emulator started the program before it was asked: its start would not be counted")
        return milliseconds(function, event), milliseconds(function, event)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--program", type=pathlib.Path, default=LAMBDA / "convert/bootstrap")
    a = parser.parse_args()
    if a.rounds < 1:
        parser.error("at least one round")
    FOLDER.mkdir(parents=True, exist_ok=True)
    verdicts = run.Verdicts()

    print(f"\nCold start: {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}, {a.rounds} rounds")
    for name in ("convert", "manifest"):
        size = (LAMBDA / f"{name}.zip").stat().st_size / 1e6
        print(f"  {name}.zip: {size:.2f} MB, unpacked {(LAMBDA / name / 'bootstrap').stat().st_size / 1e6:.1f} MB")
        if name == "convert":
            verdicts.add("convert.zip", size, ZIP_BAR_MB, " MB")
    first, second = zip(*(cold(a.program) for _ in range(a.rounds)))
    print(f"  start to first answer: {run.spread(first, 1)} ms; second answer: {run.spread(second, 1)} ms")
    verdicts.add("convert, start to first answer", statistics.median(first), FIRST_BAR_MS, " ms")
    verdicts.print()


if __name__ == "__main__":
    local.main_or_exit(main)

#!/usr/bin/env python3
"""Deploys the template to a local AWS, as a user deploys it, sends a day through it, and breaks things.

    run.py --sam VENV --ministack VENV --microburst VENV --athena VENV --trino FOLDER --daymark PROGRAM
           [--built] [--programs FOLDER] [--quick]

Everything is on 127.0.0.1. No handler is called: S3 notifies, the queue delivers, the schedule sweeps, with every policy enforced.
--built takes the last `sam build` as it is; --programs takes `convert` and `manifest` from a folder instead of building them.
--quick ends with the first complete day; then neither microburst nor Trino is needed.
"""

import argparse
import contextlib
import pathlib
import shutil
import subprocess
import sys
import urllib.request

import day
import existing
import faults
import granted
import local
import stack as stacks
from recorder import Recorder

sys.path.insert(0, str(stacks.ROOT / "tests"))
import beside  # noqa: E402
import ministack  # noqa: E402

FOLDER = stacks.ROOT / "target/deploy-local"


def microburst_beside(venv):
    """Starts microburst in front of a port; gives its port once it answers as S3 does."""

    @contextlib.contextmanager
    def started(upstream, landing, curated):
        (port,) = beside.free_ports(1)
        rules = FOLDER / "microburst.yml"
        rules.write_text(faults.rules(upstream, port, landing, curated))
        command = [pathlib.Path(venv) / "bin/microburst", "--config", rules, "--host", "127.0.0.1"]
        ready = (f"http://127.0.0.1:{port}/_microburst/fired", 200)
        with beside.server("microburst", command, {}, ready):
            # The first request that it passes on makes it load its models.
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_ministack/health", timeout=60)
            yield port

    return started


def main(a):
    steps = local.Steps()
    sam = pathlib.Path(a.sam) / "bin/sam"
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    if a.programs:
        built = stacks.pack(pathlib.Path(a.programs), FOLDER / "build")
    else:
        built = stacks.BUILT
        if not a.built:
            steps("sam build")
            stacks.build(sam)
    template, left = stacks.without_refused(built)

    upstream, through = beside.free_ports(2)
    recorder = Recorder(through, upstream)
    # The functions find AWS where MiniStack is told that it is: behind the recorder. So does everybody else.
    server = ministack.server(a.ministack, upstream, AUTH="true", AWS_ENDPOINT_URL=recorder.endpoint)
    with recorder.running(), beside.server(*server) as (_, log):
        try:
            play(a, steps, sam, template, left, recorder)
        except BaseException:
            shutil.copy(log, FOLDER / "ministack.log")
            print(f"the local AWS's log: {FOLDER / 'ministack.log'}", file=sys.stderr)
            raise


def play(a, steps, sam, template, left, recorder):
    endpoint = recorder.endpoint
    aws = ministack.aws(endpoint)
    steps("what the local AWS refuses, although AWS takes it")
    recorder.aside = True
    stacks.shown_to_be_refused(endpoint)
    recorder.aside = False

    steps("parameters that cannot work together")
    stacks.refused_parameters(sam, endpoint, aws, template)

    steps("sam deploy --guided")
    stack = stacks.guided(sam, endpoint, aws, template, **stacks.PARAMETERS)
    stack.tell(left)

    steps("HubSpot's role")
    day.before_hubspot_has_shown_anything(endpoint, stack)
    shown = day.shown_by_hubspot(endpoint)
    day.connected(stack, stacks.guided(sam, endpoint, aws, template, **shown.parameters))
    # As an upgrade does, which must not take HubSpot's access away.
    stack = stacks.deployed_again(sam, endpoint, aws, template)
    hubspot = day.HubSpot(endpoint, stack, recorder, shown)
    hubspot.tries_everything()
    day.without_tls(f"http://127.0.0.1:{recorder.upstream}", stack, hubspot)

    steps("a day")
    inbox = local.Inbox(endpoint, stack.outputs["Topic"])
    lake = day.Lake(endpoint, stack)
    account = day.Account(a.daymark, FOLDER / "sample", day.days_ago(2))
    day.first_complete_day(account, hubspot, lake, inbox)
    day.cataloged(endpoint, stack, lake, account.date)
    verified = local.run(
        [a.daymark, "verify", "--landing", stack.outputs["LandingUrl"], "--curated", stack.outputs["CuratedUrl"]],
        aws,
    )
    print("\n  daymark verify: " + "\n  ".join(verified.strip().splitlines()[-3:]))
    steps("daymark doctor")
    # Its status is 0 if it finds no fault.
    print(local.run([a.daymark, "doctor", "--stack", stack.name, "--probe"], aws).rstrip())

    if a.quick:
        steps("rights that were used")
        granted.check(recorder, stack, endpoint, all_of_them=False)
        steps("done")
        return

    steps("real Trino asks what the functions wrote")
    asked_by_trino(a, stack, aws)

    world = faults.World(endpoint, stack, recorder, account, hubspot, lake, inbox, day.days_ago(12))
    faults.shorten_visibility(world)
    steps("a function is killed in the middle of a part")
    faults.killed(world)
    steps("S3 throttles")
    faults.throttled(world, microburst_beside(a.microburst))
    steps("a part that can never be converted")
    faults.poison(world)
    steps("a message that fails five times")
    faults.dead_letter(world)
    steps("a notification that never comes")
    faults.lost(world)
    steps("a part of many megabytes, and one that breaks off")
    faults.large(world)
    steps("damage")
    faults.damaged(world)
    steps("a part that is replaced")
    faults.replaced(world)
    steps("the dead-letter queue, redriven")
    redrive(a, world)

    steps("rights, used and granted")
    granted.check(recorder, stack, endpoint)
    steps("a second stack, on a bucket that is there already")
    existing.deployed(sam, a.daymark, aws, template, endpoint, recorder, account)
    steps("sam delete")
    stacks.uninstalled(sam, endpoint, aws, stack)
    steps("done")


def asked_by_trino(a, stack, aws):
    """Tables, views and ready queries, against the sample's truth."""
    command = [pathlib.Path(a.athena) / "bin/python", stacks.ROOT / "tests/athena/deployed.py", "--trino", a.trino]
    command += ["--work", FOLDER / "trino", "--truth", FOLDER / "sample/truth", "--database", stack.outputs["GlueDatabase"]]
    told = local.run(command, aws).splitlines()
    # All of them are in order, or it would have failed: one line of each kind, and how many there were.
    first = {line.split()[0]: line for line in reversed(told[:-1]) if line.strip()}
    print("\n".join([*reversed(first.values()), f"  {told[-1]}"]))


def redrive(a, world):
    """The last step: `daymark redrive` brings back what waits in the dead-letter queue."""
    local.expect(world.queue("DeadLetterQueue"), "what failed five times still waits")
    print(local.run([a.daymark, "redrive", "--stack", world.stack.name], ministack.aws(world.endpoint)).rstrip())
    local.until("an empty dead-letter queue", lambda: not world.queue("DeadLetterQueue"))
    local.until("an empty queue", lambda: not world.queue("PartsQueue"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("sam", "ministack", "microburst", "athena", "trino", "daymark"):
        is_needed = name in ("sam", "ministack", "daymark")
        parser.add_argument(f"--{name}", required=is_needed, type=lambda text: str(pathlib.Path(text).absolute()))
    parser.add_argument("--built", action="store_true")
    parser.add_argument("--programs")
    parser.add_argument("--quick", action="store_true")
    try:
        main(parser.parse_args())
    except (local.Failed, beside.NotStarted) as failed:
        sys.exit(f"\nfailed: {failed}")

#!/usr/bin/env python3
"""Daymark against DuckDB, Polars and pyarrow on the same work: csv.gz to typed Parquet, Zstandard 1, one thread.

Each round runs every contestant once, each time in another order, so that a busy moment hits all alike. What is compared is
the ratio within a round; printed are its median over the rounds and, in brackets, the smallest and the largest.
CPU is user and system time of the whole process, start and imports included.

One thread each is what is asked of all, and each has one CPU, as a Lambda function of less than 1,769 MB has: peers that read
ahead in a thread of their own all the same would else have two, as many as there are. --all-cpus lets them.
"""

import argparse
import os
import pathlib
import statistics
import sys
import tempfile

import measure
import tables

ROOT = pathlib.Path(__file__).resolve().parent.parent
DAYMARK = ROOT / "target/release/daymark"
INFLATE = ROOT / "target/bench-tools/release/inflate"
PEERS = ["duckdb", "polars", "pyarrow"]

# The most that Daymark may take of what another takes: CPU.
CPU_BARS = {"duckdb": 0.40, "polars": 0.50, "pyarrow": 0.42, "inflate": 5.8}
CPU_GOALS = {"duckdb": 0.30, "inflate": 4.0}
SIZE_BARS = {"duckdb": 1.05}
RSS_BAR_MIB = 48.0
ONE_ROW_BAR_S = 0.010

Costs = dict[str, list[measure.Cost]]


class Verdicts:
    """What is shown at the end. Nothing fails on it: a time says as much of the machine as of the program."""

    def __init__(self) -> None:
        self.lines: list[tuple[bool, str]] = []

    def add(self, what: str, value: float, bar: float, unit: str, goal: float | None = None) -> None:
        wanted = f", wanted {goal:g}{unit}" if goal is not None else ""
        self.lines.append((value <= bar, f"{what}: {value:.3g}{unit}, at most {bar:g}{unit}{wanted}"))

    def print(self) -> None:
        print("\nBars")
        for met, line in self.lines:
            print(f"  {'met   ' if met else 'MISSED'}  {line}")
        met = sum(met for met, _ in self.lines)
        print(f"  {met} of {len(self.lines)} bars met")


def commands(table: tables.Table, folder: pathlib.Path, ours: bool, peers: list[str]) -> dict[str, tuple[list[str], pathlib.Path | None]]:
    source, schema = str(table.source), str(table.schema)
    found: dict[str, tuple[list[str], pathlib.Path | None]] = {"inflate": ([str(INFLATE), source], None)}
    if ours:
        out = folder / "daymark.parquet"
        found["daymark"] = (
            [str(DAYMARK), "convert", source, str(out), "--types", schema, "--codec", "zstd:1"],
            out,
        )
    for peer in peers:
        out = folder / f"{peer}.parquet"
        program = str(ROOT / "benches/peers.py")
        found[peer] = ([sys.executable, program, peer, source, str(out), schema], out)
    return found


def rounds(table: tables.Table, count: int, ours: bool, peers: list[str], cpus: set[int] | None) -> Costs:
    table.make()
    costs: Costs = {}
    with tempfile.TemporaryDirectory(prefix="daymark-bench-") as folder:
        contestants = list(commands(table, pathlib.Path(folder), ours, peers).items())
        for number in range(count):
            turn = number % len(contestants)
            for name, (command, out) in contestants[turn:] + contestants[:turn]:
                costs.setdefault(name, []).append(measure.run(command, out, cpus))
    return costs


def spread(values: list[float], digits: int = 2) -> str:
    middle = statistics.median(values)
    return f"{middle:.{digits}f} ({min(values):.{digits}f}–{max(values):.{digits}f})"


def ratios(costs: Costs, other: str, of: str) -> list[float]:
    # A program may be done before the clock that counts CPU ticks once.
    return [getattr(a, of) / max(getattr(b, of), 1e-6) for a, b in zip(costs["daymark"], costs[other])]


def show(table: tables.Table, costs: Costs) -> None:
    size = table.source.stat().st_size / 1e6
    count = len(next(iter(costs.values())))
    print(f"\n{table.name}: {size:.1f} MB, {table.rows} rows, {count} rounds")
    print(f"  {'':10} {'CPU s':>20} {'peak MiB':>14} {'out MB':>7}   {'Daymark takes: CPU':>22} {'memory':>18} {'size':>18}")
    for name in ["daymark", *[name for name in costs if name != "daymark"]]:
        if name not in costs:
            continue
        runs = costs[name]
        cpu = spread([run.cpu_s for run in runs], 3)
        rss = spread([run.rss_mib for run in runs], 0)
        out = f"{runs[0].out_bytes / 1e6:.2f}" if runs[0].out_bytes else "-"
        line = f"  {name:10} {cpu:>20} {rss:>14} {out:>7}"
        if "daymark" in costs and name != "daymark":
            line += f"   {spread(ratios(costs, name, 'cpu_s')) + '×':>22} {spread(ratios(costs, name, 'rss_mib')) + '×':>18}"
            if runs[0].out_bytes:
                line += f" {spread(ratios(costs, name, 'out_bytes')) + '×':>18}"
        print(line, flush=True)


def judge(verdicts: Verdicts, table: tables.Table, costs: Costs) -> None:
    for other, bar in CPU_BARS.items():
        if other in costs:
            ratio = statistics.median(ratios(costs, other, "cpu_s"))
            verdicts.add(f"{table.name}, CPU of {other}'s", ratio, bar, "×", CPU_GOALS.get(other))
    for other, bar in SIZE_BARS.items():
        if other in costs:
            verdicts.add(f"{table.name}, size of {other}'s", statistics.median(ratios(costs, other, "out_bytes")), bar, "×")
    judge_memory(verdicts, table, costs)


def judge_memory(verdicts: Verdicts, table: tables.Table, costs: Costs) -> None:
    verdicts.add(f"{table.name}, peak memory", max(run.rss_mib for run in costs["daymark"]), RSS_BAR_MIB, " MiB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=PEERS)
    parser.add_argument("--tables", nargs="*", choices=[t.name for t in tables.PARTS], default=[t.name for t in tables.PARTS])
    parser.add_argument("--big", action="store_true", help="also a 500 MB part, once: 2.2 GB inflated, some minutes")
    parser.add_argument("--all-cpus", action="store_true", help="leave the peers' extra threads a CPU of their own")
    parser.add_argument("--without-daymark", action="store_true", help="the peers alone, to try the harness")
    a = parser.parse_args()
    ours = not a.without_daymark
    if a.rounds < 1:
        parser.error("at least one round")

    can_choose = hasattr(os, "sched_setaffinity")  # Linux has it
    # The last one: the first takes most interrupts.
    cpus = {max(os.sched_getaffinity(0))} if can_choose and not a.all_cpus else None
    busy = os.getloadavg()[0]
    print(
        f"{os.cpu_count()} CPUs, {'all' if cpus is None else 'one'} of them for each program, load {busy:.1f}"
        f"{': a busy machine spreads the figures' if busy > 1 else ''}"
    )
    verdicts = Verdicts()
    for table in tables.PARTS:
        if table.name not in a.tables:
            continue
        costs = rounds(table, a.rounds, ours, a.peers, cpus)
        show(table, costs)
        if ours:
            judge(verdicts, table, costs)

    if ours:
        costs = rounds(tables.ONE_ROW, max(a.rounds, 5), ours, [], cpus)
        show(tables.ONE_ROW, costs)
        verdicts.add("one row, CPU", statistics.median(run.cpu_s for run in costs["daymark"]), ONE_ROW_BAR_S, " s")
    if a.big:
        costs = rounds(tables.BIG, 1, ours, [], cpus)
        show(tables.BIG, costs)
        if ours:
            judge_memory(verdicts, tables.BIG, costs)
    if ours:
        verdicts.print()


if __name__ == "__main__":
    try:
        main()
    except measure.Failed as failed:
        sys.exit(str(failed))

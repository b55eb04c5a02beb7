"""The tables that are converted, made when they are first asked for."""

import pathlib
import subprocess
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parent.parent
GENERATE = ROOT / "target/bench-tools/release/generate"
FOLDER = ROOT / "target/bench/tables"


@dataclass(frozen=True)
class Table:
    """One file: which table, how many rows, which seed."""

    name: str
    kind: str
    rows: int
    seed: int = 1

    @property
    def source(self) -> pathlib.Path:
        return FOLDER / f"{self.kind}-{self.rows}-{self.seed}.csv.gz"

    @property
    def schema(self) -> pathlib.Path:
        return FOLDER / f"{self.kind}-{self.rows}-{self.seed}.schema.json"

    def make(self) -> None:
        if self.source.exists() and self.schema.exists():
            return
        FOLDER.mkdir(parents=True, exist_ok=True)
        unfinished = self.source.with_suffix(".part")
        command = [GENERATE, self.kind, unfinished, str(self.rows), "--seed", str(self.seed), "--schema", self.schema]
        subprocess.run(command, check=True)
        unfinished.rename(self.source)


# About 15 MB each, as HubSpot splits its export.
PARTS = [
    Table("history", "history", 790_000),
    Table("objects", "objects", 43_000),
    Table("associations", "associations", 1_750_000),
    Table("page_view", "page_view", 172_000),
]
ONE_ROW = Table("one row", "history", 1)
# 504 MB, 2.2 GB inflated.
BIG = Table("500 MB", "history", 26_000_000, seed=2)
# For counting instructions.
SMALL = [
    Table("history", "history", 10_000),
    Table("objects", "objects", 600),
    Table("associations", "associations", 20_000),
    Table("page_view", "page_view", 2_500),
]

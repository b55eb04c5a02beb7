#!/usr/bin/env python3
"""Breaks the rules of days on purpose, one at a time, and shows that the tests of sweeps notice: mutants.py [NAME…].

Each mutant is one replacement in a copy of the sources under target/. Its tests must fail; what does not fail, or does not
compile, or does not apply any more, is an error. --check only says whether each of them still applies.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
TREE = ROOT / "target" / "mutants" / "tree"
# A target of their own: to cargo, a mutant's library would be the project's.
BUILT = ROOT / "target" / "mutants" / "built"

# Name, file, what stands there, what a careless hand would make of it.
MUTANTS = [
    ("late part ignored", "src/day.rs",
     "if !all || !choice.ids(table).all(same) {",
     "if all && !choice.ids(table).any(same) {"),
    ("stale symlink", "src/app/sweep/objects.rs",
     "&& self.is_so(&body, listed).await?",
     "&& listed.size_bytes > 0"),
    ("double publish", "src/day/choose.rs",
     "let is_gone = !keys.contains(&facts.source_key);",
     "let is_gone = !facts.source_key.is_empty();"),
    ("a stray copy counts", "src/day/copies.rs",
     "if copied.is_empty() {",
     "if copied.len() < usize::MAX {"),
    ("a misplaced file counts", "src/day/copies.rs",
     "filter(|home| *home != here)",
     "filter(|home| home.is_empty() && *home != here)"),
    ("purge unpublishes", "src/day/choose.rs",
     "Gone::Stays(part) => parts.push(part),",
     "Gone::Stays(_) => {}"),
    ("attempt counted too early", "src/day/send.rs",
     "if !drained || since_ms < policy.send_after_ms {",
     "if (!drained && since_ms < 0) || since_ms < policy.send_after_ms {"),
    ("superseded source published", "src/day/choose.rs",
     "let same = facts.source_key == source.key && facts.source_etag == source.etag;",
     "let same = facts.source_key == source.key;"),
    ("complete without quiet", "src/day.rs",
     "if quiet_ms < policy.quiet_ms {",
     "if quiet_ms < 0 {"),
    ("reopened day unpublished", "src/manifest/build.rs",
     "None => published.filter(|_| !forgotten),",
     "None => published.filter(|_| forgotten),"),
    ("grace period ignored", "src/day/retire.rs",
     "let old = seen.now_ms - since_ms >= policy.grace_ms;",
     "let old = seen.now_ms - since_ms >= 0;"),
    ("a delayed sweep revises", "src/app/sweep/run.rs",
     "history.listed_ms > seen.now_ms);",
     "history.listed_ms > i64::MAX - 1);"),
    ("event lost in a crash", "src/app/sweep/publish.rs",
     "for untold in self.untold {",
     "for untold in self.untold.iter().take(0) {"),
    ("columns outlive their parts", "src/manifest/recall.rs",
     "if table.parts.iter().all(|part| part.schema == first.schema) {",
     "if table.parts.iter().any(|part| part.schema == first.schema) {"),
    ("a lost history's ledger published", "src/app/sweep/recalled.rs",
     "highest: ledgers.unwrap_or_default().max(listed),",
     "highest: ledgers.map_or(0, |_| 0).max(listed),"),
    ("live symlinks wait for a revision", "src/app/sweep/run.rs",
     "if ended == Wrote::Done {",
     "if ended == Wrote::Done && revised.is_some() {"),
    ("a ledger without its last part", "src/manifest/parts.rs",
     "for rows in rows.chunks(BATCH_ROWS) {",
     "for rows in rows[..rows.len() - 1].chunks(BATCH_ROWS) {"),
    ("told at each sweep", "src/app/sweep/publish.rs",
     "if self.leaves_telling || self.written.leaves.contains_key(&leaf) {",
     "if self.leaves_telling && self.written.leaves.contains_key(&leaf) {"),
    ("a held day flaps", "src/day.rs",
     "if !same && !known.held.is_empty() {",
     "if same && !known.held.is_empty() {"),
]


def copy() -> None:
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, files.split("\0")):
        source, target = ROOT / name, TREE / name
        if source.is_file() and not (target.is_file() and target.read_bytes() == source.read_bytes()):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)


def test() -> tuple[bool, str]:
    environment = {**os.environ, "CARGO_TARGET_DIR": str(BUILT), "RUST_BACKTRACE": "0"}
    cargo = [os.environ.get("CARGO", "cargo"), "test", "--locked", "--test", "sweep"]
    done = subprocess.run(cargo, cwd=TREE, env=environment, capture_output=True, text=True)
    if "test result:" not in done.stdout:
        sys.exit(f"the tests did not run:\n{done.stderr}")
    return done.returncode == 0, done.stdout


def check(wanted: list[tuple[str, str, str, str]]) -> None:
    counts = [(name, path, old, (ROOT / path).read_text().count(old)) for name, path, old, _ in wanted]
    faults = [f"{name}: expected once in {path}, found {found} times: {old}" for name, path, old, found in counts if found != 1]
    if faults:
        sys.exit("\n".join(faults))


def main() -> None:
    asked = [name for name in sys.argv[1:] if name != "--check"]
    unknown = set(asked) - {mutant[0] for mutant in MUTANTS}
    if unknown:
        sys.exit(f"no such mutant: {', '.join(sorted(unknown))}; there are: {', '.join(mutant[0] for mutant in MUTANTS)}")
    wanted = [mutant for mutant in MUTANTS if not asked or mutant[0] in asked]
    check(wanted)
    if "--check" in sys.argv[1:]:
        print(f"{len(wanted)} mutants, each of them applies")
        return
    survivors = 0
    for name, path, old, new in wanted:
        copy()
        text = (ROOT / path).read_text()
        (TREE / path).write_text(text.replace(old, new))
        survived, output = test()
        survivors += survived
        caught = re.findall(r"^test (\S+) \.\.\. FAILED$", output, re.MULTILINE)
        print(f"{name}: {'NOT CAUGHT' if survived else 'caught by ' + ', '.join(caught)}", flush=True)
    if survivors:
        sys.exit(f"{survivors} of {len(wanted)} mutants survived")
    print(f"{len(wanted)} mutants, each of them caught")


if __name__ == "__main__":
    main()

"""What `daymark duckdb` says and makes of a lake that is not whole, and of a database that an earlier lake was written to."""

import duckdb

from costs import land

DAYS = ["2026-11-20", "2026-11-21"]


def check(attempt, folder):
    """`attempt` runs the program, and gives its status and what it said. Gives what is wrong, each with what was seen."""
    for day in DAYS:
        land(folder, day, "OWNERS", [["OWNERID", "EMAIL"], [1, "a@b"]])
        land(folder, day, "TEAMS", [["TEAMID", "NAME"], [1, "x"]])
        land(folder, day, "OBJECT_AND_EVENT_TYPE_DEFINITIONS", [["OBJECTTYPEID", "NAME", "PLURALLABEL"], ["2-4", "car", "Cars"]])
        land(folder, day, "OBJECTS", [["OBJECTTYPEID", "OBJECTID"], ["2-4", 1]])
    attempt("backfill", "--dir", folder, "--from", DAYS[0], "--to", DAYS[1], "--quiet")
    curated = folder / "curated"
    database = folder / "lake.duckdb"

    def written(name="lake.duckdb", *rest):
        return attempt("duckdb", folder / name, "--dir", folder, *rest)

    def of(name, view):
        with duckdb.connect(str(folder / name), read_only=True) as connection:
            return connection.sql(f"SELECT count(*) FROM {view}").fetchall()

    def views(name):
        with duckdb.connect(str(folder / name), read_only=True) as connection:
            found = connection.sql("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()
            return {view for (view,) in found}

    status, said = written()
    yield status == 0 and "left" not in said, said
    whole = views("lake.duckdb")
    # A file that is damaged, and one that is gone: all else is there, whether the database is new or not. (DuckDB looks into the
    # first of those that have the same columns.)
    [owners] = curated.glob(f"table=owners/date={DAYS[0]}/*.parquet")
    sound = owners.read_bytes()
    for damage in (lambda: owners.write_bytes(b"PAR1 nonsense"), owners.unlink):
        damage()
        for name in ("lake.duckdb", "new.duckdb"):
            status, said = written(name)
            named = "not built: owners: " in said and "owners_latest" in said and "daymark verify --dir" in said
            yield status == 1 and named and "teams" not in said, said
            yield of(name, "teams_latest") == [(1,)], f"{name}: teams_latest"
        # What an earlier run made of them answers by the newest day of then, or names files that are gone.
        for name in ("lake.duckdb", "new.duckdb"):
            yield {view for view in whole if "owners" not in view} == views(name), f"{name}: {whole} {views(name)}"
        (folder / "new.duckdb").unlink()
    owners.write_bytes(sound)
    status, said = written()
    yield status == 0 and views("lake.duckdb") == whole, said
    # A database that cannot be written is none of the lake's doing, and one that was begun for nothing goes.
    (folder / "text.duckdb").write_text("text" * 5_000, encoding="utf-8")
    status, said = written("text.duckdb")
    yield status == 1 and "not built" not in said and "left" not in said, said
    # The pointer and the manifests contradict each other. Where it lags, a day would be missing.
    manifest = curated / "manifest" / f"date={DAYS[1]}" / "manifest.json"
    pointer = curated / "latest" / "latest.json"
    for path, content, why in (
        (manifest, None, f"latest/latest.json: expected a published day, found {DAYS[1]}"),
        (pointer, None, f"latest/latest.json: expected the newest complete day, found none, and {DAYS[1]} is published"),
        (pointer, b"garbage", 'latest/latest.json: expected {"date"'),
        (pointer, pointer.read_bytes().replace(DAYS[1].encode(), DAYS[0].encode()), f"found {DAYS[0]}, and {DAYS[1]} is published"),
    ):
        before = path.read_bytes()
        path.unlink()
        if content is not None:
            path.write_bytes(content)
        status, said = written("new.duckdb")
        yield status == 1 and why in said and not (folder / "new.duckdb").exists(), said
        path.write_bytes(before)
    status, said = written("new.duckdb", "--from", "2026-11-22")
    yield status == 1 and "--from 2026-11-22: expected a day up to the newest complete one, which is 2026-11-21" in said, said
    # A type that has another name: the view of its old one stays, and is named, as often as it is there.
    land(folder, DAYS[1], "OBJECT_AND_EVENT_TYPE_DEFINITIONS", [["OBJECTTYPEID", "NAME", "PLURALLABEL"], ["2-4", "car", "Autos"]])
    attempt("backfill", "--dir", folder, "--from", DAYS[0], "--to", DAYS[1], "--quiet")
    for _ in range(2):
        status, said = written()
        yield status == 0 and "left objects_cars: " in said and "left objects_cars_latest: " in said, said
        yield said.count("left ") == 2 and of("lake.duckdb", "objects_autos_latest") == [(1,)], said
    with duckdb.connect(str(database)) as connection:
        connection.execute("DROP VIEW objects_cars; DROP VIEW objects_cars_latest")
    status, said = written()
    yield status == 0 and "left" not in said, said

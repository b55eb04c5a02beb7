#!/usr/bin/env python3
"""One peer, one conversion, as its own documentation would have it, with the options that keep the data right.

  peers.py duckdb|polars|pyarrow IN.csv.gz OUT.parquet SCHEMA.json

SCHEMA.json: [{"name": …, "type": "string|bigint|double|boolean|timestamp"}, …]. Zstandard level 1, one thread. A timestamp
looks like `2024-12-10 14:03:22.123 Z`; a bare empty cell is NULL and `""` is the empty text.
"""

import json
import os
import sys

LEVEL = 1

Columns = list[tuple[str, str]]


def duckdb(columns: Columns, source: str, out: str) -> None:
    import duckdb

    types = {"string": "VARCHAR", "bigint": "BIGINT", "double": "DOUBLE", "boolean": "BOOLEAN", "timestamp": "TIMESTAMP"}
    declared = ",".join(f"'{name}':'{types[kind]}'" for name, kind in columns)
    connection = duckdb.connect()
    connection.execute("SET threads=1")
    connection.execute("SET enable_progress_bar=false")
    # Without allow_quoted_nulls=false it makes NULL of `""`.
    connection.execute(
        f"""COPY (SELECT * FROM read_csv('{source}', header=true, delim=',', quote='"', escape='"', nullstr='',
            allow_quoted_nulls=false, auto_detect=false, timestampformat='%Y-%m-%d %H:%M:%S.%g Z', columns={{{declared}}}))
            TO '{out}' (FORMAT parquet, CODEC 'zstd', COMPRESSION_LEVEL {LEVEL})"""
    )


def polars(columns: Columns, source: str, out: str) -> None:
    import polars as pl

    types = {"string": pl.String, "bigint": pl.Int64, "double": pl.Float64, "boolean": pl.Boolean, "timestamp": pl.String}
    times = [
        pl.col(name).str.to_datetime("%Y-%m-%d %H:%M:%S%.3f Z", time_unit="ms", time_zone="UTC")
        for name, kind in columns
        if kind == "timestamp"
    ]
    table = pl.scan_csv(source, schema={name: types[kind] for name, kind in columns})
    table.with_columns(times).sink_parquet(out, compression="zstd", compression_level=LEVEL)


def pyarrow(columns: Columns, source: str, out: str) -> None:
    import pyarrow as pa
    import pyarrow.compute as compute
    import pyarrow.csv as csv
    import pyarrow.parquet as parquet

    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    types = {
        "string": pa.string(),
        "bigint": pa.int64(),
        "double": pa.float64(),
        "boolean": pa.bool_(),
        "timestamp": pa.string(),
    }
    instant = pa.timestamp("ms", "UTC")
    reader = csv.open_csv(
        source,
        read_options=csv.ReadOptions(use_threads=False, block_size=4 << 20),
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(
            column_types={name: types[kind] for name, kind in columns},
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            null_values=[""],
            true_values=["true"],
            false_values=["false"],
        ),
    )
    writer = None
    batches = []

    def flush() -> None:
        nonlocal writer
        table = pa.Table.from_batches(batches)
        if writer is None:
            writer = parquet.ParquetWriter(out, table.schema, compression="zstd", compression_level=LEVEL)
        writer.write_table(table)
        batches.clear()

    for batch in reader:
        for name, kind in columns:
            if kind == "timestamp":
                position = batch.schema.get_field_index(name)
                text = compute.replace_substring(batch.column(position), " Z", "Z")
                batch = batch.set_column(position, pa.field(name, instant), compute.cast(text, instant))
        batches.append(batch)
        if sum(b.num_rows for b in batches) >= 1 << 17:
            flush()
    if batches:
        flush()
    writer.close()


PEERS = {"duckdb": duckdb, "polars": polars, "pyarrow": pyarrow}


def main() -> None:
    if len(sys.argv) != 5 or sys.argv[1] not in PEERS:
        sys.exit(__doc__)
    _, peer, source, out, schema = sys.argv
    for variable in ("POLARS_MAX_THREADS", "OMP_NUM_THREADS"):
        os.environ[variable] = "1"
    with open(schema, encoding="utf-8") as file:
        columns = [(column["name"], column["type"]) for column in json.load(file)]
    PEERS[peer](columns, source, out)


if __name__ == "__main__":
    main()

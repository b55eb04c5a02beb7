#!/usr/bin/env python3
"""Has Spark's Hive make every table that `daymark ddl` prints for a demo's lake, and holds what it has made against what is printed.

    ddl_in_spark.py DAYMARK FOLDER

Athena's DDL is Hive's, and Spark reads the same grammar. Spark has neither `s3:` nor the class that reads JSON in Athena: here the
first is a folder, and the other is Hive's own class of that name.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

from pyspark.sql import SparkSession

TABLE = re.compile(r"^CREATE EXTERNAL TABLE IF NOT EXISTS `([^`]+)`\.`([^`]+)` \(\n(.*?)^\);$", re.MULTILINE | re.DOTALL)
COLUMN = re.compile(r"^  `([^`]+)` (\S+?)(?: COMMENT '((?:[^'\\]|\\.)*)')?,?$", re.MULTILINE)
PARAMETER = re.compile(r"^  '([^']+)' = '((?:[^'\\]|\\.)*)',?$", re.MULTILINE)
OPENX = "org.openx.data.jsonserde.JsonSerDe"
HIVE = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"


def main(daymark, folder):
    printed = subprocess.run([daymark, "ddl", "--dir", folder], capture_output=True, text=True, check=True).stdout
    with tempfile.TemporaryDirectory() as here:
        spark = (
            SparkSession.builder.master("local[1]").enableHiveSupport()
            .config("spark.sql.warehouse.dir", f"{here}/warehouse").config("spark.ui.enabled", "false")
            # `${date}` is Athena's to fill in.
            .config("spark.sql.variable.substitute", "false")
            .config("spark.hadoop.javax.jdo.option.ConnectionURL", f"jdbc:derby:;databaseName={here}/metastore;create=true")
            .config("spark.driver.extraJavaOptions", f"-Dderby.stream.error.file={here}/derby.log").getOrCreate()
        )
        spark.sparkContext.setLogLevel("ERROR")
        spark.sql("CREATE DATABASE daymark")
        faults, count = [], 0
        for statement in TABLE.finditer(printed):
            count += 1
            faults += [f"{statement[2]}: {fault}" for fault in made(spark, statement, here)]
        spark.stop()
    wanted = printed.count("CREATE EXTERNAL TABLE")
    if count != wanted or not count:
        faults.append(f"expected {wanted} statements, found {count}")
    print("\n".join([*faults, f"Spark's Hive made {count} tables as daymark ddl prints them, {len(faults)} failures"]))
    return 1 if faults else 0


def made(spark, statement, here):
    """Makes a table; gives what of it is not as it is printed."""
    text, database, name = statement[0].removesuffix(";"), statement[1], statement[2]
    spark.sql(text.replace("'s3://", f"'file://{here}/s3/").replace(OPENX, HIVE))
    body, _, parameters = text.partition("TBLPROPERTIES")
    wanted = [(column, kind, unescaped(comment)) for column, kind, comment in COLUMN.findall(body)]
    described = spark.sql(f"DESCRIBE `{database}`.`{name}`").collect()
    found = {row.col_name: (row.col_name, row.data_type, row.comment or "") for row in described if not row.col_name.startswith("#")}
    if list(found.values()) != wanted:
        yield f"expected {wanted}, found {list(found.values())}"
    shown = {row.key: row.value for row in spark.sql(f"SHOW TBLPROPERTIES `{database}`.`{name}`").collect()}
    for key, value in PARAMETER.findall(parameters):
        value = unescaped(value).replace("s3://", f"file://{here}/s3/")
        if shown.get(key) != value:
            yield f"{key}: expected {value!r}, found {shown.get(key)!r}"


def unescaped(text):
    return re.sub(r"\\(.)", r"\1", text)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*map(pathlib.Path, sys.argv[1:])))

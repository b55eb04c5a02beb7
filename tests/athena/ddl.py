"""The views that `daymark ddl` prints, made by Trino as they stand there, over the tables that the product wrote in Glue: each has to give
what it must, as the product's own does."""

import re

import boto3
import engine
from checks import compared
from lake import credentials, run
from views import Views

VIEW = re.compile(r'^-- .*\nCREATE OR REPLACE VIEW "[^"]+"\."([^"]+)" AS\n.*;$', re.MULTILINE)


def check(asked, printed, truth, report, names, aws, database):
    """`printed` is what the program printed for these names."""
    wanted = Views(truth).all()
    statements = {found[1]: found[0].removesuffix(";") for found in VIEW.finditer(printed)}
    for name in sorted({*statements} ^ {*names}):
        report("ddl", name, 0, ["expected one statement for each name that was asked for"])
    glue = boto3.client("glue", **credentials(aws))
    for name, statement in statements.items():
        try:
            asked.ask(statement)
        except engine.trino.exceptions.Error as error:
            report("ddl", name, 0, [str(error)[:500]])
            continue
        parameters = glue.get_table(DatabaseName=database, Name=name)["Table"]["Parameters"]
        # What Trino makes has none of the product's marks.
        own = ["the view is still the product's"] if "daymark" in parameters else []
        count, faults = compared(asked, name, *wanted[name]())
        report("ddl", name, count, [*own, *faults])


def printed(daymark, aws, database, names):
    """What the program prints for views of the sample."""
    places = ["--landing", "s3://landing/hubspot", "--curated", "s3://curated"]
    return run(daymark, {**aws, "DAYMARK_GLUE_DATABASE": database}, "ddl", *places, *names)

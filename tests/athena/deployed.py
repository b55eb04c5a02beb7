#!/usr/bin/env python3
"""Asks real Trino what deployed functions wrote: tables and views of their Glue catalog, and the ready queries.

    deployed.py --trino FOLDER --work FOLDER --truth FOLDER --database NAME

AWS is where the environment says. Exit status: as run.py's.
"""

import argparse
import os
import pathlib
import sys

import engine
from checks import Report, check_queries, check_tables, check_views
from stored import Stored
from truth import Truth


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--trino", type=pathlib.Path, required=True, help="where Trino is, or goes")
    parser.add_argument("--work", type=pathlib.Path, required=True, help="folder for Trino's own files, made anew")
    parser.add_argument("--truth", type=pathlib.Path, required=True, help="of the sample that was converted")
    parser.add_argument("--database", required=True, help="in Glue")
    options = parser.parse_args()
    home = engine.fetched(options.trino)
    truth, report = Truth(options.truth), Report()
    stored = Stored(truth, os.environ, options.database)
    with engine.running(home, options.work, os.environ, options.database) as asked:
        check_tables(asked, truth, stored, report)
        check_views(asked, truth, stored, report, os.environ, options.database)
        check_queries(asked, truth, stored, report)
    print(f"{report.count} tables, views and queries, {report.failures} failures")
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())

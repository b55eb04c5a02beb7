"""`daymark status --html`, looked at in a real browser, beside the data in its file. Usage: page.py DAYMARK FOLDER PICTURES"""

import json
import pathlib
import re
import subprocess
import sys

from driver import Browser

SCHEMES = ["light", "dark"]
SIZES = {"desk": (1280, 900), "phone": (390, 844)}
OVERFLOW = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"


def number(value):
    return f"{value:,}"


def same(what, expected, found):
    if expected != found:
        sys.exit(f"{what}: expected {expected!r}, found {found!r}")
    print(f"  {what}")


def has(what, words, text):
    missing = [word for word in words if word not in text]
    if missing:
        sys.exit(f"{what}: expected {missing[0]!r} in:\n{text}")
    print(f"  {what}")


def calendar(page, days):
    same("a button for each day", [day["date"] for day in days], page.run("return [...cells.keys()]"))
    shown = page.run("return [...document.querySelectorAll('button.day')].map((day) => day.className)")
    same("a day's colour is its state", [f"day {day['state']}" for day in days], shown)
    tiles = " ".join(page.text(".tile"))
    has("sums above", [number(sum(day["rows"] or 0 for day in days)), number(sum(day["parts"] for day in days))], tiles)


def heat(page, days):
    for name, of in [("rows", lambda day: day["rows"] or 0), ("parts waiting", lambda day: day["parts_waiting"])]:
        position = page.text(".shades button").index(name) + 1
        page.click(f".shades button:nth-child({position})")
        most = max(map(of, days))
        steps = [f"day heat{-(-4 * of(day) // most) if of(day) else 0}" for day in days]
        same(f"the heat of {name}", steps, page.run("return [...document.querySelectorAll('button.day')].map((day) => day.className)"))
        has(f"its legend ends with the most {name}", [f"no {name}", f"up to {number(most)}"], page.text(".legend")[0])
    page.click(".shades button:nth-child(1)")


def one_day(page, day):
    page.click(f"button.day[aria-label^='{day['date']}']")
    panel = page.text("section")[0]
    remarks = [remark["message"] for remark in day["reasons"] + day["warnings"]] + [failure["message"] for failure in day["failures"]]
    has(f"{day['date']} behind a click, with its {len(remarks)} remarks", [day["date"], day["state"], number(day["parts"]), *remarks], panel)
    same("it can be linked to", f"#{day['date']}", page.run("return location.hash"))


def parts(page, day):
    """Each table opens, and shows its parts."""
    page.click(f"button.day[aria-label^='{day['date']}']")
    page.run("for (const table of document.querySelectorAll('details.table')) table.querySelector('summary').click()")
    # The browser tells of what was opened with its next task.
    page.ask("POST", "/execute/async", {"script": "setTimeout(arguments[0])", "args": []})
    found = page.run("return document.querySelectorAll('.inner tbody tr').length")
    same(f"the {found} parts of {day['date']}", day["parts"], found)


def main():
    daymark, folder, pictures = sys.argv[1:]
    pictures = pathlib.Path(pictures)
    pictures.mkdir(parents=True, exist_ok=True)
    file = (pictures / "days.html").resolve()
    subprocess.run([daymark, "status", "--dir", folder, "--html", str(file)], check=True)
    data = re.search(r'type="application/json">(.*?)</script>', file.read_text(encoding="utf-8"), re.DOTALL)
    days = json.loads(data[1])["days"]
    with Browser() as page:
        page.open(file.as_uri())
        calendar(page, days)
        heat(page, days)
        for day in days:
            one_day(page, day)
        whole = next(day for day in days if day["published"] == day["revision"])
        parts(page, whole)
        same("tables over time", len(page.run("return [...new Set(data.days.flatMap((day) => Object.keys(day.by_table || {})))]")), len(page.text(".chart")))
        page.open(f"{file.as_uri()}#{days[0]['date']}")
        has("a link opens its day", [days[0]["date"]], page.text("section h2")[0])
        for scheme in SCHEMES:
            page.scheme(scheme)
            for name, (width, height) in SIZES.items():
                page.size(width, height)
                same(f"nothing is wider than a {name}, {scheme}", 0, page.run(OVERFLOW))
                page.picture(pictures / f"{name}-{scheme}.png")
        same("no complaint of the browser's", [], page.complaints())
    print(f"as its data says; pictures in {pictures}")


main()

//! Days as text: a calendar, and a line a day with what has to be said of it below.

use super::view::{Unread, View};
use crate::cli::grid::{Grid, one_line, page_columns};
use crate::cli::quantity::{count, counted};
use crate::day::State;
use crate::keys::Day;

/// A page is not wider than this, so that it is readable everywhere.
const COLUMNS_MAX: usize = 100;
/// Months side by side.
const MONTHS_ABREAST: usize = 3;
/// Months of the calendar; older ones are in the list alone.
const MONTHS_MAX: usize = 12;
/// Complete days of which nothing has to be said that are listed one by one.
const PLAIN_DAYS_MAX: usize = 31;
/// Remarks of one day and kind.
const REMARKS_MAX: usize = 10;
/// Columns of one remark; a key can be long.
const REMARK_COLUMNS: usize = 600;

/// In place of rows and rejects that nobody has counted yet: the footers of a day's Parquet are read when it is complete.
const NOT_COUNTED: &str = "-";

/// It is published, and the revision that counted it is lost. A warning says so.
const NOT_KNOWN: &str = "?";

const STATES: [State; 6] = [
    State::Complete,
    State::Archived,
    State::Open,
    State::Reopened,
    State::Blocked,
    State::Forgotten,
];

/// A state as a mark beside a day's number.
fn mark(state: Option<State>) -> char {
    match state {
        Some(State::Complete) => '✓',
        Some(State::Archived) => '=',
        Some(State::Open) => '…',
        Some(State::Reopened) => '↻',
        Some(State::Blocked) => '✗',
        Some(State::Forgotten) => '-',
        None => '!',
    }
}

fn state(view: &View) -> Option<State> {
    view.judged.as_ref().ok().map(|judged| judged.state)
}

/// Calendar, list and sum.
pub(in crate::cli) fn text(views: &[View]) -> String {
    if views.is_empty() {
        return String::new();
    }
    let columns = page_columns().clamp(40, COLUMNS_MAX);
    let mut text = months(views, columns);
    text.push('\n');
    text.push_str(&list(views, columns));
    text.push('\n');
    text.push_str(&sum(views));
    text
}

fn months(views: &[View], columns: usize) -> String {
    let mut months: Vec<&str> = views
        .iter()
        .filter_map(|view| view.date.as_str().get(..7))
        .collect();
    months.dedup();
    let skipped = months.len().saturating_sub(MONTHS_MAX);
    let blocks: Vec<Vec<String>> = months
        .iter()
        .skip(skipped)
        .map(|month| block(month, views))
        .collect();
    let width = 7 * 4;
    let abreast = ((columns - 2) / (width + 3)).clamp(1, MONTHS_ABREAST);
    let mut text = String::new();
    for row in blocks.chunks(abreast) {
        let lines = row.iter().map(Vec::len).max().unwrap_or_default();
        for line in 0..lines {
            let mut shown = String::new();
            for block in row {
                let cell = block.get(line).map_or("", String::as_str);
                let pad = " ".repeat(width.saturating_sub(cell.chars().count()) + 3);
                shown.push_str("  ");
                shown.push_str(cell);
                shown.push_str(&pad);
            }
            text.push_str(shown.trim_end());
            text.push('\n');
        }
        text.push('\n');
    }
    let found = |state: &State| views.iter().any(|view| self::state(view) == Some(*state));
    let mut legend: Vec<String> = STATES
        .iter()
        .filter(|state| found(state))
        .map(|state| format!("{} {state}", mark(Some(*state))))
        .collect();
    if views.iter().any(|view| view.judged.is_err()) {
        legend.push(format!("{} not to be judged", mark(None)));
    }
    text.push_str(&format!("  {}\n", legend.join("   ")));
    text
}

/// One month, a line a week.
fn block(month: &str, views: &[View]) -> Vec<String> {
    const DAY_MS: i64 = 86_400_000;
    let mut lines = vec![
        month.to_owned(),
        "Mo  Tu  We  Th  Fr  Sa  Su".to_owned(),
        String::new(),
    ];
    let days = (1..=31).filter_map(|day| Day::parse(&format!("{month}-{day:02}")));
    for (nth, day) in days.enumerate() {
        // 1970-01-01 was a Thursday.
        let weekday = (day.start_ms().div_euclid(DAY_MS) + 3).rem_euclid(7);
        if nth == 0 {
            let before = usize::try_from(weekday).unwrap_or_default();
            lines.push(" ".repeat(before * 4));
        } else if weekday == 0 {
            lines.push(String::new());
        }
        let view = views.iter().find(|view| view.date == day);
        let cell = match view {
            Some(view) => format!("{:>2}{} ", nth + 1, mark(state(view))),
            None => format!("{:>2}  ", nth + 1),
        };
        if let Some(line) = lines.last_mut() {
            line.push_str(&cell);
        }
    }
    lines.remove(2);
    lines
}

fn list(views: &[View], columns: usize) -> String {
    let plain = |view: &View| remarks(view).is_empty() && state(view) == Some(State::Complete);
    let hidden = views
        .iter()
        .filter(|view| plain(view))
        .count()
        .saturating_sub(PLAIN_DAYS_MAX);
    let mut grid = Grid::new([
        "day", "state", "revision", "tables", "parts", "waiting", "rows", "rejects",
    ]);
    let (mut said, mut skip) = (Vec::new(), hidden);
    for view in views {
        if skip > 0 && plain(view) {
            skip -= 1;
            continue;
        }
        grid.push(row(view));
        said.push(remarks(view));
    }
    let text = grid.text();
    let mut lines = text.lines();
    let mut shown = lines.next().map(|head| format!("{head}\n")).unwrap_or_default();
    if hidden > 0 {
        shown.push_str(&format!(
            "  … {} complete before, of which there is nothing to say\n",
            counted(hidden as u64, "day")
        ));
    }
    for (line, said) in lines.zip(said) {
        shown.push_str(line);
        shown.push('\n');
        for (kind, message) in said {
            shown.push_str(&wrapped(kind, &message, columns));
        }
    }
    if views.iter().any(is_not_counted) {
        shown.push_str(&format!(
            "\n  {NOT_COUNTED} nothing of it is published; rows and rejects are counted once a sweep has published it\n"
        ));
    }
    shown
}

fn row(view: &View) -> [String; 8] {
    let date = view.date.to_string();
    let Ok(judged) = &view.judged else {
        return [
            date,
            "unknown".to_owned(),
            String::new(),
            String::new(),
            String::new(),
            String::new(),
            String::new(),
            String::new(),
        ];
    };
    let late = if judged.late { ", late" } else { "" };
    let totals = judged.totals;
    let uncounted = match judged.published {
        Some(_) => NOT_KNOWN,
        None => NOT_COUNTED,
    };
    [
        date,
        format!("{}{late}", judged.state),
        judged
            .revision
            .map(|revision| revision.to_string())
            .unwrap_or_default(),
        count(judged.tables),
        count(judged.parts),
        count(judged.missing),
        totals.map_or(uncounted.to_owned(), |it| count(it.rows_written)),
        totals.map_or(uncounted.to_owned(), |it| {
            count(it.records_rejected.saturating_add(it.cells_rejected))
        }),
    ]
}

/// Whether a day's rows are not told.
fn is_not_counted(view: &View) -> bool {
    view.judged
        .as_ref()
        .is_ok_and(|judged| judged.published.is_none())
}

/// What has to be said of a day: kind and text.
fn remarks(view: &View) -> Vec<(&'static str, String)> {
    let judged = match &view.judged {
        Ok(judged) => judged,
        Err(error) => return vec![("why", error.clone())],
    };
    let mut said = Vec::new();
    for (kind, remarks) in [("why", &judged.reasons), ("warning", &judged.warnings)] {
        let all = remarks.iter().take(REMARKS_MAX);
        said.extend(all.map(|remark| (kind, remark.to_string())));
        if let Some(more) = remarks.len().checked_sub(REMARKS_MAX).filter(|more| *more > 0) {
            said.push((kind, format!("… and {more} more")));
        }
        if kind == "why" {
            let failures = view.failures.iter().take(REMARKS_MAX);
            said.extend(failures.map(|it| ("refused", format!("{}: {}", it.source.key, it.message))));
            let damaged = view.damaged.iter().take(REMARKS_MAX);
            said.extend(damaged.map(|Unread { key, why, is_newer }| match is_newer {
                true => {
                    let message = format!("{key}: {why}: a newer release of Daymark wrote it, so sweeps leave it alone");
                    ("newer", message)
                }
                false => {
                    let message = format!("{key}: {why}; if it is of today's settings, the next sweep sets it aside and sends the part again");
                    ("damaged", message)
                }
            }));
        }
    }
    if judged.overtaken {
        let message = "another sweep was at it meanwhile; the next one looks at it again".to_owned();
        said.push(("note", message));
    }
    if judged.outdated > 0 {
        let message = format!(
            "{} converted under other settings than today's; `daymark backfill --from {date} --to {date} --reconvert`, of \
             this place, converts them again",
            counted(judged.outdated, "part"),
            date = view.date
        );
        said.push(("note", message));
    }
    if let Some(revision) = judged.revision.filter(|_| judged.revised) {
        said.push(("note", format!("the next sweep writes revision {revision}")));
    }
    if let Some(before) = judged.published.filter(|it| Some(*it) != judged.revision) {
        // A forgotten day leaves with that revision.
        let until = match judged.state {
            State::Forgotten => "then",
            state if state.publishes() => "then",
            _ => "the day is complete again",
        };
        said.push(("note", format!("revision {before} stays published until {until}")));
    }
    said
}

/// A remark below its day, in lines that fit.
fn wrapped(kind: &str, message: &str, columns: usize) -> String {
    const INDENT: usize = 15;
    let message = one_line(message, REMARK_COLUMNS);
    let room = columns.saturating_sub(INDENT).max(20);
    let mut lines = vec![String::new()];
    for word in message.split(' ') {
        let mut word: Vec<char> = word.chars().collect();
        while let Some(line) = lines.last_mut() {
            let (used, blank) = (line.chars().count(), usize::from(!line.is_empty()));
            if used + blank + word.len() <= room {
                if blank > 0 {
                    line.push(' ');
                }
                line.extend(word);
                break;
            }
            if used == 0 {
                // Longer than a line: a key.
                let rest = word.split_off(room);
                line.extend(word);
                word = rest;
            }
            lines.push(String::new());
        }
    }
    let label = format!("    {kind:>8}: ");
    let mut text = String::new();
    for (nth, line) in lines.iter().enumerate() {
        let before = if nth == 0 {
            label.clone()
        } else {
            " ".repeat(INDENT - 1)
        };
        text.push_str(&before);
        text.push_str(line);
        text.push('\n');
    }
    text
}

fn sum(views: &[View]) -> String {
    let mut states: Vec<String> = STATES
        .iter()
        .filter_map(|state| {
            let days = views
                .iter()
                .filter(|view| self::state(view) == Some(*state))
                .count();
            (days > 0).then(|| format!("{days} {state}"))
        })
        .collect();
    let failed = views.iter().filter(|view| view.judged.is_err()).count();
    if failed > 0 {
        states.push(format!("{failed} not to be judged"));
    }
    let totals = views.iter().filter_map(|view| view.judged.as_ref().ok()?.totals);
    let rows = totals.fold(0_u64, |rows, totals| rows.saturating_add(totals.rows_written));
    let days = counted(views.len() as u64, "day");
    format!(
        "{days}: {}; {} published.\n",
        states.join(", "),
        counted(rows, "row")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_begins_under_its_weekday() {
        let lines = block("2026-11", &[]);
        assert_eq!(lines[0], "2026-11");
        assert_eq!(lines[2].trim_end(), format!("{}{}", " ".repeat(24), " 1"));
        assert!(lines[3].starts_with(" 2   3   4 "), "{lines:?}");
        assert_eq!(block("2026-02", &[]).len(), 2 + 5);
    }

    #[test]
    fn a_remark_is_wrapped_even_where_it_has_no_blanks() {
        let text = wrapped("why", &format!("a {} b", "k".repeat(150)), 60);
        assert!(text.lines().all(|line| line.chars().count() <= 60), "{text}");
        assert_eq!(text.matches('k').count(), 150);
    }
}

//! A CSV part: what is detected of it and why, by running the conversion and throwing its output away.

use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::path::Path;

use anyhow::Context;

use super::super::grid::{Grid, one_line};
use super::super::leftovers::Aside;
use super::super::local::Source;
use super::super::peek::{self, Peek};
use super::super::plan_flags::{Planned, Planner};
use super::super::progress::Progress;
use super::super::quantity::{bytes, count, counted};
use super::super::{Status, in_words};
use super::parquet_file::Parquet;
use crate::catalog::Mark;
use crate::convert::{Decision, Pass, Plan, Provenance, Report, Typing, pass};
use crate::encoding::Transcode;
use crate::evidence::Basis;
use crate::inflate::{Format, Inflate};
use crate::records::Place;
use crate::rejects::Reject;
use crate::split::standard::Reading;

/// Rejects that are shown.
const REJECTS_SHOWN: usize = 5;
/// Bytes of rejects that are kept for that.
const REJECTS_BYTES: usize = 1 << 20;
/// Columns of a text of the file that is shown.
const TEXT_COLUMNS: usize = 40;

/// Everything about a part. It is refused as the conversion would refuse it.
pub(super) fn show(
    path: &Path,
    source: &Source,
    planner: &Planner,
    rows: usize,
    page: usize,
) -> anyhow::Result<(Status, String)> {
    let mut planned = planner.plan(path, source)?;
    planned.plan.provenance = Provenance {
        key: source.name.clone(),
        size_bytes: source.bytes,
        ..Provenance::default()
    };
    let peek = source
        .reader(false)
        .ok()
        .and_then(|mut source| peek::peek(source.as_mut(), &planned.plan.dialect));
    let mut progress = Progress::new(source.bytes, false);
    let tried = attempt(source, &planned.plan, &mut progress);
    progress.clear();
    let name = path.display();
    match tried {
        Ok(tried) => {
            let part = Part {
                source,
                planned: &planned,
                peek,
                tried: &tried,
            };
            Ok((Status::Done, part.text(&name.to_string(), rows, page)?))
        }
        Err(error) => Ok((
            Status::Refused,
            refused(&name.to_string(), source, &planned, peek, &planner.told(error)),
        )),
    }
}

/// What came of the conversion.
struct Tried {
    report: Report,
    parquet: Parquet,
    rejects: Vec<Reject>,
    /// Removes the Parquet.
    _aside: Aside,
}

fn attempt(source: &Source, plan: &Plan, progress: &mut Progress) -> anyhow::Result<Tried> {
    let mut decision: Option<Decision> = None;
    loop {
        let (aside, mut file) = Aside::create(&std::env::temp_dir())?;
        let mut rejects = FirstBytes::default();
        let mut reader = source.reader(false)?;
        match pass(reader.as_mut(), &mut file, &mut rejects, plan, decision, progress)? {
            Pass::Again(again) => decision = Some(again),
            Pass::Done(report) => {
                return Ok(Tried {
                    report: *report,
                    parquet: Parquet::open(file)?,
                    rejects: rejects.rejects(),
                    _aside: aside,
                });
            }
        }
    }
}

/// Keeps the start of what is written.
#[derive(Default)]
struct FirstBytes {
    bytes: Vec<u8>,
}

impl FirstBytes {
    fn rejects(&self) -> Vec<Reject> {
        let lines = self.bytes.split(|byte| *byte == b'\n');
        lines
            .take(REJECTS_SHOWN)
            .filter_map(|line| serde_json::from_slice(line).ok())
            .collect()
    }
}

impl Write for FirstBytes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = REJECTS_BYTES.saturating_sub(self.bytes.len());
        self.bytes
            .extend_from_slice(bytes.get(..room.min(bytes.len())).unwrap_or_default());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Facts one below the other.
#[derive(Default)]
struct Facts {
    text: String,
}

impl Facts {
    fn say(&mut self, what: &str, is: &str) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "  {what:<11} {is}");
    }
}

fn stored(source: &Source, peek: Option<&Peek>) -> String {
    let format = match peek.and_then(|peek| peek.format) {
        Some(Format::Gzip) => "gzip",
        Some(Format::Plain) => "plain text",
        None => "unknown",
    };
    format!("{format}, {}", bytes(source.bytes))
}

/// What is known of a part that would be refused.
fn refused(
    name: &str,
    source: &Source,
    planned: &Planned,
    peek: Option<Peek>,
    error: &anyhow::Error,
) -> String {
    let mut facts = Facts::default();
    facts.say("stored", &stored(source, peek.as_ref()));
    facts.say("table", &planned.table);
    if let Some(hint) = &planned.hint {
        facts.say("note", hint);
    }
    if let Some(peek) = peek {
        facts.say("encoding", peek.encoding);
        let is_declared = planned.plan.dialect.delimiter.is_some();
        let delimiter = if is_declared {
            format!("{:?}, declared", peek.delimiter)
        } else if peek.has_no_record {
            "not told, there are no records".to_owned()
        } else {
            format!("{:?}, by the first records", peek.delimiter)
        };
        facts.say("delimiter", &delimiter);
        if !peek.first.is_empty() {
            facts.say(
                "record 1",
                &format!(
                    "{} ({})",
                    counted(peek.first.len() as u64, "field"),
                    some_of(&peek.first)
                ),
            );
        }
    }
    facts.say("result", &format!("refused: {}", in_words(error)));
    format!("{name}: a part that would be refused\n{}", facts.text)
}

fn some_of(names: &[String]) -> String {
    const SHOWN: usize = 8;
    let mut text = names
        .iter()
        .take(SHOWN)
        .map(|name| one_line(name, TEXT_COLUMNS))
        .collect::<Vec<_>>()
        .join(", ");
    if names.len() > SHOWN {
        text.push_str(", …");
    }
    text
}

struct Part<'a> {
    source: &'a Source,
    planned: &'a Planned,
    peek: Option<Peek>,
    tried: &'a Tried,
}

impl Part<'_> {
    fn text(&self, name: &str, rows: usize, page: usize) -> anyhow::Result<String> {
        let Tried { report, parquet, .. } = self.tried;
        let mut facts = Facts::default();
        let members = match report.gzip_members {
            0 => String::new(),
            members => format!(" in {}", counted(members, "member")),
        };
        let stored = stored(self.source, self.peek.as_ref());
        facts.say(
            "stored",
            &format!("{stored}{members}; {} of text", bytes(report.inflated_bytes)),
        );
        let encoding = if self.planned.plan.dialect.encoding.is_some() {
            "declared"
        } else if self.has_mark()? {
            "by its byte order mark"
        } else {
            "without a byte order mark"
        };
        facts.say("encoding", &format!("{}, {encoding}", report.encoding));
        facts.say("dialect", &self.dialect()?);
        let delimiter = if let Some(hint) = &self.planned.hint {
            hint.clone()
        } else if self.planned.plan.dialect.delimiter.is_some() {
            "declared".to_owned()
        } else {
            format!(
                "which gives the first records the most regular fields, {} each",
                parquet.names().len()
            )
        };
        facts.say("delimiter", &format!("{:?}, {delimiter}", report.delimiter));
        facts.say("table", &self.planned.table);
        facts.say("header", &self.header());
        facts.say("records", &self.records());
        for warning in &report.warnings {
            facts.say("warning", warning);
        }
        let mut text = format!(
            "{name}: a part that can be converted; all of it was read\n{}",
            facts.text
        );
        writeln!(text, "\nColumns")?;
        text.push_str(&self.columns()?.text());
        text.push_str(&self.rejects());
        text.push_str(&parquet.first_rows(rows, page).with_context(|| name.to_owned())?);
        Ok(text)
    }

    fn has_mark(&self) -> anyhow::Result<bool> {
        let mut head = Vec::new();
        let source = self.source.reader(false)?;
        let text = Inflate::new(source, &self.planned.plan.limits);
        text.take(3).read_to_end(&mut head)?;
        Ok(crate::encoding::Encoding::detect(&head).is_some())
    }

    fn dialect(&self) -> anyhow::Result<String> {
        let report = &self.tried.report;
        let Some(decision) = report.decision else {
            return Ok(report.dialect.clone());
        };
        let name = &report.dialect;
        Ok(match decision.basis {
            Basis::Declared => format!("{name}, as it is declared"),
            Basis::Assumed => format!(
                "{name}: what is declared of delimiter, line end or comments keeps it from being looked for"
            ),
            Basis::Open => format!(
                "{name}: it has neither quotes nor backslashes that tell one from the other; bare empties are NULL"
            ),
            Basis::Strong(place) => {
                let evidence = match (decision.reading, self.byte_at(place)?) {
                    (Reading::Quoted, Some(b'"')) => "a field in quotes",
                    (Reading::Quoted, _) => "a backslash before a character that needs none, so it is data",
                    (Reading::Escaped, _) => {
                        "a backslash before a delimiter or line break, without which the record has too many or too few fields"
                    }
                };
                format!("{name}: at {place} is {evidence}")
            }
            Basis::Weak(cells, place) => format!(
                "{name}: nothing tells but doubled backslashes in {}, the first at {place}",
                counted(cells, "cell")
            ),
            Basis::Unquotable(_, place, _) => format!("{name}: what stands at {place} cannot be quoted"),
            Basis::Overlong(place, _) => {
                format!("{name}: as quoted, the record at {place} would be too long")
            }
        })
    }

    /// The byte of the text at a place.
    fn byte_at(&self, place: Place) -> anyhow::Result<Option<u8>> {
        let plan = &self.planned.plan;
        let source = self.source.reader(false)?;
        let mut text = Transcode::new(Inflate::new(source, &plan.limits), plan.dialect.encoding);
        let mut buffer = vec![0; 256 << 10];
        let mut start = None;
        loop {
            let read = text.read_text(&mut buffer)?;
            if read == 0 {
                return Ok(None);
            }
            let from = start.unwrap_or(text.mark_bytes());
            let at = place.byte.checked_sub(from).map(usize::try_from).transpose()?;
            if let Some(byte) = at.and_then(|at| buffer.get(..read)?.get(at)) {
                return Ok(Some(*byte));
            }
            start = Some(from + read as u64);
        }
    }

    fn header(&self) -> String {
        let (plan, header) = (&self.planned.plan, self.tried.report.header);
        let first = self
            .peek
            .as_ref()
            .map(|peek| peek.first.as_slice())
            .unwrap_or_default();
        match (&plan.table, header, plan.dialect.header) {
            (Some(table), true, None) => {
                let known = first.iter().filter(|name| table.column(name).is_some()).count();
                format!(
                    "record 1: {known} of its {} are {}'s, which has {}",
                    counted(first.len() as u64, "name"),
                    table.name,
                    counted(table.columns.len() as u64, "column")
                )
            }
            (Some(table), false, None) => format!(
                "none: record 1 are not {}'s names, but it has as many fields, and the records fit its types",
                table.name
            ),
            (None, true, _) => "record 1, as in any file that is no known table's".to_owned(),
            (_, true, _) => "record 1, as it is declared".to_owned(),
            (_, false, _) => "none, as it is declared".to_owned(),
        }
    }

    fn records(&self) -> String {
        let report = &self.tried.report;
        let mut text = format!(
            "{} read, {}",
            count(report.records_read),
            counted(report.rows_written, "row")
        );
        let rejected = [
            (report.records_rejected, "record"),
            (report.cells_rejected, "cell"),
        ];
        for (number, what) in rejected.into_iter().filter(|(number, _)| *number > 0) {
            text.push_str(&format!(", {} rejected", counted(number, what)));
        }
        if report.empty_lines > 0 {
            text.push_str(&format!(
                ", {} passed over",
                counted(report.empty_lines, "empty line")
            ));
        }
        text
    }

    fn columns(&self) -> anyhow::Result<Grid> {
        let (plan, parquet) = (&self.planned.plan, &self.tried.parquet);
        let first = self
            .peek
            .as_ref()
            .map(|peek| peek.first.as_slice())
            .unwrap_or_default();
        let sources: Vec<String> = match (&plan.dialect.columns, self.tried.report.header, &plan.table) {
            (Some(columns), ..) => columns.clone(),
            (None, true, _) => first.to_vec(),
            (None, false, Some(table)) => table.columns.iter().map(|column| column.name.clone()).collect(),
            (None, false, None) => Vec::new(),
        };
        let mut grid = Grid::new(["#", "name", "called", "type", "by", "NULL"]);
        let nulls = parquet.count_nulls()?;
        for (at, (name, ty)) in parquet.names().into_iter().zip(parquet.types()).enumerate() {
            let source = sources.get(at).map(String::as_str).unwrap_or_default();
            let (ty, by) = self.typed(source, &name, ty);
            grid.push([
                (at + 1).to_string(),
                one_line(&name, TEXT_COLUMNS),
                one_line(source, TEXT_COLUMNS),
                ty,
                by.to_owned(),
                nulls.get(at).copied().map_or(String::new(), count),
            ]);
        }
        Ok(grid)
    }

    /// A column's type, and what says so.
    fn typed(&self, source: &str, name: &str, ty: String) -> (String, &'static str) {
        match &self.planned.plan.typing {
            Typing::Text => (ty, "--types text"),
            Typing::List(list)
                if list
                    .iter()
                    .any(|(listed, _)| listed.eq_ignore_ascii_case(source) || listed == name) =>
            {
                (ty, "the list")
            }
            Typing::List(_) => (ty, "default: not in the list"),
            Typing::Catalog => {
                let column = self
                    .planned
                    .plan
                    .table
                    .as_ref()
                    .and_then(|table| table.column(source));
                match column {
                    // Two columns of the file can stand for one of the catalog; only one of them is it.
                    Some(column) if column.name.eq_ignore_ascii_case(name) || column.name == source => (
                        column.ty.to_string(),
                        match column.mark {
                            Mark::Known => "the catalog: known",
                            Mark::Seen => "the catalog: seen",
                            Mark::Likely => "the catalog: likely",
                            Mark::Unknown => "the catalog: a guess",
                            Mark::Declared => "the catalog: declared",
                        },
                    ),
                    _ if self.planned.plan.table.is_some() => (ty, "default: not in the catalog"),
                    _ => (ty, "default"),
                }
            }
        }
    }

    fn rejects(&self) -> String {
        let (rejects, report) = (&self.tried.rejects, &self.tried.report);
        let all = report.records_rejected + report.cells_rejected;
        if rejects.is_empty() {
            return String::new();
        }
        let mut grid = Grid::new(["record", "line", "column", "reason", "expected", "found", "text"]);
        for reject in rejects {
            grid.push([
                count(reject.record),
                count(reject.line),
                one_line(reject.column.as_deref().unwrap_or("(all)"), TEXT_COLUMNS),
                reject.reason.clone(),
                one_line(&reject.expected, TEXT_COLUMNS),
                one_line(&reject.found, TEXT_COLUMNS),
                one_line(reject.raw.as_deref().unwrap_or("(no UTF-8)"), TEXT_COLUMNS),
            ]);
        }
        let shown = rejects.len() as u64;
        let heading = if shown == all {
            "Rejects".to_owned()
        } else {
            format!("Rejects, the first {shown} of {}", count(all))
        };
        format!("\n{heading}\n{}", grid.text())
    }
}

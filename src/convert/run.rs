//! One pass over a part, block by block.

use std::io::{Read, Write};

use crate::columns::{Columns, Nulls, Undo};
use crate::convert::bounds;
use crate::convert::decided;
use crate::convert::error::Refusal;
use crate::convert::filling::{self, Source, fill, skip_lines};
use crate::convert::head::{self, Head};
use crate::convert::rejecting::Rejecting;
use crate::convert::{Budget, ConvertError, Observer, Pass, Plan, Report, Stage};
use crate::detect::Splitter;
use crate::encode::Encoder;
use crate::encoding::{Encoding, Transcode};
use crate::evidence::{Basis, Decision, Verdict, Watch};
use crate::footer::{FOOTER_KEY, FOOTER_VERSION, PartRecord};
use crate::inflate::Inflate;
use crate::records::{Block, WINDOW_BYTES, Window};
use crate::rejects::RejectWriter;
use crate::split::Fault;
use crate::split::index::{Indexer, OddKind, Path, Rows, record_by_record};
use crate::split::standard::Reading;

/// Bytes of values that make a batch.
const BATCH_BYTES: usize = 1 << 20;
/// Rows that make a batch, however small.
const BATCH_ROWS: usize = 64 << 10;

pub(super) fn pass<'a>(
    source: &'a mut dyn Read,
    output: &'a mut (dyn Write + Send),
    rejects: &'a mut dyn Write,
    plan: &'a Plan,
    decision: Option<Decision>,
    observer: &mut dyn Observer,
) -> Result<Pass, ConvertError> {
    let inflate = Inflate::new(source, &plan.limits);
    let text = Transcode::new(inflate, plan.dialect.encoding);
    let mut window = Window::new(text, WINDOW_BYTES);
    filling::begin(&mut window, observer)?;
    window.begin_at(window.source().mark_bytes());
    if window.text().is_empty() {
        return Err(Refusal::Empty.into());
    }
    skip_lines(&mut window, plan, observer)?;
    let head = head::read(&mut window, plan, decision, &mut |window| fill(window, observer))?;
    Run::new(window, output, rejects, plan, head).run(observer)
}

struct Run<'a> {
    window: Window<Source<'a>>,
    plan: &'a Plan,
    head: Head,
    encoder: Encoder<&'a mut (dyn Write + Send)>,
    rejects: RejectWriter<'a>,
    watch: Watch,
    indexer: Indexer,
    columns: Columns,
    nulls: Nulls,
    batches: arrow::datatypes::SchemaRef,
    report: Report,
    /// Why the part is refused unless it turns out to be in another dialect. From then on it is read for that alone.
    held: Option<Box<Refusal>>,
}

impl<'a> Run<'a> {
    fn new(
        window: Window<Source<'a>>,
        output: &'a mut (dyn Write + Send),
        rejects: &'a mut dyn Write,
        plan: &'a Plan,
        head: Head,
    ) -> Self {
        let arrow = head.schema.arrow();
        let watch = watch(&head, plan);
        Run {
            window,
            plan,
            batches: Columns::batches(&arrow),
            encoder: Encoder::new(output, arrow, plan.codec),
            rejects: RejectWriter::new(rejects),
            watch,
            indexer: Indexer::new(Path::best()),
            columns: Columns::new(head.schema.columns.iter().map(|column| column.ty)),
            nulls: nulls(plan, &head),
            report: Report {
                empty_lines: head.empty_lines,
                ..Report::default()
            },
            head,
            held: None,
        }
    }

    fn run(mut self, observer: &mut dyn Observer) -> Result<Pass, ConvertError> {
        let mut rows = Rows::default();
        loop {
            fill(&mut self.window, observer)?;
            if self.window.text().is_empty() && self.window.at_end() {
                break;
            }
            observer.enter(Stage::Split);
            rows.clear();
            if let Some(again) = self.split(&mut rows)? {
                return Ok(Pass::Again(again));
            }
            self.release()?;
            let records = block(&self.window, &self.head, &rows).record_count();
            if self.held.is_none() {
                let taken = self.take(&rows, observer);
                taken.or_else(|error| self.hold(error))?;
            }
            if rows.consumed == 0
                && let Some(again) = self.grow()?
            {
                return Ok(Pass::Again(again));
            }
            let text = self.window.text();
            let line_breaks = match &self.head.layout.splitter {
                Splitter::Standard(standard) => self.indexer.line_breaks(standard, text, rows.consumed),
                Splitter::General(general) => {
                    general.line_breaks(text.get(..rows.consumed).unwrap_or_default())
                }
            };
            self.window.pass(rows.consumed, records, line_breaks);
        }
        let columns = self.head.schema.columns.len();
        let conflict = |conflict| bounds::conflict(self.plan, conflict);
        if let Verdict::Again(decision) = self.watch.end(columns).map_err(conflict)? {
            return Ok(Pass::Again(decision));
        }
        if let Some(refusal) = self.held.take() {
            return Err(ConvertError::Refused(refusal));
        }
        self.finish(observer)
    }

    /// Splits what the window holds, and looks at it as evidence. Some if the part has to be read again.
    fn split(&mut self, rows: &mut Rows) -> Result<Option<Decision>, ConvertError> {
        let (text, at_end) = (self.window.text(), self.window.at_end());
        let columns = self.head.schema.columns.len();
        let split = match &self.head.layout.splitter {
            Splitter::Standard(standard) => self.indexer.rows(standard, text, at_end, columns, rows),
            Splitter::General(general) => {
                record_by_record(text, at_end, columns, rows, |text, at_end, fields| {
                    general.record(text, at_end, fields)
                })
            }
        };
        let consumed = text.get(..rows.consumed).unwrap_or_default();
        let by_index = matches!(self.head.layout.splitter, Splitter::Standard(_));
        let is_utf8 = by_index && self.indexer.is_utf8();
        if !is_utf8 && simdutf8::basic::from_utf8(consumed).is_err() {
            rows.reject_not_utf8(consumed, columns, self.head.layout.splitter.quote_bytes());
        }
        let block = block(&self.window, &self.head, rows);
        self.watch.look_assumed(consumed, &rows.fields);
        if let Some(readings) = &self.head.layout.readings {
            let (quotes, backslashes) = (self.indexer.saw_quotes(), self.indexer.saw_backslashes());
            if self.watch.needs(quotes, backslashes) {
                let looked = self.watch.look(readings, &block, at_end);
                if let Verdict::Again(decision) =
                    looked.map_err(|conflict| bounds::conflict(self.plan, conflict))?
                {
                    return Ok(Some(decision));
                }
            }
        }
        match split {
            Ok(()) => Ok(None),
            Err(fault) => self.fault(fault, &block).map(Some),
        }
    }

    /// Record boundaries are lost: the part is refused, or read as escaped if that is still open.
    fn fault(&self, fault: Fault, block: &Block<'_>) -> Result<Decision, ConvertError> {
        let place = block.place_at(fault.at, block.record_count());
        self.watch.unquotable(fault.kind, place).ok_or_else(|| {
            let kind = fault.kind;
            Refusal::Boundaries { kind, place }.into()
        })
    }

    /// What refuses a part whose dialect is not told yet waits until it is: in the other one, its records may be others, and good.
    fn hold(&mut self, error: ConvertError) -> Result<(), ConvertError> {
        match error {
            ConvertError::Refused(refusal) if self.watch.decision().basis == Basis::Open => {
                self.held = Some(refusal);
                Ok(())
            }
            error => Err(error),
        }
    }

    /// The refusal that waited, if the dialect is the one that this pass reads.
    fn release(&mut self) -> Result<(), ConvertError> {
        match self.held.take_if(|_| self.watch.decision().basis != Basis::Open) {
            Some(refusal) => Err(ConvertError::Refused(refusal)),
            None => Ok(()),
        }
    }

    /// Takes rows and rejects of a split block over.
    fn take(&mut self, rows: &Rows, observer: &mut dyn Observer) -> Result<(), ConvertError> {
        let block = block(&self.window, &self.head, rows);
        bounds::check(self.plan, &block)?;
        observer.enter(Stage::Columns);
        let undo = match &self.head.layout.splitter {
            Splitter::Standard(standard) => Undo::Standard(standard),
            Splitter::General(general) => Undo::General(general),
        };
        let mut misfits = Vec::new();
        self.columns
            .read(&block, undo, &self.nulls, &mut misfits)
            .map_err(|stray| ConvertError::Defect(stray.to_string()))?;
        let records = block.record_count();
        self.report.records_read += records;
        self.report.rows_written += block.row_count() as u64;
        for odd in &rows.odd {
            match odd.kind {
                OddKind::EmptyLine => self.report.empty_lines += 1,
                OddKind::Comment => {}
                OddKind::Ragged(_) | OddKind::NotUtf8 => self.report.records_rejected += 1,
            }
        }
        self.report.cells_rejected += misfits.len() as u64;
        if !misfits.is_empty() || records > block.row_count() as u64 {
            let mut rejecting = Rejecting {
                plan: self.plan,
                head: &self.head,
                rejects: &mut self.rejects,
                report: &mut self.report,
            };
            rejecting.block(&block, undo, &mut misfits)?;
            self.check_budget(false)?;
        }
        if self.columns.bytes() >= BATCH_BYTES || self.columns.rows() >= BATCH_ROWS {
            self.encode(observer)?;
        }
        Ok(())
    }

    fn encode(&mut self, observer: &mut dyn Observer) -> Result<(), ConvertError> {
        if self.columns.rows() == 0 {
            return Ok(());
        }
        observer.enter(Stage::Columns);
        let batch = self
            .columns
            .take(&self.batches)
            .map_err(|error| ConvertError::Defect(error.to_string()))?;
        observer.enter(Stage::Encode);
        Ok(self.encoder.write(&batch)?)
    }

    /// No record ends in the window. Some if that is because of a quote that may be none.
    fn grow(&mut self) -> Result<Option<Decision>, ConvertError> {
        if self.window.at_end() {
            return Err(ConvertError::Defect(
                "the rest of the text gives no record".to_owned(),
            ));
        }
        if self.window.grow(self.window_bytes_max()) {
            return Ok(None);
        }
        let (place, found) = (self.window.place(), self.window.text().len());
        if self.watch.decision().basis == Basis::Open && self.indexer.saw_quotes() {
            return Ok(Some(Decision {
                reading: Reading::Escaped,
                basis: Basis::Overlong(place, found),
            }));
        }
        Err(bounds::too_long(self.plan, place, found).into())
    }

    /// Bytes of a record with its line end, at most.
    fn window_bytes_max(&self) -> usize {
        self.plan.limits.record_bytes_max.saturating_add(2)
    }

    /// Holds the rejects against the budget. A share is only known at the end.
    fn check_budget(&self, at_end: bool) -> Result<(), ConvertError> {
        let (records, cells) = (self.report.records_rejected, self.report.cells_rejected);
        let (allowed, over) = match self.plan.budget {
            Budget::Count(count) => (count.to_string(), records + cells > count),
            Budget::Percent(percent) => (format!("{percent} %"), at_end && self.over_share(percent)),
        };
        let too_many_bytes = self.rejects.bytes() > self.plan.rejects_bytes_max;
        if !over && !too_many_bytes {
            return Ok(());
        }
        let allowed = if over {
            allowed
        } else {
            format!("{} bytes of them", self.plan.rejects_bytes_max)
        };
        let first = self.report.first_reject.clone().unwrap_or_default();
        let read = self.report.records_read;
        Err(Refusal::TooManyRejects {
            allowed,
            records,
            cells,
            read,
            first,
        }
        .into())
    }

    /// Whether more than so many rejects come on a hundred records.
    #[allow(clippy::cast_precision_loss)]
    fn over_share(&self, percent: f64) -> bool {
        let rejects = self.report.records_rejected + self.report.cells_rejected;
        rejects as f64 * 100.0 > percent * self.report.records_read as f64
    }

    fn finish(mut self, observer: &mut dyn Observer) -> Result<Pass, ConvertError> {
        let (decision, warning) = decided::decided(&self.watch)?;
        self.report.warnings.extend(warning);
        let is_all = self.head.header && self.head.is_unended;
        self.report
            .warnings
            .extend(decided::line_ends(self.head.line_break_in, is_all)?);
        let layout = &self.head.layout;
        self.report
            .warnings
            .extend(decided::tied(&layout.delimiter, layout.tied));
        self.check_budget(true)?;
        self.encode(observer)?;
        observer.enter(Stage::Encode);
        let inflate = self.window.source().source();
        self.report.source_bytes = inflate.source_bytes();
        self.report.source_sha256 = inflate.source_sha256();
        self.report.inflated_bytes = inflate.inflated_bytes();
        self.report.gzip_members = inflate.members();
        self.report.encoding = self.window.source().encoding().unwrap_or(Encoding::UTF_8).name();
        self.report.decision = Some(decision);
        self.report.delimiter.clone_from(&self.head.layout.delimiter);
        self.report.header = self.head.header;
        self.report.schema_fingerprint = self.head.schema.fingerprint();
        let general = matches!(self.head.layout.splitter, Splitter::General(_));
        self.report.splitter = if general {
            "general"
        } else {
            self.indexer.path().name()
        };
        self.report.dialect = match decision.basis {
            Basis::Declared if general => "declared".to_owned(),
            _ => decision.name().to_owned(),
        };
        let missing = self.head.schema.missing.iter();
        self.report
            .warnings
            .extend(missing.map(|name| format!("no column has the listed name {name:?}")));
        self.balance(self.report.rows_written)?;
        let record = serde_json::to_string(&self.record())
            .map_err(|error| ConvertError::Defect(format!("the footer record: {error}")))?;
        let encoded = self.encoder.finish(vec![(FOOTER_KEY.to_owned(), record)])?;
        self.balance(encoded.rows)?;
        self.rejects.finish().map_err(|cause| ConvertError::Write {
            what: "rejects",
            cause,
        })?;
        self.report.output_bytes = encoded.bytes;
        Ok(Pass::Done(Box::new(self.report)))
    }

    /// Each record read is a row or a reject: checked before the output becomes visible.
    fn balance(&self, rows: u64) -> Result<(), ConvertError> {
        let Report {
            records_read,
            records_rejected,
            rows_written,
            ..
        } = self.report;
        if rows == rows_written && records_read == rows + records_rejected {
            return Ok(());
        }
        Err(ConvertError::Defect(format!(
            "the row balance is broken: {records_read} records read, {rows_written} rows handed over, \
             {rows} in the Parquet, {records_rejected} rejected"
        )))
    }

    fn record(&self) -> PartRecord {
        let (report, source) = (&self.report, &self.plan.provenance);
        PartRecord {
            version: FOOTER_VERSION,
            daymark: env!("CARGO_PKG_VERSION").to_owned(),
            source_bucket: source.bucket.clone(),
            source_key: source.key.clone(),
            source_etag: source.etag.clone(),
            source_bytes: report.source_bytes,
            source_last_modified_ms: source.last_modified_ms,
            source_sha256: report.source_sha256.clone(),
            inflated_bytes: report.inflated_bytes,
            records_read: report.records_read,
            rows_written: report.rows_written,
            records_rejected: report.records_rejected,
            cells_rejected: report.cells_rejected,
            empty_lines: report.empty_lines,
            dialect: report.dialect.clone(),
            delimiter: self.head.layout.delimiter.clone(),
            header: self.head.header,
            schema: report.schema_fingerprint.clone(),
            profile: source.profile.clone(),
            part_id: source.part_id.clone(),
            warnings: report.warnings.clone(),
        }
    }
}

/// What the records will be watched for, given the start of the part.
fn watch(head: &Head, plan: &Plan) -> Watch {
    let mut watch = Watch::new(head.layout.decision, &plan.limits);
    if let Some(other) = head.other_columns {
        watch = watch.with_other_columns(other, head.header);
    }
    if let Some(columns) = head.quoted_columns {
        watch = watch.with_quoted_columns(columns);
    }
    if let Some(spans) = head.spans {
        watch = watch.with_first_spans(spans, head.header);
    }
    watch
}

/// What a window's text was split into.
fn block<'b>(window: &'b Window<Source<'_>>, head: &'b Head, rows: &'b Rows) -> Block<'b> {
    Block {
        text: window.text(),
        rows,
        columns: head.schema.columns.len(),
        place: window.place(),
        lines: head.layout.lines(),
        quote_bytes: head.layout.splitter.quote_bytes(),
    }
}

/// Which fields are NULL: by the dialect, unless tokens are declared.
fn nulls(plan: &Plan, head: &Head) -> Nulls {
    let declared = &plan.dialect;
    let tokens = declared
        .null_values
        .clone()
        .unwrap_or_else(|| vec!["\\N".to_owned()]);
    let has_quotes = match &head.layout.splitter {
        Splitter::Standard(standard) => standard.reading == Reading::Quoted,
        Splitter::General(_) => declared.quoting().is_none_or(|quoting| quoting.quote.is_some()),
    };
    let tokens = tokens.into_iter().map(String::into_bytes).collect();
    Nulls::new(tokens, declared.quoted_null.unwrap_or(false), has_quotes)
}

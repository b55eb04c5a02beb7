//! What a block rejects, written down in the order of its records.

use crate::columns::{MisfitCell, Undo};
use crate::convert::error::Refusal;
use crate::convert::head::Head;
use crate::convert::{ConvertError, Plan, Report};
use crate::records::{Block, Place, Places};
use crate::rejects::{Reject, RejectWriter, Why};
use crate::split::Field;
use crate::split::index::{Odd, OddKind};

/// Records that have to fit the catalog's types where no header says that they are the table's.
const PROOF_RECORDS: u64 = 1_000;

/// Writes the rejects of a block in the order of its records.
pub(super) struct Rejecting<'r, 'w> {
    pub plan: &'r Plan,
    pub head: &'r Head,
    pub rejects: &'r mut RejectWriter<'w>,
    pub report: &'r mut Report,
}

impl Rejecting<'_, '_> {
    pub(super) fn block(
        &mut self,
        block: &Block<'_>,
        undo: Undo<'_>,
        misfits: &mut [MisfitCell],
    ) -> Result<(), ConvertError> {
        misfits.sort_unstable_by_key(|cell| (cell.row, cell.column));
        let mut cells = misfits.iter().peekable();
        let mut places = block.places();
        // Records among the odd ones so far.
        let mut odd_records = 0;
        for odd in &block.rows.odd {
            while let Some(cell) = cells.next_if(|cell| cell.row < odd.row) {
                self.cell(block, undo, cell, &mut places, odd_records)?;
            }
            if odd.is_record() {
                let place = places.place_at(odd.start, (odd.row + odd_records) as u64);
                self.odd(block, odd, place)?;
                odd_records += 1;
            }
        }
        cells.try_for_each(|cell| self.cell(block, undo, cell, &mut places, odd_records))
    }

    fn cell(
        &mut self,
        block: &Block<'_>,
        undo: Undo<'_>,
        cell: &MisfitCell,
        places: &mut Places<'_>,
        odd_before: usize,
    ) -> Result<(), ConvertError> {
        let (Some(&field), Some(column)) = (
            block.rows.fields.get(cell.row * block.columns + cell.column),
            self.head.schema.columns.get(cell.column),
        ) else {
            return Err(ConvertError::Defect(
                "a rejected cell lies outside its block".to_owned(),
            ));
        };
        let why = Why {
            reason: cell.misfit.code(),
            expected: column.ty.to_string(),
            found: cell.misfit.to_string(),
        };
        let raw = block.raw(field).unwrap_or_default();
        let text = undo.text(raw, field);
        let place = places.place_at(block.start_of(field), (cell.row + odd_before) as u64);
        self.write(place, Some(&column.name), why, &text)
    }

    fn odd(&mut self, block: &Block<'_>, odd: &Odd, place: Place) -> Result<(), ConvertError> {
        let mut raw = block.text.get(odd.start..odd.end).unwrap_or_default();
        let why = match odd.kind {
            OddKind::Ragged(found) => {
                let last = self.last_field(raw);
                let end = last.map(|last| last.outside(block.quote_bytes).1);
                raw = end.and_then(|end| raw.get(..end)).unwrap_or(raw);
                let mut why = Why {
                    reason: "fields",
                    expected: fields(block.columns),
                    found: fields(found),
                };
                let is_empty = |last: Field| !last.is_quoted() && last.start() == last.end();
                if found == block.columns + 1 && last.is_some_and(is_empty) {
                    self.report.records_ending_in_delimiter += 1;
                    why.found
                        .push_str(", the last one empty behind a delimiter at the record's end");
                }
                why
            }
            _ => Why {
                reason: "not_utf8",
                expected: "UTF-8".to_owned(),
                found: "bytes that are not".to_owned(),
            },
        };
        self.write(place, None, why, raw)
    }

    /// The last field of a record, behind which only its line end stands.
    fn last_field(&self, record: &[u8]) -> Option<Field> {
        let mut fields: Vec<Field> = Vec::new();
        let step = self.head.layout.splitter.record(record, true, &mut fields);
        fields.pop().filter(|_| step.is_ok())
    }

    fn write(
        &mut self,
        place: Place,
        column: Option<&str>,
        why: Why,
        raw: &[u8],
    ) -> Result<(), ConvertError> {
        let told = || {
            let of = column
                .map(|column| format!(", column {column}"))
                .unwrap_or_default();
            format!("{place}{of}: expected {}, found {}", why.expected, why.found)
        };
        if self.head.unproven && place.record <= PROOF_RECORDS {
            return Err(Refusal::NotTheTable { place, why: told() }.into());
        }
        if self.report.first_reject.is_none() {
            self.report.first_reject = Some(told());
        }
        // The part will be refused: what is beyond its budget is only counted.
        if self.rejects.is_over(self.plan) {
            return Ok(());
        }
        let reject = Reject::new(&self.plan.provenance.key, place, column, why, raw);
        self.rejects.write(&reject).map_err(|cause| ConvertError::Write {
            what: "rejects",
            cause,
        })
    }
}

fn fields(count: usize) -> String {
    format!("{count} field{}", if count == 1 { "" } else { "s" })
}

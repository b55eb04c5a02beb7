//! What a block rejects, written down in the order of its records.

use crate::columns::{MisfitCell, Undo};
use crate::convert::error::Refusal;
use crate::convert::head::Head;
use crate::convert::{ConvertError, Plan};
use crate::records::{Block, Place};
use crate::rejects::{Reject, RejectWriter, Why};
use crate::split::index::OddKind;

/// Records that have to fit the catalog's types where no header says that they are the table's.
const PROOF_RECORDS: u64 = 1_000;

/// Writes the rejects of a block in the order of its records.
pub(super) struct Rejecting<'r, 'w> {
    pub plan: &'r Plan,
    pub head: &'r Head,
    pub rejects: &'r mut RejectWriter<'w>,
    pub first: &'r mut Option<String>,
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
        for (index, odd) in block.rows.odd.iter().enumerate() {
            while let Some(cell) = cells.next_if(|cell| cell.row < odd.row) {
                self.cell(block, undo, cell)?;
            }
            if odd.is_record() {
                self.odd(block, index, odd.kind, odd.start, odd.end)?;
            }
        }
        cells.try_for_each(|cell| self.cell(block, undo, cell))
    }

    fn cell(&mut self, block: &Block<'_>, undo: Undo<'_>, cell: &MisfitCell) -> Result<(), ConvertError> {
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
        self.write(
            block.place_of_field(cell.row, field),
            Some(&column.name),
            why,
            &text,
        )
    }

    fn odd(
        &mut self,
        block: &Block<'_>,
        index: usize,
        kind: OddKind,
        start: usize,
        end: usize,
    ) -> Result<(), ConvertError> {
        let why = match kind {
            OddKind::Ragged(found) => Why {
                reason: "fields",
                expected: fields(block.columns),
                found: fields(found),
            },
            _ => Why {
                reason: "not_utf8",
                expected: "UTF-8".to_owned(),
                found: "bytes that are not".to_owned(),
            },
        };
        let raw = block.text.get(start..end).unwrap_or_default();
        let raw = raw.strip_suffix(b"\n").unwrap_or(raw);
        let raw = raw.strip_suffix(b"\r").unwrap_or(raw);
        self.write(block.place_of_odd(index), None, why, raw)
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
        if self.first.is_none() {
            *self.first = Some(told());
        }
        let reject = Reject::new(&self.plan.provenance.key, place, column, why, raw);
        self.rejects.write(&reject).map_err(|source| ConvertError::Write {
            what: "rejects",
            source,
        })
    }
}

fn fields(count: usize) -> String {
    format!("{count} field{}", if count == 1 { "" } else { "s" })
}

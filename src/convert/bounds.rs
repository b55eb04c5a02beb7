//! Limits on the records and fields of a part.

use crate::convert::error::Refusal;
use crate::convert::{ConvertError, Plan};
use crate::evidence::{Basis, Conflict};
use crate::records::{Block, Place};

/// Limits that a window smaller than them keeps by itself are not looked at.
pub(super) fn check(plan: &Plan, block: &Block<'_>) -> Result<(), ConvertError> {
    let (record_max, field_max) = (plan.limits.record_bytes_max, plan.limits.field_bytes_max);
    if block.rows.consumed <= record_max.min(field_max) {
        return Ok(());
    }
    let longest = block.longest();
    let place = |start: usize| block.place_at(start, block.records_before(start));
    if longest.record_bytes > record_max {
        let place = place(longest.record_start);
        return Err(too_long(plan, place, longest.record_bytes).into());
    }
    if longest.field_bytes > field_max {
        return Err(Refusal::Limit {
            what: "a field, in bytes,",
            allowed: field_max as u64,
            found: longest.field_bytes as u64,
            place: place(longest.field_start),
        }
        .into());
    }
    Ok(())
}

/// The refusal of a part that is neither. One that is read as escaped because a record is too long as quoted, and shows that it is
/// quoted, has a record that is too long.
pub(super) fn conflict(plan: &Plan, conflict: Conflict) -> Refusal {
    match conflict.decided.basis {
        Basis::Overlong(place, found) => too_long(plan, place, found),
        _ => Refusal::Conflict(conflict),
    }
}

/// The refusal of a first record that does not end within as many bytes as a record may have, as empty lines stand before it that
/// may be records.
pub(super) fn too_long_before(plan: &Plan, place: Place, found: usize) -> Refusal {
    Refusal::Limit {
        what: "the text up to the end of the first record, empty lines included, in bytes,",
        allowed: plan.limits.record_bytes_max as u64,
        found: found as u64,
        place,
    }
}

/// The refusal of a record of so many bytes, or of at least so many.
pub(super) fn too_long(plan: &Plan, place: Place, found: usize) -> Refusal {
    Refusal::Limit {
        what: "a record, in bytes,",
        allowed: plan.limits.record_bytes_max as u64,
        found: found as u64,
        place,
    }
}

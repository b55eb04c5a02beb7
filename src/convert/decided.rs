//! What a part's dialect is once all of it was read, and what is said of it.

use crate::convert::error::{Refusal, counted};
use crate::evidence::{Basis, Decision, Watch};
use crate::records::Place;
use crate::split::FaultKind;

/// The dialect was not looked for.
const UNTOLD: &str = "read as quoted, where a backslash is data: the dialect is not looked for if comments, a line end other than LF, or a \
                      delimiter that is not one ASCII character are declared; declare the dialect, too";

/// What was watched comes to this, and to a warning if it may be wrong.
///
/// # Errors
/// The part cannot be quoted, and nothing shows that it is escaped.
pub(super) fn decided(watch: &Watch) -> Result<(Decision, Option<String>), Refusal> {
    let decision = watch.decision();
    let warning = match (decision.basis, watch.weak()) {
        (Basis::Unquotable(kind, place, _), None) => return Err(Refusal::Undecided { kind, place }),
        (Basis::Overlong(place, _), None) => {
            // It does not close behind the limit as a field's does, either.
            let kind = FaultKind::UnclosedQuote;
            return Err(Refusal::Undecided { kind, place });
        }
        (Basis::Unquotable(..) | Basis::Overlong(..), Some((cells, place))) | (Basis::Weak(cells, place), _) => {
            let cells = counted(cells, "cell");
            Some(format!(
                "read as escaped because of doubled backslashes alone: {cells}, the first at {place}; \
                 declare the table's dialect if it is quoted"
            ))
        }
        (Basis::Open, _) => watch.ambiguous().map(|place| {
            format!(
                "read as quoted, where a backslash is data, as nothing tells the dialect; as escaped, a backslash before a \
                 delimiter or line break would make other records, the first at {place}; declare the table's dialect"
            )
        }),
        (Basis::Strong(_), _) if watch.is_by_what_may_be_data() => watch.ambiguous().map(|place| {
            format!(
                "read as quoted because of quotes behind a backslash and a delimiter or line break alone: as escaped they are data, and \
                 other records would be as good, the first at {place}; declare the table's dialect"
            )
        }),
        (Basis::Assumed, _) => watch.is_untold().then(|| UNTOLD.to_owned()),
        (Basis::Strong(_), _) => watch.spans_records().map(|place| {
            format!(
                "read as quoted because of quotes alone that close in a later line: as escaped, each of these lines would be a \
                 record, too, the first at {place}; declare the table's dialect"
            )
        }),
        (Basis::Declared, _) => None,
    };
    Ok((decision, warning))
}

/// The warning of a first record, here, that has a line break in a field, or behind it, while another line end is declared.
///
/// # Errors
/// It is the header, and all that there is: the declared line end stands nowhere.
pub(super) fn line_ends(first: Option<(usize, Place)>, is_all: bool) -> Result<Option<String>, Refusal> {
    match first {
        Some((column, place)) if is_all => Err(Refusal::LineEnds { column, place }),
        Some((column, place)) => Ok(Some(format!(
            "column {column} of the first record, at {place}, has a line break in it, or behind it: the file may end its lines otherwise than \
             declared (newline)"
        ))),
        None => Ok(None),
    }
}

/// The warning of a delimiter that was guessed.
pub(super) fn tied(delimiter: &str, tied: Option<char>) -> Option<String> {
    let tied = tied?.to_string();
    Some(format!(
        "split at {delimiter:?}, although {tied:?} gives the first records as many fields: declare the delimiter"
    ))
}

//! Comments as Glue takes them.

/// Bytes of a column's comment, at most: Glue's own limit, which it says in bytes.
///
/// <https://docs.aws.amazon.com/glue/latest/webapi/API_Column.html>
pub const COMMENT_BYTES_MAX: usize = 255;

const ELLIPSIS: &str = "…";

/// Bytes of a table's comment, at most, as Glue has it for a description.
pub(super) const TABLE_COMMENT_BYTES_MAX: usize = 2_048;

/// A text on one line, cut with an ellipsis where it has more than so many bytes.
pub(super) fn clipped(text: &str, bytes_max: usize) -> String {
    // Glue's pattern ends at U+FFFD, and goes on behind the first plane.
    let is_line = |c: char| match c {
        '\u{fffe}' | '\u{ffff}' => ' ',
        c if c.is_control() => ' ',
        c => c,
    };
    let text: String = text.chars().map(is_line).collect();
    if text.len() <= bytes_max {
        return text;
    }
    let Some(room) = bytes_max.checked_sub(ELLIPSIS.len()) else {
        return String::new();
    };
    let kept = text.get(..text.floor_char_boundary(room)).unwrap_or_default();
    format!("{}{ELLIPSIS}", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_cut_begins_as_it_did_and_fits(text in "\\PC{0,300}|[😀ä a]{0,200}", bytes_max in 0usize..300) {
            let cut = clipped(&text, bytes_max);
            prop_assert!(cut.len() <= bytes_max.max(text.len().min(bytes_max)));
            match cut.strip_suffix(ELLIPSIS).filter(|_| text.len() > bytes_max) {
                Some(kept) => prop_assert!(text.starts_with(kept)),
                None => prop_assert!(cut == text || bytes_max < ELLIPSIS.len()),
            }
        }
    }

    #[test]
    fn it_is_one_line() {
        assert_eq!(clipped("a\nb\u{7}c", 255), "a b c");
    }

    #[test]
    fn it_has_nothing_that_glue_refuses() {
        assert_eq!(
            clipped("\u{fffd}\u{fffe}\u{ffff}\u{10000}\u{1fffe}", 255),
            "\u{fffd}  \u{10000}\u{1fffe}"
        );
    }
}

//! What a footer says of a chunk's values: the smallest, the largest, how many are missing.

use parquet::data_type::ByteArray;
use parquet::file::statistics::{Statistics, ValueStatistics};

use crate::encode::dictionary::Texts;

/// Bytes of a text that is told, at most: what the `parquet` crate tells, too.
const TEXT_BYTES_MAX: usize = 64;

/// Of whole numbers.
pub(super) fn of_longs(range: Option<(i64, i64)>, missing: usize) -> Statistics {
    let (min, max) = range.unzip();
    let statistics = ValueStatistics::new(min, max, None, Some(missing as u64), false);
    statistics.with_backwards_compatible_min_max(true).into()
}

/// Of texts, long ones cut off: the smallest to a smaller one, the largest to a larger one.
pub(super) fn of_texts(texts: &Texts, missing: usize) -> Statistics {
    let bound = |text: Option<&[u8]>, shorter: fn(&str) -> Option<Vec<u8>>| {
        let text = text?;
        let cut = std::str::from_utf8(text)
            .ok()
            .filter(|text| text.len() > TEXT_BYTES_MAX);
        let cut = cut.and_then(shorter);
        let is_exact = cut.is_none();
        Some((ByteArray::from(cut.unwrap_or_else(|| text.to_vec())), is_exact))
    };
    let (min, min_is_exact) = bound(texts.iter().min(), below).unzip();
    let (max, max_is_exact) = bound(texts.iter().max(), above).unzip();
    ValueStatistics::new(min, max, None, Some(missing as u64), false)
        .with_min_is_exact(min_is_exact.unwrap_or(true))
        .with_max_is_exact(max_is_exact.unwrap_or(true))
        .into()
}

fn below(text: &str) -> Option<Vec<u8>> {
    Some(beginning(text).as_bytes().to_vec())
}

/// The next text of the same length; none where no character has a next one of its length.
fn above(text: &str) -> Option<Vec<u8>> {
    let beginning = beginning(text);
    beginning.char_indices().rev().find_map(|(at, last)| {
        let next = char::from_u32(u32::from(last) + 1).filter(|next| next.len_utf8() == last.len_utf8())?;
        let mut text = beginning.get(..at)?.to_owned();
        text.push(next);
        Some(text.into_bytes())
    })
}

fn beginning(text: &str) -> &str {
    let end = text.floor_char_boundary(TEXT_BYTES_MAX);
    text.get(..end).unwrap_or_default()
}

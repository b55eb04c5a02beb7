//! Doubled quotes made single. JSON in a cell has a pair every few bytes, so that 64 bytes are looked at at once.

use super::scan::parity;
#[cfg(target_arch = "x86_64")]
use super::simd::Pack;
use super::simd::{Classify, Path};

/// Appends `text`, a quoted field's, with one quote of each doubled pair.
pub(super) fn undo_doubled(text: &[u8], out: &mut Vec<u8>) {
    out.reserve(text.len() + 64);
    Path::best().single(text, out);
}

/// Every second quote: they stand in pairs, so that it is the second of one.
#[derive(Clone, Copy, Debug, Default)]
struct Seconds {
    /// All ones inside a pair.
    inside: u64,
}

impl Seconds {
    #[inline(always)]
    fn of(&mut self, quotes: u64) -> u64 {
        let odd = parity(quotes) ^ self.inside;
        self.inside = if odd >> 63 == 1 { u64::MAX } else { 0 };
        quotes & !odd
    }
}

/// Copies the runs between those quotes that go.
#[inline(always)]
pub(super) fn single_runs(classify: impl Classify, text: &[u8], out: &mut Vec<u8>) {
    let (chunks, rest) = text.as_chunks::<64>();
    let mut seconds = Seconds::default();
    let (mut start, mut base) = (0, 0);
    for chunk in chunks {
        let mut gone = seconds.of(classify.classify(chunk, b'"').quote);
        while gone != 0 {
            let at = base + gone.trailing_zeros() as usize;
            append(out, text, start, at);
            start = at + 1;
            gone &= gone.wrapping_sub(1);
        }
        base += 64;
    }
    for (at, _) in rest.iter().enumerate().filter(|(_, byte)| **byte == b'"') {
        if seconds.of(1) != 0 {
            append(out, text, start, base + at);
            start = base + at + 1;
        }
    }
    out.extend_from_slice(text.get(start..).unwrap_or_default());
}

/// Appends a part of a text. A short one goes as 64 bytes of which the rest is cut off again: that takes no call.
#[inline(always)]
fn append(out: &mut Vec<u8>, text: &[u8], start: usize, end: usize) {
    match text.get(start..).and_then(|rest| rest.first_chunk::<64>()) {
        Some(chunk) if end - start <= 64 => {
            let length = out.len() + (end - start);
            out.extend_from_slice(chunk);
            out.truncate(length);
        }
        _ => out.extend_from_slice(text.get(start..end).unwrap_or_default()),
    }
}

/// Takes those quotes that go out of 64 bytes at once.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(super) fn single_packed(pack: impl Pack, text: &[u8], out: &mut Vec<u8>) {
    let (chunks, rest) = text.as_chunks::<64>();
    let mut seconds = Seconds::default();
    for chunk in chunks {
        pack_chunk(pack, &mut seconds, chunk, u64::MAX, out);
    }
    let mut last = [0; 64];
    last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    pack_chunk(pack, &mut seconds, &last, (1 << rest.len()) - 1, out);
}

/// One chunk's `bytes` without the quotes that go. No closure: one is compiled without the caller's instructions.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn pack_chunk(pack: impl Pack, seconds: &mut Seconds, chunk: &[u8; 64], bytes: u64, out: &mut Vec<u8>) {
    let kept = bytes & !seconds.of(pack.classify(chunk, b'"').quote);
    let length = out.len() + kept.count_ones() as usize;
    out.extend_from_slice(&pack.pack(chunk, kept));
    out.truncate(length);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_doubled_quote_anywhere_becomes_one(text in "[a\"é]{0,60}|[a-f\"]{0,300}|([b-z]{0,90}\"?){0,6}") {
            let doubled = text.replace('"', "\"\"");
            for path in Path::available() {
                let mut out = b"before".to_vec();
                path.single(doubled.as_bytes(), &mut out);
                prop_assert_eq!(out, format!("before{text}").into_bytes(), "{}", path.name());
            }
        }
    }
}

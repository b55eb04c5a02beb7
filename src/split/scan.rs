//! The index of a block: where separators stand, and what else there is.
//!
//! Bits say which bytes are quotes, separators and backslashes; integer arithmetic on 64 of them at a time says which
//! separators stand outside quotes or are not escaped, and whether a quote stands where none may.

use super::simd::{Classify, Masks, PLACES};
use super::standard::{LineEnd, Reading, Standard};

/// Marks the place of a separator that ends a record. Places are below [`super::BLOCK_BYTES_MAX`].
pub(super) const LINE_END: u32 = 1 << 31;

/// A scan of a text, and what it found.
#[derive(Debug, Default)]
pub(super) struct Scan {
    pub seen: Seen,
    /// Where separators stand, those that end a record marked.
    pub separators: Vec<u32>,
}

/// The state of a scan from one chunk of 64 bytes to the next. Copied, so that a loop over chunks has it in registers, whatever
/// it calls.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    delimiter: u8,
    escaped: bool,
    crlf: bool,
    cr_alone: bool,
    at_end: bool,
    /// All ones inside quotes.
    pub inside: u64,
    /// 1 if the byte before was a separator or a closing quote, or if there is none.
    opens_here: u64,
    /// 1 if the byte before was a closing quote.
    closed_before: u64,
    /// 1 if the byte before was a backslash that escapes.
    escape_before: u64,
    /// 1 if the byte before was an escaped CR.
    escaped_cr_before: u64,
    /// Quotes that stand where none may, of all chunks; likewise the others.
    pub wrong: u64,
    pub doubled: u64,
    pub quotes: u64,
    pub backslashes: u64,
    pub carriage_returns: bool,
    pub line_feeds: u64,
    /// Where the chunks begin that are not ASCII alone and yet to be looked at.
    wide_from: Option<usize>,
    /// The text is not UTF-8.
    pub not_utf8: bool,
}

impl Scan {
    /// Ready for a text.
    pub fn start(&mut self, standard: &Standard, at_end: bool) {
        self.separators.clear();
        self.seen = Seen {
            delimiter: standard.delimiter,
            escaped: standard.reading == Reading::Escaped,
            crlf: standard.line_end != LineEnd::Lf,
            cr_alone: standard.line_end == LineEnd::Any,
            at_end,
            opens_here: 1,
            ..Seen::default()
        };
    }

    /// Separators up to and with the last line end.
    pub fn whole_records(&self) -> usize {
        self.separators
            .iter()
            .rposition(|place| place & LINE_END != 0)
            .map_or(0, |last| last + 1)
    }
}

impl Seen {
    /// Takes 64 bytes in, and says which are separators. `lf_follows` has a bit set for the last byte if the one behind it is an
    /// LF, or could yet be one.
    #[inline(always)]
    fn chunk<const ESCAPED: bool>(&mut self, masks: Masks, lf_follows: impl FnOnce() -> u64) -> u64 {
        self.quotes |= masks.quote;
        self.backslashes |= masks.backslash;
        self.line_feeds += u64::from(masks.lf.count_ones());
        let (mut candidates, mut cr_of_crlf) = (masks.delimiter | masks.lf, 0);
        if masks.cr != 0 {
            self.carriage_returns = true;
            let before_lf = (masks.lf >> 1) | lf_follows();
            if self.crlf {
                cr_of_crlf = masks.cr & before_lf;
            }
            if self.cr_alone {
                candidates |= masks.cr & !before_lf;
            }
        }
        if ESCAPED {
            candidates & !self.escaped_bytes(masks)
        } else if masks.quote == 0 {
            // As in most chunks of most tables. Most of it is folded away then.
            self.unquoted(0, candidates, cr_of_crlf)
        } else {
            self.unquoted(masks.quote, candidates, cr_of_crlf)
        }
    }

    /// The candidates outside quotes; notes quotes that stand where none may.
    #[inline(always)]
    fn unquoted(&mut self, quote: u64, candidates: u64, cr_of_crlf: u64) -> u64 {
        let inside = parity(quote) ^ self.inside;
        let opens = quote & inside;
        let closes = quote & !inside;
        let separators = candidates & !inside;
        // A quote opens a field, or is the second of a doubled pair; behind a closing one a field ends, or a pair.
        let may_open = ((separators | closes) << 1) | self.opens_here;
        let behind_close = (closes << 1) | self.closed_before;
        self.wrong |= (opens & !may_open) | (behind_close & !(separators | opens | (cr_of_crlf & !inside)));
        self.doubled |= behind_close & opens;
        self.inside = if inside >> 63 == 1 { u64::MAX } else { 0 };
        self.opens_here = (separators | closes) >> 63;
        self.closed_before = closes >> 63;
        separators
    }

    /// The bytes that a backslash makes data.
    #[inline(always)]
    fn escaped_bytes(&mut self, masks: Masks) -> u64 {
        // A run of backslashes escapes by pairs. Adding at the run's start carries to its end; whether it ends on an
        // odd or even place tells which of its members escape.
        const ODD: u64 = 0xAAAA_AAAA_AAAA_AAAA;
        let starts = masks.backslash & !self.escape_before;
        let ends = ((starts << 1) | ODD).wrapping_sub(starts) ^ ODD;
        let escaped = ends ^ (masks.backslash | self.escape_before);
        self.escape_before = (ends & masks.backslash) >> 63;
        if !self.crlf {
            return escaped;
        }
        // An escaped CRLF is one line break.
        let escaped_cr = escaped & masks.cr;
        let its_lf = ((escaped_cr << 1) | self.escaped_cr_before) & masks.lf;
        self.escaped_cr_before = escaped_cr >> 63;
        escaped | its_lf
    }

    /// Looks at chunks that are not ASCII alone once one that is follows, or the text's end. No character goes over that
    /// border, so that the text is UTF-8 if all such runs are; where they are rare, little is looked at twice.
    #[inline(always)]
    fn check_utf8(&mut self, text: &[u8], ascii: bool, base: usize) {
        match self.wide_from {
            None if !ascii => self.wide_from = Some(base),
            Some(from) if ascii => {
                self.not_utf8 |= !is_utf8(text.get(from..base));
                self.wide_from = None;
            }
            _ => {}
        }
    }
}

/// For each bit, whether the number of set bits up to and with it is odd.
#[inline(always)]
pub(super) fn parity(bits: u64) -> u64 {
    let mut parity = bits;
    parity ^= parity << 1;
    parity ^= parity << 2;
    parity ^= parity << 4;
    parity ^= parity << 8;
    parity ^= parity << 16;
    parity ^= parity << 32;
    parity
}

#[inline(never)]
fn is_utf8(run: Option<&[u8]>) -> bool {
    simdutf8::basic::from_utf8(run.unwrap_or_default()).is_ok()
}

/// Adds the places of separators, those marked that are no delimiters. Some are told at once whether there are as many or not:
/// a loop over each would end at another turn for every chunk, which no processor foresees.
#[inline(always)]
fn push(classify: impl Classify, places: &mut Vec<u32>, mut separators: u64, delimiters: u64, base: u32) {
    let mut left = separators.count_ones() as usize;
    while left > 0 {
        let length = places.len() + left.min(PLACES);
        places.extend_from_slice(&classify.places(separators, delimiters, base));
        places.truncate(length);
        left = left.saturating_sub(PLACES);
        if left > 0 {
            (0..PLACES).for_each(|_| separators &= separators.wrapping_sub(1));
        }
    }
}

/// The places of the first separators, one after the other: what [`Classify::places`] must equal.
#[inline(always)]
pub(super) fn first_places(mut separators: u64, delimiters: u64, base: u32) -> [u32; PLACES] {
    let mut places = [0; PLACES];
    let mut fill = |places: &mut [u32]| {
        for place in places {
            let at = separators.trailing_zeros();
            separators &= separators.wrapping_sub(1);
            let ends_record = delimiters.wrapping_shr(at) & 1 == 0;
            *place = (base + at) | (u32::from(ends_record) << 31);
        }
        separators
    };
    let (low, high) = places.split_at_mut(PLACES / 2);
    if fill(low) != 0 {
        fill(high);
    }
    places
}

/// Runs a scan over a text with one way of classifying.
#[inline(always)]
pub(super) fn scan_chunks(classify: impl Classify, scan: &mut Scan, text: &[u8]) {
    if scan.seen.escaped {
        scan_as::<true>(classify, scan, text);
    } else {
        scan_as::<false>(classify, scan, text);
    }
}

#[inline(always)]
fn scan_as<const ESCAPED: bool>(classify: impl Classify, scan: &mut Scan, text: &[u8]) {
    let (chunks, rest) = text.as_chunks::<64>();
    let mut seen = scan.seen;
    let mut base = 0u32;
    for chunk in chunks {
        let masks = classify.classify(chunk, seen.delimiter);
        let at_end = seen.at_end;
        let lf_follows = || {
            let next = text.get(base as usize + 64);
            u64::from(next.map_or(!at_end, |&byte| byte == b'\n')) << 63
        };
        seen.check_utf8(text, masks.wide == 0, base as usize);
        let separators = seen.chunk::<ESCAPED>(masks, lf_follows);
        push(classify, &mut scan.separators, separators, masks.delimiter, base);
        base += 64;
    }
    if !rest.is_empty() {
        // Zeros are none of the classes.
        let mut last = [0u8; 64];
        last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        let masks = classify.classify(&last, seen.delimiter);
        let lf_follows = u64::from(!seen.at_end) << (rest.len() - 1);
        seen.check_utf8(text, masks.wide == 0, base as usize);
        let separators = seen.chunk::<ESCAPED>(masks, || lf_follows);
        push(classify, &mut scan.separators, separators, masks.delimiter, base);
    }
    if let Some(from) = seen.wide_from {
        seen.not_utf8 |= !is_utf8(text.get(from..));
    }
    scan.seen = seen;
}

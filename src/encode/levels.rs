//! Which rows of a page have a value, as the definition levels of an `OPTIONAL` column.

use parquet::errors::Result;

use super::fit;

/// Bytes of levels in a run that is told in one byte.
const RUN_BYTES_MAX: usize = 63;

/// What the levels of so many rows take at most: their length, then for each 63 bytes one more.
pub(super) const fn levels_bytes_max(rows: usize) -> usize {
    4 + rows.div_ceil(8 * RUN_BYTES_MAX) * (1 + RUN_BYTES_MAX)
}

/// Which rows have a value, a bit each.
#[derive(Default)]
pub(super) struct Levels {
    bits: Vec<u8>,
    rows: usize,
}

impl Levels {
    /// Rows so far.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Rows so far that have a value.
    pub(super) fn values(&self) -> usize {
        self.bits.iter().map(|bits| bits.count_ones() as usize).sum()
    }

    /// One more row.
    #[inline(always)]
    pub(super) fn push(&mut self, is_present: bool) {
        if self.rows.is_multiple_of(8) {
            self.bits.push(0);
        }
        if is_present && let Some(bits) = self.bits.last_mut() {
            *bits |= 1 << (self.rows % 8);
        }
        self.rows += 1;
    }

    /// So many more rows that all have a value.
    pub(super) fn push_run(&mut self, rows: usize) {
        let end = self.rows + rows;
        while self.rows < end && !self.rows.is_multiple_of(8) {
            self.push(true);
        }
        let whole = end.saturating_sub(self.rows) / 8;
        self.bits.resize(self.bits.len() + whole, u8::MAX);
        self.rows += whole * 8;
        while self.rows < end {
            self.push(true);
        }
    }

    /// No rows.
    pub(super) fn clear(&mut self) {
        self.bits.clear();
        self.rows = 0;
    }

    /// Levels of one bit: one repeated level as one run, others as the bits, and before them their length.
    ///
    /// <https://parquet.apache.org/docs/file-format/data-pages/encodings/#run-length-encoding--bit-packing-hybrid-rle--3>
    pub(super) fn encoded(&self) -> Result<Vec<u8>> {
        let mut out = vec![0; 4];
        let values = self.values();
        if values == self.rows || values == 0 {
            let mut header = self.rows << 1;
            while header >= 0x80 {
                out.push(fit::<u8, _>(header & 0x7f)? | 0x80);
                header >>= 7;
            }
            out.push(fit(header)?);
            out.push(u8::from(values > 0));
        } else {
            for bits in self.bits.chunks(RUN_BYTES_MAX) {
                out.push(fit::<u8, _>(bits.len() << 1)? | 1);
                out.extend_from_slice(bits);
            }
        }
        let length: u32 = fit(out.len() - 4)?;
        if let Some(first) = out.first_chunk_mut() {
            *first = length.to_le_bytes();
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_one_run_or_bits_and_fit_into_their_room() {
        let encoded = |present: &[bool]| {
            let mut levels = Levels::default();
            present.iter().for_each(|&present| levels.push(present));
            levels.encoded().unwrap()
        };
        assert_eq!(encoded(&[true]), [2, 0, 0, 0, 2, 1]);
        assert_eq!(encoded(&[false]), [2, 0, 0, 0, 2, 0]);
        assert_eq!(encoded(&[true; 100]), [3, 0, 0, 0, 200, 1, 1]);
        assert_eq!(encoded(&[false, true]), [2, 0, 0, 0, 3, 2]);
        for rows in [2, 8, 9, 503, 504, 505, 60_000] {
            let mixed: Vec<bool> = (0..rows).map(|row| row % 2 == 0).collect();
            assert!(encoded(&mixed).len() <= levels_bytes_max(rows));
        }
    }

    #[test]
    fn runs_are_marked_as_single_rows_are() {
        for before in 0..18 {
            for rows in 0..35 {
                let (mut run, mut single) = (Levels::default(), Levels::default());
                for levels in [&mut run, &mut single] {
                    (0..before).for_each(|row| levels.push(row % 3 == 0));
                }
                run.push_run(rows);
                (0..rows).for_each(|_| single.push(true));
                run.push(false);
                single.push(false);
                assert_eq!(
                    (run.bits, run.rows),
                    (single.bits, single.rows),
                    "{before} {rows}"
                );
            }
        }
    }
}

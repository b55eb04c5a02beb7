//! Which of 64 bytes are quotes, delimiters, line breaks, backslashes, or not ASCII: the one place with `unsafe` code.
//!
//! Every path gives the same masks; [`super::scan`] and [`super::doubled`] do the rest on plain integers. The path is
//! chosen at run time, so that one binary runs on every x86-64 and on Graviton.
#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
use super::doubled::single_packed;
use super::doubled::single_runs;
use super::scan::{Scan, first_places, scan_chunks};

/// For each class one bit per byte, the first byte lowest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Masks {
    pub quote: u64,
    pub delimiter: u64,
    pub lf: u64,
    pub cr: u64,
    pub backslash: u64,
    /// Not ASCII.
    pub wide: u64,
}

/// How many places of separators are told at once: few chunks have more.
pub(super) const PLACES: usize = 16;

/// Classifies 64 bytes.
pub(super) trait Classify: Copy {
    fn classify(self, chunk: &[u8; 64], delimiter: u8) -> Masks;

    /// The places of the first separators of a chunk that starts at `base`, those marked that are no delimiters. What stands
    /// behind the last is of no meaning.
    #[inline(always)]
    fn places(self, separators: u64, delimiters: u64, base: u32) -> [u32; PLACES] {
        first_places(separators, delimiters, base)
    }
}

/// Moves the bytes of 64 whose bit is set to the front; what stands behind them is of no meaning.
#[cfg(target_arch = "x86_64")]
pub(super) trait Pack: Classify {
    fn pack(self, chunk: &[u8; 64], kept: u64) -> [u8; 64];
}

/// A path that this machine can run. It cannot be made but by [`Path::best`] and [`Path::available`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Path(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Scalar,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "aarch64")]
    Neon,
}

impl Path {
    /// The fastest path of this machine.
    #[inline]
    pub fn best() -> Path {
        Path::runnable().next_back().unwrap_or(Path(Kind::Scalar))
    }

    /// Every path of this machine, the fastest last.
    pub fn available() -> Vec<Path> {
        Path::runnable().collect()
    }

    #[inline]
    fn runnable() -> impl DoubleEndedIterator<Item = Path> {
        #[cfg(target_arch = "x86_64")]
        let others = [
            (Kind::Avx2, x86::has_avx2()),
            (Kind::Avx512, x86::has_avx2() && x86::has_avx512()),
        ];
        #[cfg(target_arch = "aarch64")]
        let others = [(Kind::Neon, std::arch::is_aarch64_feature_detected!("neon"))];
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        let others = [];
        let kinds = [(Kind::Scalar, true)].into_iter().chain(others);
        kinds.filter_map(|(kind, runs)| runs.then_some(Path(kind)))
    }

    /// Its name, as logs show it: `avx512`, `avx2`, `neon` or `scalar`.
    pub fn name(self) -> &'static str {
        match self.0 {
            Kind::Scalar => "scalar",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => "avx512",
            #[cfg(target_arch = "aarch64")]
            Kind::Neon => "neon",
        }
    }

    /// Runs a scan over a text.
    pub(super) fn scan(self, scan: &mut Scan, text: &[u8]) {
        match self.0 {
            Kind::Scalar => scan_chunks(Scalar, scan, text),
            // SAFETY: this kind is only made after the processor said that it has AVX2.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => unsafe { x86::scan(scan, text) },
            // SAFETY: this kind is only made after the processor said that it has all of them.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => unsafe { x86::scan_512(scan, text) },
            // SAFETY: this kind is only made after the processor said that it has NEON.
            #[cfg(target_arch = "aarch64")]
            Kind::Neon => unsafe { arm::scan(scan, text) },
        }
    }

    /// Appends a text with one quote of each doubled pair.
    pub(super) fn single(self, text: &[u8], out: &mut Vec<u8>) {
        match self.0 {
            Kind::Scalar => single_runs(Scalar, text, out),
            // SAFETY: this kind is only made after the processor said that it has AVX2.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => unsafe { x86::single(text, out) },
            // SAFETY: this kind is only made after the processor said that it has all of them.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => unsafe { x86::single_512(text, out) },
            // SAFETY: this kind is only made after the processor said that it has NEON.
            #[cfg(target_arch = "aarch64")]
            Kind::Neon => unsafe { arm::single(text, out) },
        }
    }
}

/// One byte after the other: what the others must equal.
#[derive(Clone, Copy)]
pub(super) struct Scalar;

impl Classify for Scalar {
    #[inline(always)]
    fn classify(self, chunk: &[u8; 64], delimiter: u8) -> Masks {
        let mut masks = Masks::default();
        for (at, &byte) in chunk.iter().enumerate() {
            masks.quote |= u64::from(byte == b'"') << at;
            masks.delimiter |= u64::from(byte == delimiter) << at;
            masks.lf |= u64::from(byte == b'\n') << at;
            masks.cr |= u64::from(byte == b'\r') << at;
            masks.backslash |= u64::from(byte == b'\\') << at;
            masks.wide |= u64::from(!byte.is_ascii()) << at;
        }
        masks
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        __m256i, __m512i, _mm256_cmpeq_epi8, _mm256_loadu_si256, _mm256_movemask_epi8, _mm256_set1_epi8,
        _mm512_add_epi32, _mm512_castsi512_si128, _mm512_cmpeq_epi8_mask, _mm512_cvtepu8_epi32,
        _mm512_loadu_si512, _mm512_mask_or_epi32, _mm512_maskz_compress_epi8, _mm512_movepi8_mask,
        _mm512_set1_epi8, _mm512_set1_epi32, _mm512_storeu_si512, _pext_u64,
    };

    use super::{Classify, Masks, PLACES, Pack, Scan, scan_chunks, single_packed, single_runs};
    use crate::split::scan::LINE_END;

    #[derive(Clone, Copy)]
    struct Avx2;

    /// AVX-512 with its byte instructions, as Ice Lake and Zen 4 have it.
    #[derive(Clone, Copy)]
    struct Avx512;

    /// The number of each byte of a chunk.
    const NUMBERS: [u8; 64] = {
        let mut numbers = [0; 64];
        let (mut rest, mut number) = (numbers.as_mut_slice(), 0);
        while let Some((first, behind)) = rest.split_first_mut() {
            *first = number;
            (rest, number) = (behind, number + 1);
        }
        numbers
    };

    #[inline]
    pub(super) fn has_avx2() -> bool {
        use std::arch::is_x86_feature_detected as has;
        has!("avx2") && has!("bmi1") && has!("popcnt")
    }

    #[inline]
    pub(super) fn has_avx512() -> bool {
        use std::arch::is_x86_feature_detected as has;
        has!("avx512f") && has!("avx512bw") && has!("avx512vbmi2") && has!("bmi2")
    }

    /// # Safety
    /// The processor must have these features.
    #[target_feature(enable = "avx2,bmi1,popcnt")]
    pub(super) unsafe fn scan(scan: &mut Scan, text: &[u8]) {
        scan_chunks(Avx2, scan, text);
    }

    /// # Safety
    /// The processor must have these features.
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi2,avx2,bmi1,bmi2,popcnt")]
    pub(super) unsafe fn scan_512(scan: &mut Scan, text: &[u8]) {
        scan_chunks(Avx512, scan, text);
    }

    /// # Safety
    /// The processor must have these features.
    #[target_feature(enable = "avx2,bmi1,popcnt")]
    pub(super) unsafe fn single(text: &[u8], out: &mut Vec<u8>) {
        single_runs(Avx2, text, out);
    }

    /// # Safety
    /// The processor must have these features.
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi2,avx2,bmi1,bmi2,popcnt")]
    pub(super) unsafe fn single_512(text: &[u8], out: &mut Vec<u8>) {
        single_packed(Avx512, text, out);
    }

    impl Classify for Avx2 {
        #[inline(always)]
        fn classify(self, chunk: &[u8; 64], delimiter: u8) -> Masks {
            // SAFETY: `Avx2` is only used inside `scan`, which asks for the feature; the two loads read 32 bytes each,
            // at 0 and at 32, of a chunk of 64, and need no alignment.
            unsafe {
                let low = _mm256_loadu_si256(chunk.as_ptr().cast::<__m256i>());
                let high = _mm256_loadu_si256(chunk.as_ptr().add(32).cast::<__m256i>());
                Masks {
                    quote: equal(low, high, b'"'),
                    delimiter: equal(low, high, delimiter),
                    lf: equal(low, high, b'\n'),
                    cr: equal(low, high, b'\r'),
                    backslash: equal(low, high, b'\\'),
                    wide: top_bits(low, high),
                }
            }
        }
    }

    /// # Safety
    /// The processor must have AVX2.
    #[inline(always)]
    unsafe fn equal(low: __m256i, high: __m256i, byte: u8) -> u64 {
        // SAFETY: as the function's own.
        unsafe {
            let wanted = _mm256_set1_epi8(byte.cast_signed());
            top_bits(_mm256_cmpeq_epi8(low, wanted), _mm256_cmpeq_epi8(high, wanted))
        }
    }

    /// # Safety
    /// The processor must have AVX2.
    #[inline(always)]
    unsafe fn top_bits(low: __m256i, high: __m256i) -> u64 {
        // SAFETY: as the function's own.
        let (low, high) = unsafe { (_mm256_movemask_epi8(low), _mm256_movemask_epi8(high)) };
        u64::from(low.cast_unsigned()) | (u64::from(high.cast_unsigned()) << 32)
    }

    impl Classify for Avx512 {
        #[inline(always)]
        fn classify(self, chunk: &[u8; 64], delimiter: u8) -> Masks {
            // SAFETY: `Avx512` is only used inside functions that ask for the features; the load reads the 64 bytes of
            // the chunk and needs no alignment.
            unsafe {
                let bytes = _mm512_loadu_si512(chunk.as_ptr().cast::<__m512i>());
                let equal = |byte: u8| _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(byte.cast_signed()));
                Masks {
                    quote: equal(b'"'),
                    delimiter: equal(delimiter),
                    lf: equal(b'\n'),
                    cr: equal(b'\r'),
                    backslash: equal(b'\\'),
                    wide: _mm512_movepi8_mask(bytes),
                }
            }
        }

        #[inline(always)]
        fn places(self, separators: u64, delimiters: u64, base: u32) -> [u32; PLACES] {
            let mut places = [0; PLACES];
            // SAFETY: as above; the load reads the 64 bytes of `NUMBERS`, the store writes the 64 of `places`.
            unsafe {
                let numbers = _mm512_loadu_si512(NUMBERS.as_ptr().cast::<__m512i>());
                let within = _mm512_castsi512_si128(_mm512_maskz_compress_epi8(separators, numbers));
                let at = _mm512_add_epi32(
                    _mm512_cvtepu8_epi32(within),
                    _mm512_set1_epi32(base.cast_signed()),
                );
                let [first, second, ..] = _pext_u64(!delimiters, separators).to_le_bytes();
                let ends_record = u16::from_le_bytes([first, second]);
                let mark = _mm512_set1_epi32(LINE_END.cast_signed());
                let marked = _mm512_mask_or_epi32(at, ends_record, at, mark);
                _mm512_storeu_si512(places.as_mut_ptr().cast::<__m512i>(), marked);
            }
            places
        }
    }

    impl Pack for Avx512 {
        #[inline(always)]
        fn pack(self, chunk: &[u8; 64], kept: u64) -> [u8; 64] {
            let mut packed = [0; 64];
            // SAFETY: as above; the store writes the 64 bytes of `packed`.
            unsafe {
                let bytes = _mm512_loadu_si512(chunk.as_ptr().cast::<__m512i>());
                let bytes = _mm512_maskz_compress_epi8(kept, bytes);
                _mm512_storeu_si512(packed.as_mut_ptr().cast::<__m512i>(), bytes);
            }
            packed
        }
    }
}

#[cfg(target_arch = "aarch64")]
mod arm {
    use std::arch::aarch64::{
        uint8x16_t, vandq_u8, vceqq_u8, vcgeq_u8, vdupq_n_u8, vgetq_lane_u64, vld1q_u8, vpaddq_u8,
        vreinterpretq_u64_u8,
    };

    use super::{Classify, Masks, Scan, scan_chunks, single_runs};

    #[derive(Clone, Copy)]
    struct Neon;

    /// # Safety
    /// The processor must have NEON.
    #[target_feature(enable = "neon")]
    pub(super) unsafe fn scan(scan: &mut Scan, text: &[u8]) {
        scan_chunks(Neon, scan, text);
    }

    /// # Safety
    /// The processor must have NEON.
    #[target_feature(enable = "neon")]
    pub(super) unsafe fn single(text: &[u8], out: &mut Vec<u8>) {
        single_runs(Neon, text, out);
    }

    /// The bit that each byte of a vector of 16 stands for, in its half.
    const BITS: [u8; 16] = [1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128];

    impl Classify for Neon {
        #[inline(always)]
        fn classify(self, chunk: &[u8; 64], delimiter: u8) -> Masks {
            // SAFETY: `Neon` is only used inside `scan`, which asks for the feature; the four loads read 16 bytes each,
            // at 0, 16, 32 and 48, of a chunk of 64, and need no alignment.
            unsafe {
                let at = chunk.as_ptr();
                let parts = [
                    vld1q_u8(at),
                    vld1q_u8(at.add(16)),
                    vld1q_u8(at.add(32)),
                    vld1q_u8(at.add(48)),
                ];
                Masks {
                    quote: equal(parts, b'"'),
                    delimiter: equal(parts, delimiter),
                    lf: equal(parts, b'\n'),
                    cr: equal(parts, b'\r'),
                    backslash: equal(parts, b'\\'),
                    wide: not_ascii(parts),
                }
            }
        }
    }

    /// # Safety
    /// The processor must have NEON.
    #[inline(always)]
    unsafe fn equal([a, b, c, d]: [uint8x16_t; 4], byte: u8) -> u64 {
        // SAFETY: as the function's own.
        unsafe {
            let wanted = vdupq_n_u8(byte);
            packed([
                vceqq_u8(a, wanted),
                vceqq_u8(b, wanted),
                vceqq_u8(c, wanted),
                vceqq_u8(d, wanted),
            ])
        }
    }

    /// # Safety
    /// The processor must have NEON.
    #[inline(always)]
    unsafe fn not_ascii([a, b, c, d]: [uint8x16_t; 4]) -> u64 {
        // SAFETY: as the function's own.
        unsafe {
            let least = vdupq_n_u8(0x80);
            packed([
                vcgeq_u8(a, least),
                vcgeq_u8(b, least),
                vcgeq_u8(c, least),
                vcgeq_u8(d, least),
            ])
        }
    }

    /// A bit for each byte, all of which are ones or zeros alone.
    ///
    /// # Safety
    /// The processor must have NEON.
    #[inline(always)]
    unsafe fn packed([a, b, c, d]: [uint8x16_t; 4]) -> u64 {
        // SAFETY: as the function's own; `BITS` has the 16 bytes that are loaded.
        unsafe {
            let bits = vld1q_u8(BITS.as_ptr());
            let (a, b, c, d) = (
                vandq_u8(a, bits),
                vandq_u8(b, bits),
                vandq_u8(c, bits),
                vandq_u8(d, bits),
            );
            // Three rounds of adding neighbours leave one byte for each eight.
            let sums = vpaddq_u8(vpaddq_u8(a, b), vpaddq_u8(c, d));
            let sums = vpaddq_u8(sums, sums);
            vgetq_lane_u64::<0>(vreinterpretq_u64_u8(sums))
        }
    }
}

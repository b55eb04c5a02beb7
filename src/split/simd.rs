//! Which of 64 bytes are quotes, delimiters, line breaks and backslashes: the one place with `unsafe` code.
//!
//! Every path gives the same masks; [`super::index`] does the rest on plain integers. The path is chosen at run time, so
//! that one binary runs on every x86-64 and on Graviton.
#![allow(unsafe_code)]

use super::index::{Scan, scan_chunks};

/// For each class one bit per byte, the first byte lowest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Masks {
    pub quote: u64,
    pub delimiter: u64,
    pub lf: u64,
    pub cr: u64,
    pub backslash: u64,
}

/// Classifies 64 bytes.
pub(super) trait Classify: Copy {
    fn classify(self, chunk: &[u8; 64], delimiter: u8) -> Masks;
}

/// A path that this machine can run. It cannot be made but by [`Path::best`] and [`Path::available`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Path(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Scalar,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "aarch64")]
    Neon,
}

impl Path {
    /// The fastest path of this machine.
    pub fn best() -> Path {
        Path::available().pop().unwrap_or(Path(Kind::Scalar))
    }

    /// Every path of this machine, the fastest last.
    pub fn available() -> Vec<Path> {
        #[allow(unused_mut)]
        let mut paths = vec![Path(Kind::Scalar)];
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") {
            paths.push(Path(Kind::Avx2));
        }
        #[cfg(target_arch = "aarch64")]
        if std::arch::is_aarch64_feature_detected!("neon") {
            paths.push(Path(Kind::Neon));
        }
        paths
    }

    /// Its name, as logs show it: `avx2`, `neon` or `scalar`.
    pub fn name(self) -> &'static str {
        match self.0 {
            Kind::Scalar => "scalar",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => "avx2",
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
            // SAFETY: this kind is only made after the processor said that it has NEON.
            #[cfg(target_arch = "aarch64")]
            Kind::Neon => unsafe { arm::scan(scan, text) },
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
        }
        masks
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        __m256i, _mm256_cmpeq_epi8, _mm256_loadu_si256, _mm256_movemask_epi8, _mm256_set1_epi8,
    };

    use super::{Classify, Masks, Scan, scan_chunks};

    #[derive(Clone, Copy)]
    struct Avx2;

    /// # Safety
    /// The processor must have AVX2.
    #[target_feature(enable = "avx2,bmi1,popcnt")]
    pub(super) unsafe fn scan(scan: &mut Scan, text: &[u8]) {
        scan_chunks(Avx2, scan, text);
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
            let low = _mm256_movemask_epi8(_mm256_cmpeq_epi8(low, wanted)).cast_unsigned();
            let high = _mm256_movemask_epi8(_mm256_cmpeq_epi8(high, wanted)).cast_unsigned();
            u64::from(low) | (u64::from(high) << 32)
        }
    }
}

#[cfg(target_arch = "aarch64")]
mod arm {
    use std::arch::aarch64::{
        uint8x16_t, vandq_u8, vceqq_u8, vdupq_n_u8, vgetq_lane_u64, vld1q_u8, vpaddq_u8, vreinterpretq_u64_u8,
    };

    use super::{Classify, Masks, Scan, scan_chunks};

    #[derive(Clone, Copy)]
    struct Neon;

    /// # Safety
    /// The processor must have NEON.
    #[target_feature(enable = "neon")]
    pub(super) unsafe fn scan(scan: &mut Scan, text: &[u8]) {
        scan_chunks(Neon, scan, text);
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
                }
            }
        }
    }

    /// # Safety
    /// The processor must have NEON.
    #[inline(always)]
    unsafe fn equal([a, b, c, d]: [uint8x16_t; 4], byte: u8) -> u64 {
        // SAFETY: as the function's own; `BITS` has the 16 bytes that are loaded.
        unsafe {
            let wanted = vdupq_n_u8(byte);
            let bits = vld1q_u8(BITS.as_ptr());
            let a = vandq_u8(vceqq_u8(a, wanted), bits);
            let b = vandq_u8(vceqq_u8(b, wanted), bits);
            let c = vandq_u8(vceqq_u8(c, wanted), bits);
            let d = vandq_u8(vceqq_u8(d, wanted), bits);
            // Three rounds of adding neighbours leave one byte for each eight.
            let sums = vpaddq_u8(vpaddq_u8(a, b), vpaddq_u8(c, d));
            let sums = vpaddq_u8(sums, sums);
            vgetq_lane_u64::<0>(vreinterpretq_u64_u8(sums))
        }
    }
}

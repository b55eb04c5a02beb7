//! A column chunk's distinct values, in the order in which they came.

use std::hash::{BuildHasher, Hash};

use hashbrown::{DefaultHashBuilder, HashTable};

/// Places for values that were asked for lately.
const RECENT: usize = 256;
/// Spreads neighbouring words over the places: 2^64 divided by the golden ratio.
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;
/// No index: there are never so many values.
const NONE: u32 = u32::MAX;

/// Values of one kind, each once.
pub(super) trait Distinct {
    /// A value.
    type Value<'v>: Copy + Hash;

    /// The value of this index.
    fn get(&self, index: u32) -> Option<Self::Value<'_>>;

    /// Appends a value.
    fn push(&mut self, value: Self::Value<'_>);

    /// How many there are.
    fn len(&self) -> usize;

    /// Bytes that they take in a dictionary page.
    fn bytes(&self) -> usize;

    /// Bytes that this one takes in a dictionary page.
    fn bytes_of(value: Self::Value<'_>) -> usize;

    /// Part of a value, quickly read, in which many differ.
    fn glance(value: Self::Value<'_>) -> u64;

    /// Whether the value of this index is this one.
    fn is(&self, index: u32, value: Self::Value<'_>) -> bool;
}

/// Finds the index of a value.
pub(super) struct Dictionary<D> {
    values: D,
    places: HashTable<u32>,
    /// Seeded anew each time, so that no part can be made to be slow.
    hasher: DefaultHashBuilder,
    recent: Box<[u32; RECENT]>,
    bytes_max: usize,
}

impl<D: Distinct + Default> Dictionary<D> {
    /// An empty dictionary, of at most so many bytes.
    pub(super) fn new(bytes_max: usize) -> Self {
        Dictionary {
            values: D::default(),
            places: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            recent: Box::new([NONE; RECENT]),
            bytes_max,
        }
    }

    /// The index of a value, which is new or not; none if there is no room for a new one.
    #[inline(always)]
    pub(super) fn index(&mut self, value: D::Value<'_>) -> Option<u32> {
        let place = (D::glance(value).wrapping_mul(SPREAD) >> 56) as usize;
        match self.recent.get(place) {
            Some(&index) if self.values.is(index, value) => Some(index),
            _ => self.look_up(value, place),
        }
    }

    #[inline(never)]
    fn look_up(&mut self, value: D::Value<'_>, place: usize) -> Option<u32> {
        let (values, hasher) = (&mut self.values, &self.hasher);
        let hash = hasher.hash_one(value);
        let index = match self.places.find(hash, |&index| values.is(index, value)) {
            Some(&index) => index,
            None => {
                if values.bytes() + D::bytes_of(value) > self.bytes_max {
                    return None;
                }
                let index = u32::try_from(values.len()).ok().filter(|&index| index != NONE)?;
                values.push(value);
                let hash_of = |&index: &u32| values.get(index).map_or(0, |value| hasher.hash_one(value));
                self.places.insert_unique(hash, index, hash_of);
                index
            }
        };
        if let Some(recent) = self.recent.get_mut(place) {
            *recent = index;
        }
        Some(index)
    }

    /// Its values.
    pub(super) fn values(&self) -> &D {
        &self.values
    }

    /// Bits that each index fits into.
    pub(super) fn index_bits(&self) -> u32 {
        let last = self.values.len().saturating_sub(1);
        (usize::BITS - last.leading_zeros()).max(1)
    }
}

/// Whole numbers.
#[derive(Default)]
pub(super) struct Longs(pub(super) Vec<i64>);

impl Distinct for Longs {
    type Value<'v> = i64;

    fn get(&self, index: u32) -> Option<i64> {
        self.0.get(index as usize).copied()
    }

    fn push(&mut self, value: i64) {
        self.0.push(value);
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn bytes(&self) -> usize {
        self.0.len() * size_of::<i64>()
    }

    fn bytes_of(_: i64) -> usize {
        size_of::<i64>()
    }

    #[inline(always)]
    fn glance(value: i64) -> u64 {
        value.cast_unsigned()
    }

    #[inline(always)]
    fn is(&self, index: u32, value: i64) -> bool {
        self.get(index) == Some(value)
    }
}

/// Texts, one behind the other.
#[derive(Default)]
pub(super) struct Texts {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Texts {
    /// The texts, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(&0).chain(&self.ends);
        let places = starts.zip(&self.ends);
        places.map(|(&start, &end)| self.bytes.get(start..end).unwrap_or_default())
    }
}

impl Distinct for Texts {
    type Value<'v> = &'v [u8];

    #[inline(always)]
    fn get(&self, index: u32) -> Option<&[u8]> {
        let index = index as usize;
        let end = *self.ends.get(index)?;
        let start = index
            .checked_sub(1)
            .map_or(Some(0), |before| self.ends.get(before).copied())?;
        self.bytes.get(start..end)
    }

    fn push(&mut self, value: &[u8]) {
        self.bytes.extend_from_slice(value);
        self.ends.push(self.bytes.len());
    }

    fn len(&self) -> usize {
        self.ends.len()
    }

    fn bytes(&self) -> usize {
        self.bytes.len() + self.ends.len() * size_of::<u32>()
    }

    fn bytes_of(value: &[u8]) -> usize {
        value.len() + size_of::<u32>()
    }

    /// The length, and the first and the last eight bytes.
    #[inline(always)]
    fn glance(value: &[u8]) -> u64 {
        let length = value.len() as u64;
        let ends = match (value.first_chunk::<8>(), value.last_chunk::<8>()) {
            (Some(first), Some(last)) => {
                u64::from_le_bytes(*first) ^ u64::from_le_bytes(*last).rotate_left(29)
            }
            _ => value.iter().fold(0, |word, &byte| word << 8 | u64::from(byte)),
        };
        ends ^ length.rotate_right(8)
    }

    #[inline(always)]
    fn is(&self, index: u32, value: &[u8]) -> bool {
        self.get(index) == Some(value)
    }
}

//! Chance without state: every choice is a function of the seed and of what is chosen, so that a record is the same
//! in whatever order, table or thread it is made.

/// A stream of numbers that starts at a place named by tags.
pub struct Random(u64);

impl Random {
    /// The stream of one place. Other tags, another stream.
    pub fn at(seed: u64, tags: &[u64]) -> Self {
        let mut state = mix(seed ^ 0x6a09_e667_f3bc_c908);
        for tag in tags {
            state = mix(state.wrapping_add(0x9e37_79b9_7f4a_7c15) ^ tag.wrapping_mul(0xd6e8_feb8_6659_fd93));
        }
        Random(state)
    }

    /// The next 64 bits (SplitMix64).
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number below `limit`; 0 where `limit` is 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(limit)) >> 64) as u64
    }

    /// A number in `from..to`; `from` where the range is empty.
    pub fn between(&mut self, from: i64, to: i64) -> i64 {
        from + self.below(to.saturating_sub(from).max(0) as u64) as i64
    }

    /// True so many times in a thousand.
    pub fn chance(&mut self, per_mille: u64) -> bool {
        self.below(1_000) < per_mille
    }

    /// One of a list that is not empty.
    pub fn pick<'a, T: ?Sized>(&mut self, list: &[&'a T]) -> &'a T {
        list[self.below(list.len() as u64) as usize]
    }
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

//! A small generator of our own, so that the tables stay the same whatever a library does.

/// splitmix64.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Random(seed)
    }

    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `n`, without moving on.
    pub fn peek_below(&self, n: u64) -> u64 {
        Random(self.0 ^ 77).below(n)
    }

    pub fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.draw()) * u128::from(n)) >> 64) as u64
    }

    pub fn range(&mut self, from: u64, to: u64) -> u64 {
        from + self.below(to - from)
    }

    /// True in so many of a hundred cases.
    pub fn percent(&mut self, p: u64) -> bool {
        self.below(100) < p
    }

    /// From 0 up to 1.
    pub fn unit(&mut self) -> f64 {
        (self.draw() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// An index below `n`, small ones far more often: log-uniform, which is near Zipf with exponent 1.
    pub fn zipf(&mut self, n: usize) -> usize {
        let u = self.unit();
        let x = ((n as f64 + 1.0).ln() * u).exp() - 1.0;
        (x as usize).min(n - 1)
    }

    /// One of `choices`, the first ones far more often.
    pub fn pick<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.zipf(choices.len())]
    }
}

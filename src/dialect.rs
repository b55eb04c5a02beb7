//! How a part's text is laid out: what is declared, and what is decided.

/// What is declared of a dialect; what is not is detected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared {}

/// Which dialect a pass reads, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {}

//! The readers of cells against other people's parsers, and against tables of what must and must not be read.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod bigints;
mod dates;
mod decimals;
mod doubles;
mod timestamps;

use proptest::prelude::*;

/// Text that is nearly a number: any mixture of what numbers are made of.
fn number_like() -> impl Strategy<Value = String> {
    prop_oneof![
        "[-+]?[0-9]{1,22}",
        "[-+]?[0-9]{0,20}[.]?[0-9]{0,20}([eE][-+]?[0-9]{1,4})?",
        "[-+.eE0-9x ]{0,24}"
    ]
}

/// Text with up to two bytes changed.
fn mutated(text: impl Strategy<Value = String>) -> impl Strategy<Value = Vec<u8>> {
    let places = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3);
    let usual = prop::collection::vec(
        (
            any::<prop::sample::Index>(),
            prop::sample::select(b"0129 :.-+TZz".to_vec()),
        ),
        0..3,
    );
    (text, prop_oneof![places, usual]).prop_map(|(text, places)| {
        let mut bytes = text.into_bytes();
        for (index, byte) in places {
            if !bytes.is_empty() {
                let at = index.index(bytes.len());
                bytes[at] = byte;
            }
        }
        bytes
    })
}

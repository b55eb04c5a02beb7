//! The fuzz targets over what each of them starts from: they compile with the product, and what was once found stays mended.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::fs;
use std::path::Path;

// The targets are written for libFuzzer's crate. Here it is this file, and a target is an ordinary function.
extern crate self as libfuzzer_sys;

mod shim {
    macro_rules! fuzz_target {
        (|$input:ident: &[u8]| $body:block) => {
            pub fn target($input: &[u8]) $body
        };
    }
    pub(crate) use fuzz_target;
}
pub(crate) use shim::fuzz_target;

#[allow(
    unused_attributes,
    reason = "a target is a program of its own, without a main"
)]
#[path = "../fuzz/fuzz_targets/inflate.rs"]
mod inflate;
#[allow(
    unused_attributes,
    reason = "a target is a program of its own, without a main"
)]
#[path = "../fuzz/fuzz_targets/notices.rs"]
mod notices;
#[allow(
    unused_attributes,
    reason = "a target is a program of its own, without a main"
)]
#[path = "../fuzz/fuzz_targets/records.rs"]
mod records;

/// Each file of a folder through a target: how many there were.
fn replay(folder: &str, target: fn(&[u8])) -> usize {
    let files = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap();
    let inputs = files.map(|file| {
        let path = file.unwrap().path();
        println!("{}", path.display());
        target(&fs::read(path).unwrap());
    });
    inputs.count()
}

#[test]
fn inflate_takes_its_corpus() {
    assert!(replay("fuzz/corpus/inflate", inflate::target) > 0);
}

#[test]
fn notices_take_their_corpus_and_the_events() {
    assert!(replay("fuzz/corpus/notices", notices::target) > 0);
    assert!(replay("events", notices::target) > 0);
}

#[test]
fn records_take_their_corpus() {
    assert!(replay("fuzz/corpus/records", records::target) > 0);
}

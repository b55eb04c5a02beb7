//! Same options, same bytes; and what is not the sample's stays.

use std::fs;

use daymark::sample::{self, Options, SampleError};

use crate::{hashes, shared, small, truth};

#[test]
fn same_options_give_the_same_bytes_and_another_seed_others() {
    let dir = tempfile::tempdir().unwrap();
    let mut bytes = 0;
    let summary = sample::write(&small(dir.path()), &mut |progress| bytes = progress.bytes_written).unwrap();
    assert_eq!(hashes(dir.path()), hashes(shared()));
    assert_eq!(bytes, summary.bytes);
    // Over an earlier sample, of which nothing stays.
    sample::write(
        &Options {
            seed: 2,
            days: 4,
            ..small(dir.path())
        },
        &mut |_| (),
    )
    .unwrap();
    let other = hashes(dir.path());
    let same = hashes(shared())
        .into_iter()
        .filter(|(name, hash)| other.get(name) == Some(hash))
        .count();
    assert!(same < 30, "only tables without chance stay the same: {same}");
    sample::write(&small(dir.path()), &mut |_| ()).unwrap();
    assert_eq!(hashes(dir.path()), hashes(shared()));
}

#[test]
fn sizes_come_near_what_was_asked() {
    for (size_bytes, days) in [(900_000, 3), (3_000_000, 2)] {
        let dir = tempfile::tempdir().unwrap();
        let options = Options {
            size_bytes,
            days,
            ..Options::new(dir.path())
        };
        let summary = sample::write(&options, &mut |_| ()).unwrap();
        let parts: u64 = truth::expected(dir.path())
            .parts
            .iter()
            .map(|part| part.bytes)
            .sum();
        assert_eq!(summary.bytes, parts);
        assert!(
            (size_bytes * 3 / 4..size_bytes * 5 / 4).contains(&summary.bytes),
            "{size_bytes}: {}",
            summary.bytes
        );
    }
}

#[test]
fn a_foreign_directory_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options {
        size_bytes: 200_000,
        days: 1,
        ..Options::new(dir.path())
    };
    fs::write(dir.path().join("notes.txt"), "mine").unwrap();
    let error = sample::write(&options, &mut |_| ()).unwrap_err();
    assert!(
        matches!(&error, SampleError::NotEmpty { found, can_force: true, .. } if found == "notes.txt"),
        "{error}"
    );
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    let forced = Options {
        force: true,
        ..options
    };
    fs::create_dir(dir.path().join("landing")).unwrap();
    let error = sample::write(&forced, &mut |_| ()).unwrap_err();
    assert!(
        matches!(&error, SampleError::NotEmpty { found, can_force: false, .. } if found == "landing"),
        "{error}"
    );
    fs::remove_dir(dir.path().join("landing")).unwrap();
    // Another program's marker is no leave either.
    fs::write(dir.path().join("sample.json"), "{\"format\": 1}").unwrap();
    let error = sample::write(&forced, &mut |_| ()).unwrap_err();
    assert!(
        matches!(&error, SampleError::NotEmpty { found, can_force: false, .. } if found == "sample.json"),
        "{error}"
    );
    fs::remove_file(dir.path().join("sample.json")).unwrap();
    sample::write(&forced, &mut |_| ()).unwrap();
    // It is a sample's now, and what is not the sample's stays.
    sample::write(
        &Options {
            force: false,
            ..forced.clone()
        },
        &mut |_| (),
    )
    .unwrap();
    fs::create_dir(dir.path().join("landing/other")).unwrap();
    sample::write(
        &Options {
            force: false,
            ..forced.clone()
        },
        &mut |_| (),
    )
    .unwrap();
    assert!(dir.path().join("landing/other").is_dir());
    assert_eq!(fs::read_to_string(dir.path().join("notes.txt")).unwrap(), "mine");
}

#[test]
fn impossible_options_are_refused_before_anything_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let base = Options::new(dir.path().join("new"));
    let refused = |options: Options| sample::write(&options, &mut |_| ()).unwrap_err().to_string();
    assert!(
        refused(Options {
            size_bytes: 1_000,
            ..base.clone()
        })
        .contains("expected 450000 to")
    );
    assert!(
        refused(Options {
            size_bytes: u64::MAX,
            ..base.clone()
        })
        .contains("out of range")
    );
    assert!(
        refused(Options {
            days: 0,
            ..base.clone()
        })
        .contains("expected 1 to 400")
    );
    assert!(
        refused(Options {
            days: usize::MAX,
            ..base.clone()
        })
        .contains("expected 1 to 400")
    );
    for first_day in ["2026-02-30", "20261120", "", "1969-01-01", "9999-12-31"] {
        assert!(
            refused(Options {
                first_day: first_day.to_owned(),
                ..base.clone()
            })
            .contains("expected yyyy-MM-dd")
        );
    }
    assert!(!dir.path().join("new").exists());
}

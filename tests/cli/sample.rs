//! `sample` and `demo`.

use super::Desk;

#[test]
fn a_sample_is_written_twice_alike() {
    let desk = Desk::new();
    for dir in ["one", "two", "one"] {
        desk.run(&["sample", dir, "--size", "500kB", "--days", "1", "--seed", "7"])
            .expect(0)
            .says("1 day of ");
    }
    let of = |dir: &str| -> Vec<(String, Vec<u8>)> {
        let names = desk.listing().into_iter();
        let names = names.filter(|name| name.starts_with(dir) && !name.ends_with('/'));
        names
            .map(|name| {
                (
                    name[dir.len()..].to_owned(),
                    std::fs::read(desk.path(&name)).unwrap(),
                )
            })
            .collect()
    };
    assert!(of("one") == of("two") && of("one").len() > 20);
    desk.write("mine/notes", b"");
    desk.run(&["sample", "mine", "--size", "500kB", "--days", "1"])
        .expect(1)
        .says("notes");
    let help = desk.run(&["sample", "--help"]).expect(0).stdout;
    let help: Vec<&str> = help.split_whitespace().collect();
    assert!(
        help.join(" ").contains("So three days have them all."),
        "{help:?}"
    );
    desk.run(&["sample", "new", "--size", "huge"]).expect(2);
    desk.run(&["sample", "new", "--days", "0"]).expect(2);
    assert!(!desk.path("new").exists());
}

#[test]
fn a_demo_lands_what_the_sample_has() {
    let desk = Desk::new();
    for _ in 0..2 {
        desk.run(&["demo", "--size", "600kB", "--days", "3"])
            .expect(0)
            .says("(broken)")
            .says("sweep: 2026-11-20 is complete, revision 1: ")
            .says("sweep: 2026-11-21 is complete, revision 1: ")
            .says("sweep: 2026-11-21 is reopened, revision 2: revision 1 stays published")
            .says("sweep: 2026-11-22 is blocked, revision 1: nothing of it is published")
            .shows("20✓ 21↻ 22✗")
            .shows("3 days: 1 complete, 1 reopened, 1 blocked; ")
            .shows("object_properties")
            .shows("Refused, because no new try could help")
            .shows("truncated")
            .shows("As many rows, rejects and refused parts as the sample has")
            .shows("daymark-demo/curated/table=objects/");
    }
    for name in [
        "landing/hubspot/2026-11-20/OBJECTS",
        "curated/failed",
        "curated/rejected",
        "curated/manifest/date=2026-11-22/manifest.json",
        "curated/published/table=objects/date=2026-11-20/symlink.txt",
        "truth",
        "function.log",
    ] {
        assert!(desk.path("daymark-demo").join(name).exists(), "{name}");
    }
    assert!(!desk.path("daymark-demo/sample").exists());
    desk.run(&["verify", "--dir", "daymark-demo"])
        .expect(0)
        .shows("0 faults");
    desk.run(&["status", "--dir", "daymark-demo"])
        .expect(0)
        .shows("20✓ 21↻ 22✗");
    // What a demo did not make is not replaced.
    desk.write("mine/notes", b"mine");
    desk.run(&["demo", "--dir", "mine"]).expect(2).says("notes");
    assert_eq!(desk.read("mine/notes"), "mine");
    // What cannot be made leaves no folder.
    desk.run(&["demo", "--dir", "none", "--days", "0"])
        .expect(2)
        .says("days");
    assert!(!desk.path("none").exists());
}

#[test]
fn a_file_is_no_folder_for_a_sample() {
    let desk = Desk::with(&[("a.csv", "a\n")]);
    for arguments in [
        &["sample", "a.csv"][..],
        &["sample", "a.csv", "--force"],
        &["demo", "--dir", "a.csv"],
    ] {
        desk.run(arguments)
            .expect(2)
            .says("a.csv: expected a folder, found a file");
    }
    assert_eq!(desk.listing(), ["a.csv"]);
}

#[test]
fn the_least_size_of_a_sample_is_in_its_help() {
    let desk = Desk::new();
    for command in ["sample", "demo"] {
        let help = desk.run(&[command, "--help"]).expect(0).stdout;
        let help: Vec<&str> = help.split_whitespace().collect();
        assert!(help.join(" ").contains("at least 150kB a day"), "{help:?}");
    }
    let least = ["sample", "x", "--days", "1", "--size"];
    desk.run(&[&least[..], &["150kB"]].concat()).expect(0);
    desk.run(&[&least[..], &["149999B"]].concat())
        .expect(2)
        .says("for 1 day\n");
}

//! `verify`: every promise of a manifest, broken once.

use std::fs;
use std::time::{Duration, SystemTime};

use daymark::manifest::{History, Revision, sha256};

use super::{Desk, backfill, damage, find, folder, run, run_with};

fn whole() -> Desk {
    let desk = folder();
    backfill(&desk).expect(0);
    desk
}

#[track_caller]
fn faulty(desk: &Desk, words: &[&str]) {
    let mut ran = run(desk, &["verify", "--date", "2026-11-20"]).expect(1);
    for word in words {
        ran = ran.says(word);
    }
}

#[test]
fn what_is_as_it_was_has_no_fault() {
    let desk = whole();
    run(&desk, &["verify"])
        .expect(0)
        .shows("2026-11-20: 2 parts, 6 rows, ")
        .shows("2026-11-21: 0 parts")
        .shows("0 faults");
    let ran = run(&desk, &["verify", "--quiet"]).expect(0);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
    faulty_date(&desk);
    let left: Vec<String> = desk
        .listing()
        .into_iter()
        .filter(|name| name.ends_with(".tmp"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

fn faulty_date(desk: &Desk) {
    run(desk, &["verify", "--date", "2026-12-24"])
        .expect(1)
        .shows("1 fault")
        .says("2026-12-24: there is nothing of this day");
}

#[test]
fn a_source_that_is_gone_is_told_and_no_fault() {
    let desk = whole();
    fs::remove_file(desk.path("lake/landing/hubspot/2026-11-20/TEAMS/data_0_0_0.csv.gz")).unwrap();
    run(&desk, &["verify"]).expect(0).shows("1 source gone");
}

#[test]
fn a_source_that_was_replaced() {
    let desk = whole();
    let source = "lake/landing/hubspot/2026-11-20/TEAMS/data_0_0_0.csv.gz";
    damage(&desk, source);
    // The next sweep finds it, so nothing is wrong.
    run(&desk, &["verify", "--date", "2026-11-20"]).expect(0).shows(
        "as the manifest says; 1 source replaced since, which the next sweep will convert: hubspot/2026-11-20/TEAMS/",
    );
    // It was there like this when the day was found whole, so something else was published.
    let long_ago = SystemTime::now() - Duration::from_secs(3_600);
    let file = fs::File::options().write(true).open(desk.path(source)).unwrap();
    file.set_modified(long_ago).unwrap();
    faulty(
        &desk,
        &["ETag of source hubspot/2026-11-20/TEAMS/data_0_0_0.csv.gz: expected "],
    );
}

#[test]
fn parquet_that_was_damaged_replaced_or_lost() {
    let desk = whole();
    let output = find(&desk, &["table=owners/date=2026-11-20", ".parquet"]);
    let before = fs::read(desk.path(&output)).unwrap();
    damage(&desk, &output);
    faulty(&desk, &["table=owners/date=2026-11-20/", ": ETag: expected "]);
    // Another sound file in its place: every word of its record is another one.
    let other = find(&desk, &["table=teams/date=2026-11-20", ".parquet"]);
    fs::copy(desk.path(&other), desk.path(&output)).unwrap();
    faulty(
        &desk,
        &[
            "bytes: expected ",
            "rows, decoded: expected 4, found 2",
            "records read in the footer: expected 4, found 2",
            "SHA-256 of the source in the footer: expected ",
        ],
    );
    fs::remove_file(desk.path(&output)).unwrap();
    faulty(&desk, &["expected the Parquet file, found none"]);
    fs::write(desk.path(&output), before).unwrap();
    run(&desk, &["verify"]).expect(0);
}

#[test]
fn rejects_that_are_lost_or_cut() {
    let desk = whole();
    let rejects = find(&desk, &["rejected/table=owners/date=2026-11-20"]);
    fs::write(desk.path(&rejects), "").unwrap();
    faulty(&desk, &["expected 1, found 0"]);
    let line = whole().read(&rejects);
    let other = line.replace("OWNERS", "TEAMS");
    for (damaged, why) in [
        ("{\"version\":1}\n", "line 1: expected a reject: missing field"),
        (&other[..], "expected a reject of hubspot/2026-11-20/OWNERS/"),
        (
            &line.replace("\"column\":\"archived\",", ""),
            "rejected records in",
        ),
        (&line.repeat(2), "rejected cells in"),
    ] {
        fs::write(desk.path(&rejects), damaged).unwrap();
        faulty(
            &desk,
            &[why, "; while the part's source is there, `daymark replay`"],
        );
    }
    // What is advised mends it, and leaves the Parquet as it was.
    let output = find(&desk, &["/table=owners/date=2026-11-20/", ".parquet"]);
    let written = desk.path(&output).metadata().unwrap().modified().unwrap();
    let replay = ["replay", output.strip_prefix("lake/curated/").unwrap()];
    run(&desk, &replay)
        .expect(0)
        .shows("its rejects were not all, written again: rejected/");
    assert_eq!(desk.read(&rejects), line);
    run(&desk, &["verify"]).expect(0);
    fs::remove_file(desk.path(&rejects)).unwrap();
    faulty(&desk, &["expected 1 rejects in "]);
    run(&desk, &replay)
        .expect(0)
        .shows("its rejects were gone, written again");
    fs::write(desk.path(&rejects), "damaged").unwrap();
    run(&desk, &replay)
        .expect(0)
        .shows("its rejects were damaged (line 1: ");
    run(&desk, &["verify"]).expect(0);
    run(&desk, &replay)
        .expect(0)
        .shows(&format!("there already: {}\n", &output["lake/curated/".len()..]));
    assert_eq!(
        desk.path(&output).metadata().unwrap().modified().unwrap(),
        written
    );
}

/// A manifest whose history says something else, and is sound.
fn revised(text: &str, change: impl FnOnce(&mut History)) -> String {
    let mut revision: Revision = serde_json::from_str(text).unwrap();
    change(&mut revision.history);
    revision.history_sha256 = Some(revision.history.sha256().unwrap());
    String::from_utf8(revision.to_json().unwrap()).unwrap()
}

#[test]
fn a_revision_that_is_dated_ahead_is_named_and_no_fault() {
    let desk = whole();
    let folder = "lake/curated/manifest/date=2026-11-20/";
    let text = desk.read(&format!("{folder}manifest.json"));
    let ahead = revised(&text, |history| history.listed_ms += 400 * 24 * 60 * 60 * 1000);
    let checksum = format!("{}  manifest.json\n", sha256(ahead.as_bytes()));
    for (name, text) in [
        ("r000001.json", &ahead),
        ("manifest.json", &ahead),
        ("manifest.json.sha256", &checksum),
    ] {
        desk.write(&format!("{folder}{name}"), text.as_bytes());
    }
    run(&desk, &["verify", "--date", "2026-11-20"])
        .expect(0)
        .shows("revision 1 is dated ")
        .shows(" days ahead of S3's clock");
}

/// It has no checksum of its history, and its copy has one.
#[test]
fn a_damaged_revision_of_an_earlier_release_is_named() {
    let desk = whole();
    let folder = "lake/curated/manifest/date=2026-11-20/";
    let text = desk.read(&format!("{folder}manifest.json"));
    let mut older: Revision = serde_json::from_str(&text).unwrap();
    (older.version, older.history_sha256) = (2, None);
    let older = String::from_utf8(older.to_json().unwrap()).unwrap();
    let checksum = format!("{}  manifest.json\n", sha256(older.as_bytes()));
    for (name, text) in [
        ("r000001.json", &older.replace("\"late\":false", "\"late\":true")),
        ("manifest.json", &older),
        ("manifest.json.sha256", &checksum),
    ] {
        desk.write(&format!("{folder}{name}"), text.as_bytes());
    }
    faulty(
        &desk,
        &[
            "r000001.json: expected the bytes of manifest/date=2026-11-20/manifest.json, whose checksum fits it",
        ],
    );
}

#[test]
fn a_manifest_that_does_not_fit_its_checksum_its_content_or_its_original() {
    let folder = "lake/curated/manifest/date=2026-11-20/";
    let desk = whole();
    desk.write(&format!("{folder}manifest.json.sha256"), b"00  manifest.json\n");
    faulty(&desk, &["manifest.json.sha256: expected "]);
    let desk = whole();
    let manifest = format!("{folder}manifest.json");
    let text = desk.read(&manifest);
    desk.write(
        &manifest,
        text.replace("\"rows_written\":4", "\"rows_written\":5")
            .as_bytes(),
    );
    faulty(&desk, &["expected content with the SHA-256"]);
    let desk = whole();
    desk.write(
        &manifest,
        text.replace("\"late\":false", "\"late\":true").as_bytes(),
    );
    faulty(&desk, &["manifest.json: expected history with the SHA-256"]);
    let late = revised(&text, |history| history.late = true);
    desk.write(&manifest, late.as_bytes());
    faulty(
        &desk,
        &["expected the bytes of manifest/date=2026-11-20/r000001.json"],
    );
    desk.write(&manifest, b"{");
    faulty(&desk, &["found no JSON"]);
    fs::remove_file(desk.path(&manifest)).unwrap();
    faulty(&desk, &["expected a copy of the newest revision, found none"]);
}

/// It is written last: somebody is at it, or was stopped there, and the next sweep ends it.
#[test]
fn a_checksum_that_is_missing_is_no_damage() {
    let desk = whole();
    let checksum = "lake/curated/manifest/date=2026-11-20/manifest.json.sha256";
    fs::remove_file(desk.path(checksum)).unwrap();
    run(&desk, &["verify", "--date", "2026-11-20"])
        .expect(0)
        .shows("its checksum is not written yet");
}

#[test]
fn a_manifest_that_is_a_copy_of_an_earlier_revision() {
    let desk = whole();
    let folder = "lake/curated/manifest/date=2026-11-20/";
    let text = desk.read(&format!("{folder}manifest.json"));
    desk.write(
        &format!("{folder}r000002.json"),
        revised(&text, |history| {
            (history.revision, history.published) = (2, Some(2))
        })
        .as_bytes(),
    );
    faulty(
        &desk,
        &["expected a copy of manifest/date=2026-11-20/r000002.json, found one of revision 1"],
    );
}

#[test]
fn symlinks_that_name_something_else() {
    let desk = whole();
    let link = "lake/curated/published/table=owners/date=2026-11-20/symlink.txt";
    let text = desk.read(link);
    desk.write(
        link,
        format!("{text}s3://curated/table=owners/x.parquet\n").as_bytes(),
    );
    faulty(&desk, &["x.parquet does not belong there"]);
    desk.write(link, b"");
    faulty(
        &desk,
        &["expected the 1 file of the manifest, found 0", "is missing"],
    );
    desk.write(link, text.as_bytes());
    let strange = "lake/curated/published/table=strange/date=2026-11-20/symlink.txt";
    desk.write(strange, text.as_bytes());
    faulty(&desk, &["table=strange/"]);
    fs::remove_file(desk.path(strange)).unwrap();
}

#[test]
fn parts_as_a_table_that_are_others_damaged_or_lost() {
    let desk = whole();
    let ledger = "lake/curated/parts/date=2026-11-20/r000001.parquet";
    let other = find(&desk, &["table=teams/date=2026-11-20", ".parquet"]);
    fs::copy(desk.path(&other), desk.path(ledger)).unwrap();
    faulty(&desk, &["expected the parts of the manifest, found others"]);
    desk.write(ledger, b"PAR1");
    faulty(&desk, &["r000001.parquet: expected Parquet that can be decoded"]);
    fs::remove_file(desk.path(ledger)).unwrap();
    faulty(&desk, &["expected the parts as a table, found none"]);
}

#[test]
fn a_live_symlink_that_names_what_is_not_there() {
    let desk = whole();
    let link = "lake/curated/live/table=owners/date=2026-11-20/symlink.txt";
    let text = desk.read(link);
    desk.write(link, text.replace(".parquet", ".parket").as_bytes());
    faulty(
        &desk,
        &["live/table=owners/date=2026-11-20/symlink.txt: expected files that are there, found s3://"],
    );
}

#[test]
fn a_pointer_to_another_day_than_the_newest_published_one() {
    let desk = whole();
    let pointer = "lake/curated/latest/latest.json";
    for (text, words) in [
        (
            "{\"date\":\"2026-11-19\"}\n",
            "expected a day that is published, found 2026-11-19, which has no manifest",
        ),
        (
            "{\"date\":\"2026-11-21\"}\n",
            "expected a day that is published, found 2026-11-21",
        ),
        (
            "{\"date\":\"2026-12-20\"}\n",
            "expected a day that is published, found 2026-12-20, which has no manifest",
        ),
        ("", "expected 2026-11-20 or a newer day, found none"),
        ("2026-11-20", "expected {\"date\":\"yyyy-MM-dd\"}"),
    ] {
        desk.write(pointer, text.as_bytes());
        run(&desk, &["verify"])
            .expect(1)
            .says(&format!("fault: latest/latest.json: {words}"));
    }
    fs::remove_file(desk.path(pointer)).unwrap();
    faulty(&desk, &["expected 2026-11-20 or a newer day, found none"]);
}

/// A prefix with a slip in it must not look sound.
#[test]
fn where_nothing_is_nothing_is_sound() {
    let desk = Desk::with(&[("lake/landing/readme", "")]);
    run(&desk, &["verify"])
        .expect(1)
        .says("found none")
        .says("in s3://curated");
    let desk = folder();
    run(&desk, &["verify"])
        .expect(0)
        .shows("none of 2 days has a manifest yet");
    run(&desk, &["verify", "--date", "2026-11-20"])
        .expect(0)
        .shows("2026-11-20: it has no manifest yet");
}

#[test]
fn a_published_revision_that_is_lost_while_its_day_is_blocked() {
    let desk = whole();
    desk.write(
        "lake/landing/hubspot/2026-11-20/OWNERS/data_0_0_0.csv.gz",
        b"no gzip",
    );
    backfill(&desk);
    fs::remove_file(desk.path("lake/curated/manifest/date=2026-11-20/r000001.json")).unwrap();
    let ran = run(&desk, &["verify", "--date", "2026-11-20"])
        .expect(1)
        .says("r000001.json: expected the published revision, found none")
        .shows("1 fault");
    assert!(!ran.stderr.contains("symlink"), "{}", ran.stderr);
    run(&desk, &["status"])
        .shows("revision 1, which is published, cannot be read")
        .shows("revision 1 stays published");
}

/// Nothing tells what it is to name. What is no symlink at all is told all the same.
#[test]
fn a_symlink_that_is_damaged_while_its_revision_is_lost() {
    let desk = whole();
    let source = "lake/landing/hubspot/2026-11-20/OWNERS/data_0_0_0.csv.gz";
    desk.write(source, b"no gzip");
    backfill(&desk);
    fs::remove_file(desk.path("lake/curated/manifest/date=2026-11-20/r000001.json")).unwrap();
    let link = "published/table=owners/date=2026-11-20/symlink.txt";
    desk.write(&format!("lake/curated/{link}"), b"\0\0\0");
    run(&desk, &["verify", "--date", "2026-11-20"])
        .expect(1)
        .says("r000001.json: expected the published revision, found none")
        .says(&format!(
            "{link}: expected a URL of the curated prefix on each line"
        ))
        .shows("2 faults");
    run(&desk, &["status"]).shows(&format!("{link} is damaged"));
}

#[test]
fn a_newest_revision_that_is_lost_while_its_day_is_complete() {
    let desk = whole();
    fs::remove_file(desk.path("lake/curated/manifest/date=2026-11-20/r000001.json")).unwrap();
    faulty(
        &desk,
        &["expected its original manifest/date=2026-11-20/r000001.json, found none"],
    );
}

/// Nothing tells whether anything of the day is published, so nothing is wrong with the pointer.
#[test]
fn a_manifest_that_cannot_be_read_says_nothing_of_the_pointer() {
    // The 20th is what the pointer names; of the 21st nothing was ever published.
    for date in ["2026-11-20", "2026-11-21"] {
        let desk = whole();
        desk.write(&format!("lake/curated/manifest/date={date}/manifest.json"), b"{");
        let ran = run(&desk, &["verify"])
            .expect(1)
            .says(&format!("fault: {date}: manifest/date={date}/manifest.json"));
        assert!(!ran.stderr.contains("latest.json"), "{}", ran.stderr);
    }
}

/// Athena reads each of them beside the file that is meant, so that rows would be there twice.
#[test]
fn objects_beside_what_athena_is_to_read() {
    let desk = whole();
    for beside in [
        "published/table=owners/date=2026-11-20/copy.txt",
        "published/table=daymark_parts/date=2026-11-20/deep/copy.txt",
        "live/table=teams/date=2026-11-20/copy.txt",
        "latest/copy.json",
    ] {
        let path = format!("lake/curated/{beside}");
        desk.write(&path, b"x");
        faulty(&desk, &[&format!("{beside}: expected nothing beside ")]);
        run(&desk, &["verify", "--date", "2026-11-20"]).shows("1 day: 2 parts, 6 rows, ");
        fs::remove_file(desk.path(&path)).unwrap();
    }
    desk.write(
        "lake/curated/published/table=owners/date=2026-11-20/_copy.txt",
        b"x",
    );
    run(&desk, &["verify"]).expect(0);
}

#[test]
fn a_day_of_which_only_symlinks_are_left() {
    let desk = whole();
    for folder in [
        "landing/hubspot/2026-11-20",
        "curated/manifest/date=2026-11-20",
        "curated/table=owners/date=2026-11-20",
        "curated/table=teams/date=2026-11-20",
    ] {
        fs::remove_dir_all(desk.path(&format!("lake/{folder}"))).unwrap();
    }
    for arguments in [&["verify"][..], &["verify", "--date", "2026-11-20"]] {
        run(&desk, arguments)
            .expect(1)
            .says("2026-11-20: published/table=owners/date=2026-11-20/symlink.txt: expected no files of a day without a manifest, found s3://curated/table=owners/")
            .says("2026-11-20: live/table=teams/date=2026-11-20/symlink.txt: expected files that are there, found s3://curated/table=teams/")
            .shows("2026-11-20: 0 parts");
    }
    run(&desk, &["verify", "--date", "2026-11-21"]).shows("2026-11-21: 0 parts");
}

/// It has live symlinks and no manifest, as it should.
#[test]
fn a_day_that_is_not_complete_yet_has_no_fault() {
    let desk = folder();
    fs::remove_file(desk.path("lake/landing/hubspot/2026-11-21/OWNERS/data_0_1_0.csv.gz")).unwrap();
    run_with(
        &desk,
        &["backfill", "--from", "2026-11-01", "--to", "2026-11-30"],
        &[],
    );
    find(&desk, &["live/table=owners/date=2026-11-20"]);
    // Not in a folder, but elsewhere, what is sent is counted there.
    for day in ["2026-11-20", "2026-11-21"] {
        let sent = format!("lake/curated/manifest/date={day}/sent.json");
        desk.write(&sent, b"{\"version\":1,\"parts\":{}}\n");
    }
    run(&desk, &["verify"])
        .expect(0)
        .shows("2026-11-20: 0 parts")
        .shows("read: no fault; it has no manifest yet")
        .shows("2 days: 0 parts");
    // The same without what was counted of its sends.
    fs::remove_dir_all(desk.path("lake/curated/manifest")).unwrap();
    run(&desk, &["verify"])
        .expect(0)
        .shows("none of 2 days has a manifest yet");
}

#[test]
fn a_revision_that_is_foreign_is_blamed_itself() {
    let desk = whole();
    let folder = "lake/curated/manifest/date=2026-11-20/";
    for (number, text, words) in [
        (1, "{\"version\":99}", "expected version 3 at most, found 99"),
        (1, "x", "expected a manifest, found something else"),
        (2, "{\"version\":99}", "expected version 3 at most, found 99"),
    ] {
        let revision = format!("{folder}r00000{number}.json");
        let before = fs::read(desk.path(&revision)).ok();
        desk.write(&revision, text.as_bytes());
        let ran = run(&desk, &["verify", "--date", "2026-11-20"])
            .expect(1)
            .says(&format!(
                "2026-11-20: manifest/date=2026-11-20/r00000{number}.json: {words}"
            ));
        assert!(!ran.stderr.contains("manifest.json: "), "{}", ran.stderr);
        match before {
            Some(before) => fs::write(desk.path(&revision), before).unwrap(),
            None => fs::remove_file(desk.path(&revision)).unwrap(),
        }
    }
    run(&desk, &["verify"]).expect(0);
}

#[test]
fn parquet_of_a_newer_release() {
    let desk = whole();
    let output = find(&desk, &["table=owners/date=2026-11-20", ".parquet"]);
    let mut bytes = fs::read(desk.path(&output)).unwrap();
    let version = b"{\"version\":1,";
    let at = bytes.windows(version.len()).rposition(|window| window == version);
    bytes[at.unwrap() + version.len() - 2] = b'2';
    fs::write(desk.path(&output), bytes).unwrap();
    let words =
        "expected version 1 at most of its record daymark.part, found 2: a newer release of Daymark wrote it";
    faulty(&desk, &[words]);
    desk.run(&["inspect", &output])
        .expect(0)
        .shows(words)
        .shows("\"version\": 2");
    run(&desk, &["status"]).shows("a newer release of Daymark was here");
}

#[test]
fn a_failure_record_that_is_damaged() {
    let desk = whole();
    let failure = find(&desk, &["/failed/", "2026-11-21"]);
    let sound = desk.read(&failure);
    let others = sound.replace("data_0_1_0", "data_0_2_0");
    for (text, words) in [
        (
            "{\"form\":99}",
            "expected form 1 at the most, found 99: a newer release",
        ),
        (&others[..], "expected a failure record of part "),
        ("{", "expected a failure record: EOF"),
        (
            &sound.replace("\"table\"", "\"tablx\"")[..],
            "expected a failure record: missing field `table`; if its part waits for it, the next sweep sets it aside",
        ),
    ] {
        desk.write(&failure, text.as_bytes());
        run(&desk, &["verify", "--date", "2026-11-21"])
            .expect(1)
            .says("fault: 2026-11-21: failed/table=owners/date=2026-11-21/")
            .says(words)
            .shows("1 fault");
    }
    backfill(&desk);
    run(&desk, &["verify"]).expect(0);
}

/// A day that was published twice.
fn published_twice() -> Desk {
    let desk = whole();
    super::land(&desk, "2026-11-20", "TEAMS", "data_0_1_0", &super::teams());
    backfill(&desk).expect(0);
    run(&desk, &["verify"]).expect(0);
    desk
}

#[test]
fn an_earlier_revision_that_is_damaged() {
    let desk = published_twice();
    let revision = "lake/curated/manifest/date=2026-11-20/r000001.json";
    let sound = desk.read(revision);
    for (text, words) in [
        ("", "expected a manifest, found "),
        (&sound[..sound.len() / 2], "expected a manifest, found "),
        (
            &sound.replace("\"late\":false", "\"late\":true"),
            "expected history with the SHA-256",
        ),
        (&format!("{sound}x"), "nothing that is published depends on it"),
        ("{\"version\":99}", "expected version 3 at most, found 99"),
    ] {
        desk.write(revision, text.as_bytes());
        let ran = run(&desk, &["verify", "--date", "2026-11-20"])
            .expect(1)
            .says("fault: 2026-11-20: manifest/date=2026-11-20/r000001.json: ")
            .says(words)
            .shows("1 fault");
        let is_newer = text.starts_with("{\"version\"");
        assert_eq!(ran.stderr.contains("nothing that is published"), !is_newer);
    }
    // What is advised.
    fs::remove_file(desk.path(revision)).unwrap();
    run(&desk, &["verify"]).expect(0);
}

#[test]
fn parts_of_an_earlier_revision_as_a_table_that_are_others_or_damaged() {
    let desk = published_twice();
    let ledger = "lake/curated/parts/date=2026-11-20/r000001.parquet";
    let newest = fs::read_dir(desk.path("lake/curated/parts/date=2026-11-20")).unwrap();
    let newest = newest.map(|file| file.unwrap().path()).max().unwrap();
    fs::copy(newest, desk.path(ledger)).unwrap();
    let none = "; nothing that is published depends on it";
    faulty(
        &desk,
        &[
            "parts/date=2026-11-20/r000001.parquet: expected the parts of ",
            none,
        ],
    );
    desk.write(ledger, b"PAR1");
    faulty(
        &desk,
        &["r000001.parquet: expected Parquet that can be decoded", none],
    );
    fs::remove_file(desk.path(ledger)).unwrap();
    run(&desk, &["verify"]).expect(0);
}

/// Nothing reads it before the day is wanted again.
#[test]
fn a_revision_that_a_forgotten_day_would_come_back_to() {
    let desk = whole();
    run(&desk, &["forget", "--date", "2026-11-20"]).expect(0);
    run(&desk, &["verify"]).expect(0);
    let revision = "lake/curated/manifest/date=2026-11-20/r000001.json";
    desk.write(revision, b"damaged");
    faulty(
        &desk,
        &[
            "manifest/date=2026-11-20/r000001.json: expected a manifest, ",
            "; if the day is wanted again, what it was comes from its Parquet's footers",
        ],
    );
    fs::remove_file(desk.path(revision)).unwrap();
    run(&desk, &["verify", "--date", "2026-11-20"]).expect(0).shows(
        "revision 1, which it was published with, is gone; if the day is wanted again, what it was comes from its Parquet's footers",
    );
}

//! What is damaged, foreign or lost is named, kept, and made again.

use daymark::day::State;
use daymark::keys::Leaf;

use crate::lake::{DATE, Lake, key};
use crate::support::{owners, owners_with_rejects};

/// A lake with a complete day, published.
pub async fn complete() -> Lake {
    let lake = Lake::new().await;
    lake.part(DATE, "a", 3).await;
    lake.part(DATE, "b", 4).await;
    assert_eq!(lake.quiet_day().await.state, State::Complete);
    lake
}

/// What is kept of this key.
pub async fn aside(lake: &Lake, key: &str) -> Vec<String> {
    let start = key.replacen("lake/", "lake/set-aside/", 1);
    let keys = lake.listing().await.into_keys();
    let keys: Vec<String> = keys.filter(|key| key.starts_with(&start)).collect();
    let mut texts = Vec::new();
    for key in keys {
        texts.push(lake.text(&key).await.unwrap());
    }
    texts
}

const SEEN: &[&str] = &[
    "published/",
    "live/",
    "latest/",
    "manifest/date=2026-11-22/manifest.json",
];

#[tokio::test]
async fn small_objects_that_are_damaged_are_kept_and_made_again() {
    for (key, kept) in [
        ("lake/manifest/date=2026-11-22/manifest.json", true),
        ("lake/manifest/date=2026-11-22/manifest.json.sha256", false),
        ("lake/published/table=owners/date=2026-11-22/symlink.txt", true),
        ("lake/latest/latest.json", true),
        ("lake/manifest/sweep.json", true),
    ] {
        let lake = complete().await;
        let before = lake.under(SEEN).await;
        lake.overwrite(key, "damaged").await;
        let day = lake.day().await;
        assert_eq!((day.state, day.revision), (State::Complete, Some(1)), "{key}");
        assert_eq!(lake.under(SEEN).await, before, "{key}");
        assert_eq!(aside(&lake, key).await, ["damaged"][..usize::from(kept)], "{key}");
        assert_eq!(lake.told.text().contains("damaged, set aside"), kept, "{key}");
        let all = lake.under(&[""]).await;
        lake.day().await;
        assert_eq!(lake.under(&[""]).await, all, "{key}: once");
    }
}

#[tokio::test]
async fn a_pointer_that_names_a_day_that_is_not_published_is_put_right() {
    for date in ["2030-01-01", "2026-11-10", "2026-11-23"] {
        let lake = complete().await;
        // Open, so that it has neither a revision nor symlinks.
        lake.land(&key("2026-11-23", "a"), owners(1, 3)).await;
        lake.overwrite("lake/latest/latest.json", format!("{{\"date\":\"{date}\"}}\n"))
            .await;
        lake.day().await;
        assert_eq!(lake.latest().await.as_deref(), Some(DATE), "{date}");
    }
}

#[tokio::test]
async fn a_pointer_that_is_lost_comes_back_with_the_newest_day_whichever_is_looked_at() {
    let lake = complete().await;
    lake.part("2026-11-20", "a", 3).await;
    lake.quiet_day().await;
    lake.overwrite("lake/latest/latest.json", "damaged").await;
    lake.ask("{\"date\": \"2026-11-20\"}").await.unwrap();
    assert_eq!(lake.latest().await.as_deref(), Some(DATE));
}

#[tokio::test]
async fn a_published_output_that_is_damaged_is_kept_and_made_again() {
    for foreign in [false, true] {
        let lake = complete().await;
        let other = lake.part("2026-11-21", "a", 7).await;
        let outputs = lake.published().await;
        let damaged = &outputs[0];
        let rows = lake.revision(1).await["content"]["totals"].clone();
        if foreign {
            let bytes = lake.world.get(&lake.world.output(&other)).await;
            crate::support::put(&lake.world.client, crate::support::CURATED, damaged, bytes).await;
        } else {
            lake.overwrite(damaged, "damaged").await;
        }
        assert_eq!(lake.quiet_day().await.state, State::Reopened);
        assert_eq!(aside(&lake, damaged).await.len(), 1);
        assert_eq!(lake.published().await, outputs, "what is published stays");
        lake.wait(11);
        lake.day().await;
        lake.work().await;
        assert_eq!(lake.quiet_day().await.state, State::Complete);
        assert_eq!(lake.published().await, outputs);
        let newest = lake.day().await.revision.unwrap();
        assert_eq!(lake.revision(newest).await["content"]["totals"], rows);
        let after = lake.under(&[""]).await;
        lake.day().await;
        assert_eq!(lake.under(&[""]).await, after);
    }
}

/// As a copy of the bucket would leave it: the same bytes under another ETag.
#[tokio::test]
async fn a_published_output_that_is_another_object_now_gives_a_revision_that_says_so() {
    let lake = complete().await;
    let output = lake.published().await.remove(0);
    let bytes = lake.world.get(&output).await;
    lake.overwrite_in_parts(&output, bytes).await;
    let day = lake.quiet_day().await;
    assert_eq!((day.state, day.revision), (State::Complete, Some(2)));
    let listed = lake.listing().await[&output].0.clone();
    let text = lake.text(&lake.leaf(Leaf::Revision(2))).await.unwrap();
    assert!(text.contains(&listed));
    assert_eq!(lake.day().await.revision, Some(2));
}

#[tokio::test]
async fn small_objects_that_are_lost_are_made_again() {
    for key in [
        "lake/manifest/date=2026-11-22/manifest.json",
        "lake/manifest/date=2026-11-22/manifest.json.sha256",
        "lake/manifest/date=2026-11-22/r000001.announced",
        "lake/published/table=owners/date=2026-11-22/symlink.txt",
        "lake/published/table=daymark_parts/date=2026-11-22/symlink.txt",
        "lake/parts/date=2026-11-22/r000001.parquet",
        "lake/latest/latest.json",
        "lake/manifest/sweep.json",
    ] {
        let lake = complete().await;
        let before = lake.under(&[""]).await;
        lake.remove(key).await;
        let day = lake.day().await;
        assert_eq!((day.state, day.revision), (State::Complete, Some(1)), "{key}");
        assert_eq!(lake.under(&[""]).await, before, "{key}");
    }
}

#[tokio::test]
async fn a_manifest_whose_etag_tells_nothing_is_known_by_its_content() {
    let lake = complete().await;
    // As under a KMS key: these bytes, and an ETag that is not their MD5.
    let key = lake.leaf(Leaf::Manifest);
    let before = lake.listing().await[&key].0.clone();
    lake.overwrite_in_parts(&key, lake.text(&key).await.unwrap())
        .await;
    let other = lake.listing().await[&key].0.clone();
    assert_ne!(other, before);
    lake.day().await;
    assert_eq!(
        lake.listing().await[&key].0,
        other,
        "it is as it should be, so it is not written"
    );
    lake.part(DATE, "c", 5).await;
    assert_eq!(lake.quiet_day().await.state, State::Complete);
    let newest = lake.text(&lake.leaf(Leaf::Revision(2))).await;
    assert_eq!(lake.text(&key).await, newest);
    assert_eq!(aside(&lake, &key).await, [""; 0]);
}

#[tokio::test]
async fn a_damaged_revision_is_kept_and_the_next_one_says_the_same() {
    for text in ["", "{}", "{\"version\":1}"] {
        let lake = complete().await;
        let content = lake.revision(1).await["content"].clone();
        let published = lake.under(&["published/table=owners", "latest/"]).await;
        let key = lake.leaf(Leaf::Revision(1));
        lake.overwrite(&key, text).await;
        let day = lake.day().await;
        assert_eq!((day.state, day.revision), (State::Complete, Some(2)), "{text}");
        assert_eq!(aside(&lake, &key).await, [text]);
        assert_eq!(lake.revision(2).await["content"], content);
        assert_eq!(
            lake.under(&["published/table=owners", "latest/"]).await,
            published
        );
    }
}

#[tokio::test]
async fn a_reopened_day_stays_published_even_if_its_complete_revision_is_damaged() {
    let lake = complete().await;
    let published = lake.under(&["published/", "latest/", "parts/"]).await;
    let late = lake.land(&key(DATE, "late"), owners(1, 3)).await;
    assert_eq!(lake.day().await.state, State::Reopened);
    lake.overwrite(&lake.leaf(Leaf::Revision(1)), "damaged").await;
    lake.day().await;
    assert_eq!(lake.under(&["published/", "latest/", "parts/"]).await, published);
    // What is published is told by the symlinks then, so the day is neither open nor late.
    lake.wait(24 * 60);
    for _ in 0..2 {
        let day = lake.day().await;
        assert_eq!(
            (day.state, day.late, day.published),
            (State::Reopened, false, Some(1))
        );
        let lost = day
            .warnings
            .iter()
            .find(|warning| warning.code == "revision_lost");
        assert!(lost.unwrap().message.contains("revision 1"), "{lost:?}");
    }
    assert_eq!((lake.events("Day Late"), lake.events("Day Reopened")), (0, 1));
    assert_eq!(lake.under(&["published/", "latest/", "parts/"]).await, published);
    lake.convert(&late).await;
    let day = lake.quiet_day().await;
    assert_eq!(day.state, State::Complete);
    assert!(day.warnings.iter().all(|warning| warning.code != "revision_lost"));
    assert_eq!(lake.published().await.len(), 3);
}

/// Nothing tells what it is to hold, so it stays until the day is complete again; but it is said.
#[tokio::test]
async fn a_symlink_that_is_damaged_while_its_revision_is_lost_is_kept_and_named() {
    for table in ["owners", "daymark_parts"] {
        let lake = complete().await;
        let link = format!("lake/published/table={table}/date=2026-11-22/symlink.txt");
        let sound = lake.text(&link).await.unwrap();
        let late = lake.land(&key(DATE, "late"), owners(1, 3)).await;
        assert_eq!(lake.day().await.state, State::Reopened);
        lake.overwrite(&lake.leaf(Leaf::Revision(1)), "damaged").await;
        lake.overwrite(&link, "\0\0\0").await;
        for _ in 0..2 {
            let day = lake.day().await;
            assert_eq!((day.state, day.published), (State::Reopened, Some(1)), "{table}");
            let mut lost = day.warnings.iter().filter(|it| it.code == "revision_lost");
            assert!(lost.next().unwrap().message.contains(&link), "{day:?}");
            assert_eq!(aside(&lake, &link).await, ["\0\0\0"], "{table}");
            assert_eq!(lake.text(&link).await.unwrap(), "\0\0\0", "{table}");
        }
        lake.convert(&late).await;
        assert_eq!(lake.quiet_day().await.state, State::Complete);
        assert_ne!(lake.text(&link).await.unwrap(), sound, "{table}");
        assert_eq!(lake.published().await.len(), 3, "{table}");
    }
}

/// It would say that nothing of its table was published, and what was would be out where its sources are gone.
#[tokio::test]
async fn a_symlink_that_is_damaged_says_nothing_of_what_was_published() {
    let lake = complete().await;
    let before = lake.published().await;
    let late = lake
        .land("hubspot/2026-11-22/STRANGE/late.csv.gz", owners(1, 3))
        .await;
    assert_eq!(lake.day().await.state, State::Reopened);
    lake.overwrite(&lake.leaf(Leaf::Revision(1)), "damaged").await;
    let link = "lake/published/table=owners/date=2026-11-22/symlink.txt";
    lake.overwrite(link, "\0\0\0").await;
    for name in ["a", "b"] {
        lake.purge(&key(DATE, name)).await;
    }
    lake.convert(&late).await;
    let day = lake.quiet_day().await;
    assert_eq!((day.state, day.parts), (State::Complete, 3), "{day:?}");
    assert_eq!(lake.published().await, before);
}

#[tokio::test]
async fn a_ledger_of_a_lost_history_is_not_taken_for_a_new_one() {
    let lake = complete().await;
    for key in lake.under(&["manifest/"]).await.into_keys() {
        lake.remove(&key).await;
    }
    lake.part(DATE, "a", 9).await;
    let day = lake.quiet_day().await;
    assert_eq!((day.state, day.revision), (State::Complete, Some(2)));
    let links = lake
        .text("lake/published/table=daymark_parts/date=2026-11-22/symlink.txt")
        .await;
    assert_eq!(
        links.unwrap().trim_end(),
        "s3://daymark-curated/lake/parts/date=2026-11-22/r000002.parquet"
    );
}

/// Nobody's number may stop a day, or be counted on from.
#[tokio::test]
async fn foreign_numbers_of_revisions_stop_nothing_that_they_need_not() {
    let lake = complete().await;
    for folder in ["parts", "manifest"] {
        for kind in ["parquet", "json"] {
            let key = format!("lake/{folder}/date={DATE}/r4294967295.{kind}");
            lake.overwrite(&key, "foreign").await;
        }
    }
    let late = lake.land(&key(DATE, "late"), owners(9, 3)).await;
    lake.convert(&late).await;
    let day = lake.quiet_day().await;
    assert_eq!((day.state, day.revision), (State::Complete, Some(2)));
    // The highest number leaves none to count on to.
    lake.overwrite(&lake.leaf(Leaf::Announced(999_999)), "{}").await;
    let late = lake.land(&key(DATE, "later"), owners(9, 3)).await;
    lake.convert(&late).await;
    lake.wait(90);
    let report = lake.ask("{}").await.unwrap();
    let error = report.days[0].judged.as_ref().unwrap_err().to_string();
    assert!(
        error.contains("highest number") && error.contains(&lake.leaf(Leaf::Announced(999_999))),
        "{error}"
    );
}

#[tokio::test]
async fn an_output_with_a_damaged_footer_is_set_aside_and_converted_again() {
    let lake = Lake::new().await;
    let a = lake.part(DATE, "a", 3).await;
    let key = lake.world.output(&a);
    let sound = lake.listing().await[&key].0.clone();
    lake.overwrite(&key, "damaged").await;
    assert_eq!(lake.quiet_day().await.state, State::Open);
    assert_eq!(aside(&lake, &key).await, ["damaged"]);
    lake.quiet_day().await;
    lake.work().await;
    assert_eq!(lake.quiet_day().await.state, State::Complete);
    assert_eq!(
        lake.listing().await[&key].0,
        sound,
        "the same part gives the same bytes"
    );
}

#[tokio::test]
async fn a_failure_record_that_is_damaged_or_of_another_part_is_set_aside_and_made_anew() {
    let lake = Lake::new().await;
    for name in ["a", "b"] {
        let notice = lake.land(&key(DATE, name), b"no gzip".to_vec()).await;
        lake.convert(&notice).await;
    }
    let failed: Vec<String> = lake.under(&["failed/"]).await.into_keys().collect();
    assert_eq!(lake.quiet_day().await.state, State::Blocked);
    let [one, other] = &failed[..] else {
        panic!("{failed:?}")
    };
    let (sound, of_other) = (lake.text(one).await.unwrap(), lake.text(other).await.unwrap());
    for damage in ["", "{}", &of_other] {
        lake.overwrite(one, damage).await;
        assert_eq!(lake.day().await.state, State::Blocked, "as it was listed");
        assert!(lake.text(one).await.is_none(), "{damage}");
        assert!(aside(&lake, one).await.contains(&damage.to_owned()), "{damage}");
        // Its part is sent again, and says once more what is wrong with it.
        lake.wait(130);
        lake.day().await;
        lake.work().await;
        assert_eq!(lake.text(one).await.as_deref(), Some(&*sound), "{damage}");
        assert_eq!(lake.quiet_day().await.state, State::Blocked);
    }
    // What a newer release wrote is its own.
    lake.overwrite(one, "{\"form\": 99}").await;
    lake.day().await;
    assert_eq!(lake.text(one).await.as_deref(), Some("{\"form\": 99}"));
    assert_eq!(lake.text(other).await, Some(of_other), "a sound one stays");
}

#[tokio::test]
async fn a_damaged_count_of_attempts_begins_anew() {
    let lake = Lake::new().await;
    lake.land(&key(DATE, "a"), owners(1, 3)).await;
    let sent = lake.leaf(Leaf::Sent);
    lake.overwrite(&sent, "damaged").await;
    lake.wait(11);
    assert_eq!(lake.day().await.to_send, 1);
    assert_eq!(aside(&lake, &sent).await, ["damaged"]);
    assert!(
        lake.text(&sent).await.unwrap().contains("\"counted\":0"),
        "it is written down at once"
    );
    lake.work().await;
    assert_eq!(lake.quiet_day().await.state, State::Complete);
}

#[tokio::test]
async fn columns_go_with_the_last_part_that_had_them() {
    use crate::support::gzip;
    let lake = Lake::new().await;
    let few = || gzip("\"OWNERID\",\"EMAIL\"\n1,\"a\"\n");
    lake.arrive(&key(DATE, "a"), few()).await;
    lake.arrive(
        &key(DATE, "b"),
        gzip("\"OWNERID\",\"EMAIL\",\"EXTRA\"\n1,\"a\",\"b\"\n"),
    )
    .await;
    lake.quiet_day().await;
    lake.arrive(&key(DATE, "b"), few()).await;
    let day = lake.quiet_day().await;
    let content = lake.revision(day.published.unwrap()).await["content"].clone();
    let columns = content["tables"]["owners"]["columns"].to_string();
    assert!(!columns.contains("extra"), "{columns}");
    rebuilt(&lake).await;
}

/// Everything but the data is deleted, and comes back.
async fn rebuilt(lake: &Lake) {
    let number = lake.quiet_day().await.published.unwrap();
    let before = lake.revision(number).await;
    let folders = [
        "published/table=owners",
        "published/table=things",
        "live/",
        "latest/",
    ];
    let seen = lake.under(&folders).await;
    for key in lake
        .under(&["manifest/", "published/", "live/", "latest/", "parts/"])
        .await
        .into_keys()
    {
        lake.remove(&key).await;
    }
    lake.remove("lake/manifest/sweep.json").await;
    let day = lake.quiet_day().await;
    assert_eq!(day.revision, Some(1));
    let after = lake.revision(1).await;
    assert_eq!(after["content"].to_string(), before["content"].to_string());
    assert_eq!(after["content_sha256"], before["content_sha256"]);
    assert_eq!(lake.under(&folders).await, seen);
}

#[tokio::test]
async fn everything_is_rebuilt_from_what_s3_holds() {
    let lake = Lake::new().await;
    lake.part("2026-11-21", "a", 3).await;
    let a = lake.part(DATE, "a", 3).await;
    lake.part(DATE, "b", 3).await;
    lake.arrive("hubspot/2026-11-22/THINGS/a.csv.gz", owners(5, 2))
        .await;
    lake.quiet_day().await;
    lake.part(DATE, "b", 5).await;
    lake.quiet_day().await;
    rebuilt(&lake).await;
    // What is purged comes back as its footers have it.
    for key in [
        a.key.clone(),
        key(DATE, "b"),
        "hubspot/2026-11-22/THINGS/a.csv.gz".to_owned(),
    ] {
        lake.purge(&key).await;
    }
    let before = lake.published().await;
    for key in lake.under(&["manifest/", "published/"]).await.into_keys() {
        lake.remove(&key).await;
    }
    assert_eq!(lake.quiet_day().await.state, State::Archived);
    assert_eq!(lake.published().await, before);
}

#[tokio::test]
async fn a_foreign_manifest_of_a_day_of_which_there_is_nothing_else_is_set_aside() {
    let lake = complete().await;
    let foreign = "lake/manifest/date=2026-11-10/manifest.json";
    lake.overwrite(foreign, "foreign").await;
    lake.ask("{\"dry_run\": true}").await.unwrap();
    assert!(lake.text(foreign).await.is_some(), "a dry run writes nothing");
    lake.sweep().await;
    assert_eq!(aside(&lake, foreign).await, ["foreign"]);
    assert!(lake.text(foreign).await.is_none());
    // What a newer release wrote is its own, and a copy of one of the day's revisions is no damage.
    let newer = "{\"version\":99}";
    lake.overwrite(foreign, newer).await;
    let sound = lake.leaf(Leaf::Manifest);
    for name in ["a", "b"] {
        lake.purge(&key(DATE, name)).await;
    }
    for key in lake.under(&[""]).await.into_keys() {
        if key.contains(DATE) && key != sound {
            lake.remove(&key).await;
        }
    }
    lake.sweep().await;
    assert_eq!(lake.text(foreign).await.as_deref(), Some(newer));
    assert!(lake.text(&sound).await.is_some());
}

#[tokio::test]
async fn a_part_that_could_not_be_converted_and_is_gone_is_told_in_manifest_and_sweep() {
    let lake = Lake::new().await;
    lake.part(DATE, "a", 3).await;
    let bad = lake.land(&key(DATE, "bad"), b"no gzip".to_vec()).await;
    lake.convert(&bad).await;
    assert_eq!(lake.quiet_day().await.state, State::Blocked);
    lake.purge(&bad.key).await;
    let day = lake.quiet_day().await;
    assert_eq!(day.state, State::Complete);
    assert_eq!(day.warnings[0].code, "parts_failed_gone");
    let record = lake.world.failure(&bad);
    assert!(
        day.warnings[0].message.ends_with(&format!(" {record}")),
        "{day:?}"
    );
    let newest = lake.revision(day.revision.unwrap()).await;
    assert_eq!(newest["content"]["warnings"][0]["code"], "parts_failed_gone");
    rebuilt(&lake).await;
}

#[tokio::test]
async fn rejects_that_are_damaged_do_not_outlive_a_conversion() {
    const SAID: &str = "rejects that are not those of the part";
    let lake = Lake::new().await;
    let notice = lake.arrive(&key(DATE, "a"), owners_with_rejects("secret")).await;
    lake.quiet_day().await;
    let (rejects, output) = (lake.world.rejects(&notice), lake.world.output(&notice));
    let sound = lake.text(&rejects).await.unwrap();
    let as_long = "x".repeat(sound.len());
    for damaged in ["damaged", &as_long, &sound[..sound.len() / 2], ""] {
        lake.overwrite(&rejects, damaged).await;
        lake.remove(&output).await;
        lake.quiet_day().await;
        lake.wait(11);
        lake.day().await;
        lake.work().await;
        assert_eq!(lake.text(&rejects).await.as_ref(), Some(&sound), "{damaged}");
        assert_eq!(lake.quiet_day().await.state, State::Complete);
    }
    assert_eq!(lake.told.text().matches(SAID).count(), 4);
    // The same bytes under another ETag, as a copy of the bucket leaves them, are as good.
    lake.overwrite_in_parts(&rejects, sound).await;
    let before = lake.listing().await;
    lake.remove(&output).await;
    lake.convert(&notice).await;
    let after = lake.listing().await;
    assert!(after.contains_key(&output));
    assert_eq!(after[&rejects], before[&rejects]);
    assert_eq!(lake.told.text().matches(SAID).count(), 4);
}

/// Athena reads it by the symlink of `daymark_parts`, so queries over the day fail until it is back.
#[tokio::test]
async fn a_ledger_that_is_damaged_is_kept_and_made_again() {
    let lake = complete().await;
    let ledger = "lake/parts/date=2026-11-22/r000001.parquet";
    let before = lake.under(&["parts/"]).await;
    for damaged in ["damaged", ""] {
        lake.wait(1);
        lake.overwrite(ledger, damaged).await;
        assert_eq!(lake.day().await.revision, Some(1));
        assert_eq!(lake.under(&["parts/"]).await, before, "{damaged}");
        assert!(aside(&lake, ledger).await.contains(&damaged.to_owned()));
        let all = lake.under(&[""]).await;
        lake.day().await;
        assert_eq!(lake.under(&[""]).await, all, "{damaged}: once");
    }
    // Before the marker that comes last, which goes by it.
    let marker = lake.leaf(Leaf::Announced(1));
    lake.remove(&marker).await;
    lake.overwrite(ledger, "damaged").await;
    lake.day().await;
    assert_eq!(lake.under(&["parts/"]).await, before);
    assert!(lake.text(&marker).await.is_some());
    // As a copy of the bucket leaves it.
    lake.wait(1);
    lake.overwrite_in_parts(ledger, lake.world.get(ledger).await)
        .await;
    let copied = lake.listing().await[ledger].clone();
    lake.day().await;
    assert_eq!(lake.listing().await[ledger], copied);
    assert_eq!(aside(&lake, ledger).await.len(), 2);
}

#[tokio::test]
async fn a_type_that_no_day_was_published_with_holds_none_for_longer_than_a_day() {
    // The next sweep over all days looks, or one that is asked for all that there are.
    for (minutes, request) in [
        (24 * 60, "{}"),
        (0, "{\"from\": \"2000-01-01\", \"to\": \"2199-12-31\"}"),
    ] {
        types_go_by_manifests(minutes, request).await;
    }
}

async fn types_go_by_manifests(minutes: u64, request: &str) {
    const STATE: &str = "lake/manifest/sweep.json";
    let lake = complete().await;
    let sound = lake.text(STATE).await.unwrap();
    let mut state: serde_json::Value = serde_json::from_str(&sound).unwrap();
    let types = state["types"].clone();
    state["types"]["owners"]["ownerid"] = "double".into();
    state["types"]["gone"]["id"] = "double".into();
    lake.overwrite(STATE, state.to_string()).await;
    lake.part(DATE, "c", 5).await;
    let day = lake.quiet_day().await;
    assert_eq!(
        (day.state, day.reasons[0].code.as_str()),
        (State::Blocked, "types_differ")
    );
    lake.wait(minutes);
    let days = lake.ask(request).await.unwrap().days;
    assert_eq!(
        days[0].judged.as_ref().unwrap().state,
        State::Complete,
        "{request}"
    );
    let state: serde_json::Value = serde_json::from_str(&lake.text(STATE).await.unwrap()).unwrap();
    assert_eq!(state["types"]["owners"], types["owners"]);
    assert_eq!(
        state["types"]["gone"]["id"], "double",
        "of days that nobody remembers otherwise"
    );
}

#[tokio::test]
async fn who_looks_is_told_of_a_manifest_of_a_newer_release_as_who_sweeps() {
    let lake = complete().await;
    lake.overwrite(&lake.leaf(Leaf::Manifest), "{\"version\":99}")
        .await;
    let mut told = Vec::new();
    for request in ["{\"dry_run\": true}", "{}"] {
        let mut days = lake.ask(request).await.unwrap().days;
        told.push(days.remove(0).judged.unwrap_err().to_string());
    }
    assert!(told[0].contains("manifest.json has version 99"), "{told:?}");
    assert_eq!(told[0], told[1]);
}

//! A source that breaks off, is damaged, replaced or deleted while it is read.

use daymark::app::PartError;
use daymark::app::source::SourceError;
use daymark::server::faults::{Action, Hook, Rule};
use daymark::server::operation::Operation;

use crate::support::{LANDING, World, log, owners, put};
use crate::{KEY, converted, fails_cleanly, present, skipped, undisturbed};

#[tokio::test]
async fn a_source_that_breaks_off_is_taken_up_again() {
    let source = owners(1, 20_000);
    assert!(source.len() > 500_000);
    let world = World::new().await;
    // A key of its own, by which the log is told from other tests'.
    let notice = world
        .land("hubspot/2026-11-22/OWNERS/taken-up.csv.gz", source)
        .await;
    let expected = undisturbed(&world, &notice).await;
    let first = world
        .faults()
        .inject(Rule::on(Operation::GetObject), Action::CutAnswer(100_000));
    let second = world
        .faults()
        .inject(Rule::on(Operation::GetObject).nth(2), Action::CutAnswer(0));
    let third = world
        .faults()
        .inject(Rule::on(Operation::GetObject).nth(3), Action::CutAnswer(250_001));
    converted(world.convert(&notice).await);
    assert_eq!([first.fired(), second.fired(), third.fired()], [1, 1, 1]);
    assert_eq!(world.faults().count(Operation::GetObject), 4);
    assert_eq!(world.curated().await, [world.output(&notice)]);
    assert!(world.get(&world.output(&notice)).await == expected);
    // Each line about it names the part, though a task of its own reads.
    let (log, id) = (log().text(), world.id(&notice));
    let resumed = log
        .lines()
        .filter(|line| line.contains("resuming") && line.contains(id.as_str()));
    assert_eq!(resumed.count(), 3);
}

#[tokio::test]
async fn a_source_that_keeps_breaking_off_is_an_error() {
    let error = fails_cleanly(
        &[],
        owners(1, 2_000),
        Rule::on(Operation::GetObject),
        Action::CutAnswer(10_000),
    )
    .await;
    let PartError::Source(SourceError::BrokenOff { resumes, .. }) = &error else {
        panic!("{error:?}")
    };
    assert_eq!(*resumes, 5);
}

#[tokio::test]
async fn a_source_damaged_on_its_way_is_not_condemned() {
    for from in [100, 40_000] {
        let rule = Rule::on(Operation::GetObject);
        let error = fails_cleanly(&[], owners(1, 2_000), rule, Action::Corrupt(from, 3)).await;
        assert!(
            matches!(error, PartError::Source(SourceError::BrokenOff { .. })),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_source_replaced_while_it_is_read_is_started_again() {
    let world = World::new().await;
    let old = world.land(KEY, owners(1, 20_000)).await;
    let client = world.client.clone();
    let replace = Hook::new(move || {
        let client = client.clone();
        async move {
            put(&client, LANDING, KEY, owners(7, 500)).await;
        }
    });
    let get = Rule::on(Operation::GetObject);
    let replaced = world
        .faults()
        .inject(get.clone(), Action::During(50_000, replace));
    let cut = world.faults().inject(get, Action::CutAnswer(60_000));
    converted(world.convert(&old).await);
    assert_eq!((replaced.fired(), cut.fired()), (1, 1));
    // Nothing of the old one is left; the new one's own notice finds everything done.
    let new = world.land(KEY, owners(7, 500)).await;
    assert_ne!(new.etag, old.etag);
    assert_eq!(world.curated().await, [world.output(&new)]);
    let footer = world.footer(&world.output(&new)).await;
    assert_eq!(
        (footer.rows_written, Some(footer.source_etag)),
        (500, new.etag.clone())
    );
    present(world.convert(&new).await);
}

#[tokio::test]
async fn a_source_replaced_before_it_is_opened_is_started_again() {
    let world = World::new().await;
    let old = world.land(KEY, owners(1, 100)).await;
    let client = world.client.clone();
    let replace = Hook::new(move || {
        let client = client.clone();
        async move {
            put(&client, LANDING, KEY, owners(7, 500)).await;
        }
    });
    let replaced = world
        .faults()
        .inject(Rule::on(Operation::GetObject), Action::Before(replace));
    converted(world.convert(&old).await);
    assert_eq!(replaced.fired(), 1);
    let new = world.land(KEY, owners(7, 500)).await;
    assert_eq!(world.curated().await, [world.output(&new)]);
}

#[tokio::test]
async fn a_source_that_is_gone_ends_with_a_reason() {
    let world = World::new().await;
    let notice = world.land(KEY, owners(1, 20_000)).await;
    world.delete(LANDING, KEY).await;
    skipped(world.convert(&notice).await, "gone");

    let notice = world.land(KEY, owners(1, 20_000)).await;
    let client = world.client.clone();
    let delete = Hook::new(move || {
        let client = client.clone();
        async move {
            client
                .delete_object()
                .bucket(LANDING)
                .key(KEY)
                .send()
                .await
                .unwrap();
        }
    });
    let get = Rule::on(Operation::GetObject);
    let deleted = world.faults().inject(get.clone(), Action::During(50_000, delete));
    let cut = world.faults().inject(get, Action::CutAnswer(60_000));
    skipped(world.convert(&notice).await, "deleted while it was read");
    assert_eq!((deleted.fired(), cut.fired()), (1, 1));
    assert_eq!(world.curated().await, [] as [String; 0]);
}

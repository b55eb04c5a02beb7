//! The Glue catalog as sweeps write it: what is in it, how many requests that takes, and what happens between two of them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sdk_glue::types::{Column, Table, TableInput};
use daymark::app::sweep::SweepError;
use daymark::day::State;
use daymark::sweep::Request;

use crate::lake::{Asked, Lake, autumn, change_table, columns, count, parameter};
use crate::proxy::{self, Turn};

/// What a table is, without Glue's own numbers and times.
fn essence(tables: BTreeMap<String, Table>) -> BTreeMap<String, String> {
    let text = |(name, table): (String, Table)| {
        let parameters: BTreeMap<_, _> = table.parameters().unwrap().iter().collect();
        let text = format!(
            "{:?} {:?} {parameters:?}",
            table.storage_descriptor().unwrap(),
            table.partition_keys()
        );
        (name, text)
    };
    tables.into_iter().map(text).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_catalog_follows_what_is_published_and_asks_no_more_than_it_must() {
    let lake = Lake::new("catalog").await;
    lake.part("2026-11-20", "OWNERS", "OWNERID,EMAIL", 2).await;
    let (report, asked) = lake.sweep().await;
    assert_eq!(report.days[0].judged.as_ref().unwrap().state, State::Complete);
    assert_eq!((count(&asked, "GetTables"), count(&asked, "CreateTable")), (1, 6));
    assert_eq!(asked.len(), 7, "{asked:?}");
    let views = ["daymark_parts_latest", "owners_latest"];
    let tables = ["daymark_latest", "daymark_parts", "owners", "owners_live"];
    assert_eq!(report.catalog.created, [&tables[..], &views].concat());
    let tables = lake.tables().await;
    let owners = &tables["owners"];
    assert_eq!(columns(owners)[0], ("ownerid".to_owned(), "bigint".to_owned()));
    assert_eq!(parameter(owners, "projection.date.range"), "2026-11-20,NOW+1DAY");
    assert_eq!(owners.table_type(), Some("EXTERNAL_TABLE"));
    let [key] = owners.partition_keys() else {
        panic!("{owners:?}")
    };
    assert_eq!((key.name(), key.r#type()), ("date", Some("string")));
    let storage = owners.storage_descriptor().unwrap();
    let location = format!("s3://{}/lake/published/table=owners/", lake.desk.curated());
    assert_eq!(storage.location(), Some(location.as_str()));
    assert_eq!(
        storage.input_format(),
        Some("org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat")
    );
    for column in storage.columns() {
        let comment = column.comment().unwrap();
        assert!(comment.contains(&column.name().to_uppercase()), "{comment}");
    }

    // Nothing is to be published, so nothing is asked.
    let (report, asked) = lake.sweep().await;
    assert_eq!(
        (asked.len(), report.days[0].judged.as_ref().unwrap().revised),
        (0, false)
    );

    // A table that is new, a column that is new, one that is missing; and then days that bring nothing new.
    lake.part("2026-11-21", "OWNERS", "OWNERID,NICKNAME", 2).await;
    lake.part("2026-11-21", "EVENTS_LUNCH", "ID,DISH", 2).await;
    let (report, asked) = lake.sweep().await;
    let views = [
        "events_lunch_latest",
        "events_lunch_typed",
        "events_lunch_typed_latest",
    ];
    let tables = ["events_lunch", "events_lunch_live"];
    assert_eq!(report.catalog.created, [&tables[..], &views].concat());
    assert_eq!(report.catalog.updated, ["owners", "owners_live", "owners_latest"]);
    assert_eq!((asked.len(), count(&asked, "GetTables")), (9, 1), "{asked:?}");
    let before = columns(owners);
    let after = columns(&lake.tables().await["owners"]);
    assert_eq!(after[..before.len()], before[..]);
    assert_eq!(
        after[before.len()..],
        [("nickname".to_owned(), "string".to_owned())]
    );
    for day in 22..26 {
        let date = format!("2026-11-{day}");
        lake.part(&date, "OWNERS", "OWNERID,NICKNAME", 2).await;
    }
    let (report, asked) = lake.sweep().await;
    assert_eq!(
        report
            .days
            .iter()
            .filter(|day| day.judged.as_ref().unwrap().revised)
            .count(),
        4
    );
    assert_eq!(asked, ["GetTables"]);

    // A day before all others.
    lake.part("2026-10-01", "OWNERS", "OWNERID", 2).await;
    let (report, _) = lake.sweep().await;
    assert_eq!(report.catalog.updated, ["daymark_parts", "owners", "owners_live"]);
    let tables = lake.tables().await;
    for (table, from) in [("owners", "2026-10-01"), ("events_lunch", "2026-11-21")] {
        let expected = format!("{from},NOW+1DAY");
        assert_eq!(parameter(&tables[table], "projection.date.range"), expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_around_any_call_is_healed_by_the_next_sweep() {
    let whole = Lake::new("whole").await;
    whole.part("2026-11-20", "OWNERS", "OWNERID,EMAIL", 2).await;
    whole.sweep().await;
    let curated = whole.desk.curated();
    let whole = essence(whole.tables().await);
    for (nth, turn) in (0..5).flat_map(|nth| [(nth, Turn::LoseRequest), (nth, Turn::LoseAnswer)]) {
        let name = format!(
            "crash{nth}{}",
            if turn == Turn::LoseAnswer {
                "after"
            } else {
                "before"
            }
        );
        let lake = Lake::new(&name).await;
        lake.part("2026-11-20", "OWNERS", "OWNERID,EMAIL", 2).await;
        let calls = AtomicUsize::new(0);
        let report = lake
            .sweep_by(autumn(), move |_, _| {
                match calls.fetch_add(1, Ordering::SeqCst) == nth {
                    true => turn,
                    false => Turn::Pass,
                }
            })
            .await
            .unwrap();
        let error = report.days[0].judged.as_ref().unwrap_err();
        assert!(matches!(error, SweepError::Glue(_)), "{error}");
        assert!(!lake.is_published("owners", "2026-11-20").await, "{name}");

        let (report, _) = lake.sweep().await;
        assert_eq!(report.days[0].judged.as_ref().unwrap().state, State::Complete);
        assert!(lake.is_published("owners", "2026-11-20").await, "{name}");
        let own = lake.desk.curated();
        let healed: BTreeMap<String, String> = essence(lake.tables().await)
            .into_iter()
            .map(|(name, text)| (name, text.replace(&own, &curated)))
            .collect();
        assert_eq!(healed, whole, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_changes_a_table_meanwhile_is_not_overwritten() {
    let lake = Lake::new("meanwhile").await;
    lake.part("2026-11-20", "OWNERS", "OWNERID", 2).await;
    lake.sweep().await;
    lake.part("2026-11-21", "OWNERS", "OWNERID,NICKNAME", 2).await;
    let (sdk, database) = (lake.desk.sdk.clone(), lake.database.clone());
    let calls = AtomicUsize::new(0);
    let report = lake
        .sweep_by(autumn(), move |operation, body| {
            // Between this sweep's look at the table and its change.
            if operation == "UpdateTable"
                && body.contains("\"owners\"")
                && calls.fetch_add(1, Ordering::SeqCst) == 0
            {
                let (sdk, database) = (sdk.clone(), database.clone());
                let other = std::thread::spawn(move || {
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                    runtime.unwrap().block_on(async {
                        let glue = aws_sdk_glue::Client::new(&sdk);
                        let column = Column::builder().name("team").r#type("string").build().unwrap();
                        change_table(&glue, &database, "owners", |table| {
                            let storage = table.storage_descriptor.as_mut().unwrap();
                            storage.columns.as_mut().unwrap().push(column);
                        })
                        .await;
                    });
                });
                other.join().unwrap();
            }
            Turn::Pass
        })
        .await
        .unwrap();
    for day in &report.days {
        assert!(day.judged.is_ok(), "{day:?}");
    }
    let names: Vec<String> = columns(&lake.tables().await["owners"])
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(names[names.len() - 2..], ["team", "nickname"], "{names:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_others_stay_and_hold_no_day() {
    let lake = Lake::new("foreign").await;
    let input = TableInput::builder().name("owners").description("ours, by hand");
    let request = lake.glue.create_table().database_name(&lake.database);
    request.table_input(input.build().unwrap()).send().await.unwrap();
    lake.part("2026-11-20", "OWNERS", "OWNERID", 2).await;
    let (report, _) = lake.sweep().await;
    assert_eq!(report.days[0].judged.as_ref().unwrap().state, State::Complete);
    assert!(
        report.catalog.held["owners"].contains("did not make"),
        "{report:?}"
    );
    assert!(lake.is_published("owners", "2026-11-20").await);
    let tables = lake.tables().await;
    assert_eq!(tables["owners"].description(), Some("ours, by hand"));
    assert_eq!(tables["owners"].version_id(), Some("1"));
    assert!(tables.contains_key("owners_live"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_that_glue_has_with_another_type_holds_the_day_and_says_why() {
    let lake = Lake::new("retyped").await;
    lake.part("2026-11-20", "OWNERS", "OWNERID", 2).await;
    lake.sweep().await;
    let retype = |to: &'static str| {
        lake.change("owners", move |table| {
            let storage = table.storage_descriptor.as_mut().unwrap();
            for column in storage.columns.as_mut().unwrap() {
                if column.name == "ownerid" {
                    column.r#type = Some(to.to_owned());
                }
            }
        })
    };
    retype("string").await;
    lake.part("2026-11-21", "OWNERS", "OWNERID", 2).await;
    let (report, asked) = lake.sweep().await;
    let judged = report.days.last().unwrap().judged.as_ref().unwrap();
    assert_eq!(judged.state, State::Blocked);
    let [reason] = &judged.reasons[..] else {
        panic!("{judged:?}")
    };
    assert_eq!(
        (reason.code.as_str(), reason.table.as_deref()),
        ("types_differ", Some("owners"))
    );
    assert!(
        reason
            .message
            .starts_with("column ownerid is string in the Glue catalog, and bigint in hubspot/2026-11-21/"),
        "{}",
        reason.message
    );
    assert!(!lake.is_published("owners", "2026-11-21").await);
    assert_eq!(asked, ["GetTables"]);
    // It stays so, without a new revision each time.
    let (report, _) = lake.sweep().await;
    let judged = report.days.last().unwrap().judged.as_ref().unwrap();
    assert_eq!((judged.state, judged.revised), (State::Blocked, false));
    // Nor does a sweep let it go that cannot ask: without a catalog, or where that refuses.
    let without = Box::pin(lake.looker().sweep(&autumn(), None)).await.unwrap();
    let refused = lake
        .sweep_by(autumn(), |_, _| Turn::Refuse("AccessDeniedException"))
        .await
        .unwrap();
    let looks = Request {
        dry_run: true,
        ..autumn()
    };
    let looked = lake.sweep_by(looks, |_, _| Turn::Refuse("AccessDeniedException"));
    for report in [without, refused, looked.await.unwrap()] {
        let judged = report.days.last().unwrap().judged.as_ref().unwrap();
        assert_eq!((judged.state, judged.revised), (State::Blocked, false));
    }
    retype("bigint").await;
    let (report, _) = lake.sweep().await;
    assert_eq!(
        report.days.last().unwrap().judged.as_ref().unwrap().state,
        State::Complete
    );
    assert!(lake.is_published("owners", "2026-11-21").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_daily_sweep_brings_back_what_was_dropped_and_tells_when_days_begin() {
    let lake = Lake::new("daily").await;
    for date in ["2026-11-20", "2026-11-21"] {
        lake.part(date, "OWNERS", "OWNERID,NICKNAME", 2).await;
    }
    lake.sweep().await;
    let before = essence(lake.tables().await);
    let request = lake.glue.delete_table().database_name(&lake.database);
    request.name("owners").send().await.unwrap();
    lake.change("owners_live", |table| {
        let parameters = table.parameters.as_mut().unwrap();
        parameters.insert(
            "projection.date.range".to_owned(),
            "2026-01-01,NOW+1DAY".to_owned(),
        );
    })
    .await;
    let (report, asked) = lake.sweep_for(Request::default()).await;
    assert!(
        report
            .days
            .iter()
            .all(|day| !day.judged.as_ref().unwrap().revised)
    );
    assert_eq!(report.catalog.created, ["owners"]);
    assert_eq!(report.catalog.updated, ["owners_live"]);
    assert_eq!(asked, ["GetTables", "CreateTable", "UpdateTable"]);
    assert_eq!(essence(lake.tables().await), before);
    // It was the day's, so the next one asks nothing.
    let (_, asked) = lake.sweep_for(Request::default()).await;
    assert_eq!(asked, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_not_there_is_asked_for_once_for_all_days() {
    let lake = Lake::new("absent").await;
    for date in ["2026-11-20", "2026-11-21", "2026-11-22", "2026-11-23"] {
        lake.part(date, "OWNERS", "OWNERID", 2).await;
    }
    let lake = Lake {
        database: "nowhere".to_owned(),
        ..lake
    };
    let asked = Asked::default();
    let noted = Arc::clone(&asked);
    let report = lake
        .sweep_by(autumn(), move |operation, _| {
            noted.lock().unwrap().push(operation.to_owned());
            Turn::Pass
        })
        .await
        .unwrap();
    assert_eq!(report.days.len(), 4);
    for day in &report.days {
        let error = day.judged.as_ref().unwrap_err().to_string();
        assert!(error.contains("nowhere"), "{error}");
    }
    assert!(!lake.is_published("owners", "2026-11-20").await);
    // Where tables of a database that is not there are none, as this server has it, creating the first one tells.
    let asked = asked.lock().unwrap().clone();
    assert!(
        asked.starts_with(&["GetTables".to_owned()]) && asked.len() <= 2,
        "{asked:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_prints_the_tables_and_what_would_change() {
    let lake = Lake::new("printed").await;
    lake.part("2026-11-20", "OWNERS", "OWNERID,NICKNAME", 2).await;
    lake.sweep().await;
    let variables = [("DAYMARK_GLUE_DATABASE", lake.database.as_str())];
    let run = |command: &str, arguments: &[&str]| lake.desk.run_by(&variables, command, arguments).expect(0);
    run("ddl", &["owners"])
        .shows(&format!(
            "CREATE EXTERNAL TABLE IF NOT EXISTS `{}`.`owners` (",
            lake.database
        ))
        .shows("`nickname` string COMMENT")
        .shows("'projection.date.range' = '2026-11-20,NOW+1DAY'");
    run("ddl", &["--database", "other"]).shows("`other`.`daymark_latest`");
    run("catalog", &[]).shows("owners_live\n    ownerid bigint\n");
    run("catalog", &["--diff"]).says("6 tables and views, all as they are to be");

    let request = lake.glue.delete_table().database_name(&lake.database);
    request.name("owners_live").send().await.unwrap();
    lake.change("owners", |table| {
        let storage = table.storage_descriptor.as_mut().unwrap();
        storage
            .columns
            .as_mut()
            .unwrap()
            .retain(|column| column.name != "nickname");
    })
    .await;
    lake.change("daymark_parts", |table| {
        table.parameters.as_mut().unwrap().remove("daymark").unwrap();
    })
    .await;
    run("catalog", &["--diff"])
        .shows("create owners_live: ")
        .shows("update owners: column nickname string added\n")
        .shows("held daymark_parts: a table of this name is there that Daymark did not make");
    lake.desk
        .run("catalog", &["--diff"])
        .expect(2)
        .says("DAYMARK_GLUE_DATABASE");
}

/// A catalog that is named is written; the event is left to the function's next sweep.
#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_writes_the_catalog_that_it_is_given_also_without_a_bus() {
    let lake = Lake::new("byhand").await;
    lake.part("2026-11-20", "OWNERS", "OWNERID,EMAIL", 2).await;
    let endpoint = proxy::start(3_600, |_| Turn::Pass);
    let variables = [
        ("AWS_ENDPOINT_URL", endpoint.as_str()),
        ("DAYMARK_GLUE_DATABASE", lake.database.as_str()),
        ("DAYMARK_QUIET_MINUTES", "0"),
    ];
    let span = ["--from", "2026-11-20", "--to", "2026-11-20"];
    lake.desk
        .run_by(&variables, "backfill", &span)
        .expect(0)
        .shows("20✓");
    assert!(lake.tables().await.contains_key("owners"));
    let curated = lake.desk.curated();
    let manifests = lake
        .desk
        .s3
        .list_objects_v2()
        .bucket(curated)
        .prefix("lake/manifest/");
    let manifests = manifests.send().await.unwrap();
    let keys: Vec<&str> = manifests
        .contents()
        .iter()
        .filter_map(|object| object.key())
        .collect();
    assert!(keys.iter().any(|key| key.ends_with("/r000001.json")), "{keys:?}");
    assert!(!keys.iter().any(|key| key.ends_with(".announced")), "{keys:?}");
}

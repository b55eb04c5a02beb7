//! The Glue catalog as sweeps write it: what is in it, how many requests that takes, and what happens between two of them.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_sdk_glue::types::{Column, DatabaseInput, Table, TableInput};
use daymark::app::handler::{Handler, Invocation};
use daymark::app::sweep::{Report, SweepError, Sweeper};
use daymark::config::Config;
use daymark::day::State;
use daymark::glue::Glue;
use daymark::keys::Day;
use daymark::store::{Store, Tuning};
use daymark::sweep::Request;
use daymark::telemetry::Metrics;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use crate::desk::Desk;
use crate::proxy::{self, Turn};

/// A desk with a Glue database.
struct Lake {
    desk: Desk,
    glue: aws_sdk_glue::Client,
    database: String,
}

/// Operations of Glue, in their order.
type Asked = Arc<Mutex<Vec<String>>>;

impl Lake {
    async fn new(name: &str) -> Lake {
        let desk = Desk::new(name).await;
        let glue = aws_sdk_glue::Client::new(&desk.sdk);
        let database = format!("{name}_db");
        let input = DatabaseInput::builder().name(&database).build().unwrap();
        glue.create_database().database_input(input).send().await.unwrap();
        Lake { desk, glue, database }
    }

    fn config(&self) -> Config {
        let mut settings = self.desk.settings();
        settings.insert("DAYMARK_GLUE_DATABASE".to_owned(), self.database.clone());
        Config::from_vars(settings, |_| unreachable!()).unwrap()
    }

    /// Lands a part and has it converted.
    async fn part(&self, date: &str, table: &str, header: &str, rows: u32) {
        let columns = header.split(',').count();
        let mut text = format!("{header}\n");
        for row in 1..=rows {
            let cells: Vec<String> = (0..columns).map(|_| row.to_string()).collect();
            text.push_str(&format!("{}\n", cells.join(",")));
        }
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(text.as_bytes()).unwrap();
        let key = format!("hubspot/{date}/{table}/data_0_0_0.csv.gz");
        self.desk.land(&key, gzip.finish().unwrap()).await;
        let tuning = Tuning {
            path_style: true,
            ..Tuning::default()
        };
        let store = Store::new(&self.desk.sdk, &tuning);
        let handler = Handler::new(self.config(), store, Metrics::none());
        let event = json!({ "Records": [{
            "eventVersion": "2.1", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
            "s3": { "bucket": { "name": self.desk.landing() }, "object": { "key": key } },
        }] });
        let invocation = Invocation {
            request_id: "test".to_owned(),
            deadline: None,
        };
        handler
            .handle(event.to_string().as_bytes(), invocation)
            .await
            .unwrap();
    }

    /// Sweeps an hour later, through a proxy that sees every request of Glue's. Nothing is tried twice.
    async fn sweep_by(
        &self,
        request: Request,
        judge: impl Fn(&str, &str) -> Turn + Send + Sync + 'static,
    ) -> Result<Report, SweepError> {
        let endpoint = proxy::start(3_600, move |request| match request.of_glue() {
            Some(operation) => judge(operation, &request.body),
            None => Turn::Pass,
        });
        let sdk = aws_config::defaults(BehaviorVersion::latest())
            .endpoint_url(endpoint)
            .retry_config(RetryConfig::disabled());
        let sdk = sdk.load().await;
        let tuning = Tuning {
            path_style: true,
            ..Tuning::default()
        };
        let glue = Glue::new(&sdk, &self.database);
        let sweeper = Sweeper::new(Arc::new(self.config()), Store::new(&sdk, &tuning), None, None);
        Box::pin(sweeper.with_glue(Some(glue)).sweep(&request, None)).await
    }

    /// The same over the days of these tests, with what was asked of Glue. Every day has to come to its end.
    async fn sweep(&self) -> (Report, Vec<String>) {
        self.sweep_for(autumn()).await
    }

    async fn sweep_for(&self, request: Request) -> (Report, Vec<String>) {
        let asked = Asked::default();
        let noted = Arc::clone(&asked);
        let report = self
            .sweep_by(request, move |operation, _| {
                noted.lock().unwrap().push(operation.to_owned());
                Turn::Pass
            })
            .await
            .unwrap();
        for day in &report.days {
            assert!(day.judged.is_ok(), "{day:?}");
        }
        let asked = asked.lock().unwrap().clone();
        (report, asked)
    }

    async fn tables(&self) -> BTreeMap<String, Table> {
        let answer = self.glue.get_tables().database_name(&self.database);
        let answer = answer.send().await.unwrap();
        let tables = answer.table_list().iter();
        tables
            .map(|table| (table.name().to_owned(), table.clone()))
            .collect()
    }

    async fn change(&self, name: &str, change: impl FnOnce(&mut Table)) {
        change_table(&self.glue, &self.database, name, change).await;
    }

    /// Whether a table's day is published.
    async fn is_published(&self, table: &str, date: &str) -> bool {
        let key = format!("lake/published/table={table}/date={date}/symlink.txt");
        let request = self.desk.s3.head_object().bucket(self.desk.curated()).key(key);
        request.send().await.is_ok()
    }
}

/// The days of these tests, whenever they run; all of them, so that no sweep is the daily one over everything.
fn autumn() -> Request {
    let day = |text: &str| Day::parse(text).unwrap();
    Request {
        days: Some((day("2026-10-01"), day("2026-11-30"))),
        ..Request::default()
    }
}

/// Changes a table as somebody else might.
async fn change_table(
    glue: &aws_sdk_glue::Client,
    database: &str,
    name: &str,
    change: impl FnOnce(&mut Table),
) {
    let found = glue.get_table().database_name(database).name(name);
    let mut table = found.send().await.unwrap().table().unwrap().clone();
    change(&mut table);
    let input = TableInput::builder()
        .name(name)
        .set_table_type(table.table_type)
        .set_storage_descriptor(table.storage_descriptor)
        .set_partition_keys(table.partition_keys)
        .set_parameters(table.parameters)
        .build()
        .unwrap();
    let request = glue.update_table().database_name(database).table_input(input);
    request.send().await.unwrap();
}

fn columns(table: &Table) -> Vec<(String, String)> {
    let columns = table.storage_descriptor().unwrap().columns().iter();
    columns
        .map(|column| (column.name().to_owned(), column.r#type().unwrap().to_owned()))
        .collect()
}

fn parameter(table: &Table, name: &str) -> String {
    table.parameters().unwrap()[name].clone()
}

fn count(asked: &[String], operation: &str) -> usize {
    asked.iter().filter(|asked| *asked == operation).count()
}

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
    assert_eq!((count(&asked, "GetTables"), count(&asked, "CreateTable")), (1, 4));
    assert_eq!(asked.len(), 5, "{asked:?}");
    assert_eq!(
        report.catalog.created,
        ["daymark_latest", "daymark_parts", "owners", "owners_live"]
    );
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
    assert_eq!(report.catalog.created, ["events_lunch", "events_lunch_live"]);
    assert_eq!(report.catalog.updated, ["owners", "owners_live"]);
    assert_eq!((asked.len(), count(&asked, "GetTables")), (5, 1), "{asked:?}");
    let before = columns(owners);
    let after = columns(&lake.tables().await["owners"]);
    assert_eq!(after[..before.len()], before[..]);
    assert_eq!(
        after[before.len()..],
        [("nickname".to_owned(), "string".to_owned())]
    );
    for day in 22..27 {
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
        5
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
async fn a_database_that_is_not_there_stops_the_publication_of_each_day() {
    let lake = Lake::new("absent").await;
    for date in ["2026-11-20", "2026-11-21"] {
        lake.part(date, "OWNERS", "OWNERID", 2).await;
    }
    let lake = Lake {
        database: "nowhere".to_owned(),
        ..lake
    };
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let report = lake
        .sweep_by(autumn(), move |_, _| {
            counted.fetch_add(1, Ordering::SeqCst);
            Turn::Pass
        })
        .await
        .unwrap();
    for day in &report.days {
        let error = day.judged.as_ref().unwrap_err().to_string();
        assert!(error.contains("nowhere"), "{error}");
    }
    assert!(!lake.is_published("owners", "2026-11-20").await);
    // Each day asks once, and is left to the next sweep.
    assert_eq!(calls.load(Ordering::SeqCst), report.days.len());
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
    run("catalog", &["--diff"]).says("4 tables, all as they are to be");

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
    let request = lake.glue.delete_table().database_name(&lake.database);
    request.name("daymark_parts").send().await.unwrap();
    let input = TableInput::builder().name("daymark_parts").build().unwrap();
    let request = lake.glue.create_table().database_name(&lake.database);
    request.table_input(input).send().await.unwrap();
    run("catalog", &["--diff"])
        .shows("create owners_live: ")
        .shows("update owners: column nickname string added\n")
        .shows("held daymark_parts: a table of this name is there that Daymark did not make");
    lake.desk
        .run("catalog", &["--diff"])
        .expect(2)
        .says("DAYMARK_GLUE_DATABASE");
}

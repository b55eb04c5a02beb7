//! A lake with a Glue database: parts that land and are converted, sweeps through a proxy that sees what is asked of Glue.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Arc, Mutex};

use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_sdk_glue::types::{DatabaseInput, Table, TableInput};
use daymark::app::handler::{Handler, Invocation};
use daymark::app::sweep::{Report, SweepError, Sweeper};
use daymark::config::Config;
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
pub struct Lake {
    pub desk: Desk,
    pub glue: aws_sdk_glue::Client,
    pub database: String,
}

/// Operations of Glue, in their order.
pub type Asked = Arc<Mutex<Vec<String>>>;

impl Lake {
    pub async fn new(name: &str) -> Lake {
        let desk = Desk::new(name).await;
        let glue = aws_sdk_glue::Client::new(&desk.sdk);
        let database = format!("{name}_db");
        let input = DatabaseInput::builder().name(&database).build().unwrap();
        glue.create_database().database_input(input).send().await.unwrap();
        Lake { desk, glue, database }
    }

    pub fn config(&self) -> Config {
        let mut settings = self.desk.settings();
        settings.insert("DAYMARK_GLUE_DATABASE".to_owned(), self.database.clone());
        Config::from_vars(settings, |_| unreachable!()).unwrap()
    }

    /// What looks at days without sweeping them.
    pub fn looker(&self) -> Sweeper {
        let tuning = Tuning {
            path_style: true,
            ..Tuning::default()
        };
        let store = Store::new(&self.desk.sdk, &tuning);
        Sweeper::new(Arc::new(self.config()), store, None, None)
    }

    /// Lands a part and has it converted.
    pub async fn part(&self, date: &str, table: &str, header: &str, rows: u32) {
        let columns = header.split(',').count();
        let mut text = format!("{header}\n");
        for row in 1..=rows {
            let cells: Vec<String> = (0..columns).map(|_| row.to_string()).collect();
            text.push_str(&format!("{}\n", cells.join(",")));
        }
        self.text(date, table, &text).await;
    }

    /// Lands a part of this text and has it converted.
    pub async fn text(&self, date: &str, table: &str, text: &str) {
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
    pub async fn sweep_by(
        &self,
        request: Request,
        judge: impl Fn(&str, &str) -> Turn + Send + Sync + 'static,
    ) -> Result<Report, SweepError> {
        self.sweep_then(1, request, judge).await
    }

    async fn sweep_then(
        &self,
        hours: i64,
        request: Request,
        judge: impl Fn(&str, &str) -> Turn + Send + Sync + 'static,
    ) -> Result<Report, SweepError> {
        let endpoint = proxy::start(hours * 3_600, move |request| match request.of_glue() {
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
    pub async fn sweep(&self) -> (Report, Vec<String>) {
        self.sweep_for(autumn()).await
    }

    pub async fn sweep_for(&self, request: Request) -> (Report, Vec<String>) {
        self.sweep_hours_later(1, request).await
    }

    pub async fn sweep_hours_later(&self, hours: i64, request: Request) -> (Report, Vec<String>) {
        let asked = Asked::default();
        let noted = Arc::clone(&asked);
        let report = self
            .sweep_then(hours, request, move |operation, _| {
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

    pub async fn tables(&self) -> BTreeMap<String, Table> {
        let answer = self.glue.get_tables().database_name(&self.database);
        let answer = answer.send().await.unwrap();
        let tables = answer.table_list().iter();
        tables
            .map(|table| (table.name().to_owned(), table.clone()))
            .collect()
    }

    pub async fn change(&self, name: &str, change: impl FnOnce(&mut Table)) {
        change_table(&self.glue, &self.database, name, change).await;
    }

    /// Whether a table's day is published.
    pub async fn is_published(&self, table: &str, date: &str) -> bool {
        let key = format!("lake/published/table={table}/date={date}/symlink.txt");
        let request = self.desk.s3.head_object().bucket(self.desk.curated()).key(key);
        request.send().await.is_ok()
    }
}

/// The days of these tests, whenever they run; all of them, so that no sweep is the daily one over everything.
pub fn autumn() -> Request {
    let day = |text: &str| Day::parse(text).unwrap();
    Request {
        days: Some((day("2026-10-01"), day("2026-11-30"))),
        ..Request::default()
    }
}

/// Changes a table as somebody else might.
pub async fn change_table(
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

pub fn columns(table: &Table) -> Vec<(String, String)> {
    let columns = table.storage_descriptor().unwrap().columns().iter();
    columns
        .map(|column| (column.name().to_owned(), column.r#type().unwrap().to_owned()))
        .collect()
}

pub fn parameter(table: &Table, name: &str) -> String {
    table.parameters().unwrap()[name].clone()
}

pub fn count(asked: &[String], operation: &str) -> usize {
    asked.iter().filter(|asked| *asked == operation).count()
}

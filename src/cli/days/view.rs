//! A day as people look at it: the sweep's judgement, and what its revisions and failure records say besides.

use futures::stream::{self, StreamExt, TryStreamExt};

use super::place::Place;
use crate::app::sweep::{Judged, Report};
use crate::cli::in_words;
use crate::failure::{Failure, Unusable};
use crate::keys::{Day, Layout, Leaf};
use crate::manifest::Revision;

/// Days that are looked at together.
const DAYS_AT_ONCE: usize = 16;

/// Failure records of one day that are read.
const FAILURES_MAX: usize = 100;

/// A day.
#[derive(Debug)]
pub(in crate::cli) struct View {
    /// The day.
    pub(super) date: Day,
    /// The judgement, or why there is none. `revised` says whether the revision is still to be written.
    pub(super) judged: Result<Judged, String>,
    /// Why parts of it can not be converted.
    pub(super) failures: Vec<Failure>,
    /// Failure records that do not say it.
    pub(super) damaged: Vec<Unread>,
    /// The published revision, where it was asked for and is written.
    pub(super) revision: Option<Revision>,
}

/// A failure record that can not be read.
#[derive(Debug)]
pub(super) struct Unread {
    pub(super) key: String,
    /// What is wrong with it.
    pub(super) why: String,
    /// Whether it is only that a newer release wrote it.
    pub(super) is_newer: bool,
}

/// Looks closer at what a sweep found. `dry_run`: it wrote nothing. `whole`: with the published revisions.
pub(in crate::cli) async fn views(
    place: &Place,
    report: Report,
    dry_run: bool,
    whole: bool,
) -> anyhow::Result<Vec<View>> {
    let views = report.days.into_iter().map(|day| async move {
        let judged = day.judged.map(|judged| Judged {
            revised: judged.revised && dry_run,
            ..judged
        });
        let judged = judged.map_err(|error| in_words(&error.into()));
        let mut view = View {
            date: day.date,
            judged,
            failures: Vec::new(),
            damaged: Vec::new(),
            revision: None,
        };
        if let Ok(judged) = &view.judged {
            (view.failures, view.damaged) = failures(place, &view.date, judged).await?;
            if let Some(number) = judged.published.filter(|_| whole) {
                view.revision = revision(place, &view.date, number).await?;
            }
        }
        anyhow::Ok(view)
    });
    stream::iter(views).buffered(DAYS_AT_ONCE).try_collect().await
}

/// A revision, if it is written and sound.
pub(super) async fn revision(place: &Place, date: &Day, number: u32) -> anyhow::Result<Option<Revision>> {
    let key = place.config.layout.leaf(date, Leaf::Revision(number));
    let read = place.read(&key).await?;
    Ok(read.and_then(|bytes| Revision::parse(&bytes, date, number).ok()))
}

/// The failure records of today's settings, of the tables that the day's reasons name.
async fn failures(place: &Place, date: &Day, judged: &Judged) -> anyhow::Result<(Vec<Failure>, Vec<Unread>)> {
    let failed = judged
        .reasons
        .iter()
        .filter(|reason| reason.code == "parts_failed");
    let (mut failures, mut damaged) = (Vec::new(), Vec::new());
    for table in failed.filter_map(|reason| reason.table.as_deref()) {
        let profile = place.config.profile(table)?;
        for listed in place
            .list(folder(&place.config.layout, "failed/", table, date))
            .await?
        {
            if failures.len() >= FAILURES_MAX {
                return Ok((failures, damaged));
            }
            let Some((.., id)) = place.config.layout.parse(&listed.key) else {
                continue;
            };
            let Some(bytes) = place.read(&listed.key).await? else {
                continue;
            };
            match Failure::parse(&bytes, &id) {
                Ok(failure) if failure.profile == profile.as_str() => failures.push(failure),
                Ok(_) => {}
                Err(error) => damaged.push(Unread {
                    key: listed.key,
                    why: error.to_string(),
                    is_newer: matches!(error, Unusable::Newer(_)),
                }),
            }
        }
    }
    Ok((failures, damaged))
}

/// The folder of a table's day: `failed/`, `rejected/`.
pub(super) fn folder(layout: &Layout, kind: &str, table: &str, date: &Day) -> String {
    format!("{}{kind}table={table}/date={date}/", layout.curated().prefix())
}

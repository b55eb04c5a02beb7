//! What a sweep leaves to the next one. Losing it costs a sweep over all days, nothing else.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::SweepError;
use super::memory::Empty;
use super::objects::{Objects, version};
use super::tally::Tally;
use crate::keys::{Day, Layout};

/// The version of its form. An earlier release takes members that it does not know for damage.
const VERSION: u32 = 3;

/// Where sweeps stand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct State {
    pub(super) version: u32,
    /// When a sweep over all days came to its end last, by S3's clock, milliseconds since 1970 UTC.
    pub(super) all_ms: Option<i64>,
    /// The day that the next sweep goes on with, because the last one ran out of time.
    pub(super) next: Option<String>,
    /// Whether that was a sweep over all days.
    #[serde(default)]
    pub(super) next_of_all: bool,
    /// How the days before it stand. None: the next one begins anew, or it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) tally: Option<Tally>,
    /// When the queue was seen empty last, by S3's clock, milliseconds since 1970 UTC.
    pub(super) drained_ms: Option<i64>,
    /// Days that are not settled, or changed lately: they are looked at by every sweep, however old they are.
    pub(super) unsettled: Vec<String>,
    /// Types of columns that were ever published, by table and column. Only ever added to.
    pub(super) types: BTreeMap<String, BTreeMap<String, String>>,
    /// By table that views turn on, the published days of which it has files, and no row in them.
    #[serde(default, skip_serializing_if = "Empty::is_empty")]
    pub(super) empty: Empty,
    /// Whether that is of all published days. Version 2 did not tell, so that a sweep over all days has to.
    #[serde(default)]
    pub(super) empty_of_all: bool,
    /// Tells what the views in the Glue catalog were made of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) views: Option<String>,
}

impl State {
    /// Reads it, with its ETag. One that is damaged is set aside, unless nothing is to be written, and a new one begins.
    pub(super) async fn read(
        objects: &Objects,
        layout: &Layout,
        keep: bool,
    ) -> Result<(Self, Option<String>), SweepError> {
        let key = layout.sweep_state();
        let Some((bytes, etag)) = objects.read(&key).await? else {
            return Ok((State::default(), None));
        };
        if let Ok(newer) = version(&bytes)
            && newer > VERSION
        {
            return Err(SweepError::Newer(format!("{key} has version {newer}")));
        }
        match serde_json::from_slice::<State>(&bytes) {
            Ok(mut state) => {
                if state.version < VERSION {
                    // The rest of that release's sweep would leave out the days that it began with.
                    (state.next, state.next_of_all, state.tally) = (None, false, None);
                    (state.empty, state.empty_of_all) = (Empty::new(), false);
                }
                Ok((state, Some(etag)))
            }
            Err(error) => {
                if !keep {
                    objects
                        .set_aside(&key, (bytes, &etag), &error.to_string())
                        .await?;
                }
                Ok((State::default(), None))
            }
        }
    }

    /// The same for those who only look. A newer release's is as good as none; why nothing, or not all, is known comes with it.
    pub(super) async fn look(
        objects: &Objects,
        layout: &Layout,
    ) -> Result<(Self, Option<String>), SweepError> {
        let key = layout.sweep_state();
        match State::read(objects, layout, true).await {
            Ok((state, _)) if state.empty_of_all => Ok((state, None)),
            Ok((state, _)) => {
                let why = format!(
                    "{key} does not tell yet which tables came with a header alone, so that views may look for rows in them; the \
                     next sweep over all days, or `daymark backfill`, finds out"
                );
                Ok((state, Some(why)))
            }
            Err(SweepError::Newer(newer)) => {
                let why = format!(
                    "{newer}: a newer release wrote it, so columns are those of the newest day, and views may look for rows in \
                     tables that came with a header alone"
                );
                Ok((State::default(), Some(why)))
            }
            Err(error) => Err(error),
        }
    }

    /// Writes it onto what was read. Another sweep's, written meanwhile, is as good.
    pub(super) async fn write(
        mut self,
        objects: &Objects,
        layout: &Layout,
        etag: Option<&str>,
    ) -> Result<(), SweepError> {
        self.version = VERSION;
        let mut json = serde_json::to_vec(&self).map_err(|error| SweepError::Defect(error.to_string()))?;
        json.push(b'\n');
        objects
            .put(&layout.sweep_state(), Bytes::from(json), "application/json", etag)
            .await?;
        Ok(())
    }

    /// The days that are not settled.
    pub(super) fn unsettled_days(&self) -> Vec<Day> {
        self.unsettled.iter().filter_map(|day| Day::parse(day)).collect()
    }
}

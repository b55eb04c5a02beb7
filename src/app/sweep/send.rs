//! Parts that are sent to the queue again: as the S3 events that got lost.

use std::collections::{BTreeMap, HashMap, HashSet};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::objects::{Objects, Wrote, version};
use super::{SweepError, Sweeper};
use crate::day::{Seen, Sent, Verdict};
use crate::keys::{Day, Layout, Leaf};
use crate::notice;
use crate::part::PartId;
use crate::queue::{Queue, QueueError};

/// The version of its form.
const VERSION: u32 = 1;

/// Messages between two looks at the clock: ten requests of usual size.
const AT_ONCE: usize = 100;

/// The object `sent.json`: how often each part was sent again, by its id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ledger {
    version: u32,
    parts: BTreeMap<String, Sent>,
}

impl Ledger {
    /// Reads `sent.json`.
    pub(super) fn parse(json: &[u8]) -> Result<HashMap<PartId, Sent>, Unreadable> {
        let damaged = |error: serde_json::Error| Unreadable::Damaged(error.to_string());
        let version = version(json).map_err(damaged)?;
        if version > VERSION {
            return Err(Unreadable::Newer(version));
        }
        let ledger: Ledger = serde_json::from_slice(json).map_err(damaged)?;
        let parts = ledger.parts.into_iter();
        Ok(parts
            .filter_map(|(id, sent)| Some((PartId::parse(&id)?, sent)))
            .collect())
    }
}

/// Why a `sent.json` is not read.
#[derive(Debug)]
pub(super) enum Unreadable {
    /// It is none of ours any more.
    Damaged(String),
    /// A newer release wrote it.
    Newer(u32),
}

/// What one day wants to send.
#[derive(Debug)]
pub(super) struct Wish {
    pub(super) date: Day,
    /// `sent.json` as it was listed.
    pub(super) etag: Option<String>,
    /// What it says.
    pub(super) sent: HashMap<PartId, Sent>,
    pub(super) parts: Vec<Ask>,
}

/// One part that is to be sent.
#[derive(Debug)]
pub(super) struct Ask {
    id: PartId,
    /// Key of its source.
    pub(super) key: String,
    message: String,
}

/// What a day's verdict asks to be sent.
pub(super) fn wish(
    seen: &Seen,
    verdict: &Verdict,
    layout: &Layout,
    sent: &HashMap<PartId, Sent>,
    etag: Option<String>,
) -> Option<Wish> {
    let part = |resend: &crate::day::Resend| {
        let source = seen.tables.get(&resend.table)?.sources.get(resend.source)?;
        let bucket = layout.landing().bucket();
        Some(Ask {
            id: source.id.clone(),
            key: source.key.clone(),
            message: notice::created(bucket, &source.key, source.size_bytes, &source.etag),
        })
    };
    let parts: Vec<_> = verdict.send.iter().filter_map(part).collect();
    (!parts.is_empty()).then(|| Wish {
        date: seen.date.clone(),
        etag,
        sent: sent.clone(),
        parts,
    })
}

/// What was sent without a result so far. Of a part that has its Parquet, attempts are over: should it get lost, it has as many
/// again. One that is damaged is no result, or a part that always comes out so would be sent for ever.
pub(super) fn without_result(
    sent: &HashMap<PartId, Sent>,
    seen: &Seen,
    verdict: &Verdict,
) -> HashMap<PartId, Sent> {
    if sent.is_empty() {
        return HashMap::new();
    }
    let mut open = sent.clone();
    for (name, table) in &seen.tables {
        let damaged = verdict.tables.get(name).map_or(&[][..], |choice| &choice.damaged);
        let damaged: HashSet<usize> = damaged.iter().map(|(output, _)| *output).collect();
        let outputs = table.outputs.iter().enumerate();
        for (_, output) in outputs.filter(|(place, _)| !damaged.contains(place)) {
            open.remove(&output.id);
        }
    }
    open
}

/// Of wishes in the order of their days, those that so much room is for: the newest. Years of history may be waiting.
pub(super) fn keep_newest(wishes: &mut Vec<Wish>, room: u64) {
    let room = usize::try_from(room).unwrap_or(usize::MAX);
    let mut kept = 0_usize;
    let needed = wishes.iter().rev().take_while(|wish| {
        let is_room = kept < room;
        kept = kept.saturating_add(wish.parts.len());
        is_room
    });
    let superfluous = wishes.len() - needed.count();
    wishes.drain(..superfluous);
}

/// Writes down what was sent. Where another sweep wrote meanwhile, what it wrote stands: what this one sent is then not counted,
/// so that a part is sent once more than it would be, which does no harm. One that is counted and was not sent would be given up.
pub(super) async fn write(
    date: &Day,
    sent: HashMap<PartId, Sent>,
    etag: Option<&str>,
    objects: &Objects,
    layout: &Layout,
) -> Result<(), SweepError> {
    let parts = sent.into_iter().map(|(id, sent)| (id.to_string(), sent));
    let ledger = Ledger {
        version: VERSION,
        parts: parts.collect(),
    };
    let mut json = serde_json::to_vec(&ledger).map_err(|error| SweepError::Defect(error.to_string()))?;
    json.push(b'\n');
    let key = layout.leaf(date, Leaf::Sent);
    let wrote = objects
        .put(&key, Bytes::from(json), "application/json", etag)
        .await?;
    if wrote == Wrote::Overtaken {
        tracing::info!(%date, "another sweep sent parts of this day meanwhile, so what this one sent is not counted");
    }
    Ok(())
}

/// The keys of the parts that are wished for, in the order in which they would be sent.
pub(super) fn keys(wishes: &[Wish]) -> Vec<String> {
    let mut wishes: Vec<&Wish> = wishes.iter().collect();
    wishes.sort_by(|a, b| b.date.cmp(&a.date));
    let asks = wishes.into_iter().flat_map(|wish| &wish.parts);
    asks.map(|ask| ask.key.clone()).collect()
}

/// What came of sending.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Messages that the queue took.
    pub(super) sent: u64,
    /// What it refused last.
    pub(super) refused: Option<QueueError>,
}

/// Sends what the queue has room for, the newest days first, and writes down what was sent. What there is no time for any more,
/// the next sweep finds.
pub(super) async fn send(
    mut wishes: Vec<Wish>,
    queue: &Queue,
    mut room: u64,
    now_ms: i64,
    until: Option<Instant>,
    sweeper: &Sweeper,
) -> Result<Told, SweepError> {
    let config = &sweeper.config;
    wishes.sort_by(|a, b| b.date.cmp(&a.date));
    let mut told = Told::default();
    for wish in wishes {
        let most = usize::try_from(room).unwrap_or(usize::MAX);
        let asks = wish.parts.into_iter().take(most);
        let (ids, bodies): (Vec<PartId>, Vec<String>) = asks.map(|ask| (ask.id, ask.message)).unzip();
        let mut sent = wish.sent;
        let mut taken = 0;
        for (ids, bodies) in ids.chunks(AT_ONCE).zip(bodies.chunks(AT_ONCE)) {
            let is_silent = told.refused.as_ref().is_some_and(|error| !error.is_answered);
            if is_silent || super::is_past(until) {
                break;
            }
            for (id, answer) in ids.iter().zip(queue.send(bodies).await) {
                match answer {
                    Ok(()) => {
                        taken += 1;
                        let counted = sent.get(id).map_or(0, |before| before.counted + 1);
                        let last_ms = now_ms;
                        sent.insert(id.clone(), Sent { counted, last_ms });
                    }
                    Err(error) => told.refused = Some(error),
                }
            }
        }
        if taken == 0 {
            continue;
        }
        // Written after it was sent: what is sent twice does no harm, what counts unsent would.
        if !config.days.policy.converts_itself {
            let etag = wish.etag.as_deref();
            write(&wish.date, sent, etag, &sweeper.objects, &config.layout).await?;
        }
        told.sent += taken;
        room = room.saturating_sub(taken);
    }
    Ok(told)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::config::Config;
    use crate::store::{Store, Tuning};

    fn wish(day: &str, parts: usize) -> Wish {
        Wish {
            date: Day::parse(day).unwrap(),
            etag: None,
            sent: HashMap::new(),
            parts: (0..parts)
                .map(|part| Ask {
                    id: PartId::parse(&format!("{part:016x}")).unwrap(),
                    key: String::new(),
                    message: String::new(),
                })
                .collect(),
        }
    }

    #[test]
    fn no_more_is_kept_of_wishes_than_there_is_room_for() {
        for (room, kept) in [(0, 0), (1, 1), (2, 1), (3, 2), (5, 2), (6, 3), (u64::MAX, 3)] {
            let mut wishes = vec![
                wish("2026-11-01", 4),
                wish("2026-11-02", 3),
                wish("2026-11-03", 2),
            ];
            keep_newest(&mut wishes, room);
            let days: Vec<&str> = wishes.iter().map(|wish| wish.date.as_str()).collect();
            assert_eq!(
                days,
                ["2026-11-01", "2026-11-02", "2026-11-03"][3 - kept..],
                "{room}"
            );
        }
    }

    #[tokio::test]
    async fn what_there_is_no_time_for_stays_unsent() {
        let vars = [("LANDING", "landing"), ("CURATED", "curated")];
        let vars = vars.map(|(place, bucket)| (format!("DAYMARK_{place}_BUCKET"), bucket.to_owned()));
        let mut config = Config::from_vars(vars, |path| Err(path.to_owned())).unwrap();
        config.days.policy.converts_itself = true;
        let sdk = aws_config::SdkConfig::builder().behavior_version(aws_config::BehaviorVersion::latest());
        let store = Store::new(&sdk.build(), &Tuning::default());
        let sweeper = Sweeper::new(Arc::new(config), store, None, None);
        let queue = Queue::here();
        for (until, sent) in [(Some(Instant::now()), 0), (None, 250)] {
            let wishes = vec![wish("2026-11-01", 130), wish("2026-11-02", 120)];
            let told = send(wishes, &queue, 1_000, 0, until, &sweeper).await.unwrap();
            assert_eq!(
                (told.sent, queue.take().len()),
                (sent, usize::try_from(sent).unwrap())
            );
        }
    }
}

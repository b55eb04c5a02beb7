//! Revisions of a day that are neither its newest nor what is published, and the ledgers that publications left.

use std::collections::{BTreeMap, BTreeSet};

use super::{Found, day};
use crate::cli::days::place::Place;
use crate::day::State;
use crate::keys::{Day, Leaf};
use crate::manifest::{Damage, Revision};

/// What comes of damage to what was published before.
const NO_MATTER: &str = "; nothing that is published depends on it";

/// What comes of damage to what a day would come back to.
const BY_FOOTERS: &str = "; if the day is wanted again, what it was comes from its Parquet's footers";

/// Reads each of them. One is held at a time: each is as large as its day.
pub(super) async fn verify(
    place: &Place,
    date: &Day,
    newest: &Revision,
    found: &mut Found,
) -> anyhow::Result<()> {
    let (layout, history) = (&place.config.layout, &newest.history);
    let is_earlier = |number: &u32| *number < history.revision && Some(*number) != history.published;
    let listed = place.list(layout.manifests_of(date)).await?;
    let revisions = listed
        .iter()
        .filter_map(|object| match layout.parse_leaf(&object.key)? {
            (_, Leaf::Revision(number)) => Some(number),
            _ => None,
        });
    let revisions: BTreeSet<u32> = revisions.filter(is_earlier).collect();
    let first = layout.parts_ledger(date, 1);
    let folder = first
        .rsplit_once('/')
        .map_or(first.as_str(), |(folder, _)| folder);
    let listed = place.list(format!("{folder}/")).await?;
    let ledgers = listed
        .into_iter()
        .filter_map(|object| Some((layout.parse_parts_ledger(&object.key)?, object.key)));
    let ledgers: BTreeMap<u32, String> = ledgers.filter(|(number, _)| is_earlier(number)).collect();
    // Each publication leaves a ledger, and a day that is forgotten comes back to the last.
    let last = ledgers.keys().next_back().copied();
    let last = last.filter(|_| history.state == State::Forgotten);
    if let Some(last) = last.filter(|last| !revisions.contains(last)) {
        found.notes.push(format!(
            "revision {last}, which it was published with, is gone{BY_FOOTERS}"
        ));
    }
    let numbers: BTreeSet<u32> = revisions.iter().chain(ledgers.keys()).copied().collect();
    for number in numbers {
        let key = layout.leaf(date, Leaf::Revision(number));
        let json = match revisions.contains(&number) {
            true => place.read(&key).await?,
            false => None,
        };
        let revision = match json.map(|json| Revision::parse(&json, date, number)) {
            Some(Ok(revision)) => Some(revision),
            Some(Err(damage)) => {
                let outcome = match damage {
                    Damage::Newer(_) => String::new(),
                    _ if last == Some(number) => BY_FOOTERS.to_owned(),
                    _ => {
                        format!("{NO_MATTER}: what it told of the day's past is lost, and it can be deleted")
                    }
                };
                found.fault(format!("{key}: {damage}{outcome}"));
                None
            }
            None => None,
        };
        if let Some(key) = ledgers.get(&number)
            && let Some(bytes) = place.read(key).await?
            && let Some(damage) = day::damage_of_ledger(bytes, revision.as_ref()).await?
        {
            found.fault(format!("{key}: {damage}{NO_MATTER}"));
        }
    }
    Ok(())
}

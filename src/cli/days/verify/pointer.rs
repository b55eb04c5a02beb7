//! The pointer that all `_latest` views go by, beside the days that were looked at.

use super::{Found, day};
use crate::cli::days::place::Place;
use crate::keys::Day;
use crate::manifest;

/// Looks at the pointer. `published`: of the days that were looked at, those that are published, in their order; `looked`: all
/// that were.
pub(super) async fn verify(
    place: &Place,
    looked: &[Day],
    published: &[Day],
    found: &mut Found,
) -> anyhow::Result<()> {
    let key = place.config.layout.latest();
    day::beside(place, &key, found).await?;
    let date = match place.read(&key).await? {
        None => None,
        Some(bytes) => match manifest::parse_latest(&bytes) {
            Ok(date) => date,
            Err(why) => {
                found.fault(format!("{key}: {why}"));
                return Ok(());
            }
        },
    };
    let newest = published.last();
    let (layout, looked_at) = (&place.config.layout, |date: &Day| looked.contains(date));
    if let Some(date) = date.as_ref().filter(|date| !looked_at(date))
        && place.dates(&layout.manifests(), date, date).await?.is_empty()
    {
        found.fault(format!(
            "{key}: expected a day that is published, found {date}, which has no manifest"
        ));
        return Ok(());
    }
    match (date, newest) {
        (Some(date), _) if looked_at(&date) && !published.contains(&date) => {
            found.fault(format!("{key}: expected a day that is published, found {date}"));
        }
        (Some(date), Some(newest)) if date < *newest => {
            found.fault(format!("{key}: expected {newest} or a newer day, found {date}"));
        }
        (None, Some(newest)) => found.fault(format!("{key}: expected {newest} or a newer day, found none")),
        _ => {}
    }
    Ok(())
}

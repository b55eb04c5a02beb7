//! The pointer that all `_latest` views go by, beside the days that were looked at.

use super::{Found, day};
use crate::cli::days::place::Place;
use crate::keys::Day;
use crate::manifest;

/// Looks at the pointer. `told`: days of which it is known whether anything of them is published; `published`: those of which
/// something is, in their order.
pub(super) async fn verify(
    place: &Place,
    told: &[Day],
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
    let (layout, is_told) = (&place.config.layout, |date: &Day| told.contains(date));
    let last = last(place).await?;
    let is_ahead = |date: &Day| last.as_ref().is_some_and(|last| date > last);
    let newest = published.iter().rfind(|date| !is_ahead(date));
    if let Some(date) = date.as_ref().filter(|date| is_ahead(date)) {
        found.fault(format!(
            "{key}: expected a day up to tomorrow, which Athena's tables end at, found {date}"
        ));
        return Ok(());
    }
    if let Some(date) = date.as_ref().filter(|date| !is_told(date))
        && place.dates(&layout.manifests(), date, date).await?.is_empty()
    {
        found.fault(format!(
            "{key}: expected a day that is published, found {date}, which has no manifest"
        ));
        return Ok(());
    }
    match (date, newest) {
        (Some(date), _) if is_told(&date) && !published.contains(&date) => {
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

/// The last day that the pointer may name, by S3's clock.
async fn last(place: &Place) -> anyhow::Result<Option<Day>> {
    if !place.config.days.policy.ends_tomorrow {
        return Ok(None);
    }
    let today = Day::of_ms(place.looker().clock().await?);
    Ok(today.and_then(|today| today.plus(1)))
}

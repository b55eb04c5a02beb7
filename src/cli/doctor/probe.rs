//! Both functions, invoked with something that changes nothing.

use super::ask::Clients;
use super::gather::Facts;
use crate::cli::days::place::Place;
use crate::doctor::Finding;
use crate::doctor::probe::{judge, unasked};
use crate::keys::Day;
use crate::notice;

/// Asks the converter for a part that is not there, and the other function what it would do.
pub(super) async fn probe(clients: &Clients, place: &Place, facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.push(match (&facts.convert, no_part(place, facts)) {
        (Ok(function), Some(key)) => {
            let bucket = place.config.layout.landing().bucket();
            let event = notice::created(bucket, &key, 0, "");
            let invoked = clients.invoke(&function.name, &event).await;
            let what = format!("starts, and may look for s3://{bucket}/{key}");
            judge(function, &what, &invoked)
        }
        (Ok(function), None) => unasked(
            &function.name,
            "for want of a key that a part could have: there is none yet, and the day folders are spelled by a pattern",
        ),
        (Err(failure), _) => unasked("the function that converts", &failure.to_string()),
    });
    findings.push(match &facts.manifest {
        Ok(function) => {
            let invoked = clients.invoke(&function.name, r#"{"dry_run": true}"#).await;
            let what = "starts, and may list both buckets and read manifests and footers";
            judge(function, what, &invoked)
        }
        Err(failure) => unasked("the function that looks after days", &failure.to_string()),
    });
    findings
}

/// A key under which a part could be and none is: beside one that is there, or of today where that is how days are spelled.
fn no_part(place: &Place, facts: &Facts) -> Option<String> {
    const NAME: &str = "daymark-doctor-probe.csv.gz";
    let layout = &place.config.layout;
    let beside = facts.a_part(layout).and_then(|part| {
        let (folder, _) = part.rsplit_once('/')?;
        Some(format!("{folder}/{NAME}"))
    });
    let today = || {
        let date = Day::of_ms(facts.now_ms()?)?;
        Some(format!("{}{date}/OBJECTS/{NAME}", layout.landing().prefix()))
    };
    beside.or_else(today).filter(|key| layout.source(key).is_ok())
}

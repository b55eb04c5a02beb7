//! The same commands on buckets, by the credentials and endpoint of the environment.

use daymark::server::{Server, ServerConfig};
use tokio::runtime::Runtime;

use super::{Desk, Ran, backfill, folder};

/// The folder's buckets, served by somebody else.
fn served(desk: &Desk) -> (Runtime, Server) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let server = runtime
        .block_on(Server::start(ServerConfig::new(desk.path("lake"))))
        .unwrap();
    (runtime, server)
}

const PLACE: [&str; 4] = ["--landing", "s3://landing/hubspot", "--curated", "s3://curated"];

fn run(desk: &Desk, server: &Server, arguments: &[&str]) -> Ran {
    let credentials = server.credentials();
    let output = desk
        .command(arguments)
        .env("AWS_ENDPOINT_URL", server.endpoint())
        .env("AWS_ACCESS_KEY_ID", credentials.access_key_id())
        .env("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key())
        .env("AWS_REGION", "us-east-1")
        .env("DAYMARK_QUIET_MINUTES", "0")
        .output()
        .unwrap();
    Ran::of(output)
}

#[test]
fn days_in_buckets_are_the_same_days() {
    let desk = folder();
    backfill(&desk).expect(0);
    let (_runtime, server) = served(&desk);
    let with = |arguments: &[&str]| run(&desk, &server, &[arguments, &PLACE[..]].concat());
    with(&["status"]).expect(0).shows("20✓").shows("21✗");
    with(&["verify"]).expect(0).shows("0 faults");
    with(&["rejects"]).expect(0).shows("2 rejects");
    let span = ["--from", "2026-11-20", "--to", "2026-11-21"];
    with(&[&["backfill", "--dry-run"], &span[..]].concat())
        .expect(0)
        .shows("0 parts would be sent");
    // There is nobody to send to.
    with(&[&["backfill"], &span[..]].concat())
        .expect(2)
        .says("--queue-url");
    with(&["replay", "hubspot/2026-11-21/OWNERS/data_0_1_0.csv.gz"])
        .expect(2)
        .says("--queue-url");
    with(&["forget", "--date", "2026-11-21"])
        .expect(0)
        .shows("is forgotten");
    run(
        &desk,
        &server,
        &[
            "status",
            "--landing",
            "s3://none/x",
            "--curated",
            "s3://nowhere/y",
        ],
    )
    .expect(1)
    .says("NoSuchBucket");
    // A folder that is served is not served twice.
    desk.run(&["status", "--dir", "lake"])
        .expect(1)
        .says("already served");
}

#[test]
fn events_are_left_to_the_functions_next_sweep() {
    let desk = folder();
    backfill(&desk).expect(0);
    let count = |end: &str| {
        let names = desk.listing().into_iter();
        let revisions = names.filter(|name| name.contains("curated/manifest/date=2026-11-20/r"));
        revisions.filter(|name| name.ends_with(end)).count()
    };
    assert_eq!((count(".json"), count(".announced")), (1, 1));
    let (_runtime, server) = served(&desk);
    let arguments = [&["forget", "--date", "2026-11-20"], &PLACE[..]].concat();
    run(&desk, &server, &arguments).expect(0);
    assert_eq!((count(".json"), count(".announced")), (2, 1));
}

/// Athena looks into buckets, and its tables end tomorrow.
#[test]
fn a_pointer_to_a_day_after_tomorrow() {
    let desk = folder();
    backfill(&desk).expect(0);
    desk.write("lake/curated/latest/latest.json", b"{\"date\":\"2199-12-31\"}\n");
    let (_runtime, server) = served(&desk);
    run(&desk, &server, &[&["verify"], &PLACE[..]].concat())
        .expect(1)
        .says("latest/latest.json: expected a day up to tomorrow")
        .says("found 2199-12-31");
}

//! `status --html`: one file that needs nothing else.

use serde_json::Value;

use super::{backfill, folder, land, owners, run};
use crate::gzip;

fn data(page: &str) -> Value {
    let start = page.find("application/json\">").unwrap() + "application/json\">".len();
    let end = start + page[start..].find("</script>").unwrap();
    serde_json::from_str(&page[start..end]).unwrap()
}

#[test]
fn a_page_holds_days_tables_and_parts() {
    let desk = folder();
    backfill(&desk).expect(0);
    let ran = run(&desk, &["status", "--html", "days.html"])
        .expect(0)
        .says("days.html");
    assert_eq!(ran.stdout, "");
    let page = desk.read("days.html");
    let data = data(&page);
    assert_eq!(data["days"][0]["by_table"]["owners"]["rows"], 4);
    let part = &data["days"][0]["by_table"]["owners"]["parts"][0];
    assert_eq!(part[0], "hubspot/2026-11-20/OWNERS/data_0_0_0.csv.gz");
    assert!(data["days"][1].get("by_table").is_none());
    assert!(!page.contains("://"), "nothing is fetched from anywhere");
}

#[test]
fn a_key_cannot_become_markup() {
    let desk = folder();
    let name = "<img src=x onerror=alert(1)>&<!--";
    land(&desk, "2026-11-20", "OWNERS", name, &gzip(owners(1).as_bytes()));
    backfill(&desk).expect(0);
    run(&desk, &["status", "--html", "days.html"]).expect(0);
    let page = desk.read("days.html");
    assert!(!page.contains("<img") && !page.contains("onerror=alert(1)>"));
    let told = data(&page)["days"][0]["by_table"]["owners"]["parts"].to_string();
    assert!(told.contains(name), "{told}");
}

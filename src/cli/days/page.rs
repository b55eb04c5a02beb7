//! Days as one page for a browser: everything is in the file, nothing is fetched.
//!
//! What comes from keys and messages goes into the page as JSON alone, and from there into text nodes: no markup is made
//! of it, neither here nor in the page's script.

use serde_json::{Map, Value, json};

use super::status::of_day;
use super::view::View;
use crate::manifest::{Part, Table};

const PAGE: &str = include_str!("page.html");
/// Where the data goes.
const PLACE: &str = "__DATA__";

/// Parts of all days together that a page holds; the newest days' go first.
const PARTS_MAX: usize = 20_000;

/// The page.
pub(super) fn page(name: &str, now_ms: i64, views: &[View]) -> anyhow::Result<String> {
    let mut room = PARTS_MAX;
    let mut days: Vec<Value> = Vec::with_capacity(views.len());
    for view in views.iter().rev() {
        let mut day = of_day(view);
        if let (Some(content), Value::Object(members)) = (
            view.revision
                .as_ref()
                .and_then(|revision| revision.content.as_ref()),
            &mut day,
        ) {
            let tables = content.tables.iter();
            let tables: Map<String, Value> = tables
                .map(|(name, table)| (name.clone(), of_table(table, &mut room)))
                .collect();
            members.insert("by_table".to_owned(), Value::Object(tables));
        }
        days.push(day);
    }
    days.reverse();
    let data = json!({
        "place": name,
        "now_ms": now_ms,
        "version": env!("CARGO_PKG_VERSION"),
        "days": days,
    });
    Ok(PAGE.replacen(PLACE, &inert(&data.to_string()), 1))
}

fn of_table(table: &Table, room: &mut usize) -> Value {
    let taken = table.parts.len().min(*room);
    *room -= taken;
    let parts = table.parts.iter().take(taken).map(of_part);
    json!({
        "folders": table.folders,
        "parts": parts.collect::<Vec<_>>(),
        "count": table.totals.parts,
        "rows": table.totals.rows_written,
        "rejects": table.totals.records_rejected.saturating_add(table.totals.cells_rejected),
        "source_bytes": table.totals.source_bytes,
        "output_bytes": table.totals.output_bytes,
    })
}

fn of_part(part: &Part) -> Value {
    json!([
        part.source.key,
        part.output.key,
        part.rows_written,
        part.records_rejected,
        part.cells_rejected,
        part.source.bytes,
        part.output.bytes,
        part.dialect,
    ])
}

/// JSON in which nothing can end a script's element, or be taken for markup.
fn inert(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for char in json.chars() {
        match char {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                text.push_str(&format!("\\u{:04x}", u32::from(char)));
            }
            char => text.push(char),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_become_markup() {
        let name = "</script><script>alert(1)</script><!--&amp;\u{2028}";
        let page = page(name, 0, &[]).unwrap();
        assert_eq!(page.matches("</script").count(), PAGE.matches("</script").count());
        assert!(!page.contains("alert(1)</script"));
        let start = page.find("type=\"application/json\">").unwrap() + 24;
        let data = &page[start..];
        let data: Value = serde_json::from_str(&data[..data.find('<').unwrap()]).unwrap();
        assert_eq!(data["place"], name);
    }

    #[test]
    fn the_page_fetches_nothing() {
        for word in [
            "http://",
            "https://",
            "src=",
            "@import",
            "url(",
            "innerHTML",
            "fetch(",
        ] {
            assert!(!PAGE.contains(word), "{word}");
        }
        assert_eq!(PAGE.matches(PLACE).count(), 1);
    }
}

//! The text that a profile is the fingerprint of.
//!
//! Two configurations with the same profile give the same bytes for the same part, or the same refusal. So it holds what
//! decides names, types, NULLs and compression, and also limits and budget: whoever raises one wants parts that were
//! refused under the old one to be tried again, and a failure record counts for its own profile only.
//! It holds nothing of when, where to and how fast, and of the catalog only the part's own table.

use std::fmt::Write as _;

use crate::convert::{Budget, Codec, Naming, Plan, Typing};

/// The version of what Daymark writes. A release that writes other bytes for the same part and settings raises it.
pub const FORMAT: u32 = 1;

/// The canonical text: every setting that counts, by name, in a fixed order.
pub(super) fn canonical(plan: &Plan) -> String {
    let Plan {
        table,
        typing,
        naming,
        dialect,
        limits,
        budget,
        rejects_bytes_max,
        codec,
        provenance: _,
    } = plan;
    let mut text = String::new();
    let mut say = |name: &str, value: &dyn std::fmt::Display| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name}={value}");
    };
    say("format", &FORMAT);
    match typing {
        Typing::Catalog => say("typing", &"catalog"),
        Typing::Text => say("typing", &"text"),
        Typing::List(columns) => {
            for (name, ty) in columns {
                say("type", &format_args!("{name:?} {ty}"));
            }
        }
    }
    say(
        "naming",
        &match naming {
            Naming::Lake => "lake",
            Naming::Own => "own",
        },
    );
    say("dialect", &dialect.canonical());
    match codec {
        Codec::Zstd(level) => say("codec", &format_args!("zstd:{level}")),
        Codec::Snappy => say("codec", &"snappy"),
        Codec::None => say("codec", &"none"),
    }
    match budget {
        Budget::Count(count) => say("max_rejects", count),
        Budget::Percent(percent) => say("max_rejects", &format_args!("{percent}%")),
    }
    say("rejects_bytes_max", rejects_bytes_max);
    say("record_bytes_max", &limits.record_bytes_max);
    say("field_bytes_max", &limits.field_bytes_max);
    say("columns_max", &limits.columns_max);
    say("name_bytes_max", &limits.name_bytes_max);
    say("inflated_bytes_max", &limits.inflated_bytes_max);
    say("expansion_ratio_max", &limits.expansion_ratio_max);
    say("gzip_members_max", &limits.gzip_members_max);
    match table {
        None => say("table", &"unknown"),
        Some(table) => say("table", &table.canonical()),
    }
    text
}

//! The tables, row by row.

use crate::csv::Row;
use crate::random::Random;
use crate::values::{
    BROWSERS, CITIES, COUNTRIES, FIRST_MS, Kind, LAST_MS, SOURCES, SYSTEMS, UTM_MEDIA, UTM_SOURCES, WORDS,
    properties, push_hex, push_number, push_text, push_url, push_uuid, push_value, recent,
};

/// Which table.
#[derive(Clone, Copy)]
pub enum Table {
    /// Property history: six narrow columns, many rows.
    History,
    /// Objects: a JSON text of some 1,600 bytes in every row, doubled quotes and line breaks in it.
    Objects,
    /// Associations: five columns, four of them numbers.
    Associations,
    /// Page views: thirty columns, most of them short texts.
    PageView,
    /// Three hundred columns, more than half of the cells NULL.
    Wide,
}

impl Table {
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "history" => Table::History,
            "objects" => Table::Objects,
            "associations" => Table::Associations,
            "page_view" => Table::PageView,
            "wide" => Table::Wide,
            _ => return None,
        })
    }

    /// Names and types.
    pub fn columns(self) -> Vec<(String, &'static str)> {
        let columns: &[(&str, &'static str)] = match self {
            Table::History => &[
                ("objecttypeid", "string"),
                ("objectid", "bigint"),
                ("name", "string"),
                ("value", "string"),
                ("source", "string"),
                ("updatedat", "timestamp"),
            ],
            Table::Objects => &[
                ("objecttypeid", "string"),
                ("objectid", "bigint"),
                ("updatedtimestamp", "timestamp"),
                ("properties", "string"),
                ("ingestedtimestamp", "timestamp"),
            ],
            Table::Associations => &[
                ("portalid", "bigint"),
                ("associationtypeid", "bigint"),
                ("fromobjectid", "bigint"),
                ("toobjectid", "bigint"),
                ("combinedassociationtypeid", "string"),
            ],
            Table::PageView => &[
                ("eventtypeid", "string"),
                ("objecttypeid", "string"),
                ("objectid", "bigint"),
                ("id", "string"),
                ("occurredat", "timestamp"),
                ("ingestedtimestamp", "timestamp"),
                ("url", "string"),
                ("page_title", "string"),
                ("referrer", "string"),
                ("browser", "string"),
                ("browser_version", "string"),
                ("operating_system", "string"),
                ("device_type", "string"),
                ("country", "string"),
                ("region", "string"),
                ("city", "string"),
                ("language", "string"),
                ("utm_source", "string"),
                ("utm_medium", "string"),
                ("utm_campaign", "string"),
                ("utm_term", "string"),
                ("utm_content", "string"),
                ("content_id", "bigint"),
                ("content_type", "string"),
                ("session_id", "bigint"),
                ("screen_width", "bigint"),
                ("screen_height", "bigint"),
                ("time_on_page", "double"),
                ("is_new_session", "boolean"),
                ("is_bot", "boolean"),
            ],
            Table::Wide => {
                let kind = |i: usize| if i.is_multiple_of(3) { "bigint" } else { "string" };
                return (0..300).map(|i| (format!("c{i:03}"), kind(i))).collect();
            }
        };
        columns
            .iter()
            .map(|&(name, kind)| (name.to_owned(), kind))
            .collect()
    }
}

/// Makes a table's rows, in order.
pub struct Generator {
    table: Table,
    random: Random,
    properties: Vec<(String, Kind)>,
    object_id: u64,
    rows_of_object_left: u64,
    object_ms: u64,
}

impl Generator {
    pub fn new(table: Table, seed: u64) -> Self {
        Generator {
            table,
            random: Random::new(seed.wrapping_mul(0xA076_1D64_78BD_642F) ^ 0x1234_5678),
            properties: properties(600),
            object_id: 1_000_151,
            rows_of_object_left: 0,
            object_ms: FIRST_MS,
        }
    }

    /// Writes the row `index`.
    pub fn row(&mut self, index: u64, row: &mut Row) {
        match self.table {
            Table::History => self.history(row),
            Table::Objects => self.objects(index, row),
            Table::Associations => self.associations(row),
            Table::PageView => self.page_view(index, row),
            Table::Wide => self.wide(row),
        }
    }

    fn history(&mut self, row: &mut Row) {
        let random = &mut self.random;
        if self.rows_of_object_left == 0 {
            self.object_id += 1 + random.zipf(4000) as u64;
            self.rows_of_object_left = 1 + random.zipf(120) as u64;
            self.object_ms = recent(random);
        }
        self.rows_of_object_left -= 1;
        row.text("0-1");
        row.number(self.object_id);
        let (name, kind) = &self.properties[random.zipf(self.properties.len())];
        row.text(name);
        if random.percent(6) {
            row.null();
        } else if random.percent(3) {
            row.text("");
        } else {
            push_value(&mut row.field, random, *kind, self.object_id);
            row.put();
        }
        if random.percent(2) {
            row.null();
        } else {
            row.text(random.pick(SOURCES));
        }
        row.time(if random.percent(60) {
            self.object_ms + random.below(3000)
        } else {
            recent(random)
        });
    }

    fn objects(&mut self, index: u64, row: &mut Row) {
        let random = &mut self.random;
        self.object_id += 1 + random.zipf(4000) as u64;
        row.text("0-1");
        row.number(self.object_id);
        row.time(recent(random));
        row.field.push(b'{');
        let mut value = Vec::new();
        let mut next = 0;
        for position in 0..20 + random.zipf(70) {
            next += 1 + random.zipf(8);
            let Some((name, kind)) = self.properties.get(next - 1) else {
                break;
            };
            if position > 0 {
                row.field.push(b',');
            }
            row.field.push(b'"');
            row.field.extend_from_slice(name.as_bytes());
            row.field.extend_from_slice(b"\":\"");
            value.clear();
            push_value(&mut value, random, *kind, self.object_id);
            // JSON would escape a line break; exports have been seen with raw ones.
            let raw_break = random.below(400) == 0;
            for &byte in &value {
                match byte {
                    b'"' => row.field.extend_from_slice(b"\\\""),
                    b'\n' if !raw_break => row.field.extend_from_slice(b"\\n"),
                    b'\\' => row.field.extend_from_slice(b"\\\\"),
                    _ => row.field.push(byte),
                }
            }
            if raw_break {
                row.field.push(b'\n');
            }
            row.field.push(b'"');
        }
        row.field.push(b'}');
        row.put();
        row.time(LAST_MS - 5_000_000 + index / 1000);
    }

    fn associations(&mut self, row: &mut Row) {
        let random = &mut self.random;
        row.number(6_210_944);
        let association_type = [279, 280, 1, 3, 4, 5, 449, 450, 15][random.zipf(9)];
        row.number(association_type);
        if self.rows_of_object_left == 0 {
            self.object_id += 1 + random.zipf(4000) as u64;
            self.rows_of_object_left = 1 + random.zipf(30) as u64;
        }
        self.rows_of_object_left -= 1;
        row.number(self.object_id);
        row.number(5_000_000_000 + random.below(40_000_000));
        row.field.extend_from_slice(b"0-1-0-2-");
        push_number(&mut row.field, association_type);
        row.put();
    }

    fn page_view(&mut self, index: u64, row: &mut Row) {
        let random = &mut self.random;
        row.text("4-96000");
        row.text("0-1");
        row.number(1_000_151 + random.zipf(400_000) as u64 * 51);
        push_uuid(&mut row.field, random);
        row.put();
        row.time(LAST_MS - 86_400_000 + index * 37 + random.below(500));
        row.time(LAST_MS + index / 1000);
        push_url(&mut row.field, random);
        row.put();
        // A page's title stays the same: it comes from a generator of its own.
        let mut of_page = Random::new(random.zipf(3000) as u64);
        let words = 3 + of_page.below(6);
        push_text(&mut row.field, &mut of_page, words, 0);
        row.put();
        if random.percent(45) {
            row.null();
        } else {
            push_url(&mut row.field, random);
            row.put();
        }
        let browser = random.zipf(BROWSERS.len());
        row.text(BROWSERS[browser]);
        push_number(&mut row.field, 100 + random.zipf(30) as u64);
        row.field.extend_from_slice(b".0.0.0");
        row.put();
        row.text(random.pick(SYSTEMS));
        row.text(if browser > 5 { "mobile" } else { "desktop" });
        let country = random.zipf(COUNTRIES.len());
        row.text(COUNTRIES[country]);
        if random.percent(20) {
            row.null();
        } else {
            push_number(&mut row.field, 100 + country as u64);
            row.put();
        }
        if random.percent(25) {
            row.null();
        } else {
            row.text(random.pick(CITIES));
        }
        row.text(["en-us", "de-de", "en-gb", "fr-fr", "en-ca", "pt-br"][country % 6]);
        self.campaign(row);
        let random = &mut self.random;
        if random.percent(10) {
            row.null();
        } else {
            row.number(98_000_000_000 + random.zipf(900) as u64 * 1_333_337);
        }
        row.text(["site-page", "blog-post", "landing-page"][random.peek_below(3) as usize]);
        if random.percent(5) {
            row.null();
        } else {
            row.number(random.draw() >> 1);
        }
        let (width, height) =
            [(1920, 1080), (1536, 864), (390, 844), (1440, 900), (2560, 1440)][random.zipf(5)];
        row.number(width);
        row.number(height);
        if random.percent(15) {
            row.null();
        } else {
            let ms = random.zipf(4_000_000) as u64;
            push_number(&mut row.field, ms / 1000);
            row.field.push(b'.');
            push_number(&mut row.field, 1 + ms % 999);
            row.put();
        }
        row.text(if random.percent(40) { "true" } else { "false" });
        if random.percent(50) {
            row.null();
        } else {
            row.text("false");
        }
    }

    fn campaign(&mut self, row: &mut Row) {
        let random = &mut self.random;
        if random.percent(70) {
            for _ in 0..5 {
                row.null();
            }
            return;
        }
        row.text(random.pick(UTM_SOURCES));
        row.text(random.pick(UTM_MEDIA));
        row.field.extend_from_slice(b"2024 Q4 | campaign, ");
        push_number(&mut row.field, random.zipf(200) as u64);
        row.put();
        if random.percent(80) {
            row.null();
        } else {
            row.text(random.pick(WORDS));
        }
        if random.percent(60) {
            row.null();
        } else {
            push_hex(&mut row.field, random.below(1 << 24), 6);
            row.put();
        }
    }

    fn wide(&mut self, row: &mut Row) {
        let random = &mut self.random;
        for column in 0..300 {
            if random.percent(60) {
                row.null();
            } else if column % 3 == 0 {
                row.number(random.zipf(100_000) as u64);
            } else {
                row.text(random.pick(WORDS));
            }
        }
    }
}

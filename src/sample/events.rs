//! Events: one table for each type, standard ones and one of the account's own that appears on the second day.

use super::SampleError;
use super::account::Account;
use super::calendar::{DAY_MS, HOUR_MS, Spelling};
use super::cell::Cell;
use super::expected::ExpectedPart;
use super::kinds::{self, KINDS};
use super::parts::{Place, TableWriter};
use super::random::Random;
use super::table::{self, Dialect, Form, Null, Table};
use super::text;

/// One type of event.
#[derive(Debug)]
pub struct EventType {
    /// EVENTTYPEID.
    pub type_id: &'static str,
    /// Internal name.
    pub name: &'static str,
    /// FULLYQUALIFIEDNAME.
    pub qualified_name: &'static str,
    /// Singular label.
    pub singular: &'static str,
    /// Plural label.
    pub plural: Option<&'static str>,
    /// Name of its table's folder.
    pub table: &'static str,
    /// From which day on (0 is the first) the account has it.
    pub since_day: usize,
    /// Properties.
    pub properties: &'static [EventProperty],
    per_mille: u64,
    form: Form,
}

/// One property of an event type; its column is text.
#[derive(Debug)]
pub struct EventProperty {
    /// Column.
    pub column: &'static str,
    /// Internal name.
    pub name: &'static str,
    /// From which day on the table has the column.
    pub since_day: usize,
    source: Source,
}

#[derive(Clone, Copy, Debug)]
enum Source {
    Url,
    /// Always with a comma.
    Title,
    /// A comma in one of sixteen.
    RareComma,
    Campaign,
    Browser,
    Device,
    Odd,
    Price,
    Empty,
}

const fn property(column: &'static str, name: &'static str, source: Source) -> EventProperty {
    EventProperty {
        column,
        name,
        since_day: 0,
        source,
    }
}

const BROWSERS: &[&str] = &["Chrome", "Firefox", "Safari", "Edge", "unbekannt"];
const DEVICES: &[&str] = &["DESKTOP", "MOBILE", "TABLET"];
const PATHS: &[&str] = &[
    "pricing",
    "blog/größer",
    "docs/setup",
    "contact",
    "about-us",
    "a%20b",
    "produkt?x=1,2",
];
const CAMPAIGNS: u64 = 12;

/// All types of event.
pub const EVENTS: &[EventType] = &[
    EventType {
        type_id: "4-96000",
        name: "e_visited_page",
        qualified_name: "e_visited_page",
        singular: "Page view",
        plural: Some("Page views"),
        table: "EVENTS_VISITED_PAGE",
        since_day: 0,
        properties: &[
            property("PROPERTY_HS_URL", "hs_url", Source::Url),
            property("PROPERTY_HS_PAGE_TITLE", "hs_page_title", Source::RareComma),
            property("PROPERTY_HS_BROWSER", "hs_browser", Source::Browser),
            property("PROPERTY_HS_REFERRER", "hs_referrer", Source::Empty),
            EventProperty {
                column: "PROPERTY_HS_DEVICE_TYPE",
                name: "hs_device_type",
                since_day: 1,
                source: Source::Device,
            },
        ],
        per_mille: 1_500,
        form: table::event_form(Dialect::QuotedNeeded, Null::Bare, Spelling::Plain),
    },
    EventType {
        type_id: "4-666440",
        name: "e_opened_email_v2",
        qualified_name: "e_opened_email_v2",
        singular: "Opened email",
        plural: None,
        table: "EVENTS_OPENED_EMAIL_V2",
        since_day: 0,
        properties: &[
            property(
                "PROPERTY_HS_EMAIL_CAMPAIGN_ID",
                "hs_email_campaign_id",
                Source::Campaign,
            ),
            property("PROPERTY_HS_BROWSER", "hs_browser", Source::Browser),
            property("PROPERTY_HS_SUBJECT", "hs_subject", Source::Title),
        ],
        per_mille: 600,
        form: table::event_form(Dialect::QuotedAll, Null::Token, Spelling::Iso),
    },
    EventType {
        type_id: "4-666288",
        name: "e_clicked_link_in_email_v2",
        qualified_name: "e_clicked_link_in_email_v2",
        singular: "Clicked link in email",
        plural: None,
        table: "EVENTS_CLICKED_LINK_IN_EMAIL_V2",
        since_day: 0,
        properties: &[
            property(
                "PROPERTY_HS_EMAIL_CAMPAIGN_ID",
                "hs_email_campaign_id",
                Source::Campaign,
            ),
            property("PROPERTY_HS_UTM_SOURCE", "hs_utm_source", Source::Empty),
            property("PROPERTY_HS_LINK_TEXT", "hs_link_text", Source::RareComma),
        ],
        per_mille: 400,
        form: table::event_form(Dialect::Escaped, Null::Token, Spelling::SpaceZ),
    },
    EventType {
        type_id: "6-12031101",
        name: "pe7878787_trial___started",
        qualified_name: "pe7878787_trial___started",
        singular: "Trial - started",
        plural: None,
        table: "EVENTS_TRIAL___STARTED",
        since_day: 1,
        properties: &[
            property("PROPERTY_ITEM_PRICE", "item_price", Source::Price),
            property("PROPERTY_COMMENT", "comment", Source::Odd),
        ],
        per_mille: 200,
        form: table::event_form(Dialect::QuotedText, Null::Token, Spelling::Pacific),
    },
];

/// Days back to the first event.
const DAYS_BEFORE: i64 = 30;
const EVENT: u64 = 40;

/// Writes the table of one type of event, if the account has it by then.
pub fn write(
    account: &Account,
    event: usize,
    day: usize,
    place: &Place,
) -> Result<Vec<ExpectedPart>, SampleError> {
    let kind = &EVENTS[event];
    if day < kind.since_day {
        return Ok(Vec::new());
    }
    let mut writer = TableWriter::new(place, kind.table_on(day));
    let mut values: Vec<Option<String>> = Vec::new();
    let old = (account.count_at_first(kinds::CONTACT) * kind.per_mille / 1_000).max(48);
    let daily = old / DAYS_BEFORE as u64 + 1;
    let count = old + daily * day as u64;
    for number in 0..count {
        // What a deleted contact did is gone with it.
        let Some(contact) = account.related(&[EVENT, event as u64, number], kinds::CONTACT, day) else {
            continue;
        };
        let mut random = account.random(EVENT, &[event as u64, number]);
        let (from, to) = if number < old {
            let step = DAYS_BEFORE * DAY_MS / old as i64;
            let from = account.cutoff_ms(0) - DAYS_BEFORE * DAY_MS + number as i64 * step;
            (from, from + step)
        } else {
            let on_day = 1 + ((number - old) / daily) as usize;
            (account.cutoff_ms(on_day - 1), account.cutoff_ms(on_day))
        };
        let occurred_ms = random.between(from, to).max(contact.created_ms + HOUR_MS);
        let id = uuid(&mut random);
        values.clear();
        // The last event has the rare comma too, so that a part that holds nothing else shows its dialect.
        let comma = number % 16 == 15 || number + 1 >= count;
        for property in kind.properties_on(day) {
            let tags = [event as u64, number, property.column.len() as u64];
            values.push(text_of(
                property.source,
                number,
                comma,
                &mut account.random(EVENT, &tags),
            ));
        }
        let mut cells = vec![
            Cell::Text(kind.type_id),
            Cell::Text(&id),
            Cell::Text(KINDS[kinds::CONTACT].type_id),
            Cell::Number(contact.id),
            Cell::Instant(occurred_ms),
            Cell::Instant(account.ingested_ms(occurred_ms, contact.id)),
        ];
        cells.extend(values.iter().map(|value| Cell::text(value.as_deref())));
        writer.row(&cells)?;
    }
    writer.finish()
}

impl EventType {
    /// The properties that it has by a day.
    pub fn properties_on(&'static self, day: usize) -> impl Iterator<Item = &'static EventProperty> {
        self.properties
            .iter()
            .filter(move |property| property.since_day <= day)
    }

    /// Its table, with the columns that it has by a day.
    pub fn table_on(&'static self, day: usize) -> Table {
        table::events(
            self.table,
            self.form,
            self.properties_on(day).map(|property| property.column),
        )
    }
}

fn text_of(source: Source, number: u64, comma: bool, random: &mut Random) -> Option<String> {
    Some(match source {
        Source::Url => format!(
            "https://www.example.com/{}?v={}",
            random.pick(PATHS),
            random.below(1_000_000)
        ),
        Source::Title => text::title(random),
        Source::RareComma if comma => text::title(random),
        Source::RareComma if random.chance(100) => String::new(),
        Source::RareComma => format!("{} {}", text::city(random), random.below(1_000)),
        Source::Campaign => (230_000_000 + random.below(CAMPAIGNS) * 1_013).to_string(),
        Source::Browser if random.chance(100) => return None,
        Source::Browser => random.pick(BROWSERS).to_owned(),
        Source::Device => random.pick(DEVICES).to_owned(),
        Source::Odd => text::ODD[(number % text::ODD.len() as u64) as usize].to_owned(),
        Source::Price => format!("{}.{:02}", random.below(900), random.below(100)),
        Source::Empty => match random.below(3) {
            0 => return None,
            1 => String::new(),
            _ => random.pick(BROWSERS).to_ascii_lowercase(),
        },
    })
}

fn uuid(random: &mut Random) -> String {
    let (a, b) = (random.bits(), random.bits());
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        a >> 32,
        a >> 16 & 0xffff,
        a & 0xfff,
        b >> 52,
        b & 0xffff_ffff_ffff
    )
}

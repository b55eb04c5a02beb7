//! What cells hold: words, names, addresses, times, and the properties that a portal has.

use crate::random::Random;

pub const WORDS: &[&str] = &[
    "the",
    "and",
    "customer",
    "to",
    "follow",
    "up",
    "call",
    "demo",
    "renewal",
    "pricing",
    "a",
    "of",
    "contract",
    "email",
    "sent",
    "meeting",
    "interested",
    "in",
    "plan",
    "enterprise",
    "trial",
    "budget",
    "next",
    "quarter",
    "onboarding",
    "support",
    "ticket",
    "feature",
    "request",
    "invoice",
    "paid",
    "pending",
    "contact",
    "owner",
    "team",
    "marketing",
    "sales",
    "webinar",
    "newsletter",
    "campaign",
    "lead",
    "qualified",
    "closed",
    "won",
    "lost",
    "reason",
    "competitor",
    "integration",
    "api",
    "data",
    "warehouse",
    "report",
    "dashboard",
    "Ünïcode",
    "façade",
    "naïve",
    "Zürich",
    "São",
    "Łódź",
    "東京",
    "データ",
    "клиент",
    "🙂",
    "✅",
];
const FIRST_NAMES: &[&str] = &[
    "James", "Mary", "Wei", "Fatima", "José", "Anna", "Liam", "Olivia", "Noah", "Zoë", "Søren", "Aisha",
    "Ivan", "Yuki", "Chloé", "Raj", "Elena", "Tom", "Grace", "Björn",
];
const LAST_NAMES: &[&str] = &[
    "Smith",
    "Garcia",
    "Müller",
    "Nguyen",
    "O'Brien",
    "Kowalski",
    "Tanaka",
    "Ivanova",
    "Silva",
    "Andersson",
    "Khan",
    "Lee",
    "Brown",
    "Dubois",
    "Rossi",
    "Haddad",
    "Novák",
    "Jensen",
    "Okafor",
    "Patel",
];
const DOMAINS: &[&str] = &[
    "example.com",
    "acme.io",
    "globex.co.uk",
    "initech.com",
    "umbrella.org",
    "hooli.xyz",
    "stark-industries.com",
    "wayne.enterprises",
    "soylent.de",
    "cyberdyne.ai",
];
pub const SOURCES: &[&str] = &[
    "CRM_UI",
    "CALCULATED",
    "ANALYTICS",
    "INTEGRATION",
    "AUTOMATION_PLATFORM",
    "IMPORT",
    "EMAIL",
    "FORM",
    "API",
    "CONTACTS_WEB",
    "SALESFORCE",
    "MERGE_OBJECTS",
    "MOBILE_IOS",
    "BATCH_UPDATE",
    "MIGRATION",
];
const STAGES: &[&str] = &[
    "subscriber",
    "lead",
    "marketingqualifiedlead",
    "salesqualifiedlead",
    "opportunity",
    "customer",
    "evangelist",
    "other",
];
pub const COUNTRIES: &[&str] = &[
    "United States",
    "Germany",
    "United Kingdom",
    "France",
    "Canada",
    "Brazil",
    "Japan",
    "India",
    "Australia",
    "Spain",
    "Polska",
    "Côte d'Ivoire",
];
pub const CITIES: &[&str] = &[
    "New York",
    "London",
    "Berlin",
    "São Paulo",
    "Tokyo",
    "Bengaluru",
    "Sydney",
    "Paris",
    "Toronto",
    "Washington, D.C.",
    "Warszawa",
    "Madrid",
    "Chicago",
    "Austin",
    "Leeds",
    "Lyon",
];
pub const BROWSERS: &[&str] = &[
    "Chrome",
    "Safari",
    "Edge",
    "Firefox",
    "Samsung Internet",
    "Opera",
    "Chrome Mobile",
    "Mobile Safari",
];
pub const SYSTEMS: &[&str] = &["Windows 10", "macOS", "iOS", "Android", "Linux", "ChromeOS"];
pub const UTM_SOURCES: &[&str] = &[
    "google",
    "hs_email",
    "linkedin",
    "facebook",
    "bing",
    "newsletter",
    "partner",
    "(direct)",
];
pub const UTM_MEDIA: &[&str] = &["cpc", "email", "organic", "social", "referral", "display"];
const PROPERTY_STEMS: &[&str] = &[
    "hs_analytics",
    "hs_email",
    "hs_lifecyclestage",
    "hs_sales",
    "notes",
    "num",
    "recent",
    "first",
    "last",
    "hs_calculated",
    "hs_latest",
    "hs_sequences",
    "hs_marketable",
    "custom",
    "billing",
    "product",
    "support",
    "hs_social",
    "hs_time_in",
    "hs_date_entered",
];
const PROPERTY_TAILS: &[&str] = &[
    "source",
    "timestamp",
    "url",
    "count",
    "date",
    "status",
    "value",
    "owner_id",
    "score",
    "data_1",
    "data_2",
    "campaign",
    "visits",
    "open",
    "click",
    "name",
    "amount",
    "flag",
    "reason",
    "note",
    "last_updated",
    "lead",
    "customer",
    "opportunity",
    "subscriber",
];

/// 2020-01-01, in milliseconds since 1970.
pub const FIRST_MS: u64 = 1_577_836_800_000;
/// 2024-12-10 14:03:22.123.
pub const LAST_MS: u64 = 1_733_839_402_123;

/// What a property holds.
#[derive(Clone, Copy)]
pub enum Kind {
    Whole,
    Decimal,
    Millis,
    Date,
    Boolean,
    Stage,
    Url,
    Email,
    Text,
    Name,
    Id,
    Uuid,
}

/// The first `count` properties of the made-up portal.
pub fn properties(count: usize) -> Vec<(String, Kind)> {
    let well_known = [
        ("hs_lastmodifieddate", Kind::Millis),
        ("hs_object_id", Kind::Id),
        ("lifecyclestage", Kind::Stage),
        ("hs_analytics_num_page_views", Kind::Whole),
        ("email", Kind::Email),
        ("hubspot_owner_id", Kind::Id),
        ("hs_analytics_last_url", Kind::Url),
        ("firstname", Kind::Name),
        ("hs_is_unworked", Kind::Boolean),
        ("hs_predictivescoringtier", Kind::Stage),
        ("amount", Kind::Decimal),
        ("closedate", Kind::Date),
        ("notes_last_contacted", Kind::Text),
    ];
    let kinds = [
        Kind::Whole,
        Kind::Decimal,
        Kind::Millis,
        Kind::Date,
        Kind::Boolean,
        Kind::Stage,
        Kind::Url,
        Kind::Text,
        Kind::Whole,
        Kind::Millis,
        Kind::Id,
        Kind::Uuid,
    ];
    let mut random = Random::new(0x5eed);
    let mut all: Vec<(String, Kind)> = well_known.map(|(name, kind)| (name.to_owned(), kind)).into();
    let mut tries = 0;
    while all.len() < count {
        let stem = PROPERTY_STEMS[random.below(PROPERTY_STEMS.len() as u64) as usize];
        let tail = PROPERTY_TAILS[random.below(PROPERTY_TAILS.len() as u64) as usize];
        let name = if tries % 3 == 0 {
            format!("{stem}_{tail}_{tries}")
        } else {
            format!("{stem}_{tail}")
        };
        if !all.iter().any(|(known, _)| *known == name) {
            all.push((name, kinds[random.below(kinds.len() as u64) as usize]));
        }
        tries += 1;
    }
    all
}

/// Writes a value of `kind`, of the object `id`.
pub fn push_value(out: &mut Vec<u8>, random: &mut Random, kind: Kind, id: u64) {
    match kind {
        Kind::Whole => push_number(out, random.zipf(5000) as u64),
        Kind::Decimal => {
            let cents = random.zipf(2_000_000) as u64;
            push_number(out, cents / 100);
            out.push(b'.');
            push_two(out, cents % 100);
        }
        Kind::Millis => push_number(out, recent(random)),
        Kind::Date => push_date(out, recent(random)),
        Kind::Boolean => out.extend_from_slice(if random.percent(70) { b"true" } else { b"false" }),
        Kind::Stage => out.extend_from_slice(random.pick(STAGES).as_bytes()),
        Kind::Url => push_url(out, random),
        Kind::Email => {
            let mut name = random.pick(FIRST_NAMES).to_lowercase();
            name.retain(|c| c.is_ascii());
            out.extend_from_slice(name.as_bytes());
            out.push(b'.');
            push_number(out, id % 99_991);
            out.push(b'@');
            out.extend_from_slice(random.pick(DOMAINS).as_bytes());
        }
        Kind::Text => {
            let words = 3 + random.zipf(40) as u64;
            push_text(out, random, words, 4);
        }
        Kind::Name => {
            out.extend_from_slice(random.pick(FIRST_NAMES).as_bytes());
            out.push(b' ');
            out.extend_from_slice(random.pick(LAST_NAMES).as_bytes());
        }
        Kind::Id => push_number(out, 30_000_000 + random.zipf(400) as u64 * 7919),
        Kind::Uuid => push_uuid(out, random),
    }
}

/// A time between the first and the last, late ones far more often.
pub fn recent(random: &mut Random) -> u64 {
    let span = (LAST_MS - FIRST_MS) as f64;
    let u = random.unit();
    LAST_MS - (span * u * u * u) as u64
}

/// So many words with commas, quotes, numbers, and a line break after so many of a thousand.
pub fn push_text(out: &mut Vec<u8>, random: &mut Random, words: u64, breaks_per_thousand: u64) {
    for word in 0..words {
        if word > 0 {
            out.push(b' ');
        }
        out.extend_from_slice(random.pick(WORDS).as_bytes());
        match random.below(60) {
            0 => out.push(b','),
            1 => out.extend_from_slice(b" \"quoted\""),
            2 => out.push(b'.'),
            3 => push_number(out, random.peek_below(1000)),
            _ => {}
        }
        if random.below(1000) < breaks_per_thousand {
            out.push(b'\n');
        }
    }
}

pub fn push_url(out: &mut Vec<u8>, random: &mut Random) {
    out.extend_from_slice(b"https://www.");
    out.extend_from_slice(random.pick(DOMAINS).as_bytes());
    for _ in 0..random.range(1, 4) {
        out.push(b'/');
        out.extend_from_slice(random.pick(&WORDS[..50]).as_bytes());
    }
    if random.percent(25) {
        out.extend_from_slice(b"?utm_source=");
        out.extend_from_slice(random.pick(UTM_SOURCES).as_bytes());
        out.extend_from_slice(b"&hsCtaTracking=");
        push_hex(out, random.draw(), 12);
    }
}

pub fn push_uuid(out: &mut Vec<u8>, random: &mut Random) {
    let (high, low) = (random.draw(), random.draw());
    push_hex(out, high >> 32, 8);
    for (value, digits) in [(high >> 16, 4), (high, 4), (low >> 48, 4), (low, 12)] {
        out.push(b'-');
        push_hex(out, value, digits);
    }
}

pub fn push_hex(out: &mut Vec<u8>, value: u64, digits: u32) {
    for digit in (0..digits).rev() {
        out.push(b"0123456789abcdef"[(value >> (digit * 4)) as usize & 15]);
    }
}

pub fn push_number(out: &mut Vec<u8>, mut value: u64) {
    let mut digits = [0u8; 20];
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[start..]);
}

fn push_two(out: &mut Vec<u8>, value: u64) {
    out.push(b'0' + (value / 10) as u8);
    out.push(b'0' + (value % 10) as u8);
}

fn push_date(out: &mut Vec<u8>, ms: u64) {
    let (year, month, day) = civil((ms / 86_400_000) as i64);
    push_number(out, year);
    out.push(b'-');
    push_two(out, month);
    out.push(b'-');
    push_two(out, day);
}

/// `2024-12-10 14:03:22.123 Z`
pub fn push_timestamp(out: &mut Vec<u8>, ms: u64) {
    push_date(out, ms);
    let of_day = ms % 86_400_000;
    out.push(b' ');
    push_two(out, of_day / 3_600_000);
    out.push(b':');
    push_two(out, of_day / 60_000 % 60);
    out.push(b':');
    push_two(out, of_day / 1000 % 60);
    out.push(b'.');
    let fraction = of_day % 1000;
    out.push(b'0' + (fraction / 100) as u8);
    push_two(out, fraction % 100);
    out.extend_from_slice(b" Z");
}

/// Year, month and day of a number of days since 1970, by counting in eras of 400 years from March.
fn civil(days: i64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year as u64, month as u64, day as u64)
}

//! Links between records: ASSOCIATIONS and ASSOCIATION_DEFINITIONS. Types are one-way, so each link has a row in
//! either direction, under two type ids.

use super::SampleError;
use super::account::{Account, Record};
use super::calendar::DAY_MS;
use super::cell::Cell;
use super::expected::ExpectedPart;
use super::kinds::{self, KINDS};
use super::parts::{Place, TableWriter};
use super::table;

/// One way of linking two kinds of records.
#[derive(Debug)]
struct Link {
    from: usize,
    to: usize,
    category: Category,
    /// Type id from `from` to `to`, and back.
    type_ids: (i64, i64),
    name: &'static str,
    label: Option<&'static str>,
    is_main: bool,
    /// Links of a record: how many, of how many in a thousand records.
    most: u64,
    per_mille: u64,
    /// Those with the same tag link the same records.
    tag: u64,
}

#[derive(Clone, Copy, Debug)]
enum Category {
    HubSpot,
    User,
    Integrator,
}

impl Category {
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Category::HubSpot => ("0", "HUBSPOT_DEFINED"),
            Category::User => ("1", "USER_DEFINED"),
            Category::Integrator => ("2", "INTEGRATOR_DEFINED"),
        }
    }
}

const fn link(from: usize, to: usize, type_ids: (i64, i64), name: &'static str) -> Link {
    Link {
        from,
        to,
        category: Category::HubSpot,
        type_ids,
        name,
        label: None,
        is_main: false,
        most: 1,
        per_mille: 850,
        tag: 0,
    }
}

impl Link {
    const fn main(self, label: Option<&'static str>) -> Self {
        Link {
            is_main: true,
            label,
            ..self
        }
    }
    const fn labelled(self, category: Category, label: &'static str, per_mille: u64) -> Self {
        Link {
            category,
            label: Some(label),
            per_mille,
            tag: 1,
            ..self
        }
    }
    const fn most(self, most: u64) -> Self {
        Link { most, ..self }
    }
}

use kinds::{CALL, COMPANY, CONTACT, DEAL, LINE_ITEM, RENTAL_UNIT, TICKET};

const LINKS: &[Link] = &[
    link(CONTACT, COMPANY, (1, 2), "contact_to_company").main(Some("Primary")),
    link(CONTACT, COMPANY, (279, 280), "contact_to_company_unlabeled"),
    link(DEAL, CONTACT, (3, 4), "deal_to_contact").main(None).most(3),
    link(DEAL, CONTACT, (12, 13), "decision_maker").labelled(
        Category::User,
        "Decision maker, \"final\"",
        250,
    ),
    link(DEAL, COMPANY, (5, 6), "deal_to_company").main(Some("Primary")),
    link(DEAL, COMPANY, (341, 342), "deal_to_company_unlabeled"),
    link(TICKET, CONTACT, (16, 15), "ticket_to_contact").main(None),
    link(TICKET, COMPANY, (26, 25), "ticket_to_company").main(Some("Primary")),
    link(TICKET, COMPANY, (7, 8), "service_partner").labelled(Category::Integrator, "Service partner", 200),
    link(LINE_ITEM, DEAL, (20, 19), "line_item_to_deal").main(None),
    link(CALL, CONTACT, (194, 193), "call_to_contact").main(None),
    link(RENTAL_UNIT, CONTACT, (31, 32), "tenant").labelled(Category::User, "Mieter/in", 900),
];

const LINKED: u64 = 50;

/// Writes ASSOCIATIONS.
pub fn write(account: &Account, day: usize, place: &Place) -> Result<Vec<ExpectedPart>, SampleError> {
    let mut writer = TableWriter::new(place, table::associations());
    for link in LINKS {
        let (there, back) = combined_ids(link);
        let (_, category) = link.category.names();
        for from in account.records(link.from, day) {
            let mut chance =
                account.random(LINKED, &[link.from as u64, link.to as u64, link.tag, from.number]);
            if !chance.chance(link.per_mille) && from.number != 2 {
                continue;
            }
            let wanted = 1 + chance.below(link.most);
            let mut seen = Vec::new();
            for n in 0..wanted {
                let Some(to) = target(account, link, &from, n, day) else {
                    continue;
                };
                if seen.contains(&to.id) {
                    continue;
                }
                seen.push(to.id);
                let since_ms = from.created_ms.max(to.created_ms);
                let ingested = Cell::Instant(account.ingested_ms(since_ms, from.id));
                let row = |combined, type_id, from: &Record, to: &Record| {
                    [
                        Cell::Text(combined),
                        Cell::Text(category),
                        Cell::Number(type_id),
                        Cell::Text(KINDS[from.kind].type_id),
                        Cell::Number(from.id),
                        Cell::Text(KINDS[to.kind].type_id),
                        Cell::Number(to.id),
                        ingested,
                    ]
                };
                writer.row(&row(&there, link.type_ids.0, &from, &to))?;
                writer.row(&row(&back, link.type_ids.1, &to, &from))?;
            }
        }
    }
    writer.finish()
}

/// Writes ASSOCIATION_DEFINITIONS.
pub fn write_definitions(account: &Account, place: &Place) -> Result<Vec<ExpectedPart>, SampleError> {
    let mut writer = TableWriter::new(place, table::association_definitions());
    let ingested = Cell::Instant((account.date(0) - 400) * DAY_MS + 1);
    for link in LINKS {
        let (there, back) = combined_ids(link);
        let (_, category) = link.category.names();
        let back_name = format!("{}_inverse", link.name);
        let directions = [
            (there, link.type_ids.0, link.from, link.to, link.name),
            (back, link.type_ids.1, link.to, link.from, back_name.as_str()),
        ];
        for (combined, type_id, from, to, name) in &directions {
            writer.row(&[
                Cell::Text(combined),
                Cell::Text(category),
                Cell::Number(*type_id),
                Cell::Text(KINDS[*from].type_id),
                Cell::Text(KINDS[*from].name),
                Cell::Text(KINDS[*to].type_id),
                Cell::Text(KINDS[*to].name),
                Cell::Text(name),
                Cell::text(link.label),
                Cell::Bool(link.is_main),
                ingested,
            ])?;
        }
    }
    writer.finish()
}

/// The n-th record that another is linked to, if it exists on that day. One known record of each kind is linked to
/// one that stays, so that every type of link has a row.
fn target(account: &Account, link: &Link, from: &Record, n: u64, day: usize) -> Option<Record> {
    if from.number == 2 && n == 0 {
        return account.record(link.to, 2, day);
    }
    account.related(
        &[LINKED, link.from as u64, link.to as u64, from.number, n],
        link.to,
        day,
    )
}

fn combined_ids(link: &Link) -> (String, String) {
    let (digit, _) = link.category.names();
    (
        format!("{digit}-{}", link.type_ids.0),
        format!("{digit}-{}", link.type_ids.1),
    )
}

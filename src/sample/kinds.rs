//! The kinds of record in the account: HubSpot's standard ones by their object type ids, and one of the account's own.
//! Ids and names are those of HubSpot's S3 article; plural labels make the names of its per-type views.

use super::properties::{self, Property};

/// One kind of record.
#[derive(Debug)]
pub struct Kind {
    /// OBJECTTYPEID.
    pub type_id: &'static str,
    /// NAME: the internal name.
    pub name: &'static str,
    /// FULLYQUALIFIEDNAME.
    pub qualified_name: &'static str,
    /// SINGULARLABEL.
    pub singular: &'static str,
    /// PLURALLABEL; without one, views are named after the singular and `s`.
    pub plural: Option<&'static str>,
    /// So many records for a thousand contacts.
    pub per_mille: u64,
    /// At least so many records.
    pub count_min: u64,
    /// Id of the first record. Kinds share ranges, so that an id without its type names nothing.
    pub first_id: i64,
    /// Properties, in the order of definition. The last has a comma in each value and is in the history.
    pub properties: &'static [Property],
}

/// Where contacts are in [`KINDS`].
pub const CONTACT: usize = 0;
/// Where companies are in [`KINDS`].
pub const COMPANY: usize = 1;
/// Where deals are in [`KINDS`].
pub const DEAL: usize = 2;
/// Where tickets are in [`KINDS`].
pub const TICKET: usize = 3;
/// Where line items are in [`KINDS`].
pub const LINE_ITEM: usize = 4;
/// Where calls are in [`KINDS`].
pub const CALL: usize = 5;
/// Where the account's own kind is in [`KINDS`]: the last.
pub const RENTAL_UNIT: usize = KINDS.len() - 1;

/// All kinds.
pub const KINDS: &[Kind] = &[
    main_kind(
        "0-1",
        "CONTACT",
        "Contact",
        "Contacts",
        1_000,
        101,
        properties::CONTACT,
    ),
    main_kind(
        "0-2",
        "COMPANY",
        "Company",
        "Companies",
        250,
        101,
        properties::COMPANY,
    ),
    main_kind(
        "0-3",
        "DEAL",
        "Deal",
        "Deals",
        300,
        58_637_753_513,
        properties::DEAL,
    ),
    main_kind(
        "0-5",
        "TICKET",
        "Ticket",
        "Tickets",
        150,
        58_637_753_513,
        properties::TICKET,
    ),
    main_kind(
        "0-8",
        "LINE_ITEM",
        "Line item",
        "Line items",
        300,
        21_000_000_007,
        properties::LINE_ITEM,
    ),
    main_kind(
        "0-48",
        "CALL",
        "Call",
        "Calls",
        200,
        71_000_000_003,
        properties::CALL,
    ),
    kind("0-4", "ENGAGEMENT", "Engagement", Some("Engagements")),
    kind("0-11", "CONVERSATION", "Conversation", Some("Conversations")),
    kind("0-14", "QUOTE", "Quote", Some("Quotes")),
    kind(
        "0-15",
        "FORM_SUBMISSION",
        "Form submission",
        Some("Form submissions"),
    ),
    kind(
        "0-19",
        "FEEDBACK_SUBMISSION",
        "Feedback submission",
        Some("Feedback submissions"),
    ),
    kind("0-25", "LANDING_PAGE", "Landing page", Some("Landing pages")),
    kind("0-27", "TASK", "Task", Some("Tasks")),
    kind("0-28", "FORM", "Form", Some("Forms")),
    kind(
        "0-29",
        "MARKETING_EMAIL",
        "Marketing email",
        Some("Marketing emails"),
    ),
    kind("0-30", "AD_ACCOUNT", "Ad account", Some("Ad accounts")),
    kind("0-31", "AD_CAMPAIGN", "Ad campaign", Some("Ad campaigns")),
    kind("0-32", "AD_GROUP", "Ad group", Some("Ad groups")),
    kind("0-33", "AD", "Ad", Some("Ads")),
    kind("0-35", "CAMPAIGN", "Campaign", Some("Campaigns")),
    kind("0-38", "SITE_PAGE", "Site page", Some("Site pages")),
    kind("0-39", "BLOG_POST", "Blog post", Some("Blog posts")),
    kind("0-45", "OBJECT_LIST", "List", Some("Lists")),
    kind("0-53", "INVOICE", "Invoice", Some("Invoices")),
    kind("0-57", "MEDIA_BRIDGE", "Media bridge", None),
    kind("0-58", "SEQUENCE", "Sequence", None),
    kind("0-69", "SUBSCRIPTION", "Subscription", Some("Subscriptions")),
    kind("0-72", "DEAL_SPLIT", "Deal split", Some("Deal splits")),
    kind(
        "0-83",
        "SALES_DOCUMENT",
        "Sales document",
        Some("Sales documents"),
    ),
    kind("0-101", "COMMERCE_PAYMENT", "Payment", Some("Payments")),
    Kind {
        type_id: "2-19843271",
        name: "rental_unit",
        qualified_name: "p7878787_rental_unit",
        singular: "Rental unit",
        plural: Some("Rental units"),
        per_mille: 100,
        count_min: 24,
        first_id: 9_100_000_000,
        properties: properties::RENTAL_UNIT,
    },
];

const fn main_kind(
    type_id: &'static str,
    name: &'static str,
    singular: &'static str,
    plural: &'static str,
    per_mille: u64,
    first_id: i64,
    properties: &'static [Property],
) -> Kind {
    Kind {
        type_id,
        name,
        qualified_name: name,
        singular,
        plural: Some(plural),
        per_mille,
        // Enough contacts for each odd text.
        count_min: if per_mille == 1_000 { 48 } else { 16 },
        first_id,
        properties,
    }
}

const fn kind(
    type_id: &'static str,
    name: &'static str,
    singular: &'static str,
    plural: Option<&'static str>,
) -> Kind {
    Kind {
        type_id,
        name,
        qualified_name: name,
        singular,
        plural,
        per_mille: 5,
        count_min: 4,
        first_id: 40_000_000_001,
        properties: properties::OTHER,
    }
}

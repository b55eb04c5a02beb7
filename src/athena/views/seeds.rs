//! The object types of HubSpot's S3 article: each has a view, whether the account's definitions name it or not.

/// A type that is there in every account.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seed {
    /// OBJECTTYPEID.
    pub(super) type_id: &'static str,
    /// Internal name, lower case: associations call their columns by it.
    pub(super) name: &'static str,
    /// What its view is called after if the account has no label for it.
    pub(super) plural: &'static str,
}

const fn seed(type_id: &'static str, name: &'static str, plural: &'static str) -> Seed {
    Seed {
        type_id,
        name,
        plural,
    }
}

/// All of them, by id.
pub(super) const SEEDS: &[Seed] = &[
    seed("0-1", "contact", "contacts"),
    seed("0-2", "company", "companies"),
    seed("0-3", "deal", "deals"),
    seed("0-4", "engagement", "engagements"),
    seed("0-5", "ticket", "tickets"),
    seed("0-8", "line_item", "line_items"),
    seed("0-11", "conversation", "conversations"),
    seed("0-14", "quote", "quotes"),
    seed("0-15", "form_submission", "form_submissions"),
    seed("0-19", "feedback_submission", "feedback_submissions"),
    seed("0-25", "landing_page", "landing_pages"),
    seed("0-27", "task", "tasks"),
    seed("0-28", "form", "forms"),
    seed("0-29", "marketing_email", "marketing_emails"),
    seed("0-30", "ad_account", "ad_accounts"),
    seed("0-31", "ad_campaign", "ad_campaigns"),
    seed("0-32", "ad_group", "ad_groups"),
    seed("0-33", "ad", "ads"),
    seed("0-35", "campaign", "campaigns"),
    seed("0-38", "site_page", "site_pages"),
    seed("0-39", "blog_post", "blog_posts"),
    // Seen as OBJECTS_LISTS, not as OBJECTS_OBJECT_LISTS.
    seed("0-45", "object_list", "lists"),
    seed("0-48", "call", "calls"),
    seed("0-53", "invoice", "invoices"),
    seed("0-57", "media_bridge", "media_bridges"),
    seed("0-58", "sequence", "sequences"),
    seed("0-69", "subscription", "subscriptions"),
    seed("0-72", "deal_split", "deal_splits"),
    seed("0-83", "sales_document", "sales_documents"),
    seed("0-101", "commerce_payment", "commerce_payments"),
];

/// The seed of a type, if it is one.
pub(super) fn of(type_id: &str) -> Option<&'static Seed> {
    SEEDS.iter().find(|seed| seed.type_id == type_id)
}

/// The id of the type of this name, if it is one.
pub(super) fn named(name: &str) -> Option<&'static str> {
    let seed = SEEDS.iter().find(|seed| seed.name == name)?;
    Some(seed.type_id)
}

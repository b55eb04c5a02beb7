//! The properties that each kind of record has, and how their values come about.

/// A property's type as PROPERTY_DEFINITIONS names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PropertyType {
    /// `string`
    Text,
    /// `number`
    Number,
    /// `date`: midnight UTC in epoch milliseconds.
    Date,
    /// `datetime`: epoch milliseconds.
    DateTime,
    /// `enumeration`
    Enumeration,
    /// `bool`
    Bool,
    /// `phone_number`
    Phone,
    /// `json`
    Json,
    /// `object_coordinates`
    Coordinates,
}

impl PropertyType {
    /// TYPE and FIELDTYPE of its definition.
    pub fn names(self) -> (&'static str, &'static str) {
        match self {
            PropertyType::Text => ("string", "text"),
            PropertyType::Number => ("number", "number"),
            PropertyType::Date => ("date", "date"),
            PropertyType::DateTime => ("datetime", "date"),
            PropertyType::Enumeration => ("enumeration", "select"),
            PropertyType::Bool => ("bool", "booleancheckbox"),
            PropertyType::Phone => ("phone_number", "phonenumber"),
            PropertyType::Json => ("json", "text"),
            PropertyType::Coordinates => ("object_coordinates", "text"),
        }
    }
}

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The record's own id.
    ObjectId,
    /// When the record was created.
    CreatedAt,
    /// When the record last changed: the newest of all its values.
    ModifiedAt,
    /// An owner's id, or empty.
    Owner,
    /// A pipeline of the record's kind; it stays.
    Pipeline,
    /// A stage of the record's pipeline; each change moves it on.
    Stage,
    /// One option after the other.
    Funnel,
    /// Any option.
    Option,
    /// `true` or `false`.
    Bool,
    /// An amount with two decimals, or empty.
    Amount,
    /// A whole number that grows with each change.
    Counter,
    /// A whole number below.
    Below(u64),
    /// An instant after the record was created.
    Later,
    /// A day.
    Day,
    /// A given name.
    FirstName,
    /// A family name.
    LastName,
    /// An e-mail address.
    Email,
    /// A telephone number.
    Phone,
    /// An address line.
    Street,
    /// A town.
    City,
    /// Five digits, some of them leading zeros.
    Digits,
    /// A company's name.
    Company,
    /// A domain.
    Domain,
    /// A short title.
    Title,
    /// Free text of some sentences.
    Notes,
    /// Text that breaks naive readers.
    Odd,
    /// The same without those that start with a quote.
    OddBare,
    /// A JSON document.
    Json,
    /// Latitude and longitude as JSON.
    Coordinates,
}

/// How often a value changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Changes {
    /// At most so many changes before the first day.
    pub before_max: u64,
    /// In so many of a thousand records it changes on a later day.
    pub daily_per_mille: u64,
}

/// One property.
#[derive(Clone, Copy, Debug)]
pub struct Property {
    /// Internal name.
    pub name: &'static str,
    /// Label, or None for an unlabelled one.
    pub label: Option<&'static str>,
    /// Type.
    pub kind: PropertyType,
    /// Where values come from.
    pub source: Source,
    /// How often they change.
    pub changes: Changes,
    /// In so many of a thousand records it was ever set.
    pub set_per_mille: u64,
    /// Whether OBJECT_PROPERTIES_HISTORY has it.
    pub in_history: bool,
    /// Options of an enumeration: value and label.
    pub options: &'static [(&'static str, &'static str)],
    /// From which day on (0 is the first) it exists.
    pub since_day: usize,
    /// Whether its definition is archived.
    pub archived: bool,
}

const STATIC: Changes = Changes {
    before_max: 0,
    daily_per_mille: 0,
};
const RARELY: Changes = Changes {
    before_max: 1,
    daily_per_mille: 6,
};
const OFTEN: Changes = Changes {
    before_max: 3,
    daily_per_mille: 60,
};
const BUSY: Changes = Changes {
    before_max: 6,
    daily_per_mille: 120,
};

const fn property(name: &'static str, label: &'static str, kind: PropertyType, source: Source) -> Property {
    Property {
        name,
        label: Some(label),
        kind,
        source,
        changes: STATIC,
        set_per_mille: 1_000,
        in_history: true,
        options: &[],
        since_day: 0,
        archived: false,
    }
}

impl Property {
    const fn changing(self, changes: Changes) -> Self {
        Property { changes, ..self }
    }
    const fn set(self, set_per_mille: u64) -> Self {
        Property {
            set_per_mille,
            ..self
        }
    }
    const fn without_history(self) -> Self {
        Property {
            in_history: false,
            ..self
        }
    }
    const fn options(self, options: &'static [(&'static str, &'static str)]) -> Self {
        Property { options, ..self }
    }
    const fn since(self, since_day: usize) -> Self {
        Property { since_day, ..self }
    }
    const fn archived(self) -> Self {
        Property {
            archived: true,
            ..self
        }
    }
    const fn unlabelled(self) -> Self {
        Property { label: None, ..self }
    }
}

use PropertyType as T;
use Source as S;

const LIFECYCLE: &[(&str, &str)] = &[
    ("subscriber", "Subscriber"),
    ("lead", "Lead"),
    ("marketingqualifiedlead", "Marketing Qualified Lead"),
    ("salesqualifiedlead", "Sales Qualified Lead"),
    ("opportunity", "Opportunity"),
    ("customer", "Customer"),
    ("evangelist", "Evangelist"),
];
const LEAD_STATUS: &[(&str, &str)] = &[
    ("NEW", "New"),
    ("OPEN", "Open"),
    ("IN_PROGRESS", "In progress"),
    ("UNQUALIFIED", "Unqualified, for now"),
    ("BAD_TIMING", "\"Bad\" timing"),
];
const INDUSTRIES: &[(&str, &str)] = &[
    ("COMPUTER_SOFTWARE", "Computer Software"),
    ("FOOD_BEVERAGES", "Food & Beverages"),
    ("HOSPITAL_HEALTH_CARE", "Hospital & Health Care"),
    ("RENEWABLES_ENVIRONMENT", "Renewables & Environment"),
    ("UTILITIES", "Utilities"),
];
const DEAL_TYPES: &[(&str, &str)] = &[
    ("newbusiness", "New Business"),
    ("existingbusiness", "Existing Business"),
];
const PRIORITIES: &[(&str, &str)] = &[
    ("LOW", "Low"),
    ("MEDIUM", "Medium"),
    ("HIGH", "High"),
    ("URGENT", "Urgent"),
];
const CHANNELS: &[(&str, &str)] = &[
    ("EMAIL", "Email"),
    ("CHAT", "Chat"),
    ("FORM", "Form"),
    ("PHONE", "Phone"),
];
const DIRECTIONS: &[(&str, &str)] = &[("INBOUND", "Inbound"), ("OUTBOUND", "Outbound")];

/// Properties of contacts.
pub const CONTACT: &[Property] = &[
    property("email", "Email", T::Text, S::Email).set(960),
    property("firstname", "First Name", T::Text, S::FirstName).set(950),
    property("lastname", "Last Name", T::Text, S::LastName).set(940),
    property("phone", "Phone Number", T::Phone, S::Phone).set(700),
    property("city", "City", T::Text, S::City).set(600),
    property("zip", "Postal Code", T::Text, S::Digits).set(600),
    property("company", "Company Name", T::Text, S::Company)
        .set(500)
        .without_history(),
    property("jobtitle", "Job Title", T::Text, S::Odd)
        .set(300)
        .without_history(),
    property("lifecyclestage", "Lifecycle Stage", T::Enumeration, S::Funnel)
        .changing(OFTEN)
        .options(LIFECYCLE),
    property("hs_lead_status", "Lead Status", T::Enumeration, S::Option)
        .changing(RARELY)
        .set(500)
        .options(LEAD_STATUS),
    property("hubspot_owner_id", "Contact owner", T::Enumeration, S::Owner).changing(RARELY),
    property("date_of_birth", "Date of birth", T::Date, S::Day).set(200),
    property("hs_email_optout", "Unsubscribed from all email", T::Bool, S::Bool)
        .changing(RARELY)
        .set(800),
    property(
        "hs_analytics_num_visits",
        "Number of Sessions",
        T::Number,
        S::Counter,
    )
    .changing(BUSY),
    property("preferences", "Preferences", T::Json, S::Json).set(150),
    property("notes", "Notes", T::Text, S::Notes)
        .changing(RARELY)
        .set(350),
    property("message", "Message", T::Text, S::OddBare).set(150),
    property("nps_score", "NPS score", T::Number, S::Below(11))
        .set(250)
        .since(1),
    property("legacy_code", "", T::Text, S::Digits)
        .set(100)
        .unlabelled()
        .archived(),
    property("createdate", "Create Date", T::DateTime, S::CreatedAt),
    property("hs_object_id", "Record ID", T::Number, S::ObjectId),
    property(
        "lastmodifieddate",
        "Last Modified Date",
        T::DateTime,
        S::ModifiedAt,
    )
    .without_history(),
    property("address", "Street Address", T::Text, S::Street),
];

/// Properties of companies.
pub const COMPANY: &[Property] = &[
    property("name", "Company name", T::Text, S::Company).without_history(),
    property("domain", "Company Domain Name", T::Text, S::Domain),
    property("industry", "Industry", T::Enumeration, S::Option)
        .set(800)
        .options(INDUSTRIES),
    property("annualrevenue", "Annual Revenue", T::Number, S::Amount)
        .changing(RARELY)
        .set(500),
    property(
        "numberofemployees",
        "Number of Employees",
        T::Number,
        S::Below(20_000),
    )
    .changing(RARELY)
    .set(600),
    property("phone", "Phone Number", T::Phone, S::Phone).set(600),
    property("city", "City", T::Text, S::City).set(800),
    property("lifecyclestage", "Lifecycle Stage", T::Enumeration, S::Funnel)
        .changing(OFTEN)
        .options(LIFECYCLE),
    property("hubspot_owner_id", "Company owner", T::Enumeration, S::Owner).changing(RARELY),
    property("description", "Description", T::Text, S::Notes).set(500),
    property("createdate", "Create Date", T::DateTime, S::CreatedAt),
    property("hs_object_id", "Record ID", T::Number, S::ObjectId),
    property(
        "hs_lastmodifieddate",
        "Last Modified Date",
        T::DateTime,
        S::ModifiedAt,
    )
    .without_history(),
    property("address", "Street Address", T::Text, S::Street),
];

/// Properties of deals.
pub const DEAL: &[Property] = &[
    property("dealname", "Deal Name", T::Text, S::Title),
    property("amount", "Amount", T::Number, S::Amount).changing(BUSY),
    property("pipeline", "Pipeline", T::Enumeration, S::Pipeline),
    property("dealstage", "Deal Stage", T::Enumeration, S::Stage).changing(OFTEN),
    property("closedate", "Close Date", T::DateTime, S::Later)
        .changing(RARELY)
        .set(950),
    property("hubspot_owner_id", "Deal owner", T::Enumeration, S::Owner).changing(RARELY),
    property("dealtype", "Deal Type", T::Enumeration, S::Option)
        .set(800)
        .options(DEAL_TYPES),
    property(
        "hs_is_active_shared_deal",
        "Is active shared deal",
        T::Bool,
        S::Bool,
    )
    .set(500),
    property("createdate", "Create Date", T::DateTime, S::CreatedAt),
    property("hs_object_id", "Record ID", T::Number, S::ObjectId),
    property(
        "hs_lastmodifieddate",
        "Last Modified Date",
        T::DateTime,
        S::ModifiedAt,
    )
    .without_history(),
    property("description", "Deal Description", T::Text, S::Notes),
];

/// Properties of tickets.
pub const TICKET: &[Property] = &[
    property("subject", "Ticket name", T::Text, S::Title),
    property("hs_pipeline", "Pipeline", T::Enumeration, S::Pipeline),
    property("hs_pipeline_stage", "Ticket status", T::Enumeration, S::Stage).changing(OFTEN),
    property("hs_ticket_priority", "Priority", T::Enumeration, S::Option)
        .changing(RARELY)
        .options(PRIORITIES),
    property("source_type", "Source", T::Enumeration, S::Option).options(CHANNELS),
    property("hubspot_owner_id", "Ticket owner", T::Enumeration, S::Owner).changing(RARELY),
    property("closed_date", "Close date", T::DateTime, S::Later).set(600),
    property("createdate", "Create date", T::DateTime, S::CreatedAt),
    property("hs_object_id", "Record ID", T::Number, S::ObjectId),
    property(
        "hs_lastmodifieddate",
        "Last Modified Date",
        T::DateTime,
        S::ModifiedAt,
    )
    .without_history(),
    property("content", "Ticket description", T::Text, S::Notes).changing(RARELY),
];

/// Properties of line items.
pub const LINE_ITEM: &[Property] = &[
    property("hs_sku", "SKU", T::Text, S::Digits).set(900),
    property("quantity", "Quantity", T::Number, S::Below(50)).changing(RARELY),
    property("price", "Unit price", T::Number, S::Amount),
    property(
        "hs_recurring_billing_start_date",
        "Billing start date",
        T::Date,
        S::Day,
    )
    .set(400),
    property("createdate", "Create Date", T::DateTime, S::CreatedAt),
    property("hs_object_id", "Record ID", T::Number, S::ObjectId),
    property(
        "hs_lastmodifieddate",
        "Last Modified Date",
        T::DateTime,
        S::ModifiedAt,
    )
    .without_history(),
    property("name", "Name", T::Text, S::Title),
];

/// Properties of calls.
pub const CALL: &[Property] = &[
    property("hs_call_title", "Call Title", T::Text, S::Title).set(700),
    property(
        "hs_call_duration",
        "Call duration",
        T::Number,
        S::Below(3_600_000),
    )
    .set(900),
    property("hs_call_direction", "Call direction", T::Enumeration, S::Option).options(DIRECTIONS),
    property("hs_timestamp", "Activity date", T::DateTime, S::Later),
    property(
        "hubspot_owner_id",
        "Activity assigned to",
        T::Enumeration,
        S::Owner,
    ),
    property("hs_createdate", "Create date", T::DateTime, S::CreatedAt),
    property("hs_object_id", "Record ID", T::Number, S::ObjectId),
    property(
        "hs_lastmodifieddate",
        "Last Modified Date",
        T::DateTime,
        S::ModifiedAt,
    )
    .without_history(),
    property("hs_call_body", "Call notes", T::Text, S::Notes),
];

/// Properties of the account's own kind of record.
pub const RENTAL_UNIT: &[Property] = &[
    property("unit_name", "Unit name", T::Text, S::Title),
    property("monthly_rent", "Monthly rent", T::Number, S::Amount).changing(BUSY),
    property("available_from", "Available from", T::Date, S::Day)
        .changing(RARELY)
        .set(800),
    property("furnished", "Furnished", T::Bool, S::Bool).set(900),
    property("contact_phone", "Contact phone", T::Phone, S::Phone).set(700),
    property("floor_plan", "Floor plan", T::Json, S::Json).set(600),
    property("location", "Location", T::Coordinates, S::Coordinates).set(900),
    property("hs_pipeline", "Pipeline", T::Enumeration, S::Pipeline),
    property("hs_pipeline_stage", "Pipeline stage", T::Enumeration, S::Stage).changing(OFTEN),
    property("hubspot_owner_id", "Owner", T::Enumeration, S::Owner),
    property("hs_createdate", "Create date", T::DateTime, S::CreatedAt),
    property("hs_object_id", "Record ID", T::Number, S::ObjectId),
    property(
        "hs_lastmodifieddate",
        "Last Modified Date",
        T::DateTime,
        S::ModifiedAt,
    )
    .without_history(),
    property("special_instructions", "Special instructions", T::Text, S::Notes),
];

/// Properties of every other kind.
pub const OTHER: &[Property] = &[
    property("hs_createdate", "Create date", T::DateTime, S::CreatedAt),
    property("hs_object_id", "Record ID", T::Number, S::ObjectId),
    property(
        "hs_lastmodifieddate",
        "Last Modified Date",
        T::DateTime,
        S::ModifiedAt,
    )
    .without_history(),
    property("hs_name", "Name", T::Text, S::Title).changing(RARELY),
];

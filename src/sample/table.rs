//! The tables: columns, types, and the form each takes as CSV.
//!
//! HubSpot documents neither dialect nor header nor timestamps, so the tables differ in them on purpose: between them
//! they show everything that a reader has to cope with.

use super::calendar::Spelling;
use super::events::EVENTS;

/// The type of a column, as the lake must have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    /// Text.
    Text,
    /// JSON kept as text.
    Json,
    /// A whole number of 64 bits.
    Bigint,
    /// True or false.
    Boolean,
    /// Milliseconds since 1970 UTC.
    Timestamp,
}

impl ColumnType {
    /// Its name in `truth/expected.json`: the one catalogs use.
    pub fn name(self) -> &'static str {
        match self {
            ColumnType::Text => "string",
            ColumnType::Json => "json",
            ColumnType::Bigint => "bigint",
            ColumnType::Boolean => "boolean",
            ColumnType::Timestamp => "timestamp",
        }
    }
}

/// A column: its name as HubSpot spells it, and its type.
pub type Column = (&'static str, ColumnType);

/// What stands around fields, and what is escaped how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Quotes around every cell that is not NULL.
    QuotedAll,
    /// Quotes around text, JSON and timestamps.
    QuotedText,
    /// Quotes where nothing else will do, so a part can well have none.
    QuotedNeeded,
    /// No quotes; a backslash before delimiter, line break and backslash.
    Escaped,
}

/// How NULL is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Null {
    /// `\N`
    Token,
    /// Nothing between two delimiters; empty text is `""` then. Not for the escaped dialect.
    Bare,
}

/// The first record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Header {
    /// Names in upper case, as Snowflake spells them.
    Upper,
    /// Names in lower case.
    Lower,
    /// None: columns are known by their place.
    None,
}

/// The form of a table's parts.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    /// Dialect.
    pub dialect: Dialect,
    /// NULL.
    pub null: Null,
    /// Header.
    pub header: Header,
    /// Timestamps.
    pub spelling: Spelling,
    /// Line ends are CR LF.
    pub crlf: bool,
    /// A byte order mark comes first.
    pub bom: bool,
    /// Parts are not compressed.
    pub plain: bool,
    /// Columns come last to first.
    pub reversed: bool,
    /// The first part is made of many gzip members.
    pub members: bool,
    /// Parts lie in sub-folders of the table's folder.
    pub folders: bool,
    /// So many bytes of text make one compressed byte, about: it decides where parts end.
    pub ratio: u64,
}

/// One table.
#[derive(Clone, Debug)]
pub struct Table {
    /// Name of its folder.
    pub name: &'static str,
    /// Columns in the order of the catalog.
    pub columns: Vec<Column>,
    /// Form.
    pub form: Form,
}

const FORM: Form = Form {
    dialect: Dialect::QuotedText,
    null: Null::Token,
    header: Header::Upper,
    spelling: Spelling::Plain,
    crlf: false,
    bom: false,
    plain: false,
    reversed: false,
    members: false,
    folders: false,
    ratio: 6,
};

use ColumnType::{Bigint, Boolean, Json, Text, Timestamp};

/// One row per record.
pub fn objects() -> Table {
    let columns = vec![TYPE, ID, UPDATED, INGESTED];
    // Nothing in it needs quotes, so its parts never decide their dialect.
    table(
        "OBJECTS",
        columns,
        Form {
            dialect: Dialect::QuotedNeeded,
            ratio: 4,
            ..FORM
        },
    )
}

/// One row per record, its properties as JSON.
pub fn object_with_object_properties() -> Table {
    let columns = vec![TYPE, ID, ("PROPERTIES", Json), UPDATED, INGESTED];
    let form = Form {
        spelling: Spelling::SpaceZ,
        members: true,
        ratio: 4,
        ..FORM
    };
    table("OBJECT_WITH_OBJECT_PROPERTIES", columns, form)
}

/// One row per record and property.
pub fn object_properties() -> Table {
    table("OBJECT_PROPERTIES", property_columns(), FORM)
}

/// One row per record, property and past value.
pub fn object_properties_history() -> Table {
    let form = Form {
        dialect: Dialect::Escaped,
        spelling: Spelling::Pacific,
        folders: true,
        ..FORM
    };
    table("OBJECT_PROPERTIES_HISTORY", property_columns(), form)
}

/// One row per link and direction.
pub fn associations() -> Table {
    let columns = vec![
        ("COMBINEDASSOCIATIONTYPEID", Text),
        ("ASSOCIATIONCATEGORY", Text),
        ("ASSOCIATIONTYPEID", Bigint),
        ("FROMOBJECTTYPEID", Text),
        ("FROMOBJECTID", Bigint),
        ("TOOBJECTTYPEID", Text),
        ("TOOBJECTID", Bigint),
        INGESTED,
    ];
    table(
        "ASSOCIATIONS",
        columns,
        Form {
            header: Header::None,
            ratio: 7,
            ..FORM
        },
    )
}

/// One row per type of link.
pub fn association_definitions() -> Table {
    let columns = vec![
        ("COMBINEDASSOCIATIONTYPEID", Text),
        ("ASSOCIATIONCATEGORY", Text),
        ("ASSOCIATIONTYPEID", Bigint),
        ("FROMOBJECTTYPEID", Text),
        ("FROMOBJECTTYPE", Text),
        ("TOOBJECTTYPEID", Text),
        ("TOOBJECTTYPE", Text),
        ("NAME", Text),
        ("LABEL", Text),
        ("ISMAINASSOCIATIONDEFINITION", Boolean),
        INGESTED,
    ];
    table(
        "ASSOCIATION_DEFINITIONS",
        columns,
        Form {
            null: Null::Bare,
            spelling: Spelling::Iso,
            ..FORM
        },
    )
}

/// One row per list.
pub fn lists() -> Table {
    let columns = vec![
        ("LISTID", Bigint),
        ("CLASSICLISTID", Bigint),
        ("NAME", Text),
        ("LISTTYPE", Text),
        TYPE,
        ("SIZE", Bigint),
        CREATED,
        UPDATED,
        INGESTED,
    ];
    table(
        "LISTS",
        columns,
        Form {
            dialect: Dialect::QuotedAll,
            crlf: true,
            ..FORM
        },
    )
}

/// One row per record of a list.
pub fn list_memberships() -> Table {
    let columns = vec![("LISTID", Bigint), TYPE, ID, UPDATED, INGESTED];
    table(
        "LIST_MEMBERSHIPS",
        columns,
        Form {
            header: Header::Lower,
            spelling: Spelling::Iso,
            ratio: 4,
            ..FORM
        },
    )
}

/// One row per owner.
pub fn owners() -> Table {
    let columns = vec![
        ("OWNERID", Bigint),
        ("USERID", Bigint),
        ("EMAIL", Text),
        ("FIRSTNAME", Text),
        ("LASTNAME", Text),
        ("ARCHIVED", Boolean),
        CREATED,
        UPDATED,
        INGESTED,
    ];
    table(
        "OWNERS",
        columns,
        Form {
            null: Null::Bare,
            spelling: Spelling::Pacific,
            ..FORM
        },
    )
}

/// One row per owner and team.
pub fn owner_team() -> Table {
    let columns = vec![
        ("OWNERID", Bigint),
        ("TEAMID", Bigint),
        ("ISPRIMARY", Boolean),
        INGESTED,
    ];
    table(
        "OWNER_TEAM",
        columns,
        Form {
            dialect: Dialect::QuotedAll,
            spelling: Spelling::Iso,
            ..FORM
        },
    )
}

/// One row per team.
pub fn teams() -> Table {
    let columns = vec![
        ("TEAMID", Bigint),
        ("NAME", Text),
        ("PARENTTEAMID", Bigint),
        INGESTED,
    ];
    table(
        "TEAMS",
        columns,
        Form {
            bom: true,
            spelling: Spelling::SpaceZ,
            ..FORM
        },
    )
}

/// One row per pipeline.
pub fn pipelines() -> Table {
    let columns = vec![
        TYPE,
        ("PIPELINEID", Text),
        ("LABEL", Text),
        ("DISPLAYORDER", Bigint),
        ("ARCHIVED", Boolean),
        CREATED,
        UPDATED,
        INGESTED,
    ];
    table("PIPELINES", columns, Form { plain: true, ..FORM })
}

/// One row per stage.
pub fn pipeline_stages() -> Table {
    let columns = vec![
        TYPE,
        ("PIPELINEID", Text),
        ("STAGEID", Text),
        ("LABEL", Text),
        ("DISPLAYORDER", Bigint),
        ("METADATA", Json),
        ("ARCHIVED", Boolean),
        CREATED,
        UPDATED,
        INGESTED,
    ];
    let form = Form {
        header: Header::Lower,
        reversed: true,
        spelling: Spelling::Iso,
        ..FORM
    };
    table("PIPELINE_STAGES", columns, form)
}

/// One row per property of a kind of record or event.
pub fn property_definitions() -> Table {
    let columns = vec![
        TYPE,
        ("NAME", Text),
        ("LABEL", Text),
        ("DESCRIPTION", Text),
        ("TYPE", Text),
        ("FIELDTYPE", Text),
        ("GROUPNAME", Text),
        ("OPTIONS", Json),
        ("ARCHIVED", Boolean),
        CREATED,
        UPDATED,
        INGESTED,
    ];
    table(
        "PROPERTY_DEFINITIONS",
        columns,
        Form {
            dialect: Dialect::Escaped,
            ..FORM
        },
    )
}

/// One row per kind of record or event.
pub fn object_and_event_type_definitions() -> Table {
    let columns = vec![
        TYPE,
        ("FULLYQUALIFIEDNAME", Text),
        ("NAME", Text),
        ("SINGULARLABEL", Text),
        ("PLURALLABEL", Text),
        INGESTED,
    ];
    let form = Form {
        dialect: Dialect::QuotedAll,
        null: Null::Bare,
        spelling: Spelling::SpaceZ,
        ..FORM
    };
    table("OBJECT_AND_EVENT_TYPE_DEFINITIONS", columns, form)
}

/// One row per event of one type; all properties are text.
pub fn events(name: &'static str, form: Form, properties: impl Iterator<Item = &'static str>) -> Table {
    let mut columns = vec![
        ("EVENTTYPEID", Text),
        ("ID", Text),
        TYPE,
        ID,
        ("OCCURREDAT", Timestamp),
        INGESTED,
    ];
    columns.extend(properties.map(|name| (name, Text)));
    table(name, columns, form)
}

/// The form of an event table; the rest is as usual.
pub const fn event_form(dialect: Dialect, null: Null, spelling: Spelling) -> Form {
    Form {
        dialect,
        null,
        spelling,
        ratio: 3,
        ..FORM
    }
}

/// All tables that the account has by a day, with the columns they have then.
pub fn all(day: usize) -> Vec<Table> {
    let mut tables = vec![
        objects(),
        object_with_object_properties(),
        object_properties(),
        object_properties_history(),
        associations(),
        association_definitions(),
        lists(),
        list_memberships(),
        owners(),
        owner_team(),
        teams(),
        pipelines(),
        pipeline_stages(),
        property_definitions(),
        object_and_event_type_definitions(),
    ];
    tables.extend(
        EVENTS
            .iter()
            .filter(|event| event.since_day <= day)
            .map(|event| event.table_on(day)),
    );
    tables
}

const TYPE: Column = ("OBJECTTYPEID", Text);
const ID: Column = ("OBJECTID", Bigint);
const CREATED: Column = ("CREATEDAT", Timestamp);
const UPDATED: Column = ("UPDATEDAT", Timestamp);
const INGESTED: Column = ("INGESTEDAT", Timestamp);

fn property_columns() -> Vec<Column> {
    vec![TYPE, ID, ("NAME", Text), ("VALUE", Text), UPDATED, INGESTED]
}

fn table(name: &'static str, columns: Vec<Column>, form: Form) -> Table {
    Table { name, columns, form }
}

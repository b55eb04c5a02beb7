//! Glue tables: what they are to be, and what becomes of those that are there already.
//!
//! [`wanted()`] says what the lake needs, [`plan`] what that means beside what Glue has: columns are only ever added, and a
//! table that is none of ours is left alone. [`ddl()`] prints a table as Athena's SQL.

mod ddl;
mod merge;
mod parts;
#[cfg(test)]
mod tests;
mod wanted;

use std::collections::BTreeMap;

pub use ddl::{ddl, identifier};
pub use merge::{Change, Found, Held, Range, Step, changes, left_over, plan, types};
pub use wanted::{LATEST_TABLE, LIVE_SUFFIX, Seen, Wanted, wanted};

use super::{Column, View, presto};

/// The parameter that says that a Glue table is ours, and what it is: a [`Kind`].
pub const MARK: &str = "daymark";

/// The parameter that says which table of the lake it shows.
pub const OF: &str = "daymark.table";

/// The parameter that says from when to when there are partitions.
pub const RANGE: &str = "projection.date.range";

/// `TableType` of tables over files.
pub const EXTERNAL_TABLE: &str = "EXTERNAL_TABLE";

/// `TableType` of views.
pub const VIRTUAL_VIEW: &str = "VIRTUAL_VIEW";

/// What a Glue table of ours is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A table's complete days.
    Published,
    /// A table's days as far as they have come.
    Live,
    /// The newest complete day.
    Latest,
    /// The per-part ledger.
    Parts,
    /// A view.
    View,
}

impl Kind {
    /// As the parameter [`MARK`] has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Published => "published",
            Kind::Live => "live",
            Kind::Latest => "latest",
            Kind::Parts => "parts",
            Kind::View => "view",
        }
    }
}

/// A table as the Glue catalog has it, as far as it matters here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Lower case.
    pub name: String,
    /// [`EXTERNAL_TABLE`] or [`VIRTUAL_VIEW`].
    pub table_type: String,
    /// Columns in their order, without the partition keys.
    pub columns: Vec<Column>,
    /// Partition keys.
    pub keys: Vec<Column>,
    /// The folder, with `s3://`; ends with `/`. Empty for views.
    pub location: String,
    /// How the folder's files are read.
    pub format: Format,
    /// Everything else, [`MARK`] and `comment` included.
    pub parameters: BTreeMap<String, String>,
    /// `ViewOriginalText`, of views.
    pub original_text: Option<String>,
    /// `ViewExpandedText`, of views.
    pub expanded_text: Option<String>,
}

/// Java classes that read files. Empty for views.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Format {
    /// `InputFormat`
    pub input: String,
    /// `OutputFormat`
    pub output: String,
    /// `SerializationLibrary`
    pub serde: String,
    /// What that is told, such as to find columns by their names or by their places.
    pub parameters: BTreeMap<String, String>,
}

impl Table {
    /// What it is for, for people.
    pub fn comment(&self) -> &str {
        self.parameters.get("comment").map_or("", String::as_str)
    }

    /// What makes it ours: kind, and the lake's table where there is one. None: it is somebody else's.
    pub fn mark(&self) -> Option<(&str, &str)> {
        let kind = self.parameters.get(MARK)?;
        Some((kind, self.parameters.get(OF).map_or("", String::as_str)))
    }
}

/// A view as a Glue table. `original_text` and `expanded_text` are Athena's form of its statement (`/* Presto View: … */`), with
/// the view's comment: the table's own has to be [`presto::COMMENT`], or no engine takes it for a view.
pub fn view(view: &View, original_text: String, expanded_text: String) -> Wanted {
    let parameters = [
        (MARK, Kind::View.as_str()),
        (presto::PARAMETER, "true"),
        ("comment", presto::COMMENT),
    ];
    Wanted {
        table: Table {
            name: view.name.clone(),
            table_type: VIRTUAL_VIEW.to_owned(),
            columns: view.columns.clone(),
            parameters: parameters
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            original_text: Some(original_text),
            expanded_text: Some(expanded_text),
            ..Table::default()
        },
        declared: std::collections::BTreeSet::new(),
    }
}

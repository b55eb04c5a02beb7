//! The catalog: the declared columns and types of each known table, compiled in and extended by a user's file.
//!
//! Types come from here and never from looking at a file, because a column has one type for ever. What is declared, and
//! how sure it is, stands in `catalog/hubspot.toml`; [`Mark`] says what the marks mean.

mod file;
mod list;

use std::fmt;
use std::fmt::Write as _;

use serde::Deserialize;

use crate::dialect::Declared;
use crate::types::Type;

pub use list::{TypesFile, types_list};

/// Characters of a comment at most: what Glue takes for a column.
pub const COMMENT_CHARS_MAX: usize = 255;

/// The declared tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Catalog {
    tables: Vec<Table>,
}

/// One declared table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Name, as declared; for a table that stands for many (`EVENTS_*`), the name that was asked for.
    pub name: String,
    /// What its rows are, or empty.
    pub comment: String,
    /// Columns, in the order in which a file without a header has them. Names are distinct in any case, aliases included.
    pub columns: Vec<Column>,
    /// Columns whose names begin so (in any case) belong to the table, but differ from one such table to the next: only a
    /// header can name them, and they are text. `PROPERTY_` in `EVENTS_*`, else None.
    pub open_prefix: Option<String>,
    /// Whether a file without a header is refused: its columns cannot be told by their order.
    pub header_required: bool,
    /// What is declared of the dialect of the table's files.
    pub dialect: Declared,
}

/// One declared column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Name: a letter or `_`, then letters, digits and `_`. In the lake it is lower-cased.
    pub name: String,
    /// Type.
    pub ty: Type,
    /// Other names of the same column in a header. Any text, but never empty.
    pub aliases: Vec<String>,
    /// How sure it is that HubSpot's files have it so.
    pub mark: Mark,
    /// What it means, or empty; at most [`COMMENT_CHARS_MAX`] characters.
    pub comment: String,
}

/// How sure a declared column is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    /// HubSpot's own pages name it.
    Known,
    /// People who query the same data in Snowflake name it.
    Seen,
    /// Inferred from the CRM's API and from like tables.
    Likely,
    /// A guess.
    Unknown,
    /// From a user's file.
    #[default]
    Declared,
}

/// A catalog or a list of types that cannot be used: everything that is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogError {
    /// What is wrong, in the order of the file. Never empty.
    pub faults: Vec<Fault>,
}

/// One thing that is wrong with a catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Line in the file, from 1, where one is known.
    pub line: Option<usize>,
    /// What was expected and what was found.
    pub message: String,
}

impl fmt::Display for CatalogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, fault) in self.faults.iter().enumerate() {
            if nth > 0 {
                f.write_str("; ")?;
            }
            if let Some(line) = fault.line {
                write!(f, "line {line}: ")?;
            }
            f.write_str(&fault.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for CatalogError {}

impl Catalog {
    /// The compiled-in catalog of HubSpot's tables. An error would be a fault of this program, which its tests rule out.
    pub fn builtin() -> Result<Catalog, CatalogError> {
        Catalog { tables: Vec::new() }.with_overrides(include_str!("catalog/hubspot.toml"))
    }

    /// This catalog with what a file in TOML adds and overrides.
    ///
    /// The file names tables (`[[table]]`, with `name`, `comment`, `columns`, `open_prefix`, `header_required`, `dialect`) and
    /// their columns (`name`, `type`, `aliases`, `mark`, `comment`). Of a table or column that is there already, only what the
    /// file names is changed; other columns are added behind the last; new columns need a type. A table that begins like one
    /// that stands for many (`EVENTS_PURCHASE` and `EVENTS_*`) starts from a copy of it. Names match in any case.
    ///
    /// That a published column is not retyped is not checked here, where nothing is known of what is published.
    pub fn with_overrides(&self, toml: &str) -> Result<Catalog, CatalogError> {
        let mut catalog = self.clone();
        file::apply(&mut catalog.tables, toml)?;
        Ok(catalog)
    }

    /// The table of a folder's name or a name in the lake, in any case. An exact name goes before a longer beginning
    /// (`EVENTS_*`), and that before a shorter one.
    pub fn table(&self, name: &str) -> Option<Table> {
        if let Some(table) = self
            .tables
            .iter()
            .find(|table| table.name.eq_ignore_ascii_case(name))
        {
            // `EVENTS_*` is no folder's name.
            return table.beginning().is_none().then(|| table.clone());
        }
        let table = pattern_of(&self.tables, name)?;
        Some(Table {
            name: name.to_owned(),
            ..table.clone()
        })
    }

    /// Whether there is a table of this name.
    pub fn is_known(&self, name: &str) -> bool {
        self.table(name).is_some()
    }

    /// All tables, those that stand for many under their pattern (`EVENTS_*`).
    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        self.tables.iter()
    }
}

/// The table with the longest beginning that a name has, if any.
fn pattern_of<'a>(tables: &'a [Table], name: &str) -> Option<&'a Table> {
    tables
        .iter()
        .filter(|table| {
            table
                .beginning()
                .is_some_and(|beginning| name.len() > beginning.len() && begins_with(name, beginning))
        })
        .max_by_key(|table| table.name.len())
}

/// Whether a text begins with another, in any case.
fn begins_with(text: &str, beginning: &str) -> bool {
    text.as_bytes()
        .get(..beginning.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(beginning.as_bytes()))
}

impl Table {
    /// The declared column that a name in a header means, in any case: by its name, else by an alias.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns
            .iter()
            .find(|column| column.name.eq_ignore_ascii_case(name))
            .or_else(|| {
                self.columns.iter().find(|column| {
                    column
                        .aliases
                        .iter()
                        .any(|alias| alias.eq_ignore_ascii_case(name))
                })
            })
    }

    /// Whether a name in a header is the table's own: a column's, an alias, or one that begins with the open prefix.
    pub fn names(&self, name: &str) -> bool {
        self.column(name).is_some()
            || self
                .open_prefix
                .as_deref()
                .is_some_and(|prefix| begins_with(name, prefix))
    }

    /// All that can change what a file of this table becomes, as one text: what a profile is made of. Name, comments and
    /// marks are not in it. Its form changes only with the format version of the profile.
    pub fn canonical(&self) -> String {
        let mut text = String::new();
        for column in &self.columns {
            let aliases = column
                .aliases
                .iter()
                .map(|alias| alias.to_ascii_lowercase())
                .collect::<Vec<_>>();
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "column {} {} {aliases:?}",
                column.name.to_ascii_lowercase(),
                column.ty
            );
        }
        let open_prefix = self.open_prefix.as_deref().map(str::to_ascii_lowercase);
        let _ = writeln!(text, "open_prefix {open_prefix:?}");
        let _ = writeln!(text, "header_required {}", self.header_required);
        let _ = writeln!(text, "dialect {}", self.dialect.canonical());
        text
    }

    /// What every table of a pattern begins with, if this table stands for many.
    fn beginning(&self) -> Option<&str> {
        self.name.strip_suffix('*')
    }
}

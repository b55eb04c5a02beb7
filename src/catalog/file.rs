//! A catalog's file: TOML to tables, with every fault of the file in one error.

use serde::Deserialize;
use serde::de::IntoDeserializer;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{COMMENT_CHARS_MAX, CatalogError, Column, Fault, Mark, Table, pattern_of};
use crate::dialect::Declared;
use crate::names::{COLUMN_NAME_BYTES_MAX, PARTITION_KEY};
use crate::types::Type;

/// Adds what a file declares to `tables`, and overrides what it names of them.
pub(super) fn apply(tables: &mut Vec<Table>, toml: &str) -> Result<(), CatalogError> {
    let mut faults = Faults {
        text: toml,
        found: Vec::new(),
    };
    let (root, syntax) = DeTable::parse_recoverable(toml);
    for error in &syntax {
        faults.add_toml(error);
    }
    // What is left of a file with broken syntax would only bring faults that it does not have.
    if syntax.is_empty() {
        for entry in entries(root.into_inner(), &mut faults) {
            let line = faults.line(entry.at);
            if !entry.stands {
                // Which table it is to be is not known, so it is looked at by itself.
                let name = entry.name.clone();
                let mut alone = Table {
                    name,
                    ..Table::default()
                };
                merge(&mut alone, entry, &mut faults);
                check(&alone, line, &mut faults);
                continue;
            }
            let table = match tables
                .iter()
                .position(|table| table.name.eq_ignore_ascii_case(&entry.name))
            {
                Some(at) => tables.get_mut(at),
                None => {
                    let start = pattern_of(tables, &entry.name).cloned().unwrap_or_default();
                    let name = entry.name.clone();
                    tables.push(Table { name, ..start });
                    tables.last_mut()
                }
            };
            if let Some(table) = table {
                merge(table, entry, &mut faults);
                check(table, line, &mut faults);
            }
        }
    }
    faults.into_result()
}

/// What a file says of one table.
struct TableEntry {
    at: usize,
    name: String,
    /// Whether it is a table, by its name. If not, that is told.
    stands: bool,
    comment: Option<String>,
    columns: Vec<(usize, ColumnEntry)>,
    open_prefix: Option<String>,
    header_required: Option<bool>,
    dialect: Option<(usize, Declared)>,
}

/// What a file says of one column.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ColumnEntry {
    name: String,
    #[serde(rename = "type")]
    ty: Option<String>,
    aliases: Option<Vec<String>>,
    mark: Option<Mark>,
    comment: Option<String>,
}

fn entries(root: DeTable<'_>, faults: &mut Faults<'_>) -> Vec<TableEntry> {
    let mut entries: Vec<TableEntry> = Vec::new();
    for (key, value) in root {
        let at = value.span().start;
        match (key.get_ref().as_ref(), value.into_inner()) {
            ("table", DeValue::Array(tables)) => {
                for table in tables {
                    let at = table.span().start;
                    let Some(mut entry) = entry(table, faults) else {
                        continue;
                    };
                    let is_same = |other: &TableEntry| other.name.eq_ignore_ascii_case(&entry.name);
                    if entry.stands && entries.iter().any(is_same) {
                        faults.add(at, format!("table {} is declared twice in this file", entry.name));
                        entry.stands = false;
                    }
                    entries.push(entry);
                }
            }
            ("table", other) => {
                faults.add(at, format!("expected [[table]], found a {}", other.type_str()));
            }
            (unknown, _) => {
                faults.add(
                    key.span().start,
                    format!("unknown key {unknown:?}, expected [[table]]"),
                );
            }
        }
    }
    entries
}

fn entry(table: Spanned<DeValue<'_>>, faults: &mut Faults<'_>) -> Option<TableEntry> {
    let at = table.span().start;
    let keys = match table.into_inner() {
        DeValue::Table(keys) => keys,
        other => {
            faults.add(at, format!("expected [[table]], found a {}", other.type_str()));
            return None;
        }
    };
    let mut entry = TableEntry {
        at,
        name: String::new(),
        stands: true,
        comment: None,
        columns: Vec::new(),
        open_prefix: None,
        header_required: None,
        dialect: None,
    };
    let mut is_told = false;
    for (key, value) in keys {
        let value_at = value.span().start;
        match key.get_ref().as_ref() {
            "name" => match faults.read(value) {
                Some(name) => entry.name = name,
                None => is_told = true,
            },
            "comment" => entry.comment = faults.read(value),
            "open_prefix" => entry.open_prefix = faults.read(value),
            "header_required" => entry.header_required = faults.read(value),
            "dialect" => entry.dialect = faults.read(value).map(|dialect| (value_at, dialect)),
            "columns" => match value.into_inner() {
                DeValue::Array(columns) => {
                    for column in columns {
                        let at = column.span().start;
                        if let Some(column) = faults.read(column) {
                            entry.columns.push((at, column));
                        }
                    }
                }
                other => faults.add(value_at, format!("columns: expected a list, found a {}", other.type_str())),
            },
            unknown => faults.add(
                key.span().start,
                format!(
                    "unknown key {unknown:?} of a table, expected name, comment, columns, open_prefix, header_required or dialect"
                ),
            ),
        }
    }
    entry.stands = is_identifier(entry.name.strip_suffix('*').unwrap_or(&entry.name));
    if !entry.stands && !is_told {
        faults.add(
            at,
            format!(
                "expected a table's name of letters, digits and _ (* at the end stands for any others), found {:?}",
                entry.name
            ),
        );
    }
    Some(entry)
}

/// Puts what a file says of a table over what is there.
fn merge(table: &mut Table, entry: TableEntry, faults: &mut Faults<'_>) {
    if let Some(comment) = entry.comment {
        table.comment = comment;
    }
    if let Some(prefix) = entry.open_prefix {
        // Empty, it would name every column; so it takes an inherited prefix away.
        table.open_prefix = Some(prefix).filter(|prefix| !prefix.is_empty());
    }
    if let Some(required) = entry.header_required {
        table.header_required = required;
    }
    if let Some((at, dialect)) = entry.dialect {
        match dialect.over(table.dialect.clone()) {
            Ok(dialect) => table.dialect = dialect,
            Err(error) => faults.add(at, error.to_string()),
        }
    }
    let mut seen: Vec<String> = Vec::new();
    for (at, column) in entry.columns {
        let name = column.name.to_ascii_lowercase();
        if !name.is_empty() && seen.contains(&name) {
            faults.add(
                at,
                format!(
                    "column {} of table {} is declared twice",
                    column.name,
                    shown(&table.name)
                ),
            );
            continue;
        }
        seen.push(name);
        merge_column(table, entry.stands, at, column, faults);
    }
}

/// `stands`: whether the table is one, so that it is known which columns it has.
fn merge_column(table: &mut Table, stands: bool, at: usize, entry: ColumnEntry, faults: &mut Faults<'_>) {
    let ty = entry.ty.as_deref().map(|ty| {
        ty.parse().unwrap_or_else(|unknown| {
            faults.add(at, format!("column {}: {unknown}", shown(&entry.name)));
            Type::String
        })
    });
    if let Some(column) = table
        .columns
        .iter_mut()
        .find(|column| !column.name.is_empty() && column.name.eq_ignore_ascii_case(&entry.name))
    {
        column.ty = ty.unwrap_or(column.ty);
        column.mark = entry.mark.unwrap_or(column.mark);
        if let Some(aliases) = entry.aliases {
            column.aliases = aliases;
        }
        if let Some(comment) = entry.comment {
            column.comment = comment;
        }
        return;
    }
    if ty.is_none() && stands {
        faults.add(
            at,
            format!(
                "column {} is new to table {} and has no type",
                shown(&entry.name),
                table.name
            ),
        );
    }
    if !is_identifier(&entry.name) {
        faults.add(
            at,
            format!(
                "expected a column's name of letters, digits and _, found {:?}; another name in the file can be an alias",
                entry.name
            ),
        );
    } else if entry.name.eq_ignore_ascii_case(PARTITION_KEY) {
        faults.add(
            at,
            format!(
                "a column cannot be called {PARTITION_KEY}, which is the partition key; make that an alias"
            ),
        );
    }
    table.columns.push(Column {
        name: entry.name,
        // Without one, the file is refused.
        ty: ty.unwrap_or(Type::String),
        aliases: entry.aliases.unwrap_or_default(),
        mark: entry.mark.unwrap_or_default(),
        comment: entry.comment.unwrap_or_default(),
    });
}

/// Checks a table as a whole, once it is merged.
fn check(table: &Table, line: Option<usize>, faults: &mut Faults<'_>) {
    let mut owners: Vec<(String, &str)> = Vec::new();
    for column in &table.columns {
        if column.aliases.iter().any(String::is_empty) {
            let (column, table) = (shown(&column.name), shown(&table.name));
            faults.add_at_line(
                line,
                format!("column {column} of table {table} has an empty alias"),
            );
        }
        // An empty name is told already.
        let names = std::iter::once(&column.name).chain(&column.aliases);
        for name in names.filter(|name| !name.is_empty()) {
            let folded = name.to_ascii_lowercase();
            if let Some((_, owner)) = owners.iter().find(|(other, _)| *other == folded) {
                faults.add_at_line(
                    line,
                    format!(
                        "in table {} the name {name} stands for both {} and {}",
                        shown(&table.name),
                        shown(owner),
                        shown(&column.name)
                    ),
                );
            }
            owners.push((folded, &column.name));
        }
        if column.comment.chars().count() > COMMENT_CHARS_MAX {
            faults.add_at_line(
                line,
                format!(
                    "the comment of column {} is longer than {COMMENT_CHARS_MAX} characters",
                    column.name
                ),
            );
        }
    }
}

/// A table's or column's name in a message, where it would not be seen if it were empty.
fn shown(name: &str) -> &str {
    if name.is_empty() { "\"\"" } else { name }
}

/// A letter or `_`, then letters, digits and `_`, and no more of them than Glue takes.
fn is_identifier(name: &str) -> bool {
    let mut bytes = name.bytes();
    name.len() <= COLUMN_NAME_BYTES_MAX
        && bytes
            .next()
            .is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// The faults found in a text so far.
struct Faults<'a> {
    text: &'a str,
    found: Vec<Fault>,
}

impl Faults<'_> {
    /// Reads a value, or notes why it is not what it should be.
    fn read<'de, T: Deserialize<'de>>(&mut self, value: Spanned<DeValue<'de>>) -> Option<T> {
        let at = value.span().start;
        match T::deserialize(value.into_deserializer()) {
            Ok(value) => Some(value),
            Err(error) => {
                let at = error.span().map_or(at, |span| span.start);
                self.add(at, error.message().to_owned());
                None
            }
        }
    }

    fn add(&mut self, at: usize, message: String) {
        self.add_at_line(self.line(at), message);
    }

    fn add_toml(&mut self, error: &toml::de::Error) {
        let line = error.span().and_then(|span| self.line(span.start));
        self.add_at_line(line, error.message().to_owned());
    }

    fn add_at_line(&mut self, line: Option<usize>, message: String) {
        self.found.push(Fault { line, message });
    }

    /// The line of a byte of the text.
    fn line(&self, at: usize) -> Option<usize> {
        let before = self.text.as_bytes().get(..at)?;
        Some(before.iter().filter(|byte| **byte == b'\n').count() + 1)
    }

    fn into_result(mut self) -> Result<(), CatalogError> {
        if self.found.is_empty() {
            return Ok(());
        }
        self.found.sort_by_key(|fault| fault.line);
        Err(CatalogError { faults: self.found })
    }
}

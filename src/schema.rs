//! The columns of one part: which there are, what they are called, and what type each has.
//!
//! Names come from a header, from the catalog's order, or from a setting; types from the catalog or a list, never from the
//! data. What a first record holds may be data rather than names, so no error here quotes it: positions, and names that were
//! declared, have to do.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, SchemaRef, TimeUnit};
use sha2::{Digest, Sha256};

use crate::catalog::Table;
use crate::names::{self, NameError};
use crate::plan::{Naming, Typing};
use crate::types::Type;

/// The columns of one part, in the order of its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema {
    /// The columns. Their names are distinct.
    pub columns: Vec<Column>,
    /// Names of a list of types ([`Typing::List`]) that no column has, in the list's order: worth a warning.
    pub missing: Vec<String>,
}

/// One column of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// What it is called in the Parquet.
    pub name: String,
    /// What the file calls it; where the file has no names, what the catalog or a setting calls it.
    pub source: String,
    /// Its type.
    pub ty: Type,
    /// Whether the catalog or a list says its type. If not, it is text.
    pub declared: bool,
}

/// Why a part's columns cannot be told. No variant holds what the file says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// A file without a header, of a table whose columns cannot be told by their order.
    #[error(
        "table {table}: expected a header, because its columns differ from file to file; found a first record that is \
         none. If the file has no header, name its columns in the setting dialect.columns of this table"
    )]
    HeaderRequired {
        /// The declared table.
        table: String,
    },
    /// A file of an unknown table whose first record are no names.
    #[error(
        "unknown table: expected a header of distinct identifiers, found a first record that is none. Declare the table \
         in the catalog, with dialect.header = true if its header is an unusual one, or with dialect.columns if it has none"
    )]
    NoHeader,
    /// A file without a header that has not as many fields as columns are declared.
    #[error(
        "expected {expected} fields, as columns are declared, found {found} in the first record, which is no header: that has \
         all columns of the table, or two of them and otherwise identifiers. If it is the header, say so in the setting \
         dialect.header of this table"
    )]
    FieldCount {
        /// Declared columns.
        expected: usize,
        /// Fields of the first record.
        found: usize,
    },
    /// A first record that would be the table's header but for one of its names.
    #[error(
        "expected a header of distinct identifiers, found names of the table beside column {column}, which {why}. If it is the \
         header, say so in the setting dialect.header of this table; names have to be distinct there, too"
    )]
    SpoiledHeader {
        /// Its position, from 1.
        column: usize,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Another number of names is declared for the columns than the first record has fields.
    #[error(
        "expected a name for each field: {names} {} declared (columns), found {} in the first record",
        if *.names == 1 { "name is" } else { "names are" },
        counted(*.found)
    )]
    ColumnCount {
        /// Declared names.
        names: usize,
        /// Fields of the first record.
        found: usize,
    },
    /// Two columns of one name.
    #[error("expected distinct column names, found the same in columns {first} and {second}")]
    Repeated {
        /// Position of the first, from 1.
        first: usize,
        /// Position of the second, from 1.
        second: usize,
    },
    /// Two names that stand equally well for one declared column.
    #[error("expected one column for {declared}, found two, columns {first} and {second}")]
    Ambiguous {
        /// The declared name.
        declared: String,
        /// Position of the first, from 1.
        first: usize,
        /// Position of the second, from 1.
        second: usize,
    },
    /// Two names that become one in the lake although they differ.
    #[error("expected distinct names in the lake, found the same for columns {first} and {second}")]
    Clash {
        /// Position of the first, from 1.
        first: usize,
        /// Position of the second, from 1.
        second: usize,
    },
    /// A list of types of which the file has no column.
    #[error("expected columns with the names of the list of types ({}), found none of them", .listed.join(", "))]
    NoListedName {
        /// The names of the list; at most the first ten.
        listed: Vec<String>,
    },
}

fn counted(fields: usize) -> String {
    format!("{fields} field{}", if fields == 1 { "" } else { "s" })
}

impl From<NameError> for SchemaError {
    fn from(error: NameError) -> Self {
        match error {
            NameError::Repeated { first, second, .. } => SchemaError::Repeated { first, second },
            NameError::Declared {
                declared,
                first,
                second,
                ..
            } => SchemaError::Ambiguous {
                declared,
                first,
                second,
            },
            NameError::Clash { first, second, .. } => SchemaError::Clash { first, second },
        }
    }
}

/// Whether a first record is the header of a known table: its fields are distinct and not empty, and either all of the
/// table's columns are among them, or all are identifiers and at least half are the table's, or two if they are not as many
/// as its columns. Any case, any order, aliases.
pub fn is_header<N: AsRef<str>>(record: &[N], table: &Table) -> bool {
    let present: HashSet<&str> = record
        .iter()
        .filter_map(|name| table.column(name.as_ref()))
        .map(|column| column.name.as_str())
        .collect();
    if !table.columns.is_empty() && present.len() == table.columns.len() {
        return are_distinct(record);
    }
    let own = record.iter().filter(|name| table.names(name.as_ref())).count();
    // Of another width it could be no record of data either.
    let is_enough = own * 2 >= record.len() || (own >= 2 && record.len() != table.columns.len());
    are_identifiers(record) && (is_enough || table.columns.is_empty())
}

/// What keeps a first record from being the header of a known table, although half of its fields are names of the table, and two at least,
/// unless any text is data of the table: the position, from 1, of a name, and what is wrong with it.
pub fn spoils_header<N: AsRef<str>>(record: &[N], table: &Table) -> Option<(usize, &'static str)> {
    let own = record.iter().filter(|name| table.names(name.as_ref())).count();
    let is_text = table.columns.iter().all(|column| column.ty == Type::String);
    let enough = if is_text { 1 } else { 2 };
    if own < enough || own * 2 < record.len() || is_header(record, table) {
        return None;
    }
    let mut seen = HashSet::with_capacity(record.len());
    record.iter().enumerate().find_map(|(index, name)| {
        let name = name.as_ref();
        let why = match name {
            "" => "is empty",
            _ if name.contains(['\n', '\r']) => "has a line break in it",
            _ if !are_identifiers(&[name]) => "is no identifier",
            _ if !seen.insert(name) => "has the name of another one",
            _ => return None,
        };
        Some((index + 1, why))
    })
}

/// Whether a first record could be the header of any table: distinct identifiers, which are a letter or `_`, then letters,
/// digits, `_` and `$` (Snowflake's rule for names without quotes).
pub fn are_identifiers<N: AsRef<str>>(record: &[N]) -> bool {
    let is_identifier = |name: &str| {
        let mut bytes = name.bytes();
        bytes
            .next()
            .is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
            && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$')
    };
    !record.is_empty() && record.iter().all(|name| is_identifier(name.as_ref())) && are_distinct(record)
}

fn are_distinct<N: AsRef<str>>(record: &[N]) -> bool {
    let mut seen = HashSet::with_capacity(record.len());
    record
        .iter()
        .all(|name| !name.as_ref().is_empty() && seen.insert(name.as_ref()))
}

impl Schema {
    /// The columns that a header names.
    ///
    /// A declared column is found by its name in any case, or by an alias. Where two names of the file stand for one declared
    /// column, the exact spelling goes before another case, and that before an alias; the other stays a text column of its
    /// own name. In the lake a declared column is called as the catalog calls it, in lower case.
    pub fn from_header<N: AsRef<str>>(
        header: &[N],
        table: Option<&Table>,
        typing: &Typing,
        naming: Naming,
    ) -> Result<Schema, SchemaError> {
        let of_table = |name: &str| table.and_then(|table| table.column(name));
        let standing = names::standing(header, |name| Some(of_table(name)?.name.clone()));
        let names = match naming {
            Naming::Own => names::own_names(header),
            Naming::Lake => names::lake_names(header, &standing)?,
        };
        let mut columns: Vec<Column> = names
            .into_iter()
            .zip(header)
            .map(|(name, source)| Column {
                name,
                source: source.as_ref().to_owned(),
                ty: Type::String,
                declared: false,
            })
            .collect();
        let mut missing = Vec::new();
        match typing {
            Typing::Text => {}
            Typing::Catalog => {
                for (column, declared) in columns.iter_mut().zip(&standing.declared) {
                    if let Some(declared) = declared.as_deref().and_then(of_table) {
                        column.declared = true;
                        column.ty = declared.ty;
                    }
                }
            }
            Typing::List(list) => missing = apply_list(&mut columns, list)?,
        }
        Ok(Schema { columns, missing })
    }

    /// The catalog's columns in their order, for a file without a header whose first record has so many fields.
    pub fn positional(
        table: &Table,
        fields: usize,
        typing: &Typing,
        naming: Naming,
    ) -> Result<Schema, SchemaError> {
        if table.header_required || table.columns.is_empty() {
            return Err(SchemaError::HeaderRequired {
                table: table.name.clone(),
            });
        }
        let expected = table.columns.len();
        if expected != fields {
            return Err(SchemaError::FieldCount {
                expected,
                found: fields,
            });
        }
        let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        Schema::from_header(&names, Some(table), typing, naming)
    }

    /// `column_1`, `column_2` …, for a file without names of an unknown table.
    pub fn numbered(fields: usize, typing: &Typing) -> Result<Schema, SchemaError> {
        // Such names are the same in the lake.
        Schema::from_header(&names::numbered_names(fields), None, typing, Naming::Own)
    }

    /// A fingerprint of names and types in their order: 16 hex digits of a SHA-256.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        for column in &self.columns {
            for text in [column.name.clone(), column.ty.to_string()] {
                // Each text's length goes before it, so that no two lists of columns share a text.
                hash.update((text.len() as u64).to_be_bytes());
                hash.update(text.as_bytes());
            }
        }
        hash.finalize()
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    /// The schema as Arrow has it. Every column is nullable, because nothing says that a column never is.
    pub fn arrow(&self) -> SchemaRef {
        let fields = self
            .columns
            .iter()
            .map(|column| Field::new(&column.name, arrow_type(column.ty), true));
        Arc::new(arrow::datatypes::Schema::new(fields.collect::<Vec<_>>()))
    }
}

/// The Arrow type of a column's type.
pub fn arrow_type(ty: Type) -> DataType {
    match ty {
        Type::String | Type::Json => DataType::Utf8,
        Type::Bigint => DataType::Int64,
        Type::Double => DataType::Float64,
        Type::Decimal { precision, scale } => DataType::Decimal128(precision, scale),
        Type::Boolean => DataType::Boolean,
        Type::Date => DataType::Date32,
        Type::Timestamp => DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
    }
}

/// Gives the types of a list to the columns that it names: by what a column is called in the Parquet, else by what the file
/// calls it, else by that in any case. Returns the names that no column has.
fn apply_list(columns: &mut [Column], list: &[(String, Type)]) -> Result<Vec<String>, SchemaError> {
    let mut by_name = HashMap::new();
    let mut by_source = HashMap::new();
    let mut by_folded: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, column) in columns.iter().enumerate() {
        by_name.insert(column.name.clone(), at);
        // Of repeated names the first keeps it.
        by_source.entry(column.source.clone()).or_insert(at);
        by_folded
            .entry(column.source.to_lowercase())
            .or_default()
            .push(at);
    }
    let claim =
        |columns: &mut [Column], at: Option<usize>, ty: Type| match at.and_then(|at| columns.get_mut(at)) {
            Some(column) if !column.declared => {
                column.declared = true;
                column.ty = ty;
                true
            }
            _ => false,
        };

    // Exact names first, all of them, so that none is taken away by another case.
    let mut left = Vec::new();
    for (name, ty) in list {
        let exact = [by_name.get(name), by_source.get(name)];
        if !exact.into_iter().any(|at| claim(columns, at.copied(), *ty)) {
            left.push((name, *ty));
        }
    }
    let mut missing = Vec::new();
    for (name, ty) in left {
        let free: Vec<usize> = by_folded
            .get(&name.to_lowercase())
            .into_iter()
            .flatten()
            .copied()
            .filter(|at| columns.get(*at).is_some_and(|column| !column.declared))
            .collect();
        match free[..] {
            [at] => drop(claim(columns, Some(at), ty)),
            [] => missing.push(name.clone()),
            [first, second, ..] => {
                return Err(SchemaError::Ambiguous {
                    declared: name.clone(),
                    first: first + 1,
                    second: second + 1,
                });
            }
        }
    }
    if missing.len() == list.len() {
        missing.truncate(10);
        return Err(SchemaError::NoListedName { listed: missing });
    }
    Ok(missing)
}

//! What the command line says of types and tables, and the plan that follows for each file.

use std::path::{Component, Path};

use clap::Args;
use serde::Deserialize;
use serde_json::Value;

use super::dialect_flags::DialectFlags;
use super::local::{Source, read_small};
use super::peek::{self, Peek};
use super::remote::local_name;
use super::usage;
use crate::catalog::{Catalog, Table, TypesFile};
use crate::convert::{Budget, Codec, ConvertError, Naming, Plan, Provenance, Refusal, Typing};
use crate::dialect::{Declared, Newline};
use crate::encoding::{Encoding, EncodingError};
use crate::keys::{Layout, Place};
use crate::limits::Limits;
use crate::schema;
use crate::types::Type;

/// How a file is read: as which table, by what types, in which dialect.
#[derive(Args, Clone, Debug)]
pub(super) struct PlanFlags {
    #[command(flatten)]
    pub(super) dialect: DialectFlags,
    /// What types columns: HubSpot's tables as the catalog declares them, nothing (all is text), or a file: TOML that
    /// extends the catalog, or a JSON list of {"name", "type"} for the columns of the file itself
    #[arg(
        long,
        value_name = "catalog|text|FILE",
        value_parser = local_name,
        default_value = "catalog",
        help_heading = "Types"
    )]
    types: String,
    /// The table that a file belongs to, or `none`. By default a folder tells: landing/2026-11-20/OBJECTS/part.csv.gz
    #[arg(long, value_name = "NAME", help_heading = "Types")]
    table: Option<String>,
}

/// Plans for files, made of flags that are read and checked.
#[derive(Debug)]
pub(super) struct Planner {
    declared: Declared,
    /// The encoding as it was declared, by one of its labels.
    encoding: Option<String>,
    header_auto: bool,
    types: Types,
    folders: Layout,
    /// Limits and codec are the same for all files.
    pub(super) codec: Codec,
    pub(super) budget: Budget,
}

#[derive(Debug)]
enum Types {
    Catalog(Box<Tables>),
    Text,
    List(Vec<(String, Type)>),
}

/// Tables that a file can belong to.
#[derive(Debug)]
struct Tables {
    catalog: Catalog,
    /// Declared by `--table`; None inside: no table.
    declared: Option<Option<Table>>,
    /// What the user's catalog declares, if there is one.
    own: Option<Own>,
}

/// A catalog of the user's.
#[derive(Debug)]
struct Own {
    file: String,
    /// Its tables.
    names: Vec<String>,
}

/// A plan, and why it is so.
#[derive(Debug)]
pub(super) struct Planned {
    /// The plan; what it says of the source is the caller's matter.
    pub plan: Plan,
    /// Which table, and what says so.
    pub table: String,
    /// What is said of a first line that is Excel's hint, and therefore no record.
    pub hint: Option<String>,
    /// What is said where the folder is called like a table, and the file is none of it.
    pub other_header: Option<String>,
}

impl PlanFlags {
    /// Reads the files that flags name, and checks all of them.
    pub(super) fn planner(&self) -> anyhow::Result<Planner> {
        let (declared, encoding) = self.dialect.declared()?;
        let types = self.types()?;
        let names: Vec<String> = match &types {
            Types::Catalog(tables) => tables.catalog.tables().map(|table| table.name.clone()).collect(),
            Types::Text | Types::List(_) => Vec::new(),
        };
        let folders = Layout::new(Place::new("landing", "")?, Place::new("curated", "")?)?.with_tables(names);
        Ok(Planner {
            declared,
            encoding,
            header_auto: self.dialect.header_auto(),
            types,
            folders,
            codec: Codec::Zstd(1),
            budget: NO_BUDGET,
        })
    }

    fn types(&self) -> anyhow::Result<Types> {
        let types = self.types_of_file()?;
        if let (Types::Text | Types::List(_), Some(name)) =
            (&types, self.table.as_deref().filter(|it| *it != "none"))
        {
            return Err(usage(format!(
                "--table: expected none, as --types {} is about a file that is no HubSpot table, found {name:?}",
                self.types
            )));
        }
        Ok(types)
    }

    fn types_of_file(&self) -> anyhow::Result<Types> {
        let builtin = || Catalog::builtin().map_err(|error| anyhow::anyhow!("the built-in catalog: {error}"));
        let (catalog, own) = match self.types.as_str() {
            "text" => return Ok(Types::Text),
            "catalog" => (builtin()?, None),
            file => {
                let text = read_small(Path::new(file))?;
                if let Some(found) = other_shape(&text) {
                    return Err(usage(format!(
                        "{file}: expected a JSON list of {{\"name\", \"type\"}}, or a catalog in TOML, found {found}"
                    )));
                }
                let types = builtin()?.types_file(&text);
                match types.map_err(|error| usage(format!("{file}: {error}")))? {
                    TypesFile::List(list) => return Ok(Types::List(list)),
                    TypesFile::Catalog(catalog) => {
                        let own = Own {
                            file: file.to_owned(),
                            names: table_names(&text),
                        };
                        (catalog, Some(own))
                    }
                }
            }
        };
        let declared = match self.table.as_deref() {
            None => None,
            Some("none") => Some(None),
            Some(name) => Some(Some(catalog.table(name).ok_or_else(|| {
                let known: Vec<&str> = catalog.tables().map(|table| table.name.as_str()).collect();
                usage(format!(
                    "--table: expected none or one of {}, found {name:?}",
                    known.join(", ")
                ))
            })?)),
        };
        Ok(Types::Catalog(Box::new(Tables {
            catalog,
            declared,
            own,
        })))
    }
}

/// No budget: a share that no file can pass.
pub(super) const NO_BUDGET: Budget = Budget::Percent(f64::INFINITY);

/// What a file of types is if it is JSON, but no list of objects. Read as TOML, it would have other faults.
fn other_shape(text: &str) -> Option<String> {
    let name = |value: &Value| match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    match serde_json::from_str(text.strip_prefix('\u{feff}').unwrap_or(text)).ok()? {
        Value::Array(entries) => {
            let other = entries.iter().find(|entry| !entry.is_object())?;
            Some(format!("a list with {} in it", name(other)))
        }
        other => Some(name(&other).to_owned()),
    }
}

/// The names of the tables that a catalog's file declares.
fn table_names(toml: &str) -> Vec<String> {
    #[derive(Deserialize)]
    struct Named {
        name: String,
    }
    #[derive(Deserialize)]
    struct File {
        #[serde(default)]
        table: Vec<Named>,
    }
    let file: Option<File> = toml::from_str(toml).ok();
    let tables = file.map(|file| file.table).unwrap_or_default();
    tables.into_iter().map(|table| table.name).collect()
}

impl Planner {
    /// The plan for a file, by the path that is meant by its folders. Its start is looked at only where that matters.
    pub(super) fn plan(&self, path: &Path, source: &Source) -> anyhow::Result<Planned> {
        let peek = |declared: &_| peek::peek(source.reader(false).ok()?.as_mut(), declared);
        let mut other_header = None;
        let (table, typing, naming, why) = match &self.types {
            Types::Text => (None, Typing::Text, Naming::Own, "none: --types text".to_owned()),
            Types::List(list) => {
                let why = "none: --types is a list".to_owned();
                (None, Typing::List(list.clone()), Naming::Own, why)
            }
            Types::Catalog(tables) => {
                let (table, naming, why) = self.table(path, peek, tables, &mut other_header)?;
                (table, Typing::Catalog, naming, why)
            }
        };
        let mut dialect = self.declared.clone();
        match &table {
            Some(table) => {
                dialect = dialect
                    .over(table.dialect.clone())
                    .map_err(|error| usage(format!("table {}: {error}", table.name)))?;
                if self.header_auto {
                    dialect.header = None;
                }
            }
            // Record 1 is the header of an ordinary file, whatever its names are; the core would take it for data if
            // other names are declared.
            None if dialect.header.is_none() => dialect.header = Some(true),
            None => {}
        }
        let hint = match naming {
            Naming::Own => take_hint(&mut dialect, source),
            Naming::Lake => None,
        };
        let plan = Plan {
            table,
            typing,
            naming,
            dialect,
            limits: Limits::default(),
            budget: self.budget,
            rejects_bytes_max: u64::MAX,
            codec: self.codec,
            provenance: Provenance::default(),
        };
        Ok(Planned {
            plan,
            table: why,
            hint,
            other_header,
        })
    }

    /// An error of a conversion. One of an encoding says which label declared it, where that is not its name.
    pub(super) fn told(&self, error: anyhow::Error) -> anyhow::Error {
        let read_as = error.chain().find_map(|cause| match cause.downcast_ref()? {
            ConvertError::Refused(refusal) => match refusal.as_ref() {
                Refusal::Encoding(EncodingError::Malformed { encoding, .. }) => Some(*encoding),
                _ => None,
            },
            _ => None,
        });
        match (&self.encoding, read_as) {
            (Some(label), Some(encoding))
                if Encoding::for_label(label) == Ok(encoding)
                    && !label.trim().eq_ignore_ascii_case(encoding.name()) =>
            {
                error.context(format!("encoding {label}"))
            }
            _ => error,
        }
    }

    fn table(
        &self,
        path: &Path,
        peek: impl FnOnce(&Declared) -> Option<Peek>,
        tables: &Tables,
        other_header: &mut Option<String>,
    ) -> anyhow::Result<(Option<Table>, Naming, String)> {
        let Tables {
            catalog,
            declared,
            own,
        } = tables;
        match declared {
            Some(Some(table)) => {
                let why = format!("{}, by --table", table.name);
                return Ok((Some(table.clone()), Naming::Lake, why));
            }
            Some(None) => return Ok((None, Naming::Own, "none, by --table".to_owned())),
            None => {}
        }
        let folders = folders(path);
        // As the function reads a key, where there is a day folder.
        if let Ok(part) = self.folders.source(&format!("{}/part", folders.join("/")))
            && let Some(table) = catalog.table(&part.table)
        {
            let why = format!("{}, by its folder; the day is {}", table.name, part.date);
            return Ok((Some(table), Naming::Lake, why));
        }
        if let Some(table) = folders.iter().rev().find_map(|folder| catalog.table(folder)) {
            // "lists" or "teams" may be anybody's folders.
            let names = peek(&self.declared).map(|peek| peek.first).unwrap_or_default();
            if !schema::are_identifiers(&names) || schema::is_header(&names, &table) {
                let why = format!("{}, by its folder", table.name);
                return Ok((Some(table), Naming::Lake, why));
            }
            let why = format!(
                "the header is not the one of {}, as its folder is called",
                table.name
            );
            *other_header = Some(format!(
                "{why}: it is read as a file of no HubSpot table (--table NAME makes it one)"
            ));
            return Ok((None, Naming::Own, format!("none: {why}")));
        }
        let names = own.as_ref().map(|own| own.names.as_slice()).unwrap_or_default();
        match (names, own) {
            ([only], _) if let Some(table) = catalog.table(only) => {
                let why = format!("{}, the only one that --types declares", table.name);
                Ok((Some(table), Naming::Own, why))
            }
            ([_, ..], Some(own)) => Err(usage(format!(
                "--types {}: expected a file in a folder called like one of its tables, or --table NAME, found {}",
                own.file,
                path.display()
            ))),
            _ => Ok((
                None,
                Naming::Own,
                "none: no folder is called like a known table".to_owned(),
            )),
        }
    }
}

/// Takes over what a first line `sep=;` says: the delimiter, and that this line is no record. Whoever declares another
/// delimiter, or the lines to be skipped, knows better.
fn take_hint(dialect: &mut Declared, source: &Source) -> Option<String> {
    let has_lines = matches!(dialect.newline, None | Some(Newline::Any));
    if dialect.skip_rows.is_some() || !has_lines {
        return None;
    }
    let hinted = peek::separator_hint(source.reader(false).ok()?.as_mut(), dialect.encoding)?.to_string();
    let hinted = Declared {
        delimiter: Some(hinted),
        skip_rows: Some(1),
        ..dialect.clone()
    };
    let contradicts = dialect.delimiter.is_some() && dialect.delimiter != hinted.delimiter;
    if contradicts || hinted.check().is_err() {
        return None;
    }
    *dialect = hinted;
    let delimiter = dialect.delimiter.as_deref().unwrap_or_default();
    Some(format!(
        "line 1 is Excel's hint `sep={delimiter}`: it names the delimiter, and is no record (--skip-rows 0 makes it one)"
    ))
}

/// The folders above a file, from the root on.
fn folders(path: &Path) -> Vec<String> {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let folders = path.parent().map(Path::components).into_iter().flatten();
    folders
        .filter_map(|component| match component {
            Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_of_a_catalog() {
        assert_eq!(table_names("[[table]]\nname = \"deals\"\n"), ["deals"]);
        assert_eq!(
            table_names("[[table]]\nname = \"a\"\n[[table]]\nname = \"b\"\n"),
            ["a", "b"]
        );
        assert!(table_names("").is_empty());
    }
}

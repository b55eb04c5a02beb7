//! A list of columns and types in JSON, and the choice between it and a catalog's file.

use std::collections::HashSet;

use serde::Deserialize;

use super::{Catalog, CatalogError, Fault};
use crate::types::Type;

/// What a file of types holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypesFile {
    /// A catalog: the one that was extended, with what the file adds and overrides.
    Catalog(Catalog),
    /// Names and types, to be matched to a header by name.
    List(Vec<(String, Type)>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    #[serde(rename = "type")]
    ty: String,
}

impl Catalog {
    /// Reads a file of types of either form: a JSON list, or TOML as [`Catalog::with_overrides`] takes it.
    pub fn types_file(&self, text: &str) -> Result<TypesFile, CatalogError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.trim().is_empty() {
            // TOML takes it for a catalog that adds nothing, but a file that was to say something is more likely lost.
            let message = "expected a JSON list or [[table]], found nothing".to_owned();
            Err(CatalogError {
                faults: vec![Fault { line: None, message }],
            })
        } else if is_json(text) {
            types_list(text).map(TypesFile::List)
        } else {
            self.with_overrides(text).map(TypesFile::Catalog)
        }
    }
}

/// Reads a JSON list of `{"name": …, "type": …}`. Unknown keys and types, empty and repeated names, and an empty list are
/// refused. Names are kept as they are: they may differ in case alone.
pub fn types_list(json: &str) -> Result<Vec<(String, Type)>, CatalogError> {
    let fault = |line, message| Fault { line, message };
    let entries: Vec<Entry> = serde_json::from_str(json).map_err(|error| CatalogError {
        faults: vec![fault(
            Some(error.line()).filter(|line| *line > 0),
            error.to_string(),
        )],
    })?;
    let mut faults = Vec::new();
    let mut seen = HashSet::new();
    let mut types = Vec::with_capacity(entries.len());
    if entries.is_empty() {
        faults.push(fault(
            None,
            "expected at least one column, found an empty list".to_owned(),
        ));
    }
    for (nth, Entry { name, ty }) in entries.into_iter().enumerate() {
        if name.is_empty() {
            faults.push(fault(None, format!("entry {}: the name is empty", nth + 1)));
        }
        if !seen.insert(name.clone()) {
            faults.push(fault(None, format!("entry {}: {name:?} is there twice", nth + 1)));
        }
        match ty.parse() {
            Ok(ty) => types.push((name, ty)),
            Err(unknown) => faults.push(fault(None, format!("entry {}, {name:?}: {unknown}", nth + 1))),
        }
    }
    if faults.is_empty() {
        Ok(types)
    } else {
        Err(CatalogError { faults })
    }
}

/// Whether a text is meant to be JSON. In TOML, what follows a first `[` is a name or another `[`.
fn is_json(text: &str) -> bool {
    let text = text.trim_start();
    match text.strip_prefix('[') {
        Some(inner) => inner.trim_start().starts_with(['{', ']', '"']),
        None => text.starts_with('{'),
    }
}

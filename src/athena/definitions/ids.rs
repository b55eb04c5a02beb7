//! Definitions by the ids of their types, where rows have a type's name instead.

use std::collections::BTreeMap;

use super::{Definitions, TypeDefinition, keep};

impl Definitions {
    /// The same by ids: properties and links of a type that rows call by its internal name, with the account's prefix or without, are
    /// that type's. `standard` gives the id of a type of HubSpot's by its name in lower case. A key that is no id, and no type's
    /// name, stays, with a warning.
    #[must_use]
    pub fn by_ids(mut self, standard: impl Fn(&str) -> Option<&'static str>) -> Self {
        let types = std::mem::take(&mut self.types);
        let mut unknown = BTreeMap::new();
        let mut id = |key: String| {
            if types.contains_key(&key) || is_id(&key) {
                return key;
            }
            let found = named(&key, &types).or_else(|| standard(&key.to_lowercase()));
            found.map(str::to_owned).unwrap_or_else(|| {
                unknown.insert(key.clone(), ());
                key
            })
        };
        for (key, properties) in std::mem::take(&mut self.properties) {
            let of_type = self.properties.entry(id(key)).or_default();
            for (name, property) in properties {
                keep(of_type.entry(name), property, |property| property.archived, || {});
            }
        }
        for ((from, to), ends) in std::mem::take(&mut self.associations) {
            keep(
                self.associations.entry((id(from), id(to))),
                ends,
                |_| false,
                || {},
            );
        }
        self.types = types;
        self.warnings.extend(unknown.into_keys().map(|key| {
            format!("type {key}: neither an id such as 0-1 nor the name of a type that is defined, so that no record is of it")
        }));
        self
    }
}

/// Whether it has the form of HubSpot's ids: two numbers.
fn is_id(key: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    key.split_once('-')
        .is_some_and(|(one, other)| is_number(one) && is_number(other))
}

/// The one type that is called so: by its name with the account's prefix first, then by the other, in this case first.
fn named<'t>(key: &str, types: &'t BTreeMap<String, TypeDefinition>) -> Option<&'t str> {
    let equals: [fn(&str, &str) -> bool; 2] = [|one, other| one == other, str::eq_ignore_ascii_case];
    let names: [fn(&TypeDefinition) -> Option<&String>; 2] =
        [|it| it.qualified_name.as_ref(), |it| it.name.as_ref()];
    for equal in equals {
        for name in names {
            let is_it = |it: &TypeDefinition| name(it).is_some_and(|name| equal(name, key));
            let mut found = types
                .iter()
                .filter(|(_, it)| is_it(it))
                .map(|(id, _)| id.as_str());
            if let Some(first) = found.next() {
                return found.next().is_none().then_some(first);
            }
        }
    }
    None
}

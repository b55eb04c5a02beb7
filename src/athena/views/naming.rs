//! What an account's types are called: in the names of views and columns, in comments, in settings.

use std::collections::{BTreeMap, BTreeSet};

use super::names::part;
use super::seeds::{self, SEEDS};
use super::{ViewSettings, is_event};
use crate::athena::definitions::{Definitions, LinkEnds, TypeDefinition};

/// What a type is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Naming {
    /// In its view's name, as it is wished for.
    pub(super) plural: String,
    /// In the name of a second view: what the account calls a type of HubSpot's, whose own name stays.
    pub(super) other: Option<String>,
    /// In columns of associations.
    pub(super) name: String,
    /// In comments.
    pub(super) title: String,
}

/// The object types that have views, with what they are called.
pub(super) fn namings(definitions: &Definitions, settings: &ViewSettings) -> BTreeMap<String, Naming> {
    let ids: BTreeSet<&str> = SEEDS
        .iter()
        .map(|seed| seed.type_id)
        .chain(
            definitions
                .types
                .keys()
                .chain(definitions.properties.keys())
                .chain(definitions.associations.keys().flat_map(|(from, to)| [from, to]))
                .map(String::as_str)
                .filter(|id| !is_event(id)),
        )
        .collect();
    let unknown = TypeDefinition::default();
    ids.into_iter()
        .map(|id| {
            let defined = definitions.types.get(id).unwrap_or(&unknown);
            (id.to_owned(), naming(id, defined, definitions, settings))
        })
        .collect()
}

/// What settings say of types that there are none of.
pub(super) fn unmeant<'s>(
    settings: &'s ViewSettings,
    namings: &'s BTreeMap<String, Naming>,
) -> impl Iterator<Item = String> + use<'s> {
    let names = settings.names.keys().filter(|id| !namings.contains_key(*id));
    let names = names.map(|id| format!("type {id} is given a name by configuration and not defined"));
    let is_type = |key: &str| {
        let mut named = namings.iter().flat_map(|(id, naming)| naming.names(id));
        named.any(|name| key.eq_ignore_ascii_case(name))
    };
    let types = settings.properties.keys().filter(move |key| !is_type(key));
    names.chain(types.map(|key| format!("type {key} is given properties by configuration and not defined")))
}

fn naming(id: &str, defined: &TypeDefinition, definitions: &Definitions, settings: &ViewSettings) -> Naming {
    let seed = seeds::of(id);
    let linked = || {
        let end = |ends: &LinkEnds, (from, to): &(String, String)| match () {
            () if from == id => ends.from.clone(),
            () if to == id => ends.to.clone(),
            () => None,
        };
        definitions
            .associations
            .iter()
            .find_map(|(pair, ends)| end(ends, pair))
    };
    let internal = seed
        .map(|seed| seed.name.to_owned())
        .or_else(|| defined.name.clone())
        .or_else(|| {
            defined
                .qualified_name
                .as_deref()
                .map(|name| bare(name).to_owned())
        })
        .or_else(linked)
        .or_else(|| defined.singular.clone())
        .unwrap_or_else(|| format!("type_{id}"));
    let label = settings
        .names
        .get(id)
        .cloned()
        .or_else(|| defined.plural.clone())
        .or_else(|| defined.singular.as_ref().map(|singular| format!("{singular}s")));
    let title = label
        .clone()
        .or_else(|| seed.map(|seed| seed.plural.to_owned()))
        .unwrap_or_else(|| format!("{internal}s"));
    // An account may call its deals anything, in any language; queries that go by HubSpot's own names find them all the same.
    let plural = seed.map_or_else(|| part(&title), |seed| seed.plural.to_owned());
    Naming {
        other: label.map(|label| part(&label)).filter(|other| *other != plural),
        title,
        plural,
        name: part(&internal),
    }
}

impl Naming {
    /// What settings may call the type.
    pub(super) fn names<'n>(&'n self, id: &'n str) -> impl Iterator<Item = &'n str> {
        [id, &self.name, &self.plural]
            .into_iter()
            .chain(self.other.as_deref())
    }
}

/// An internal name without what HubSpot puts before it: `e_` for its own events, `pe123_` and `p123_` for an account's.
pub(super) fn bare(name: &str) -> &str {
    let Some((before, rest)) = name.split_once('_') else {
        return name;
    };
    let account = before.strip_prefix("pe").or_else(|| before.strip_prefix('p'));
    let is_account = account.is_some_and(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()));
    if (before == "e" || is_account) && !rest.is_empty() {
        rest
    } else {
        name
    }
}

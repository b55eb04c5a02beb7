//! What becomes of views where files that define them cannot be read: damage must not take columns away.

use super::{Plan, seeds};
use crate::athena::definitions::{Definitions, PROPERTIES, TYPES, USAGE};

/// What is to become of a view that turns on a file that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unread {
    /// One that is there stays as it is, and another is made of what an earlier day defines.
    Stays(String),
    /// Nobody knows what there is.
    Fails(String),
}

impl Plan<'_> {
    /// What is to become of it. None: all that it turns on was read.
    pub(super) fn unread(&self, definitions: &Definitions) -> Option<Unread> {
        let is_own = |id: &str| seeds::of(id).is_none();
        let (properties, types, usage) = match self {
            Plan::Objects(objects) => (true, is_own(objects.type_id), objects.is_cut()),
            // What an account's own types are called.
            Plan::Links(pair) => (false, is_own(pair.from_id) || is_own(pair.to_id), false),
            Plan::Events(..) => (true, true, false),
            Plan::History | Plan::Table(..) | Plan::Failed(_) => (false, false, false),
        };
        let why = |is_on: bool, table: &str| definitions.unread.get(table).filter(|_| is_on).cloned();
        let properties = why(properties, PROPERTIES);
        let types = why(types, TYPES);
        let nothing = properties.as_ref().filter(|_| definitions.properties.is_empty());
        let nothing = nothing.or(types.as_ref().filter(|_| definitions.types.is_empty()));
        if let Some(why) = nothing {
            return Some(Unread::Fails(why.clone()));
        }
        properties.or(types).or(why(usage, USAGE)).map(Unread::Stays)
    }
}

//! What users say of views.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Engine;

/// What can be set about views.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ViewSettings {
    /// Precision and scale of number properties; without, they are doubles.
    pub decimals: Option<(u8, u8)>,
    /// By object type (its id, internal name, or what its view is called after): the properties that its view has, in this
    /// order. Types that are not named have all.
    pub properties: BTreeMap<String, Vec<String>>,
    /// By OBJECTTYPEID: what the type's view is called after, instead of its plural label.
    pub names: BTreeMap<String, String>,
    /// Bytes of a view's statement at most, if less than Athena allows.
    pub statement_bytes_max: Option<usize>,
    /// What runs the statements.
    #[serde(skip)]
    pub engine: Engine,
}

impl ViewSettings {
    /// Reads them from JSON.
    ///
    /// # Errors
    /// What was expected.
    pub fn parse(json: &str) -> Result<Self, String> {
        let settings: ViewSettings = serde_json::from_str(json).map_err(|error| error.to_string())?;
        match settings.decimals {
            Some((precision, scale)) if !(1..=38).contains(&precision) || scale > precision => Err(format!(
                "decimals: expected a precision of 1 to 38 and a scale of at most that, found [{precision}, {scale}]"
            )),
            _ => Ok(settings),
        }
    }
}

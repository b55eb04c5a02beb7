//! Everything that can be set, read once at cold start from the environment and checked as a whole.
//!
//! Names begin with `DAYMARK_`; one that is not known is refused, so that a slip of the pen does not stay without effect.
//! [`SETTINGS`] is the one list of them: it is what is parsed, what the README shows, and where defaults stand.

mod days;
mod profile;
mod settings;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::app::source::ReadSettings;
use crate::app::upload::WriteSettings;
use crate::catalog::{Catalog, Table};
use crate::convert::{Budget, Codec, Naming, Plan, Provenance, Typing};
use crate::dialect::{Declared, DialectError};
use crate::keys::{Layout, Place};
use crate::limits::Limits;
use crate::part::Profile;
use crate::split::BLOCK_BYTES_MAX;
use crate::store::PART_BYTES_MIN;
use crate::telemetry::Level;

pub use days::Days;
pub use profile::FORMAT;
pub use settings::{PREFIX, SETTINGS, Setting, table};

/// The configuration of the converter.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where parts come from and go to.
    pub layout: Layout,
    /// The declared tables.
    pub catalog: Catalog,
    /// What is declared of the dialect of every table; a table's own declaration goes before it.
    pub dialect: Declared,
    /// Compression of the Parquet pages.
    pub codec: Codec,
    /// How much may be rejected before a part is refused.
    pub budget: Budget,
    /// Limits on what input can grow.
    pub limits: Limits,
    /// Bytes of rejects of one part before it is refused. They are kept in memory until then.
    pub rejects_bytes_max: u64,
    /// How sources are read.
    pub read: ReadSettings,
    /// How outputs are written.
    pub write: WriteSettings,
    /// How long before the function's end it gives up, so that there is time to clean up and to say so.
    pub deadline_margin: Duration,
    /// How often the queue delivers a message before it goes to the dead-letter queue.
    pub receives_max: u32,
    /// How days are looked after.
    pub days: Days,
    /// How much is logged.
    pub log_level: Level,
}

/// Everything that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// One sentence a fault. Never empty.
    pub faults: Vec<String>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the configuration has {} {}: {}",
            self.faults.len(),
            if self.faults.len() == 1 { "fault" } else { "faults" },
            self.faults.join("; ")
        )
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// The configuration of the process' environment. `DAYMARK_CATALOG_FILE` is read from the file system.
    ///
    /// # Errors
    /// All faults at once.
    pub fn from_env() -> Result<Self, ConfigError> {
        let read_file = |path: &str| std::fs::read_to_string(path).map_err(|error| error.to_string());
        Config::from_os_vars(std::env::vars_os(), read_file)
    }

    /// The same of variables that need not be text.
    ///
    /// # Errors
    /// All faults at once.
    pub fn from_os_vars(
        vars: impl IntoIterator<Item = (OsString, OsString)>,
        read_file: impl FnOnce(&str) -> Result<String, String>,
    ) -> Result<Self, ConfigError> {
        let vars = vars.into_iter();
        let vars = vars.map(|(name, value)| (name.to_string_lossy().into_owned(), value.into_string().ok()));
        Config::of(Vars::new(vars), read_file)
    }

    /// The configuration of a set of variables; those that do not begin with `DAYMARK_` are none of ours. `read_file` gives
    /// the text of a file.
    ///
    /// # Errors
    /// All faults at once.
    pub fn from_vars(
        vars: impl IntoIterator<Item = (String, String)>,
        read_file: impl FnOnce(&str) -> Result<String, String>,
    ) -> Result<Self, ConfigError> {
        let vars = vars.into_iter().map(|(name, value)| (name, Some(value)));
        Config::of(Vars::new(vars), read_file)
    }

    fn of(
        mut vars: Vars,
        read_file: impl FnOnce(&str) -> Result<String, String>,
    ) -> Result<Self, ConfigError> {
        let layout = vars.layout();
        let catalog = vars.catalog(read_file);
        let tables = catalog.iter().flat_map(|catalog| catalog.tables());
        let layout = layout.map(|layout| layout.with_tables(tables.map(|table| &table.name)));
        let dialect = match vars.text("DIALECT") {
            None if vars.illegible.contains("DIALECT") => None,
            None => Some(Declared::default()),
            Some(json) => vars.ok("DIALECT", Declared::from_json(&json)),
        };
        let quoted_null = vars.parsed::<bool>("QUOTED_NULL");
        let dialect = dialect.map(|dialect| Declared {
            // Its default takes nothing back that the dialect declares.
            quoted_null: quoted_null
                .and_then(|is_null| is_null.then_some(true))
                .or(dialect.quoted_null),
            ..dialect
        });
        vars.dialects(catalog.as_ref(), dialect.as_ref());
        let codec = vars.parsed_by("CODEC", codec);
        let budget = vars.parsed_by("MAX_REJECTS", budget);
        let limits = vars.limits();
        let rejects_bytes_max = vars.bytes("REJECTS_BYTES_MAX", 1);
        let read_ahead_bytes = vars.bytes("READ_AHEAD_BYTES", 64 << 10);
        let put_bytes_max = vars.bytes("PUT_BYTES_MAX", 0);
        let part_bytes = vars.bytes("PART_BYTES", PART_BYTES_MIN);
        let parts_in_flight = vars.number("PARTS_IN_FLIGHT", 1);
        let deadline_margin = vars.number("DEADLINE_MARGIN_MS", 0);
        let receives_max = vars.number("MAX_RECEIVES", 1);
        let days = vars.days();
        let log_level = vars.parsed::<Level>("LOG_LEVEL");
        let faults = vars.faults;
        let config = || {
            Some(Config {
                layout: layout?,
                catalog: catalog?,
                dialect: dialect?,
                codec: codec?,
                budget: budget?,
                limits: limits?,
                rejects_bytes_max: rejects_bytes_max?,
                read: ReadSettings {
                    read_ahead_bytes: read_ahead_bytes?,
                    ..ReadSettings::default()
                },
                write: WriteSettings {
                    put_bytes_max: put_bytes_max?,
                    part_bytes: part_bytes?,
                    parts_in_flight: parts_in_flight?,
                },
                deadline_margin: Duration::from_millis(deadline_margin?),
                receives_max: receives_max?,
                days: days?,
                log_level: log_level?,
            })
        };
        match config() {
            Some(config) if faults.is_empty() => Ok(config),
            _ => Err(ConfigError { faults }),
        }
    }

    /// How a part of a table is converted.
    ///
    /// # Errors
    /// A dialect that cannot be meant; a configuration that was read has none.
    pub fn plan(&self, table: &str, provenance: Provenance) -> Result<Plan, DialectError> {
        let table = self.catalog.table(table);
        let dialect = match &table {
            Some(table) => dialect_of(table, &self.dialect)?,
            None => self.dialect.clone(),
        };
        Ok(Plan {
            table,
            typing: Typing::Catalog,
            naming: Naming::Lake,
            dialect,
            limits: self.limits,
            budget: self.budget,
            rejects_bytes_max: self.rejects_bytes_max,
            codec: self.codec,
            provenance,
        })
    }

    /// The fingerprint of everything here that can change the output of a table's parts, or whether there is one.
    ///
    /// # Errors
    /// As [`Config::plan`].
    pub fn profile(&self, table: &str) -> Result<Profile, DialectError> {
        let plan = self.plan(table, Provenance::default())?;
        Ok(Profile::of(&profile::canonical(&plan)))
    }
}

fn dialect_of(table: &Table, of_all: &Declared) -> Result<Declared, DialectError> {
    table.dialect.clone().over(of_all.clone())
}

/// Reads a codec: `zstd:LEVEL` (1 to 22), `zstd`, `snappy` or `none`.
pub fn codec(text: &str) -> Result<Codec, String> {
    let expected = || "expected zstd:LEVEL with a level from 1 to 22, snappy or none".to_owned();
    let (name, level) = match text.split_once(':') {
        Some((name, level)) => (name, Some(level)),
        None => (text, None),
    };
    match (name, level) {
        ("zstd", None) => Ok(Codec::Zstd(1)),
        ("zstd", Some(level)) => {
            let level = level.parse().ok().filter(|level| (1..=22).contains(level));
            level.map(Codec::Zstd).ok_or_else(expected)
        }
        ("snappy", _) => Ok(Codec::Snappy),
        ("none", _) => Ok(Codec::None),
        _ => Err(expected()),
    }
}

/// Reads a budget: a number of rejects, or `P%`: so many per hundred records.
pub fn budget(text: &str) -> Result<Budget, String> {
    let expected =
        || "expected a number of rejects, or rejects per hundred records from 0% to 100%".to_owned();
    match text.strip_suffix('%') {
        None => text.parse().map(Budget::Count).map_err(|_| expected()),
        Some(percent) => {
            let percent: f64 = percent.trim().parse().map_err(|_| expected())?;
            if (0.0..=100.0).contains(&percent) {
                Ok(Budget::Percent(percent))
            } else {
                Err(expected())
            }
        }
    }
}

/// Reads a number of bytes: digits, with `KiB`, `MiB`, `GiB` behind them or nothing.
fn bytes(text: &str) -> Result<u64, String> {
    let expected = || "expected a number of bytes, or of KiB, MiB or GiB, such as 8MiB".to_owned();
    let (digits, shift) = [("KiB", 10), ("MiB", 20), ("GiB", 30)]
        .into_iter()
        .find_map(|(unit, shift)| text.strip_suffix(unit).map(|digits| (digits.trim_end(), shift)))
        .unwrap_or((text, 0));
    let number: u64 = digits.parse().map_err(|_| expected())?;
    number.checked_mul(1 << shift).ok_or_else(expected)
}

/// The variables as written, and what is wrong with them.
struct Vars {
    given: BTreeMap<String, String>,
    /// Those that are not UTF-8, which is told.
    illegible: BTreeSet<String>,
    faults: Vec<String>,
}

impl Vars {
    /// None is a value that is not UTF-8.
    fn new(vars: impl IntoIterator<Item = (String, Option<String>)>) -> Self {
        let (mut given, mut illegible) = (BTreeMap::new(), BTreeSet::new());
        let mut faults = Vec::new();
        for (name, value) in vars {
            let Some(own) = name.strip_prefix(PREFIX) else {
                continue;
            };
            if SETTINGS.iter().any(|setting| setting.name == own) {
                if let Some(value) = value {
                    given.insert(own.to_owned(), value);
                } else {
                    faults.push(format!("{name}: expected UTF-8"));
                    illegible.insert(own.to_owned());
                }
            } else {
                let hint = settings::nearest(own).map(|known| format!("; did you mean {PREFIX}{known}?"));
                faults.push(format!("{name}: no such setting{}", hint.unwrap_or_default()));
            }
        }
        Vars {
            given,
            illegible,
            faults,
        }
    }

    /// The value as written, or its default. An empty value is as good as none.
    fn text(&self, name: &str) -> Option<String> {
        let given = self.given.get(name).filter(|value| !value.is_empty()).cloned();
        given.or_else(|| settings::default_of(name).map(str::to_owned))
    }

    fn required(&mut self, name: &str) -> Option<String> {
        if self.illegible.contains(name) {
            return None;
        }
        let given = self.text(name);
        if given.is_none() {
            self.faults
                .push(format!("{PREFIX}{name}: expected a value, found none"));
        }
        given
    }

    fn ok<T>(&mut self, name: &str, result: Result<T, impl fmt::Display>) -> Option<T> {
        result
            .map_err(|error| self.faults.push(format!("{PREFIX}{name}: {error}")))
            .ok()
    }

    fn parsed_by<T>(&mut self, name: &str, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let text = self.required(name)?;
        let parsed = parse(&text).map_err(|expected| format!("{expected}, found {text:?}"));
        self.ok(name, parsed)
    }

    fn parsed<T: FromStr<Err: fmt::Display>>(&mut self, name: &str) -> Option<T> {
        self.parsed_by(name, |text| {
            text.parse().map_err(|error: T::Err| error.to_string())
        })
    }

    fn number<T: TryFrom<u64>>(&mut self, name: &str, least: u64) -> Option<T> {
        self.at_least(name, least, |text| {
            text.parse().map_err(|_| "expected a whole number".to_owned())
        })
    }

    fn bytes<T: TryFrom<u64>>(&mut self, name: &str, least: usize) -> Option<T> {
        self.at_least(name, least as u64, bytes)
    }

    fn at_least<T: TryFrom<u64>>(
        &mut self,
        name: &str,
        least: u64,
        parse: impl FnOnce(&str) -> Result<u64, String>,
    ) -> Option<T> {
        self.parsed_by(name, |text| {
            let number = parse(text)?;
            if number < least {
                return Err(format!("expected {least} at least"));
            }
            T::try_from(number).map_err(|_| "expected a smaller number".to_owned())
        })
    }

    fn layout(&mut self) -> Option<Layout> {
        let landing = self.place("LANDING_BUCKET", "LANDING_PREFIX");
        let curated = self.place("CURATED_BUCKET", "CURATED_PREFIX");
        let pattern = self.text("DAY_FOLDER_PATTERN");
        if let Some(pattern) = &pattern {
            // Looked at whatever the places are.
            self.ok("DAY_FOLDER_PATTERN", Layout::check_day_pattern(pattern));
        }
        let layout = Layout::new(landing?, curated?);
        let layout =
            layout.map_err(|error| format!("{error} (the template's LandingPrefix and CuratedPrefix)"));
        let layout = self.ok("LANDING_PREFIX", layout)?;
        match pattern {
            None => Some(layout),
            Some(pattern) => layout.with_day_pattern(&pattern).ok(),
        }
    }

    /// That what tables declare of their dialect goes with what is declared of all.
    fn dialects(&mut self, catalog: Option<&Catalog>, dialect: Option<&Declared>) {
        let (Some(catalog), Some(dialect)) = (catalog, dialect) else {
            return;
        };
        for table in catalog.tables() {
            if let Err(error) = dialect_of(table, dialect) {
                self.faults
                    .push(format!("the dialect of table {}: {error}", table.name));
            }
        }
    }

    fn place(&mut self, bucket: &'static str, prefix: &'static str) -> Option<Place> {
        let name = self.required(bucket);
        let name = name.and_then(|name| self.ok(bucket, Place::new(&name, "")).map(|_| name));
        if self.illegible.contains(prefix) {
            return None;
        }
        // A prefix that is set to nothing is the whole bucket, not its default.
        let given = self.given.get(prefix).cloned();
        let folder = given
            .or_else(|| settings::default_of(prefix).map(str::to_owned))
            .unwrap_or_default();
        // Looked at whatever the bucket is.
        self.ok(prefix, Place::new(name.as_deref().unwrap_or("none"), &folder))
            .filter(|_| name.is_some())
    }

    fn catalog(&mut self, read_file: impl FnOnce(&str) -> Result<String, String>) -> Option<Catalog> {
        let builtin = self.ok("CATALOG", Catalog::builtin())?;
        let (name, toml) = match (self.text("CATALOG"), self.text("CATALOG_FILE")) {
            (None, None) => return Some(builtin),
            (Some(_), Some(_)) => {
                let fault = "expected one of CATALOG and CATALOG_FILE, found both";
                self.faults.push(format!("{PREFIX}CATALOG: {fault}"));
                return None;
            }
            (Some(toml), None) => ("CATALOG", toml),
            (None, Some(path)) => {
                let read = read_file(&path)
                    .map_err(|error| format!("expected a file that can be read at {path:?}: {error}"));
                ("CATALOG_FILE", self.ok("CATALOG_FILE", read)?)
            }
        };
        self.ok(name, builtin.with_overrides(&toml))
    }

    fn limits(&mut self) -> Option<Limits> {
        let record_bytes_max = self.parsed_by("RECORD_BYTES_MAX", |text| {
            // A record and its line end fit into a block.
            let most = BLOCK_BYTES_MAX - 3;
            let number = usize::try_from(bytes(text)?).unwrap_or(usize::MAX);
            let fits = (1..=most).contains(&number);
            fits.then_some(number)
                .ok_or_else(|| format!("expected 1 to {most}"))
        });
        let field_bytes_max = self.bytes("FIELD_BYTES_MAX", 1);
        let columns_max = self.number("COLUMNS_MAX", 1);
        let inflated_bytes_max = self.bytes("INFLATED_BYTES_MAX", 1);
        let expansion_ratio_max = self.number("EXPANSION_RATIO_MAX", 1);
        Some(Limits {
            record_bytes_max: record_bytes_max?,
            field_bytes_max: field_bytes_max?,
            columns_max: columns_max?,
            inflated_bytes_max: inflated_bytes_max?,
            expansion_ratio_max: expansion_ratio_max?,
            ..Limits::default()
        })
    }
}

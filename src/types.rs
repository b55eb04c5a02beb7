//! The types a column can have, and their names in catalogs and schema files.

use std::fmt;
use std::str::FromStr;

/// The type of a column. It says how cells are read and what Parquet holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// Text: Parquet UTF8. `string`.
    String,
    /// JSON kept as text (Snowflake's VARIANT): Parquet UTF8. `json`.
    Json,
    /// A whole number of 64 bits: Parquet INT64. `bigint`.
    Bigint,
    /// A binary floating-point number: Parquet DOUBLE. `double`.
    Double,
    /// An exact number: Parquet DECIMAL. `decimal(precision,scale)`, 1 ≤ precision ≤ 38, 0 ≤ scale ≤ precision.
    Decimal {
        /// Digits in all.
        precision: u8,
        /// Digits behind the point.
        scale: i8,
    },
    /// True or false: Parquet BOOLEAN. `boolean`.
    Boolean,
    /// A day: Parquet DATE (INT32). `date`.
    Date,
    /// An instant in milliseconds since 1970 UTC: Parquet INT64 TIMESTAMP(MILLIS, UTC). `timestamp`.
    Timestamp,
}

impl Type {
    /// Whether cells of this type are text, where empty and NULL differ.
    pub fn is_text(self) -> bool {
        matches!(self, Type::String | Type::Json)
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::String => f.write_str("string"),
            Type::Json => f.write_str("json"),
            Type::Bigint => f.write_str("bigint"),
            Type::Double => f.write_str("double"),
            Type::Decimal { precision, scale } => write!(f, "decimal({precision},{scale})"),
            Type::Boolean => f.write_str("boolean"),
            Type::Date => f.write_str("date"),
            Type::Timestamp => f.write_str("timestamp"),
        }
    }
}

/// A type's name that is not one of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown type {0:?}: expected string, json, bigint, double, decimal(precision,scale) with 1 ≤ precision ≤ 38 and 0 ≤ scale ≤ precision, boolean, date or timestamp"
)]
pub struct UnknownType(pub String);

impl FromStr for Type {
    type Err = UnknownType;

    fn from_str(text: &str) -> Result<Self, UnknownType> {
        let unknown = || UnknownType(text.to_owned());
        let name = text.trim().to_ascii_lowercase();
        Ok(match name.as_str() {
            "string" => Type::String,
            "json" => Type::Json,
            "bigint" => Type::Bigint,
            "double" => Type::Double,
            "boolean" => Type::Boolean,
            "date" => Type::Date,
            "timestamp" => Type::Timestamp,
            _ => {
                let inner = name
                    .strip_prefix("decimal")
                    .map(str::trim)
                    .and_then(|rest| rest.strip_prefix('('))
                    .and_then(|rest| rest.strip_suffix(')'))
                    .ok_or_else(unknown)?;
                let (precision, scale) = inner.split_once(',').ok_or_else(unknown)?;
                let precision: u8 = precision.trim().parse().map_err(|_| unknown())?;
                let scale: i8 = scale.trim().parse().map_err(|_| unknown())?;
                let most = i8::try_from(precision).map_err(|_| unknown())?;
                if !(1..=38).contains(&precision) || !(0..=most).contains(&scale) {
                    return Err(unknown());
                }
                Type::Decimal { precision, scale }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_read_back_from_its_name() {
        let decimals = (1..=38u8).flat_map(|precision| {
            (0..=precision).map(move |scale| Type::Decimal {
                precision,
                scale: i8::try_from(scale).unwrap(),
            })
        });
        let others = [
            Type::String,
            Type::Json,
            Type::Bigint,
            Type::Double,
            Type::Boolean,
            Type::Date,
            Type::Timestamp,
        ];
        for ty in decimals.chain(others) {
            assert_eq!(ty.to_string().parse(), Ok(ty));
            assert_eq!(ty.to_string().to_uppercase().parse(), Ok(ty));
            assert_eq!(ty.is_text(), matches!(ty, Type::String | Type::Json));
        }
        let decimal = Type::Decimal {
            precision: 10,
            scale: 2,
        };
        assert_eq!(" Decimal ( 10 , 2 ) ".parse(), Ok(decimal));
    }

    #[test]
    fn other_names_are_refused() {
        for name in [
            "",
            "int",
            "varchar",
            "text",
            "decimal",
            "decimal()",
            "decimal(10)",
            "decimal(0,0)",
            "decimal(39,0)",
            "decimal(10,11)",
            "decimal(10,-1)",
            "decimal(10,2",
            "decimal(10,2,3)",
            "decimal(300,2)",
            "decimal(a,b)",
            "decimals(1,1)",
            "timestamp(3)",
        ] {
            assert_eq!(name.parse::<Type>(), Err(UnknownType(name.to_owned())));
        }
    }
}

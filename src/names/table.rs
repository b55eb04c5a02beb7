//! What tables are called in the lake.

use super::{is_safe, safe_name, suffixed};

/// Bytes of a table's name. Glue allows 255; ours are part of every key, which has to stay within 1,024.
pub const TABLE_NAME_BYTES_MAX: usize = 128;

/// The table over the pointer to the newest complete day.
pub const LATEST_TABLE: &str = "daymark_latest";

/// The per-part ledger as a table.
pub const PARTS_TABLE: &str = "daymark_parts";

/// Daymark's own tables. A folder's table that had such a name would lose its symlinks, or its place in the catalog, to them.
pub const RESERVED_TABLES: [&str; 2] = [LATEST_TABLE, PARTS_TABLE];

/// What the table of a folder is called: by rules 1 to 3, at most 128 bytes, never one of [`RESERVED_TABLES`]. Folders that
/// differ only by case hold parts of one table, unless their name gets digits.
pub fn table_name(folder: &str) -> String {
    let name = safe_name(folder, TABLE_NAME_BYTES_MAX, "table");
    if RESERVED_TABLES.contains(&name.as_str()) {
        suffixed(&name, folder, TABLE_NAME_BYTES_MAX)
    } else {
        name
    }
}

/// Whether a text is a name that [`table_name`] can give.
pub fn is_table_name(text: &str) -> bool {
    is_any_table_name(text) && !RESERVED_TABLES.contains(&text)
}

/// Whether a text is the name of a table, a folder's or one of Daymark's own.
pub fn is_any_table_name(text: &str) -> bool {
    (1..=TABLE_NAME_BYTES_MAX).contains(&text.len()) && text.bytes().all(is_safe)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_table() {
        for (folder, name) in [
            ("OBJECTS", "objects"),
            ("My-Table", "my_table_126aaf"),
            ("date", "date"),
            ("DAYMARK_PARTS_2", "daymark_parts_2"),
        ] {
            assert_eq!(table_name(folder), name);
        }
        assert_eq!(table_name(&"t".repeat(200)).len(), 128);
    }

    #[test]
    fn no_folder_has_a_table_of_daymarks_own() {
        for own in RESERVED_TABLES {
            for folder in [
                own.to_owned(),
                own.to_uppercase(),
                own.replace("daymark", "Daymark"),
            ] {
                let name = table_name(&folder);
                assert_eq!(name, suffixed(own, &folder, TABLE_NAME_BYTES_MAX), "{folder}");
                assert!(is_table_name(&name), "{name}");
                assert_eq!(table_name(&name), name, "a name of the lake stays one");
            }
            assert!(is_any_table_name(own) && !is_table_name(own), "{own}");
        }
    }

    proptest! {
        #[test]
        fn table_names_are_table_names(folder in "\\PC{0,200}|[dD]aymark[_ ](parts|LATEST)") {
            prop_assert!(is_table_name(&table_name(&folder)));
        }
    }
}

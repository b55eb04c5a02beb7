//! Rows of a definition table as text, by columns whose names are not sure.

use std::collections::BTreeMap;

use arrow::array::{Array, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;

/// The names that a column may have, folded, the likeliest first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column(pub(super) &'static [&'static str]);

/// The rows of one batch.
#[derive(Debug)]
pub(super) struct Rows<'b> {
    table: &'static str,
    batch: &'b RecordBatch,
}

/// One column's cells; of a column that is missing, none.
#[derive(Debug)]
pub(super) struct Cells(Option<StringArray>);

/// What is wrong, counted.
#[derive(Debug, Default)]
pub(super) struct Warnings(BTreeMap<String, u64>);

impl<'b> Rows<'b> {
    pub(super) fn of(table: &'static str, batch: &'b RecordBatch) -> Self {
        Rows { table, batch }
    }

    pub(super) fn count(&self) -> usize {
        self.batch.num_rows()
    }

    /// Whether none of the names is there.
    pub(super) fn lacks(&self, column: Column) -> bool {
        let fields = self.batch.schema_ref().fields();
        let is_it = |name: &str| column.0.contains(&name);
        !fields.iter().any(|field| is_it(&folded(field.name())))
    }

    /// The first of the names that is there, as text whatever its type: a flag can be a boolean or text, an id a number.
    pub(super) fn column(&self, column: Column, warnings: &mut Warnings) -> Cells {
        let fields = self.batch.schema_ref().fields();
        let place = |name: &&str| fields.iter().position(|field| folded(field.name()) == **name);
        let Some(place) = column.0.iter().find_map(place) else {
            return Cells(None);
        };
        let array = self.batch.columns().get(place);
        let text = array.and_then(|array| cast(array, &DataType::Utf8).ok());
        let text = text.and_then(|text| text.as_any().downcast_ref::<StringArray>().cloned());
        if text.is_none() {
            let name = fields.get(place).map_or("", |field| field.name().as_str());
            warnings.add(format!("{}: column {name} cannot be read as text", self.table));
        }
        Cells(text)
    }
}

impl Cells {
    /// The text of a row, trimmed; None if it is NULL or empty.
    pub(super) fn text(&self, row: usize) -> Option<&str> {
        self.whole(row).map(str::trim)
    }

    /// The same with the blanks around it: what rows of another table repeat, they repeat with these.
    pub(super) fn whole(&self, row: usize) -> Option<&str> {
        let array = self
            .0
            .as_ref()
            .filter(|array| row < array.len() && array.is_valid(row))?;
        Some(array.value(row)).filter(|text| !text.trim().is_empty())
    }

    pub(super) fn owned(&self, row: usize) -> Option<String> {
        self.text(row).map(str::to_owned)
    }
}

impl Warnings {
    pub(super) fn without_key(&mut self, table: &str, columns: &str) {
        self.add(format!("{table}: row without {columns}, left out"));
    }

    pub(super) fn untyped(&mut self, table: &str) {
        self.add(format!("{table}: no column TYPE, so that every property is text"));
    }

    pub(super) fn twice(&mut self, table: &str) {
        self.add(format!(
            "{table}: row that contradicts another of the same key, one of them left out"
        ));
    }

    fn add(&mut self, warning: String) {
        *self.0.entry(warning).or_default() += 1;
    }

    /// One line for each kind of fault.
    pub(super) fn told(self) -> Vec<String> {
        let told = |(warning, count)| match count {
            1 => warning,
            count => format!("{warning} ({count} times)"),
        };
        self.0.into_iter().map(told).collect()
    }
}

/// A name without case and underscores, as spellings of one column differ in no more.
pub(super) fn folded(name: &str) -> String {
    name.chars()
        .filter(|c| *c != '_')
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

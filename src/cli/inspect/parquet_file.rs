//! A Parquet file: footer record, columns, row groups, first rows.

use std::fmt::Write as _;
use std::fs::File;

use anyhow::anyhow;
use arrow::array::{Array, RecordBatch};
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::basic::{Compression, ConvertedType};
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};
use serde_json::Value;

use super::super::arrow_text;
use super::super::grid::{Grid, one_line};
use super::super::quantity::{bytes, count, counted};
use crate::footer::{FOOTER_KEY, PartRecord, TailError};

/// Row groups that are listed.
const GROUPS_SHOWN: usize = 20;
/// Columns of a name that is shown.
const NAME_COLUMNS: usize = 60;

/// A Parquet file that is open.
pub(in crate::cli) struct Parquet {
    file: File,
    metadata: ArrowReaderMetadata,
}

/// Everything about a Parquet file.
pub(super) fn show(name: &str, file: File, size: u64, rows: usize, page: usize) -> anyhow::Result<String> {
    let parquet = Parquet::open(file)?;
    let footer = parquet.metadata().file_metadata();
    let groups = parquet.metadata().row_groups();
    let mut text = String::new();
    writeln!(
        text,
        "{name}: Parquet, {}, {} in {}, written by {}",
        bytes(size),
        counted(parquet.rows(), "row"),
        counted(groups.len() as u64, "row group"),
        footer
            .created_by()
            .map_or("an unnamed program".to_owned(), |by| one_line(by, NAME_COLUMNS)),
    )?;
    text.push('\n');
    text.push_str(&record(parquet.metadata()));
    writeln!(text, "\nColumns")?;
    text.push_str(&parquet.columns().text());
    if !groups.is_empty() {
        writeln!(text, "\nRow groups")?;
        text.push_str(&parquet.groups());
    }
    text.push_str(&parquet.first_rows(rows, page)?);
    Ok(text)
}

/// The footer record, key by key.
fn record(metadata: &ParquetMetaData) -> String {
    let Some(value) = footer_record(metadata) else {
        return format!("Footer record\n  none: it has no {FOOTER_KEY}, so Daymark did not write it\n");
    };
    let mut text = format!("Footer record ({FOOTER_KEY})\n");
    let own = PartRecord::parse(value);
    let pretty = match &own {
        Ok(record) => serde_json::to_string_pretty(record),
        // Another release's record is shown as it is.
        Err(_) => serde_json::from_str(value).and_then(|value: Value| serde_json::to_string_pretty(&value)),
    };
    match pretty {
        Ok(pretty) => {
            if let Err(why) = own {
                text.push_str(&format!("  {why}\n"));
            }
            for line in pretty.lines() {
                text.push_str("  ");
                text.push_str(line);
                text.push('\n');
            }
        }
        Err(error) => text.push_str(&format!("  it is no JSON: {error}\n")),
    }
    text
}

fn footer_record(metadata: &ParquetMetaData) -> Option<&str> {
    let entries = metadata.file_metadata().key_value_metadata()?;
    let entry = entries.iter().find(|entry| entry.key == FOOTER_KEY)?;
    entry.value.as_deref()
}

fn codec(codec: Compression) -> String {
    let name = codec.to_string().to_ascii_lowercase();
    name.split('(').next().unwrap_or_default().to_owned()
}

impl Parquet {
    /// Reads a file's footer.
    pub(in crate::cli) fn open(file: File) -> anyhow::Result<Parquet> {
        let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::default())
            .map_err(|error| anyhow!("no Parquet that can be read: {error}"))?;
        Ok(Parquet { file, metadata })
    }

    /// The part's own record, if Daymark wrote the file, or why it cannot be read.
    pub(in crate::cli) fn record(&self) -> Option<Result<PartRecord, TailError>> {
        Some(PartRecord::parse(footer_record(self.metadata())?))
    }

    /// The names of the columns.
    pub(super) fn names(&self) -> Vec<String> {
        self.metadata
            .schema()
            .fields()
            .iter()
            .map(|field| field.name().clone())
            .collect()
    }

    /// The types of the columns, as catalogs call them.
    pub(super) fn types(&self) -> Vec<String> {
        let fields = self.metadata.schema().fields();
        fields
            .iter()
            .map(|field| arrow_text::type_name(field.data_type()))
            .collect()
    }

    /// How many values of each column are NULL, by reading all of them.
    pub(super) fn count_nulls(&self) -> anyhow::Result<Vec<u64>> {
        let mut nulls = vec![0; self.names().len()];
        let metadata = self.metadata.clone();
        for batch in
            ParquetRecordBatchReaderBuilder::new_with_metadata(self.file.try_clone()?, metadata).build()?
        {
            for (nulls, column) in nulls.iter_mut().zip(batch?.columns()) {
                *nulls += column.null_count() as u64;
            }
        }
        Ok(nulls)
    }

    /// How many values of a column are NULL, where the file says so.
    fn nulls(&self, column: usize) -> Option<u64> {
        self.chunks(column)
            .map(|chunk| chunk.statistics()?.null_count_opt())
            .sum()
    }

    fn metadata(&self) -> &ParquetMetaData {
        self.metadata.metadata()
    }

    fn rows(&self) -> u64 {
        u64::try_from(self.metadata().file_metadata().num_rows()).unwrap_or(0)
    }

    fn chunks(&self, column: usize) -> impl Iterator<Item = &ColumnChunkMetaData> {
        self.metadata()
            .row_groups()
            .iter()
            .filter_map(move |group| group.columns().get(column))
    }

    fn columns(&self) -> Grid {
        let mut grid = Grid::new(["#", "name", "type", "in Parquet", "NULL", "size", "codec"]);
        let descriptor = self.metadata().file_metadata().schema_descr();
        let flat = descriptor.num_columns() == self.names().len();
        for (at, (name, ty)) in self.names().into_iter().zip(self.types()).enumerate() {
            let mut row = vec![(at + 1).to_string(), one_line(&name, NAME_COLUMNS), ty];
            if let Some(leaf) = descriptor.columns().get(at).filter(|_| flat) {
                let physical = leaf.physical_type().to_string();
                row.push(match leaf.converted_type() {
                    ConvertedType::NONE => physical,
                    converted => format!("{physical} {converted}"),
                });
                row.push(self.nulls(at).map_or("-".to_owned(), count));
                let size: u64 = self
                    .chunks(at)
                    .filter_map(|chunk| u64::try_from(chunk.compressed_size()).ok())
                    .sum();
                row.push(bytes(size));
                row.push(
                    self.chunks(at)
                        .next()
                        .map_or(String::new(), |chunk| codec(chunk.compression())),
                );
            }
            grid.push(row);
        }
        grid
    }

    fn groups(&self) -> String {
        let mut grid = Grid::new(["#", "rows", "size", "uncompressed"]);
        let groups = self.metadata().row_groups();
        let number = |number: i64| u64::try_from(number).unwrap_or(0);
        for (at, group) in groups.iter().take(GROUPS_SHOWN).enumerate() {
            grid.push([
                (at + 1).to_string(),
                count(number(group.num_rows())),
                bytes(number(group.compressed_size())),
                bytes(number(group.total_byte_size())),
            ]);
        }
        let mut text = grid.text();
        if let Some(more) = groups.len().checked_sub(GROUPS_SHOWN).filter(|more| *more > 0) {
            text.push_str(&format!("  … and {more} more\n"));
        }
        text
    }

    /// The first rows under their heading, or nothing if none are asked for.
    pub(super) fn first_rows(&self, rows: usize, page: usize) -> anyhow::Result<String> {
        if rows == 0 {
            return Ok(String::new());
        }
        let all = self.rows();
        let shown = all.min(rows as u64);
        let heading = match (shown, shown == all) {
            (0, _) => return Ok("\nNo rows\n".to_owned()),
            (_, true) => format!("All {}", counted(all, "row")),
            (_, false) => format!("First {} of {}", counted(shown, "row"), count(all)),
        };
        let reader =
            ParquetRecordBatchReaderBuilder::new_with_metadata(self.file.try_clone()?, self.metadata.clone())
                .with_batch_size(rows.min(1_000))
                .with_limit(rows)
                .build()?;
        let batches: Vec<RecordBatch> = reader.collect::<Result<_, _>>()?;
        let grid = arrow_text::rows(&batches, &self.names())?;
        Ok(format!("\n{heading}\n{}", grid.fitted(page)))
    }
}

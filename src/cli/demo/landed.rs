//! What is in the curated bucket's folder, read from the files themselves.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;

use super::super::grid::Grid;
use super::super::inspect::parquet_file::Parquet;
use super::super::quantity::{bytes, count, seconds};
use crate::failure::Failure;

/// What landed.
#[derive(Debug, Default)]
pub(super) struct Landed {
    tables: BTreeMap<String, Totals>,
    failures: Vec<Failure>,
    example: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Totals {
    files: u64,
    refused: u64,
    rows: u64,
    records_rejected: u64,
    cells_rejected: u64,
    source_bytes: u64,
    output_bytes: u64,
}

impl Landed {
    /// Reads a bucket's folder.
    pub(super) fn read(bucket: &Path) -> anyhow::Result<Landed> {
        let mut landed = Landed::default();
        for entry in fs::read_dir(bucket).with_context(|| bucket.display().to_string())? {
            let entry = entry?;
            let name = entry.file_name();
            // Beside parts and failures there are manifests and the like.
            let is_parts = name
                .to_str()
                .is_some_and(|name| name.starts_with("table=") || name == "failed");
            if is_parts {
                landed.walk(&entry.path())?;
            }
        }
        landed.failures.sort_by(|a, b| a.source.key.cmp(&b.source.key));
        Ok(landed)
    }

    fn walk(&mut self, folder: &Path) -> anyhow::Result<()> {
        let shown = || folder.display().to_string();
        let mut paths = Vec::new();
        for entry in fs::read_dir(folder).with_context(shown)? {
            paths.push(entry.with_context(shown)?.path());
        }
        paths.sort();
        for path in paths {
            let shown = || path.display().to_string();
            let extension = path.extension().and_then(|extension| extension.to_str());
            match extension {
                _ if path.is_dir() => self.walk(&path)?,
                Some("parquet") => self.parquet(&path).with_context(shown)?,
                Some("json") => self.failure(&path).with_context(shown)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn parquet(&mut self, path: &Path) -> anyhow::Result<()> {
        let file = File::open(path)?;
        let size = file.metadata()?.len();
        let record = Parquet::open(file)?
            .record()
            .context("expected a footer record, found none")??;
        let table = path
            .ancestors()
            .filter_map(|folder| folder.file_name()?.to_str()?.strip_prefix("table="))
            .next()
            .context("expected a folder table=…")?;
        if table == "objects" {
            self.example.get_or_insert(path.to_owned());
        }
        let totals = self.tables.entry(table.to_owned()).or_default();
        totals.files += 1;
        totals.rows += record.rows_written;
        totals.records_rejected += record.records_rejected;
        totals.cells_rejected += record.cells_rejected;
        totals.source_bytes += record.source_bytes;
        totals.output_bytes += size;
        Ok(())
    }

    fn failure(&mut self, path: &Path) -> anyhow::Result<()> {
        let failure: Failure = serde_json::from_slice(&fs::read(path)?)?;
        self.tables.entry(failure.table.clone()).or_default().refused += 1;
        self.failures.push(failure);
        Ok(())
    }

    fn sum(&self, of: impl Fn(&Totals) -> u64) -> u64 {
        self.tables.values().map(of).sum()
    }

    /// Parquet files.
    pub(super) fn files(&self) -> u64 {
        self.sum(|totals| totals.files)
    }

    /// Rows in them.
    pub(super) fn rows(&self) -> u64 {
        self.sum(|totals| totals.rows)
    }

    /// Records rejected whole.
    pub(super) fn records_rejected(&self) -> u64 {
        self.sum(|totals| totals.records_rejected)
    }

    /// Cells rejected.
    pub(super) fn cells_rejected(&self) -> u64 {
        self.sum(|totals| totals.cells_rejected)
    }

    /// Parts that can never be converted.
    pub(super) fn refused(&self) -> u64 {
        self.failures.len() as u64
    }

    /// A file to look at.
    pub(super) fn example(&self) -> Option<&Path> {
        self.example.as_deref()
    }

    /// Tables with their counts, and why parts were refused.
    pub(super) fn text(&self, times: &BTreeMap<String, Duration>) -> String {
        let mut grid = Grid::new([
            "table",
            "parts",
            "refused",
            "rows",
            "records rejected",
            "cells rejected",
            "gzip",
            "Parquet",
            "time",
        ]);
        let row = |name: &str, totals: &Totals, time: Duration| {
            [
                name.to_owned(),
                count(totals.files),
                count(totals.refused),
                count(totals.rows),
                count(totals.records_rejected),
                count(totals.cells_rejected),
                bytes(totals.source_bytes),
                bytes(totals.output_bytes),
                seconds(time),
            ]
        };
        for (name, totals) in &self.tables {
            grid.push(row(name, totals, times.get(name).copied().unwrap_or_default()));
        }
        let all = Totals {
            files: self.files(),
            refused: self.refused(),
            rows: self.rows(),
            records_rejected: self.records_rejected(),
            cells_rejected: self.cells_rejected(),
            source_bytes: self.sum(|totals| totals.source_bytes),
            output_bytes: self.sum(|totals| totals.output_bytes),
        };
        grid.push(row("all", &all, times.values().sum()));
        let mut text = grid.text();
        if !self.failures.is_empty() {
            text.push_str("\nRefused, because no new try could help\n");
            for failure in &self.failures {
                text.push_str(&format!("  {}\n    {}\n", failure.source.key, failure.message));
            }
        }
        text
    }
}

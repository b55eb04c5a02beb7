//! Writes one table of made-up HubSpot data as gzipped CSV: same arguments, same CSV bytes.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use daymark_bench_tools::csv::Row;
use daymark_bench_tools::tables::{Generator, Table};
use flate2::Compression;
use flate2::write::GzEncoder;

const USAGE: &str = "usage: generate history|objects|associations|page_view|wide OUT.csv.gz ROWS [--seed N] [--schema OUT.schema.json]";

fn main() -> ExitCode {
    match run(std::env::args().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn run(mut arguments: impl Iterator<Item = String>) -> io::Result<()> {
    let usage = || io::Error::other(USAGE);
    let table = Table::named(&arguments.next().ok_or_else(usage)?).ok_or_else(usage)?;
    let out = arguments.next().ok_or_else(usage)?;
    let rows: u64 = arguments.next().and_then(|n| n.parse().ok()).ok_or_else(usage)?;
    let mut seed = 1u64;
    while let Some(option) = arguments.next() {
        let value = arguments.next().ok_or_else(usage)?;
        match option.as_str() {
            "--seed" => seed = value.parse().map_err(|_| usage())?,
            "--schema" => std::fs::write(value, schema(table))?,
            _ => return Err(usage()),
        }
    }

    let file = BufWriter::with_capacity(1 << 20, File::create(out)?);
    let mut gzip = GzEncoder::new(file, Compression::new(6));
    let mut text = Vec::with_capacity(1 << 21);
    let names: Vec<String> = table.columns().into_iter().map(|(name, _)| name).collect();
    text.extend_from_slice(names.join(",").as_bytes());
    text.push(b'\n');
    let mut generator = Generator::new(table, seed);
    let mut row = Row::default();
    for index in 0..rows {
        generator.row(index, &mut row);
        row.end(&mut text);
        if text.len() >= 1 << 20 {
            gzip.write_all(&text)?;
            text.clear();
        }
    }
    gzip.write_all(&text)?;
    gzip.finish()?.flush()
}

fn schema(table: Table) -> String {
    let columns: Vec<String> = table
        .columns()
        .into_iter()
        .map(|(name, kind)| format!("  {{\"name\": \"{name}\", \"type\": \"{kind}\"}}"))
        .collect();
    format!("[\n{}\n]\n", columns.join(",\n"))
}

//! `daymark duckdb`: the tables and views for DuckDB.

mod secret;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use clap::Args;
use futures::stream::{self, StreamExt, TryStreamExt};

use super::block;
use super::catalog::tell_of;
use super::place::{CURATED, Place, PlaceArguments};
use super::view::revision;
use crate::app::sweep::Sweeper;
use crate::athena::duckdb::{MADE_BEFORE, Script, Source, THERE};
use crate::athena::tables::{Kind, Table};
use crate::athena::views::Engine;
use crate::cli::quantity::counted;
use crate::cli::remote::local_path;
use crate::cli::{Status, tell, usage};
use crate::keys::{Day, Leaf, Link, PARTS_TABLE};
use crate::manifest::{self, Revision};

/// Requests under way at once.
const REQUESTS_MAX: usize = 64;

/// Writes a DuckDB database of the tables and views that Athena would have, over a local folder or S3.
///
/// They are views over the Parquet files of the days that are published now: run it again to see newer ones. The program
/// `duckdb` makes the database (pip install duckdb-cli); a FILE that ends with .sql is written without it, as a script.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    place: PlaceArguments,
    /// The database; views that are in it already are replaced, and everything else in it stays. Or a script: FILE.sql
    #[arg(value_name = "FILE", value_parser = local_path())]
    file: PathBuf,
    /// The first day whose files are named; otherwise the first there is
    #[arg(long, value_name = "yyyy-MM-dd", value_parser = super::span::day)]
    from: Option<Day>,
}

const EXAMPLES: &str = "\
Examples:
  daymark duckdb lake.duckdb --dir daymark-demo
  duckdb lake.duckdb \"SELECT property_lifecyclestage, count(*) FROM objects_contacts_latest GROUP BY ALL\"

  daymark duckdb lake.duckdb --stack daymark --from 2026-11-01
  duckdb lake.duckdb -cmd \"CREATE SECRET (TYPE s3, PROVIDER credential_chain)\" \"FROM owners_latest\"
      Files stay in S3. DuckDB reads them by its extensions httpfs and, for this provider, aws,
      which it downloads once; no key is written to the database.
      Where the S3 is not AWS' own, as AWS_ENDPOINT_URL says to Daymark, this says it to DuckDB:
      CREATE SECRET (TYPE s3, PROVIDER credential_chain,
        ENDPOINT 'localhost:8333', URL_STYLE 'path', USE_SSL false)

Tables whose files are missing or damaged, and the views over them, are named and left out;
those that an earlier run made of them go.
Views of an earlier run that are made no more stay as they were, and are named.

Status: 0 written; 1 not, or with something left out; 2 wrong usage.";

/// Runs the command.
pub(in crate::cli) fn run(arguments: &Arguments) -> anyhow::Result<Status> {
    let file = &arguments.file;
    let is_script = file.extension() == Some(OsStr::new("sql"));
    let (mut made, secret) = block(Box::pin(async {
        let (made, bucket) = make(arguments).await?;
        let secret = match is_script || arguments.place.is_local() {
            true => None,
            false => Some(secret::read(bucket).await?),
        };
        anyhow::Ok((made, secret))
    }))?;
    let mut left_out = false;
    if is_script {
        std::fs::write(file, made.script.whole()).with_context(|| file.display().to_string())?;
    } else {
        let was_there = file.exists();
        let database = Database {
            file,
            secret: secret.as_ref(),
        };
        let written = database.write(&mut made.script);
        if !was_there && !matches!(written, Ok(Some(_))) {
            // DuckDB made it. What is missing need not go.
            let _ = std::fs::remove_file(file);
        }
        let Some(gone) = written? else {
            bail!(
                "expected the program duckdb on the PATH, found none: pip install duckdb-cli; or give a file that ends with .sql, \
                 and run that script in DuckDB yourself"
            )
        };
        left_out = !gone.is_empty();
        if left_out {
            tell(&format!(
                "left out: {}: `daymark verify {}` names files that are missing or damaged",
                gone.join(", "),
                arguments.place.again()
            ));
        }
    }
    let newest = match &made.newest {
        Some(day) => format!("the newest complete day is {day}"),
        None => {
            "no day is complete, so that tables of complete days and …_latest are empty or missing".to_owned()
        }
    };
    tell(&format!(
        "wrote {}: {} and {}; {newest}",
        file.display(),
        counted(made.tables() as u64, "table"),
        counted(made.views() as u64, "view")
    ));
    Ok(if left_out { Status::Refused } else { Status::Done })
}

/// A database, and what its files are read with.
struct Database<'a> {
    file: &'a Path,
    secret: Option<&'a secret::Secret>,
}

impl Database<'_> {
    /// Makes the tables and views, as many as there are to be had, and tells what is wrong with others. Gives the names of those
    /// that are left out. None: there is no program `duckdb`.
    fn write(&self, script: &mut Script) -> anyhow::Result<Option<Vec<String>>> {
        if self.file.exists() {
            let Some(before) = self.ask(self.file, MADE_BEFORE, Answer::Names)? else {
                return Ok(None);
            };
            let before = before.lines().filter(|name| !script.makes(name));
            let left: Vec<String> = before.map(str::to_owned).collect();
            for name in &left {
                tell(&format!(
                    "left {name}: a view that is made no more; it stays as it is until somebody drops it"
                ));
            }
            script.leave(left);
        }
        let refused = match self.ask(self.file, &script.whole(), Answer::Whole) {
            Ok(answer) => return Ok(answer.map(|_| Vec::new())),
            Err(refused) => refused,
        };
        // Which of them is it? If none, it is the database.
        let statements = script.piecemeal() + THERE;
        let there = self.ask(Path::new(MEMORY), &statements, Answer::Names)?;
        let there = there.unwrap_or_default();
        let there: BTreeSet<&str> = there.lines().collect();
        let tables_and_views = script.clone();
        let gone = script.keep(&there);
        if gone.is_empty() {
            return Err(refused);
        }
        for name in &gone {
            // A view fails for want of the tables that it reads.
            let alone = self.ask(Path::new(MEMORY), &tables_and_views.alone(name), Answer::Whole);
            if let Err(error) = alone.map_err(|error| format!("{error:#}"))
                && !error.contains("Catalog Error")
            {
                tell(&format!("not built: {name}: {error}"));
            }
        }
        let there = self.ask(self.file, THERE, Answer::Names)?.unwrap_or_default();
        let there: BTreeSet<&str> = there.lines().collect();
        let dropped = gone.iter().filter(|name| there.contains(name.as_str()));
        script.drop(dropped.cloned().collect());
        self.ask(self.file, &script.whole(), Answer::Whole)?;
        Ok(Some(gone))
    }

    /// Neither the file nor a message has the keys.
    fn ask(&self, file: &Path, statements: &str, answer: Answer) -> anyhow::Result<Option<String>> {
        let Some(secret) = self.secret else {
            return ask_for(file, statements, answer);
        };
        ask_for(file, &(secret.statement() + statements), answer)
            .map_err(|error| anyhow::anyhow!(secret.hidden_in(&format!("{error:#}"))))
    }
}

/// What DuckDB calls a database that is no file.
const MEMORY: &str = ":memory:";

/// How DuckDB's program is to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// As people read it; the first error ends it.
    Whole,
    /// A name a line; errors end nothing.
    Names,
}

/// What DuckDB's own program answers to statements about a database, which it makes if it is not there. None: there is no such
/// program.
pub(in crate::cli) fn ask(file: &Path, statements: &str) -> anyhow::Result<Option<String>> {
    ask_for(file, statements, Answer::Whole)
}

fn ask_for(file: &Path, statements: &str, answer: Answer) -> anyhow::Result<Option<String>> {
    let mut command = Command::new("duckdb");
    command.arg("-batch");
    match answer {
        Answer::Whole => command.arg("-bail"),
        Answer::Names => command.arg("-list").arg("-noheader"),
    };
    command.arg(file);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = match command.spawn() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        child => child.context("duckdb")?,
    };
    // It answers when it has read everything, so that neither waits for the other.
    let wrote = match child.stdin.take() {
        Some(mut stdin) => stdin.write_all(statements.as_bytes()),
        None => Ok(()),
    };
    let ended = child.wait_with_output().context("duckdb")?;
    if answer == Answer::Whole && !ended.status.success() {
        let said = String::from_utf8_lossy(&ended.stderr);
        bail!(
            "duckdb did not take the statements ({}): {}",
            ended.status,
            said.trim()
        );
    }
    wrote.context("duckdb")?;
    Ok(Some(String::from_utf8_lossy(&ended.stdout).into_owned()))
}

/// The script, and the bucket that the files are in.
async fn make(arguments: &Arguments) -> anyhow::Result<(Made, String)> {
    let place = Place::open(&arguments.place).await?;
    let dir = arguments.place.dir();
    let made = Box::pin(script_of(&place, dir, arguments.from.as_ref())).await;
    let bucket = place.config.layout.curated().bucket().to_owned();
    place.close().await;
    Ok((made?, bucket))
}

/// A script, and what it makes.
pub(in crate::cli) struct Made {
    pub(in crate::cli) script: Script,
    /// Names of the tables and of the views.
    names: [Vec<String>; 2],
    newest: Option<Day>,
}

impl Made {
    fn tables(&self) -> usize {
        self.count(0)
    }

    fn views(&self) -> usize {
        self.count(1)
    }

    fn count(&self, kind: usize) -> usize {
        let names = self.names.get(kind).into_iter().flatten();
        names.filter(|name| self.script.makes(name)).count()
    }
}

/// What the files of a local folder begin with in a script, which is text.
///
/// # Errors
/// The folder's path is none.
pub(in crate::cli) fn root(dir: &Path) -> anyhow::Result<String> {
    let path = std::path::absolute(dir)?.join(CURATED);
    let root = path.to_str().map(str::to_owned);
    root.ok_or_else(|| {
        usage(format!(
            "{dir:?}: expected a folder whose path is UTF-8, because it stands in the script for DuckDB",
            dir = path.parent().unwrap_or(dir)
        ))
    })
}

/// The script for a place; `dir` is its folder, if it is a local one.
pub(in crate::cli) async fn script_of(
    place: &Place,
    dir: Option<&Path>,
    from: Option<&Day>,
) -> anyhow::Result<Made> {
    let root = match dir {
        Some(dir) => root(dir)?,
        None => format!("s3://{}", place.config.layout.curated().bucket()),
    };
    let looker = place.looker();
    let wanted = looker.wanted_tables().await?;
    let (latest, built) = looker.views_for(&wanted, Engine::DuckDb).await?;
    tell_of(&built);
    let (published, days) = published(place, from).await?;
    agree(place, &looker, latest.as_ref(), (&days, from)).await?;
    let live = live(place, from).await?;
    let of = |table: &Table| {
        let (kind, of) = table.mark()?;
        let of = if kind == Kind::Parts.as_str() {
            PARTS_TABLE
        } else {
            of
        };
        let groups = if kind == Kind::Live.as_str() {
            live.get(of)
        } else {
            published.get(of)
        };
        Some(groups.cloned().unwrap_or_default())
    };
    let tables = wanted.iter().map(|wanted| &wanted.table);
    let sources = tables
        .filter(|table| {
            table
                .mark()
                .is_some_and(|(kind, _)| kind != Kind::Latest.as_str())
        })
        .map(|table| {
            let groups = of(table).unwrap_or_default().into_iter();
            let files = groups.map(|(group, keys)| {
                let files = keys.into_iter().map(|key| format!("{root}/{key}"));
                (group, files.collect())
            });
            Source {
                table,
                files: files.collect(),
            }
        });
    let sources: Vec<Source<'_>> = sources.collect();
    let tables = sources.iter().map(|source| source.table.name.clone());
    let views = built.views.iter().map(|view| view.name.clone());
    Ok(Made {
        names: [tables.collect(), views.collect()],
        script: Script::of(&sources, &built.views, latest.as_ref().map(Day::as_str)),
        newest: latest,
    })
}

/// By table and schema: keys.
type Files = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// Refuses a pointer that contradicts the days whose files are named: `_latest` views would be empty, or a day short, without a word.
async fn agree(
    place: &Place,
    looker: &Sweeper,
    latest: Option<&Day>,
    (days, from): (&BTreeSet<Day>, Option<&Day>),
) -> anyhow::Result<()> {
    let key = place.config.layout.latest();
    if let (Some(from), Some(newest)) = (from, latest)
        && from > newest
    {
        bail!("--from {from}: expected a day up to the newest complete one, which is {newest}");
    }
    if let Some(newest) = latest.filter(|newest| !days.contains(newest)) {
        bail!(
            "{key}: expected a published day, found {newest}, of which no manifest says so; the next sweep over all days mends it"
        );
    }
    if latest.is_none()
        && let Some(bytes) = place.read(&key).await?
        && let Err(why) = manifest::parse_latest(&bytes)
    {
        bail!("{key}: {why}; the next sweep that publishes a day, or `daymark backfill`, writes it anew");
    }
    // It may not name a day that is ahead of the clock.
    let tomorrow = Day::of_ms(looker.clock().await?).and_then(|today| today.plus(1));
    let newest = days.iter().rev().find(|day| tomorrow.as_ref() >= Some(*day));
    if let Some(day) = newest.filter(|day| latest < Some(*day)) {
        let found = latest.map_or("none", Day::as_str);
        bail!(
            "{key}: expected the newest complete day, found {found}, and {day} is published; the next sweep over all days, or \
             `daymark backfill`, writes it anew"
        );
    }
    Ok(())
}

/// The files of the published days, as the manifests have them, and these days.
async fn published(place: &Place, from: Option<&Day>) -> anyhow::Result<(Files, BTreeSet<Day>)> {
    let layout = &place.config.layout;
    let folders = place.names(&layout.manifests()).await?;
    let days = folders
        .iter()
        .filter_map(|name| Day::parse(name.strip_prefix("date=")?));
    let days: Vec<Day> = days.filter(|day| from.is_none_or(|from| from <= day)).collect();
    let revisions = days.into_iter().map(|day| async move {
        let Some(bytes) = place.read(&layout.leaf(&day, Leaf::Manifest)).await? else {
            return Ok(None);
        };
        let newest: Revision =
            serde_json::from_slice(&bytes).with_context(|| layout.leaf(&day, Leaf::Manifest))?;
        let Some(number) = newest.history.published else {
            return Ok(None);
        };
        let whole = match number == newest.history.revision {
            true => newest,
            // Left out, the day would be missing without a word.
            false => revision(place, &day, number).await?.with_context(|| {
                let key = layout.leaf(&day, Leaf::Revision(number));
                format!("{key}: expected the day's published revision, found none that can be read")
            })?,
        };
        anyhow::Ok(Some((day, number, whole)))
    });
    let mut revisions = stream::iter(revisions).buffered(REQUESTS_MAX);
    let (mut files, mut published) = (Files::new(), BTreeSet::new());
    while let Some(revision) = revisions.try_next().await? {
        let Some((day, number, revision)) = revision else {
            continue;
        };
        for (name, table) in revision.content.into_iter().flat_map(|content| content.tables) {
            let of_table = files.entry(name).or_default();
            for part in table.parts {
                of_table.entry(part.schema).or_default().insert(part.output.key);
            }
        }
        let ledgers = files.entry(PARTS_TABLE.to_owned()).or_default();
        let ledger = layout.parts_ledger(&day, number);
        ledgers.entry(PARTS_TABLE.to_owned()).or_default().insert(ledger);
        published.insert(day);
    }
    Ok((files, published))
}

/// The files of all days as far as they have come, as the symlinks have them.
async fn live(place: &Place, from: Option<&Day>) -> anyhow::Result<Files> {
    let layout = &place.config.layout;
    let listed = place.list(layout.links(Link::Live, None)).await?;
    let links = listed.into_iter().filter_map(|object| {
        let (table, day) = layout.parse_link(Link::Live, &object.key)?;
        from.is_none_or(|from| *from <= day)
            .then_some((table, object.key))
    });
    let reads = links.map(|(table, key)| async move { anyhow::Ok((table, place.read(&key).await?)) });
    let mut reads = stream::iter(reads).buffered(REQUESTS_MAX);
    let start = format!("s3://{}/", layout.curated().bucket());
    let mut files = Files::new();
    while let Some((table, bytes)) = reads.try_next().await? {
        let bytes = bytes.unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let keys = text.lines().filter_map(|line| line.strip_prefix(&start));
        let of_table = files.entry(table).or_default();
        of_table
            .entry(String::new())
            .or_default()
            .extend(keys.map(str::to_owned));
    }
    // A list of no files is none.
    for groups in files.values_mut() {
        groups.retain(|_, keys| !keys.is_empty());
    }
    Ok(files)
}

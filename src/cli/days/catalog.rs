//! `daymark ddl` and `daymark catalog`: the tables and views that Athena is to have, as SQL, and beside those that Glue has.

use clap::Args;

use super::block;
use super::place::{Place, PlaceArguments};
use crate::app::sweep::Changes;
use crate::athena::tables::{self, Wanted};
use crate::athena::views::Built;
use crate::cli::quantity::counted;
use crate::cli::{Status, print, tell, usage};

/// The database that the SQL names, unless something else is said.
const DATABASE: &str = "daymark";
/// How many characters two names begin with alike if one may be meant by the other.
const BEGUN_CHARS: usize = 5;
/// Names that are proposed instead of one that there is not.
const NEAR_MAX: usize = 6;

/// Prints the tables and views that Athena is to have as SQL, for people who manage the catalog themselves.
///
/// They are those that the manifest function keeps in the Glue catalog: each table's complete days, its days as far as they
/// have come, the newest complete day, the per-part ledger; and views made from the account's own definitions. Nothing is
/// written.
#[derive(Args, Clone, Debug)]
#[command(after_help = DDL_EXAMPLES)]
pub(in crate::cli) struct DdlArguments {
    #[command(flatten)]
    place: PlaceArguments,
    /// The database that the statements name; otherwise DAYMARK_GLUE_DATABASE, or daymark
    #[arg(long, value_name = "NAME")]
    database: Option<String>,
    /// These tables and views alone
    #[arg(value_name = "TABLE")]
    tables: Vec<String>,
}

const DDL_EXAMPLES: &str = "\
Examples:
  daymark ddl --dir daymark-demo
  daymark ddl --stack daymark objects objects_live

Status: 0 printed; 1 not; 2 wrong usage.";

/// Lists the tables and views that Athena is to have; --diff holds them against the Glue catalog.
///
/// The manifest function keeps the catalog up to date: at each publication, and once a day as a whole. Nothing is written.
#[derive(Args, Clone, Debug)]
#[command(after_help = CATALOG_EXAMPLES)]
pub(in crate::cli) struct CatalogArguments {
    #[command(flatten)]
    place: PlaceArguments,
    /// Show what would change in the Glue database that DAYMARK_GLUE_DATABASE, or the stack, names
    #[arg(long)]
    diff: bool,
}

const CATALOG_EXAMPLES: &str = "\
Examples:
  daymark catalog --dir daymark-demo
      Every table with its columns.

  daymark catalog --stack daymark --diff
      What the manifest function would create and change in the Glue catalog, and what it holds.

Status: 0 shown, whether there are differences or not; 1 not; 2 wrong usage.";

/// Runs `daymark ddl`.
pub(in crate::cli) fn ddl(arguments: &DdlArguments) -> anyhow::Result<Status> {
    block(Box::pin(print_ddl(arguments)))
}

async fn print_ddl(arguments: &DdlArguments) -> anyhow::Result<Status> {
    let place = Place::open(&arguments.place).await?;
    let wanted = Box::pin(tables_and_views(&place)).await;
    let named = arguments.database.clone();
    let database = named
        .or_else(|| place.config.days.glue_database.clone())
        .unwrap_or_else(|| DATABASE.to_owned());
    place.close().await;
    let wanted = chosen(wanted?, &arguments.tables)?;
    let statements = wanted.iter().map(|wanted| tables::ddl(&wanted.table, &database));
    // Athena's console and API refuse more than one.
    tell(&format!(
        "note: {}; Athena takes one at a time, tables before views, with the database {database} selected: views name their \
         tables without one. A table that is there stays as it is: to give it new columns, drop it first (its files stay)",
        counted(wanted.len() as u64, "statement")
    ));
    print(&statements.collect::<Vec<_>>().join("\n"))?;
    Ok(Status::Done)
}

/// All that Athena is to have. What cannot be built of it is told.
async fn tables_and_views(place: &Place) -> anyhow::Result<Vec<Wanted>> {
    let looker = place.looker();
    let mut wanted = looker.wanted_tables().await?;
    let (views, built) = looker.wanted_views(&wanted).await?;
    tell_of(&built);
    wanted.extend(views);
    Ok(wanted)
}

/// What could not be built, and what is odd about the rest.
pub(super) fn tell_of(built: &Built) {
    for (name, why) in &built.failed {
        tell(&format!("not built: {name}: {why}"));
    }
    for why in &built.unread {
        tell(&format!("not read: {why}"));
    }
    for note in built.earlier.iter().chain(&built.warnings) {
        tell(&format!("note: {note}"));
    }
}

/// The tables with these names, in upper or lower case as for Athena; all, if there are none.
fn chosen(wanted: Vec<Wanted>, names: &[String]) -> anyhow::Result<Vec<Wanted>> {
    let names: Vec<String> = names.iter().map(|name| name.to_lowercase()).collect();
    for name in &names {
        let all = wanted.iter().map(|wanted| wanted.table.name.as_str());
        if !all.clone().any(|one| one == name) {
            // As far as they begin alike, which a wrong ending or a plural does not hide.
            let begun: String = name.chars().take(BEGUN_CHARS).collect();
            let near = all.filter(|one| one.starts_with(&begun)).take(NEAR_MAX);
            let near: Vec<&str> = near.collect();
            let near = match near.is_empty() {
                true => String::new(),
                false => format!("; some begin like it: {}", near.join(", ")),
            };
            return Err(usage(format!(
                "{name}: expected one of the {} tables and views that `daymark catalog` lists, found none of that name{near}",
                wanted.len()
            )));
        }
    }
    let is_chosen = |wanted: &Wanted| names.is_empty() || names.contains(&wanted.table.name);
    Ok(wanted.into_iter().filter(is_chosen).collect())
}

/// Runs `daymark catalog`.
pub(in crate::cli) fn run(arguments: &CatalogArguments) -> anyhow::Result<Status> {
    block(Box::pin(catalog(arguments)))
}

async fn catalog(arguments: &CatalogArguments) -> anyhow::Result<Status> {
    let place = Place::open(&arguments.place).await?;
    let database = place.config.days.glue_database.clone();
    let looker = place.looker();
    let shown = match (arguments.diff, &database) {
        (false, _) => Box::pin(tables_and_views(&place))
            .await
            .map(|wanted| listed(&wanted)),
        (true, Some(_)) => Box::pin(looker.catalog_changes())
            .await
            .map(|Changes { plan, left, built }| {
                tell_of(&built);
                let mut lines = tables::changes(&plan);
                if lines.is_empty() {
                    tell(&format!("{} tables and views, all as they are to be", plan.len()));
                }
                lines.extend(left.iter().map(|name| {
                    format!(
                        "left {name}: a view that is made no more; it stays as it is until somebody drops it"
                    )
                }));
                lines.iter().map(|line| format!("{line}\n")).collect()
            })
            .map_err(Into::into),
        (true, None) => {
            place.close().await;
            return Err(usage(
                "--diff: expected a Glue database, by --stack or DAYMARK_GLUE_DATABASE (a local folder has none)",
            ));
        }
    };
    place.close().await;
    print(&shown?)?;
    Ok(Status::Done)
}

fn listed(wanted: &[Wanted]) -> String {
    let tables = wanted.iter().map(|Wanted { table, .. }| {
        let columns = table.columns.iter().chain(&table.keys);
        let columns = columns.map(|column| format!("    {} {}\n", column.name, column.hive_type));
        format!("{}\n{}", table.name, columns.collect::<String>())
    });
    tables.collect()
}

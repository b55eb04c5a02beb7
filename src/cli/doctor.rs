//! `daymark doctor`: what is right and wrong with an installation, and what mends it.
//!
//! `ask` asks AWS, [`crate::doctor`] judges, and here it is told. The only thing that this ever changes is a bucket's
//! notification configuration, with `--fix`; `bucket` reads and writes it.

mod ask;
mod bucket;
mod gather;
mod probe;

use clap::Args;
use serde_json::json;

use super::days::block;
use super::days::place::{Found, Place, PlaceArguments};
use super::grid::one_line;
use super::quantity::counted;
use super::{Status, in_words, print, usage};
use crate::config::SETTINGS;
use crate::doctor::merge::{Merge, merge};
use crate::doctor::notification::{self, Notifications, Wanted};
use crate::doctor::{Check, Finding, Level, functions};
use gather::{Facts, Names};

/// Columns of a finding; a key in it can be long.
const FINDING_COLUMNS: usize = 1_000;

/// Looks for what is wrong with an installation, and says what mends it.
///
/// One line each: ok, warning or fault, what was found, and the command that mends it. It looks with the rights of whoever
/// runs it, and changes nothing without --fix.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct DoctorArguments {
    #[command(flatten)]
    place: PlaceArguments,
    /// The dead-letter queue; otherwise the stack, or the queue's redrive policy, says which it is
    #[arg(long, value_name = "URL")]
    dead_letter_queue_url: Option<String>,
    /// The function that converts; otherwise the stack says which it is
    #[arg(long, value_name = "NAME")]
    convert_function: Option<String>,
    /// The function that looks after days; otherwise the stack says which it is
    #[arg(long, value_name = "NAME")]
    manifest_function: Option<String>,
    /// The schedule of the function that looks after days, as NAME or GROUP/NAME; otherwise the stack says which it is
    #[arg(long, value_name = "NAME")]
    schedule: Option<String>,
    /// Have the landing bucket tell the queue of parts, beside whatever else it tells
    #[arg(long)]
    fix: bool,
    /// Invoke both functions as well, with something that changes nothing: a part that is not there, and a dry run
    #[arg(long)]
    probe: bool,
    /// Print one JSON object a finding on its line
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  daymark doctor --stack daymark
  daymark doctor --stack daymark --json | jq 'select(.level != \"ok\")'
  daymark doctor --stack daymark --probe
      Finds out what the functions' own roles let them do, too.
  daymark doctor --stack daymark --fix
      Merges an entry for the queue into the bucket's notifications, or turns on EventBridge where a rule waits for it.
      Entries of others stay as they are.

docs/doctor.md has each finding and what mends it.

Status: 0 no faults; 1 faults, or not fixed; 2 wrong usage.";

/// Runs the command.
pub(super) fn run(arguments: &DoctorArguments) -> anyhow::Result<Status> {
    if arguments.place.is_local() {
        return Err(usage(
            "expected --stack, or --landing and --curated: a local folder has neither queue nor functions",
        ));
    }
    block(Box::pin(doctor(arguments)))
}

async fn doctor(arguments: &DoctorArguments) -> anyhow::Result<Status> {
    let found = Found::of(&arguments.place, true).await?;
    let mut findings = Vec::new();
    let stack = found.stack.as_ref();
    if let Some(stack) = stack {
        findings.push(functions::stack(&stack.name, &stack.status));
    }
    let config = match found.config() {
        Ok(config) => config,
        // Without settings there is nothing to look at.
        Err(error) => {
            let finding = Finding::fault(Check::Settings, in_words(&error));
            findings.push(match stack {
                Some(_) => {
                    finding.mend("sam deploy --guided, or the template's Globals, and daymark doctor again")
                }
                None => finding,
            });
            return told(&findings, arguments.json);
        }
    };
    let place = Place::cloud(&found.sdk, config).await;
    let names = Names {
        dead_letters: arguments.dead_letter_queue_url.clone(),
        convert: arguments.convert_function.clone(),
        manifest: arguments.manifest_function.clone(),
        schedule: arguments.schedule.clone(),
    };
    let clients = ask::Clients::new(&found.sdk);
    let facts = gather::gather(&clients, &found, &place, names).await;
    findings.push(settings(&found, &facts));
    let fix_command = format!("daymark doctor {} --fix", arguments.place.again());
    findings.extend(facts.findings(&place, &arguments.place.again(), &fix_command));
    if arguments.probe {
        findings.extend(Box::pin(probe::probe(&clients, &place, &facts)).await);
    }
    let mut not_fixed = None;
    if arguments.fix {
        match fix(&clients, &place, &facts).await {
            Ok(None) => {}
            Ok(Some(finding)) => {
                findings.retain(|finding| finding.check != Check::Notification);
                findings.push(finding);
            }
            Err(error) => not_fixed = Some(error),
        }
    }
    findings.sort_by_key(|finding| finding.check);
    let status = told(&findings, arguments.json)?;
    match not_fixed {
        Some(error) => Err(error.context("--fix")),
        None => Ok(status),
    }
}

fn settings(found: &Found, facts: &Facts) -> Finding {
    let is_shared = |name: &str| {
        let setting = SETTINGS.iter().find(|setting| setting.name == name);
        // The pattern is not of the profile, but says where a file belongs.
        setting.is_some_and(|setting| setting.in_profile || setting.name == "DAY_FOLDER_PATTERN")
    };
    functions::settings(
        facts.convert.as_ref().ok(),
        facts.manifest.as_ref().ok(),
        &found.here,
        is_shared,
    )
}

/// Merges an entry for the queue, or EventBridge, into the bucket's configuration, if that mends what was found. Gives what became
/// of it.
async fn fix(clients: &ask::Clients, place: &Place, facts: &Facts) -> anyhow::Result<Option<Finding>> {
    let Some(finding) = facts.notification(place, "") else {
        anyhow::bail!("the bucket's configuration or the queue could not be read");
    };
    let Ok(queue) = &facts.queue else {
        anyhow::bail!("the queue could not be read");
    };
    if let Some(failure) = facts.unread_rules()
        && finding.level != Level::Ok
    {
        anyhow::bail!(
            "EventBridge's rules that send to the queue could not be read, and may be the way that parts take: {failure}"
        );
    }
    // Of the rest, what is harmless and what cannot be judged, a merge would mend nothing.
    if finding.mend.is_none() {
        return Ok(None);
    }
    let layout = &place.config.layout;
    let bucket = layout.landing().bucket();
    // Read again, so that as little time as can be lies between what was read and what is written.
    let before = bucket::read(&clients.s3, bucket)
        .await
        .map_err(|failure| anyhow::anyhow!("{failure}"))?;
    let wanted = Wanted {
        landing: layout.landing(),
        queue_arn: &queue.arn,
        parts: &[],
    };
    let rules = facts.rules();
    let merge = merge(&before.notifications, &rules, &wanted).map_err(anyhow::Error::msg)?;
    let dropped = replaced(&merge, &before.notifications);
    let after = bucket::write(&clients.s3, bucket, before, &merge).await?;
    let written = format!("the bucket's configuration has now {merge}{dropped}; all else in it is as it was");
    let judged = notification::judge(&after, &rules, &wanted, "");
    if judged.level != Level::Ok {
        let found = format!("{written}. And yet: {}", judged.found);
        return Ok(Some(Finding {
            found,
            mend: None,
            ..judged
        }));
    }
    Ok(Some(Finding::ok(
        Check::Notification,
        format!(
            "mended: {written}. S3 takes about five minutes; parts that landed meanwhile are sent by the next sweep"
        ),
    )))
}

/// The entries in whose place a merge puts its own.
fn replaced(merge: &Merge, before: &Notifications) -> String {
    let Merge::Entry { drop, keep, .. } = merge else {
        return String::new();
    };
    let dropped = drop.iter().filter_map(|at| before.entries.get(*at));
    let dropped: Vec<String> = dropped.map(ToString::to_string).collect();
    if dropped.is_empty() {
        return String::new();
    }
    let kept = match (keep.len(), dropped.len()) {
        (0, _) => "",
        (_, 1) => ", which tells of its other events as before",
        _ => ", which tell of their other events as before",
    };
    format!(
        ", in place of {} to the same queue: {}{kept}",
        counted(dropped.len() as u64, "earlier entry"),
        dropped.join("; ")
    )
}

/// Tells the findings; the worst of them is the status.
fn told(findings: &[Finding], as_json: bool) -> anyhow::Result<Status> {
    let mut text = String::new();
    for finding in findings {
        if as_json {
            text.push_str(&format!("{}\n", json!(finding)));
            continue;
        }
        let found = one_line(&finding.found, FINDING_COLUMNS);
        text.push_str(&format!(
            "{:<8} {:<18} {found}\n",
            finding.level,
            finding.check.name()
        ));
        if let Some(mend) = &finding.mend {
            text.push_str(&format!("{:<8} {:<18} {mend}\n", "", "→"));
        }
    }
    let count = |level: Level| findings.iter().filter(|finding| finding.level == level).count() as u64;
    let (faults, warnings) = (count(Level::Fault), count(Level::Warning));
    if !as_json {
        text.push_str(&format!(
            "\n{}, {}, {} ok.\n",
            counted(faults, "fault"),
            counted(warnings, "warning"),
            count(Level::Ok)
        ));
    }
    print(&text)?;
    Ok(if faults == 0 {
        Status::Done
    } else {
        Status::Refused
    })
}

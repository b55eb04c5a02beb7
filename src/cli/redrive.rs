//! `daymark redrive`: what failed goes back to the queue of parts.
//!
//! SQS can move messages by itself (StartMessageMoveTask), but says then neither what it moves nor exactly how much, takes
//! no limit, and moves what is no event along with the rest. So each message is received, shown, sent and then deleted: one
//! whose sending was not answered is not deleted. At worst it is in both queues, and a part that is asked for twice is
//! converted once.

mod letters;

use std::collections::{HashMap, HashSet};

use anyhow::Context;
use clap::Args;
use futures::stream::{self, StreamExt};

use super::days::block;
use super::days::place::{Found, PlaceArguments};
use super::grid::one_line;
use super::quantity::counted;
use super::{Status, print, tell, usage};
use crate::doctor::queue::RedrivePolicy;
use crate::keys::{Day, Layout};
use crate::notice::{self, Delivery};
use letters::{Letter, Letters};

/// Failures in a row after which the rest would fail too.
const FAILURES_MAX: u32 = 10;
/// Messages that wait or are hidden in the dead-letter queue during one run; SQS allows 120,000 in flight.
const HELD_MAX: usize = 100_000;
/// Columns of a key; it can be long.
const KEY_COLUMNS: usize = 300;
/// Columns of a message that is deleted; one from S3 has fewer.
const BODY_COLUMNS: usize = 2_000;
/// Lines of progress: one for so many messages.
const TOLD_EVERY: u64 = 500;

/// Sends what is in the dead-letter queue to the queue of parts again.
///
/// It shows what each message is about, and moves one after the other: receive, send, delete. None is lost on the way.
/// Mend first what made them fail (`daymark doctor` looks for it), or they will be back.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct RedriveArguments {
    #[command(flatten)]
    place: PlaceArguments,
    /// The dead-letter queue; otherwise the stack, or the queue's redrive policy, says which it is
    #[arg(long, value_name = "URL")]
    dead_letter_queue_url: Option<String>,
    /// Show what would be sent, and leave all of it where it is
    #[arg(long)]
    dry_run: bool,
    /// Stop after so many messages
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    /// Send what is no event of an object, too; the converter will refuse it again
    #[arg(long)]
    all: bool,
    /// Delete what is no event of an object, each message shown first; send nothing
    #[arg(long, conflicts_with_all = ["all", "quiet"])]
    drop: bool,
    /// Say nothing of single messages
    #[arg(long, short)]
    quiet: bool,
}

const EXAMPLES: &str = "\
Examples:
  daymark redrive --stack daymark --dry-run
      What failed.

  daymark redrive --stack daymark
      All of it once more.

  daymark redrive --stack daymark --drop
      Is rid of what is no event of an object, and would be refused for ever.

Status: 0 nothing is left that was to be moved; 1 something is; 2 wrong usage.";

/// Runs the command.
pub(super) fn run(arguments: &RedriveArguments) -> anyhow::Result<Status> {
    if arguments.place.is_local() {
        return Err(usage(
            "expected --stack or --queue-url: a local folder has no queue",
        ));
    }
    block(Box::pin(redrive(arguments)))
}

/// What became of the messages.
#[derive(Debug, Default)]
struct Tally {
    /// Sent or deleted, or in a dry run to be.
    moved: u64,
    /// Not sent, or not deleted here.
    failed: u64,
    /// Not to be moved: what is no event of an object (or, where that is deleted, what is one), or of another queue.
    left: u64,
    /// Sent by this run, and here again.
    back: u64,
    failures_in_a_row: u32,
}

impl Tally {
    fn all(&self) -> u64 {
        self.moved + self.failed + self.left
    }
}

async fn redrive(arguments: &RedriveArguments) -> anyhow::Result<Status> {
    let found = Found::of(&arguments.place, false).await?;
    let config = found.config()?;
    let Some(queue) = config.days.queue_url.clone() else {
        return Err(usage(
            "expected --stack, --queue-url or DAYMARK_QUEUE_URL, so that there is a queue to send to",
        ));
    };
    let mut letters = Letters::new(&found.sdk, &queue);
    let attributes = letters.attributes(&queue).await?;
    let stack = found.stack.as_ref().and_then(|stack| stack.dead_letters());
    let from = match arguments.dead_letter_queue_url.clone().or(stack) {
        Some(url) => url,
        None => {
            let policy = attributes
                .get("RedrivePolicy")
                .and_then(|json| RedrivePolicy::parse(json));
            let policy = policy.with_context(|| {
                format!("{queue} has no redrive policy: expected --dead-letter-queue-url to say where its dead letters are")
            })?;
            letters.url_of(&policy.dead_letters).await?
        }
    };
    if from == queue {
        return Err(usage(format!(
            "expected the dead-letter queue to be another than {queue}"
        )));
    }
    letters.from(from.clone());
    let arn = attributes.get("QueueArn").cloned().unwrap_or_default();
    let run = Run {
        arguments,
        letters: &letters,
        layout: &config.layout,
        arn,
    };
    let tally = Box::pin(run.all()).await?;
    let waiting = letters.waiting().await.map(|waiting| waiting.to_string());
    let rest = waiting.unwrap_or_else(|error| format!("unknown ({error})"));
    let moved = counted(tally.moved, "message");
    let (failed, left, back) = (tally.failed, tally.left, tally.back);
    let what = match (arguments.drop, arguments.dry_run) {
        (true, true) => format!("{moved} would be deleted, {failed} failed, {left} left where they were"),
        (true, false) => format!("{moved} deleted, {failed} failed, {left} left where they were"),
        (false, is_dry) => format!(
            "{moved} {} to {queue}, {failed} failed, {left} left where they were, {back} back again",
            if is_dry { "would be sent" } else { "sent" }
        ),
    };
    print(&format!("{what}; now waiting in {from}, by SQS' count: {rest}\n"))?;
    // Where only what is no event is to go, the others are to stay.
    let whole = failed == 0 && back == 0 && (left == 0 || arguments.dry_run || arguments.drop);
    Ok(if whole { Status::Done } else { Status::Refused })
}

struct Run<'a> {
    arguments: &'a RedriveArguments,
    letters: &'a Letters,
    layout: &'a Layout,
    /// The ARN of the queue of parts.
    arn: String,
}

impl Run<'_> {
    /// Takes messages until there are none, or the limit is reached.
    async fn all(&self) -> anyhow::Result<Tally> {
        let mut tally = Tally::default();
        // What stays here, by its id, so that it is not met twice: with the handle that makes it visible again.
        let mut held: HashMap<String, String> = HashMap::new();
        // What was sent: if it fails again while this runs, it comes back with the same id.
        let mut sent: HashSet<String> = HashSet::new();
        let ended = loop {
            let room = self
                .arguments
                .limit
                .map_or(10, |limit| limit.saturating_sub(tally.all()).min(10));
            if room == 0 {
                break Ok(());
            }
            if tally.failures_in_a_row >= FAILURES_MAX {
                tell(&format!(
                    "error: {FAILURES_MAX} failures in a row, so no more are tried"
                ));
                break Ok(());
            }
            if held.len() >= HELD_MAX {
                tell(&format!(
                    "error: {HELD_MAX} messages are left here, so no more are looked at"
                ));
                break Ok(());
            }
            let received = match self.letters.receive(room).await {
                Ok(received) => received,
                Err(error) => break Err(error),
            };
            if received.is_empty() {
                break Ok(());
            }
            // Some that are held are visible again: all of the others have been seen.
            let known = received
                .iter()
                .filter(|letter| held.contains_key(&letter.id))
                .count();
            let is_round = known == received.len();
            self.batch(received, &mut tally, &mut held, &mut sent).await;
            if is_round {
                break Ok(());
            }
        };
        let handles: Vec<String> = held.into_values().collect();
        if let Err(error) = self.letters.show(&handles).await {
            tell(&format!(
                "note: what is left here is visible again in some minutes only: {error}"
            ));
        }
        ended.map(|()| tally)
    }

    async fn batch(
        &self,
        received: Vec<Letter>,
        tally: &mut Tally,
        held: &mut HashMap<String, String>,
        sent: &mut HashSet<String>,
    ) {
        let mut moves = Vec::new();
        for letter in received {
            if held.insert(letter.id.clone(), letter.handle.clone()).is_some() {
                continue;
            }
            if sent.contains(&letter.id) {
                tally.back += 1;
                self.say(
                    &letter,
                    "is back already: it was sent by this run, and failed again",
                );
                continue;
            }
            if let Some(why) = self.stays(&letter) {
                tally.left += 1;
                self.say(&letter, &format!("stays: {why}"));
                continue;
            }
            let shown = || one_line(&letter.body, BODY_COLUMNS);
            if self.arguments.dry_run {
                tally.moved += 1;
                match self.arguments.drop {
                    true => self.say(&letter, &format!("would be deleted: {}", shown())),
                    false => self.say(&letter, "would be sent"),
                }
                continue;
            }
            // Not before it was seen.
            if self.arguments.drop {
                self.say(&letter, &format!("deleting: {}", shown()));
            }
            moves.push(letter);
        }
        let moves = moves.into_iter().map(|letter| async move {
            let turn = match self.arguments.drop {
                true => self.letters.delete(&letter).await.map(|()| None),
                false => self.letters.pass_on(&letter).await.map(Some),
            };
            (letter, turn)
        });
        let mut moves = stream::iter(moves).buffered(10);
        while let Some((letter, turn)) = moves.next().await {
            match turn {
                Ok(id) => {
                    held.remove(&letter.id);
                    tally.moved += 1;
                    tally.failures_in_a_row = 0;
                    if let Some(id) = id {
                        sent.insert(id);
                        self.say(&letter, "sent");
                    }
                }
                Err(error) => {
                    tally.failed += 1;
                    tally.failures_in_a_row += 1;
                    tell(&format!("error: {}: {error}", self.about(&letter)));
                }
            }
            if self.arguments.quiet && tally.all().is_multiple_of(TOLD_EVERY) {
                tell(&format!("{} so far", counted(tally.all(), "message")));
            }
        }
    }

    /// Why a message is not to be moved.
    fn stays(&self, letter: &Letter) -> Option<String> {
        if let Some(source) = letter.source.as_deref().filter(|source| *source != self.arn) {
            return Some(format!("it failed in another queue, {source}"));
        }
        match notice::read(letter.body.as_bytes()) {
            Ok(_) if self.arguments.drop => Some("it is an event of an object".to_owned()),
            Err(error) if !self.arguments.all && !self.arguments.drop => Some(format!(
                "it is no event of an object: {error}; --drop deletes it, --all sends it"
            )),
            _ => None,
        }
    }

    fn say(&self, letter: &Letter, what: &str) {
        if !self.arguments.quiet {
            // A reader that is gone misses lines, and nothing else.
            let _ = print(&format!("{}  {what}\n", self.about(letter)));
        }
    }

    /// What a message is about: key, table and date, how often it was received, and since when it is under way.
    fn about(&self, letter: &Letter) -> String {
        let content = match notice::read(letter.body.as_bytes()) {
            Ok(Delivery::Direct(content)) => Some(content),
            _ => None,
        };
        let objects = content.as_ref().map(|content| {
            let told = content.notices.iter().map(|notice| {
                let key = one_line(&notice.key, KEY_COLUMNS);
                match self.layout.source_in(&notice.bucket, &notice.key) {
                    Ok(part) => format!("{key}  {} {}", part.table, part.date),
                    Err(skip) => format!("s3://{}/{key}  no part: {skip}", notice.bucket),
                }
            });
            told.chain(content.ignored.iter().map(|why| one_line(why, KEY_COLUMNS)))
                .collect::<Vec<_>>()
                .join(", ")
        });
        let objects = objects
            .filter(|objects| !objects.is_empty())
            .unwrap_or_else(|| format!("message {}", letter.id));
        let times = letter.receives.map_or(String::new(), |times| {
            format!("  received {}", counted(times, "time"))
        });
        let since = letter.sent_ms.and_then(Day::of_ms);
        let since = since.map_or(String::new(), |day| format!(", first sent {day}"));
        format!("{objects}{times}{since}")
    }
}

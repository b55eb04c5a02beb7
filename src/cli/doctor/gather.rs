//! All that is asked, in one go, and what the judges make of it.

use futures::future::{OptionFuture, join4};

use super::ask::Clients;
use super::bucket::{self, Configuration};
use crate::cli::days::place::{Found, Place};
use crate::cli::days::stack;
use crate::cli::in_words;
use crate::doctor::days::{self as judge_days, Stand};
use crate::doctor::functions::{self, Function, Mapping, Schedule};
use crate::doctor::landing::{self, Heads, Reach, Tried};
use crate::doctor::notification::{self, Wanted};
use crate::doctor::policy::{self, Sender};
use crate::doctor::queue::{self as judge_queue, Queue, Seen};
use crate::doctor::rule::{Rule, Verdict};
use crate::doctor::{Check, Failure, Finding, Level};
use crate::keys::{Day, Layout};
use crate::store::{Kind, Listing, StoreError};
use crate::sweep::Request;

/// What arguments name.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    pub(super) dead_letters: Option<String>,
    pub(super) convert: Option<String>,
    pub(super) manifest: Option<String>,
    pub(super) schedule: Option<String>,
}

/// What AWS answered.
#[derive(Debug)]
pub(super) struct Facts {
    region: Option<String>,
    landing: (Reach, Vec<Tried>),
    curated: (Reach, Vec<Tried>),
    /// Prefixes of the curated bucket's rules that abort uploads.
    aborting: Result<Vec<String>, Failure>,
    heads: Option<Heads>,
    configuration: Result<Configuration, Failure>,
    pub(super) queue: Result<Queue, Failure>,
    letters: Option<Result<Queue, Failure>>,
    /// Some of the dead letters.
    seen: Seen,
    rules: Result<Vec<(String, Rule)>, Failure>,
    pub(super) convert: Result<Function, Failure>,
    pub(super) manifest: Result<Function, Failure>,
    mappings: Result<Vec<Mapping>, Failure>,
    schedule: Option<Result<Schedule, Failure>>,
    days: Result<(Vec<Stand>, i64), String>,
    /// Whether functions and schedule have names at all.
    are_named: bool,
}

/// Asks for everything.
pub(super) async fn gather(clients: &Clients, found: &Found, place: &Place, names: Names) -> Facts {
    let layout = &place.config.layout;
    let (landing, curated) = (layout.landing().bucket(), layout.curated().bucket());
    let (reach_landing, reach_curated, configuration, (queue, letters, seen, rules)) = join4(
        clients.bucket(landing),
        clients.bucket(curated),
        bucket::read(&clients.s3, landing),
        queues(clients, found, place, names.dead_letters.clone()),
    )
    .await;
    let ((heads, tried_landing), tried_curated, days, aborting) = join4(
        heads(place),
        tried_curated(place),
        Box::pin(stands(place)),
        bucket::aborting(&clients.s3, curated),
    )
    .await;
    let (convert, manifest) = functions_of(clients, found, &names).await;
    let mappings = match (&queue, &convert) {
        (Ok(queue), Ok(convert)) => clients.mappings(&queue.arn, &convert.name).await,
        (Err(failure), _) | (_, Err(failure)) => Err(failure.clone()),
    };
    let stack = found.stack.as_ref();
    let schedule = names.schedule.or_else(|| stack?.schedule());
    let schedule = OptionFuture::from(schedule.as_deref().map(|name| clients.schedule(name))).await;
    Facts {
        region: found.sdk.region().map(|region| region.as_ref().to_owned()),
        landing: (reach_landing, tried_landing),
        curated: (reach_curated, tried_curated),
        aborting,
        heads,
        configuration,
        queue,
        letters,
        seen,
        rules,
        are_named: stack.is_some() || names.convert.is_some(),
        convert,
        manifest,
        mappings,
        schedule,
        days,
    }
}

type Queues = (
    Result<Queue, Failure>,
    Option<Result<Queue, Failure>>,
    Seen,
    Result<Vec<(String, Rule)>, Failure>,
);

async fn queues(clients: &Clients, found: &Found, place: &Place, letters: Option<String>) -> Queues {
    let Some(url) = &place.config.days.queue_url else {
        let unnamed =
            Failure::Absent("no --queue-url, no DAYMARK_QUEUE_URL and no --stack that has one".to_owned());
        return (Err(unnamed.clone()), None, Seen::default(), Err(unnamed));
    };
    let queue = match clients.queue(url).await {
        Ok(queue) => queue,
        Err(failure) => return (Err(failure.clone()), None, Seen::default(), Err(failure)),
    };
    let named = letters.or_else(|| found.stack.as_ref()?.dead_letters());
    let letters = match (named, &queue.redrive) {
        (Some(url), _) => Some(clients.queue(&url).await),
        (None, Some(policy)) => Some(match clients.queue_url(&policy.dead_letters).await {
            Ok(url) => clients.queue(&url).await,
            Err(failure) => Err(failure),
        }),
        (None, None) => None,
    };
    let seen = match &letters {
        // Whoever may not receive is told of everything else.
        Some(Ok(letters)) if letters.waiting > 0 => {
            clients.some_letters(&letters.url).await.unwrap_or_default()
        }
        _ => Seen::default(),
    };
    let rules = clients.rules(&queue.arn).await;
    (Ok(queue), letters, seen, rules)
}

async fn functions_of(
    clients: &Clients,
    found: &Found,
    names: &Names,
) -> (Result<Function, Failure>, Result<Function, Failure>) {
    let unnamed = || {
        Err(Failure::Absent(
            "neither --stack nor an argument names it".to_owned(),
        ))
    };
    let stack = found.stack.as_ref();
    let convert = match (&names.convert, stack) {
        (Some(name), _) => stack::function(&clients.functions, name).await,
        (None, Some(stack)) => stack.convert.clone(),
        (None, None) => unnamed(),
    };
    let manifest = match (&names.manifest, stack) {
        (Some(name), _) => stack::function(&clients.functions, name).await,
        (None, Some(stack)) => stack.manifest.clone(),
        (None, None) => unnamed(),
    };
    (convert, manifest)
}

fn of_store(error: &StoreError) -> Failure {
    match error.kind {
        Kind::Denied => Failure::Denied(error.to_string()),
        Kind::NotFound | Kind::NoSuchBucket => Failure::Absent(error.to_string()),
        _ => Failure::Other(error.to_string()),
    }
}

/// The head of what landed, and the rights that were tried on the way.
async fn heads(place: &Place) -> (Option<Heads>, Vec<Tried>) {
    let landing = place.config.layout.landing();
    let list = |listing: Listing| async move { place.store.list(landing.bucket(), &listing).await };
    let folders_of = |prefix: &str| Listing {
        delimiter: Some("/".to_owned()),
        ..Listing::of(prefix)
    };
    let mut tried = Vec::new();
    let mut heads = Heads::default();
    let page = list(Listing::of(landing.prefix())).await;
    let folders = list(folders_of(landing.prefix())).await;
    let result = match (&page, &folders) {
        (Err(error), _) | (_, Err(error)) => Err(of_store(error)),
        _ => Ok(()),
    };
    tried.push(Tried {
        action: "s3:ListBucket",
        on: landing.to_string(),
        result,
    });
    let (Ok(page), Ok(folders)) = (page, folders) else {
        return (None, tried);
    };
    heads.more = page.next.is_some();
    let part = page
        .objects
        .iter()
        .find(|object| object.size_bytes > 0 && place.config.layout.source(&object.key).is_ok());
    if let Some(part) = part {
        let read = place
            .store
            .get_tail(landing.bucket(), &part.key, &part.etag, 1)
            .await;
        tried.push(Tried {
            action: "s3:GetObject",
            on: format!("s3://{}/{}", landing.bucket(), part.key),
            result: read.map(drop).map_err(|error| of_store(&error)),
        });
    }
    heads.keys = page.objects.into_iter().map(|object| object.key).collect();
    heads.folders = folders.prefixes;
    if heads.keys.is_empty()
        && let Ok(top) = list(folders_of("")).await
    {
        let keys = top.objects.into_iter().map(|object| object.key);
        heads.top = top.prefixes.into_iter().chain(keys).collect();
    }
    (Some(heads), tried)
}

/// The rights on the curated bucket.
async fn tried_curated(place: &Place) -> Vec<Tried> {
    let curated = place.config.layout.curated();
    let listing = Listing {
        entries_max: Some(1),
        ..Listing::of(curated.prefix())
    };
    let listed = place.store.list(curated.bucket(), &listing).await;
    let mut tried = vec![Tried {
        action: "s3:ListBucket",
        on: curated.to_string(),
        result: listed.map(drop).map_err(|error| of_store(&error)),
    }];
    let key = format!("{}latest/latest.json", curated.prefix());
    let read = place.store.head(curated.bucket(), &key).await;
    tried.push(Tried {
        action: "s3:GetObject",
        on: format!("s3://{}/{key}", curated.bucket()),
        // That there is none yet is no matter of rights.
        result: read.map(drop).map_err(|error| of_store(&error)),
    });
    tried
}

/// The days of the look-back, as the next sweep would judge them; and S3's clock.
async fn stands(place: &Place) -> Result<(Vec<Stand>, i64), String> {
    let config = &place.config;
    let now = Listing {
        entries_max: Some(1),
        ..Listing::of(config.layout.curated().prefix())
    };
    let now = place.store.list(config.layout.curated().bucket(), &now).await;
    let now_ms = now.map_err(|error| error.to_string())?.date_ms;
    let back_ms = config.days.look_back_days.saturating_mul(86_400_000);
    let first = Day::of_ms(now_ms.saturating_sub(back_ms));
    let (Some(from), Some(to)) = (first, Day::new(2199, 12, 31)) else {
        return Err(format!(
            "expected S3's clock between 2000 and 2199, found {now_ms} ms since 1970"
        ));
    };
    let request = Request {
        days: Some((from, to)),
        dry_run: true,
        reconvert: false,
    };
    let report = Box::pin(place.looker().sweep(&request, None)).await;
    let report = report.map_err(|error| in_words(&error.into()))?;
    let stand = |day: crate::app::sweep::DayReport| match day.judged {
        Ok(judged) => Stand {
            date: day.date,
            state: Ok(judged.state),
            late: judged.late,
            reasons: judged.reasons.iter().map(ToString::to_string).collect(),
        },
        Err(error) => Stand {
            date: day.date,
            state: Err(in_words(&error.into())),
            late: false,
            reasons: Vec::new(),
        },
    };
    Ok((report.days.into_iter().map(stand).collect(), report.now_ms))
}

impl Facts {
    /// All findings but those about stack and settings. `place` is what names it on the command line.
    pub(super) fn findings(&self, open: &Place, place: &str, fix: &str) -> Vec<Finding> {
        let layout = &open.config.layout;
        let (landing, curated) = (layout.landing(), layout.curated());
        let region = self.region.as_deref();
        let mut findings = vec![
            landing::bucket(
                Check::LandingBucket,
                landing,
                &self.landing.0,
                region,
                &self.landing.1,
            ),
            landing::bucket(
                Check::CuratedBucket,
                curated,
                &self.curated.0,
                region,
                &self.curated.1,
            ),
        ];
        findings.push(landing::uploads(curated, &self.aborting));
        findings.push(self.notification(open, fix).unwrap_or_else(|| self.unread()));
        findings.extend(self.of_queue(open, place));
        findings.extend(self.of_functions());
        if let Some(heads) = &self.heads {
            findings.push(landing::day_folders(heads, layout));
        }
        match &self.days {
            Ok((days, now_ms)) => {
                findings.push(judge_days::last_complete(days, *now_ms));
                findings.push(judge_days::days(days, place));
            }
            Err(error) => findings.push(Finding::fault(Check::Days, error)),
        }
        findings
    }

    /// A part that is there.
    pub(super) fn a_part(&self, layout: &Layout) -> Option<&str> {
        let heads = self.heads.as_ref()?;
        let mut keys = heads.keys.iter().map(String::as_str);
        keys.find(|key| layout.source(key).is_ok())
    }

    /// S3's clock.
    pub(super) fn now_ms(&self) -> Option<i64> {
        self.days.as_ref().ok().map(|(_, now_ms)| *now_ms)
    }

    /// What the bucket tells the queue. None: not both could be read.
    pub(super) fn notification(&self, open: &Place, fix: &str) -> Option<Finding> {
        let layout = &open.config.layout;
        let (Ok(configuration), Ok(queue)) = (&self.configuration, &self.queue) else {
            return None;
        };
        let parts = self
            .heads
            .as_ref()
            .map(|heads| heads.parts(layout))
            .unwrap_or_default();
        let wanted = Wanted {
            landing: layout.landing(),
            queue_arn: &queue.arn,
            parts: &parts,
        };
        let finding = notification::judge(&configuration.notifications, &self.rules(), &wanted, fix);
        match self.unread_rules() {
            // They may be the way that parts take.
            Some(failure) if finding.level != Level::Ok => {
                Some(failure.finding(Check::Notification, "EventBridge's rules that send to the queue"))
            }
            _ => Some(finding),
        }
    }

    /// Why EventBridge's rules could not be read.
    pub(super) fn unread_rules(&self) -> Option<&Failure> {
        self.rules.as_ref().err()
    }

    /// EventBridge's rules that have the queue as their target, as far as they could be read.
    pub(super) fn rules(&self) -> Vec<Rule> {
        let rules = self.rules.iter().flatten();
        rules.map(|(_, rule)| rule.clone()).collect()
    }

    fn unread(&self) -> Finding {
        match &self.configuration {
            Err(failure) => failure.finding(Check::Notification, "what the landing bucket tells"),
            Ok(_) => Finding::warning(Check::Notification, "not looked at, since the queue is not known"),
        }
    }

    fn of_queue(&self, open: &Place, place: &str) -> Vec<Finding> {
        let queue = match &self.queue {
            Ok(queue) => queue,
            Err(failure) => return vec![failure.finding(Check::Queue, "the queue of parts")],
        };
        let timeout = self
            .convert
            .as_ref()
            .ok()
            .and_then(|function| function.timeout_seconds);
        let mut findings = vec![
            judge_queue::queue(queue),
            judge_queue::visibility(queue, timeout),
            judge_queue::redrive(queue, open.config.receives_max),
            match self.sender(open, queue) {
                Ok(sender) => policy::judge(queue.policy.as_deref(), &queue.arn, &sender),
                Err(failure) => Finding::warning(
                    Check::QueuePolicy,
                    format!("not looked at, since EventBridge's rules could not be read: {failure}"),
                ),
            },
        ];
        match &self.letters {
            Some(Ok(letters)) => {
                let mend = format!("daymark redrive {place}");
                findings.push(judge_queue::dead_letters(queue, letters, &self.seen, &mend));
            }
            Some(Err(failure)) => findings.push(failure.finding(Check::DeadLetters, "the dead-letter queue")),
            // The redrive policy's absence is told already.
            None => {}
        }
        findings.push(judge_queue::oldest_message(queue));
        findings
    }

    /// Who sends to the queue: EventBridge's rule, if that is the way parts take; else the bucket.
    fn sender(&self, open: &Place, queue: &Queue) -> Result<Sender, &Failure> {
        let landing = open.config.layout.landing();
        let configuration = self.configuration.as_ref().ok();
        let is_direct = configuration.is_some_and(|found| {
            found
                .notifications
                .entries
                .iter()
                .any(|entry| entry.tells(&queue.arn))
        });
        let rules = match &self.rules {
            Ok(rules) => rules.as_slice(),
            Err(failure) if !is_direct => return Err(failure),
            Err(_) => &[],
        };
        // Others may have the queue as their target, too.
        let tells = |rule: &&(String, Rule)| rule.1.judge(landing) == Verdict::Tells;
        Ok(match rules.iter().find(tells).or(rules.first()) {
            Some((arn, _)) if !is_direct => Sender {
                service: "events.amazonaws.com",
                arn: arn.clone(),
            },
            _ => {
                let partition = queue.arn.split(':').nth(1).unwrap_or("aws");
                Sender {
                    service: "s3.amazonaws.com",
                    arn: format!("arn:{partition}:s3:::{}", landing.bucket()),
                }
            }
        })
    }

    fn of_functions(&self) -> Vec<Finding> {
        let converter = match self.are_named {
            true => functions::converter(&self.convert, &self.mappings),
            false => Finding::warning(Check::Converter, "not looked at, since its name is not known")
                .mend("--stack NAME, or --convert-function NAME"),
        };
        let schedule = match &self.schedule {
            Some(schedule) => functions::schedule(schedule, self.manifest.as_ref().ok()),
            None => Finding::warning(Check::Schedule, "not looked at, since its name is not known")
                .mend("--stack NAME, or --schedule NAME and --manifest-function NAME"),
        };
        vec![converter, schedule]
    }
}

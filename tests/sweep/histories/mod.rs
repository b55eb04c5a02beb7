//! Random histories, each step held against a model that is written from the contract and knows nothing of the code that
//! judges days.

use std::collections::BTreeSet;
use std::time::Duration;

use daymark::app::sweep::{Report, SweepError};
use daymark::notice::Notice;
use daymark::server::faults::{Action, Rule};
use daymark::sweep::Request;
use tokio::task::JoinHandle;

use crate::lake::{Lake, Stall};
use crate::support::owners;

mod live;
mod model;
mod told;
mod written;

use model::Model;

/// Steps of one history.
const STEPS: u64 = 30;

/// Sweeps within which every day must be complete once nothing happens any more.
const SWEEPS_MAX: u32 = 9;

/// Messages that get lost in one history: fewer than make a part count as lost.
const LOST_MAX: u32 = 3;

/// A part that can never be converted.
const BAD: &[u8] = b"no gzip";

const DATES: [&str; 2] = ["2026-11-21", "2026-11-22"];

/// A small generator of numbers (splitmix64), so that a seed is a history.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % end
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.below(all.len() as u64)).unwrap()]
    }
}

/// A sweep that stands still before one of its requests.
struct Stalled {
    stall: Stall,
    sweep: JoinHandle<Result<Report, SweepError>>,
}

struct History {
    dice: Dice,
    lake: Lake,
    model: Model,
    delayed: Vec<Notice>,
    stalled: Option<Stalled>,
    lost: u32,
    quoted_null: &'static str,
}

impl History {
    async fn new(seed: u64) -> History {
        let lake = Lake::new().await;
        History {
            dice: Dice(seed),
            model: Model::default(),
            lake,
            delayed: Vec::new(),
            stalled: None,
            lost: 0,
            quoted_null: "false",
        }
    }

    fn tell(&self, step: String) {
        println!("  {step}");
    }

    fn key(&mut self) -> String {
        let date = self.dice.of(&DATES);
        let folder = match self.dice.below(6) {
            0 => date.replace('-', ""),
            _ => date.to_owned(),
        };
        let table = self.dice.of(&["OWNERS", "OWNERS", "THINGS"]);
        let name = self.dice.of(&["a", "b", "c"]);
        format!("hubspot/{folder}/{table}/{name}.csv.gz")
    }

    async fn step(&mut self) {
        match self.dice.below(30) {
            0..=5 => self.land().await,
            6 => self.delete().await,
            7 => self.purge().await,
            8 => self.deliver().await,
            9..=11 => {
                let minutes = self.dice.of(&[1, 16, 61, 61, 200]);
                self.tell(format!("{minutes} minutes pass"));
                self.lake.wait(minutes);
            }
            12..=14 => self.sweep().await,
            15 => self.crash().await,
            16 => self.overlap().await,
            17 => self.stall().await,
            18 => self.queue().await,
            19 => self.rewrite().await,
            20 | 21 => self.crash_converting().await,
            22 => self.convert_and_sweep().await,
            23 => self.fall_back(),
            24 | 25 => self.stray().await,
            26 => self.look_elsewhere().await,
            27 => self.lose_history().await,
            28 => self.run_ahead().await,
            _ => {
                self.quoted_null = self.dice.of(&["true", "false"]);
                self.tell(format!("QUOTED_NULL={}", self.quoted_null));
                self.lake.configure(&[("QUOTED_NULL", self.quoted_null)]);
            }
        }
        let holds = self.stalled.is_some();
        self.model.check(&self.lake, holds).await;
    }

    /// A part is new, or replaced, perhaps by what it was before; its notice comes, comes later, or gets lost.
    async fn land(&mut self) {
        let key = self.key();
        let rows = 1 + self.dice.below(3);
        let bytes = match self.dice.below(25) {
            0 => BAD.to_vec(),
            _ => owners(1, rows),
        };
        self.model.touch(&key);
        let notice = self.lake.land(&key, bytes).await;
        self.model.look(&self.lake).await;
        let fate = self.dice.below(10);
        self.tell(format!("{key} lands with {rows} rows: {fate}"));
        match fate {
            0 => {}
            1..=3 => self.delayed.push(notice),
            4 => {
                self.lake.convert(&notice).await;
                self.delayed.push(notice);
            }
            _ => self.lake.convert(&notice).await,
        }
    }

    async fn delete(&mut self) {
        let keys = self.model.landing();
        if !keys.is_empty() {
            let key = keys[usize::try_from(self.dice.below(keys.len() as u64)).unwrap()].clone();
            self.tell(format!("{key} is deleted"));
            self.lake.purge(&key).await;
            self.model.look(&self.lake).await;
        }
    }

    /// A folder goes object by object, with sweeps in between.
    async fn purge(&mut self) {
        let folder = self.key();
        let folder = folder.split('/').take(2).collect::<Vec<_>>().join("/") + "/";
        self.tell(format!("{folder} is purged"));
        for key in self.model.landing() {
            if key.starts_with(&folder) {
                self.lake.purge(&key).await;
                self.model.look(&self.lake).await;
                if self.dice.below(3) == 0 {
                    self.sweep().await;
                }
            }
        }
    }

    /// A folder of one table is written anew, with what was in it and in another order.
    async fn rewrite(&mut self) {
        let key = self.key();
        let folder = key.split('/').take(3).collect::<Vec<_>>().join("/") + "/";
        self.tell(format!("{folder} is written anew"));
        let mut keys = self.model.landing();
        keys.retain(|key| key.starts_with(&folder));
        while !keys.is_empty() {
            let at = usize::try_from(self.dice.below(keys.len() as u64)).unwrap();
            let key = keys.swap_remove(at);
            let rows = 1 + self.dice.below(3);
            self.model.touch(&key);
            let notice = self.lake.land(&key, owners(1, rows)).await;
            self.model.look(&self.lake).await;
            match self.dice.below(3) {
                0 => self.delayed.push(notice),
                _ => self.lake.convert(&notice).await,
            }
        }
    }

    /// The next notice that is late.
    fn late(&mut self) -> Option<Notice> {
        let all = u64::try_from(self.delayed.len()).unwrap();
        let at = (all > 0).then(|| usize::try_from(self.dice.below(all)).unwrap());
        at.map(|at| self.delayed.swap_remove(at))
    }

    /// A converter ends before or after one of its requests; its message comes back, or is lost.
    async fn crash_converting(&mut self) {
        let Some(notice) = self.late() else { return };
        let (nth, done) = (1 + self.dice.below(6), self.dice.below(2));
        self.tell(format!(
            "the notice of {} comes, its converter ends at request {nth}, done: {done}",
            notice.key
        ));
        let faults = self.lake.world.faults();
        if done == 1 {
            faults.inject(Rule::any().nth(nth), Action::LoseAnswer);
        }
        faults.inject(Rule::any().nth(nth + done).always(), Action::Refuse);
        self.lake.convert_fragile(&notice).await;
        faults.clear();
        if self.dice.below(3) > 0 {
            self.delayed.push(notice);
        }
    }

    /// Somebody copies a part's Parquet: to another name, table or day.
    async fn stray(&mut self) {
        let outputs: Vec<String> = self.lake.under(&["table="]).await.into_keys().collect();
        if outputs.is_empty() {
            return;
        }
        let from = &outputs[usize::try_from(self.dice.below(outputs.len() as u64)).unwrap()];
        let (folder, name) = from.rsplit_once('/').unwrap();
        let (_, id) = name.rsplit_once('-').unwrap();
        let date = self.dice.of(&DATES);
        let to = match self.dice.below(4) {
            0 => format!("{folder}/stray-{id}"),
            1 => format!("lake/table=owners/date={date}/{name}"),
            2 => format!("lake/table=things/date={date}/{name}"),
            _ => format!("lake/table=things/date={date}/stray-{id}"),
        };
        if outputs.contains(&to) {
            return;
        }
        self.tell(format!("{from} is copied to {to}"));
        let bytes = self.lake.world.get(from).await;
        self.lake.overwrite(&to, bytes).await;
    }

    /// Another landing prefix comes and goes, with sweeps in between that see no source. What lies where it does not belong
    /// could not be told meanwhile.
    async fn look_elsewhere(&mut self) {
        let mut is_told = self.stalled.is_none();
        for key in self.lake.under(&["table="]).await.into_keys() {
            is_told &= model::belongs(&key, &self.lake.world.footer(&key).await.source_key);
        }
        if !is_told {
            return;
        }
        self.tell("LANDING_PREFIX=crm/".to_owned());
        self.lake
            .configure(&[("QUOTED_NULL", self.quoted_null), ("LANDING_PREFIX", "crm/")]);
        self.model.hide(&self.lake).await;
        for _ in 0..=self.dice.below(2) {
            let minutes = self.dice.of(&[1, 61, 200]);
            self.lake.wait(minutes);
            self.sweep().await;
        }
        self.tell("LANDING_PREFIX=hubspot/".to_owned());
        self.lake.configure(&[("QUOTED_NULL", self.quoted_null)]);
        self.model.show(&self.lake).await;
    }

    /// Parts become Parquet while a sweep lists them.
    async fn convert_and_sweep(&mut self) {
        let Some(notice) = self.late() else { return };
        self.tell(format!("the notice of {} comes during a sweep", notice.key));
        let (request, sweeper) = (Request::default(), self.lake.sweeper());
        let (swept, ()) = tokio::join!(sweeper.sweep(&request, None), self.lake.convert(&notice));
        swept.unwrap();
    }

    /// The servers of S3 need not agree on the time. A sweep that stands still meanwhile would be taken for a newer one.
    fn fall_back(&mut self) {
        if self.stalled.is_none() {
            let seconds = 1 + self.dice.below(90);
            self.tell(format!("S3's clock is {seconds} seconds behind what it was"));
            self.lake.clock.retreat(Duration::from_secs(seconds));
        }
    }

    /// S3's clock is hours, or days, ahead while it is swept, and then right again.
    async fn run_ahead(&mut self) {
        if self.stalled.is_some() {
            return;
        }
        let hours = self.dice.of(&[3, 26, 9 * 24, 400 * 24]);
        self.tell(format!("S3's clock is {hours} hours ahead"));
        let ahead = Duration::from_secs(hours * 60 * 60);
        self.lake.clock.advance(ahead);
        self.model.ahead_ms = i64::try_from(ahead.as_millis()).unwrap();
        for _ in 0..=self.dice.below(2) {
            self.sweep().await;
        }
        self.tell("S3's clock is right again".to_owned());
        self.lake.clock.retreat(ahead);
        self.model.ahead_ms = 0;
    }

    /// All manifests of some days are deleted, and perhaps the symlinks with them, or the ledgers. Of a day that has Parquet of
    /// which the source is gone, the symlinks stay: they are all that tells what was published of it.
    async fn lose_history(&mut self) {
        if self.stalled.is_some() {
            return;
        }
        let some = self.dice.of(&[&DATES[..], &DATES[..1], &DATES[1..]]);
        for date in some {
            let keeps_symlinks = self.dice.below(2) == 0 || self.model.is_purged(&self.lake, date).await;
            let keeps_ledgers = self.dice.below(2) == 0;
            self.tell(format!(
                "the history of {date} is lost; symlinks are kept: {keeps_symlinks}, ledgers: {keeps_ledgers}"
            ));
            for key in self
                .lake
                .under(&["manifest/", "published/", "live/", "parts/"])
                .await
                .into_keys()
            {
                let is_kept = match key.split('/').nth(1) {
                    Some("manifest") => false,
                    Some("parts") => keeps_ledgers,
                    // Who deletes a table deletes what names it.
                    _ if key.contains("table=daymark_parts/") => keeps_symlinks && keeps_ledgers,
                    _ => keeps_symlinks,
                };
                if !is_kept && model::date_in(&key) == Some(date) {
                    self.lake.remove(&key).await;
                }
            }
            self.model.lose(date, keeps_symlinks, keeps_ledgers);
        }
        if self.dice.below(2) == 0 {
            self.lake.remove("lake/manifest/sweep.json").await;
        }
    }

    async fn deliver(&mut self) {
        if let Some(notice) = self.late() {
            self.tell(format!("the notice of {} comes", notice.key));
            self.lake.convert(&notice).await;
        }
    }

    async fn queue(&mut self) {
        let lose = self.lost < LOST_MAX && self.dice.below(3) == 0;
        self.tell(format!("the queue is worked off, lost: {lose}"));
        if lose {
            self.lost += u32::from(!self.lake.queue.take().is_empty());
        }
        self.lake.work().await;
    }

    async fn sweep(&mut self) {
        self.tell("a sweep".to_owned());
        let report = self.lake.ask("{}").await.unwrap();
        let mut left = BTreeSet::new();
        for day in &report.days {
            if day.judged.as_ref().unwrap().overtaken {
                left.insert(day.date.to_string());
            }
        }
        let holds = self.stalled.is_some();
        self.model
            .check_swept(&self.lake, holds, report.now_ms, &left)
            .await;
    }

    async fn crash(&mut self) {
        let faults = self.lake.world.faults();
        if self.dice.below(3) == 0 {
            self.tell("a sweep ends as soon as it has told something".to_owned());
            let marker = Rule::any().key_contains(".announced");
            faults.inject(marker.always(), Action::Refuse);
        } else {
            let (nth, done) = (1 + self.dice.below(80), self.dice.below(2));
            self.tell(format!("a sweep ends at request {nth}, done: {done}"));
            if done == 1 {
                faults.inject(Rule::any().nth(nth), Action::LoseAnswer);
            }
            faults.inject(Rule::any().nth(nth + done).always(), Action::Refuse);
        }
        self.model.disturb();
        drop(self.lake.fragile().sweep(&Request::default(), None).await);
        faults.clear();
    }

    async fn overlap(&mut self) {
        self.tell("two sweeps at once".to_owned());
        self.model.disturb();
        let request = Request::default();
        let (one, other) = (self.lake.sweeper(), self.lake.sweeper());
        // Whoever comes second may be told so.
        let (one, other) = tokio::join!(one.sweep(&request, None), other.sweep(&request, None));
        one.unwrap();
        other.unwrap();
    }

    /// A sweep stands still; the next time it goes on.
    async fn stall(&mut self) {
        if let Some(Stalled { stall, sweep }) = self.stalled.take() {
            self.tell("the sweep that stood still goes on".to_owned());
            stall.go.notify_one();
            drop(sweep.await.unwrap());
            self.model.let_go();
            return;
        }
        let nth = 1 + self.dice.below(60);
        self.tell(format!("a sweep stands still before request {nth}"));
        let stall = Stall::default();
        self.model.hold();
        let faults = self.lake.world.faults();
        faults.inject(Rule::any().nth(nth), stall.action());
        let sweeper = self.lake.fragile();
        let mut sweep =
            tokio::task::spawn_local(async move { sweeper.sweep(&Request::default(), None).await });
        let ended = tokio::select! {
            () = stall.held.notified() => false,
            ended = &mut sweep => {
                drop(ended.unwrap());
                true
            }
        };
        faults.clear();
        if ended {
            self.model.let_go();
        } else {
            self.stalled = Some(Stalled { stall, sweep });
        }
    }

    /// Nothing happens any more but what Daymark does by itself.
    async fn come_to_rest(&mut self) {
        if self.stalled.is_some() {
            self.stall().await;
            self.model.check(&self.lake, false).await;
        }
        self.delayed.clear();
        for _ in 0..SWEEPS_MAX {
            self.lake.work().await;
            self.lake.wait(130);
            self.sweep().await;
        }
        self.model.check_rest(&self.lake).await;
        let before = self.lake.under(&[""]).await;
        self.sweep().await;
        assert_eq!(self.lake.under(&[""]).await, before, "a lake at rest");
    }
}

fn run(seed: u64) {
    println!("history {seed}");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let mut history = History::new(seed).await;
        for _ in 0..STEPS {
            history.step().await;
        }
        history.come_to_rest().await;
    });
}

/// `DAYMARK_HISTORIES=FROM..TO` runs others, and `cargo test --test sweep histories -- --nocapture` shows their steps.
#[test]
fn histories() {
    let asked = std::env::var("DAYMARK_HISTORIES").ok();
    let (from, to) = match asked.as_deref().and_then(|text| text.split_once("..")) {
        Some((from, to)) => (from.parse().unwrap(), to.parse().unwrap()),
        None => (0, 40),
    };
    let half = from + (to - from) / 2;
    std::thread::scope(|scope| {
        scope.spawn(|| (from..half).for_each(run));
        scope.spawn(|| (half..to).for_each(run));
    });
    println!("{} histories of {STEPS} steps", to - from);
}

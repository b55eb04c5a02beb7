//! Where the days are: two places in S3, named one by one or by their stack, or a local folder that is served as if it
//! were S3.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, anyhow};
use aws_config::SdkConfig;
use clap::Args;

use super::stack::Stack;
use crate::app::handler::{Handler, Invocation};
use crate::app::sweep::Sweeper;
use crate::bus::Bus;
use crate::cli::remote::{has_region, local_path, place_or_prefix};
use crate::cli::{tell, usage};
use crate::config::{Config, PREFIX};
use crate::doctor::Failure;
use crate::glue::Glue;
use crate::keys::{self, Day};
use crate::queue::Queue;
use crate::server::{Server, ServerConfig};
use crate::store::{Listed, Listing, Store, Tuning};
use crate::telemetry::Metrics;

/// The bucket that parts land in, locally.
pub(in crate::cli) const LANDING: &str = "landing";
/// The bucket that everything is written to, locally.
pub(in crate::cli) const CURATED: &str = "curated";
/// The folder that parts land in, locally, unless a setting says otherwise.
pub(in crate::cli) const LANDING_PREFIX: &str = "hubspot/";

/// The largest object of ours that is read whole: a manifest of some hundred thousand parts.
const SMALL_BYTES_MAX: u64 = 512 << 20;

/// Where the days are. Other settings come from the stack's functions, and from DAYMARK_… variables, as the functions read
/// them.
#[derive(Args, Clone, Debug)]
pub(in crate::cli) struct PlaceArguments {
    /// A local folder with landing/ and curated/ in it, as `daymark demo` makes it
    #[arg(long, value_name = "FOLDER", value_parser = local_path(), conflicts_with_all = ["stack", "landing", "curated", "queue_url"])]
    dir: Option<PathBuf>,
    /// The stack that was deployed from the template: all that follows, and the functions' settings, are read from it
    #[arg(long, value_name = "NAME")]
    stack: Option<String>,
    /// Where parts land, as s3://bucket/prefix; otherwise DAYMARK_LANDING_BUCKET and _PREFIX say it
    #[arg(long, value_name = "URL", value_parser = place_or_prefix)]
    landing: Option<String>,
    /// Where their Parquet is, as s3://bucket/prefix; otherwise DAYMARK_CURATED_BUCKET and _PREFIX
    #[arg(long, value_name = "URL", value_parser = place_or_prefix)]
    curated: Option<String>,
    /// The queue that parts are sent to; otherwise DAYMARK_QUEUE_URL
    #[arg(long, value_name = "URL")]
    queue_url: Option<String>,
}

impl PlaceArguments {
    /// Whether a local folder is meant.
    pub(in crate::cli) fn is_local(&self) -> bool {
        self.dir.is_some()
    }

    /// The local folder, if it is one.
    pub(super) fn dir(&self) -> Option<&Path> {
        self.dir.as_deref()
    }

    /// The same arguments once more, for a command that is told to the user.
    pub(in crate::cli) fn again(&self) -> String {
        let dir = self.dir.as_ref().map(|dir| dir.display().to_string());
        let given = [
            ("dir", &dir),
            ("stack", &self.stack),
            ("landing", &self.landing),
            ("curated", &self.curated),
            ("queue-url", &self.queue_url),
        ];
        let given = given
            .iter()
            .filter_map(|(name, value)| Some(format!("--{name} {}", value.as_ref()?)));
        given.collect::<Vec<_>>().join(" ")
    }
}

/// What arguments, stack and environment say, before it is known whether that will do.
#[derive(Debug)]
pub(in crate::cli) struct Found {
    pub(in crate::cli) sdk: SdkConfig,
    pub(in crate::cli) stack: Option<Stack>,
    /// Settings of the environment that are something else in the stack's functions, by their names.
    pub(in crate::cli) here: Vec<String>,
    settings: BTreeMap<String, String>,
}

impl Found {
    /// Asks the stack, if there is one, and puts the environment and then the arguments on top of what it says. `lenient`:
    /// functions that cannot be asked leave out their settings, and stop nothing.
    pub(in crate::cli) async fn of(arguments: &PlaceArguments, lenient: bool) -> anyhow::Result<Found> {
        let sdk = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
        let stack = match &arguments.stack {
            Some(name) => {
                has_region(&sdk)?;
                let stack = Stack::read(&sdk, name).await;
                Some(stack.map_err(|failure| refused(name, &failure))?)
            }
            None => None,
        };
        let mut settings = match &stack {
            None => BTreeMap::new(),
            Some(stack) => match stack.settings() {
                Ok(settings) => settings,
                Err(_) if lenient => stack.places(),
                Err(failure) => return Err(refused(&stack.name, &failure)),
            },
        };
        let mut here = Vec::new();
        for (name, value) in environment()? {
            let before = settings.insert(name.clone(), value.clone());
            if stack.is_some() && before.is_none_or(|before| before != value) {
                here.push(name);
            }
        }
        let places = [(&arguments.landing, "LANDING"), (&arguments.curated, "CURATED")];
        for (url, name) in places {
            if let Some(url) = url {
                let flag = name.to_lowercase();
                let place = keys::Place::parse(url).map_err(|error| usage(format!("--{flag}: {error}")))?;
                settings.insert(format!("{PREFIX}{name}_BUCKET"), place.bucket().to_owned());
                settings.insert(format!("{PREFIX}{name}_PREFIX"), place.prefix().to_owned());
            } else if !settings.contains_key(&format!("{PREFIX}{name}_BUCKET")) {
                return Err(usage(format!(
                    "expected --stack, --landing and --curated, or --dir; found no --{} and no {PREFIX}{name}_BUCKET",
                    name.to_lowercase()
                )));
            }
        }
        if let Some(url) = &arguments.queue_url {
            settings.insert(format!("{PREFIX}QUEUE_URL"), url.clone());
        }
        Ok(Found {
            sdk,
            stack,
            here,
            settings,
        })
    }

    /// The settings, checked as a whole, and that there is a region to go by them in.
    pub(in crate::cli) fn config(&self) -> anyhow::Result<Config> {
        let config = config(self.settings.clone())?;
        has_region(&self.sdk)?;
        Ok(config)
    }
}

fn refused(stack: &str, failure: &Failure) -> anyhow::Error {
    match failure {
        Failure::Denied(detail) => anyhow!(
            "--stack {stack}: not allowed to read it: {detail}. It takes cloudformation:DescribeStacks and ListStackResources, and lambda:GetFunctionConfiguration; or name the places one by one, with the functions' settings in the environment"
        ),
        Failure::Absent(detail) | Failure::Other(detail) => anyhow!("--stack {stack}: {detail}"),
    }
}

/// A place that is open.
#[derive(Debug)]
pub(in crate::cli) struct Place {
    pub(in crate::cli) config: Arc<Config>,
    pub(in crate::cli) store: Store,
    pub(super) queue: Option<Queue>,
    /// Converts, where nobody else does: locally.
    pub(super) handler: Option<Handler>,
    bus: Option<Bus>,
    glue: Option<Glue>,
    server: Option<Server>,
}

impl Place {
    /// Opens the place that arguments, stack and environment name.
    pub(super) async fn open(arguments: &PlaceArguments) -> anyhow::Result<Place> {
        Place::open_with(arguments, |_| {}).await
    }

    /// The same, with settings that this command has its own way with.
    pub(super) async fn open_with(
        arguments: &PlaceArguments,
        change: impl FnOnce(&mut Config),
    ) -> anyhow::Result<Place> {
        if let Some(dir) = &arguments.dir {
            let settings = environment()?;
            let shown = || dir.display().to_string();
            if !dir.join(LANDING).is_dir() && !dir.join(CURATED).is_dir() {
                let found = if dir.is_dir() { "neither" } else { "no such folder" };
                return Err(usage(format!(
                    "--dir {}: expected a folder with {LANDING}/ and {CURATED}/ in it, found {found}",
                    shown()
                )));
            }
            let server = Server::start(ServerConfig::new(dir)).await.with_context(shown)?;
            return Place::serve(server, settings, change);
        }
        let found = Found::of(arguments, false).await?;
        for name in &found.here {
            tell(&format!(
                "note: {name} is set here to something else than in the stack's functions; here, this program goes by its own"
            ));
        }
        let mut config = found.config()?;
        change(&mut config);
        Ok(Place::cloud(&found.sdk, config).await)
    }

    /// The cloud, as a configuration has it.
    pub(in crate::cli) async fn cloud(sdk: &SdkConfig, config: Config) -> Place {
        Place {
            queue: config.days.queue_url.as_deref().map(|url| Queue::sqs(sdk, url)),
            bus: config.days.event_bus.as_deref().map(|name| Bus::new(sdk, name)),
            glue: config
                .days
                .glue_database
                .as_deref()
                .map(|name| Glue::new(sdk, name)),
            config: Arc::new(config),
            store: Store::from_env(&Tuning::default()).await,
            handler: None,
            server: None,
        }
    }

    /// A local folder that is served.
    pub(in crate::cli) fn serve(
        server: Server,
        mut settings: BTreeMap<String, String>,
        change: impl FnOnce(&mut Config),
    ) -> anyhow::Result<Place> {
        for (name, value) in [("LANDING_BUCKET", LANDING), ("CURATED_BUCKET", CURATED)] {
            server.create_bucket(value)?;
            settings.insert(format!("{PREFIX}{name}"), value.to_owned());
        }
        let prefix = format!("{PREFIX}LANDING_PREFIX");
        settings
            .entry(prefix)
            .or_insert_with(|| LANDING_PREFIX.to_owned());
        for name in ["QUEUE_URL", "EVENT_BUS", "GLUE_DATABASE"] {
            settings.remove(&format!("{PREFIX}{name}"));
        }
        let mut config = config(settings)?;
        // No Athena looks into a folder, and no function converts what lands in it.
        config.days.policy.ends_tomorrow = false;
        config.days.policy.converts_itself = true;
        change(&mut config);
        let tuning = Tuning {
            path_style: true,
            ..Tuning::default()
        };
        let store = Store::new(&server.sdk_config(), &tuning);
        Ok(Place {
            handler: Some(Handler::new(config.clone(), store.clone(), Metrics::none())),
            config: Arc::new(config),
            store,
            queue: Some(Queue::here()),
            bus: None,
            glue: None,
            server: Some(server),
        })
    }

    /// Sweeps as the manifest function does.
    pub(in crate::cli) fn sweeper(&self) -> Sweeper {
        self.by(Arc::clone(&self.config), self.queue.clone())
    }

    /// Sweeps as if no part had been sent before, however often it was; but what may still be in the queue waits until that was
    /// empty.
    pub(super) fn lost_too(&self, queue: Option<Queue>) -> Sweeper {
        let mut config = Config::clone(&self.config);
        config.days.policy.sends_max = u32::MAX;
        config.days.policy.send_after_ms = 0;
        self.by(Arc::new(config), queue)
    }

    fn by(&self, config: Arc<Config>, queue: Option<Queue>) -> Sweeper {
        let bus = self.bus.clone();
        // Whoever names no bus, or no catalog, here leaves events to the function's next sweep, which sees to both; a local folder
        // has neither. A catalog that is named is written.
        let leaves_telling = self.server.is_none() && (bus.is_none() || self.glue.is_none());
        let sweeper = Sweeper::new(config, self.store.clone(), queue, bus);
        let sweeper = sweeper.with_glue(self.glue.clone());
        match leaves_telling {
            true => sweeper.leaving_telling(),
            false => sweeper,
        }
    }

    /// Sweeps without a queue, for dry runs: nobody need be allowed to look into it.
    pub(in crate::cli) fn looker(&self) -> Sweeper {
        Sweeper::new(Arc::clone(&self.config), self.store.clone(), None, None).with_glue(self.glue.clone())
    }

    /// What a person calls this place.
    pub(super) fn name(&self) -> String {
        match &self.server {
            Some(server) => server.root().display().to_string(),
            None => self.config.layout.curated().to_string(),
        }
    }

    /// That there is no day, and where none is.
    pub(super) fn no_days(&self) -> String {
        let (landing, curated) = (self.config.layout.landing(), self.config.layout.curated());
        let [landing, curated] = [landing, curated].map(|place| match &self.server {
            Some(server) => {
                let folder = server.root().join(place.bucket());
                format!("{}/{}", folder.display(), place.prefix())
            }
            None => place.to_string(),
        });
        format!("No days in {landing} or {curated}.\n")
    }

    /// Ends the server, if there is one.
    pub(in crate::cli) async fn close(self) {
        if let Some(server) = self.server {
            server.stop().await;
        }
    }

    /// An object of the curated bucket. None: it is not there.
    pub(super) async fn read(&self, key: &str) -> anyhow::Result<Option<Vec<u8>>> {
        let bucket = self.config.layout.curated().bucket();
        let read = self.store.read_small(bucket, key, SMALL_BYTES_MAX).await?;
        Ok(read.map(|(bytes, _)| bytes.to_vec()))
    }

    /// All objects of the curated bucket whose keys start so.
    pub(super) async fn list(&self, prefix: String) -> anyhow::Result<Vec<Listed>> {
        Ok(self.pages(Listing::of(prefix)).await?.0)
    }

    /// The days that have a folder `date=…` below a prefix of the curated bucket, in their order.
    pub(super) async fn dates(&self, prefix: &str, from: &Day, to: &Day) -> anyhow::Result<Vec<Day>> {
        let names = self.names(&format!("{prefix}date=")).await?;
        let days = names.iter().filter_map(|name| Day::parse(name));
        Ok(days.filter(|day| from <= day && day <= to).collect())
    }

    /// What folders are called behind a prefix of the curated bucket.
    pub(super) async fn names(&self, prefix: &str) -> anyhow::Result<Vec<String>> {
        let listing = Listing {
            delimiter: Some("/".to_owned()),
            ..Listing::of(prefix)
        };
        let (_, folders) = self.pages(listing).await?;
        let names = folders
            .iter()
            .filter_map(|folder| folder.strip_prefix(prefix)?.strip_suffix('/'));
        Ok(names.map(str::to_owned).collect())
    }

    async fn pages(&self, mut listing: Listing) -> anyhow::Result<(Vec<Listed>, Vec<String>)> {
        let bucket = self.config.layout.curated().bucket();
        let (mut objects, mut folders) = (Vec::new(), Vec::new());
        loop {
            let page = self.store.list(bucket, &listing).await?;
            objects.extend(page.objects);
            folders.extend(page.prefixes);
            match page.next {
                Some(start) => listing.start = start,
                None => return Ok((objects, folders)),
            }
        }
    }
}

/// Has the function's handler take the body of one message to its end; what became of its parts, in words.
pub(super) async fn handle(handler: &Handler, body: &str) -> Result<String, String> {
    let invocation = Invocation {
        request_id: "local".to_owned(),
        deadline: None,
    };
    let answer = handler.handle(body.as_bytes(), invocation).await;
    let answer = answer.map_err(|error| error.to_string())?;
    let parts = answer.get("parts").and_then(serde_json::Value::as_array);
    let told = parts.into_iter().flatten().map(|part| {
        let text = |name: &str| part.get(name).and_then(serde_json::Value::as_str);
        format!(
            "{}: {}",
            text("key").unwrap_or_default(),
            text("outcome").unwrap_or_default()
        )
    });
    Ok(told.collect::<Vec<_>>().join("\n"))
}

/// The environment's settings.
fn environment() -> anyhow::Result<BTreeMap<String, String>> {
    let mut settings = BTreeMap::new();
    for (name, value) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.starts_with(PREFIX) {
            let value = value
                .into_string()
                .map_err(|_| anyhow!("{name}: expected UTF-8"))?;
            settings.insert(name, value);
        }
    }
    Ok(settings)
}

fn config(settings: BTreeMap<String, String>) -> anyhow::Result<Config> {
    let read_file = |path: &str| std::fs::read_to_string(Path::new(path)).map_err(|error| error.to_string());
    Config::from_vars(settings, read_file).map_err(|error| usage(error.to_string()))
}

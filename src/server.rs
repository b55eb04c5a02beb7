//! An S3 server inside the process, over a local folder.
//!
//! `daymark demo` and the tests run against it with the same client and the same handler as in the cloud, so that what
//! is promised about S3 is tried on a real protocol. It does what those promises rest on: conditional writes in one
//! step, conditional and ranged reads, listings, multipart uploads, any legal key, checksums, signatures. It listens
//! on the loopback interface unless told otherwise, and forgets nothing when stopped: ordinary keys are ordinary files.
//!
//! What it does not know (versions, tags, customer keys, lifecycle rules) it refuses with 501 and does not ignore.
//! `tests/s3_conformance.rs` holds it against S3's documentation, and another implementation against the same.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, DATE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use s3s::auth::{S3Auth, SecretKey};
use s3s::config::{S3Config, StaticConfigProvider};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{Body, S3Result, StdError, s3_error};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};

use self::api::Api;
use self::body::SharedBody;
use self::clock::Clock;
use self::faults::{Closed, Faults, Plan};
use self::folder::Folder;
use self::operation::Call;

mod api;
mod body;
mod checksums;
pub mod clock;
mod conditions;
pub mod faults;
mod folder;
mod listing;
pub mod operation;
mod record;
mod refusal;
mod uploads;

/// The region the server's clients sign for. It takes any.
pub const REGION: &str = "us-east-1";

/// Requests under way get this long to end when the server is stopped.
const GRACE: Duration = Duration::from_secs(5);

/// What a server needs to know.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// The folder: a sub-folder a bucket. Made if need be.
    pub root: PathBuf,
    /// Where to listen; port 0 takes a free one.
    pub address: SocketAddr,
    /// The one access key it knows.
    pub access_key: String,
    /// The secret of that key.
    pub secret_key: String,
    /// What gives objects their time of change, and answers their `Date`.
    pub clock: Clock,
}

impl ServerConfig {
    /// This folder, on a free port of 127.0.0.1, with keys of no meaning.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            access_key: "daymark".to_owned(),
            secret_key: "daymark-local".to_owned(),
            clock: Clock::system(),
        }
    }
}

/// Why a server did not start, or a bucket was not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// The folder cannot be used.
    #[error("cannot use folder {path}: {cause}", path = path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// Another process has the folder open.
    #[error("folder {path} is already served by another process", path = path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {cause}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system says.
        cause: io::Error,
    },
    /// A bucket's name is not allowed, or its folder cannot be made.
    #[error("cannot make bucket {bucket:?}: {reason}")]
    Bucket {
        /// The bucket.
        bucket: String,
        /// The S3 error's code.
        reason: String,
    },
}

/// A running server. Dropping it ends it at once; [`Server::stop`] lets requests end.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    config: ServerConfig,
    folder: Arc<Folder>,
    faults: Faults,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Server {
    /// Starts a server on the current Tokio runtime. When this returns, it can be called.
    ///
    /// # Errors
    /// See [`ServerError`].
    pub async fn start(config: ServerConfig) -> Result<Self, ServerError> {
        let folder = open(&config)?;
        let listen = |cause| ServerError::Listen {
            address: config.address,
            cause,
        };
        let listener = TcpListener::bind(config.address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let faults = Faults::default();
        let mut service = S3ServiceBuilder::new(Api::new(Arc::clone(&folder), faults.clone()));
        service.set_auth(OneKey {
            access_key: config.access_key.clone(),
            secret_key: config.secret_key.as_str().into(),
        });
        if config.clock.at().is_some() {
            // Clients sign with the time that they take this server to have, at best.
            let mut lenient = S3Config::default();
            lenient.presigned_url_max_skew_time_secs = u32::MAX;
            service.set_config(Arc::new(StaticConfigProvider::new(Arc::new(lenient))));
        }
        let front = Front {
            service: service.build(),
            faults: faults.clone(),
            clock: config.clock.clone(),
            serial: AtomicU64::new(1),
        };
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(serve(listener, Arc::new(front), stopped));
        Ok(Self {
            address,
            config,
            folder,
            faults,
            stop: Some(stop),
            task,
        })
    }

    /// The address it listens on, with the real port.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:PORT`, for clients.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The folder it serves.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.config.root
    }

    /// The fault rules and the log of requests.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// The one pair of keys it knows.
    #[must_use]
    pub fn credentials(&self) -> Credentials {
        Credentials::new(
            &self.config.access_key,
            &self.config.secret_key,
            None,
            None,
            "daymark-local",
        )
    }

    /// Endpoint, region and keys for any AWS client. S3 clients need `force_path_style(true)` besides.
    #[must_use]
    pub fn sdk_config(&self) -> aws_config::SdkConfig {
        let credentials = aws_sdk_s3::config::SharedCredentialsProvider::new(self.credentials());
        aws_config::SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(self.endpoint())
            .region(Region::from_static(REGION))
            .credentials_provider(credentials)
            .build()
    }

    /// What an S3 client of this server is built from, to be changed at will.
    #[must_use]
    pub fn client_config(&self) -> aws_sdk_s3::config::Builder {
        aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(self.endpoint())
            .region(Region::from_static(REGION))
            .credentials_provider(self.credentials())
            .force_path_style(true)
    }

    /// An S3 client of this server with the SDK's defaults.
    #[must_use]
    pub fn client(&self) -> aws_sdk_s3::Client {
        aws_sdk_s3::Client::from_conf(self.client_config().build())
    }

    /// Makes a bucket unless it is there.
    ///
    /// # Errors
    /// [`ServerError::Bucket`].
    pub fn create_bucket(&self, bucket: &str) -> Result<(), ServerError> {
        self.folder
            .create_bucket(bucket)
            .map(drop)
            .map_err(|error| ServerError::Bucket {
                bucket: bucket.to_owned(),
                reason: error.code().as_str().to_owned(),
            })
    }

    /// Takes no more connections, lets requests under way end (for five seconds), and gives the folder back.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            // Gone only if the task ended by itself.
            let _ = stop.send(());
        }
        let _ = (&mut self.task).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn open(config: &ServerConfig) -> Result<Arc<Folder>, ServerError> {
    let path = config.root.clone();
    match Folder::open(&path, config.clock.clone()) {
        Ok(folder) => Ok(Arc::new(folder)),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(ServerError::InUse { path }),
        Err(cause) => Err(ServerError::Folder { path, cause }),
    }
}

async fn serve(listener: TcpListener, front: Arc<Front>, mut stopped: oneshot::Receiver<()>) {
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
            _ = &mut stopped => break,
        };
        let Ok((stream, _)) = accepted else {
            // Out of file handles, say: connections that end give some back.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        // Answers are written whole; waiting for more to send would only delay them.
        let _ = stream.set_nodelay(true);
        let front = Arc::clone(&front);
        let handle = service_fn(move |request| Arc::clone(&front).handle(request));
        let connection =
            hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), handle);
        // A client that goes away, or a fault rule: nobody to tell.
        let connection = graceful.watch(connection);
        connections.spawn(async move { drop(connection.await) });
    }
    drop(listener);
    let _ = tokio::time::timeout(GRACE, graceful.shutdown()).await;
}

/// Knows one access key, and refuses others as S3 does.
struct OneKey {
    access_key: String,
    secret_key: SecretKey,
}

#[async_trait]
impl S3Auth for OneKey {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        if access_key == self.access_key {
            return Ok(self.secret_key.clone());
        }
        Err(s3_error!(
            InvalidAccessKeyId,
            "The AWS access key ID you provided does not exist in our records."
        ))
    }
}

/// What stands between the sockets and the S3 service.
#[derive(Debug)]
struct Front {
    service: S3Service,
    faults: Faults,
    clock: Clock,
    serial: AtomicU64,
}

impl Front {
    async fn handle(self: Arc<Self>, request: Request<Incoming>) -> Result<Response<Body>, StdError> {
        let call = Call::of(request.method(), request.uri(), request.headers());
        let plan = self.faults.plan(&call);
        let answer = self.answer(&plan, request).await;
        self.faults
            .record(call, answer.as_ref().ok().map(|answer| answer.status().as_u16()));
        answer
    }

    async fn answer(&self, plan: &Plan, request: Request<Incoming>) -> Result<Response<Body>, StdError> {
        let is_head = request.method() == Method::HEAD;
        let (head, body) = request.into_parts();
        let body = SharedBody::new(body);
        let mut refusal = plan.before().await?;
        let mut answer = Response::new(Body::empty());
        if refusal.is_none() {
            let body = plan.request(Body::http_body(body.clone()));
            answer = self
                .service
                .call(Request::from_parts(head, body))
                .await
                .map_err(StdError::from)?;
            refusal = plan.after().await?;
        }
        if let Some((status, code)) = refusal {
            answer = refuse(status, code, is_head)?;
        }
        // A client that still sends would not see the answer, for the socket would be reset.
        body.drain().await;
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        answer.headers_mut().insert(
            "x-amz-request-id",
            HeaderValue::from_str(&format!("{serial:016X}"))?,
        );
        if let Some(date) = self.clock.date() {
            answer.headers_mut().insert(DATE, date);
        }
        Ok(answer.map(|body| plan.answer(body)))
    }
}

fn refuse(status: u16, code: &str, is_head: bool) -> Result<Response<Body>, StdError> {
    let message = "This answer was asked for by a fault rule.";
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    );
    let status = StatusCode::from_u16(status).map_err(|_| Closed)?;
    let body = if is_head { Body::empty() } else { Body::from(xml) };
    Ok(Response::builder()
        .status(status)
        .header(CONTENT_TYPE, "application/xml")
        .body(body)?)
}

/// Lower-case hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

//! Objects as files: the folder beneath the server.
//!
//! A key that is an ordinary relative path is a file of that name, so that the tree can be read by anything that reads
//! files, and a file put there by hand is an object. Every other key (`a//b`, `../x`, `folder/`, a name that is too
//! long, a key below another object's) has its bytes in the hidden folder, under the hash of the key.
//!
//! ```text
//! ROOT/BUCKET/KEY                         bytes, for ordinary keys
//! ROOT/.daymark-s3/objects/BUCKET/HASH    bytes, for the others
//! ROOT/.daymark-s3/records/BUCKET/HASH.json   the record: ETag, headers, checksums
//! ROOT/.daymark-s3/uploads/BUCKET/ID/     an open multipart upload
//! ROOT/.daymark-s3/incoming/              bodies on their way in
//! ```
//!
//! One lock makes condition and write one step; it is held for a look and two renames, never while a body is read. A
//! write is done once the rename of its bytes is done: its record was there before, as `HASH.next.json`, and is known
//! by the file it names. So a crash leaves the old object or the new one. It does not survive a power cut: nothing is
//! synced.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Read, Seek};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use s3s::crypto::{Checksum as _, Md5};
use s3s::{S3Error, S3Result, s3_error};
use sha2::{Digest, Sha256};

use self::tree::{Walk, is_absent, is_ordinary};
use super::checksums::Sums;
use super::clock::Clock;
use super::record::{Headers, Identity, Record};

mod tree;
mod write;

/// The hidden folder's name. No bucket can be called so.
pub const HIDDEN: &str = ".daymark-s3";

/// All buckets of one server.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
    hidden: PathBuf,
    index: RwLock<Index>,
    writes: Mutex<Vec<Arc<Pending>>>,
    serial: AtomicU64,
    clock: Clock,
    _lock: File,
}

/// Keys whose bytes are in the hidden folder, by bucket.
#[derive(Debug, Default)]
struct Index {
    hidden: BTreeMap<String, BTreeSet<String>>,
}

/// A write that has begun, so that a deletion in between can be told to it.
#[derive(Debug)]
struct Pending {
    bucket: String,
    key: String,
    deleted: AtomicBool,
}

/// Held by a write from its first byte to its end.
#[derive(Debug)]
pub struct Ticket {
    folder: Arc<Folder>,
    pending: Arc<Pending>,
}

/// A file on its way in, removed unless it became an object.
#[derive(Debug)]
pub struct Incoming {
    path: PathBuf,
}

/// What is known of a new object before it is one.
#[derive(Debug)]
pub struct Draft {
    /// ETag without quotes.
    pub etag: String,
    /// What the client said about it.
    pub headers: Headers,
    /// Its checksums.
    pub sums: Sums,
    /// The sums are of parts.
    pub composite: bool,
}

struct Found {
    file: File,
    path: PathBuf,
    identity: Identity,
    record: Option<Record>,
}

impl Folder {
    /// Opens or makes the folder, for this process alone. The clock gives objects their time of change.
    ///
    /// # Errors
    /// Whatever the file system says; `WouldBlock` if another process serves the folder.
    pub fn open(root: &Path, clock: Clock) -> io::Result<Self> {
        let hidden = root.join(HIDDEN);
        for name in ["objects", "records", "uploads", "incoming"] {
            fs::create_dir_all(hidden.join(name))?;
        }
        let lock = File::create(hidden.join("lock"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(ErrorKind::WouldBlock.into()),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        for left in fs::read_dir(hidden.join("incoming"))? {
            fs::remove_file(left?.path())?;
        }
        let index = Index {
            hidden: hidden_keys(&hidden)?,
        };
        Ok(Self {
            root: root.to_owned(),
            hidden,
            index: RwLock::new(index),
            writes: Mutex::default(),
            serial: AtomicU64::new(0),
            clock,
            _lock: lock,
        })
    }

    /// The buckets, in order.
    ///
    /// # Errors
    /// 500 if the folder cannot be read.
    pub fn buckets(&self) -> S3Result<Vec<(String, Identity)>> {
        let mut buckets = Vec::new();
        for entry in fs::read_dir(&self.root).map_err(S3Error::internal_error)? {
            let entry = entry.map_err(S3Error::internal_error)?;
            let metadata = entry.metadata().map_err(S3Error::internal_error)?;
            if let Ok(name) = entry.file_name().into_string()
                && metadata.is_dir()
                && s3s::path::check_bucket_name(&name)
            {
                buckets.push((name, Identity::of(&metadata)));
            }
        }
        buckets.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(buckets)
    }

    /// Makes a bucket. `false`: it was there.
    ///
    /// # Errors
    /// 400 `InvalidBucketName`; 500 if it cannot be made.
    pub fn create_bucket(&self, bucket: &str) -> S3Result<bool> {
        if !s3s::path::check_bucket_name(bucket) {
            return Err(s3_error!(InvalidBucketName));
        }
        let _turn = self.write();
        match fs::create_dir(self.root.join(bucket)) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(S3Error::internal_error(error)),
        }
    }

    /// Removes an empty bucket, its open uploads with it.
    ///
    /// # Errors
    /// 404 `NoSuchBucket`, 409 `BucketNotEmpty`.
    pub fn delete_bucket(&self, bucket: &str) -> S3Result {
        self.require_bucket(bucket)?;
        let mut index = self.write();
        if index.hidden.get(bucket).is_some_and(|keys| !keys.is_empty()) {
            return Err(s3_error!(BucketNotEmpty));
        }
        fs::remove_dir(self.root.join(bucket)).map_err(|error| match error.kind() {
            ErrorKind::DirectoryNotEmpty => s3_error!(BucketNotEmpty),
            _ => S3Error::internal_error(error),
        })?;
        index.hidden.remove(bucket);
        for name in ["objects", "records", "uploads"] {
            absent_is_fine(fs::remove_dir_all(self.hidden.join(name).join(bucket)))?;
        }
        Ok(())
    }

    /// Refuses a bucket that is not there.
    ///
    /// # Errors
    /// 404 `NoSuchBucket`.
    pub fn require_bucket(&self, bucket: &str) -> S3Result {
        if s3s::path::check_bucket_name(bucket) && self.root.join(bucket).is_dir() {
            return Ok(());
        }
        Err(s3_error!(NoSuchBucket, "The specified bucket does not exist."))
    }

    /// A fresh file for a body.
    ///
    /// # Errors
    /// 500 if it cannot be made.
    pub fn incoming(&self) -> S3Result<(File, Incoming)> {
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        let path = self.hidden.join("incoming").join(serial.to_string());
        let file = File::create_new(&path).map_err(S3Error::internal_error)?;
        Ok((file, Incoming { path }))
    }

    /// The folder of a bucket's open uploads.
    #[must_use]
    pub fn uploads(&self, bucket: &str) -> PathBuf {
        self.hidden.join("uploads").join(bucket)
    }

    /// The clock that gives objects their time of change.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Runs `f` while nothing is written.
    pub fn alone<T>(&self, f: impl FnOnce() -> T) -> T {
        let _turn = self.write();
        f()
    }

    /// Opens an object for reading, at its start. A file without a valid record gets one: its MD5 is computed.
    ///
    /// # Errors
    /// 404 `NoSuchBucket` and `NoSuchKey`; 500 if it cannot be read.
    pub fn object(&self, bucket: &str, key: &str) -> S3Result<(File, Record)> {
        self.require_bucket(bucket)?;
        let missing = || s3_error!(NoSuchKey, "The specified key does not exist.");
        let found = self.load(&self.read(), bucket, key)?.ok_or_else(missing)?;
        if let Some(record) = found.record {
            return Ok((found.file, record));
        }
        let Found {
            mut file,
            path,
            identity,
            ..
        } = found;
        let record = examine(&mut file, key, identity).map_err(S3Error::internal_error)?;
        let _turn = self.write();
        let now = fs::metadata(&path).map(|metadata| Identity::of(&metadata));
        if now.is_ok_and(|identity| identity == record.identity) {
            self.save(bucket, &record, false)
                .map_err(S3Error::internal_error)?;
        }
        Ok((file, record))
    }

    /// Shows keys that start with `prefix` and come after `after`, in the order of their bytes, until `visit` breaks. It goes on with
    /// how many bytes of a key are enough: then not all others that start with those are shown.
    ///
    /// # Errors
    /// 404 `NoSuchBucket`; 500 if a folder cannot be read.
    pub fn keys(
        &self,
        bucket: &str,
        prefix: &str,
        after: &str,
        visit: &mut dyn FnMut(&str) -> ControlFlow<(), usize>,
    ) -> S3Result {
        self.require_bucket(bucket)?;
        let index = self.read();
        let none = BTreeSet::new();
        let hidden = index.hidden.get(bucket).unwrap_or(&none);
        let mut rest = hidden
            .iter()
            .filter(|key| key.starts_with(prefix) && key.as_str() > after)
            .peekable();
        let mut merge = |key: &str| {
            while let Some(before) = rest.next_if(|before| before.as_str() < key) {
                visit(before)?;
            }
            if hidden.contains(key) {
                ControlFlow::Continue(0)
            } else {
                visit(key)
            }
        };
        let mut walk = Walk {
            prefix,
            after,
            visit: &mut merge,
            enough: String::new(),
        };
        let walked = walk
            .of(&self.root.join(bucket), "")
            .map_err(|error| s3_error!(InternalError, "{error}"))?;
        if walked.is_continue() {
            for key in rest {
                if visit(key).is_break() {
                    break;
                }
            }
        }
        Ok(())
    }

    /// The object's record while the lock is held, computed if need be.
    fn current(&self, index: &Index, bucket: &str, key: &str) -> S3Result<Option<Record>> {
        let Some(mut found) = self.load(index, bucket, key)? else {
            return Ok(None);
        };
        match found.record {
            Some(record) => Ok(Some(record)),
            None => examine(&mut found.file, key, found.identity)
                .map(Some)
                .map_err(S3Error::internal_error),
        }
    }

    fn load(&self, index: &Index, bucket: &str, key: &str) -> S3Result<Option<Found>> {
        let Some(path) = self.path(index, bucket, key) else {
            return Ok(None);
        };
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) => return Err(S3Error::internal_error(error)),
        };
        let metadata = file.metadata().map_err(S3Error::internal_error)?;
        if !metadata.is_file() {
            return Ok(None);
        }
        let identity = Identity::of(&metadata);
        let record = [false, true].into_iter().find_map(|next| {
            let bytes = fs::read(self.record_path(bucket, key, next)).ok()?;
            let record: Record = serde_json::from_slice(&bytes).ok()?;
            (record.identity == identity && record.key == key).then_some(record)
        });
        Ok(Some(Found {
            file,
            path,
            identity,
            record,
        }))
    }

    /// Where a key's bytes are, or would be if it were there.
    fn path(&self, index: &Index, bucket: &str, key: &str) -> Option<PathBuf> {
        if index.hidden.get(bucket).is_some_and(|keys| keys.contains(key)) {
            return Some(self.hidden_path(bucket, key));
        }
        is_ordinary(key).then(|| self.root.join(bucket).join(key))
    }

    fn record_path(&self, bucket: &str, key: &str, next: bool) -> PathBuf {
        let end = if next { ".next.json" } else { ".json" };
        self.hidden.join("records").join(bucket).join(hash(key) + end)
    }

    fn hidden_path(&self, bucket: &str, key: &str) -> PathBuf {
        self.hidden.join("objects").join(bucket).join(hash(key))
    }

    // A panic while the lock was held leaves files as a crash would, which the layout allows for.
    fn read(&self) -> RwLockReadGuard<'_, Index> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Index> {
        self.index.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn pending(&self) -> MutexGuard<'_, Vec<Arc<Pending>>> {
        self.writes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.folder
            .pending()
            .retain(|pending| !Arc::ptr_eq(pending, &self.pending));
    }
}

impl Incoming {
    /// Moves it to a place of its own.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn keep(self, to: &Path) -> io::Result<()> {
        fs::rename(&self.path, to)
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        // Gone when it became an object; what cannot be removed goes at the next start.
        let _ = fs::remove_file(&self.path);
    }
}

fn hash(key: &str) -> String {
    super::hex(&Sha256::digest(key.as_bytes()))
}

fn absent_is_fine(result: io::Result<()>) -> S3Result {
    match result {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(S3Error::internal_error(error)),
        _ => Ok(()),
    }
}

/// The record of a file that was put there by hand.
fn examine(file: &mut File, key: &str, identity: Identity) -> io::Result<Record> {
    let mut md5 = Md5::new();
    let mut buffer = vec![0; 1 << 18];
    loop {
        let read = file.read(&mut buffer)?;
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else {
            break;
        };
        md5.update(bytes);
    }
    file.rewind()?;
    let etag = super::hex(&md5.finalize());
    let (headers, sums) = (Headers::default(), Sums::default());
    Ok(Record {
        key: key.to_owned(),
        identity,
        etag,
        headers,
        sums,
        composite: false,
    })
}

fn hidden_keys(hidden: &Path) -> io::Result<BTreeMap<String, BTreeSet<String>>> {
    let mut keys: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for bucket in fs::read_dir(hidden.join("objects"))? {
        let bucket = bucket?;
        let Ok(name) = bucket.file_name().into_string() else {
            continue;
        };
        for object in fs::read_dir(bucket.path())? {
            let hash = object?.file_name();
            for end in ["json", "next.json"] {
                let path = hidden
                    .join("records")
                    .join(&name)
                    .join(Path::new(&hash).with_extension(end));
                // Without its record the key is not known, and the bytes are no object.
                if let Ok(bytes) = fs::read(path)
                    && let Ok(record) = serde_json::from_slice::<Record>(&bytes)
                {
                    keys.entry(name.clone()).or_default().insert(record.key);
                    break;
                }
            }
        }
    }
    Ok(keys)
}

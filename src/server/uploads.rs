//! Multipart uploads that are open: a folder each, with a file a part.
//!
//! S3 API reference: CreateMultipartUpload, UploadPart, CompleteMultipartUpload; limits: user guide, "Multipart upload
//! limits".

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use s3s::crypto::{Checksum as _, Md5};
use s3s::{S3Error, S3Result, s3_error};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::body::Received;
use super::checksums::{self, Algorithm, Sums};
use super::conditions::WriteCondition;
use super::folder::{Draft, Folder, Incoming};
use super::record::{Headers, Identity, Record};
use super::refusal::no_such_upload;

/// Every part but the last has at least this many bytes.
pub const PART_BYTES_MIN: u64 = 5 << 20;

/// Parts are numbered from 1 to this.
pub const PART_NUMBER_MAX: i32 = 10_000;

/// What was said when an upload was opened.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Upload {
    /// The upload's id.
    #[serde(skip)]
    pub id: String,
    /// The key of the object to be.
    pub key: String,
    /// Opened at: whole seconds since 1970.
    pub initiated_s: u64,
    /// The object's headers.
    pub headers: Headers,
    /// The checksum that every part must come with.
    pub algorithm: Option<Algorithm>,
    /// The object's checksum is that of its parts' checksums.
    pub composite: bool,
}

/// A part that was received.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Part {
    /// 1 to 10,000.
    #[serde(skip)]
    pub number: i32,
    /// Its file.
    pub identity: Identity,
    /// ETag without quotes.
    pub etag: String,
    /// Its checksums.
    pub sums: Sums,
}

/// A part as the client names it when it completes the upload.
#[derive(Clone, Debug, Default)]
pub struct Named {
    /// 1 to 10,000.
    pub number: i32,
    /// ETag without quotes.
    pub etag: String,
    /// Its checksums, as far as the client names them.
    pub sums: Sums,
}

/// What the client says of the whole object when it completes the upload.
#[derive(Clone, Debug, Default)]
pub struct Whole {
    /// Checksums of the object.
    pub sums: Sums,
    /// Size in bytes.
    pub size: Option<u64>,
}

/// Opens an upload; its id is made here.
///
/// # Errors
/// 404 `NoSuchBucket`; 500 if it cannot be written.
pub fn create(folder: &Folder, bucket: &str, mut upload: Upload, serial: u64) -> S3Result<Upload> {
    folder.require_bucket(bucket)?;
    let now = folder
        .clock()
        .now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    upload.initiated_s = now.as_secs();
    let seed = format!(
        "{serial} {} {} {}",
        now.as_nanos(),
        std::process::id(),
        upload.key
    );
    let digest = Sha256::digest(seed.as_bytes());
    upload.id = super::hex(digest.get(..16).unwrap_or_default());
    let path = folder.uploads(bucket).join(&upload.id);
    fs::create_dir_all(&path).map_err(S3Error::internal_error)?;
    write_json(&path.join("upload.json"), &upload)?;
    Ok(upload)
}

/// Finds an open upload of this key.
///
/// # Errors
/// 404 `NoSuchBucket`, `NoSuchUpload`.
pub fn find(folder: &Folder, bucket: &str, key: &str, id: &str) -> S3Result<(PathBuf, Upload)> {
    folder.require_bucket(bucket)?;
    // An id becomes part of a path: nothing but what `create` makes.
    if id.len() != 32 || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(no_such_upload());
    }
    let path = folder.uploads(bucket).join(id);
    let mut upload: Upload = read_json(&path.join("upload.json"))?.ok_or_else(no_such_upload)?;
    id.clone_into(&mut upload.id);
    if upload.key == key {
        Ok((path, upload))
    } else {
        Err(no_such_upload())
    }
}

/// The open uploads whose keys start with `prefix`, in order of key, then of opening.
///
/// # Errors
/// 404 `NoSuchBucket`; 500 if they cannot be read.
pub fn list(folder: &Folder, bucket: &str, prefix: &str) -> S3Result<Vec<Upload>> {
    folder.require_bucket(bucket)?;
    let mut uploads = Vec::new();
    for id in names(&folder.uploads(bucket))? {
        let path = folder.uploads(bucket).join(&id).join("upload.json");
        if let Some(upload) = read_json::<Upload>(&path)?
            && upload.key.starts_with(prefix)
        {
            uploads.push(Upload { id, ..upload });
        }
    }
    uploads.sort_by(|a, b| (&a.key, a.initiated_s, &a.id).cmp(&(&b.key, b.initiated_s, &b.id)));
    Ok(uploads)
}

/// Closes an upload and drops its parts.
///
/// # Errors
/// 404 `NoSuchBucket`, `NoSuchUpload`.
pub fn abort(folder: &Folder, bucket: &str, key: &str, id: &str) -> S3Result {
    let (path, _) = find(folder, bucket, key, id)?;
    folder
        .alone(|| fs::remove_dir_all(&path))
        .map_err(|error| match error.kind() {
            ErrorKind::NotFound => no_such_upload(),
            _ => S3Error::internal_error(error),
        })
}

/// Adds a part, or replaces it.
///
/// # Errors
/// 404 `NoSuchUpload` if it was closed meanwhile; 500 if it cannot be written.
pub fn add(folder: &Folder, path: &Path, number: i32, received: Received) -> S3Result<Part> {
    let Received {
        incoming, md5, sums, ..
    } = received;
    folder.alone(|| {
        if !path.is_dir() {
            return Err(no_such_upload());
        }
        let data = path.join(format!("{number:05}"));
        incoming.keep(&data).map_err(S3Error::internal_error)?;
        let identity = Identity::of(&fs::metadata(&data).map_err(S3Error::internal_error)?);
        let part = Part {
            number,
            identity,
            etag: super::hex(&md5),
            sums,
        };
        write_json(&data.with_extension("json"), &part)?;
        Ok(part)
    })
}

/// The parts of an upload, by number.
///
/// # Errors
/// 500 if they cannot be read.
pub fn parts(path: &Path) -> S3Result<Vec<Part>> {
    let mut parts = Vec::new();
    for name in names(path)? {
        let number = name.strip_suffix(".json").and_then(|number| number.parse().ok());
        let Some(number) = number else { continue };
        let Some(part) = read_json::<Part>(&path.join(&name))? else {
            continue;
        };
        // A crash between the two files of a part leaves them at odds.
        let data = fs::metadata(path.join(format!("{number:05}")));
        if data.is_ok_and(|data| Identity::of(&data) == part.identity) {
            parts.push(Part { number, ..part });
        }
    }
    parts.sort_by_key(|part| part.number);
    Ok(parts)
}

/// Makes an object of the parts, if the condition holds, and closes the upload. If it does not hold, the upload stays open.
///
/// # Errors
/// 404 `NoSuchUpload`; 400 `InvalidPart`, `InvalidPartOrder`, `EntityTooSmall`, `InvalidRequest`, `BadDigest`; those of the
/// condition.
pub fn complete(
    folder: &Arc<Folder>,
    bucket: &str,
    key: &str,
    id: &str,
    named: &[Named],
    whole: &Whole,
    condition: &WriteCondition,
) -> S3Result<Record> {
    let ticket = folder.ticket(bucket, key);
    let (path, upload) = find(folder, bucket, key, id)?;
    let parts = choose(&upload, named, parts(&path)?)?;
    let size: u64 = parts.iter().map(|part| part.identity.size).sum();
    if whole.size.is_some_and(|claimed| claimed != size) {
        return Err(s3_error!(
            InvalidRequest,
            "The object has {size} bytes, not what x-amz-mp-object-size says."
        ));
    }
    let algorithm = upload.algorithm.unwrap_or(Algorithm::Crc64Nvme);
    let (incoming, full) = assemble(folder, &path, &parts, algorithm)?;
    let mut sums = full;
    if upload.composite {
        let of_parts: Vec<_> = parts
            .iter()
            .map(|part| part.sums.get(algorithm).unwrap_or_default())
            .collect();
        sums = Sums::default();
        sums.set(algorithm, checksums::composite(algorithm, &of_parts)?);
    }
    if let Some(claimed) = whole.sums.get(algorithm) {
        let computed = sums.get(algorithm).unwrap_or_default();
        let without_count = computed.split('-').next().unwrap_or_default();
        if claimed != computed && claimed != without_count {
            let name = algorithm.name();
            return Err(s3_error!(
                BadDigest,
                "The {name} you specified did not match the calculated checksum."
            ));
        }
    }
    let etag = multipart_etag(&parts);
    let draft = Draft {
        etag,
        headers: upload.headers,
        sums,
        composite: upload.composite,
    };
    folder.publish(&ticket, condition, incoming, draft, Some(&path))
}

/// The parts the client names, if it names them rightly.
fn choose(upload: &Upload, named: &[Named], mut there: Vec<Part>) -> S3Result<Vec<Part>> {
    if named.is_empty() {
        return Err(s3_error!(MalformedXML, "You must specify at least one part"));
    }
    let ascending = named
        .iter()
        .zip(named.iter().skip(1))
        .all(|(a, b)| a.number < b.number);
    if !ascending {
        return Err(s3_error!(
            InvalidPartOrder,
            "The list of parts was not in ascending order."
        ));
    }
    let numbers: BTreeSet<_> = named.iter().map(|part| part.number).collect();
    there.retain(|part| numbers.contains(&part.number));
    for name in named {
        let number = name.number;
        let found = there
            .iter()
            .find(|part| part.number == number && part.etag == name.etag);
        let Some(found) = found else {
            return Err(s3_error!(
                InvalidPart,
                "Part {number} was not found, or its ETag is another."
            ));
        };
        if let Some(algorithm) = upload.algorithm
            && upload.composite
            && name.sums.get(algorithm).is_none()
        {
            let checksum = algorithm.name().to_lowercase();
            return Err(s3_error!(
                InvalidRequest,
                "The upload was created using a {checksum} checksum. The complete request must include the checksum \
                 for each part. It was missing for part {number} in the request."
            ));
        }
        if name.sums.verify(&found.sums).is_err() {
            return Err(s3_error!(InvalidPart, "Part {number} has another checksum."));
        }
    }
    if let Some((_, all_but_last)) = there.split_last()
        && let Some(small) = all_but_last
            .iter()
            .find(|part| part.identity.size < PART_BYTES_MIN)
    {
        let (number, size) = (small.number, small.identity.size);
        return Err(s3_error!(
            EntityTooSmall,
            "Part {number} has {size} bytes; all but the last must have {PART_BYTES_MIN}."
        ));
    }
    Ok(there)
}

fn assemble(
    folder: &Folder,
    path: &Path,
    parts: &[Part],
    algorithm: Algorithm,
) -> S3Result<(Incoming, Sums)> {
    let (mut whole, incoming) = folder.incoming()?;
    let mut hasher = checksums::hasher(&BTreeSet::from([algorithm]));
    let mut buffer = vec![0; 1 << 20];
    for part in parts {
        let missing = |error: std::io::Error| match error.kind() {
            ErrorKind::NotFound => no_such_upload(),
            _ => S3Error::internal_error(error),
        };
        let mut file = File::open(path.join(format!("{:05}", part.number))).map_err(missing)?;
        if Identity::of(&file.metadata().map_err(S3Error::internal_error)?) != part.identity {
            return Err(s3_error!(
                InvalidPart,
                "Part {} was replaced meanwhile.",
                part.number
            ));
        }
        loop {
            let read = file.read(&mut buffer).map_err(S3Error::internal_error)?;
            let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else {
                break;
            };
            hasher.update(bytes);
            whole.write_all(bytes).map_err(S3Error::internal_error)?;
        }
    }
    Ok((incoming, hasher.finalize().into()))
}

/// `md5-of-md5s-N`.
fn multipart_etag(parts: &[Part]) -> String {
    let mut md5 = Md5::new();
    for part in parts {
        let digits: Vec<_> = part.etag.chars().filter_map(|digit| digit.to_digit(16)).collect();
        let bytes: Vec<u8> = digits
            .chunks_exact(2)
            .filter_map(|pair| u8::try_from(pair.iter().fold(0, |byte, digit| byte * 16 + digit)).ok())
            .collect();
        md5.update(&bytes);
    }
    format!("{}-{}", super::hex(&md5.finalize()), parts.len())
}

fn names(path: &Path) -> S3Result<Vec<String>> {
    let entries = match fs::read_dir(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(S3Error::internal_error)?,
    };
    let names = entries.filter_map(|entry| {
        entry
            .map(|entry| entry.file_name().into_string().ok())
            .transpose()
    });
    names.collect::<Result<_, _>>().map_err(S3Error::internal_error)
}

fn write_json(path: &Path, value: &impl Serialize) -> S3Result {
    let bytes = serde_json::to_vec(value).map_err(S3Error::internal_error)?;
    fs::write(path, bytes).map_err(S3Error::internal_error)
}

fn read_json<T: DeserializeOwned>(path: &Path) -> S3Result<Option<T>> {
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(S3Error::internal_error),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(S3Error::internal_error(error)),
    }
}

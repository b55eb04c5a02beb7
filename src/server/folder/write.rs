//! How objects come and go: each write under one lock, the condition and the rename in one step.

use std::fs::{self};
use std::io::{self};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use s3s::{S3Error, S3Result, s3_error};

use super::tree::{is_in_the_way, is_ordinary};
use super::{Draft, Folder, Incoming, Index, Pending, Ticket, absent_is_fine};
use crate::server::conditions::WriteCondition;
use crate::server::record::{Identity, Record};
use crate::server::refusal::no_such_upload;

impl Folder {
    /// Announces a write.
    #[must_use]
    pub fn ticket(self: &Arc<Self>, bucket: &str, key: &str) -> Ticket {
        let pending = Arc::new(Pending {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            deleted: AtomicBool::new(false),
        });
        self.pending().push(Arc::clone(&pending));
        Ticket {
            folder: Arc::clone(self),
            pending,
        }
    }

    /// Makes a file an object, if the condition holds, in one step. With `upload`, that folder must still be there and is
    /// gone afterwards.
    ///
    /// # Errors
    /// 412 or 404 by the condition; 409 `ConditionalRequestConflict` if the object was deleted since the ticket was
    /// taken; 404 `NoSuchBucket`, `NoSuchUpload`; 500 if it cannot be written.
    pub fn publish(
        &self,
        ticket: &Ticket,
        condition: &WriteCondition,
        incoming: Incoming,
        draft: Draft,
        upload: Option<&Path>,
    ) -> S3Result<Record> {
        let (bucket, key) = (ticket.pending.bucket.as_str(), ticket.pending.key.as_str());
        let mut index = self.write();
        self.require_bucket(bucket)?;
        if upload.is_some_and(|upload| !upload.is_dir()) {
            return Err(no_such_upload());
        }
        if condition.is_set() {
            if ticket.pending.deleted.load(Ordering::Relaxed) {
                return Err(s3_error!(
                    ConditionalRequestConflict,
                    "The object was deleted during the write."
                ));
            }
            condition.check(self.current(&index, bucket, key)?.as_ref())?;
        }
        if let Some(at) = self.clock().at() {
            let file = fs::File::options().write(true).open(&incoming.path);
            file.and_then(|file| file.set_modified(at))
                .map_err(S3Error::internal_error)?;
        }
        let metadata = fs::metadata(&incoming.path).map_err(S3Error::internal_error)?;
        let Draft {
            etag,
            headers,
            sums,
            composite,
        } = draft;
        let record = Record {
            key: key.to_owned(),
            identity: Identity::of(&metadata),
            etag,
            headers,
            sums,
            composite,
        };
        self.save(bucket, &record, true)
            .map_err(S3Error::internal_error)?;
        self.place(&mut index, bucket, key, &incoming.path)
            .map_err(S3Error::internal_error)?;
        let (next, now) = (
            self.record_path(bucket, key, true),
            self.record_path(bucket, key, false),
        );
        fs::rename(next, now).map_err(S3Error::internal_error)?;
        if let Some(upload) = upload {
            fs::remove_dir_all(upload).map_err(S3Error::internal_error)?;
        }
        Ok(record)
    }

    /// Deletes an object. Deleting what is not there is fine.
    ///
    /// # Errors
    /// 412 or 404 by the condition; 404 `NoSuchBucket`; 500 if it cannot be deleted.
    pub fn delete(&self, bucket: &str, key: &str, condition: &WriteCondition) -> S3Result {
        self.require_bucket(bucket)?;
        let mut index = self.write();
        if condition.is_set() {
            condition.check(self.current(&index, bucket, key)?.as_ref())?;
        }
        let Some(found) = self.load(&index, bucket, key)? else {
            return Ok(());
        };
        absent_is_fine(fs::remove_file(&found.path))?;
        for next in [true, false] {
            absent_is_fine(fs::remove_file(self.record_path(bucket, key, next)))?;
        }
        let hidden = index.hidden.get_mut(bucket).is_some_and(|keys| keys.remove(key));
        if !hidden {
            // Folders are no objects: those that are empty now go too, up to the bucket's own.
            let bucket_path = self.root.join(bucket);
            let parents = found
                .path
                .ancestors()
                .skip(1)
                .take_while(|parent| *parent != bucket_path);
            for parent in parents {
                if fs::remove_dir(parent).is_err() {
                    break;
                }
            }
        }
        for pending in self.pending().iter() {
            if pending.bucket == bucket && pending.key == key {
                pending.deleted.store(true, Ordering::Relaxed);
            }
        }
        Ok(())
    }

    /// Moves the file to its place. An ordinary key goes to the hidden folder if a file is in the way of its folders, or a
    /// folder in its own.
    fn place(&self, index: &mut Index, bucket: &str, key: &str, from: &Path) -> io::Result<()> {
        let is_hidden = index.hidden.get(bucket).is_some_and(|keys| keys.contains(key));
        if !is_hidden && is_ordinary(key) {
            let to = self.root.join(bucket).join(key);
            let made = to.parent().map_or(Ok(()), fs::create_dir_all);
            match made.and_then(|()| fs::rename(from, &to)) {
                Ok(()) => return Ok(()),
                Err(error) if is_in_the_way(&error) => {}
                Err(error) => return Err(error),
            }
        }
        let to = self.hidden_path(bucket, key);
        to.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::rename(from, to)?;
        index
            .hidden
            .entry(bucket.to_owned())
            .or_default()
            .insert(key.to_owned());
        Ok(())
    }

    pub(super) fn save(&self, bucket: &str, record: &Record, next: bool) -> io::Result<()> {
        let path = self.record_path(bucket, &record.key, next);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(path, serde_json::to_vec(record)?)
    }
}

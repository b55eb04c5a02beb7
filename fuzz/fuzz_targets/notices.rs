//! Any payload as an event: no panic, and whatever is understood names a bucket and a key.
#![no_main]

use daymark::notice::{Delivery, Notice, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|payload: &[u8]| {
    let Ok(delivery) = read(payload) else { return };
    match delivery {
        Delivery::Direct(content) => content.notices.iter().for_each(check),
        Delivery::Queue(messages) => {
            for message in messages {
                assert!(message.receive_count >= 1);
                message
                    .content
                    .iter()
                    .flat_map(|content| &content.notices)
                    .for_each(check);
            }
        }
        Delivery::Batch(job) => {
            for task in job.tasks {
                task.content.iter().for_each(check);
            }
        }
    }
});

fn check(notice: &Notice) {
    assert!(!notice.bucket.is_empty() && !notice.key.is_empty());
    assert!(notice.etag.as_deref().is_none_or(|etag| !etag.starts_with('"')));
}

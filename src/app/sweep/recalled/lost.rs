//! A revision that is published and cannot be read: what the symlinks tell of it.

use std::collections::BTreeSet;

use super::files;
use crate::app::sweep::gather::Written;
use crate::app::sweep::{SweepError, Sweeper};
use crate::day::{Published, Remark};
use crate::keys::{Layout, Link, PARTS_TABLE};
use crate::manifest::{self, Revision};

/// A revision that is published and cannot be read: lost, or damaged and set aside.
#[derive(Clone, Debug)]
pub(in crate::app::sweep) struct Lost {
    pub(in crate::app::sweep) number: u32,
    /// As the symlinks name it. One that is damaged tells nothing of its table.
    pub(super) published: Published,
    /// The keys that they name.
    pub(super) files: BTreeSet<String>,
    /// Keys of symlinks that are none.
    damaged: Vec<String>,
}

impl Lost {
    /// Reads the published symlinks, and keeps a copy of those that are damaged: nothing tells what they are to be, so they stay
    /// until the day is complete again. With `keep` nothing is written.
    pub(super) async fn read(
        sweeper: &Sweeper,
        written: &Written,
        number: u32,
        keep: bool,
    ) -> Result<Self, SweepError> {
        let layout = &sweeper.config.layout;
        let mut lost = Lost {
            number,
            published: Published::default(),
            files: BTreeSet::new(),
            damaged: Vec::new(),
        };
        for ((link, table), listed) in &written.links {
            if *link != Link::Published || listed.size_bytes == 0 {
                continue;
            }
            let Some((bytes, _)) = sweeper.objects.read(&listed.key).await? else {
                continue;
            };
            if !manifest::is_symlink(&bytes, layout) {
                if !keep {
                    let why = manifest::NO_SYMLINK;
                    sweeper.objects.keep(&listed.key, bytes, why).await?;
                }
                lost.damaged.push(listed.key.clone());
                continue;
            }
            if table == PARTS_TABLE {
                continue;
            }
            let published = &mut lost.published;
            published.listed_ms = published.listed_ms.max(listed.last_modified_ms);
            let ids =
                manifest::linked(&bytes, layout).filter_map(|key| Some((key, layout.parse_output(key)?.1)));
            let (keys, ids): (Vec<&str>, _) = ids.unzip();
            published.outputs.insert(table.clone(), ids);
            lost.files.extend(keys.into_iter().map(str::to_owned));
        }
        Ok(lost)
    }

    /// Whether a revision names just the files that are published. The same Parquet may be under another name meanwhile.
    pub(super) fn is_of(&self, revision: &Revision, layout: &Layout) -> bool {
        let files = files(revision).map(String::as_str);
        let is_same = |outputs: Published| outputs.outputs == self.published.outputs;
        revision.outputs(layout).is_some_and(is_same)
            && files.collect::<BTreeSet<_>>() == self.files.iter().map(String::as_str).collect()
    }

    /// What to tell of it.
    pub(in crate::app::sweep) fn remark(&self) -> Remark {
        let number = self.number;
        let mut message = format!(
            "revision {number}, which is published, cannot be read: its files stay published as the symlinks name them, \
             and what it counted comes back with the next complete revision"
        );
        if !self.damaged.is_empty() {
            let are = if self.damaged.len() == 1 { "is" } else { "are" };
            let keys = self.damaged.join(", ");
            message.push_str(&format!(
                "; {keys} {are} damaged, so that Athena cannot read the day there until then"
            ));
        }
        Remark::of_day("revision_lost", message)
    }
}

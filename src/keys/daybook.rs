//! Keys of what is written about days, beside the Parquet: revisions, symlinks, the ledger, the pointer.
//!
//! | Key under the curated prefix | What it is | Written |
//! |---|---|---|
//! | `manifest/date=D/r000001.json` | one revision of the day's manifest | once |
//! | `manifest/date=D/r000001.announced` | its event was sent | once |
//! | `manifest/date=D/manifest.json` | the newest revision, byte for byte | again and again |
//! | `manifest/date=D/manifest.json.sha256` | its checksum | again and again |
//! | `manifest/date=D/sent.json` | what was sent again | again and again |
//! | `manifest/date=D/forgotten.json` | the day is to be forgotten | once |
//! | `manifest/sweep.json` | where the last sweep stopped | again and again |
//! | `parts/date=D/r000001.parquet` | the day's parts, as a table | once |
//! | `published/table=T/date=D/symlink.txt` | the Parquet files of a complete day | again and again |
//! | `live/table=T/date=D/symlink.txt` | the current output of each current source | again and again |
//! | `latest/latest.json` | the newest complete day | again and again |
//! | `set-aside/…` | what was found damaged, under its former key | once |

use super::{Day, Layout};
use crate::names;

pub use crate::names::PARTS_TABLE;

/// The highest number of a revision: its key has six digits.
pub const REVISION_MAX: u32 = 999_999;

/// Which of a day's symlinks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Link {
    /// The Parquet files of a complete day.
    Published,
    /// The current output of each current source.
    Live,
}

impl Link {
    fn folder(self) -> &'static str {
        match self {
            Link::Published => "published/",
            Link::Live => "live/",
        }
    }
}

/// What an object in a day's manifest folder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Leaf {
    /// `r000001.json`
    Revision(u32),
    /// `r000001.announced`
    Announced(u32),
    /// `manifest.json`
    Manifest,
    /// `manifest.json.sha256`
    Checksum,
    /// `sent.json`
    Sent,
    /// `forgotten.json`
    Forgotten,
}

impl Leaf {
    fn name(self) -> String {
        match self {
            Leaf::Revision(number) => format!("r{number:06}.json"),
            Leaf::Announced(number) => format!("r{number:06}.announced"),
            Leaf::Manifest => "manifest.json".to_owned(),
            Leaf::Checksum => "manifest.json.sha256".to_owned(),
            Leaf::Sent => "sent.json".to_owned(),
            Leaf::Forgotten => "forgotten.json".to_owned(),
        }
    }

    fn parse(name: &str) -> Option<Self> {
        let fixed = [Leaf::Manifest, Leaf::Checksum, Leaf::Sent, Leaf::Forgotten];
        if let Some(leaf) = fixed.into_iter().find(|leaf| leaf.name() == name) {
            return Some(leaf);
        }
        let (number, kind) = parse_number(name)?;
        match kind {
            "json" => Some(Leaf::Revision(number)),
            "announced" => Some(Leaf::Announced(number)),
            _ => None,
        }
    }
}

/// A revision's number, and what follows it, of a name such as `r000001.json`.
fn parse_number(name: &str) -> Option<(u32, &str)> {
    let (number, kind) = name.strip_prefix('r')?.split_once('.')?;
    let digits = number.len() == 6 && number.bytes().all(|byte| byte.is_ascii_digit());
    let number = number.parse().ok().filter(|number| digits && *number > 0)?;
    Some((number, kind))
}

impl Layout {
    /// The folder of all days' manifests; ends with `/`.
    pub fn manifests(&self) -> String {
        format!("{}manifest/", self.curated().prefix())
    }

    /// A day's manifest folder.
    pub fn manifests_of(&self, date: &Day) -> String {
        format!("{}date={date}/", self.manifests())
    }

    /// An object in a day's manifest folder.
    pub fn leaf(&self, date: &Day, leaf: Leaf) -> String {
        format!("{}{}", self.manifests_of(date), leaf.name())
    }

    /// Reads such a key back.
    pub fn parse_leaf(&self, key: &str) -> Option<(Day, Leaf)> {
        let path = key.strip_prefix(&self.manifests())?.strip_prefix("date=")?;
        let (date, name) = path.split_once('/')?;
        Some((Day::parse(date)?, Leaf::parse(name)?))
    }

    /// `manifest/sweep.json`
    pub fn sweep_state(&self) -> String {
        format!("{}sweep.json", self.manifests())
    }

    /// The revision of such a ledger, by its key.
    pub fn parse_parts_ledger(&self, key: &str) -> Option<u32> {
        let (_, name) = key.rsplit_once('/')?;
        let (number, kind) = parse_number(name)?;
        (kind == "parquet").then_some(number)
    }

    /// The day's parts as Parquet, of one revision.
    pub fn parts_ledger(&self, date: &Day, revision: u32) -> String {
        format!(
            "{}parts/date={date}/r{revision:06}.parquet",
            self.curated().prefix()
        )
    }

    /// The folder of one table's symlinks of all days, or of all tables'; ends with `/` or `table=`.
    pub fn links(&self, link: Link, table: Option<&str>) -> String {
        let folder = format!("{}{}table=", self.curated().prefix(), link.folder());
        match table {
            None => folder,
            Some(table) => format!("{folder}{table}/"),
        }
    }

    /// A table's symlink of one day.
    pub fn link(&self, link: Link, table: &str, date: &Day) -> String {
        format!("{}date={date}/symlink.txt", self.links(link, Some(table)))
    }

    /// Reads such a key back.
    pub fn parse_link(&self, link: Link, key: &str) -> Option<(String, Day)> {
        let path = key.strip_prefix(&self.links(link, None))?;
        let (table, rest) = path.split_once('/')?;
        let date = rest.strip_prefix("date=")?.strip_suffix("/symlink.txt")?;
        names::is_any_table_name(table).then_some(())?;
        Some((table.to_owned(), Day::parse(date)?))
    }

    /// The object that names the newest complete day.
    pub fn latest(&self) -> String {
        format!("{}latest/latest.json", self.curated().prefix())
    }

    /// Where a damaged object of ours is kept.
    pub fn set_aside(&self, key: &str) -> Option<String> {
        let prefix = self.curated().prefix();
        Some(format!("{prefix}set-aside/{}", key.strip_prefix(prefix)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Place;

    fn layout() -> Layout {
        let place = |bucket, prefix| Place::new(bucket, prefix).unwrap();
        Layout::new(place("in", "hubspot"), place("out", "lake")).unwrap()
    }

    #[test]
    fn every_leaf_is_read_back() {
        let (layout, date) = (layout(), Day::new(2026, 11, 23).unwrap());
        let leaves = [
            Leaf::Revision(1),
            Leaf::Revision(REVISION_MAX),
            Leaf::Announced(17),
            Leaf::Manifest,
            Leaf::Checksum,
            Leaf::Sent,
            Leaf::Forgotten,
        ];
        for leaf in leaves {
            let key = layout.leaf(&date, leaf);
            assert_eq!(layout.parse_leaf(&key), Some((date.clone(), leaf)), "{key}");
        }
    }

    #[test]
    fn what_is_no_leaf_is_none() {
        for name in [
            "r1.json",
            "r0000001.json",
            "r000000.json",
            "r+00001.json",
            "x.json",
            "r000001.txt",
        ] {
            let key = format!("lake/manifest/date=2026-11-23/{name}");
            assert_eq!(layout().parse_leaf(&key), None, "{name}");
        }
        assert_eq!(
            layout().parse_leaf("lake/manifest/date=2026-13-01/manifest.json"),
            None
        );
    }

    #[test]
    fn links_are_read_back_and_are_no_outputs() {
        let (layout, date) = (layout(), Day::new(2026, 11, 23).unwrap());
        for link in [Link::Published, Link::Live] {
            let key = layout.link(link, "objects", &date);
            assert_eq!(
                layout.parse_link(link, &key),
                Some(("objects".to_owned(), date.clone()))
            );
            assert_eq!(layout.parse(&key), None);
        }
    }
}

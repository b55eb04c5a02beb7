//! What is no text by its first bytes.

/// The first bytes of a text, however they come.
#[derive(Debug, Default)]
pub(super) struct First {
    bytes: [u8; 10],
    seen: usize,
}

impl First {
    /// Takes the next bytes of the text.
    pub(super) fn see(&mut self, bytes: &[u8]) {
        for (to, from) in self.bytes.iter_mut().skip(self.seen).zip(bytes) {
            *to = *from;
            self.seen += 1;
        }
    }

    /// The format that it begins as, if it is none of text.
    pub(super) fn format(&self) -> Option<&'static str> {
        match self.bytes.get(..self.seen)? {
            [0x1f, 0x8b, 8, ..] => Some("gzip"),
            bytes => foreign_format(bytes),
        }
    }
}

/// Formats that look like a CSV part only by name. Their magic numbers hold bytes that no text begins with.
pub(super) fn foreign_format(head: &[u8]) -> Option<&'static str> {
    match head {
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] | [b'P', b'K', 7, 8, ..] => Some("a zip archive"),
        [
            b'B',
            b'Z',
            b'h',
            b'1'..=b'9',
            0x31,
            0x41,
            0x59,
            0x26,
            0x53,
            0x59,
            ..,
        ]
        | [
            b'B',
            b'Z',
            b'h',
            b'1'..=b'9',
            0x17,
            0x72,
            0x45,
            0x38,
            0x50,
            0x90,
            ..,
        ] => Some("bzip2"),
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some("xz"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some("zstd"),
        [0x04, 0x22, 0x4d, 0x18, ..] => Some("lz4"),
        [0xff, 6, 0, 0, b's', b'N', b'a', b'P', b'p', b'Y', ..] => Some("framed snappy"),
        [b'7', b'z', 0xbc, 0xaf, 0x27, 0x1c, ..] => Some("a 7z archive"),
        [0x1f, 0x9d, ..] => Some("compress (.Z)"),
        _ if is_parquet(head) => Some("Parquet"),
        _ => None,
    }
}

/// Whether a file is Parquet by its first five bytes: behind its magic number stands what no text has, and a CSV may begin with
/// the four letters.
pub fn is_parquet(head: &[u8]) -> bool {
    matches!(head, [b'P', b'A', b'R', b'1', 0..=8 | 0x0e..=0x1f, ..])
}

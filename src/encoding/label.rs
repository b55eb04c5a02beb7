//! Encodings and their labels.

use std::fmt;

/// An encoding of the WHATWG Encoding Standard.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Encoding(&'static encoding_rs::Encoding);

impl Encoding {
    /// UTF-8, which is what is taken where nothing is declared and no byte order mark says otherwise.
    pub const UTF_8: Encoding = Encoding(encoding_rs::UTF_8);
    /// UTF-16, little endian.
    pub(super) const UTF_16LE: Encoding = Encoding(encoding_rs::UTF_16LE);
    /// UTF-16, big endian.
    pub(super) const UTF_16BE: Encoding = Encoding(encoding_rs::UTF_16BE);

    /// The encoding with this label, in any case: WHATWG's labels, and Python's names of the same encodings
    /// (`cp949`, `utf-8-sig`, `latin_1`, `utf-16-le`…).
    pub fn for_label(label: &str) -> Result<Encoding, UnknownEncoding> {
        let name = label.trim().to_ascii_lowercase();
        let dashed = name.replace('_', "-");
        let joined = dashed.replace('-', "");
        [name.as_str(), &dashed, &joined, python_alias(&dashed)]
            .into_iter()
            .find_map(|name| encoding_rs::Encoding::for_label_no_replacement(name.as_bytes()))
            .map(Encoding)
            .ok_or_else(|| UnknownEncoding(label.to_owned()))
    }

    /// The encoding that a byte order mark at the start of `head` names, and the mark's length in bytes. `head` should
    /// hold the first 3 bytes of the text, as far as there are so many.
    pub fn detect(head: &[u8]) -> Option<(Encoding, usize)> {
        encoding_rs::Encoding::for_bom(head).map(|(encoding, length)| (Encoding(encoding), length))
    }

    /// Its name in the standard, such as `UTF-8`, `windows-1252` or `EUC-KR` (for `cp949`).
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// What reads it.
    pub(super) fn standard(self) -> &'static encoding_rs::Encoding {
        self.0
    }
}

impl fmt::Debug for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A label that no encoding has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown encoding {0:?}: expected a label of the WHATWG Encoding Standard, such as utf-8, utf-16, latin-1, windows-1252, shift_jis, gbk, big5 or cp949"
)]
pub struct UnknownEncoding(pub String);

/// WHATWG labels for those names of Python's codecs that are not labels themselves once `_` is written `-`.
fn python_alias(name: &str) -> &str {
    match name {
        "utf-8-sig" | "utf8-sig" | "u8" | "utf" | "cp65001" => "utf-8",
        "u16" | "utf16" | "utf-16-le" | "utf16-le" | "utf16le" => "utf-16le",
        "utf-16-be" | "utf16-be" | "utf16be" => "utf-16be",
        "latin" | "8859" | "cp819" | "iso8859" | "iso-8859" | "646" => "latin1",
        "cp949" | "949" | "ms949" | "uhc" | "euckr" => "euc-kr",
        "cp932" | "932" | "mskanji" | "ms-kanji" | "s-jis" | "shiftjis" => "shift_jis",
        "cp936" | "936" | "ms936" => "gbk",
        "cp950" | "950" | "ms950" => "big5",
        "cp874" => "windows-874",
        "eucjp" | "ujis" | "u-jis" => "euc-jp",
        "iso2022-jp" | "iso2022jp" => "iso-2022-jp",
        "big5hkscs" | "hkscs" => "big5-hkscs",
        "gb18030-2000" => "gb18030",
        "macroman" | "mac-roman" => "macintosh",
        "maccyrillic" | "mac-cyrillic" => "x-mac-cyrillic",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_the_standard_and_of_python_are_known() {
        for (name, labels) in [
            ("UTF-8", "utf-8 UTF8 utf_8 utf-8-sig utf_8_sig U8"),
            ("UTF-16LE", "utf-16 UTF16 utf_16 utf-16le utf-16-le utf_16_le"),
            ("UTF-16BE", "utf-16be utf-16-be utf_16_be"),
            (
                "windows-1252",
                "latin-1 latin1 latin_1 L1 iso-8859-1 iso8859-1 iso8859_1 iso_8859_1 cp1252 ascii us-ascii windows-1252",
            ),
            ("EUC-KR", "cp949 CP949 euc-kr euc_kr uhc ms949 ks_c_5601-1987"),
            ("Shift_JIS", "shift_jis shift-jis sjis cp932 ms932 windows-31j"),
            ("EUC-JP", "euc-jp euc_jp"),
            ("ISO-2022-JP", "iso-2022-jp iso2022_jp"),
            ("GBK", "gbk gb2312 cp936"),
            ("gb18030", "gb18030"),
            ("Big5", "big5 cp950 big5-hkscs"),
            ("windows-1250", "cp1250"),
            ("windows-1251", "cp1251"),
            ("ISO-8859-2", "latin2 iso8859_2"),
            ("ISO-8859-15", "iso8859-15 iso-8859-15 iso8859_15"),
            ("KOI8-R", "koi8_r koi8-r"),
            ("macintosh", "mac_roman macintosh"),
        ] {
            for label in labels.split(' ') {
                assert_eq!(Encoding::for_label(label).unwrap().name(), name, "{label}");
            }
        }
        // The last two are labels of the standard's `replacement`, which reads nothing.
        for label in [
            "",
            "utf-9",
            "utf-32",
            "ebcdic",
            "cp037",
            "hz-gb-2312",
            "iso-2022-kr",
        ] {
            let error = Encoding::for_label(label).unwrap_err();
            assert!(error.to_string().contains(&format!("{label:?}")), "{error}");
        }
    }
}

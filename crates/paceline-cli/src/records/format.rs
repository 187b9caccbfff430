//! The formats of sources, and how one is told from another.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

/// How the records of a source are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Comma-separated values (RFC 4180) with a header row.
    Csv,
    /// The same with tabs.
    Tsv,
    /// One JSON object per line.
    JsonLines,
    /// One JSON array of objects.
    JsonArray,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 4] = [Self::Csv, Self::Tsv, Self::JsonLines, Self::JsonArray];

    /// The name that configuration uses.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::JsonLines => "jsonl",
            Self::JsonArray => "json",
        }
    }

    /// What the extension of `path` says, a `.gz` or `.zst` behind it aside. `.json` may be an array or
    /// lines, so that its first bytes decide.
    pub(super) fn of_path(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.to_ascii_lowercase();
        let name = COMPRESSED.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(&name);
        match Path::new(name).extension()?.to_str()? {
            "csv" => Some(Self::Csv),
            "tsv" | "tab" => Some(Self::Tsv),
            "jsonl" | "ndjson" => Some(Self::JsonLines),
            _ => None,
        }
    }

    /// What a source that begins so is.
    pub(super) fn sniff(start: &[u8]) -> Self {
        match start.iter().find(|byte| !byte.is_ascii_whitespace()) {
            Some(b'[') => Self::JsonArray,
            // Nothing at all is no records, which JSON Lines can say and CSV cannot.
            Some(b'{') | None => Self::JsonLines,
            Some(_) => Self::Csv,
        }
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        match text {
            "csv" => Ok(Self::Csv),
            "tsv" => Ok(Self::Tsv),
            "jsonl" | "ndjson" => Ok(Self::JsonLines),
            "json" => Ok(Self::JsonArray),
            _ => Err(UnknownFormat(text.to_owned())),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A format that there is not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a format; use csv, tsv, jsonl (one object per line) or json (one array)")]
pub struct UnknownFormat(String);

const COMPRESSED: [&str; 4] = [".gz", ".gzip", ".zst", ".zstd"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extension_tells_the_format_behind_a_compression() {
        let cases = [
            ("a.csv", Some(Format::Csv)),
            ("dir.csv/A.TSV.GZ", Some(Format::Tsv)),
            ("a.jsonl.zst", Some(Format::JsonLines)),
            ("a.b.ndjson", Some(Format::JsonLines)),
            ("a.json", None),
            ("a.gz", None),
            ("csv", None),
        ];
        for (path, format) in cases {
            assert_eq!(Format::of_path(Path::new(path)), format, "{path}");
        }
    }

    #[test]
    fn the_first_byte_that_is_not_blank_tells_the_format() {
        assert_eq!(Format::sniff(b" \n[1"), Format::JsonArray);
        assert_eq!(Format::sniff(b"{"), Format::JsonLines);
        assert_eq!(Format::sniff(b"id,name"), Format::Csv);
        assert_eq!(Format::sniff(b""), Format::JsonLines);
    }

    #[test]
    fn every_format_is_found_by_its_name() {
        for format in Format::ALL {
            assert_eq!(format.name().parse(), Ok(format));
        }
        assert!("xml".parse::<Format>().unwrap_err().to_string().contains("jsonl"));
    }
}

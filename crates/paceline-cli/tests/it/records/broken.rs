//! Every way in which a source is broken, and what the error says.

use paceline_cli::records::{Fault, Format, MAX_RECORD_BYTES, SourceSpec, open};

use super::{gzip, read, zstd};

fn errors(format: Format, sources: &[&[u8]]) -> String {
    let mut lines = String::new();
    for source in sources {
        let error = read(*source, Some(format)).expect_err(&String::from_utf8_lossy(source));
        lines += &format!("{error}\n");
    }
    lines
}

#[test]
fn broken_csv_is_named_with_its_line() {
    let sources: [&[u8]; 9] = [
        b"",
        b"\n\n",
        b"a,,c\n1,2,3\n",
        b"a,b,a\n1,2,3\n",
        b"a,b\n1,2\n3\n",
        b"a,b\n1,2\n3,4,5\n",
        b"a,b\n\"1\n\",2\n\"3,4\n",
        b"a,b\n1,\xff\n",
        b"a,b\n1\xc3,\xa42\n",
    ];
    insta::assert_snapshot!(errors(Format::Csv, &sources), @"
    source: is empty, but its first line must name the fields
    source: is empty, but its first line must name the fields
    source:1: column 2 has no name; give every column of the header a name
    source:1: columns 1 and 3 are both named `a`; rename one of them
    source:3: 1 fields, but the header has 2; look for a missing or extra delimiter, or a quote that is not closed
    source:3: 3 fields, but the header has 2; look for a missing or extra delimiter, or a quote that is not closed
    source:4: a quote is opened in this record and never closed; close it, or double a quote that is meant
    source:2: not valid UTF-8; convert the file, for example with `iconv -f latin1 -t utf-8`
    source:2: not valid UTF-8; convert the file, for example with `iconv -f latin1 -t utf-8`
    ");
}

#[test]
fn broken_json_lines_are_named_with_their_line() {
    let sources: [&[u8]; 9] = [
        b"{}\n5\n",
        b"{}\n[1]\n",
        b"id,name\n",
        b"{\"a\":1}\n\n{\"a\":}\n",
        b"{\"a\":1",
        b"{\"a\":1} {\"b\":2}\n",
        b"{\"a\":\"\xff\"}\n",
        b"{\"a\":\"\\ud800\"}\n",
        b"{\"a\":{\"b\":[123456789012345678901234]}}\n",
    ];
    insta::assert_snapshot!(errors(Format::JsonLines, &sources), @"
    source:2: a number where a JSON object {...} must stand; every record is one object (if this is not JSON, set `format` under [records])
    source:2: an array where a JSON object {...} must stand; every record is one object (if this is not JSON, set `format` under [records])
    source:1: text where a JSON object {...} must stand; every record is one object (if this is not JSON, set `format` under [records])
    source:3: not valid JSON: expected value (column 6)
    source:1: not valid JSON: EOF while parsing an object (column 6)
    source:1: not valid JSON: trailing characters (column 9)
    source:1: not valid UTF-8; convert the file, for example with `iconv -f latin1 -t utf-8`
    source:1: not valid JSON: unexpected end of hex escape (column 13)
    source:1: the number 1.2345678901234569e+23 has more digits than can be kept exactly; write it as a string
    ");
}

#[test]
fn broken_arrays_are_named_with_their_line() {
    let sources: [&[u8]; 13] = [
        b"",
        b"{}",
        b"[",
        b"[{}",
        b"[{},",
        b"[{},\n]",
        b"[{}\n{}]",
        b"[{},\n5]",
        b"[{\"a\":\n1",
        b"[{\"a\":\n\n1]}]",
        b"[{}]\n[]",
        b"[{\"a\":\"\xff\"}]",
        b"[{}}]",
    ];
    insta::assert_snapshot!(errors(Format::JsonArray, &sources), @"
    source:1: not a JSON array: nothing where `[` must stand
    source:1: not a JSON array: an object where `[` must stand
    source:1: the array is not closed: the file was cut short; copy or download it again
    source:1: the array is not closed: the file was cut short; copy or download it again
    source:1: the array is not closed: the file was cut short; copy or download it again
    source:2: `]` where a JSON object {...} must stand; every record is one object (if this is not JSON, set `format` under [records])
    source:2: an object where `,` or `]` must stand
    source:2: a number where a JSON object {...} must stand; every record is one object (if this is not JSON, set `format` under [records])
    source:1: the array is not closed: the file was cut short; copy or download it again
    source:3: not valid JSON: expected `,` or `}` (column 2)
    source:2: an array after the end of the array; a source is one array
    source:1: not valid UTF-8; convert the file, for example with `iconv -f latin1 -t utf-8`
    source:1: `}` where `,` or `]` must stand
    ");
}

#[test]
fn broken_compression_is_named() {
    let text: Vec<u8> = (0..20_000u32)
        .flat_map(|n| format!("{{\"n\":{}}}\n", n.wrapping_mul(2_654_435_761)).into_bytes())
        .collect();
    let mut errors = String::new();
    // Past the bytes that say what it is: gzip's method, zstd's frame header.
    for (whole, header) in [(gzip(&text), 2), (zstd(&text), 4)] {
        let mut damaged = whole.clone();
        damaged[header..8].fill(0xff);
        for source in [&whole[..whole.len() / 2], &whole[..whole.len() - 1], &damaged] {
            let error = read(source, Some(Format::JsonLines)).unwrap_err();
            errors += &format!("{error}\n");
        }
    }
    insta::assert_snapshot!(errors, @"
    source:9931: the gzip stream ends early: the file was cut short; copy or download it again
    source: the gzip stream ends early: the file was cut short; copy or download it again
    source: the gzip stream is damaged (invalid gzip header); copy or download it again
    source:7830: the zstd stream ends early: the file was cut short; copy or download it again
    source:15660: the zstd stream ends early: the file was cut short; copy or download it again
    source: the zstd stream is damaged (Unsupported frame parameter); copy or download it again
    ");
}

#[test]
fn what_is_not_text_in_utf_8_is_told_apart() {
    let utf16: &[u8] = &[0xff, 0xfe, b'a', 0, b'\n', 0];
    assert!(matches!(read(utf16, None).unwrap_err().fault(), Fault::Utf16));
    assert!(matches!(read(&b"PK\x03\x04rest"[..], None).unwrap_err().fault(), Fault::Archive));
}

#[test]
fn a_record_beyond_the_limit_is_refused_in_every_format() {
    let long = "x".repeat(MAX_RECORD_BYTES + 1);
    let delimiters = ",".repeat(MAX_RECORD_BYTES + 1);
    let sources = [
        (Format::Csv, format!("a\n\"{long}")),
        (Format::Csv, format!("a\n{delimiters}")),
        (Format::JsonLines, format!("{{\"a\":\"{long}\"}}")),
        (Format::JsonArray, format!("[{{\"a\":\"{long}\"}}]")),
    ];
    for (format, source) in sources {
        let error = read(source, Some(format)).unwrap_err();
        assert!(matches!(error.fault(), Fault::TooLarge), "{format}: {error}");
    }
}

#[test]
fn a_file_that_cannot_be_opened_is_named() {
    let error = open(&SourceSpec::named("no/such/file.csv")).err().unwrap().to_string();
    assert!(error.starts_with("no/such/file.csv: cannot be opened: "), "{error}");
    let directory = tempfile::tempdir().unwrap();
    let error = open(&SourceSpec::named(directory.path())).err().unwrap();
    assert!(matches!(error.fault(), Fault::Folder), "{error}");
}

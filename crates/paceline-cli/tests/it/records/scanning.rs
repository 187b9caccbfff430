//! The pass over a file before anything is sent.

use std::path::Path;

use paceline_cli::records::{Fault, ScanProgress, SourceSpec, open, scan};

use super::{gzip, zstd};

fn quiet(_: ScanProgress) {}

#[test]
fn a_scan_counts_names_and_fingerprints_what_lies_on_disk() {
    let airports = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/airports.csv");
    let bytes = std::fs::read(&airports).unwrap();
    let mut last = None;
    let scan = scan(&SourceSpec::named(&airports), &mut |progress| last = Some(progress)).unwrap();
    assert_eq!(scan.records, 3376);
    assert_eq!(scan.bytes, bytes.len() as u64);
    assert_eq!(scan.fingerprint, *blake3::hash(&bytes).as_bytes());
    assert_eq!(scan.header.unwrap()[..2], ["iata", "name"]);
    assert_eq!(last, Some(ScanProgress { records: 3376, bytes: scan.bytes, total_bytes: scan.bytes }));
}

#[test]
fn a_scan_and_a_reader_agree_on_every_format_and_compression() {
    let directory = tempfile::tempdir().unwrap();
    let texts: [(&str, &[u8]); 4] = [
        ("a.csv", b"id\n1\n2\n3\n"),
        ("a.tsv", b"id\n1\n2\n3\n"),
        ("a.ndjson", b"{\"id\":1}\n{\"id\":2}\n{}\n"),
        ("a.json", b"[{\"id\":1},{\"id\":2},{}]"),
    ];
    for (name, text) in texts {
        for (ending, bytes) in [("", text.to_vec()), (".gz", gzip(text)), (".zst", zstd(text))] {
            let path = directory.path().join(format!("{name}{ending}"));
            std::fs::write(&path, &bytes).unwrap();
            let spec = SourceSpec::named(&path);
            let scan = scan(&spec, &mut quiet).unwrap();
            assert_eq!(scan.records, 3, "{}", path.display());
            assert_eq!(scan.fingerprint, *blake3::hash(&bytes).as_bytes(), "{}", path.display());
            assert_eq!(open(&spec).unwrap().map(Result::unwrap).count(), 3, "{}", path.display());
        }
    }
}

#[test]
fn a_malformed_row_far_below_is_found_before_anything_is_sent() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("rows.csv");
    std::fs::write(&path, format!("a,b\n{}1\n", "1,2\n".repeat(9_998))).unwrap();
    let error = scan(&SourceSpec::named(&path), &mut quiet).unwrap_err();
    assert_eq!(error.line(), Some(10_000));
    assert!(matches!(error.fault(), Fault::Ragged { found: 1, expected: 2 }));
}

#[test]
fn what_can_be_read_only_once_is_not_scanned() {
    assert!(matches!(scan(&SourceSpec::named("-"), &mut quiet).unwrap_err().fault(), Fault::Stdin));
    let directory = tempfile::tempdir().unwrap();
    let error = scan(&SourceSpec::named(directory.path()), &mut quiet).unwrap_err();
    assert!(matches!(error.fault(), Fault::NotAFile));
}

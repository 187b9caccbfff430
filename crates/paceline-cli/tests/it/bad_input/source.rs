//! Sources that cannot be read, or not to their end.

use super::super::desk::Desk;
use super::refused;

/// `count` good rows under a header, with `bad` in the place of row `at`.
fn rows_with(bad: &[u8], at: usize, count: usize) -> Vec<u8> {
    let mut text = b"id,name\n".to_vec();
    for row in 0..count {
        if row == at {
            text.extend_from_slice(bad);
        } else {
            text.extend_from_slice(format!("{row},name {row}").as_bytes());
        }
        text.push(b'\n');
    }
    text
}

#[tokio::test]
async fn a_malformed_row_anywhere_is_found_before_anything_is_sent() {
    let desk = Desk::empty();
    let mut said = String::new();
    for bad in [&b"7"[..], b"7,\"name", b"7,na\xffme"] {
        // The first, one beyond any look at the beginning, and the last.
        for at in [0, 1_500, 2_999] {
            desk.put("records.csv", rows_with(bad, at, 3_000));
            said.push_str(&refused(&desk, &["records.csv", "--to", "URL"]).await);
        }
    }
    insta::assert_snapshot!(said);
    assert_eq!(desk.names(), ["records.csv"], "no journal is begun for it");
}

#[tokio::test]
async fn broken_json_is_named_with_line_and_column() {
    let desk = Desk::empty();
    let good: String = (0..500).map(|id| format!("{{\"id\":\"{id}\"}}\n")).collect();
    let mut said = String::new();
    for bad in ["{\"id\":", "{\"id\":1,}", "[1]", "{\"id\":1} {\"id\":2}"] {
        desk.put("records.jsonl", format!("{good}{bad}\n{good}"));
        said.push_str(&refused(&desk, &["records.jsonl", "--to", "URL"]).await);
    }
    desk.put("records.json", "[{\"id\":1},\n{\"id\":2}");
    said.push_str(&refused(&desk, &["records.json", "--to", "URL"]).await);
    insta::assert_snapshot!(said);
}

#[tokio::test]
async fn what_is_no_file_or_holds_nothing_is_told_apart() {
    let desk = Desk::empty();
    std::fs::create_dir(desk.path("folder.csv")).unwrap();
    desk.put("empty.csv", "");
    desk.put("archive.csv", b"PK\x03\x04rest");
    desk.put("cut.csv.gz", b"\x1f\x8b\x08\x00\x00");
    let mut said = String::new();
    for name in ["missing.csv", "folder.csv", "empty.csv", "archive.csv", "cut.csv.gz"] {
        said.push_str(&refused(&desk, &[name, "--to", "URL"]).await);
    }
    insta::assert_snapshot!(said);
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_without_permission_is_named() {
    use std::os::unix::fs::PermissionsExt;

    let desk = Desk::with_records(1);
    std::fs::set_permissions(desk.path("records.csv"), std::fs::Permissions::from_mode(0o000)).unwrap();
    if std::fs::read(desk.path("records.csv")).is_ok() {
        println!("skipped: this user may read every file, so there is none that it may not");
        return;
    }
    let said = refused(&desk, &["records.csv", "--to", "URL"]).await;
    assert!(said.contains("records.csv") && said.contains("permissions"), "{said}");
}

#[tokio::test]
async fn a_header_without_records_is_done_at_once() {
    let desk = Desk::with_records(0);
    let ended = desk.sync(&["records.csv", "--to", "http://127.0.0.1:9", "--json"]).ended().await.expect(0);
    assert_eq!(ended.counts(), [0, 0, 0, 0]);
    assert_eq!(ended.json()["exit_reason"], "done");
}

#[tokio::test]
async fn a_record_that_the_scan_accepts_may_still_lack_what_the_template_needs() {
    let desk = Desk::empty();
    let good: String = (0..300).map(|id| format!("{{\"id\":\"{id}\"}}\n")).collect();
    desk.put("records.jsonl", format!("{{\"name\":\"nobody\"}}\n{good}"));
    let said = refused(&desk, &["records.jsonl", "--to", "URL/people/{{ id }}"]).await;
    insta::assert_snapshot!(said);
}

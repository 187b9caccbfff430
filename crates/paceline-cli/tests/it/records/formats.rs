//! What well-formed sources hold.

use paceline_cli::records::Format;

use super::{gzip, listed, read, zstd};

#[test]
fn csv_values_are_strings_and_rows_know_their_lines() {
    let text = "id,name\r\n1,\"two\r\nlines\"\r\n\r\n2,\"a \"\"quote\"\"\"\r\n3,";
    assert_eq!(
        listed(text, Some(Format::Csv)),
        [
            r#"2 0 {"id":"1","name":"two\r\nlines"}"#,
            r#"5 1 {"id":"2","name":"a \"quote\""}"#,
            r#"6 2 {"id":"3","name":""}"#
        ]
    );
}

#[test]
fn tsv_is_csv_with_tabs() {
    assert_eq!(listed("a\tb\n1,5\t\"2\t3\"\n", Some(Format::Tsv)), [r#"2 0 {"a":"1,5","b":"2\t3"}"#]);
}

#[test]
fn json_lines_keep_types_and_order_and_skip_blank_lines() {
    let text = "\n{\"z\":1.50,\"a\":[true,null]}\r\n  \n {\"b\":18446744073709551615}";
    assert_eq!(
        listed(text, Some(Format::JsonLines)),
        [r#"2 0 {"z":1.5,"a":[true,null]}"#, r#"4 1 {"b":18446744073709551615}"#]
    );
}

#[test]
fn elements_of_an_array_may_span_lines() {
    let text = "[\n{\"a\":\n\"] } \\\" \\\\\"},{\"b\":{\"c\":[{}]}}\n ,\n{}\n]\n";
    assert_eq!(
        listed(text, Some(Format::JsonArray)),
        [r#"2 0 {"a":"] } \" \\"}"#, r#"3 1 {"b":{"c":[{}]}}"#, "5 2 {}"]
    );
    assert!(listed(" [ ] ", Some(Format::JsonArray)).is_empty());
}

#[test]
fn the_first_bytes_tell_what_a_nameless_source_is() {
    assert_eq!(listed("id\n7\n", None), [r#"2 0 {"id":"7"}"#]);
    assert_eq!(listed("\n{\"id\":7}\n", None), [r#"2 0 {"id":7}"#]);
    assert_eq!(listed("[{\"id\":7}]", None), [r#"1 0 {"id":7}"#]);
    assert!(listed("", None).is_empty());
}

#[test]
fn compression_is_told_by_the_bytes_and_a_byte_order_mark_is_skipped() {
    let marked = "\u{feff}id,n\n1,\u{fc}\n".as_bytes();
    let expected = [r#"2 0 {"id":"1","n":"ü"}"#];
    assert_eq!(listed(marked, None), expected);
    assert_eq!(listed(gzip(marked), None), expected);
    assert_eq!(listed(zstd(marked), None), expected);
    let members = [gzip(b"id\n1\n"), gzip(b"2\n")].concat();
    assert_eq!(listed(members, None).len(), 2);
    let frames = [zstd(b"id\n1\n"), zstd(b"2\n")].concat();
    assert_eq!(listed(frames, None).len(), 2);
}

#[test]
fn an_iterator_ends_after_its_first_error() {
    let source = std::io::Cursor::new(b"a\n1\n2,3\n4\n".to_vec());
    let mut records =
        paceline_cli::records::Records::from_reader("source", Box::new(source), Some(Format::Csv)).unwrap();
    assert!(records.next().unwrap().is_ok());
    assert!(records.next().unwrap().is_err());
    assert!(records.next().is_none());
}

#[test]
fn a_record_up_to_the_limit_is_read() {
    let field = "x".repeat(paceline_cli::records::MAX_RECORD_BYTES - 100);
    let records = read(format!("a\n\"{field}\"\n"), Some(Format::Csv)).unwrap();
    assert_eq!(records[0].field_text("a").unwrap(), field);
}

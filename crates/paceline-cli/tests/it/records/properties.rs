//! What holds for every source.

use std::io::Cursor;

use paceline_cli::records::{Format, Records};
use proptest::prelude::*;
use serde_json::{Map, Value};

use super::{Dripping, read};

/// Rows of two fields, with everything that needs a quote.
fn rows() -> impl Strategy<Value = Vec<[String; 2]>> {
    prop::collection::vec(["[a-z\",\n\r\t é]{0,8}", ".{0,8}"], 0..20)
}

fn csv(rows: &[[String; 2]]) -> String {
    let quoted = |field: &String| format!("\"{}\"", field.replace('"', "\"\""));
    let lines = rows.iter().map(|row| format!("{},{}\n", quoted(&row[0]), quoted(&row[1])));
    format!("a,b\n{}", lines.collect::<String>())
}

fn fields() -> impl Strategy<Value = Map<String, Value>> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
        Just(Value::Null),
    ];
    let value =
        leaf.prop_recursive(3, 16, 4, |inner| prop::collection::vec(inner, 0..4).prop_map(Value::from));
    prop::collection::vec(("[a-z\"\\\\{}\\[\\]]{1,6}", value), 0..5)
        .prop_map(|fields| fields.into_iter().collect())
}

proptest! {
    #[test]
    fn csv_gives_back_what_was_written(rows in rows()) {
        let read = read(csv(&rows), Some(Format::Csv)).unwrap();
        prop_assert_eq!(read.len(), rows.len());
        let mut line = 2;
        for (record, row) in read.iter().zip(&rows) {
            prop_assert_eq!(record.line, line);
            prop_assert_eq!(record.field_text("a").unwrap(), row[0].as_str());
            prop_assert_eq!(record.field_text("b").unwrap(), row[1].as_str());
            line += 1 + row.iter().flat_map(|field| field.bytes()).filter(|byte| *byte == b'\n').count() as u64;
        }
    }

    #[test]
    fn json_gives_back_what_was_written(records in prop::collection::vec(fields(), 0..10)) {
        let lines: String = records.iter().map(|fields| serde_json::to_string(fields).unwrap() + "\n").collect();
        let array = serde_json::to_string_pretty(&records).unwrap();
        for (format, text) in [(Format::JsonLines, lines), (Format::JsonArray, array)] {
            let read = read(text, Some(format)).unwrap();
            prop_assert_eq!(read.len(), records.len());
            for (position, (record, fields)) in read.iter().zip(&records).enumerate() {
                prop_assert_eq!(record.position, position as u64);
                prop_assert_eq!(&record.fields, fields);
            }
        }
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for format in Format::ALL.map(Some).into_iter().chain([None]) {
            let _ = read(bytes.clone(), format);
        }
    }

    #[test]
    fn json_like_bytes_never_make_a_reader_panic(text in "[\\[\\]{}\",:0-9a\\\\\n ]{0,60}") {
        for format in Format::ALL.map(Some) {
            let _ = read(text.clone(), format);
        }
    }

    #[test]
    fn how_the_bytes_arrive_does_not_matter(rows in rows(), size in 1usize..9, broken in any::<bool>()) {
        let mut text = csv(&rows);
        if broken {
            text.push('"');
        }
        let dripping = Dripping { inner: Cursor::new(text.clone().into_bytes()), size };
        let dripped: Result<Vec<_>, _> =
            Records::from_reader("source", Box::new(dripping), Some(Format::Csv)).unwrap().collect();
        match (dripped, read(text, Some(Format::Csv))) {
            (Ok(dripped), Ok(whole)) => prop_assert_eq!(dripped, whole),
            (Err(dripped), Err(whole)) => prop_assert_eq!(dripped.to_string(), whole.to_string()),
            (dripped, whole) => prop_assert!(false, "{dripped:?} {whole:?}"),
        }
    }
}

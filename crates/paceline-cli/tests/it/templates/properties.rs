//! No value breaks out of its place.

use paceline_cli::records::Record;
use paceline_cli::template::RequestTemplate;
use percent_encoding::percent_decode_str;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{body_under, json_of, spec, text, url_of, with_body, with_header};

/// Texts that want to be something else.
fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[\"'\\\\{}\\[\\]:,/?#%&=.\r\n\t a1\u{0}-\u{5}é\u{2028}😀]{0,12}",
        2 => any::<String>(),
        1 => prop::sample::select(vec!["\",\"admin\":true,\"x\":\"", "..", ".", "%2e%2e", "{{ id }}", "1,2", "\\", "null", "a\r\nX: y"])
            .prop_map(str::to_owned),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        hostile().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null)
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::vec((hostile(), inner), 0..3)
                .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn record(value: impl Into<Value>) -> Record {
    Record { position: 0, line: 1, fields: Map::from_iter([("v".to_owned(), value.into())]) }
}

/// Marks of both kinds cannot be told from a captured block, so such a text is refused.
fn looks_captured(text: &str) -> bool {
    text.contains(['\u{1}', '\u{2}', '\u{3}']) && text.contains('\u{4}')
}

proptest! {
    #[test]
    fn a_text_within_quotes_is_read_back_as_it_was(text in hostile()) {
        match json_of(r#"{"before":1,"v":"<{{ v }}>","after":[2]}"#, &record(text.as_str())) {
            Ok(body) => prop_assert_eq!(body, json!({"before": 1, "v": format!("<{text}>"), "after": [2]})),
            Err(error) => prop_assert!(looks_captured(&text), "{error}"),
        }
    }

    #[test]
    fn any_value_within_quotes_stays_one_text(value in value()) {
        if let Ok(body) = json_of(r#"["{{ v }}", 1]"#, &record(value)) {
            prop_assert!(body[0].is_string());
            prop_assert_eq!(&body[1], 1);
            prop_assert_eq!(body.as_array().map(Vec::len), Some(2));
        }
    }

    #[test]
    fn any_value_without_quotes_stays_one_value(value in value()) {
        if let Ok(body) = json_of(r#"[{{ v }}, 1]"#, &record(value.clone())) {
            prop_assert_eq!(body.as_array().map(Vec::len), Some(2));
            match value {
                Value::String(text) => prop_assert_eq!(serde_json::from_str::<Value>(text.trim()).unwrap(), body[0].clone()),
                other => prop_assert_eq!(&body[0], &other),
            }
        }
    }

    #[test]
    fn the_whole_record_as_json_is_the_record(value in value()) {
        let body = json_of("{{ record | tojson }}", &record(value.clone())).unwrap();
        prop_assert_eq!(body, json!({ "v": value }));
    }

    #[test]
    fn a_text_stays_in_its_segment_of_the_path(text in hostile()) {
        match url_of("https://h/a/{{ v }}/b?x=1", &record(text.as_str())) {
            Ok(url) => {
                let segment = url.strip_prefix("https://h/a/").unwrap().strip_suffix("/b?x=1").unwrap();
                prop_assert!(!segment.contains(['/', '?', '#', '&']) && segment != "." && segment != "..");
                prop_assert_eq!(percent_decode_str(segment).decode_utf8().unwrap(), text);
            }
            Err(error) => prop_assert!(["", ".", ".."].contains(&text.as_str()) || looks_captured(&text), "{error}"),
        }
    }

    #[test]
    fn a_text_stays_in_its_parameter_of_the_query(text in hostile()) {
        match url_of("https://h/?a={{ v }}&b=2", &record(text.as_str())) {
            Ok(url) => {
                let value = url.strip_prefix("https://h/?a=").unwrap().strip_suffix("&b=2").unwrap();
                prop_assert!(!value.contains(['&', '=', '#', '+']));
                prop_assert_eq!(percent_decode_str(value).decode_utf8().unwrap(), text);
            }
            Err(error) => prop_assert!(looks_captured(&text), "{error}"),
        }
    }

    #[test]
    fn a_text_stays_in_its_parameter_of_a_form(value in hostile()) {
        let headers = vec![("Content-Type".to_owned(), text("application/x-www-form-urlencoded"))];
        let spec = paceline_cli::template::RequestSpec { headers, ..with_body("a={{ v }}&b=2") };
        match body_under(&spec, &record(value.as_str())) {
            Ok(body) => {
                let inner = body.strip_prefix("a=").unwrap().strip_suffix("&b=2").unwrap();
                prop_assert!(!inner.contains(['&', '=', '+']));
                prop_assert_eq!(percent_decode_str(inner).decode_utf8().unwrap(), value);
            }
            Err(error) => prop_assert!(looks_captured(&value), "{error}"),
        }
    }

    #[test]
    fn a_header_holds_the_text_or_is_refused(value in hostile()) {
        let template = RequestTemplate::compile(&with_header("X-Value", "<{{ v }}>")).unwrap();
        match template.render(&record(value.as_str())) {
            Ok(rendered) => {
                prop_assert!(!value.contains(['\r', '\n', '\0']));
                prop_assert_eq!(rendered.headers.len(), 2);
                let expected = format!("<{value}>");
                prop_assert_eq!(rendered.headers["x-value"].as_bytes(), expected.as_bytes());
            }
            Err(_) => prop_assert!(value.contains(|char: char| char.is_ascii_control() && char != '\t')),
        }
    }

    #[test]
    fn without_a_template_the_body_is_the_record(value in value()) {
        let body = body_under(&spec("https://h/"), &record(value.clone())).unwrap();
        prop_assert_eq!(serde_json::from_str::<Value>(&body).unwrap(), json!({ "v": value }));
    }

    #[test]
    fn no_template_makes_the_compiler_panic(source in "[{}%#a-c|.\"'( )\n-]{0,40}") {
        if let Ok(template) = RequestTemplate::compile(&with_body(&source)) {
            let _ = template.render(&record("x"));
        }
    }
}

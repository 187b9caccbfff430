//! Records as they are written: what identifies them, and how they ask to be treated.

use std::borrow::Cow;
use std::fmt;

use paceline_sim::platform::{Fingerprint, Nature, Record};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The records of a bulk request, and the JSON text of their ids: `null` where there is none.
#[derive(Debug, Default)]
pub(super) struct Bulk<'a> {
    pub(super) records: Vec<Record>,
    pub(super) ids: Vec<&'a str>,
}

/// Reads one record. A body that is not a JSON object is taken as it is: its identity is its hash.
/// `fallback` identifies a record without a key.
pub(super) fn record(body: &[u8], key_field: &str, fallback: Option<Fingerprint>) -> Record {
    let mut json = serde_json::Deserializer::from_slice(body);
    let fields = Key(key_field).deserialize(&mut json).and_then(|fields| json.end().map(|()| fields));
    fields.unwrap_or_default().record(fallback.unwrap_or_else(|| Fingerprint::of(body)))
}

/// Reads `{"entities":[...]}`; none if that is not what it is. The ids are those of `key_field`.
pub(super) fn bulk<'a>(body: &'a [u8], key_field: &str) -> Option<Bulk<'a>> {
    let entities: Entities<'a> = serde_json::from_slice(body).ok()?;
    let mut bulk = Bulk::default();
    for entity in entities.entities {
        let text = entity.get();
        let mut json = serde_json::Deserializer::from_str(text);
        let fields = Key(key_field).deserialize(&mut json).unwrap_or_default();
        bulk.records.push(fields.record(Fingerprint::of(text.as_bytes())));
        bulk.ids.push(fields.key.map_or("null", RawValue::get));
    }
    Some(bulk)
}

#[derive(Deserialize)]
struct Entities<'a> {
    #[serde(borrow)]
    entities: Vec<&'a RawValue>,
}

/// The two fields of a record that the stand-in cares for.
#[derive(Debug, Default)]
struct Fields<'a> {
    key: Option<&'a RawValue>,
    nature: Nature,
}

impl Fields<'_> {
    fn record(&self, fallback: Fingerprint) -> Record {
        let key = self.key.filter(|key| key.get() != "null");
        let identity = key.map_or(fallback, |key| Fingerprint::of(plain(key.get()).as_bytes()));
        Record { identity, nature: self.nature }
    }
}

/// `"7"` and `7` identify the same record.
fn plain(json: &str) -> Cow<'_, str> {
    if json.starts_with('"') {
        serde_json::from_str::<Text<'_>>(json).map_or(Cow::Borrowed(json), |text| text.0)
    } else {
        Cow::Borrowed(json)
    }
}

#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Picks the fields out of an object and skips the rest of it. Holds the name of the identifying one.
struct Key<'k>(&'k str);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Fields<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Fields<'de>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Key<'_> {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
        let mut fields = Fields::default();
        while let Some(Text(name)) = map.next_key()? {
            if name == self.0 {
                fields.key = Some(map.next_value()?);
            } else if name == "fail" {
                fields.nature = nature(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(fields)
    }
}

/// Whatever is not one of the words is a value like any other.
fn nature(value: &RawValue) -> Nature {
    Nature::from_name(&plain(value.get())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(body: &str) -> Record {
        record(body.as_bytes(), "id", None)
    }

    #[test]
    fn a_record_is_identified_by_its_key() {
        let seven = Record::sound(Fingerprint::of(b"7"));
        assert_eq!(read(r#"{"id":7,"name":"x"}"#), seven);
        assert_eq!(read(r#"{"name":{"id":8},"id":"7"}"#), seven);
        assert_eq!(read("{\"id\":\"\\u0037\"}"), seven);
        assert_eq!(record(br#"{"iata":7,"id":1}"#, "iata", None), seven);
    }

    #[test]
    fn without_a_key_it_is_identified_by_the_fallback_or_its_text() {
        let body = r#"{"name":"x","id":null}"#;
        assert_eq!(read(body), Record::sound(Fingerprint::of(body.as_bytes())));
        let fallback = Some(Fingerprint::number(1));
        assert_eq!(record(body.as_bytes(), "id", fallback), Record::sound(Fingerprint::number(1)));
    }

    #[test]
    fn what_is_no_object_is_identified_by_its_text() {
        for body in ["", "plain", "[1,2]", r#"{"id":7"#, r#"{"id":7} {"id":8}"#, "{\"id\":7}\u{0}"] {
            assert_eq!(read(body), Record::sound(Fingerprint::of(body.as_bytes())), "{body}");
        }
    }

    #[test]
    fn a_record_asks_to_fail() {
        assert_eq!(read(r#"{"id":1,"fail":"reject"}"#).nature, Nature::Reject);
        assert_eq!(read(r#"{"fail":"poison","id":1}"#).nature, Nature::Poison);
        assert_eq!(read(r#"{"id":1,"fail":"retry"}"#).nature, Nature::RetryOnce);
        assert_eq!(read(r#"{"id":1,"fail":{"so":"what"}}"#).nature, Nature::Sound);
    }

    #[test]
    fn a_bulk_body_keeps_ids_as_they_were_written() {
        let body = br#" {"entities": [{"id":"a\"b"}, {"id":7,"fail":"reject"}, {"x":1}, 5], "more":true}"#;
        let bulk = bulk(body, "id").unwrap();
        assert_eq!(bulk.ids, [r#""a\"b""#, "7", "null", "null"]);
        assert_eq!(bulk.records[0].identity, Fingerprint::of(b"a\"b"));
        assert_eq!(bulk.records[1].nature, Nature::Reject);
        assert_eq!(bulk.records[2].identity, Fingerprint::of(br#"{"x":1}"#));
    }

    #[test]
    fn what_is_no_bulk_body_is_not_read() {
        for body in ["", "{}", r#"{"entities":5}"#, r#"{"entities":[{}]"#, "[{}]", "{\"entities\":[{]}"] {
            assert!(bulk(body.as_bytes(), "id").is_none(), "{body}");
        }
    }

    #[test]
    fn a_record_is_the_same_alone_and_in_a_batch() {
        for text in [r#"{"id":"a"}"#, r#"{"name":"no id"}"#] {
            let body = format!(r#"{{"entities":[{text}]}}"#);
            assert_eq!(bulk(body.as_bytes(), "id").unwrap().records, [read(text)]);
        }
    }

    proptest! {
        #[test]
        fn no_body_makes_the_readers_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = (record(&body, "id", None), bulk(&body, "id"));
        }
    }
}

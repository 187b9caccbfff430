//! Looking things up in a reply.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::time::SystemTime;

use http::HeaderMap;
use paceline_core::WallTime;
use paceline_core::headers::Head;
use paceline_core::profile::Place;
use serde_json::Value;

use super::BODY_LOOK;

/// A reply to look things up in. Its body is understood once, and only when asked.
pub(super) struct Look<'a> {
    head: Head<'a>,
    body: &'a [u8],
    json: OnceCell<Option<Value>>,
}

impl<'a> Look<'a> {
    pub(super) fn new(head: Head<'a>, body: &'a [u8]) -> Self {
        Self { head, body: &body[..body.len().min(BODY_LOOK)], json: OnceCell::new() }
    }

    pub(super) const fn head(&self) -> &Head<'a> {
        &self.head
    }

    /// The first thing that `read` makes of a text in that place.
    pub(super) fn first<T>(&self, place: &Place, mut read: impl FnMut(&str) -> Option<T>) -> Option<T> {
        match place {
            Place::Header(name) => self.head.values(name).find_map(read),
            Place::Json(pointer) => first_at(self.json()?, pointer, &mut read),
        }
    }

    /// Whether the body holds `text`, in whatever case.
    pub(super) fn holds(&self, text: &str) -> bool {
        String::from_utf8_lossy(self.body).to_lowercase().contains(&text.to_lowercase())
    }

    fn json(&self) -> Option<&Value> {
        self.json.get_or_init(|| serde_json::from_slice(self.body).ok()).as_ref()
    }
}

/// The header lines whose values are text.
pub(super) fn lines(headers: &HeaderMap) -> Vec<(&str, &str)> {
    let lines = headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    lines.collect()
}

pub(super) fn wall_now() -> WallTime {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    WallTime::from_unix_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// RFC 6901, with `*` for every item of a list. Each value of the body is met at most once.
fn first_at<T>(value: &Value, pointer: &str, read: &mut impl FnMut(&str) -> Option<T>) -> Option<T> {
    let Some(rest) = pointer.strip_prefix('/') else { return text(value).and_then(|text| read(&text)) };
    let end = rest.find('/').unwrap_or(rest.len());
    let (step, rest) = rest.split_at(end);
    match value {
        Value::Array(items) if step == "*" => items.iter().find_map(|item| first_at(item, rest, read)),
        Value::Array(items) => first_at(items.get(step.parse::<usize>().ok()?)?, rest, read),
        Value::Object(fields) => {
            first_at(fields.get(&step.replace("~1", "/").replace("~0", "~"))?, rest, read)
        }
        _ => None,
    }
}

fn text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(_) | Value::Bool(_) => Some(Cow::Owned(value.to_string())),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(value: &Value, pointer: &str) -> Option<String> {
        first_at(value, pointer, &mut |text| Some(text.to_owned()))
    }

    #[test]
    fn pointers_find_texts_numbers_and_every_item_of_a_list() {
        let value = json!({"a/b": {"~": [7, {"c": true}]}, "list": [{}, {"c": null}, {"c": "x"}]});
        assert_eq!(at(&value, "/a~1b/~0/0").as_deref(), Some("7"));
        assert_eq!(at(&value, "/a~1b/~0/*/c").as_deref(), Some("true"));
        assert_eq!(at(&value, "/list/*/c").as_deref(), Some("x"));
        assert_eq!(at(&json!(1.5), "").as_deref(), Some("1.5"));
        for nothing in ["", "/a", "/list", "/list/9/c", "/list/-1", "/list/*/d", "list"] {
            assert_eq!(at(&value, nothing), None, "{nothing}");
        }
    }

    #[test]
    fn a_body_that_is_no_json_is_none() {
        let place = Place::Json("/a".to_owned());
        for body in [&b"<html>"[..], b"", b"{\"a\":1", b"\xff"] {
            let look = Look::new(Head::new(&[], WallTime::from_unix_millis(0)), body);
            assert_eq!(look.first(&place, |_| Some(())), None);
        }
    }
}

//! JSON pointers.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

/// A path into a JSON value (RFC 6901): `/results`, or empty for the whole value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonPointer(String);

impl JsonPointer {
    /// What it points to in `value`.
    #[must_use]
    pub fn find<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        value.pointer(&self.0)
    }
}

impl FromStr for JsonPointer {
    type Err = NotAPointer;

    fn from_str(text: &str) -> Result<Self, NotAPointer> {
        let is_rooted = text.is_empty() || text.starts_with('/');
        // RFC 6901 3: a tilde is always followed by 0 or 1.
        let is_escaped = text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
        if is_rooted && is_escaped { Ok(Self(text.to_owned())) } else { Err(NotAPointer(text.to_owned())) }
    }
}

impl fmt::Display for JsonPointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that is no JSON pointer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a JSON pointer; write a path such as /results or /error/code")]
pub struct NotAPointer(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_finds_what_it_points_to() {
        let value = serde_json::json!({"a": {"b/c": [1, 2]}});
        assert_eq!("/a/b~1c/1".parse::<JsonPointer>().unwrap().find(&value), Some(&Value::from(2)));
        assert_eq!("".parse::<JsonPointer>().unwrap().find(&value), Some(&value));
        assert_eq!("/a/x".parse::<JsonPointer>().unwrap().find(&value), None);
    }

    #[test]
    fn what_is_no_pointer_is_refused() {
        for text in ["a", "$.a", "/a~", "/a~2"] {
            assert!(text.parse::<JsonPointer>().is_err(), "{text}");
        }
    }
}

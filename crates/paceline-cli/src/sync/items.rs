//! What a reply to a batch says of each of its items.

use std::collections::HashMap;

use serde_json::Value;

use super::plan::BatchPlan;

/// What became of one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ItemResult {
    /// The platform took it.
    Taken,
    /// It was not applied, and may be sent again.
    Again,
    /// The platform does not want it.
    Refused {
        /// Its own status, if it has one.
        status: Option<u16>,
        /// What the platform says of it.
        text: String,
    },
}

/// The results of a batch, by the item's key.
#[derive(Debug, PartialEq)]
pub(super) enum BatchResult {
    /// The reply speaks of each item.
    Each(HashMap<String, ItemResult>),
    /// The reply has no list of results: its status speaks for all.
    Whole,
    /// Where the configuration says that the list is, there is none.
    Unreadable(String),
}

/// Where the results of items are looked for, for people.
pub(super) fn looked_for(plan: &BatchPlan) -> String {
    let items = plan.items.as_ref().map_or_else(|| DEFAULT_ITEMS.to_owned(), ToString::to_string);
    let field = plan.key_field.as_deref().unwrap_or_default();
    format!(
        "looked for: a list at `{items}` ([batch] items), of which each item has at `{}` ([batch] item_key) what its \
         record has in the field `{field}`",
        plan.item_key
    )
}

/// Reads the body of a reply that accepted a batch.
pub(super) fn read(plan: &BatchPlan, body: &[u8]) -> BatchResult {
    let pointer = plan.items.as_ref();
    let Ok(reply) = serde_json::from_slice::<Value>(body) else {
        return match pointer {
            None => BatchResult::Whole,
            Some(_) => BatchResult::Unreadable("the reply is not JSON".to_owned()),
        };
    };
    let list = pointer.map_or_else(|| reply.pointer(DEFAULT_ITEMS), |pointer| pointer.find(&reply));
    match list.and_then(Value::as_array) {
        Some(items) => BatchResult::Each(items.iter().filter_map(|item| read_item(plan, item)).collect()),
        None => match pointer {
            None => BatchResult::Whole,
            Some(pointer) => BatchResult::Unreadable(format!("the reply has no list at `{pointer}`")),
        },
    }
}

fn read_item(plan: &BatchPlan, item: &Value) -> Option<(String, ItemResult)> {
    let key = match plan.item_key.find(item)? {
        Value::Null => return None,
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let status = item.get("status").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok());
    let result = if is_taken(item, status) {
        ItemResult::Taken
    } else if is_retryable(plan, item, status) {
        ItemResult::Again
    } else {
        let text = item.get("error").filter(|error| !error.is_null()).unwrap_or(item).to_string();
        ItemResult::Refused { status, text }
    };
    Some((key, result))
}

/// `success` says it best, then `status`, then the absence of an `error`.
fn is_taken(item: &Value, status: Option<u16>) -> bool {
    if let Some(success) = item.get("success").and_then(Value::as_bool) {
        return success;
    }
    match status {
        Some(status) => (200..400).contains(&status),
        None => item.get("error").is_none_or(Value::is_null),
    }
}

fn is_retryable(plan: &BatchPlan, item: &Value, status: Option<u16>) -> bool {
    let marked = plan.item_retryable.find(item).and_then(Value::as_bool);
    // A refusal for a limit was not applied, whether or not the platform marks it.
    marked.unwrap_or(matches!(status, Some(429 | 503)))
}

/// Where bulk endpoints put their results, when the configuration does not say.
const DEFAULT_ITEMS: &str = "/results";

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;
    use std::time::Duration;

    use paceline_core::BatchLimits;
    use proptest::prelude::*;

    use super::*;

    fn plan(items: Option<&str>) -> BatchPlan {
        let count = NonZeroUsize::new(100).expect("positive");
        BatchPlan {
            limits: BatchLimits { count, bytes: 100_000, linger: Duration::from_secs(1) },
            items: items.map(|pointer| pointer.parse().expect("a pointer")),
            item_key: "/id".parse().expect("a pointer"),
            item_retryable: "/retryable".parse().expect("a pointer"),
            key_field: Some("id".to_owned()),
        }
    }

    fn each(body: &str) -> HashMap<String, ItemResult> {
        match read(&plan(None), body.as_bytes()) {
            BatchResult::Each(results) => results,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_form_of_an_item_is_understood() {
        let results = each(
            r#"{"results":[
                {"id":"a","success":true},
                {"id":2,"status":201},
                {"id":"c"},
                {"id":"d","error":null},
                {"id":"e","success":false,"status":422,"error":{"code":"bad"}},
                {"id":"f","status":503},
                {"id":"g","status":500,"retryable":true},
                {"id":"h","status":429,"retryable":false},
                {"id":null,"status":201},
                {"status":201}
            ]}"#,
        );
        assert_eq!(results.len(), 8);
        for key in ["a", "2", "c", "d"] {
            assert_eq!(results[key], ItemResult::Taken, "{key}");
        }
        for key in ["f", "g"] {
            assert_eq!(results[key], ItemResult::Again, "{key}");
        }
        let text = r#"{"code":"bad"}"#.to_owned();
        assert_eq!(results["e"], ItemResult::Refused { status: Some(422), text });
        assert!(matches!(results["h"], ItemResult::Refused { status: Some(429), .. }));
    }

    #[test]
    fn without_a_list_the_status_speaks_for_all_unless_a_list_was_promised() {
        for body in ["", "accepted", "{}", r#"{"results":7}"#] {
            assert_eq!(read(&plan(None), body.as_bytes()), BatchResult::Whole, "{body}");
            assert!(
                matches!(read(&plan(Some("/a/b")), body.as_bytes()), BatchResult::Unreadable(_)),
                "{body}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_body_panics(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&plan(None), &body);
        }
    }
}

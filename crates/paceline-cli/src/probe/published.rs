//! What a platform publishes of its limits, in words.

use std::fmt::Write as _;

use paceline_core::headers::{Published, PublishedLimit, QuotaUnit};

use crate::units;

/// Each limit in a line: `credential: 120 requests per 1s, 7 left, more in 300ms`.
pub(super) fn in_words(published: &Published) -> Vec<String> {
    published.iter().map(line).collect()
}

fn line(limit: &PublishedLimit) -> String {
    let mut text = limit.scope.map(|scope| format!("{scope}: ")).unwrap_or_default();
    let unit = match limit.unit {
        QuotaUnit::Requests => "requests",
        QuotaUnit::Cost => "points",
        QuotaUnit::Bytes => "bytes",
        QuotaUnit::Concurrent => "requests at once",
    };
    match limit.count {
        Some(count) => {
            let _ = write!(text, "{count} {unit}");
        }
        None => {
            let _ = write!(text, "some {unit}");
        }
    }
    if let Some(period) = limit.period {
        let _ = write!(text, " per {}", units::spelled(period));
    }
    if let Some(remaining) = limit.remaining {
        let _ = write!(text, ", {remaining} left");
    }
    if let Some(reset) = limit.reset {
        let _ = write!(text, ", more in {}", units::spelled(reset));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use paceline_core::ScopeKind;

    use super::*;

    #[test]
    fn a_limit_is_told_as_far_as_it_is_published() {
        let mut published = Published::default();
        published.add(PublishedLimit {
            scope: Some(ScopeKind::Credential),
            unit: QuotaUnit::Requests,
            count: Some(120),
            period: Some(Duration::from_secs(1)),
            remaining: Some(7),
            reset: Some(Duration::from_millis(300)),
        });
        published.add(PublishedLimit {
            unit: QuotaUnit::Cost,
            remaining: Some(0),
            ..PublishedLimit::default()
        });
        let told = ["credential: 120 requests per 1s, 7 left, more in 300ms", "some points, 0 left"];
        assert_eq!(in_words(&published), told);
    }
}

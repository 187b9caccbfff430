//! Forms that are no triple: one header that says several things.

use super::number;
use super::x_ratelimit::{About, TimeField};
use super::{Head, PublishedLimit};

/// Used and limit in one value: Shopify's `32/40`, or Salesforce's `api-usage=18/5000` with its key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ratio {
    /// The header.
    pub header: String,
    /// What stands before the ratio, where several share the header.
    pub key: Option<String>,
    /// What the header does not say.
    pub about: About,
}

/// Named numbers in one value: Zendesk's `total=100; remaining=99; resets=41`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pairs {
    /// The header.
    pub header: String,
    /// The name of the units of a period.
    pub limit: Option<String>,
    /// The name of what is left.
    pub remaining: Option<String>,
    /// The name of when there will be more.
    pub reset: Option<TimeField>,
    /// What the header does not say.
    pub about: About,
}

impl Ratio {
    /// The limit that `head` tells; None where it tells nothing, or a limit of 0.
    #[must_use]
    pub fn read(&self, head: &Head<'_>) -> Option<PublishedLimit> {
        let ratios = head.values(&self.header).flat_map(parts).filter_map(|part| self.ratio(part));
        let (remaining, count) = ratios.filter(|(_, count)| *count > 0).min()?;
        Some(PublishedLimit { count: Some(count), remaining: Some(remaining), ..self.about.limit_in(None) })
    }

    /// What is left, and the limit.
    fn ratio(&self, part: &str) -> Option<(u64, u64)> {
        let value = match &self.key {
            None => part,
            Some(key) => value_of(part, key)?,
        };
        let (used, count) = value.split_once('/')?;
        // Salesforce adds whose it is: `17/250(appName=example)`.
        let count = number::count(count.split('(').next().unwrap_or(count))?;
        Some((count.saturating_sub(number::count(used)?), count))
    }
}

impl Pairs {
    /// The limit that `head` tells; None where it tells nothing, or a limit of 0.
    #[must_use]
    pub fn read(&self, head: &Head<'_>) -> Option<PublishedLimit> {
        let find = |name: &Option<String>| {
            let name = name.as_deref()?;
            head.values(&self.header).flat_map(parts).find_map(|part| value_of(part, name))
        };
        let (count, remaining) = (find(&self.limit), find(&self.remaining));
        let (count, remaining) = (count.and_then(number::count), remaining.and_then(number::count));
        let reset = self.reset.as_ref().and_then(|field| {
            let mut all = head.values(&self.header).flat_map(parts);
            all.find_map(|part| value_of(part, &field.name))
                .and_then(|text| field.form.read(text, head.now()))
        });
        if count == Some(0) || (count.is_none() && remaining.is_none() && reset.is_none()) {
            return None;
        }
        Some(PublishedLimit { count, remaining, reset, ..self.about.limit_in(None) })
    }
}

fn parts(value: &str) -> impl Iterator<Item = &str> {
    value.split([';', ',']).map(str::trim)
}

/// What stands behind `key=`.
fn value_of<'a>(part: &'a str, key: &str) -> Option<&'a str> {
    let (name, value) = part.split_once('=')?;
    name.trim().eq_ignore_ascii_case(key).then(|| value.trim().trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::headers::ResetForm;
    use crate::time::WallTime;

    const NOW: WallTime = WallTime::from_unix_millis(0);

    fn ratio(key: Option<&str>, value: &str) -> Option<(Option<u64>, Option<u64>)> {
        let family = Ratio { header: "x-calls".to_owned(), key: key.map(str::to_owned), ..Ratio::default() };
        let limit = family.read(&Head::new(&[("X-Calls", value)], NOW))?;
        Some((limit.remaining, limit.count))
    }

    fn pairs(value: &str) -> Option<PublishedLimit> {
        let name = |name: &str| Some(name.to_owned());
        let reset = Some(TimeField { name: "resets".to_owned(), form: ResetForm::Seconds });
        let (limit, remaining) = (name("total"), name("remaining"));
        let family = Pairs { header: "x-index".to_owned(), limit, remaining, reset, about: About::default() };
        family.read(&Head::new(&[("X-Index", value)], NOW))
    }

    #[test]
    fn a_ratio_says_what_is_used_of_the_limit() {
        assert_eq!(ratio(None, "32/40"), Some((Some(8), Some(40))));
        assert_eq!(ratio(None, "1/40"), Some((Some(39), Some(40))));
        assert_eq!(ratio(None, "41/40"), Some((Some(0), Some(40))));
        let shared = "api-usage=18/5000; per-app-api-usage=17/250(appName=example)";
        assert_eq!(ratio(Some("api-usage"), shared), Some((Some(4_982), Some(5_000))));
        assert_eq!(ratio(Some("per-app-api-usage"), shared), Some((Some(233), Some(250))));
    }

    #[test]
    fn what_is_no_ratio_is_ignored() {
        for value in ["", "40", "/", "a/b", "1/0", "-1/40", "1/2/3", "0x1/40"] {
            assert_eq!(ratio(None, value), None, "{value}");
        }
        assert_eq!(ratio(Some("api-usage"), "18/5000"), None);
    }

    #[test]
    fn pairs_are_read_by_name() {
        let limit = pairs("total=100; remaining=99; resets=41").expect("a limit");
        assert_eq!((limit.count, limit.remaining), (Some(100), Some(99)));
        assert_eq!(limit.reset, Some(Duration::from_secs(41)));
        assert_eq!(pairs("remaining=3").expect("a limit").remaining, Some(3));
        for value in ["", "total", "total=x; remaining=; resets=soon", "total=0; remaining=0"] {
            assert_eq!(pairs(value), None, "{value}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in ".{0,40}", near in "[a-z]{0,9}=?[0-9]{0,30}/?[0-9]{0,30};?.{0,9}") {
            for value in [&text, &near] {
                let _ = (ratio(None, value), ratio(Some("total"), value), pairs(value));
            }
        }

        #[test]
        fn no_more_is_left_than_the_limit(used in any::<u64>(), count in 1_u64..) {
            let (left, of) = ratio(None, &format!("{used}/{count}")).expect("a ratio");
            prop_assert!(left <= of);
        }
    }
}

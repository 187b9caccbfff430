//! An HTTP response as the signals that the machine reads, with the eyes of a platform's profile.

mod ietf;
mod look;
mod meaning;
mod waits;

use http::header::RETRY_AFTER;
use http::{HeaderMap, StatusCode};
use paceline_core::headers::Head;
use paceline_core::profile::Profile;
use paceline_core::{Answered, Meaning, Outcome, ScopeKind};

use look::Look;

pub use meaning::BodyNeed;

/// What has come of a response.
#[derive(Clone, Copy, Debug)]
pub struct Received<'a> {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// The path that was called, without query.
    pub path: &'a str,
    /// Its body as far as it was read; empty where it was not. No more than the first [`BODY_LOOK`] bytes are looked at.
    pub body: &'a [u8],
}

/// What the head of a response tells about limits, of whatever platform.
#[must_use]
pub fn answered(status: StatusCode, headers: &HeaderMap) -> Answered {
    Received { status, headers, path: "", body: &[] }.read(&Profile::generic())
}

impl Received<'_> {
    /// What the machine is told of it.
    #[must_use]
    pub fn read(&self, profile: &Profile) -> Answered {
        let mut answered = Answered::status(self.status.as_u16());
        if self.headers.contains_key(RETRY_AFTER) {
            answered.retry_after = waits::retry_after(self.headers);
        }
        answered.published = ietf::published(self.headers);
        if self.is_plain_to(profile) {
            return answered;
        }
        let lines = look::lines(self.headers);
        let look = Look::new(Head::new(&lines, look::wall_now()), self.body);
        let published = profile.published(look.head());
        if !published.is_empty() {
            answered.published = published;
        }
        answered.meaning = meaning::of(profile, self, &look);
        answered.cost = profile.cost.as_ref().and_then(|place| look.first(place, cost));
        answered.retry_after = answered.retry_after.or_else(|| waits::told(profile, &answered, &look));
        if is_refusal(&answered) {
            answered.named_scope = named_scope(profile, &look);
        }
        answered
    }

    /// Whether the body has to be read before the machine is told.
    #[must_use]
    pub fn needs_body(&self, profile: &Profile) -> BodyNeed {
        if self.is_plain_to(profile) {
            return BodyNeed::None;
        }
        let lines = look::lines(self.headers);
        let look = Look::new(Head::new(&lines, look::wall_now()), &[]);
        meaning::body_need(profile, self, &look)
    }
}

impl Received<'_> {
    /// Whether the profile says nothing that this reply is to be read for.
    fn is_plain_to(&self, profile: &Profile) -> bool {
        let Profile { published, waits, scopes, disguises, cost, ban_after_refusal, .. } = profile;
        let is_empty = published.is_empty() && waits.is_empty() && scopes.is_empty() && disguises.is_empty();
        is_empty && cost.is_none() && (*ban_after_refusal || self.status != StatusCode::FORBIDDEN)
    }
}

/// Whether the call was refused for a limit or for load: whatever was asked was not done.
fn is_refusal(answered: &Answered) -> bool {
    matches!(Outcome::of_answer(answered, false), Outcome::Throttled | Outcome::Overloaded)
}

fn named_scope(profile: &Profile, look: &Look<'_>) -> Option<ScopeKind> {
    profile.scopes.iter().find_map(|naming| look.first(&naming.place, |text| naming.named_by(text)))
}

/// A whole number or the next one, at most [`u32::MAX`].
fn cost(text: &str) -> Option<u32> {
    let cost: f64 = text.trim().parse().ok()?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of floats saturates")]
    (cost >= 0.0).then(|| cost.ceil() as u32)
}

/// Whether a reply of that meaning is a refusal.
const fn refuses(meaning: Meaning) -> bool {
    matches!(meaning, Meaning::Throttled | Meaning::Overloaded)
}

/// The most bytes of a body that are looked at: a refusal says what it has to say at its beginning, and what is longer is no
/// refusal.
pub const BODY_LOOK: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use paceline_core::headers::vendor::Ratio;
    use paceline_core::profile::{Disguise, Family, NamedScope, Pattern, Place};

    use super::*;

    fn read(profile: &Profile, status: u16, body: &str) -> Answered {
        let headers = HeaderMap::new();
        let status = StatusCode::from_u16(status).unwrap();
        Received { status, headers: &headers, path: "/a", body: body.as_bytes() }.read(profile)
    }

    fn disguise(status: u16, means: Meaning) -> Disguise {
        Disguise { status, path: None, value: None, text: None, means }
    }

    #[test]
    fn a_disguise_holds_where_all_of_it_does() {
        let code = Some((Place::Json("/errors/*/code".to_owned()), Pattern::new("THROTTLED")));
        let disguises = vec![
            Disguise { value: code, ..disguise(200, Meaning::Throttled) },
            Disguise { text: Some("Too Busy".to_owned()), ..disguise(400, Meaning::Overloaded) },
            Disguise { path: Some("/b".to_owned()), ..disguise(404, Meaning::Banned) },
        ];
        let profile = Profile { disguises, ..Profile::generic() };
        let cases = [
            (200, r#"{"errors":[{"code":"OTHER"},{"code":"throttled"}]}"#, Some(Meaning::Throttled)),
            (200, r#"{"errors":[{"code":"OTHER"}]}"#, None),
            (200, r#"{"errors":{"code":"THROTTLED"}}"#, None),
            (200, r#"{"errors":[{"code":"THROTTLED"}"#, None),
            (201, r#"{"errors":[{"code":"THROTTLED"}]}"#, None),
            (400, "we are TOO busy", Some(Meaning::Overloaded)),
            (400, "", None),
            (404, "", None),
        ];
        for (status, body, meaning) in cases {
            assert_eq!(read(&profile, status, body).meaning, meaning, "{status} {body}");
        }
    }

    #[test]
    fn a_body_beyond_the_bound_says_nothing() {
        let code = Some((Place::Json("/code".to_owned()), Pattern::new("busy")));
        let disguises = vec![Disguise { value: code, ..disguise(200, Meaning::Throttled) }];
        let profile = Profile { disguises, ..Profile::generic() };
        let body = |padding: usize| format!("{{\"code\":\"busy\",\"more\":\"{}\"}}", "x".repeat(padding));
        assert_eq!(read(&profile, 200, &body(BODY_LOOK / 2)).meaning, Some(Meaning::Throttled));
        assert_eq!(read(&profile, 200, &body(BODY_LOOK)).meaning, None);
    }

    #[test]
    fn only_a_refusal_names_a_scope() {
        let values = vec![(Pattern::new("DAILY"), ScopeKind::Tenant)];
        let scopes = vec![NamedScope { place: Place::Json("/policy".to_owned()), values }];
        let profile = Profile { scopes, ..Profile::generic() };
        let named = |status| read(&profile, status, r#"{"policy":"daily"}"#).named_scope;
        assert_eq!((named(429), named(200), named(404)), (Some(ScopeKind::Tenant), None, None));
    }

    #[test]
    fn a_403_is_no_ban_where_the_profile_says_so() {
        let profile = Profile { ban_after_refusal: false, ..Profile::generic() };
        assert_eq!(read(&profile, 403, "").meaning, Some(Meaning::Rejected));
        assert_eq!(read(&Profile::generic(), 403, "").meaning, None);
    }

    #[test]
    fn a_cost_is_rounded_up_and_rubbish_is_none() {
        let profile = Profile { cost: Some(Place::Json("/cost".to_owned())), ..Profile::generic() };
        let cases =
            [("7", Some(7)), ("6.1", Some(7)), ("0", Some(0)), ("1e99", Some(u32::MAX)), ("-1", None)];
        for (text, cost) in cases {
            assert_eq!(read(&profile, 200, &format!("{{\"cost\":{text}}}")).cost, cost, "{text}");
        }
        for body in ["", "[]", r#"{"cost":null}"#, r#"{"cost":"NaN"}"#, r#"{"cost":[1]}"#] {
            assert_eq!(read(&profile, 200, body).cost, None, "{body}");
        }
    }

    fn published_by(lines: &[(&'static str, &'static str)]) -> Vec<(Option<u64>, Option<u64>)> {
        let mut map = HeaderMap::new();
        for &(name, value) in lines {
            map.append(name, http::HeaderValue::from_static(value));
        }
        let published = answered(StatusCode::OK, &map).published;
        published.iter().map(|limit| (limit.count, limit.remaining)).collect()
    }

    #[test]
    fn the_lines_of_a_published_field_are_one_list() {
        let lines = [
            ("ratelimit", "\"burst\";r=50;t=30"),
            ("ratelimit-policy", "\"daily\";q=1000"),
            ("ratelimit", "\"daily\";r=700"),
            ("ratelimit-policy", "\"burst\";q=100;w=60"),
        ];
        assert_eq!(published_by(&lines), [(Some(100), Some(50)), (Some(1_000), Some(700))]);
    }

    #[test]
    fn fields_that_a_platform_tries_out_count_where_there_are_no_others() {
        let tried = ("beta-ratelimit", "\"global-app-quota\";r=13500;t=600");
        assert_eq!(published_by(&[tried]), [(None, Some(13_500))]);
        assert_eq!(published_by(&[tried, ("ratelimit", "\"default\";r=5")]), [(None, Some(5))]);
        assert!(published_by(&[("ratelimit", "junk")]).is_empty());
    }

    #[test]
    fn values_that_are_no_text_are_not_there() {
        let family = Ratio { header: "x-calls".to_owned(), ..Ratio::default() };
        let profile = Profile { published: vec![Family::Ratio(family)], ..Profile::generic() };
        let mut headers = HeaderMap::new();
        headers.append("x-calls", http::HeaderValue::from_bytes(b"1/\xff").unwrap());
        headers.append("x-calls", http::HeaderValue::from_static("1/40"));
        let received = Received { status: StatusCode::OK, headers: &headers, path: "", body: &[] };
        assert_eq!(received.read(&profile).published.iter().next().unwrap().remaining, Some(39));
    }
}

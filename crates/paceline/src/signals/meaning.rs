//! Replies that mean something else than their status, and what must be read to tell.

use paceline_core::profile::{Disguise, Profile, Wait};
use paceline_core::{Answered, Meaning};

use super::look::Look;
use super::{Received, is_refusal, named_scope, refuses};

/// Whether a body has to be read before the machine is told of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyNeed {
    /// The head says it all.
    None,
    /// The head says that it is a refusal; the body may say more of it, if it comes at once.
    Wanted,
    /// Only the body tells whether it is a refusal.
    Decisive,
}

/// What the reply means, where that is something else than its status says.
pub(super) fn of(profile: &Profile, received: &Received<'_>, look: &Look<'_>) -> Option<Meaning> {
    let disguise = profile.disguises.iter().find(|disguise| {
        let holds = disguise.text.as_ref().is_none_or(|text| look.holds(text));
        holds && may_be(disguise, received) && has_value(disguise, look)
    });
    let is_no_ban = received.status.as_u16() == 403 && !profile.ban_after_refusal;
    disguise.map(|disguise| disguise.means).or_else(|| is_no_ban.then_some(Meaning::Rejected))
}

/// What the head leaves open. `look` knows no body.
pub(super) fn body_need(profile: &Profile, received: &Received<'_>, look: &Look<'_>) -> BodyNeed {
    // The first disguise that matches counts, so what the head says after one that it leaves open is not certain.
    for disguise in profile.disguises.iter().filter(|disguise| may_be(disguise, received)) {
        match disguise.needs_body() {
            true if is_open(disguise, look) => return BodyNeed::Decisive,
            false if has_value(disguise, look) => return wanted(profile, look, refuses(disguise.means)),
            _ => {}
        }
    }
    let answered = Answered {
        retry_after: super::waits::retry_after(received.headers),
        ..Answered::status(received.status.as_u16())
    };
    wanted(profile, look, is_refusal(&answered))
}

/// Whether the body of a refusal may say more than its head did.
fn wanted(profile: &Profile, look: &Look<'_>, is_refusal: bool) -> BodyNeed {
    let names_scope = profile.scopes.iter().any(|naming| naming.place.is_in_body());
    let is_named = named_scope(profile, look).is_some();
    let tells_wait =
        profile.waits.iter().any(|wait| matches!(wait, Wait::At(place, _) if place.is_in_body()));
    let has_wait = look.head().values("retry-after").next().is_some();
    let says_more = (names_scope && !is_named) || (tells_wait && !has_wait);
    if is_refusal && says_more { BodyNeed::Wanted } else { BodyNeed::None }
}

/// Whether status and path are those of the disguise.
fn may_be(disguise: &Disguise, received: &Received<'_>) -> bool {
    let is_called = disguise.path.as_ref().is_none_or(|path| path == received.path);
    disguise.status == received.status.as_u16() && is_called
}

fn has_value(disguise: &Disguise, look: &Look<'_>) -> bool {
    disguise.value.as_ref().is_none_or(|(place, pattern)| {
        look.first(place, |text| pattern.matches(text).then_some(())).is_some()
    })
}

/// Whether the head does not speak against the disguise.
fn is_open(disguise: &Disguise, look: &Look<'_>) -> bool {
    disguise.value.as_ref().is_none_or(|(place, _)| place.is_in_body()) || has_value(disguise, look)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
    use paceline_core::ScopeKind;
    use paceline_core::headers::ResetForm;
    use paceline_core::profile::{NamedScope, Pattern, Place};

    use super::*;

    fn profile() -> Profile {
        let disguise = |status, value, text: Option<&str>| Disguise {
            status,
            path: None,
            value,
            text: text.map(str::to_owned),
            means: Meaning::Throttled,
        };
        let left = Some((Place::Header("x-left".to_owned()), Pattern::new("0")));
        let naming = |place| NamedScope { place, values: vec![(Pattern::new("*"), ScopeKind::Tenant)] };
        Profile {
            disguises: vec![disguise(403, left, None), disguise(403, None, Some("secondary"))],
            scopes: vec![
                naming(Place::Header("x-scope".to_owned())),
                naming(Place::Json("/scope".to_owned())),
            ],
            waits: vec![Wait::At(Place::Json("/wait".to_owned()), ResetForm::Seconds)],
            ..Profile::generic()
        }
    }

    type Line = (&'static str, &'static str);

    fn need(profile: &Profile, status: u16, lines: &[Line]) -> BodyNeed {
        let line = |(name, value): &Line| (HeaderName::from_static(name), HeaderValue::from_static(value));
        let headers: HeaderMap = lines.iter().map(line).collect();
        let status = StatusCode::from_u16(status).unwrap();
        Received { status, headers: &headers, path: "/", body: &[] }.needs_body(profile)
    }

    #[test]
    fn a_body_is_read_only_where_it_can_say_more_than_the_head() {
        let profile = profile();
        let all = [("retry-after", "1"), ("x-scope", "a")];
        let cases: [(u16, &[Line], BodyNeed); 8] = [
            (200, &[], BodyNeed::None),
            (404, &[], BodyNeed::None),
            (403, &[], BodyNeed::Decisive),
            (403, &[("x-left", "0")], BodyNeed::Wanted),
            (403, &[("x-left", "0"), all[0], all[1]], BodyNeed::None),
            (429, &all[..1], BodyNeed::Wanted),
            (429, &all[1..], BodyNeed::Wanted),
            (429, &all, BodyNeed::None),
        ];
        for (status, lines, expected) in cases {
            assert_eq!(need(&profile, status, lines), expected, "{status} {lines:?}");
        }
        assert_eq!(need(&Profile::generic(), 403, &[]), BodyNeed::None);
    }
}

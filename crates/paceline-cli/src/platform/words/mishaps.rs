//! Faults and outages.

use std::num::NonZeroU64;
use std::str::FromStr;
use std::time::Duration;

use paceline_sim::platform::{Fault, FaultKind, Outage, OutageKind, ServerError, Trigger};

use crate::units::{self, UnitError};

/// `--fault KIND:SHARE`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FaultArg(pub(crate) Fault);

/// `--outage FROM..UNTIL[:KIND]`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OutageArg(pub(crate) Outage);

/// Why a fault or an outage is not one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MishapError {
    #[error("`{0}` is not a fault: write a kind and how often, such as lost-reply:0.5% or reset-after:1/100")]
    Fault(String),
    #[error("`{0}` is not a kind of fault: use one of {KINDS}")]
    Kind(String),
    #[error(
        "`{0}` is not how often a fault strikes: write a percentage up to 100% (two decimals) or one call in N, such as 1/100"
    )]
    Share(String),
    #[error(transparent)]
    Span(#[from] UnitError),
    #[error("`{0}` is not an outage: write when it starts and ends, such as 10s..70s or 10s..70s:503")]
    Outage(String),
}

impl FromStr for FaultArg {
    type Err = MishapError;

    fn from_str(text: &str) -> Result<Self, MishapError> {
        let (kind, share) = text.split_once(':').ok_or_else(|| MishapError::Fault(text.to_owned()))?;
        let trigger = trigger(share).ok_or_else(|| MishapError::Share(share.to_owned()))?;
        Ok(Self(Fault { kind: fault_kind(kind)?, trigger }))
    }
}

impl FromStr for OutageArg {
    type Err = MishapError;

    fn from_str(text: &str) -> Result<Self, MishapError> {
        let error = || MishapError::Outage(text.to_owned());
        let (span, kind) = text.split_once(':').unwrap_or((text, "reset"));
        let (from, until) = span.split_once("..").ok_or_else(error)?;
        let kind = outage_kind(kind).ok_or_else(error)?;
        let outage = Outage { from: units::span(from)?, until: units::span(until)?, kind };
        if outage.from < outage.until { Ok(Self(outage)) } else { Err(error()) }
    }
}

/// "lost-reply", "slow=5s" and so on.
pub(crate) fn fault_kind(text: &str) -> Result<FaultKind, MishapError> {
    if let Some(longer) = text.strip_prefix("slow=") {
        return Ok(FaultKind::Slow(units::span(longer)?));
    }
    Ok(match text {
        "reset-before" => FaultKind::ResetBefore,
        "reset-after" => FaultKind::ResetAfter,
        "lost-reply" => FaultKind::LostReply,
        "truncated" => FaultKind::Truncated,
        "slow" => FaultKind::Slow(SLOW),
        "500-before" => FaultKind::ErrorBefore(ServerError::Internal),
        "502-before" => FaultKind::ErrorBefore(ServerError::BadGateway),
        "503-before" => FaultKind::ErrorBefore(ServerError::Unavailable),
        "500-after" => FaultKind::ErrorAfter(ServerError::Internal),
        "502-after" => FaultKind::ErrorAfter(ServerError::BadGateway),
        "503-after" => FaultKind::ErrorAfter(ServerError::Unavailable),
        _ => return Err(MishapError::Kind(text.to_owned())),
    })
}

/// "reset" or "503".
pub(crate) fn outage_kind(text: &str) -> Option<OutageKind> {
    match text {
        "reset" => Some(OutageKind::Reset),
        "503" => Some(OutageKind::Unavailable),
        _ => None,
    }
}

/// "0.5%" or "1/200".
fn trigger(text: &str) -> Option<Trigger> {
    match text.strip_prefix("1/") {
        Some(nth) => nth.parse::<NonZeroU64>().ok().map(Trigger::Every),
        None => share(text),
    }
}

/// "0.5%": by chance.
pub(crate) fn share(text: &str) -> Option<Trigger> {
    let percent = text.strip_suffix('%')?;
    let (whole, decimals) = percent.split_once('.').unwrap_or((percent, "0"));
    let hundredths: u16 = match decimals.len() {
        1 => decimals.parse::<u16>().ok()? * 10,
        2 => decimals.parse().ok()?,
        _ => return None,
    };
    let share = whole.parse::<u16>().ok()?.checked_mul(100)?.checked_add(hundredths)?;
    (share <= 10_000).then_some(Trigger::PerTenThousand(share))
}

pub(crate) const FAULT_HELP: &str = "\
Break admitted calls: KIND:SHARE. Repeatable; of several that strike a call, the first does

Kinds, and whether the call is applied:
  reset-before            the connection is reset          not applied
  reset-after             the connection is reset          applied
  lost-reply              never answered                   applied
  truncated               the reply breaks off             applied
  slow, slow=TIME         answered later (default 10s)     applied
  500-before, 502-, 503-  a server error                   not applied
  500-after, 502-, 503-   a server error                   applied
Shares: a percentage by chance (0.5%), or every nth call (1/200)";

/// For the error message.
const KINDS: &str = "reset-before, reset-after, lost-reply, truncated, slow, slow=TIME, 500-before, 502-before, \
     503-before, 500-after, 502-after, 503-after";

/// Longer than a hasty client waits, shorter than the 60 s of a patient one.
const SLOW: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> Result<Fault, MishapError> {
        text.parse::<FaultArg>().map(|arg| arg.0)
    }

    #[test]
    fn faults_are_read_as_the_help_writes_them() {
        let every = |n| Trigger::Every(NonZeroU64::new(n).unwrap());
        let cases = [
            ("lost-reply:0.5%", FaultKind::LostReply, Trigger::PerTenThousand(50)),
            ("reset-after:1/100", FaultKind::ResetAfter, every(100)),
            ("slow=5s:100%", FaultKind::Slow(Duration::from_secs(5)), Trigger::PerTenThousand(10_000)),
            ("slow:12.34%", FaultKind::Slow(SLOW), Trigger::PerTenThousand(1_234)),
            ("502-after:1/1", FaultKind::ErrorAfter(ServerError::BadGateway), every(1)),
        ];
        for (text, kind, trigger) in cases {
            assert_eq!(fault(text), Ok(Fault { kind, trigger }), "{text}");
        }
    }

    #[test]
    fn every_kind_that_an_error_names_is_one() {
        for kind in KINDS.split(", ").map(|kind| kind.trim().replace("TIME", "1s")) {
            assert!(fault(&format!("{kind}:1%")).is_ok(), "{kind}");
        }
    }

    #[test]
    fn what_is_no_fault_says_what_to_write() {
        for text in [
            "",
            "lost-reply",
            "lost-reply:",
            "lost-reply:5",
            "lost-reply:101%",
            "lost-reply:0.001%",
            "lost-reply:1/0",
        ] {
            let message = fault(text).unwrap_err().to_string();
            assert!(message.contains("1/100"), "{text}: {message}");
        }
        assert!(fault("fire:1%").unwrap_err().to_string().contains("truncated"));
    }

    #[test]
    fn outages_have_a_start_an_end_and_a_kind() {
        let outage = |text: &str| text.parse::<OutageArg>().map(|arg| arg.0);
        let expected = |kind| Outage { from: Duration::from_secs(10), until: Duration::from_secs(70), kind };
        assert_eq!(outage("10s..70s"), Ok(expected(OutageKind::Reset)));
        assert_eq!(outage("10s..70s:503"), Ok(expected(OutageKind::Unavailable)));
        for text in ["", "10s", "70s..10s", "10s..70s:404"] {
            assert!(outage(text).unwrap_err().to_string().contains("10s..70s"), "{text}");
        }
    }
}

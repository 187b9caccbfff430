//! Why a probe ended.

use std::time::Duration;

use paceline_core::WallTime;

use super::plan::Bounds;
use crate::units;

/// Why a probe ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// What is believed does not change any more.
    Settled,
    /// There were as many refusals as it may cause.
    Refusals,
    /// There were as many calls as it may make.
    Calls,
    /// Its time was over.
    Time,
    /// Somebody asked it to stop.
    Interrupted,
    /// The platform asks to be left alone for longer than there is time.
    Suspended {
        /// When to ask again.
        resume_at: WallTime,
        /// How long that is.
        wait: Duration,
    },
    /// The platform shut the client out.
    Banned,
    /// The platform does not accept the credential.
    Unauthorized,
    /// No call was ever accepted; what was answered, or how it failed.
    Refused(String),
    /// Nothing reached the platform, and why.
    Unreachable(String),
    /// Something that cannot happen did; the message says what.
    Broken(String),
}

impl Ending {
    /// One word for machines.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Settled => "settled",
            Self::Refusals => "refusals",
            Self::Calls => "calls",
            Self::Time => "time",
            Self::Interrupted => "interrupted",
            Self::Suspended { .. } => "suspended",
            Self::Banned => "banned",
            Self::Unauthorized => "unauthorized",
            Self::Refused(_) => "rejected",
            Self::Unreachable(_) => "unreachable",
            Self::Broken(_) => "broken",
        }
    }

    /// The program's exit code.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Settled | Self::Refusals | Self::Calls | Self::Time => 0,
            Self::Suspended { .. } => 4,
            Self::Banned => 6,
            Self::Interrupted
            | Self::Unauthorized
            | Self::Refused(_)
            | Self::Unreachable(_)
            | Self::Broken(_) => 1,
        }
    }

    /// For people: what ended it, and what to do.
    #[must_use]
    pub fn message(&self, bounds: &Bounds) -> String {
        match self {
            Self::Settled => "stopped because what is believed no longer changes".to_owned(),
            Self::Refusals => format!("stopped after --max-refusals {}", bounds.refusals),
            Self::Calls => format!("stopped after --max-calls {}", bounds.calls),
            Self::Time => format!("stopped after --max-time {}", units::spelled(bounds.time)),
            Self::Interrupted => "stopped by you; this is what was seen until then".to_owned(),
            Self::Suspended { resume_at, wait } => format!(
                "stopped because the platform asks to be left alone for {}, longer than there is time left. Ask again \
                 at {} or later, with a --max-time that covers such a wait",
                units::spelled(Duration::from_secs(wait.as_secs().max(1))),
                civil(*resume_at),
            ),
            Self::Banned => {
                "the platform has shut this client out (403 after throttling). Do not go on by script: \
                             find out why first"
                    .to_owned()
            }
            Self::Unauthorized => {
                "the platform does not accept the credential (401): set one under [auth]".to_owned()
            }
            Self::Refused(answer) => format!(
                "the platform takes no such call ({answer}), so there is nothing to learn: name a URL that it \
                 accepts, or --method and --body"
            ),
            Self::Unreachable(why) => format!("nothing reached the platform: {why}"),
            Self::Broken(what) => format!("this is a defect of paceline: {what}"),
        }
    }
}

/// Civil time as RFC 3339, in UTC.
pub(super) fn civil(time: WallTime) -> String {
    let millis = i64::try_from(time.as_unix_millis()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(millis)
        .map_or_else(|_| "the end of time".to_owned(), |at| at.to_string())
}

//! How a run ends.

use paceline_core::WallTime;

use crate::journal::JournalError;
use crate::records::RecordsError;

/// Why a run ended.
#[derive(Debug)]
pub enum Ending {
    /// Every record was brought through or reported on.
    Done,
    /// Somebody asked it to stop.
    Interrupted,
    /// It would have to wait longer than it may.
    Suspended {
        /// When to run it again.
        resume_at: WallTime,
        /// What it waits for, for people.
        reason: String,
    },
    /// The platform shut the client out.
    Banned,
    /// The platform does not accept the credential.
    Unauthorized,
    /// The request must be wrong rather than the records; none of them is blamed for it.
    Condemned {
        /// What it is at fault for.
        fault: Fault,
        /// What was answered and how, for people.
        evidence: String,
    },
    /// The source cannot be read on.
    Source(RecordsError),
    /// The journal cannot be written.
    Journal(JournalError),
    /// Something that cannot happen did; the message says what.
    Broken(String),
}

/// What a request is at fault for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// So much is rejected.
    Rejected,
    /// The platform takes calls, and no reply says what became of their records.
    Silent,
}

impl Ending {
    /// What [`Ending::name`] says where too much is rejected.
    pub(super) const REJECTED: &str = "rejected";

    /// One word for machines.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Interrupted => "interrupted",
            Self::Suspended { .. } => "suspended",
            Self::Banned => "banned",
            Self::Unauthorized => "unauthorized",
            Self::Condemned { fault: Fault::Rejected, .. } => Self::REJECTED,
            Self::Condemned { fault: Fault::Silent, .. } => "silent",
            Self::Source(_) => "source",
            Self::Journal(_) => "journal",
            Self::Broken(_) => "broken",
        }
    }

    /// The program's exit code, as the command line documents it. `has_letters`: some records are dead or in doubt.
    #[must_use]
    pub const fn exit_code(&self, has_letters: bool) -> u8 {
        match self {
            Self::Done if has_letters => 3,
            Self::Done => 0,
            Self::Suspended { .. } => 4,
            Self::Banned => 6,
            Self::Interrupted
            | Self::Unauthorized
            | Self::Condemned { .. }
            | Self::Source(_)
            | Self::Journal(_)
            | Self::Broken(_) => 1,
        }
    }

    /// What happened and what to do, for people; None when there is nothing to say.
    #[must_use]
    pub fn message(&self) -> Option<String> {
        Some(match self {
            Self::Done => return None,
            Self::Interrupted => "stopped; run the same command again to go on".to_owned(),
            Self::Suspended { reason, .. } => format!("suspended: {reason}"),
            Self::Banned => "the platform has shut this client out (403 after throttling). Do not retry by \
                             script: find out why first, then run the same command again"
                .to_owned(),
            Self::Unauthorized => {
                "the platform does not accept the credential (401). Renew it, then run the \
                                   same command again; no record was given up for it"
                    .to_owned()
            }
            Self::Condemned { fault: Fault::Silent, evidence } => format!(
                "the platform takes the calls, but its replies say nothing of the records: they may have been applied \
                 and are in doubt.\n{evidence}\nCorrect [batch] items and item_key, see with `paceline report JOURNAL --in-doubt` \
                 which records to look up on the platform, then run again"
            ),
            Self::Condemned { fault: Fault::Rejected, evidence } => format!(
                "so much is rejected that the request must be wrong rather than the records; none of them was \
                 given up for it.\n{evidence}\nCorrect it, then run again with --start-over or another --journal, \
                 which sends what was delivered once more. If the records are to blame, allow more of it with \
                 --max-dead"
            ),
            Self::Source(error) => {
                format!(
                    "{error}\nthe records before it are safe; mend the source and run the same command again"
                )
            }
            Self::Journal(error) => error.to_string(),
            Self::Broken(what) => format!("this is a defect of paceline: {what}"),
        })
    }
}

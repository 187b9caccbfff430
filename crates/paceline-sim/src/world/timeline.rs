//! What arrived when, for those who look at it.

use std::time::Duration;

use paceline_core::Instant;

use crate::platform::Service;

/// Attempts by the tenth of a second in which they arrived at the platform, from the first on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    tenths: Vec<Tenth>,
}

/// What arrived in one tenth of a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tenth {
    /// Attempts.
    pub offered: u32,
    /// Those that were let through.
    pub admitted: u32,
    /// Those that met a limit or a ban.
    pub refused: u32,
}

impl Timeline {
    /// The tenths, from the epoch on; those after the last arrival are not there.
    #[must_use]
    pub fn tenths(&self) -> &[Tenth] {
        &self.tenths
    }

    /// Notes an arrival.
    pub(super) fn note(&mut self, at: Instant, service: &Service) {
        let since = at.saturating_since(Instant::EPOCH);
        let place = usize::try_from(since.as_nanos() / TENTH.as_nanos()).unwrap_or(usize::MAX).min(LONGEST);
        if place >= self.tenths.len() {
            self.tenths.resize(place + 1, Tenth::default());
        }
        let tenth = &mut self.tenths[place];
        tenth.offered += 1;
        tenth.admitted += u32::from(service.admitted);
        let is_refused = service.ending.reply().is_some_and(|reply| matches!(reply.status, 403 | 429));
        tenth.refused += u32::from(is_refused && !service.admitted);
    }
}

/// How long a [`Tenth`] is.
pub const TENTH: Duration = Duration::from_millis(100);
/// Ten days: what comes later is counted there, so that no instant takes all memory.
const LONGEST: usize = 8_640_000;

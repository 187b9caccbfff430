//! A fixed sleep after whatever was not a success: the first thing that anybody writes.

use std::time::Duration;

use fastrand::Rng;
use paceline_core::AttemptId;

use super::workers::Patience;
use crate::strategy::Answer;

/// A worker that sleeps so long, whatever it is told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fixed(pub(super) Duration);

impl Patience for Fixed {
    fn sleep(&mut self, _: AttemptId, _: &Answer, _: &mut Rng) -> Option<Duration> {
        Some(self.0)
    }
}

//! How hard a platform is pressed.

use paceline_core::Instant;

/// Arrivals and admissions of this second and the one before.
#[derive(Debug, Default)]
pub(crate) struct Pressure {
    second: u64,
    now: Counts,
    before: Counts,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    arrived: u32,
    admitted: u32,
}

impl Pressure {
    pub(crate) fn note(&mut self, at: Instant, admitted: bool) {
        self.roll(at);
        self.now.arrived += 1;
        self.now.admitted += u32::from(admitted);
    }

    /// Arrivals per admission; 1 when nothing is refused.
    pub(crate) fn overload(&self) -> f64 {
        let arrived = f64::from(self.now.arrived) + f64::from(self.before.arrived);
        let admitted = f64::from(self.now.admitted) + f64::from(self.before.admitted);
        (arrived / admitted.max(1.0)).max(1.0)
    }

    fn roll(&mut self, at: Instant) {
        let second = at.as_nanos() / 1_000_000_000;
        if second == self.second {
            return;
        }
        self.before = if second == self.second + 1 { self.now } else { Counts::default() };
        self.now = Counts::default();
        self.second = second;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overload_is_arrivals_per_admission_of_two_seconds() {
        let mut pressure = Pressure::default();
        assert!((pressure.overload() - 1.0).abs() < 1e-9);
        let second = |n: u64| Instant::from_nanos(n * 1_000_000_000);
        (0..9).for_each(|n| pressure.note(second(0), n < 3));
        (0..3).for_each(|_| pressure.note(second(1), false));
        assert!((pressure.overload() - 4.0).abs() < 1e-9);
        pressure.note(second(7), true);
        assert!((pressure.overload() - 1.0).abs() < 1e-9);
    }
}

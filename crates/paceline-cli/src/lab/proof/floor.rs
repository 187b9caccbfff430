//! What is asked of a row, and where it is missed.

use std::fmt;

use super::figures::Summary;

/// What the median of the seeds must reach. The worst seed may be a little below.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Floor {
    /// The least goodput ratio.
    pub ratio: f64,
    /// The most refusals per 1,000 accepted calls.
    pub refusals: f64,
}

/// A figure that is not what it must be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Miss {
    /// The median goodput ratio, and the floor.
    Ratio(f64, f64),
    /// The worst goodput ratio, and the floor of the worst.
    WorstRatio(f64, f64),
    /// The median of refusals, and the most that are allowed.
    Refusals(f64, f64),
    /// The most refusals, and the most that are allowed of the worst.
    MostRefusals(f64, f64),
    /// Early returns of all seeds.
    Early(u64),
    /// Bans of all seeds.
    Banned(u64),
    /// Records lost, doubled, given up or not through.
    Failed(u64),
    /// It could not be played: no such scenario is shipped.
    Absent,
}

impl Miss {
    /// Everything that a row misses; without a floor, what breaks a law.
    pub(super) fn all(summary: &Summary, floor: Option<Floor>) -> Vec<Self> {
        let Summary { median, worst } = summary;
        let floored = floor.map(|Floor { ratio, refusals }| {
            let (worst_ratio, most) = (ratio - WORST_RATIO, refusals + WORST_REFUSALS);
            [
                (median.ratio < ratio).then_some(Self::Ratio(median.ratio, ratio)),
                (worst.ratio < worst_ratio).then_some(Self::WorstRatio(worst.ratio, worst_ratio)),
                (median.refusals > refusals).then_some(Self::Refusals(median.refusals, refusals)),
                (worst.refusals > most).then_some(Self::MostRefusals(worst.refusals, most)),
            ]
        });
        let broken = [
            (worst.early_returns > 0).then_some(Self::Early(worst.early_returns)),
            (worst.bans > 0).then_some(Self::Banned(worst.bans)),
            (worst.failed > 0).then_some(Self::Failed(worst.failed)),
        ];
        floored.into_iter().flatten().chain(broken).flatten().collect()
    }
}

impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ratio(is, floor) => write!(f, "ratio {is:.4}, not {floor}"),
            Self::WorstRatio(is, floor) => write!(f, "worst ratio {is:.4}, not {floor:.3}"),
            Self::Refusals(is, most) => write!(f, "{is:.2} refusals per 1,000, not {most}"),
            Self::MostRefusals(is, most) => write!(f, "{is:.2} refusals per 1,000 at worst, not {most:.1}"),
            Self::Early(calls) => write!(f, "{calls} calls came early"),
            Self::Banned(bans) => write!(f, "{bans} bans earned"),
            Self::Failed(records) => write!(f, "{records} records not delivered once"),
            Self::Absent => f.write_str("not played: no such scenario is shipped"),
        }
    }
}

/// How far the worst seed may be below the floor of the median.
const WORST_RATIO: f64 = 0.02;
/// How many more refusals per 1,000 the worst seed may have.
const WORST_REFUSALS: f64 = 1.0;

#[cfg(test)]
mod tests {
    use super::super::figures::Figures;
    use super::*;

    const FLOOR: Option<Floor> = Some(Floor { ratio: 0.97, refusals: 1.0 });

    fn summary(median: (f64, f64), worst: (f64, f64), early_returns: u64) -> Summary {
        let figures = |(ratio, refusals)| Figures { ratio, refusals, early_returns, ..Figures::default() };
        Summary { median: figures(median), worst: figures(worst) }
    }

    #[test]
    fn what_is_at_its_floor_and_a_worst_seed_a_little_below_it_miss_nothing() {
        assert_eq!(Miss::all(&summary((0.97, 1.0), (0.951, 2.0), 0), FLOOR), []);
    }

    #[test]
    fn every_figure_that_is_beyond_its_bound_is_a_miss() {
        let misses = Miss::all(&summary((0.969, 1.1), (0.94, 2.1), 3), FLOOR);
        let said: Vec<String> = misses.iter().map(Miss::to_string).collect();
        let expected = [
            "ratio 0.9690, not 0.97",
            "worst ratio 0.9400, not 0.950",
            "1.10 refusals per 1,000, not 1",
            "2.10 refusals per 1,000 at worst, not 2.0",
            "3 calls came early",
        ];
        assert_eq!(said, expected);
    }

    #[test]
    fn without_a_floor_laws_still_hold() {
        assert_eq!(Miss::all(&summary((0.1, 900.0), (0.1, 900.0), 0), None), []);
        assert_eq!(Miss::all(&summary((1.0, 0.0), (1.0, 0.0), 1), None), [Miss::Early(1)]);
    }
}

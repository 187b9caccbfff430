//! Who is best, as far as noise allows to say.

use super::measure::Sample;
use super::statistics::is_more;

/// The order of contestants, by their places in what was given, and their ranks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranking {
    /// The best first; those that broke a law last, in the same order among themselves.
    pub order: Vec<usize>,
    /// The rank of each in that order, from 1. Those that noise could have ordered share one; none for law-breakers.
    pub ranks: Vec<Option<u32>>,
}

/// Ranks contestants by the means of their scores. `broke_law` tells who is not ranked.
#[must_use]
pub fn rank(samples: &[&[Sample]], broke_law: &[bool]) -> Ranking {
    let scores: Vec<Vec<f64>> =
        samples.iter().map(|samples| samples.iter().map(|sample| sample.score_s).collect()).collect();
    let mut order: Vec<usize> = (0..samples.len()).collect();
    order.sort_by(|&left, &right| {
        let by_law = broke_law[left].cmp(&broke_law[right]);
        by_law.then(mean(&scores[left]).total_cmp(&mean(&scores[right])))
    });
    let mut ranks = Vec::new();
    let mut leader: Option<(usize, u32)> = None;
    for (rank, &who) in (1..).zip(&order) {
        if broke_law[who] {
            ranks.push(None);
            continue;
        }
        let shared = leader.filter(|&(first, _)| !is_more(&scores[who], &scores[first]));
        let (_, rank) = *leader.insert(shared.unwrap_or((who, rank)));
        ranks.push(Some(rank));
    }
    Ranking { order, ranks }
}

fn mean(scores: &[f64]) -> f64 {
    scores.iter().sum::<f64>() / f64::from(u32::try_from(scores.len()).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(scores: &[f64]) -> Vec<Sample> {
        scores.iter().copied().map(Sample::scored).collect()
    }

    #[test]
    fn those_that_noise_could_have_ordered_share_a_rank() {
        let contestants =
            [samples(&[30.0, 30.1, 30.2]), samples(&[10.0, 10.4, 10.1]), samples(&[10.2, 10.1, 10.3])];
        let contestants: Vec<&[Sample]> = contestants.iter().map(Vec::as_slice).collect();
        let ranking = rank(&contestants, &[false; 3]);
        assert_eq!(ranking, Ranking { order: vec![1, 2, 0], ranks: vec![Some(1), Some(1), Some(3)] });
    }

    #[test]
    fn who_breaks_a_law_is_not_ranked_however_fast() {
        let contestants = [samples(&[1.0, 1.0]), samples(&[9.0, 9.1])];
        let contestants: Vec<&[Sample]> = contestants.iter().map(Vec::as_slice).collect();
        let ranking = rank(&contestants, &[true, false]);
        assert_eq!(ranking, Ranking { order: vec![1, 0], ranks: vec![Some(1), None] });
    }
}

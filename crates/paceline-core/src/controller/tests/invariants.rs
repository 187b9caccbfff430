//! The invariants, by number (`ARCHITECTURE.md`).

use proptest::prelude::*;

use super::trace::{Trace, steps};

/// So many cases, or more where `PROPTEST_CASES` asks for more.
fn at_least(cases: u32) -> ProptestConfig {
    let config = ProptestConfig::default();
    ProptestConfig { cases: cases.max(config.cases), ..config }
}

proptest! {
    #![proptest_config(at_least(400))]

    /// 1 (gates), 2 (own waits), 3 (slots), 4 (work conserving), 5 (every call ends once) and 8 (bounded): the trace
    /// checks each decision.
    #[test]
    fn every_decision_of_every_trace_keeps_the_contract(seed in any::<u64>(), steps in steps(150)) {
        let mut trace = Trace::new(seed);
        trace.play(&steps);
        trace.drain();
        let machine = &trace.machine;
        prop_assert_eq!((machine.waiting(), machine.in_flight()), (0, 0));
        prop_assert!(machine.waiting.is_spotless());
        prop_assert!(machine.calls.is_empty() && machine.resting.is_empty() && machine.deadlines.is_empty());
        for (_, _, _, scope) in machine.scopes.iter() {
            prop_assert_eq!((scope.references, scope.slots_taken()), (0, 0));
        }
    }

    /// 6: the same inputs and seed give the same decisions.
    #[test]
    fn the_same_trace_gives_the_same_decisions(seed in any::<u64>(), steps in steps(100)) {
        let decisions = || {
            let mut trace = Trace::new(seed);
            trace.play(&steps);
            trace.drain();
            trace.decisions
        };
        prop_assert_eq!(decisions(), decisions());
    }
}

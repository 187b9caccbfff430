use std::num::NonZeroU32;

use paceline_core::{Instant, Learned, ScopeKind};
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

fn now() -> WallTime {
    WallTime::from_unix_millis(1_700_000_000_000)
}

fn gate(name: &str, wait: Duration) -> GateRecord {
    GateRecord {
        kind: ScopeKind::Credential,
        name: name.into(),
        until: Instant::EPOCH + wait,
        until_wall: now() + wait,
        cause: GateCause::RetryAfter,
    }
}

fn closed(restored: &Restored, name: &str) -> Option<WallTime> {
    let scope = restored.snapshot.scopes.iter().find(|scope| scope.name == name)?;
    scope.closed.map(|(until, _)| until)
}

fn learned(name: &str, words: &str) -> ScopeSnapshot {
    let (kind, learned) = (ScopeKind::Credential, crate::learned::read(words));
    ScopeSnapshot { kind, name: name.to_owned(), closed: None, learned }
}

/// A file in a folder of its own.
fn place() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("state");
    (folder, path)
}

#[tokio::test]
async fn what_is_saved_comes_back() {
    let (_folder, path) = place();
    let first = StateKeeper::open(&path, now()).unwrap();
    let words =
        crate::learned::written(&Learned { in_flight: NonZeroU32::new(7), ..Learned::default() }).unwrap();
    first.keeper.save().await.unwrap();
    first.keeper.closed(&gate("a", Duration::from_secs(20)), now());
    first.keeper.closed(&gate("a", Duration::from_secs(5)), now());
    let snapshot = Snapshot { scopes: vec![learned("b", &words)] };
    first.keeper.finish(&snapshot, now()).await.unwrap();
    let names = first.fingerprints;
    drop(first.keeper);

    let again = StateKeeper::open(&path, now()).unwrap();
    assert_eq!(closed(&again, "a"), Some(now() + Duration::from_secs(20)), "a closing never grows shorter");
    assert_eq!((closed(&again, "b"), again.pause), (None, None), "it ended in order");
    let kept = again.snapshot.scopes.iter().find(|scope| scope.name == "b").unwrap();
    assert_eq!(crate::learned::written(&kept.learned), Some(words));
    assert!(again.fingerprints == names, "names are found again");
    drop(again);
    let later = StateKeeper::open(&path, now() + Duration::from_secs(20)).unwrap();
    assert_eq!(closed(&later, "a"), None, "what has opened is open");
}

#[tokio::test]
async fn a_departure_waits_for_every_closing_before_it() {
    let (_folder, path) = place();
    let keeper = StateKeeper::open(&path, now()).unwrap().keeper;
    assert!(keeper.is_unsaved(), "that it sends is not written yet");
    keeper.save().await.unwrap();
    assert!(!keeper.is_unsaved());
    keeper.closed(&gate("a", Duration::from_secs(20)), now());
    assert!(keeper.is_unsaved());
    keeper.closing().await;
    keeper.save().await.unwrap();
    assert!(!keeper.is_unsaved());
    drop(keeper);
    let again = StateKeeper::open(&path, now()).unwrap();
    assert_eq!(closed(&again, "a"), Some(now() + Duration::from_secs(20)));
}

#[tokio::test]
async fn a_file_has_one_proxy_however_often_it_is_replaced() {
    let (_folder, path) = place();
    let keeper = StateKeeper::open(&path, now()).unwrap().keeper;
    for _ in 0..2 {
        let error = StateKeeper::open(&path, now()).unwrap_err();
        assert!(matches!(error, StateError::InUse { .. }), "{error}");
        assert!(error.to_string().contains(&*path.to_string_lossy()), "{error}");
        keeper.save().await.unwrap();
        keeper.closed(&gate("a", Duration::from_secs(20)), now());
    }
    drop(keeper);
    assert!(StateKeeper::open(&path, now()).is_ok());
}

#[tokio::test]
async fn of_too_many_scopes_the_longest_unused_go_and_no_closed_one() {
    let (_folder, path) = place();
    let words =
        crate::learned::written(&Learned { in_flight: NonZeroU32::new(7), ..Learned::default() }).unwrap();
    let of = |names: std::ops::Range<usize>| Snapshot {
        scopes: names.map(|number| learned(&number.to_string(), &words)).collect(),
    };
    let keeper = StateKeeper::open(&path, now()).unwrap().keeper;
    keeper.closed(&gate("0", Duration::from_secs(20)), now());
    keeper.save_learned(&of(0..file::MOST_SCOPES), now()).await.unwrap();
    // The second is used again; three come to it.
    keeper.save_learned(&of(1..2), now()).await.unwrap();
    keeper.save_learned(&of(file::MOST_SCOPES..file::MOST_SCOPES + 3), now()).await.unwrap();
    drop(keeper);
    let again = StateKeeper::open(&path, now()).unwrap();
    let names: Vec<&str> = again.snapshot.scopes.iter().map(|scope| scope.name.as_str()).collect();
    assert_eq!(names.len(), file::MOST_SCOPES);
    for (name, is_kept) in [("0", true), ("1", true), ("2", false), ("3", false), ("4", false), ("5", true)] {
        assert_eq!(names.contains(&name), is_kept, "{name}");
    }
    assert_eq!(closed(&again, "0"), Some(now() + Duration::from_secs(20)));
}

#[tokio::test]
async fn a_file_that_cannot_be_written_holds_departures_back() {
    let (folder, path) = place();
    let keeper = StateKeeper::open(&path, now()).unwrap().keeper;
    drop(folder);
    assert!(matches!(keeper.save().await, Err(StateError::Unwritable { .. })));
    assert!(keeper.is_unsaved());
}

#[test]
fn a_file_that_is_not_ours_is_refused_and_not_overwritten() {
    let (_folder, path) = place();
    let salt = Fingerprints::fresh().to_hex();
    let of = |version: u32, salt: &str| {
        format!(
            r#"{{"paceline_state":{version},"salt":"{salt}","is_running":false,"longest_wait_ms":0,"scopes":[]}}"#
        )
    };
    let foreign = ["", "{}", "[1]", "id,name\n1,x\n", &of(2, &salt), &of(1, "salt"), &of(1, &salt)[1..]];
    for text in foreign {
        std::fs::write(&path, text).unwrap();
        let error = StateKeeper::open(&path, now()).unwrap_err();
        assert!(matches!(error, StateError::NotOurs { .. }), "{text}: {error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
    std::fs::write(&path, [0xFF, 0xFE]).unwrap();
    assert!(StateKeeper::open(&path, now()).is_err());
    assert_eq!(std::fs::read(&path).unwrap(), [0xFF, 0xFE]);
    std::fs::write(&path, of(1, &salt)).unwrap();
    assert!(StateKeeper::open(&path, now()).is_ok(), "this one is");
}

#[test]
fn opening_writes_nothing() {
    let (_folder, path) = place();
    drop(StateKeeper::open(&path, now()).unwrap());
    assert!(!path.exists());
}

#[tokio::test]
async fn after_a_crash_every_scope_waits() {
    // The longest wait that was named, and how long everybody waits at least.
    for (named, least) in [(None, 1), (Some(20), 20), (Some(86_400), 60)] {
        let (_folder, path) = place();
        let keeper = StateKeeper::open(&path, now()).unwrap().keeper;
        keeper.closed(&gate("open again", Duration::ZERO), now());
        if let Some(named) = named {
            keeper.closed(&gate("closed", Duration::from_secs(named)), now());
        }
        keeper.save().await.unwrap();
        drop(keeper);

        let again = StateKeeper::open(&path, now()).unwrap();
        let paused = now() + Duration::from_secs(least);
        assert_eq!(again.pause, Some(paused), "scopes that nobody has named yet");
        for scope in &again.snapshot.scopes {
            assert!(scope.closed.unwrap().0 >= paused, "{scope:?}");
        }
        let until = named.map(|named| now() + Duration::from_secs(named));
        assert_eq!(closed(&again, "closed"), until);
    }
}

#[tokio::test]
async fn what_only_a_person_may_open_is_opened_by_starting_again() {
    let (_folder, path) = place();
    let keeper = StateKeeper::open(&path, now()).unwrap().keeper;
    let shut = GateRecord {
        until_wall: WallTime::FAR_FUTURE,
        cause: GateCause::Banned,
        ..gate("a", Duration::ZERO)
    };
    keeper.closed(&shut, now());
    keeper.finish(&Snapshot::default(), now()).await.unwrap();
    drop(keeper);
    assert_eq!(closed(&StateKeeper::open(&path, now()).unwrap(), "a"), None);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whenever it is killed: of every closing that a departure waited for, the restart knows.
    #[test]
    fn no_kill_loses_a_closing_that_was_saved(
        closings in prop::collection::vec((0_usize..3, 1_u64..100, any::<bool>()), 1..12)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (_folder, path) = place();
        let keeper = StateKeeper::open(&path, now()).unwrap().keeper;
        let (mut told, mut saved) = ([0; 3], [0; 3]);
        for (scope, wait, departs) in closings {
            keeper.closed(&gate(NAMES[scope], Duration::from_secs(wait)), now());
            told[scope] = wait.max(told[scope]);
            if departs {
                runtime.block_on(keeper.save()).unwrap();
                saved = told;
            }
        }
        drop(keeper);
        let again = StateKeeper::open(&path, now()).unwrap();
        for (name, wait) in NAMES.iter().zip(saved).filter(|(_, wait)| *wait > 0) {
            let until = closed(&again, name);
            prop_assert!(until >= Some(now() + Duration::from_secs(wait)), "{name}: {until:?}");
        }
    }
}

const NAMES: [&str; 3] = ["a", "b", "c"];

//! HMACs of RFC 4231, replay windows against a plain model, keys on their way.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::wire::ocp809::examples::{CARD, KEY};

/// A key that ends in zeros is the shorter key of the RFC: HMAC itself pads with zeros.
fn key_of(bytes: &[u8]) -> Key {
    let mut key = [0; KEY_LEN];
    key[..bytes.len()].copy_from_slice(bytes);
    Key::new(key)
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).expect("hex")).collect()
}

#[test]
fn hmacs_are_those_of_rfc_4231_cut_to_16_bytes() {
    let first = key_of(&[0x0b; 20]).mac(&[b"Hi ", b"", b"There"]);
    assert_eq!(first[..], hex("b0344c61d8db38535ca8afceaf0bf12b"), "test case 1, in three parts");
    let second = key_of(b"Jefe").mac(&[b"what do ya want for nothing?"]);
    assert_eq!(second[..], hex("5bdcc146bf60754e6a042426089575c7"), "test case 2");
    let third = key_of(&[0xaa; 20]).mac(&[&[0xdd; 50]]);
    assert_eq!(third[..], hex("773ea91e36800e46854db8ebd09181a7"), "test case 3");
}

#[test]
fn key_zero_is_a_key_only_while_there_is_no_site_key() {
    let mut ring = KeyRing::new();
    assert_eq!(ring.key(KEY_ID_NONE), Some(&Key::NONE), "a new card");
    assert!(!ring.install(KEY_ID_NONE, KEY), "key 0 cannot be set");
    assert!(ring.install(3, KEY) && ring.has_site_key(), "the first site key");
    assert_eq!((ring.key(KEY_ID_NONE), ring.key(3), ring.key(4)), (None, Some(&KEY), None), "key 0 is no key any more");
    let mut ids = 100..;
    let stored = ids.by_ref().take_while(|&id| ring.install(id, KEY)).count();
    assert_eq!(stored, KEYS_MAX - 1, "there is room for eight");
    assert!(ring.install(3, Key::NONE), "a known id is replaced even when the ring is full");
}

#[test]
fn a_wrapped_key_opens_only_under_the_same_key_card_boot_and_counter() {
    let new = Key::new([0x77; KEY_LEN]);
    let masked = new.wrapped(&KEY, &CARD, 5);
    assert_eq!(masked.wrapped(&KEY, &CARD, 5), new, "its own inverse");
    let rebooted = CardIdentity { boot_count: CARD.boot_count + 1, ..CARD };
    for other in [masked.wrapped(&Key::NONE, &CARD, 5), masked.wrapped(&KEY, &rebooted, 5), masked.wrapped(&KEY, &CARD, 6)] {
        assert_ne!(other, new, "one ingredient differs");
    }
    assert_eq!(format!("{KEY:?}"), "Key(secret)", "a log does not tell it");
}

#[test]
fn counters_follow_the_time_and_never_repeat() {
    let source = CounterSource::default();
    assert_eq!([source.next(Tai(50)), source.next(Tai(50)), source.next(Tai(40))], [50, 51, 52], "above the last");
    source.continue_above(1_000);
    assert_eq!(source.next(Tai(60)), 1_001, "above what a card had seen");
    let other = source.clone();
    assert_eq!(
        [other.block(Tai(2_000), 4), source.next(Tai(2_000)), other.next(Tai(0))],
        [2_000, 2_004, 2_005],
        "clones share them"
    );
}

#[test]
fn a_sender_whose_clock_is_behind_stays_above_the_counters_of_another_one() {
    const SECOND: u64 = 1_000_000_000;
    let (ahead, behind) = (CounterSource::default(), CounterSource::default());
    behind.overtake(0, Tai(SECOND));
    assert_eq!(behind.next(Tai(SECOND)), SECOND, "a card that accepted none asks for nothing");
    behind.overtake(ahead.latch_block(Tai(100 * SECOND), 4), Tai(40 * SECOND));
    let mut own = 0;
    for later in [0, 1, SECOND, 50 * SECOND] {
        let theirs = ahead.latch_block(Tai(100 * SECOND + later), 4);
        own = behind.latch_block(Tai(40 * SECOND + later), 4);
        assert!(own > theirs + 4, "after {later} ns: {own} and {theirs}");
    }
    for _ in 0..10 {
        behind.overtake(own + 3, Tai(90 * SECOND));
    }
    assert!(behind.next(Tai(90 * SECOND)) <= own + 4, "its own counters do not drive it ahead");
}

proptest! {
    #[test]
    fn a_window_accepts_what_a_plain_model_accepts(counters in prop::collection::vec(0_u64..200, 1..300), base in 0_u64..1 << 40) {
        let (mut window, mut seen) = (ReplayWindow::default(), BTreeSet::new());
        for counter in counters.into_iter().map(|c| c + base) {
            let highest = seen.last().copied().unwrap_or(0);
            let fresh = counter > 0 && !seen.contains(&counter) && counter + 63 >= highest;
            prop_assert_eq!(window.accept(counter), fresh, "{} after {}", counter, highest);
            if fresh {
                seen.insert(counter);
            }
        }
    }

    #[test]
    fn a_window_survives_any_counter(counters: Vec<u64>) {
        let mut windows = ReplayWindows::default();
        for counter in counters {
            let first = windows.accept(1, counter);
            prop_assert!(first.is_err() || windows.accept(1, counter).is_err(), "{} twice", counter);
        }
    }
}

//! A port that feeds a loop from both ends, whatever single cable breaks and whenever: no card that still has a path misses
//! a frame, and with a present instant none shows it late.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod common;

use common::simulation::{Event, REFRESH_NS, Set, Simulation};
use ocp809_sender::emulator::VirtualCards;
use ocp809_sender::emulator::card::CardSettings;
use ocp809_sender::geometry::PixelSize;
use ocp809_sender::ids::{PortIndex, ScreenIndex};
use ocp809_sender::wall::Wall;
use ocp809_sender::wall::layout::{Grid, serpentine};
use ocp809_sender::wire::ocp809::Epoch;
use ocp809_sender::wire::ocp809::auth::{CounterSource, KEY_LEN, Key, Signing, SiteKey};
use proptest::prelude::*;

const PORT: PortIndex = PortIndex(0);
const CARDS: u16 = 6;

/// Frames that a simulation shows; it breaks in one of them.
const FRAMES: u16 = 6;

/// From frame to frame, longer than a frame takes to be sent.
const PERIOD_NS: u64 = 2_000_000;

/// After the last frame.
const NEVER_NS: u64 = FRAMES as u64 * PERIOD_NS;

/// What breaks: one cable, or a card and so the cables at both of its ports.
#[derive(Debug, Clone, Copy)]
enum Break {
    /// Cable i leads to card i, the last one from the last card back to the sender.
    Cable(u16),
    Card(u16),
}

impl Break {
    fn all() -> impl Iterator<Item = Self> {
        (0..=CARDS).map(Self::Cable).chain((0..CARDS).map(Self::Card))
    }

    fn cables(self) -> impl Iterator<Item = Option<u16>> {
        let (first, last) = match self {
            Self::Cable(cable) => (cable, cable),
            Self::Card(card) => (card, card + 1),
        };
        (first..=last).map(|cable| cable.checked_sub(1))
    }

    fn spares(self, place: u16) -> bool {
        !matches!(self, Self::Card(dead) if dead == place)
    }
}

/// Six cards of four packets each, all in one loop.
fn wall() -> Wall {
    let mut spec = serpentine(&Grid::new(CARDS.into(), 1, PixelSize::new(40, 40))).unwrap();
    spec.ports[0].redundant = true;
    Wall::from_spec(&spec).unwrap()
}

fn looped(wall: &Wall, residence_ns: u32, call_ns: u64, carrier: bool) -> Simulation {
    let cards = VirtualCards { ptp: false, residence_ns, ..VirtualCards::default() };
    let mut simulation = Simulation::new(wall, &Set { cards, call_ns, carrier });
    simulation.sync_cards();
    assert!(simulation.cards().iter().all(|card| card.synced), "TIME reached all cards");
    simulation
}

/// The same with cards that obey signed latches only.
fn locked(simulation: Simulation) -> Simulation {
    let signing = Signing { key: SiteKey { id: 5, key: Key::new([5; KEY_LEN]) }, counters: CounterSource::default() };
    simulation.with_wall(|cards| {
        for place in 0..CARDS {
            let card = cards.card_mut(PORT, place).unwrap();
            assert!(card.store_key(5, signing.key.key), "there is room");
            card.configure(CardSettings { locked: true, ..card.settings().clone() });
        }
    });
    simulation.signed(&signing)
}

/// What each card shows: a frame number, if all of its pixels are that frame's.
fn pictures(simulation: &Simulation, wall: &Wall) -> Vec<Option<u16>> {
    let mut codes = Vec::new();
    simulation.with_wall(|wall| wall.codes(ScreenIndex(0), &mut codes));
    let width = wall.screens()[0].size.width;
    let picture = |cabinet: &ocp809_sender::wall::Cabinet| {
        let rect = cabinet.rect;
        let rows = (rect.y..rect.y + rect.height).map(|y| (y * width + rect.x) as usize);
        let first = codes[(rect.y * width + rect.x) as usize][0];
        let mut pixels = rows.flat_map(|row| &codes[row..row + rect.width as usize]);
        pixels.all(|pixel| *pixel == [first; 3]).then_some(first)
    };
    wall.cabinets().iter().map(picture).collect()
}

/// Breaks a loop `at` nanoseconds after frame 3 begins and mends it `mended` later, and fails unless every card with a path
/// shows every frame, on time when `timed`.
fn break_once(
    simulation: &mut Simulation,
    wall: &Wall,
    broken: Break,
    (at, mended): (u64, u64),
    timed: bool,
) -> Result<(), TestCaseError> {
    let spares = |place: usize| broken.spares(u16::try_from(place).unwrap());
    for number in 1..=FRAMES {
        let begun = simulation.now();
        if number == 3 {
            for cable in broken.cables() {
                simulation.at(begun + at, Event::Pull(PORT, cable));
                simulation.at(begun + at + mended, Event::Plug(PORT, cable));
            }
        }
        let (present, _) = simulation.show(number, number.to_le_bytes()[0], timed);
        simulation.run_until(present + REFRESH_NS);
        for (place, picture) in pictures(simulation, wall).into_iter().enumerate().filter(|(place, _)| spares(*place)) {
            prop_assert_eq!(picture, Some(number), "card {} with {:?} broken at {}, mended after {}", place, broken, at, mended);
        }
        simulation.run_until(begun + PERIOD_NS);
    }
    for (place, card) in simulation.cards().into_iter().enumerate().filter(|(place, _)| spares(*place)) {
        let frames = card.counters.frames;
        let lost = (frames.shown, frames.held);
        prop_assert_eq!(lost, (FRAMES.into(), 0), "card {} with {:?} broken at {}", place, broken, at);
        // A cable that comes back during a frame lets a LATCH overtake pixels that come the other way round.
        let in_time = (frames.late, frames.missing);
        prop_assert!(
            in_time == (0, 0) || (!timed && mended < NEVER_NS),
            "card {} late with {:?} broken at {}",
            place,
            broken,
            at
        );
    }
    Ok(())
}

#[test]
fn any_single_break_at_any_time_loses_no_frame_and_makes_none_late() {
    let wall = wall();
    for broken in Break::all() {
        // Through the whole frame, its latches and the pause behind: no two in the same phase of a packet.
        for at in (0..PERIOD_NS / 4).step_by(4_111) {
            let mut simulation = looped(&wall, 1_500, 3_000, at % 2 == 0);
            break_once(&mut simulation, &wall, broken, (at, NEVER_NS), true).unwrap();
        }
    }
}

#[test]
fn a_locked_loop_loses_no_frame_at_any_single_break_either() {
    let wall = wall();
    for broken in Break::all() {
        for at in (0..PERIOD_NS / 4).step_by(23_003) {
            let mut simulation = locked(looped(&wall, 1_500, 3_000, at % 2 == 0));
            break_once(&mut simulation, &wall, broken, (at, NEVER_NS), true).unwrap();
        }
    }
}

#[test]
fn a_locked_loop_shows_nothing_that_is_not_signed() {
    let wall = wall();
    let mut simulation = locked(looped(&wall, 1_500, 3_000, true));
    let (present, _) = simulation.show(1, 1, true);
    simulation.run_until(present + REFRESH_NS);
    assert_eq!(pictures(&simulation, &wall), vec![Some(1); CARDS.into()], "the owner's frame");
    let other = Signing { key: SiteKey { id: 5, key: Key::new([6; KEY_LEN]) }, counters: CounterSource::default() };
    let mut stranger = simulation.signed(&other);
    stranger.latch.epoch = Epoch { term: 900, instance: 1 };
    let (present, _) = stranger.show(2, 2, true);
    stranger.run_until(present + REFRESH_NS);
    assert_eq!(pictures(&stranger, &wall), vec![Some(1); CARDS.into()], "a frame under another key of the same id is nothing");
    assert!(
        stranger.cards().iter().all(|card| card.master.as_ref().is_some_and(|master| master.epoch.term < 900)),
        "nor is its term"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn slow_cards_and_slow_senders_lose_no_frame_either(
        broken in prop::sample::select(Break::all().collect::<Vec<_>>()),
        at in 0..PERIOD_NS, mended in prop_oneof![0..3 * PERIOD_NS, Just(NEVER_NS)],
        residence_ns in 500_u32..15_000, call_ns in 0_u64..60_000, carrier: bool,
    ) {
        let wall = wall();
        let mut simulation = looped(&wall, residence_ns, call_ns, carrier);
        break_once(&mut simulation, &wall, broken, (at, mended), true)?;
    }

    #[test]
    fn without_a_present_instant_no_frame_is_lost_either(
        broken in prop::sample::select(Break::all().collect::<Vec<_>>()),
        at in 0..PERIOD_NS, mended in prop_oneof![0..3 * PERIOD_NS, Just(NEVER_NS)],
        residence_ns in 500_u32..15_000, call_ns in 0_u64..60_000, carrier: bool,
    ) {
        let wall = wall();
        let mut simulation = looped(&wall, residence_ns, call_ns, carrier);
        break_once(&mut simulation, &wall, broken, (at, mended), false)?;
    }
}

#[test]
fn every_card_hears_both_ends_with_the_first_latch_and_after_a_change_of_term() {
    let wall = wall();
    hears_both_ends(looped(&wall, 1_500, 3_000, true), &wall);
    // Signatures count up, and those from one end overtake those from the other.
    hears_both_ends(locked(looped(&wall, 1_500, 3_000, true)), &wall);
}

fn hears_both_ends(mut simulation: Simulation, wall: &Wall) {
    for (number, term) in [(1, 7), (2, 7), (3, 8), (4, 8)] {
        simulation.latch.epoch = Epoch { term, instance: 1 };
        let (present, _) = simulation.show(number, number.to_le_bytes()[0], true);
        simulation.run_until(present + REFRESH_NS);
        assert_eq!(pictures(&simulation, wall), vec![Some(number); CARDS.into()], "frame {number}, the first of a term as well");
        for card in simulation.cards() {
            let master = card.master.expect("a master");
            assert_eq!((master.epoch.term, master.addresses.len()), (term, 2), "both ends at card {}", card.id);
            assert_eq!(card.counters.ports.map(|port| port.foreign), [0, 0], "no pixel came before its sender was known");
        }
    }
}

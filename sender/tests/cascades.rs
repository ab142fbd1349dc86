//! Long cascades and many ports show one picture: how far apart their cards flip, in simulated time, with every card's
//! residence and every call of the sender in it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod common;

use common::simulation::{REFRESH_NS, Set, Simulation};
use ocp809_sender::emulator::VirtualCards;
use ocp809_sender::geometry::PixelSize;
use ocp809_sender::ids::ScreenIndex;
use ocp809_sender::wall::Wall;
use ocp809_sender::wall::layout::{Grid, column, serpentine};

/// Front to front through a card that cuts through.
const RESIDENCE_NS: u64 = 1_500;

/// What handing a LATCH to an interface costs: a system call.
const CALL_NS: u64 = 5_000;

/// Refreshes per frame at 60 frames per second: scans start with the frame.
const IN_STEP: u16 = 64;

/// How finely flips are seen.
const STEP_NS: u64 = 500;

/// 64 cards, one behind the other.
fn one_port() -> Wall {
    Wall::from_spec(&serpentine(&Grid::new(16, 4, PixelSize::new(32, 16))).unwrap()).unwrap()
}

/// Four ports of 16 cards.
fn four_ports() -> Wall {
    let mut grid = Grid::new(16, 4, PixelSize::new(32, 16));
    grid.ports = 4;
    Wall::from_spec(&column(&grid).unwrap()).unwrap()
}

/// A wall whose cards were switched on one after the other, so that their scans start at any time, and are synced by TIME.
fn simulation(wall: &Wall) -> Simulation {
    let cards = VirtualCards { ptp: false, residence_ns: u32::try_from(RESIDENCE_NS).unwrap(), ..VirtualCards::default() };
    let mut simulation = Simulation::new(wall, &Set { cards, call_ns: CALL_NS, carrier: true });
    for cabinet in wall.cabinets() {
        simulation.with_wall(|cards| cards.power_cycle(cabinet.port, cabinet.place));
        simulation.run_until(simulation.now() + 97_003);
    }
    simulation.sync_cards();
    assert!(simulation.cards().iter().all(|card| card.synced), "TIME reached all cards");
    simulation
}

/// The first card's flip and the last one's.
fn bounds(flips: &[u64]) -> (u64, u64) {
    (*flips.iter().min().unwrap(), *flips.iter().max().unwrap())
}

/// One picture: no card shows another frame, or a part of one.
fn shows(simulation: &Simulation, number: u16) -> bool {
    let mut codes = Vec::new();
    simulation.with_wall(|wall| wall.codes(ScreenIndex(0), &mut codes));
    !codes.is_empty() && codes.iter().all(|pixel| *pixel == [number; 3])
}

#[test]
fn on_arrival_flips_are_as_far_apart_as_the_latch_travels() {
    for (wall, ports, places) in [(one_port(), 1, 64), (four_ports(), 4, 16)] {
        let mut simulation = simulation(&wall);
        simulation.latch.refreshes = IN_STEP;
        for number in 1..=5 {
            let (first, last) = bounds(&simulation.flips(number, number.to_le_bytes()[0], false));
            assert!(shows(&simulation, number), "frame {number} on all {} cards", wall.cabinets().len());
            // 94.5 us through 64 cards; 22.5 us through 16 and 15 us from the first port's call to the fourth's.
            let spread = (places - 1) * RESIDENCE_NS + (ports - 1) * CALL_NS;
            assert!(last - first <= spread + STEP_NS, "{ports} x {places}: {} ns, {spread} expected", last - first);
            assert!(last - first + 2 * STEP_NS >= spread, "the way is in the figure: {} ns", last - first);
            assert!(last - first < REFRESH_NS, "within one refresh");
        }
    }
}

#[test]
fn with_a_present_instant_all_cards_flip_at_once() {
    for (wall, places) in [(one_port(), 64), (four_ports(), 16)] {
        let mut simulation = simulation(&wall);
        simulation.latch.refreshes = IN_STEP;
        for number in 1..=5 {
            let (first, last) = bounds(&simulation.flips(number, number.to_le_bytes()[0], true));
            assert!(shows(&simulation, number), "frame {number} on all {} cards", wall.cabinets().len());
            assert!(
                last - first <= STEP_NS && last <= STEP_NS,
                "{places} cards in a row: {first} to {last} ns after the instant"
            );
        }
        let late: u64 = simulation.cards().iter().map(|card| card.counters.frames.late).sum();
        assert_eq!(late, 0, "the instant left time for the whole way");
    }
}

#[test]
fn scans_of_their_own_add_at_most_one_refresh() {
    for (wall, ports, places) in [(one_port(), 1, 64), (four_ports(), 4, 16)] {
        let mut simulation = simulation(&wall);
        for (number, timed) in [(1, true), (2, true), (3, false), (4, false)] {
            let (first, last) = bounds(&simulation.flips(number, number.to_le_bytes()[0], timed));
            assert!(shows(&simulation, number), "frame {number} on all {} cards", wall.cabinets().len());
            let way = if timed { 0 } else { (places - 1) * RESIDENCE_NS + (ports - 1) * CALL_NS };
            assert!(last - first <= REFRESH_NS + way + STEP_NS, "{ports} x {places}, timed {timed}: {} ns", last - first);
            assert!(last - first > REFRESH_NS / 2, "scans do begin at any time: {} ns", last - first);
        }
    }
}

//! Cards that are told to show which one they are.

use super::*;
use crate::ids::ScreenIndex;

const PORT: PortIndex = PortIndex(0);

/// The side of each cabinet of these walls.
const SIDE: usize = 16;

fn large_wall(cards: u32, change: impl FnOnce(&mut WallSpec)) -> Wall {
    let mut spec = serpentine(&Grid::new(cards, 1, PixelSize::new(16, 16))).unwrap();
    change(&mut spec);
    Wall::from_spec(&spec).unwrap()
}

impl Bench {
    /// Which cabinets give light, from left to right. Nothing is streamed but black.
    fn lit(&mut self) -> Vec<bool> {
        let mut light = Vec::new();
        self.cards.light(ScreenIndex(0), &mut light);
        let cards = self.wall.cabinets().len();
        let is_lit = |card: usize| {
            let mut pixels = light.chunks(cards * SIDE).flat_map(|row| &row[card * SIDE..][..SIDE]);
            pixels.any(|pixel| pixel.iter().any(|light| *light > 0.0))
        };
        (0..cards).map(is_lit).collect()
    }
}

#[test]
fn a_card_on_black_marks_itself_until_that_ends_and_no_other_one_does() {
    let mut bench = Bench::bare(large_wall(3, |_| {}));
    let mut sender = Sender::new(&bench, 1, false, None);
    bench.run(&mut [&mut sender], 500);
    assert_eq!(bench.lit(), [false; 3], "black");
    sender.session.identify(Some(CabinetIndex(1)));
    for _ in 0..20 {
        bench.run(&mut [&mut sender], 500);
        assert_eq!(bench.lit(), [false, true, false], "for as long as it is asked for");
    }
    sender.session.identify(Some(CabinetIndex(2)));
    bench.run(&mut [&mut sender], 100);
    assert_eq!(bench.lit(), [false, false, true], "then another one");
    sender.session.identify(None);
    bench.run(&mut [&mut sender], 100);
    assert_eq!(bench.lit(), [false; 3], "then none");
    assert!(sender.session.can_identify(CabinetIndex(0)) && !sender.session.can_identify(CabinetIndex(3)), "all cards can");
}

#[test]
fn a_card_that_starts_anew_or_is_exchanged_is_told_again() {
    let mut bench = Bench::bare(large_wall(3, |_| {}));
    let mut sender = Sender::new(&bench, 1, false, None);
    bench.run(&mut [&mut sender], 500);
    sender.session.identify(Some(CabinetIndex(1)));
    bench.run(&mut [&mut sender], 100);
    bench.cards.power_cycle(PORT, 1);
    bench.run(&mut [&mut sender], 1_000);
    assert_eq!(bench.lit(), [false, true, false], "after a start");
    bench.cards.replace_card(PORT, 1).unwrap();
    assert_eq!(bench.lit(), [false; 3], "a spare knows nothing");
    bench.run(&mut [&mut sender], 2_000);
    assert_eq!(bench.lit(), [false, true, false], "after the exchange");
    bench.cards.replace_card(PORT, 2).unwrap();
    sender.session.identify(None);
    bench.run(&mut [&mut sender], 2_000);
    assert_eq!(bench.lit(), [false; 3], "and none after the end");
}

#[test]
fn a_sender_that_is_gone_leaves_no_card_marked() {
    let mut bench = Bench::bare(large_wall(2, |_| {}));
    let mut sender = Sender::new(&bench, 1, false, None);
    sender.session.identify(Some(CabinetIndex(0)));
    bench.run(&mut [&mut sender], 1_000);
    assert_eq!(bench.lit(), [true, false], "asked for before the card was there");
    bench.pass(6_000_000_000);
    assert_eq!(bench.lit(), [false; 2], "it ends by itself");
}

#[test]
fn marks_reach_keyed_cards_and_come_through_losses() {
    let mut bench = Bench::bare(large_wall(2, |spec| spec.ports[0].redundant = true));
    let mut sender = Sender::new(&bench, 1, false, Some(protected(true)));
    bench.run(&mut [&mut sender], 500);
    sender.session.install_key(bench.now);
    bench.run(&mut [&mut sender], 1_000);
    bench.losing = Some(3);
    sender.session.identify(Some(CabinetIndex(1)));
    bench.run(&mut [&mut sender], 1_500);
    assert_eq!(bench.lit(), [false, true], "signed, and asked again where it was lost");
    sender.session.identify(None);
    bench.run(&mut [&mut sender], 1_500);
    assert_eq!(bench.lit(), [false; 2], "and so is the end");
}

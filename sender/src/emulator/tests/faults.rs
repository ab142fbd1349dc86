//! Cables that lose, repeat, reorder and change frames: no card ever shows a mixture, and every counter is right.

use proptest::prelude::*;

use super::rig::{MS, Rig, row_of_cards, row_of_large_cards};
use crate::emulator::VirtualCards;
use crate::stream::FeedEnd;

/// What happens to one packet on the way to the first card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Arrives,
    Lost,
    Repeated,
    Changed(u16),
    /// It arrives so many packets later.
    Delayed(u8),
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        12 => Just(Fate::Arrives),
        2 => Just(Fate::Lost),
        1 => Just(Fate::Repeated),
        1 => any::<u16>().prop_map(Fate::Changed),
        2 => (1_u8..12).prop_map(Fate::Delayed),
    ]
}

/// What the cable makes of a train of packets.
fn cable(packets: Vec<Vec<u8>>, fates: &mut impl Iterator<Item = Fate>) -> Vec<Vec<u8>> {
    let mut arrivals: Vec<(usize, Vec<u8>)> = Vec::new();
    for (index, packet) in packets.into_iter().enumerate() {
        match fates.next().unwrap_or(Fate::Arrives) {
            Fate::Arrives => arrivals.push((index, packet)),
            Fate::Lost => {}
            Fate::Repeated => arrivals.extend([(index, packet.clone()), (index, packet)]),
            Fate::Changed(noise) => {
                let mut changed = packet;
                // Behind the Ethernet header, where the CRC-32C has to notice.
                let at = 14 + usize::from(noise >> 3) % (changed.len() - 14);
                changed[at] ^= 1 << (noise & 7);
                arrivals.push((index, changed));
            }
            Fate::Delayed(by) => arrivals.push((index + usize::from(by), packet)),
        }
    }
    arrivals.sort_by_key(|(at, _)| *at);
    arrivals.into_iter().map(|(_, packet)| packet).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_card_ever_shows_a_mixture(
        fates in prop::collection::vec(fate(), 0..600), parity: bool, buffers in 2_u8..4, jumbled_latch: bool
    ) {
        let cards = VirtualCards { buffers, ..VirtualCards::default() };
        let mut rig = Rig::with(row_of_large_cards(3, |_| {}), cards, parity.then_some(1));
        rig.start();
        let mut fates = fates.into_iter();
        for number in 1..24_u16 {
            rig.number = number;
            let mut train = rig.packets(0, number);
            if jumbled_latch {
                train.extend(rig.latch_packets(0, number));
            }
            for packet in cable(train, &mut fates) {
                rig.deliver(0, FeedEnd::Head, &packet);
                rig.pass(12_000);
                let shown = rig.whole_pictures(1..=number);
                prop_assert!(shown.iter().all(Option::is_some), "during frame {}: {:?}", number, shown);
            }
            if !jumbled_latch {
                let latches = rig.latch_packets(0, number);
                for packet in cable(latches, &mut fates) {
                    rig.deliver(0, FeedEnd::Head, &packet);
                }
            }
            rig.pass(10 * MS);
        }
        for _ in 0..2 {
            rig.show_next();
        }
        prop_assert!(rig.shows(25), "a clean frame after all that is shown by all");
    }

    #[test]
    fn lost_packets_are_counted_to_the_last_one(
        frames in prop::collection::vec(prop::collection::vec(prop::option::weighted(0.2, Just(())), 5), 1..20)
    ) {
        let mut rig = Rig::started(row_of_cards(5, |_| {}));
        let (mut lost, mut held) = (0_u64, [0_u64; 5]);
        for losses in &frames {
            rig.number += 1;
            for (place, packet) in rig.packets(0, rig.number).into_iter().enumerate() {
                if losses[place].is_some() {
                    lost += 1;
                    held[place] += 1;
                } else {
                    rig.deliver(0, FeedEnd::Head, &packet);
                }
            }
            rig.pass(MS);
            rig.send_latch();
        }
        // The last frame's counts close with the next LATCH.
        rig.send_state();
        for place in 0..5 {
            let counters = rig.card(place).counters;
            prop_assert_eq!(counters.ports[0].lost, lost, "every card sees every packet");
            prop_assert_eq!(counters.frames.missing, lost);
            prop_assert_eq!(counters.frames.held, held[usize::from(place)], "but holds only for its own");
            prop_assert_eq!(counters.frames.shown + counters.frames.held, frames.len() as u64);
        }
    }
}

#[test]
fn damage_is_counted_where_it_happened_and_the_next_card_sees_a_bad_fcs_once() {
    let mut rig = Rig::started(row_of_cards(3, |_| {}));
    rig.show_next();
    for times in 1..=3 {
        rig.number += 1;
        for (index, mut packet) in rig.packets(0, rig.number).into_iter().enumerate() {
            if index == 2 {
                packet[40] ^= 0x10;
            }
            rig.deliver(0, FeedEnd::Head, &packet);
        }
        rig.pass(MS);
        rig.send_latch();
        assert_eq!(rig.card(0).counters.ports[0].bad_crc, times, "the first card counts each");
    }
    let [first, second] = [1, 2].map(|place| rig.card(place).counters.ports[0]);
    assert_eq!((first.bad_fcs, second.bad_fcs), (1, 1), "cut through once, then stored and dropped for a second");
    assert_eq!((first.bad_crc, first.lost), (0, 3), "and lost for all behind");
    assert_eq!(rig.whole_picture_of(2, 1..9), Some(1), "card 2 lacked its pixels three times");
    assert_eq!(rig.whole_picture_of(0, 1..9), Some(4), "card 0 had its own");
}

#[test]
fn repeats_are_counted_and_go_no_further() {
    let mut rig = Rig::new(row_of_cards(2, |_| {}));
    let twice = |rig: &mut Rig, number| {
        for packet in rig.packets(0, number) {
            rig.deliver(0, FeedEnd::Head, &packet);
            rig.deliver(0, FeedEnd::Head, &packet);
        }
        rig.pass(MS);
    };
    twice(&mut rig, 1);
    assert_eq!(rig.card(0).counters.ports[0].duplicates, 0, "no master yet: nothing is used");
    assert_eq!(rig.card(1).counters.ports[0].received, 0, "or forwarded");
    rig.start();
    twice(&mut rig, 3);
    let duplicates = [0, 1].map(|place| rig.card(place).counters.ports[0].duplicates);
    assert_eq!(duplicates, [2, 0], "the first card ends them");
}

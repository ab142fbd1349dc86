//! Loops fed from both ends: the feeds end where they meet, and a single break loses nothing.

use proptest::prelude::*;

use super::rig::{MS, Rig, from_tail, row_of_cards, row_of_large_cards};
use crate::ids::PortIndex;
use crate::stream::FeedEnd;
use crate::time::Tai;

const PORT: PortIndex = PortIndex(0);
const CARDS: u16 = 7;

fn looped() -> Rig {
    let mut rig = Rig::started(row_of_large_cards(CARDS.into(), |spec| spec.ports[0].redundant = true));
    rig.latch.refreshes = 64;
    rig
}

/// Sends the next frame from both ends, a packet each in turn, and latches it for the end of its last pixel plus the time
/// that it needs through all cards.
fn show_from_both_ends(rig: &mut Rig) {
    rig.number += 1;
    let pixels = rig.packets(0, rig.number);
    for packet in &pixels {
        both(rig, packet);
        rig.pass(12_000);
    }
    let residence = u64::from(rig.cards.cards().residence_ns);
    rig.latch.present_at = Tai(rig.tai().0 + u64::from(CARDS) * residence);
    let latches = rig.latch_packets(0, rig.number);
    rig.deliver_latch(0, &latches);
    rig.pass(2 * MS);
}

fn both(rig: &mut Rig, packet: &[u8]) {
    rig.deliver(0, FeedEnd::Head, packet);
    rig.deliver(0, FeedEnd::Tail, &from_tail(packet));
}

#[test]
fn the_two_feeds_end_where_they_meet() {
    let mut rig = looped();
    let received =
        |rig: &Rig| (0..CARDS).map(|place| rig.card(place).counters.ports.map(|port| port.received)).collect::<Vec<_>>();
    let total = |rig: &Rig| received(rig).iter().flatten().sum::<u64>();
    let (before, latches) = (total(&rig), 2);
    for number in 1..=5 {
        show_from_both_ends(&mut rig);
        assert!(rig.shows(number), "frame {number}");
        assert_eq!(rig.cards.stream_returned(PORT), latches * (u64::from(number) + 1), "only latches come back to the sender");
    }
    let after = received(&rig);
    assert_eq!((after[0][1], after[6][0]), (6, 6), "and only they pass the other feed's cards");
    assert!(after[3][0] > 0 && after[3][1] > 0, "in the middle both arrive: {:?}", after[3]);
    let cards = u64::from(CARDS);
    let per_frame = rig.packet_count(0) * (cards + 2) + latches * (cards + 1);
    assert_eq!(total(&rig) - before, 5 * per_frame, "pixels cross each cable once, and the one where the feeds meet twice");
}

#[test]
fn a_loop_repairs_what_one_feed_lost() {
    let mut rig = looped();
    show_from_both_ends(&mut rig);
    rig.number += 1;
    for (index, packet) in rig.packets(0, rig.number).into_iter().enumerate() {
        if index == 0 {
            rig.deliver(0, FeedEnd::Tail, &from_tail(&packet));
        } else {
            both(&mut rig, &packet);
        }
        rig.pass(12_000);
    }
    rig.latch.present_at = Tai(0);
    let latches = rig.latch_packets(0, rig.number);
    rig.deliver_latch(0, &latches);
    rig.pass(2 * MS);
    assert!(rig.shows(2), "the tail brought it");
    let port = rig.card(0).counters.ports[0];
    assert_eq!(
        (port.lost, port.repaired, rig.card(0).counters.frames.missing),
        (1, 1, 0),
        "lost by one port, made good by the other"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_single_break_loses_no_frame(cable in 0..=CARDS, at in 2_u16..6, during in 0_usize..29) {
        let mut rig = looped();
        for _ in 0..8 {
            if rig.number == at {
                // In the middle of a frame.
                rig.number += 1;
                let pixels = rig.packets(0, rig.number);
                for (index, packet) in pixels.iter().enumerate() {
                    if index == during.min(pixels.len() - 1) {
                        rig.cards.unplug(PORT, cable.checked_sub(1));
                    }
                    both(&mut rig, packet);
                    rig.pass(12_000);
                }
                rig.latch.present_at = Tai(rig.tai().0 + u64::from(CARDS) * 1_500);
                let latches = rig.latch_packets(0, rig.number);
                rig.deliver_latch(0, &latches);
                rig.pass(2 * MS);
            } else {
                show_from_both_ends(&mut rig);
            }
            prop_assert!(rig.shows(rig.number), "frame {} with cable {} broken at frame {}", rig.number, cable, at);
        }
        for place in 0..CARDS {
            let frames = rig.card(place).counters.frames;
            prop_assert_eq!((frames.shown, frames.held, frames.late), (8, 0, 0), "card {}", place);
        }
    }
}

#[test]
fn an_open_cascade_goes_dark_behind_a_break_and_comes_back_with_the_cable() {
    let mut rig = Rig::started(row_of_cards(4, |_| {}));
    rig.show_next();
    rig.cards.unplug(PORT, Some(1));
    rig.show_next();
    assert_eq!((rig.whole_picture_of(1, 1..9), rig.whole_picture_of(2, 1..9)), (Some(2), Some(1)), "cards behind the break hold");
    let linked: Vec<_> = rig.cards.statuses().map(|status| status.linked).collect();
    assert_eq!(linked, [[true, true], [true, false], [false, true], [true, false]], "what a monitoring view shows");
    rig.cards.plug(PORT, Some(1));
    rig.show_next();
    assert!(rig.shows(3), "all play again");
}

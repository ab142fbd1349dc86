//! The latch rule of PROTOCOL.md 5, point by point.

use super::rig::{MS, Rig, TAI_AHEAD, row_of_cards};
use crate::emulator::{Shows, VirtualCards};
use crate::stream::FeedEnd;
use crate::time::Tai;

/// What the cards announce: a refresh at 3840 Hz.
const GUARD_NS: u64 = 260_416;

fn rig() -> Rig {
    Rig::started(row_of_cards(2, |_| {}))
}

/// Sends the pixels of the next frame except its first packet (card 0's), which is returned.
fn send_incomplete(rig: &mut Rig) -> Vec<u8> {
    rig.number += 1;
    let mut packets = rig.packets(0, rig.number);
    let missing = packets.remove(0);
    for packet in packets {
        rig.deliver(0, FeedEnd::Head, &packet);
    }
    rig.pass(100_000);
    missing
}

#[test]
fn before_the_first_complete_frame_cards_are_black() {
    let mut rig = rig();
    send_incomplete(&mut rig);
    rig.send_latch();
    assert_eq!((rig.whole_picture_of(0, 1..2), rig.whole_picture_of(1, 1..2)), (Some(0), Some(1)), "card 1 has all its pixels");
}

#[test]
fn point_1_an_older_or_equal_frame_id_is_nothing_new_until_500_ms_passed() {
    let mut rig = rig();
    rig.show_next();
    rig.number = 0xffff;
    rig.send_pixels();
    rig.send_latch();
    assert!(rig.shows(1), "frame 0 is older than frame 1: ignored");
    rig.pass(500 * MS);
    rig.number = 0xffff;
    rig.send_pixels();
    rig.send_latch();
    assert!(rig.shows(0), "after half a second without a LATCH any frame is newer");
}

#[test]
fn point_1_a_new_epoch_forgets_the_frame_id() {
    let mut rig = rig();
    rig.number = 900;
    rig.show_next();
    rig.latch.epoch.term += 1;
    rig.number = 4;
    rig.send_state();
    rig.show_next();
    assert!(rig.shows(6), "frame 6 of the new run comes after frame 901 of the old one");
}

#[test]
fn point_2_a_frame_waits_for_its_present_instant() {
    let mut rig = rig();
    rig.show_next();
    rig.send_pixels();
    rig.latch.present_at = Tai(rig.tai().0 + 5 * MS);
    rig.latch.refreshes = 64;
    let before = rig.card(0).counters.latch_error;
    rig.send_latch();
    rig.pass(4 * MS);
    assert!(rig.shows(1), "4.3 ms later it still waits");
    rig.pass(700_000 - 1);
    assert!(rig.shows(1), "1 ns before");
    rig.pass(1);
    assert!(rig.shows(2), "at its instant, with the scan locked to it");
    assert_eq!(rig.card(0).counters.frames.late, 0, "in time");
    let after = rig.card(0).counters.latch_error;
    assert_eq!((after.flips - before.flips, after.sum_ns - before.sum_ns), (1, 0), "to the nanosecond");
    assert!(before.max_ns > 0 && before.max_ns < 260_417, "frame 1 waited for its scan: {before:?}");
}

#[test]
fn point_2_a_present_instant_in_the_past_or_beyond_a_second_counts_and_takes_effect_at_once() {
    let mut rig = rig();
    rig.show_next();
    rig.send_pixels();
    rig.latch.present_at = Tai(rig.tai().0 - 1);
    rig.send_latch();
    assert!(rig.shows(2) && rig.card(1).counters.frames.late == 1, "late, at once");
    rig.send_pixels();
    rig.latch.present_at = Tai(rig.tai().0 + 1_100 * MS);
    rig.send_latch();
    assert!(rig.shows(3) && rig.card(1).counters.frames.clock == 1, "a wrong clock, at once");
}

#[test]
fn point_2_without_a_synced_clock_arrival_counts() {
    let mut rig = Rig::with(row_of_cards(2, |_| {}), VirtualCards { ptp: false, ..VirtualCards::default() }, None);
    rig.start();
    rig.send_pixels();
    rig.latch.present_at = Tai(rig.tai().0 + 500 * MS);
    rig.send_latch();
    assert!(rig.shows(1), "present_at is not used");
    assert!(!rig.card(0).synced, "and the card says why");
}

#[test]
fn point_3_state_takes_effect_without_pixels_and_before_the_first_frame() {
    let mut rig = rig();
    rig.latch.brightness = 1_234;
    rig.send_state();
    assert_eq!(rig.card(1).state.brightness, 1_234, "before any frame");
    rig.show_next();
    rig.latch.brightness = 99;
    send_incomplete(&mut rig);
    rig.send_latch();
    assert_eq!(rig.card(0).state.brightness, 99, "though its frame is incomplete");
    assert_eq!(rig.whole_picture_of(0, 1..9), Some(2), "which flips nothing");
}

#[test]
fn point_4_an_incomplete_frame_is_held_and_the_last_whole_one_stays() {
    let mut rig = rig();
    rig.show_next();
    send_incomplete(&mut rig);
    rig.send_latch();
    assert_eq!(
        (rig.whole_picture_of(0, 1..9), rig.whole_picture_of(1, 1..9)),
        (Some(1), Some(2)),
        "each card decides for itself"
    );
    rig.show_next();
    assert!(rig.shows(3), "the next frame is whole again");
    let counters = rig.card(0).counters;
    assert_eq!((counters.frames.shown, counters.frames.held, counters.frames.missing), (2, 1, 1), "frame 2 lacked one packet");
    assert_eq!((counters.ports[0].lost, counters.ports[0].repaired), (1, 0), "which its feeding port lost");
    assert_eq!(rig.card(1).counters.frames.held, 0, "card 1 lacked nothing of its own");
}

#[test]
fn point_4_a_frame_that_completes_before_the_next_instant_is_shown_late() {
    let mut rig = rig();
    rig.show_next();
    let missing = send_incomplete(&mut rig);
    rig.send_latch();
    rig.deliver(0, FeedEnd::Head, &missing);
    rig.pass(300_000);
    assert!(rig.shows(2), "complete at last");
    let counters = rig.card(0).counters;
    assert_eq!((counters.frames.late, counters.frames.held, counters.ports[0].lost), (1, 0, 0), "late, neither held nor lost");
}

#[test]
fn point_4_under_freeze_whole_frames_are_let_go() {
    let mut rig = rig();
    rig.show_next();
    rig.latch.flags.freeze = true;
    rig.show_next();
    rig.show_next();
    assert!(rig.shows(1), "frozen");
    assert_eq!(
        (rig.card(0).counters.frames.frozen, rig.card(0).buffers_free),
        (2, 1),
        "released unflipped, their buffer is free"
    );
    rig.latch.flags.freeze = false;
    rig.send_state();
    assert!(rig.shows(1), "what was let go does not come back");
    rig.show_next();
    assert!(rig.shows(5), "the next frame does");
}

#[test]
fn point_4_the_flip_waits_for_the_scan_boundary() {
    let mut rig = rig();
    rig.send_pixels();
    for packet in rig.latch_packets(0, 1) {
        rig.deliver(0, FeedEnd::Head, &packet);
    }
    let since_boundary = (rig.now + 1) % 260_416;
    assert!(since_boundary > 10_000, "this test needs an instant between two boundaries, not {since_boundary} ns after one");
    rig.pass(10_000);
    assert_eq!(rig.whole_picture_of(0, 1..2), Some(0), "the LATCH arrived, the refresh goes on to its end");
    rig.pass(260_416);
    assert!(rig.shows(1), "one refresh later");
}

#[test]
fn point_5_a_newer_frame_takes_the_buffer_of_an_unlatched_one_but_never_of_a_waiting_one() {
    let mut rig = rig();
    rig.show_next();
    rig.send_pixels();
    rig.send_pixels();
    assert_eq!(rig.card(0).counters.frames.overrun, 1, "frame 2 had no LATCH: it gave way");
    rig.send_latch();
    assert!(rig.shows(3), "to frame 3");
    rig.send_pixels();
    rig.latch.present_at = Tai(rig.tai().0 + 5 * MS);
    rig.send_latch();
    rig.send_pixels();
    assert_eq!(rig.card(0).counters.frames.overrun, 2, "frame 5 found no buffer: frame 4 is whole and waits");
    assert!(rig.shows(3), "and the shown one is never written");
    rig.pass(5 * MS);
    assert!(rig.shows(4), "the waiting frame is shown");
}

#[test]
fn point_5_three_buffers_hold_a_frame_more() {
    let mut rig = Rig::with(row_of_cards(2, |_| {}), VirtualCards { buffers: 3, ..VirtualCards::default() }, None);
    rig.start();
    rig.show_next();
    rig.send_pixels();
    let due = rig.tai().0 + 5 * MS;
    rig.latch.present_at = Tai(due);
    rig.send_latch();
    rig.send_pixels();
    rig.latch.present_at = Tai(due + 5 * MS);
    rig.send_latch();
    rig.pass(5 * MS);
    assert!(rig.shows(2), "frame 2");
    rig.pass(5 * MS);
    assert!(rig.shows(3) && rig.card(0).counters.frames.overrun == 0, "then frame 3: nothing was overrun");
}

#[test]
fn point_5_guard_ns_after_a_present_instant_a_buffer_is_free() {
    let mut rig = rig();
    for step in 0..40 {
        rig.send_pixels();
        // Another phase of the scan each time.
        rig.latch.present_at = Tai(rig.tai().0 + MS + step * 6_521);
        let due = rig.latch.present_at.0 - TAI_AHEAD;
        rig.send_latch();
        rig.pass(due + GUARD_NS - rig.now);
    }
    let frames = rig.card(1).counters.frames;
    assert_eq!((frames.shown, frames.overrun, frames.late), (40, 0, 0), "the next frame began exactly then, 40 times");
}

#[test]
fn point_6_the_copy_does_nothing_and_saves_a_frame_whose_latch_was_lost() {
    let mut rig = rig();
    rig.show_next();
    assert_eq!(rig.card(0).counters.frames.shown, 1, "two copies, one flip");
    rig.send_pixels();
    let copy = rig.latch_packets(0, 2).pop().expect("the second copy");
    rig.deliver(0, FeedEnd::Head, &copy);
    rig.pass(300_000);
    assert!(rig.shows(2), "the copy alone is enough");
    assert_eq!(rig.card(0).counters.ports[0].frames_missed, 0, "no LATCH was missed");
    rig.number += 2;
    rig.send_state();
    assert_eq!(rig.card(0).counters.ports[0].frames_missed, 2, "frame ids 3 and 4 never had one");
}

#[test]
fn parity_gives_one_lost_packet_of_a_group_back() {
    let mut rig = Rig::with(row_of_cards(6, |_| {}), VirtualCards::default(), Some(2));
    rig.start();
    rig.show_next();
    for lost in 0..6_usize {
        rig.number += 1;
        for (index, packet) in rig.packets(0, rig.number).into_iter().enumerate() {
            // Packets of pixels and PARITY: 0 1 2 3 P 4 5 P.
            if index != if lost < 4 { lost } else { lost + 1 } {
                rig.deliver(0, FeedEnd::Head, &packet);
            }
        }
        rig.pass(MS);
        rig.send_latch();
        assert!(rig.shows(rig.number), "without packet {lost}");
    }
    let counters = rig.card(3).counters;
    assert_eq!((counters.ports[0].lost, counters.ports[0].repaired, counters.frames.missing), (6, 6, 0), "lost and made good");
}

#[test]
fn silence_ends_in_black_after_ten_seconds_and_the_old_picture_does_not_return() {
    let mut rig = rig();
    rig.show_next();
    rig.pass(9_900 * MS);
    assert!(rig.shows(1), "cards hold the picture of a sender that died");
    rig.pass(200 * MS);
    assert!(rig.cards.statuses().all(|status| status.shows == Shows::Black), "ten seconds after the last LATCH");
    rig.send_state();
    assert!(rig.cards.statuses().all(|status| status.shows == Shows::Black), "a picture of ten seconds ago stays away");
    rig.show_next();
    assert!(rig.shows(3), "a new one comes");
}

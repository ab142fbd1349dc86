//! Two senders on one wall: the higher epoch has it, the lower one is refused.

use super::rig::{MS, Rig, row_of_cards};
use crate::stream::FeedEnd;
use crate::wire::ethernet::MacAddress;
use crate::wire::field::put_bytes;

const INTRUDER: MacAddress = MacAddress([2, 0, 0, 0, 0, 0x66]);

/// Sends frame `number` of another sender with term `term`.
fn intrude(rig: &mut Rig, number: u16, term: u16) {
    let mine = rig.latch;
    rig.latch.epoch.term = term;
    let mut packets = rig.state_packets(0, number);
    packets.extend(rig.packets(0, number + 1));
    packets.extend(rig.latch_packets(0, number + 1));
    for mut packet in packets {
        put_bytes(&mut packet, 6, &INTRUDER.0);
        rig.deliver(0, FeedEnd::Head, &packet);
    }
    rig.pass(MS);
    rig.latch = mine;
}

#[test]
fn a_lower_term_is_neither_shown_nor_forwarded() {
    let mut rig = Rig::started(row_of_cards(3, |_| {}));
    rig.latch.epoch.term = 5;
    rig.start();
    rig.show_next();
    let behind = rig.card(1).counters.ports[0].received;
    intrude(&mut rig, 100, 4);
    assert!(rig.shows(1), "the master's picture stays");
    assert_eq!(rig.card(1).counters.ports[0].received, behind, "nothing of the intruder passes the first card");
    rig.show_next();
    assert!(rig.shows(2), "and the master plays on");
}

#[test]
fn a_higher_term_takes_over_at_once_and_the_old_master_is_out() {
    let mut rig = Rig::started(row_of_cards(3, |_| {}));
    rig.latch.epoch.term = 5;
    rig.start();
    rig.show_next();
    intrude(&mut rig, 100, 6);
    assert!(rig.shows(101), "at once");
    rig.number = 200;
    rig.show_next();
    assert!(rig.shows(101), "the old master's newer frames are refused");
    let master = rig.card(2).master.expect("a master");
    assert_eq!((master.epoch.term, master.addresses), (6, vec![INTRUDER]), "every card knows whom it obeys");
    rig.pass(2_000 * MS);
    assert_eq!(rig.card(2).master, None, "gone after two silent seconds");
    rig.start();
    rig.show_next();
    assert!(rig.shows(202), "then any sender is welcome");
}

#[test]
fn a_takeover_in_mid_frame_shows_no_mixture() {
    let mut rig = Rig::started(row_of_cards(3, |_| {}));
    rig.show_next();
    for packet in rig.packets(0, 2).into_iter().take(2) {
        rig.deliver(0, FeedEnd::Head, &packet);
    }
    rig.pass(MS);
    intrude(&mut rig, 1, 6);
    assert!(rig.shows(2), "the whole picture is the new master's: the old one's half frame with the same id is void");
    assert_eq!(rig.card(0).counters.ports[0].duplicates, 0, "nothing of it was mistaken for a repeat");
}

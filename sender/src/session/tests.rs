//! Sessions against virtual cards, in virtual time: a turn is what a frame thread does between two frames.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests fail by panicking")]

mod identify;
mod keys;
mod uploads;

use std::sync::Arc;

use proptest::prelude::*;

use super::{
    CalibrationUpload, CardProblem, Mastership, Notice, Outgoing, PortAddresses, Protection, SessionProblem, WallSession,
    wall_settings,
};
use crate::emulator::{CardDetail, Ocp809Status, VirtualCards, VirtualWall};
use crate::geometry::PixelSize;
use crate::ids::{CabinetIndex, PortIndex};
use crate::slice::SlicePlan;
use crate::stream::{FeedEnd, LatchPackets, PortLayout};
use crate::time::{Clock, ManualClock, Nanos, Tai};
use crate::wall::layout::{Grid, serpentine};
use crate::wall::{Wall, WallSpec};
use crate::wire::ethernet::MacAddress;
use crate::wire::ocp809::auth::{Key, SiteKey};
use crate::wire::ocp809::{Epoch, FrameId, Latch};

/// A frame at 60 Hz.
const TURN_NS: u64 = 16_666_667;

/// TAI runs this far ahead of the monotonic clock.
const TAI_AHEAD: u64 = 1_800_000_000_000_000_000;

const SITE_KEY: Key = Key::new([9; 32]);

/// A sender: its session, and what it latches with.
struct Sender {
    session: WallSession,
    latches: Vec<LatchPackets>,
    addresses: Vec<PortAddresses>,
    stored_term: u16,
    frame: u16,
    /// Its clock, as TAI, and how far it is behind that of the bench.
    clock: Arc<ManualClock>,
    behind_ns: u64,
    brightness: u16,
}

/// Cards and the senders on their cable.
struct Bench {
    wall: Wall,
    cards: VirtualWall,
    now: Nanos,
    ends: Vec<(PortIndex, FeedEnd)>,
    /// Every so manieth request is lost.
    losing: Option<usize>,
    posted: usize,
}

fn wall(cards: u32, change: impl FnOnce(&mut WallSpec)) -> Wall {
    let mut spec = serpentine(&Grid::new(cards, 1, PixelSize::new(8, 8))).unwrap();
    change(&mut spec);
    Wall::from_spec(&spec).unwrap()
}

fn protected(locks_cards: bool) -> Protection {
    Protection { key: SiteKey { id: 3, key: SITE_KEY }, locks_cards }
}

impl Sender {
    fn new(bench: &Bench, number: u8, takes_over: bool, protection: Option<Protection>) -> Self {
        Self::behind(bench, number, takes_over, protection, 0)
    }

    /// A sender whose clock is so much behind.
    fn behind(bench: &Bench, number: u8, takes_over: bool, protection: Option<Protection>, behind_ns: u64) -> Self {
        let mac = |end, port| MacAddress([2, 0, 0, number, end, port]);
        let address = |port: usize| {
            let index = u8::try_from(port).unwrap();
            let tail = bench.wall.ports()[port].redundant.then(|| mac(1, index));
            PortAddresses { head: mac(0, index), tail }
        };
        let addresses: Vec<_> = (0..bench.wall.ports().len()).map(address).collect();
        let clock = Arc::new(ManualClock::at(Nanos(bench.tai().0 - behind_ns)));
        let mut session = WallSession::new(&bench.wall, &addresses, takes_over, protection, clock.tai());
        let plan = SlicePlan::build(&bench.wall).unwrap();
        let latches = plan.ports.iter().zip(&addresses).map(|(plan, address)| {
            let layout = PortLayout::new(&bench.wall, plan, address.head, None).unwrap();
            let latches = LatchPackets::new(&layout, &bench.wall.port(plan.port).unwrap().colorlight);
            let latches = address.tail.into_iter().fold(latches, LatchPackets::with_tail);
            session
                .signing()
                .into_iter()
                .fold(latches, |latches, signing| latches.signed(signing, Arc::clone(&clock) as Arc<dyn Clock>))
        });
        let latches = latches.collect();
        for (port, end) in &bench.ends {
            session.link(*port, *end, true, bench.now);
        }
        Self { session, latches, addresses, stored_term: 0, frame: 0, clock, behind_ns, brightness: u16::MAX }
    }

    fn is_open(&self) -> bool {
        let streaming = self.session.streaming();
        streaming.epoch.is_some() && streaming.open.iter().all(|&open| open)
    }

    fn epoch(&self) -> Epoch {
        self.session.streaming().epoch.expect("it streams")
    }
}

impl Bench {
    fn new(wall: Wall, cards: VirtualCards) -> Self {
        let now = Nanos(5_000_000_000);
        let ports = wall.ports().iter().zip(0..);
        let ends = ports.flat_map(|(port, index)| {
            let tail = port.redundant.then_some((PortIndex(index), FeedEnd::Tail));
            [Some((PortIndex(index), FeedEnd::Head)), tail].into_iter().flatten()
        });
        let ends = ends.collect();
        Self { cards: VirtualWall::with(&wall, cards, now), wall, now, ends, losing: None, posted: 0 }
    }

    fn bare(wall: Wall) -> Self {
        Self::new(wall, VirtualCards { configured: false, ptp: false, ..VirtualCards::default() })
    }

    fn tai(&self) -> Tai {
        Tai(self.now.0 + TAI_AHEAD)
    }

    fn pass(&mut self, ns: u64) {
        self.now = self.now.after(ns);
        self.cards.advance(self.now, self.tai());
    }

    /// One frame of one sender: control, a LATCH without pixels where it may stream, and what comes back.
    fn turn(&mut self, sender: &mut Sender) {
        let (now, tai) = (self.now, Tai(self.tai().0 - sender.behind_ns));
        sender.clock.sleep_until(Nanos(tai.0));
        let mut outgoing = Vec::new();
        let stored = &mut sender.stored_term;
        let mut claim = |heard: Option<u16>| {
            *stored = heard.unwrap_or(0).max(*stored) + 1;
            Epoch { term: *stored, instance: 7 }
        };
        let streaming = sender.session.poll((now, tai), &mut claim, &mut |frame| outgoing.push(frame)).clone();
        for (index, latch) in sender.latches.iter_mut().enumerate().filter(|(index, _)| streaming.open[*index]) {
            let port = PortIndex(u16::try_from(index).unwrap());
            let state = Latch { brightness: sender.brightness, ..Latch::neutral(streaming.epoch.unwrap()) };
            let _built = latch.state(FrameId(sender.frame), &state);
            let address = sender.addresses[index];
            for copy in 0..2 {
                for end in [Some(FeedEnd::Head), address.tail.map(|_| FeedEnd::Tail)].into_iter().flatten() {
                    // The far end sends the copy first, so that every card hears both.
                    let nth = if end == FeedEnd::Tail { 1 - copy } else { copy };
                    let frame = latch.from_end(end).packets().nth(nth).unwrap().to_vec();
                    self.cards.deliver(port, end, now, self.tai(), &frame);
                }
                self.pass(200_000);
            }
        }
        sender.frame = sender.frame.wrapping_add(1);
        for Outgoing { port, end, frame, time } in outgoing {
            self.posted += 1;
            if self.losing.is_some_and(|every| self.posted.is_multiple_of(every)) {
                continue;
            }
            self.cards.deliver(port, end, self.now, self.tai(), &frame);
            if let Some(transaction) = time {
                sender.session.departed(port, end, transaction, Tai(self.tai().0 - sender.behind_ns));
            }
        }
        self.pass(1_000_000);
    }

    /// Gives what came back to everybody on the cable.
    fn listen(&mut self, senders: &mut [&mut Sender]) {
        for (port, end) in self.ends.clone() {
            let mut heard = Vec::new();
            self.cards.drain(port, end, &mut |frame| heard.push(frame.to_vec()));
            for frame in heard {
                for sender in senders.iter_mut() {
                    sender.session.hear(port, end, &frame, self.now);
                }
            }
        }
    }

    /// Both senders on one cable for some time.
    fn run(&mut self, senders: &mut [&mut Sender], ms: u64) {
        let until = self.now.after(ms * 1_000_000);
        while self.now < until {
            let next = self.now.after(TURN_NS);
            for sender in senders.iter_mut() {
                self.turn(sender);
            }
            self.listen(senders);
            self.pass(next.since(self.now));
        }
    }

    fn card(&self, place: u16) -> Ocp809Status {
        match self.cards.statuses().find(|card| card.port == PortIndex(0) && card.place == place).unwrap().detail {
            CardDetail::Ocp809(card) => *card,
            CardDetail::Colorlight { .. } => unreachable!("port 0 speaks OCP-809"),
        }
    }
}

#[test]
fn bare_cards_get_ids_settings_and_the_time() {
    let mut bench = Bench::bare(wall(4, |_| {}));
    let mut sender = Sender::new(&bench, 1, false, None);
    bench.run(&mut [&mut sender], 400);
    assert!(sender.is_open() && sender.session.cards().iter().all(|card| card.is_ready), "{:?}", sender.session.cards());
    let port = bench.wall.ports()[0].clone();
    for cabinet in bench.wall.cabinets().to_vec() {
        assert_eq!(bench.card(cabinet.place).id, cabinet.place + 1, "its place");
        let live = bench.cards.card_mut(PortIndex(0), cabinet.place).unwrap().settings().to_wire();
        assert!(wall_settings(&bench.wall, &port, &cabinet).iter().all(|setting| live.contains(setting)), "the wall's settings");
    }
    assert_eq!(sender.session.streaming().lead_ns, None, "the first TIME tells nothing yet");
    bench.run(&mut [&mut sender], 2_500);
    assert!(sender.session.streaming().lead_ns.is_some_and(|lead| lead >= 4 * 1_500), "all know the time");
    assert_eq!(sender.session.problems().count(), 0, "nothing is wrong");
}

#[test]
fn settings_that_are_right_are_left_alone() {
    let mut bench = Bench::new(wall(3, |_| {}), VirtualCards::default());
    let before: Vec<_> = (0..3).map(|place| bench.cards.card_mut(PortIndex(0), place).unwrap().settings().hash()).collect();
    let mut sender = Sender::new(&bench, 1, false, None);
    bench.run(&mut [&mut sender], 400);
    let after: Vec<_> = (0..3).map(|place| bench.cards.card_mut(PortIndex(0), place).unwrap().settings().hash()).collect();
    assert!(sender.session.cards().iter().all(|card| card.is_ready), "ready");
    assert_eq!(before, after, "and unchanged");
}

#[test]
fn a_second_sender_cannot_take_the_wall_unless_it_is_told_to() {
    let mut bench = Bench::new(wall(3, |_| {}), VirtualCards::default());
    let mut first = Sender::new(&bench, 1, false, None);
    bench.run(&mut [&mut first], 500);
    let epoch = first.epoch();
    let mut second = Sender::new(&bench, 2, false, None);
    bench.run(&mut [&mut first, &mut second], 6_000);
    assert!(first.is_open() && !second.is_open(), "the first one goes on, the second one waits");
    let Mastership::Foreign(foreign) = second.session.mastership() else { panic!("{:?}", second.session.mastership()) };
    assert_eq!((foreign.epoch, foreign.addresses.as_slice()), (epoch, [first.addresses[0].head].as_slice()), "it knows who");
    assert_eq!(bench.card(0).master.unwrap().epoch, epoch, "the cards obey the first one");

    second.session.take_over();
    bench.run(&mut [&mut first, &mut second], 1_500);
    assert!(second.is_open() && second.epoch().term > epoch.term, "now it has the wall");
    assert!(matches!(first.session.mastership(), Mastership::Superseded(_)), "{:?}", first.session.mastership());
    assert!(first.session.streaming().open.iter().all(|&open| !open), "and the first one is silent");
    assert_eq!(bench.card(2).master.unwrap().epoch, second.epoch(), "the cards obey the second one");
}

#[test]
fn a_sender_that_waits_goes_on_when_the_other_one_ends_and_a_restart_does_not_wait() {
    let mut bench = Bench::new(wall(2, |_| {}), VirtualCards::default());
    let mut first = Sender::new(&bench, 1, false, None);
    bench.run(&mut [&mut first], 500);
    let term = first.epoch().term;
    let mut again = Sender::new(&bench, 1, false, None);
    bench.run(&mut [&mut again], 100);
    assert!(again.is_open() && again.epoch().term > term, "a restart of the same host goes on at once, with a newer term");
    let mut second = Sender::new(&bench, 2, false, None);
    bench.run(&mut [&mut again, &mut second], 1_000);
    assert!(!second.is_open(), "another host waits");
    bench.run(&mut [&mut second], 3_500);
    assert!(second.is_open() && second.epoch().term > term + 1, "until the wall is free");
}

#[test]
fn an_exchanged_card_is_adopted_within_two_seconds() {
    let mut bench = Bench::bare(wall(4, |_| {}));
    let mut sender = Sender::new(&bench, 1, false, None);
    bench.run(&mut [&mut sender], 500);
    let old = bench.card(2).serial;
    {
        let card = bench.cards.card_mut(PortIndex(0), 2).unwrap();
        let mut own = card.settings().clone();
        own.panel.driver = "MBI5153".to_owned();
        card.configure(own);
    }
    // The sender reads settings when a card is found: let it find this one again.
    sender.session.link(PortIndex(0), FeedEnd::Head, false, bench.now);
    sender.session.link(PortIndex(0), FeedEnd::Head, true, bench.now);
    bench.run(&mut [&mut sender], 1_000);
    let new = bench.cards.replace_card(PortIndex(0), 2).unwrap();
    bench.run(&mut [&mut sender], 2_000);
    let card = bench.card(2);
    assert_eq!((card.serial.as_str(), card.id), (new.as_str(), 3), "the new one has the old one's id");
    assert!(sender.session.cards()[2].is_ready, "and is set up");
    let settings = bench.cards.card_mut(PortIndex(0), 2).unwrap().settings().clone();
    assert_eq!(settings.panel.driver, "MBI5153", "with what the old one had beyond the wall's settings");
    assert_eq!(sender.session.take_notices(), [Notice::Replaced { cabinet: CabinetIndex(2), old, new }], "and it is reported");
}

#[test]
fn a_card_that_lost_its_power_is_set_up_again() {
    let mut bench = Bench::bare(wall(3, |_| {}));
    let mut sender = Sender::new(&bench, 1, false, None);
    bench.run(&mut [&mut sender], 500);
    bench.cards.power_cycle(PortIndex(0), 1);
    bench.run(&mut [&mut sender], 1_000);
    assert_eq!(bench.card(1).id, 2, "it has its id again");
    assert!(!bench.cards.card_mut(PortIndex(0), 1).unwrap().settings().modules.is_empty(), "and its modules");
}

#[test]
fn cards_behind_a_break_are_reached_from_the_other_end() {
    for cut in [None, Some(0), Some(2), Some(4)] {
        let mut bench = Bench::bare(wall(5, |spec| spec.ports[0].redundant = true));
        let mut sender = Sender::new(&bench, 1, false, None);
        bench.run(&mut [&mut sender], 400);
        bench.cards.unplug(PortIndex(0), cut);
        bench.run(&mut [&mut sender], 3_000);
        assert!(sender.session.cards().iter().all(|card| card.is_ready), "cut {cut:?}: {:?}", sender.session.cards());
        assert!(sender.session.streaming().lead_ns.is_some(), "cut {cut:?}: they still know the time");
        bench.cards.power_cycle(PortIndex(0), 3);
        bench.run(&mut [&mut sender], 2_500);
        assert_eq!(bench.card(3).id, 4, "cut {cut:?}: a card that starts is named again");
        assert!(sender.session.streaming().lead_ns.is_some(), "cut {cut:?}: and learns the time");
    }
}

#[test]
fn a_card_behind_a_cut_cable_is_missing_until_it_is_mended() {
    let mut bench = Bench::bare(wall(4, |_| {}));
    let mut sender = Sender::new(&bench, 1, false, None);
    bench.run(&mut [&mut sender], 500);
    bench.cards.unplug(PortIndex(0), Some(1));
    bench.run(&mut [&mut sender], 3_000);
    let found: Vec<bool> = sender.session.cards().iter().map(|card| card.is_found).collect();
    assert_eq!(found, [true, true, false, false], "the cut shows where it is");
    bench.cards.plug(PortIndex(0), Some(1));
    bench.run(&mut [&mut sender], 1_000);
    assert!(sender.session.cards().iter().all(|card| card.is_ready), "back within a second");
}

#[test]
fn cards_under_a_site_key_obey_only_who_has_it() {
    let mut bench = Bench::bare(wall(2, |_| {}));
    for place in 0..2 {
        assert!(bench.cards.card_mut(PortIndex(0), place).unwrap().store_key(3, SITE_KEY), "stored");
    }
    let mut stranger = Sender::new(&bench, 1, false, None);
    bench.run(&mut [&mut stranger], 1_000);
    let problems: Vec<_> = stranger.session.problems().collect();
    let no_key = |problem: &SessionProblem| matches!(problem, SessionProblem::Card { problem: CardProblem::KeyRequired, .. });
    assert!(problems.len() == 2 && problems.iter().all(no_key), "{problems:?}");
    for _ in 0..100 {
        bench.run(&mut [&mut stranger], 50);
        assert_eq!(stranger.session.problems().filter(no_key).count(), 2, "which stays said while it is tried again");
    }
    bench.pass(3_000_000_000);
    // What the cards said meanwhile is heard by nobody.
    bench.listen(&mut []);
    let mut owner = Sender::new(&bench, 2, false, Some(protected(false)));
    bench.run(&mut [&mut owner], 1_000);
    assert!(owner.session.cards().iter().all(|card| card.is_ready), "{:?}", owner.session.problems().collect::<Vec<_>>());
}

#[test]
fn long_packets_are_sent_once_they_proved_to_pass() {
    let mut bench = Bench::new(wall(3, |spec| spec.ports[0].link.mtu = 9_000), VirtualCards::default());
    let mut sender = Sender::new(&bench, 1, false, None);
    bench.run(&mut [&mut sender], 300);
    assert!(sender.is_open(), "the last card answered in full size");
    bench.cards.unplug(PortIndex(0), Some(1));
    bench.cards.plug(PortIndex(0), Some(1));
    bench.cards.unplug(PortIndex(0), Some(2));
    bench.run(&mut [&mut sender], 300);
    assert!(sender.is_open(), "a plugged cable is proven again");
    bench.cards.unplug(PortIndex(0), Some(1));
    sender.session.link(PortIndex(0), FeedEnd::Head, false, bench.now);
    sender.session.link(PortIndex(0), FeedEnd::Head, true, bench.now);
    bench.run(&mut [&mut sender], 1_000);
    assert!(!sender.is_open(), "a last card that does not answer proves nothing");
    assert!(sender.session.problems().any(|problem| matches!(problem, SessionProblem::LongPackets { .. })), "and it is said");
}

#[test]
fn a_card_that_the_wall_file_does_not_name_is_reported_and_plays() {
    let mut bench = Bench::bare(wall(2, |spec| spec.cabinets[1].serial = Some("OTHER1".to_owned())));
    // The card says who it is, and it is not the one that the wall file names.
    let spare = bench.cards.replace_card(PortIndex(0), 1).unwrap();
    let mut sender = Sender::new(&bench, 1, false, None);
    bench.run(&mut [&mut sender], 500);
    let problem = CardProblem::OtherSerial { named: "OTHER1".to_owned(), found: spare };
    let expected = SessionProblem::Card { cabinet: CabinetIndex(1), problem };
    assert_eq!(sender.session.problems().collect::<Vec<_>>(), [expected], "by both serial numbers");
    assert!(sender.session.cards()[1].is_ready, "and plays all the same");
}

#[test]
fn a_port_without_carrier_keeps_nobody_waiting() {
    let mut spec = serpentine(&Grid::new(2, 1, PixelSize::new(8, 8))).unwrap();
    let mut other = spec.ports[0].clone();
    other.id = "other".into();
    spec.ports.push(other);
    spec.cabinets[1].port = "other".into();
    spec.cabinets[1].place = 0;
    let mut bench = Bench::bare(Wall::from_spec(&spec).unwrap());
    let mut sender = Sender::new(&bench, 1, false, None);
    sender.session.link(PortIndex(1), FeedEnd::Head, false, bench.now);
    bench.run(&mut [&mut sender], 200);
    assert_eq!(sender.session.streaming().open, [true, false], "the other port streams");
    sender.session.link(PortIndex(1), FeedEnd::Head, true, bench.now);
    bench.run(&mut [&mut sender], 200);
    assert_eq!(sender.session.streaming().open, [true, true], "and this one once it is plugged in");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Answers of real cards with bytes turned over, cut and repeated never panic, and what was ready stays usable.
    #[test]
    fn hostile_answers_never_panic(
        seed in any::<u64>(),
        noise in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..400), 0..20),
    ) {
        let mut bench = Bench::bare(wall(2, |_| {}));
        let mut sender = Sender::new(&bench, 1, false, None);
        let mut random = seed | 1;
        for _ in 0..20 {
            bench.turn(&mut sender);
            let mut heard = Vec::new();
            bench.cards.drain(PortIndex(0), FeedEnd::Head, &mut |frame| heard.push(frame.to_vec()));
            for mut frame in heard.into_iter().chain(noise.iter().cloned()) {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                let at = usize::try_from(random % 1_000).unwrap();
                if let Some(byte) = frame.get_mut(at) {
                    *byte ^= u8::try_from(random >> 56).unwrap();
                }
                sender.session.hear(PortIndex(0), FeedEnd::Head, &frame, bench.now);
            }
            bench.pass(TURN_NS);
        }
    }
}

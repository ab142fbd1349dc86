//! Requests, answers and events of cards, as a sender sees them.

use proptest::prelude::*;

use super::rig::{MS, Rig, TAI_AHEAD, row_of_cards};
use crate::emulator::VirtualCards;
use crate::ids::PortIndex;
use crate::session::wall_settings;
use crate::stream::FeedEnd;
use crate::time::Tai;
use crate::wall::Wall;
use crate::wire::ethernet::MacAddress;
use crate::wire::field::put_bytes;
use crate::wire::ocp809::auth::{CardIdentity, Key, KeyRing};
use crate::wire::ocp809::control::{
    Announce, Assignment, Body, BrightnessLimit, Discover, Event, Get, KeyChange, LockedMode, Message, NackReason, Reboot,
    Request, Response, Route, Seal, Set, Setting, Signer, TimeMark, Wanted,
};
use crate::wire::ocp809::stream::LATCH_AUTH_LEN;
use crate::wire::ocp809::{FrameId, group_address, software_address};

const FRAME_MAX: usize = 1_514;
const SITE_KEY: Key = Key::new([7; 32]);

pub(super) fn plain(source: MacAddress) -> Seal<'static> {
    Seal { destination: group_address(0), source, frame_max: FRAME_MAX, signer: None }
}

/// The sender of the stream.
pub(super) fn master() -> Seal<'static> {
    plain(software_address(0))
}

pub(super) fn request(route: Route, transaction: u32, request: Request) -> Message {
    Message { route, transaction, body: Body::Request(request) }
}

/// The one answer of a request that names a card.
pub(super) fn answer(rig: &mut Rig, message: &Message, seal: &Seal<'_>) -> Body {
    let mut answers = rig.ask(message, seal);
    answers.retain(|answer| !matches!(answer.body, Body::Event(_)));
    assert_eq!(answers.len(), 1, "one card answers {message:?}: {answers:?}");
    assert_eq!(answers[0].transaction, message.transaction, "and repeats the transaction");
    answers.remove(0).body
}

pub(super) fn response(rig: &mut Rig, message: &Message, seal: &Seal<'_>) -> Response {
    match answer(rig, message, seal) {
        Body::Response(response) => response,
        other => panic!("{message:?}: {other:?}"),
    }
}

pub(super) fn refusal(rig: &mut Rig, message: &Message, seal: &Seal<'_>) -> NackReason {
    match answer(rig, message, seal) {
        Body::Nack(nack) => nack.reason,
        other => panic!("{message:?}: {other:?}"),
    }
}

fn discover(rig: &mut Rig, place: u8) -> Option<Announce> {
    let message = request(Route::to_place(place), 100 + u32::from(place), Request::Discover(Discover { padding: None }));
    rig.ask(&message, &master()).into_iter().find_map(|answer| match answer.body {
        Body::Response(Response::Discover(announce)) => Some(announce),
        _ => None,
    })
}

fn set(settings: Vec<Setting>, apply_at: Option<FrameId>) -> Request {
    Request::Set(Set { apply_at, settings, unknown: Vec::new() })
}

#[test]
fn bare_cards_are_found_named_set_up_and_play() {
    let wall = row_of_cards(4, |_| {});
    let mut rig = Rig::with(wall, VirtualCards { configured: false, ..VirtualCards::default() }, None);
    rig.pass(MS);
    rig.pass(MS);
    assert_eq!(rig.heard(FeedEnd::Head).len(), 4, "every card announces itself");
    let port = rig.wall.ports()[0].clone();
    for place in 0..4_u8 {
        let announce = discover(&mut rig, place).expect("a card stands there");
        assert_eq!((announce.capabilities.buffers, announce.master.is_some()), (2, false), "who it is");
        let assign = Request::AssignId(Assignment { card_id: u16::from(place) + 1, path_delay_ns: 0 });
        response(&mut rig, &request(Route::to_place(place), 1, assign), &master());
    }
    assert_eq!(discover(&mut rig, 4), None, "the cascade ends");
    let cabinets: Vec<_> = rig.wall.cascade(&port).cloned().collect();
    for cabinet in &cabinets {
        let settings = wall_settings(&rig.wall, &port, cabinet);
        let route = Route::card(Wall::card_id(cabinet));
        let Response::Set(report) = response(&mut rig, &request(route, 2, set(settings.clone(), None)), &master()) else {
            panic!("SET")
        };
        assert_eq!(report.ignored, None, "the card has all of it");
        let Response::Get(live) = response(&mut rig, &request(route, 4, Request::Get(Get { wanted: None })), &master()) else {
            panic!("GET")
        };
        assert!(settings.iter().all(|setting| live.settings.contains(setting)), "the card has what was meant");
        assert_eq!(live.configuration, report.configuration, "by the hash as well");
        assert_eq!(response(&mut rig, &request(route, 3, Request::Save), &master()), Response::Save, "and keeps it");
    }
    rig.start();
    rig.show_next();
    assert!(rig.shows(1), "the wall plays");
}

#[test]
fn a_request_past_the_last_card_proves_the_loop_closed() {
    let mut rig = Rig::started(row_of_cards(3, |spec| spec.ports[0].redundant = true));
    rig.heard(FeedEnd::Tail);
    let message = request(Route::to_place(3), 9, Request::Discover(Discover { padding: None }));
    assert!(rig.ask(&message, &master()).is_empty(), "no card answers");
    let arrived = rig.heard(FeedEnd::Tail);
    assert_eq!(arrived.iter().filter(|m| m.transaction == 9 && m.route.hop == 0).count(), 1, "it came out at the far end");
}

#[test]
fn a_padded_discover_is_answered_in_full_size() {
    let mut rig = Rig::new(row_of_cards(2, |_| {}));
    rig.pass(MS);
    rig.heard(FeedEnd::Head);
    let padded = Request::Discover(Discover::filling(9_000));
    let seal = Seal { frame_max: 9_014, ..master() };
    for frame in request(Route::to_place(1), 5, padded).emit(&seal).expect("fits") {
        rig.deliver(0, FeedEnd::Head, &frame);
    }
    rig.pass(MS);
    let mut longest = 0;
    rig.cards.drain(PortIndex(0), FeedEnd::Head, &mut |frame| longest = longest.max(frame.len()));
    assert_eq!(longest, 9_014, "jumbo frames pass in both directions");
}

#[test]
fn settings_come_alive_with_their_frame_and_survive_only_when_saved() {
    let mut rig = Rig::started(row_of_cards(2, |_| {}));
    rig.show_next();
    let limit = |limit| vec![Setting::BrightnessLimit(BrightnessLimit { limit })];
    response(&mut rig, &request(Route::card(2), 1, set(limit(1_000), Some(FrameId(3)))), &master());
    let alive = |rig: &mut Rig, transaction| {
        let get = Request::Get(Get { wanted: Some(Wanted { kinds: vec![0x010d] }) });
        match response(rig, &request(Route::card(2), transaction, get), &master()) {
            Response::Get(configuration) => configuration.settings,
            other => panic!("{other:?}"),
        }
    };
    rig.show_next();
    assert_eq!(alive(&mut rig, 2), limit(65_535), "frame 2 comes before");
    rig.show_next();
    assert_eq!(alive(&mut rig, 3), limit(1_000), "frame 3 brings it");
    assert!(rig.shows(3), "without disturbing the picture");
    rig.cards.power_cycle(PortIndex(0), 1);
    response(
        &mut rig,
        &request(Route::to_place(1), 4, Request::AssignId(Assignment { card_id: 2, path_delay_ns: 0 })),
        &master(),
    );
    assert_eq!(alive(&mut rig, 5), limit(65_535), "it was not saved");
}

#[test]
fn while_a_master_lives_nobody_else_changes_a_card() {
    let mut rig = Rig::started(row_of_cards(2, |_| {}));
    let intruder = plain(MacAddress([2, 0, 0, 0, 0, 0x66]));
    let reboot = request(Route::card(1), 1, Request::Reboot(Reboot { delay_ms: 0 }));
    let reason = refusal(&mut rig, &reboot, &intruder);
    assert!(matches!(reason, NackReason::NotMaster { epoch, .. } if epoch == rig.latch.epoch), "{reason:?}");
    assert!(
        matches!(response(&mut rig, &request(Route::card(1), 2, Request::Stats), &intruder), Response::Stats(_)),
        "it may look"
    );
    rig.pass(2_000 * MS);
    rig.heard(FeedEnd::Head);
    assert_eq!(
        response(&mut rig, &request(Route::card(1), 3, Request::Reboot(Reboot { delay_ms: 0 })), &intruder),
        Response::Reboot
    );
    let announced = rig.heard(FeedEnd::Head);
    rig.pass(MS);
    let announced: Vec<_> = announced.into_iter().chain(rig.heard(FeedEnd::Head)).collect();
    let restarts = announced.iter().filter(|m| matches!(&m.body, Body::Event(Event::Announce(a)) if a.identity.boot_count == 2));
    assert!(restarts.count() <= 1 && rig.card(0).boot_count == 2, "it restarted once");
}

#[test]
fn a_retry_is_answered_without_doing_it_again_and_changes_to_all_are_refused() {
    let mut rig = Rig::started(row_of_cards(2, |_| {}));
    let assign = |id| Request::AssignId(Assignment { card_id: id, path_delay_ns: 0 });
    response(&mut rig, &request(Route::to_place(0), 7, assign(40)), &master());
    response(&mut rig, &request(Route::to_place(0), 8, assign(41)), &master());
    response(&mut rig, &request(Route::to_place(0), 7, assign(40)), &master());
    assert_eq!(rig.card(0).id, 41, "transaction 7 was finished before");
    let frame = request(Route::card(1), 9, Request::Save).emit(&master()).expect("fits").remove(0);
    let mut to_all = frame;
    put_bytes(&mut to_all, 14 + 4, &[0xff, 0xff]);
    let crc = crc32c::crc32c(&[&to_all[14..17], &[0], &to_all[18..40]].concat());
    put_bytes(&mut to_all, 40, &crc.to_be_bytes());
    rig.deliver(0, FeedEnd::Head, &to_all);
    rig.pass(MS);
    let refused = rig.heard(FeedEnd::Head);
    let refused = refused.iter().filter(|m| matches!(&m.body, Body::Nack(nack) if nack.reason == NackReason::NotToAll));
    assert_eq!(refused.count(), 2, "both cards refuse");
}

fn signed(rig: &Rig, key: &'static Key, key_id: u16, counter: u64, place: u16) -> Seal<'static> {
    let status = rig.card(place);
    let card = CardIdentity { serial: status.serial.parse().expect("printable"), boot_count: status.boot_count };
    Seal { signer: Some(Signer { card, key_id, key, counter }), ..master() }
}

/// Installs the site key as key 3 of card 0.
fn install(rig: &mut Rig, counter: u64) {
    let seal = signed(rig, &Key::NONE, 0, counter, 0);
    let card = seal.signer.expect("signed").card;
    let masked = *SITE_KEY.wrapped(&Key::NONE, &card, counter).secret();
    let change = Request::Key(KeyChange { new_key_id: 3, masked_key: masked });
    assert!(
        matches!(response(rig, &request(Route::card(1), 1, change), &seal), Response::Key(_)),
        "the first key travels openly"
    );
}

#[test]
fn with_a_site_key_changes_need_it_and_counters_count() {
    let mut rig = Rig::started(row_of_cards(2, |_| {}));
    install(&mut rig, 500);
    let save = |transaction| request(Route::card(1), transaction, Request::Save);
    assert_eq!(refusal(&mut rig, &save(2), &master()), NackReason::AuthRequired, "no longer without");
    let zero = signed(&rig, &Key::NONE, 0, 501, 0);
    assert_eq!(refusal(&mut rig, &save(3), &zero), NackReason::BadAuth, "key 0 is gone");
    let good = signed(&rig, &SITE_KEY, 3, 600, 0);
    assert_eq!(response(&mut rig, &save(4), &good), Response::Save, "with the key");
    assert_eq!(refusal(&mut rig, &save(5), &good), NackReason::Stale { highest: 600 }, "a counter is used once");
    let other_card = signed(&rig, &SITE_KEY, 3, 601, 1);
    assert_eq!(refusal(&mut rig, &save(6), &other_card), NackReason::BadAuth, "what was signed for another card");
    rig.cards.power_cycle(PortIndex(0), 0);
    let assign = request(Route::to_place(0), 7, Request::AssignId(Assignment { card_id: 1, path_delay_ns: 0 }));
    let stale = Seal { signer: good.signer.map(|signer| Signer { counter: 900, ..signer }), ..good };
    assert_eq!(refusal(&mut rig, &assign, &stale), NackReason::BadAuth, "or for another boot");
    let fresh = signed(&rig, &SITE_KEY, 3, 901, 0);
    assert!(matches!(response(&mut rig, &assign, &fresh), Response::AssignId(_)), "is worth nothing");
}

#[test]
fn a_locked_card_takes_signed_latches_only_and_each_once() {
    let mut rig = Rig::started(row_of_cards(1, |_| {}));
    install(&mut rig, 500);
    let lock = set(vec![Setting::LockedMode(LockedMode { locked: true })], None);
    let seal = signed(&rig, &SITE_KEY, 3, 501, 0);
    response(&mut rig, &request(Route::card(1), 2, lock), &seal);
    rig.show_next();
    assert_eq!(rig.whole_picture_of(0, 1..2), Some(0), "a plain LATCH is nothing");
    let mut keys = KeyRing::new();
    assert!(keys.install(3, SITE_KEY), "the sender has the key");
    let head = rig.packets(0, 1)[0][..14].to_vec();
    let sealed = |rig: &Rig, number: u16, counter: u64| {
        let mut packet = [0; LATCH_AUTH_LEN];
        assert!(rig.latch.emit_authenticated(FrameId(number), 1, false, software_address(0), (3, counter), &keys, &mut packet));
        [&head[..], &packet].concat()
    };
    rig.send_pixels();
    let latch = sealed(&rig, 2, 10);
    rig.deliver(0, FeedEnd::Head, &latch);
    rig.pass(MS);
    assert!(rig.shows(2), "a signed one shows the frame");
    rig.send_pixels();
    let replayed = sealed(&rig, 3, 10);
    rig.deliver(0, FeedEnd::Head, &replayed);
    rig.pass(MS);
    assert!(rig.shows(2), "a used counter does not");
    let forged = [&latch[..14], &{
        let mut packet: [u8; LATCH_AUTH_LEN] = latch[14..].try_into().expect("its length");
        packet[31] ^= 1;
        crate::wire::ocp809::seal(&mut packet, FrameId(3));
        packet
    }]
    .concat();
    rig.deliver(0, FeedEnd::Head, &forged);
    rig.pass(MS);
    assert!(rig.shows(2), "nor does a changed one");
}

#[test]
fn time_messages_sync_cards_without_ptp() {
    let mut rig = Rig::with(row_of_cards(3, |_| {}), VirtualCards { ptp: false, ..VirtualCards::default() }, None);
    rig.start();
    rig.show_next();
    for place in 0..3_u16 {
        let delay = 1_500 * u32::from(place);
        let assign = Request::AssignId(Assignment { card_id: place + 1, path_delay_ns: delay });
        response(
            &mut rig,
            &request(Route::to_place(u8::try_from(place).expect("few")), 50 + u32::from(place), assign),
            &master(),
        );
    }
    let mut departed = Tai(0);
    for transaction in 1..4 {
        let mark = TimeMark { previous_departure: departed, previous_transaction: transaction - 1 };
        departed = rig.tai();
        for frame in request(Route::to_all(), transaction, Request::Time(mark)).emit(&master()).expect("fits") {
            rig.deliver(0, FeedEnd::Head, &frame);
        }
        rig.pass(100 * MS);
    }
    assert!((0..3).all(|place| rig.card(place).synced), "after the second message");
    rig.latch.refreshes = 64;
    rig.send_pixels();
    rig.latch.present_at = Tai(rig.tai().0 + 5 * MS);
    let due = rig.latch.present_at.0 - TAI_AHEAD;
    rig.send_latch();
    rig.pass(due - rig.now - 1);
    assert!(rig.shows(1), "1 ns before the instant");
    rig.pass(1);
    assert!(rig.shows(2), "all cards at once, whatever their place");
}

#[test]
fn cards_report_themselves_every_second_each_at_its_time() {
    let mut rig = Rig::started(row_of_cards(3, |_| {}));
    rig.pass(990 * MS);
    rig.pass(MS);
    rig.heard(FeedEnd::Head);
    let mut heard = Vec::new();
    for _ in 0..200 {
        rig.pass(5 * MS);
        let at = rig.now / MS;
        heard.extend(rig.heard(FeedEnd::Head).into_iter().map(|message| (at, message.route.card_id, message.body)));
    }
    let stats: Vec<_> = heard.iter().filter(|(.., body)| matches!(body, Body::Event(Event::Stats(_)))).collect();
    let mut phases: Vec<_> = stats.iter().map(|(at, id, _)| (*id, at % 1_000)).collect();
    phases.sort_unstable();
    assert_eq!(phases.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [1, 2, 3], "one each in a second");
    for (id, at) in phases {
        let phase = u64::from(id) * 10;
        assert!((phase..phase + 11).contains(&at), "card {id} at {at} ms of the second");
    }
    for cable in 0..3_u16 {
        rig.cards.unplug(PortIndex(0), Some(cable));
        rig.cards.plug(PortIndex(0), Some(cable));
    }
    rig.pass(MS);
    rig.pass(MS);
    let announced = rig.heard(FeedEnd::Head).into_iter().filter(|m| matches!(m.body, Body::Event(Event::Announce(_)))).count();
    assert_eq!(announced, 3, "a link that comes up is announced");
}

#[test]
fn a_refused_sender_is_told_once_a_second_and_nobody_else() {
    let mut rig = Rig::started(row_of_cards(2, |_| {}));
    rig.heard(FeedEnd::Head);
    let mine = rig.latch.epoch;
    rig.latch.epoch.term -= 1;
    for number in 10..20 {
        for mut packet in rig.state_packets(0, number) {
            put_bytes(&mut packet, 6, &[2, 0, 0, 0, 0, 0x66]);
            rig.deliver(0, FeedEnd::Head, &packet);
        }
        rig.pass(MS);
    }
    let told: Vec<_> =
        rig.heard(FeedEnd::Head).into_iter().filter(|m| matches!(m.body, Body::Event(Event::Refused(_)))).collect();
    assert_eq!(told.len(), 1, "ten refusals, one event: {told:?}");
    assert!(matches!(&told[0].body, Body::Event(Event::Refused(master)) if master.epoch == mine), "with the master's epoch");
}

proptest! {
    #[test]
    fn arbitrary_control_frames_never_panic_and_leave_the_picture(
        frames in prop::collection::vec((0_u8..20, any::<u8>(), 0_u16..4, prop::collection::vec(any::<u8>(), 0..120)), 1..40)
    ) {
        let mut rig = Rig::started(row_of_cards(2, |_| {}));
        rig.show_next();
        let own = request(Route::card(1), 1, Request::Stats).emit(&plain(MacAddress([2, 0, 0, 0, 0, 0x66]))).expect("fits").remove(0);
        for (opcode, flags, target, body) in frames {
            let mut frame = own[..40].to_vec();
            let length = u16::try_from(body.len()).expect("short");
            put_bytes(&mut frame, 15, &[opcode, flags & !1, 0]);
            put_bytes(&mut frame, 18, &target.to_be_bytes());
            put_bytes(&mut frame, 20, &length.to_be_bytes());
            frame.extend(&body);
            let crc = crc32c::crc32c(&frame[14..]);
            frame.extend(crc.to_be_bytes());
            rig.deliver(0, FeedEnd::Head, &frame);
            rig.pass(1_000);
        }
        prop_assert!(rig.shows(1), "a stranger changes nothing while the master lives");
    }
}

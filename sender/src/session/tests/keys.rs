//! Site keys: how cards get them, what they are good for, and that no wall goes dark for want of one.

use super::*;
use crate::session::KeyState;
use crate::wire::ethernet::HEADER_LEN;
use crate::wire::ocp809::control::{
    Assignment, Body, ControlFrame, Message, NackReason, Reassembly, Request, Response, Route, Seal, Signer,
};
use crate::wire::ocp809::group_address;

const PORT: PortIndex = PortIndex(0);

/// A sender with the key whose cards have all got it.
fn keyed(bench: &mut Bench, locks_cards: bool) -> Sender {
    let mut sender = Sender::new(bench, 1, false, Some(protected(locks_cards)));
    bench.run(&mut [&mut sender], 500);
    sender.session.install_key(bench.now);
    bench.run(&mut [&mut sender], 800);
    let all = bench.wall.cabinets().len();
    assert_eq!(sender.session.take_notices(), [Notice::KeyInstalled { cards: all, of: all }], "all have it");
    sender
}

fn keys(sender: &Sender) -> Vec<KeyState> {
    sender.session.cards().iter().map(|card| card.key).collect()
}

fn problems(sender: &Sender) -> Vec<(u32, CardProblem)> {
    let problem = |problem| match problem {
        SessionProblem::Card { cabinet, problem } => Some((cabinet.0, problem)),
        SessionProblem::LongPackets { .. } => None,
    };
    sender.session.problems().filter_map(problem).collect()
}

fn all_ready(sender: &Sender) -> bool {
    sender.session.cards().iter().all(|card| card.is_ready)
}

impl Bench {
    fn is_locked(&mut self, place: u16) -> bool {
        self.cards.card_mut(PORT, place).unwrap().settings().locked
    }

    /// Whether cards obey this sender.
    fn obeys(&self, place: u16, sender: &Sender) -> bool {
        self.card(place).master.is_some_and(|master| master.epoch == sender.epoch())
    }

    fn all_obey(&self, sender: &Sender) -> bool {
        (0..self.wall.cabinets().len()).all(|place| self.obeys(u16::try_from(place).unwrap(), sender))
    }

    /// What a card says to an unsigned request of a stranger.
    fn ask_as_a_stranger(&mut self, place: u8, request: Request) -> Body {
        let message = Message { route: Route::to_place(place), transaction: 77, body: Body::Request(request) };
        let source = MacAddress([2, 0, 0, 9, 9, 9]);
        let seal = Seal { destination: group_address(0), source, frame_max: HEADER_LEN + 1_500, signer: None };
        for frame in message.emit(&seal).unwrap() {
            self.cards.deliver(PORT, FeedEnd::Head, self.now, self.tai(), &frame);
        }
        self.pass(1_000_000);
        let (mut joint, mut answer) = (Reassembly::new(), None);
        self.cards.drain(PORT, FeedEnd::Head, &mut |frame| {
            let frame = ControlFrame::new_checked(frame).unwrap();
            let message = joint.push(&frame).ok().flatten().filter(|message| message.transaction == 77);
            answer = message.map(|message| message.body).or(answer.take());
        });
        answer.expect("the card answers")
    }
}

#[test]
fn the_key_is_installed_when_it_is_ordered_and_then_nothing_is_changed_without_it() {
    let mut bench = Bench::bare(wall(3, |_| {}));
    let mut sender = Sender::new(&bench, 1, false, Some(protected(false)));
    bench.run(&mut [&mut sender], 500);
    assert!(sender.is_open() && all_ready(&sender), "without a key the wall plays");
    let no_key: Vec<_> = (0..3).map(|cabinet| (cabinet, CardProblem::NoKey)).collect();
    assert_eq!(problems(&sender), no_key, "and it is said");
    assert!(problems(&sender)[0].1.to_string().ends_with("ocp809 do install-key"), "with the way out");
    let assign = Request::AssignId(Assignment { card_id: 44, path_delay_ns: 0 });
    let Body::Nack(nack) = bench.ask_as_a_stranger(1, assign.clone()) else { panic!("refused") };
    assert!(matches!(nack.reason, NackReason::NotMaster { .. }), "a stranger is kept out by nothing but the living master");

    sender.session.install_key(bench.now);
    bench.run(&mut [&mut sender], 800);
    assert_eq!(sender.session.take_notices(), [Notice::KeyInstalled { cards: 3, of: 3 }], "all have it");
    assert_eq!((keys(&sender), problems(&sender)), (vec![KeyState::Installed; 3], vec![]), "and prove it");
    assert!(all_ready(&sender) && !bench.is_locked(0), "they are set up again, and not locked");
    let Body::Nack(nack) = bench.ask_as_a_stranger(1, assign) else { panic!("refused") };
    assert_eq!(nack.reason, NackReason::AuthRequired, "now by the key");
    bench.cards.power_cycle(PORT, 1);
    bench.run(&mut [&mut sender], 1_000);
    assert_eq!(bench.card(1).id, 2, "a card that starts anew is set up under the key");
}

#[test]
fn a_key_reaches_its_cards_although_every_fifth_request_is_lost() {
    let mut bench = Bench::bare(wall(4, |_| {}));
    let mut sender = Sender::new(&bench, 1, false, Some(protected(true)));
    bench.losing = Some(5);
    bench.run(&mut [&mut sender], 4_000);
    sender.session.install_key(bench.now);
    bench.run(&mut [&mut sender], 11_000);
    assert_eq!(keys(&sender), vec![KeyState::Installed; 4], "{:?}", problems(&sender));
    assert!((0..4).all(|place| bench.is_locked(place)) && bench.all_obey(&sender), "and all that follows from it");
}

#[test]
fn a_key_is_not_sent_once_more_to_a_card_that_proved_to_have_it() {
    let mut bench = Bench::bare(wall(2, |_| {}));
    let mut sender = keyed(&mut bench, false);
    bench.cards.card_mut(PORT, 1).unwrap().erase_keys();
    bench.cards.power_cycle(PORT, 1);
    bench.run(&mut [&mut sender], 1_500);
    assert!(all_ready(&sender), "it plays: {:?}", problems(&sender));
    assert_eq!(problems(&sender), [(1, CardProblem::KeyLost)], "and it is said that something is odd");
    sender.session.install_key(bench.now);
    bench.run(&mut [&mut sender], 1_000);
    assert_eq!(sender.session.take_notices(), [Notice::KeyInstalled { cards: 1, of: 2 }], "whoever asks for it does not get it");
    drop(sender);
    let mut again = Sender::new(&bench, 1, false, Some(protected(false)));
    again.stored_term = bench.card(0).master.unwrap().epoch.term;
    bench.run(&mut [&mut again], 800);
    again.session.install_key(bench.now);
    bench.run(&mut [&mut again], 800);
    assert_eq!(keys(&again), vec![KeyState::Installed; 2], "after a start it is installed on order");
}

#[test]
fn a_card_of_another_site_is_named_and_the_others_play() {
    let mut bench = Bench::bare(wall(3, |_| {}));
    assert!(bench.cards.card_mut(PORT, 1).unwrap().store_key(3, Key::new([1; 32])), "the same id, another key");
    let mut sender = Sender::new(&bench, 1, false, Some(protected(false)));
    bench.run(&mut [&mut sender], 800);
    let found = problems(&sender);
    assert!(found.contains(&(1, CardProblem::ForeignKey)), "{found:?}");
    assert_eq!(keys(&sender), [KeyState::None, KeyState::Foreign, KeyState::None], "told apart");
    sender.session.install_key(bench.now);
    for _ in 0..80 {
        bench.run(&mut [&mut sender], 50);
        assert!(problems(&sender).contains(&(1, CardProblem::ForeignKey)), "which stays said while it is tried again");
    }
    assert_eq!(sender.session.take_notices(), [Notice::KeyInstalled { cards: 2, of: 3 }], "the others have it");
    bench.cards.card_mut(PORT, 1).unwrap().erase_keys();
    bench.run(&mut [&mut sender], 3_000);
    assert_eq!(problems(&sender), [(1, CardProblem::NoKey)], "erased at the card, it is driven");
    assert!(sender.session.cards()[1].is_ready, "as any card without a key");
}

#[test]
fn a_card_without_the_key_takes_the_place_of_one_that_had_it_and_plays() {
    let mut bench = Bench::bare(wall(3, |_| {}));
    let mut sender = keyed(&mut bench, true);
    bench.run(&mut [&mut sender], 500);
    assert!(bench.is_locked(1), "locked");
    bench.cards.replace_card(PORT, 1).unwrap();
    bench.run(&mut [&mut sender], 2_000);
    assert!(all_ready(&sender) && bench.all_obey(&sender), "it is set up and obeys: {:?}", problems(&sender));
    assert_eq!(problems(&sender), [(1, CardProblem::NoKey)], "and it is said what it lacks");
    assert!(!bench.is_locked(1), "locked without a key it would be dark for ever");
    bench.run(&mut [&mut sender], 12_000);
    assert_eq!(keys(&sender)[1], KeyState::None, "nobody asked for a key to be sent");
}

#[test]
fn a_stranger_cannot_take_a_locked_wall() {
    let mut bench = Bench::bare(wall(3, |_| {}));
    let mut owner = keyed(&mut bench, true);
    owner.brightness = 20_000;
    bench.run(&mut [&mut owner], 500);
    assert!((0..3).all(|place| bench.is_locked(place)), "all are locked");
    assert_eq!(problems(&owner), [], "as they should be");
    let mut stranger = Sender::new(&bench, 2, true, None);
    stranger.stored_term = owner.stored_term + 10;
    bench.run(&mut [&mut owner, &mut stranger], 4_000);
    assert!(stranger.epoch().higher(owner.epoch()), "it streams with a higher epoch");
    assert!(bench.all_obey(&owner) && owner.is_open(), "and is obeyed by nobody");
    assert!((0..3).all(|place| bench.card(place).state.brightness == 20_000), "not even in brightness");
    let refused = vec![CardProblem::KeyRequired; 3];
    assert_eq!(problems(&stranger).into_iter().map(|(_, problem)| problem).collect::<Vec<_>>(), refused, "it is told why");
    assert!(refused[0].to_string().contains("[site_key]"), "with the way out");
}

#[test]
fn one_card_without_a_lock_does_not_cost_the_wall() {
    let mut bench = Bench::bare(wall(3, |spec| spec.ports[0].redundant = true));
    let mut owner = keyed(&mut bench, true);
    bench.cards.replace_card(PORT, 0).unwrap();
    bench.run(&mut [&mut owner], 2_000);
    let mut stranger = Sender::new(&bench, 2, true, None);
    stranger.stored_term = owner.stored_term + 10;
    bench.run(&mut [&mut owner, &mut stranger], 2_500);
    assert!(bench.obeys(0, &stranger), "the card without a key obeys whoever is on its cable");
    assert!(owner.is_open() && bench.obeys(1, &owner) && bench.obeys(2, &owner), "the rest plays on, fed from the far end");
    assert_eq!(owner.session.intruder(bench.now).map(|foreign| foreign.epoch), Some(stranger.epoch()), "and it is known");
    owner.session.take_over();
    bench.run(&mut [&mut owner, &mut stranger], 1_500);
    assert!(bench.all_obey(&owner) && owner.session.intruder(bench.now).is_none(), "taken back");
}

#[test]
fn cards_of_a_locked_loop_know_both_its_ends() {
    let mut bench = Bench::bare(wall(5, |spec| spec.ports[0].redundant = true));
    let mut sender = keyed(&mut bench, true);
    bench.run(&mut [&mut sender], 1_000);
    for place in 0..5 {
        let master = bench.card(place).master.unwrap();
        assert!(bench.is_locked(place), "card {place} is locked");
        assert_eq!((master.epoch, master.addresses.len()), (sender.epoch(), 2), "card {place} takes pixels from either end");
    }
    bench.cards.unplug(PORT, Some(2));
    bench.run(&mut [&mut sender], 3_000);
    assert!(bench.all_obey(&sender) && all_ready(&sender), "also behind a break: {:?}", problems(&sender));
}

#[test]
fn a_locked_wall_goes_on_after_a_restart_and_with_a_clock_that_was_set_back() {
    let mut bench = Bench::bare(wall(3, |_| {}));
    drop(keyed(&mut bench, true));
    for behind_ns in [0, 3_600_000_000_000, 60_000_000_000] {
        let mut again = Sender::behind(&bench, 1, false, Some(protected(true)), behind_ns);
        again.stored_term = bench.card(0).master.unwrap().epoch.term;
        bench.run(&mut [&mut again], 700);
        assert!(all_ready(&again) && bench.all_obey(&again), "{behind_ns} ns behind: {:?}", problems(&again));
        bench.run(&mut [&mut again], 500);
        assert!(bench.all_obey(&again), "{behind_ns} ns behind, and stays so");
    }
}

#[test]
fn another_host_with_the_key_takes_over_although_its_clock_is_behind() {
    let mut bench = Bench::bare(wall(3, |_| {}));
    let mut first = keyed(&mut bench, true);
    let mut second = Sender::behind(&bench, 2, false, Some(protected(true)), 3_600_000_000_000);
    bench.run(&mut [&mut first, &mut second], 4_000);
    assert!(second.clock.tai().0 + 3_000_000_000_000 < first.clock.tai().0, "by an hour");
    assert!(first.is_open() && !second.is_open(), "it waits");
    assert_eq!(keys(&second), vec![KeyState::Installed; 3], "and knows that it has the cards' key");
    second.session.take_over();
    bench.run(&mut [&mut first, &mut second], 1_500);
    assert!(bench.all_obey(&second), "now it has the wall");
    assert!(matches!(first.session.mastership(), Mastership::Superseded(_)), "and the first one yields to a sender with the key");
}

#[test]
fn locks_are_opened_where_they_are_no_longer_wanted_or_senseless() {
    let mut bench = Bench::bare(wall(2, |_| {}));
    drop(keyed(&mut bench, true));
    assert!(bench.is_locked(0) && bench.is_locked(1), "locked");
    let mut open = Sender::new(&bench, 1, false, Some(protected(false)));
    open.stored_term = bench.card(0).master.unwrap().epoch.term;
    bench.run(&mut [&mut open], 800);
    assert!(!bench.is_locked(0) && bench.all_obey(&open), "lock_cards = false opens them, and the picture never stops");

    let card = bench.cards.card_mut(PORT, 1).unwrap();
    let locked = crate::emulator::card::CardSettings { locked: true, ..card.settings().clone() };
    card.configure(locked);
    card.erase_keys();
    bench.pass(3_000_000_000);
    bench.listen(&mut []);
    let mut keyless = Sender::new(&bench, 4, false, None);
    bench.run(&mut [&mut keyless], 800);
    assert!(!bench.is_locked(1) && bench.obeys(1, &keyless), "a lock without a key would keep everybody out");
}

#[test]
fn settings_are_stored_when_it_is_ordered_and_whoever_was_not_there_is_named() {
    let mut bench = Bench::bare(wall(3, |_| {}));
    let mut sender = keyed(&mut bench, true);
    bench.cards.unplug(PORT, Some(1));
    bench.run(&mut [&mut sender], 3_000);
    sender.session.save_cards(bench.now);
    bench.run(&mut [&mut sender], 1_000);
    assert_eq!(sender.session.take_notices(), [Notice::Saved { cards: 2, of: 3 }], "one is not there");
    assert!(problems(&sender).contains(&(2, CardProblem::NotSaved)), "{:?}", problems(&sender));
    for place in 0..2 {
        bench.cards.power_cycle(PORT, place);
        assert!(bench.is_locked(place), "card {place} starts as it was stored");
    }
    bench.cards.plug(PORT, Some(1));
    bench.run(&mut [&mut sender], 3_000);
    sender.session.save_cards(bench.now);
    bench.run(&mut [&mut sender], 1_000);
    assert_eq!(sender.session.take_notices(), [Notice::Saved { cards: 3, of: 3 }], "all are");
    assert_eq!(problems(&sender), [], "nothing is left to say");
}

#[test]
fn a_signed_request_is_answered_under_its_key_and_counter_or_not_at_all() {
    let mut bench = Bench::new(wall(1, |_| {}), VirtualCards { ptp: false, ..VirtualCards::default() });
    let mut sender = keyed(&mut bench, false);
    bench.cards.power_cycle(PORT, 0);
    bench.pass(2_000_000);
    bench.listen(&mut [&mut sender]);
    // The card announces itself, is looked at, proves its key; then it is to be named.
    let mut asked = None;
    for _ in 0..20 {
        let mut out = Vec::new();
        let (now, tai) = (bench.now, bench.tai());
        sender.session.poll((now, tai), &mut |_| unreachable!("it is the master"), &mut |frame| out.push(frame));
        for request in out {
            let frame = ControlFrame::new_checked(&request.frame).unwrap();
            if matches!(Message::parse(frame.packet()).unwrap().body, Body::Request(Request::AssignId(_))) {
                asked = Some(request.frame.clone());
            } else {
                bench.cards.deliver(PORT, FeedEnd::Head, now, tai, &request.frame);
            }
        }
        bench.pass(2_000_000);
        bench.listen(&mut [&mut sender]);
    }
    let asked = asked.expect("it is named");
    let request = ControlFrame::new_checked(&asked).unwrap();
    let header = *request.packet().header();
    let status = bench.card(0);
    let card = crate::wire::ocp809::auth::CardIdentity { serial: status.serial.parse().unwrap(), boot_count: status.boot_count };
    let address = bench.cards.card_mut(PORT, 0).unwrap().identity().address;
    let answer = |signer: Option<Signer<'_>>| {
        let body = Body::Response(Response::AssignId(card.into()));
        let message = Message { route: Route::card(1), transaction: header.transaction, body };
        let seal = Seal { destination: request.ethernet().source, source: address, frame_max: 300, signer };
        message.emit(&seal).unwrap().remove(0)
    };
    let signed = |key, counter| answer(Some(Signer { card, key_id: 3, key, counter }));
    let other = Key::new([1; 32]);
    for forged in [answer(None), signed(&other, header.counter), signed(&SITE_KEY, header.counter + 1)] {
        sender.session.hear(PORT, FeedEnd::Head, &forged, bench.now);
        assert!(!sender.is_ready_after(&bench), "a forged answer changes nothing");
    }
    sender.session.hear(PORT, FeedEnd::Head, &signed(&SITE_KEY, header.counter), bench.now);
    assert!(sender.is_ready_after(&bench), "the card's own does");
}

impl Sender {
    /// Whether the first card counts as ready.
    fn is_ready_after(&mut self, bench: &Bench) -> bool {
        self.session.poll((bench.now, bench.tai()), &mut |_| unreachable!("it is the master"), &mut |_| {});
        self.session.cards()[0].is_ready
    }
}

//! Control as its clients meet it: desk, mailbox and socket together.

use std::io::{BufRead, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use super::check::any_text;
use super::fixture::{Show, at, facts};
use super::*;

fn desk() -> Desk {
    Desk::new(facts(), any_text, &Saved::default(), Start::Warm, at(0)).0
}

fn act(action: Action) -> Command {
    Command::action("test", action)
}

fn set(path: &str, value: Value) -> Command {
    Command::set("test", path.parse().expect("known path"), value)
}

fn fade(path: &str, value: Value, fade_ms: u32) -> Command {
    Command::new("test", Request::Set(vec![Assignment { path: path.parse().expect("known path"), value, fade_ms }]))
}

fn refusal(outcome: Outcome) -> Refusal {
    let Outcome::Rejected(refusal) = outcome else { panic!("not rejected: {outcome:?}") };
    refusal
}

#[test]
fn every_action_has_a_row_and_every_row_an_action() {
    let actions = [
        Action::BlackOut { fade_ms: 0 },
        Action::Freeze,
        Action::Normal { fade_ms: 0 },
        Action::Brightness { level: BrightnessLevel::Percent(35.0), fade_ms: 0 },
        Action::Trim { part: Target::Cabinet("B3".into()), percent: 97.5, fade_ms: 0 },
        Action::Preset { number: 1, only: vec![], fade_ms: 0 },
        Action::StorePreset { number: 1, name: String::new(), only: vec![] },
        Action::DeletePreset { number: 1 },
        Action::Source { uri: "pattern:bars".into() },
        Action::Pattern { pattern: "off".into() },
        Action::Identify { cabinet: "A1".into() },
        Action::Lock,
        Action::Unlock,
        Action::TakeOver,
        Action::InstallKey,
        Action::SaveCards,
        Action::Stop,
    ];
    let names: Vec<_> = actions.iter().map(Action::name).collect();
    assert_eq!(names, ACTIONS.iter().map(|info| info.name).collect::<Vec<_>>());
    for action in actions {
        let json = serde_json::to_string(&action).expect("serialises");
        assert!(json.contains(action.name()), "{json}: the name on the socket is the name in the table");
        assert_eq!(serde_json::from_str::<Action>(&json).expect("reads back"), action, "{json}");
        assert!(action.info().is_some_and(|info| info.help.ends_with('.') && info.example.starts_with(info.name)));
    }
}

#[test]
fn a_set_is_all_or_nothing() {
    let mut desk = desk();
    let both = Command::new(
        "test",
        Request::Set(vec![
            Assignment { path: "color.gamma".parse().unwrap(), value: Value::Number(2.2), fade_ms: 0 },
            Assignment { path: "color.duv".parse().unwrap(), value: Value::Number(7.0), fade_ms: 0 },
        ]),
    );
    let before = desk.asked().clone();
    assert!(matches!(refusal(desk.handle(&both, at(1))), Refusal::OutOfRange { .. }));
    assert_eq!(*desk.asked(), before);
    assert_eq!(desk.revision(), 0, "nothing to save");
    let events = desk.take_events();
    assert!(matches!(events[..], [Event { kind: EventKind::Refused { .. }, .. }]), "{events:?}");
}

#[test]
fn asked_and_actual_are_two_values_under_a_limit() {
    let mut desk = desk();
    let Outcome::Done(readings) = desk.handle(&set("screen:left/brightness.percent", Value::Number(90.0)), at(1)) else {
        panic!("is done")
    };
    assert_eq!((&readings[0].asked, &readings[0].actual), (&Value::Number(90.0), &Value::Number(60.0)));
    assert!((desk.in_effect(at(1).now).brightness(&facts().screens[0]) - 0.6).abs() < 1e-12);
}

#[test]
fn while_locked_only_what_a_show_needs_works() {
    let mut desk = desk();
    desk.handle(&act(Action::StorePreset { number: 1, name: "Opening".into(), only: vec![] }), at(1));
    desk.handle(&act(Action::Lock), at(2));
    for works in [
        act(Action::BlackOut { fade_ms: 0 }),
        act(Action::Freeze),
        act(Action::Normal { fade_ms: 0 }),
        act(Action::Brightness { level: BrightnessLevel::Percent(50.0), fade_ms: 0 }),
        set("brightness.percent", Value::Number(10.0)),
        act(Action::Preset { number: 1, only: vec![], fade_ms: 0 }),
        Command::new("test", Request::Get(vec![])),
    ] {
        assert!(desk.handle(&works, at(3)).is_success(), "{works:?}");
    }
    for (refused, name) in [
        (act(Action::Source { uri: "pattern:bars".into() }), "source"),
        (act(Action::Pattern { pattern: "bars".into() }), "pattern"),
        (act(Action::Identify { cabinet: "A1".into() }), "identify"),
        (act(Action::StorePreset { number: 2, name: String::new(), only: vec![] }), "store-preset"),
        (act(Action::InstallKey), "install-key"),
        (act(Action::SaveCards), "save-cards"),
        (set("color.gamma", Value::Number(2.2)), "color.gamma"),
        (set("source.uri", Value::text("pattern:bars")), "source.uri"),
    ] {
        assert_eq!(refusal(desk.handle(&refused, at(4))), Refusal::Locked { what: name.into() });
    }
    assert!(desk.handle(&act(Action::Unlock), at(5)).is_success());
    assert!(desk.handle(&set("color.gamma", Value::Number(2.2)), at(6)).is_success());
}

#[test]
fn orders_to_cards_are_given_once_and_refused_where_nobody_could_obey() {
    let mut desk = desk();
    assert_eq!(desk.take_card_orders(), desk::CardOrders::default(), "nothing was ordered");
    assert!(
        desk.handle(&act(Action::InstallKey), at(1)).is_success() && desk.handle(&act(Action::SaveCards), at(1)).is_success()
    );
    let orders = desk.take_card_orders();
    assert_eq!((orders.install_key, orders.save, orders.take_over), (true, true, false), "these two");
    assert_eq!(desk.take_card_orders(), desk::CardOrders::default(), "once");
    desk.set_facts(WallFacts { has_site_key: false, is_virtual: true, ..facts() });
    assert_eq!(refusal(desk.handle(&act(Action::InstallKey), at(2))), Refusal::NoSiteKey);
    assert!(Refusal::NoSiteKey.to_string().contains("[site_key] in machine.toml"), "with the way out");
    let what = "save-cards".to_owned();
    assert_eq!(refusal(desk.handle(&act(Action::SaveCards), at(2))), Refusal::VirtualCards { what });
    assert_eq!(desk.take_card_orders(), desk::CardOrders::default(), "what is refused is not ordered");
}

#[test]
fn a_viewer_looks_and_does_not_touch() {
    let mut desk = desk();
    let viewer = |command: Command| Command { role: Role::Viewer, ..command };
    assert!(desk.handle(&viewer(Command::new("eye", Request::Get(vec![]))), at(1)).is_success());
    let black_out = viewer(act(Action::BlackOut { fade_ms: 0 }));
    assert_eq!(refusal(desk.handle(&black_out, at(1))), Refusal::ViewerOnly { what: "black-out".into() });
}

#[test]
fn presets_are_recalled_whole_or_in_parts_and_never_end_a_black_out() {
    let mut desk = desk();
    desk.handle(&set("brightness.percent", Value::Number(40.0)), at(1));
    desk.handle(&set("screen:left/color.gamma", Value::Number(2.2)), at(1));
    desk.handle(&act(Action::StorePreset { number: 3, name: "Opening".into(), only: vec![] }), at(2));
    desk.handle(&set("brightness.percent", Value::Number(5.0)), at(3));
    desk.handle(&set("color.gamma", Value::Number(1.8)), at(3));
    desk.handle(&act(Action::BlackOut { fade_ms: 0 }), at(4));
    let only_brightness = act(Action::Preset { number: 3, only: vec![PresetPart::Brightness], fade_ms: 0 });
    assert!(desk.handle(&only_brightness, at(5)).is_success());
    assert_eq!(desk.asked().number(PropertyId::BrightnessPercent), Some(40.0));
    assert_eq!(desk.asked().number_on("left", PropertyId::Gamma), Some(1.8), "not recalled");
    assert!(desk.handle(&act(Action::Preset { number: 3, only: vec![], fade_ms: 0 }), at(6)).is_success());
    assert_eq!(desk.asked().number_on("left", PropertyId::Gamma), Some(2.2));
    assert_eq!(desk.asked().number_on("right", PropertyId::Gamma), Some(2.4));
    assert_eq!(desk.asked().mode(), OutputMode::BlackOut);
    let unknown = act(Action::Preset { number: 9, only: vec![], fade_ms: 0 });
    assert_eq!(refusal(desk.handle(&unknown, at(7))), Refusal::UnknownPreset { number: 9, known: vec![3] });
}

#[test]
fn everything_that_was_asked_survives_a_restart() {
    let mut desk = desk();
    desk.handle(&set("brightness.nits", Value::Number(300.0)), at(1));
    desk.handle(&set("screen:right/color.gain.blue", Value::Number(90.0)), at(1));
    desk.handle(&act(Action::StorePreset { number: 1, name: "One".into(), only: vec![] }), at(2));
    desk.handle(&act(Action::BlackOut { fade_ms: 0 }), at(3));
    let json = serde_json::to_string(&desk.saved()).expect("serialises");
    let saved: Saved = serde_json::from_str(&json).expect("reads back");
    let (again, left_out) = Desk::new(facts(), any_text, &saved, Start::Cold, at(0));
    assert_eq!(left_out, Vec::<String>::new());
    assert_eq!(again.asked(), desk.asked());
    assert_eq!(again.presets(), desk.presets());
    for ms in [0, 500, 5_000] {
        assert!(again.master(at(ms).now).abs() < 1e-12, "black out survives a restart");
    }
}

#[test]
fn saved_values_that_no_longer_fit_cost_themselves_only() {
    let mut saved = Saved::default();
    saved.values.insert("screen:gone/color.gamma".into(), Value::Number(2.0));
    saved.values.insert("color.hue".into(), Value::Number(2.0));
    saved.values.insert("brightness.percent".into(), Value::Number(33.0));
    let (desk, left_out) = Desk::new(facts(), any_text, &saved, Start::Warm, at(0));
    assert_eq!(left_out, ["color.hue", "screen:gone/color.gamma"]);
    assert_eq!(desk.asked().number(PropertyId::BrightnessPercent), Some(33.0));
}

#[test]
fn a_cold_start_fades_in_and_a_warm_one_goes_on() {
    let cold = Desk::new(facts(), any_text, &Saved::default(), Start::Cold, at(0)).0;
    assert!(cold.master(at(0).now).abs() < 1e-12 && (cold.master(at(500).now) - 0.5).abs() < 1e-9);
    assert!((cold.master(at(1_000).now) - 1.0).abs() < 1e-12);
    assert!((desk().master(at(0).now) - 1.0).abs() < 1e-12);
}

#[test]
fn numbers_fade_and_a_newer_value_takes_over_from_where_the_light_is() {
    let mut desk = desk();
    let to_100 = fade("brightness.percent", Value::Number(100.0), 1_000);
    assert_eq!(desk.handle(&to_100, at(0)), Outcome::Accepted);
    let percent = |desk: &Desk, ms| desk.in_effect(at(ms).now).number(PropertyId::BrightnessPercent).unwrap();
    assert!((percent(&desk, 500) - 60.0).abs() < 1e-9, "half way from 20 to 100");
    assert_eq!(desk.asked().number(PropertyId::BrightnessPercent), Some(100.0), "what was asked is known at once");
    desk.handle(&fade("brightness.percent", Value::Number(0.0), 1_000), at(500));
    assert!((percent(&desk, 500) - 60.0).abs() < 1e-9, "no jump");
    assert!((percent(&desk, 1_000) - 30.0).abs() < 1e-9);
    desk.take_events();
    desk.tick(at(1_500));
    assert!(!desk.is_fading(at(1_500).now));
    let events = desk.take_events();
    assert!(matches!(&events[..], [Event { kind: EventKind::Property { actual: Value::Number(n), .. }, .. }] if n.abs() < 1e-12));
}

#[test]
fn black_out_and_stop_go_through_the_master() {
    let mut desk = desk();
    desk.handle(&act(Action::BlackOut { fade_ms: 0 }), at(0));
    assert!(desk.master(at(0).now).abs() < 1e-12, "at once");
    desk.handle(&act(Action::Normal { fade_ms: 100 }), at(10));
    assert!((desk.master(at(60).now) - 0.5).abs() < 1e-9);
    assert_eq!(desk.handle(&act(Action::Stop), at(200)), Outcome::Accepted);
    assert!(!desk.has_stopped(at(300).now) && desk.has_stopped(at(700).now));
    desk.handle(&act(Action::Normal { fade_ms: 0 }), at(300));
    assert!(desk.has_stopped(at(700).now), "nothing brings the light back");
}

#[test]
fn commands_wait_for_their_time_in_order_and_fail_after_their_deadline() {
    let mut desk = desk();
    let due = |ms: u64, percent| Command { at: Some(at(ms).tai), ..set("brightness.percent", Value::Number(percent)) };
    assert_eq!(desk.handle(&due(200, 2.0), at(0)), Outcome::Accepted);
    assert_eq!(desk.handle(&due(100, 1.0), at(0)), Outcome::Accepted);
    let percent = |desk: &Desk| desk.asked().number(PropertyId::BrightnessPercent);
    desk.tick(at(99));
    assert_eq!(percent(&desk), Some(20.0));
    desk.tick(at(100));
    assert_eq!(percent(&desk), Some(1.0));
    desk.tick(at(300));
    assert_eq!(percent(&desk), Some(2.0));
    let late = Command { deadline: Some(at(10).tai), ..set("brightness.percent", Value::Number(9.0)) };
    assert_eq!(desk.handle(&late, at(11)), Outcome::Failed(Failure::TooLate { late_us: 1_000 }));
    assert_eq!(percent(&desk), Some(2.0));
}

#[test]
fn a_fader_that_outruns_the_engine_leaves_only_its_newest_value_behind_what_came_between() {
    let (client, engine) = mailbox();
    client.post(set("brightness.percent", Value::Number(1.0)));
    client.post(act(Action::Preset { number: 1, only: vec![], fade_ms: 0 }));
    for percent in 2..1_000_i32 {
        client.post(set("brightness.percent", Value::Number(percent.into())));
    }
    client.post(set("color.gamma", Value::Number(2.2)));
    let waiting: Vec<_> = std::iter::from_fn(|| engine.next()).map(|pending| pending.command).collect();
    assert_eq!(
        waiting,
        [
            act(Action::Preset { number: 1, only: vec![], fade_ms: 0 }),
            set("brightness.percent", Value::Number(999.0)),
            set("color.gamma", Value::Number(2.2)),
        ]
    );
}

#[test]
fn the_queue_is_bounded_and_a_dropped_engine_ends_every_wait() {
    let (client, engine) = mailbox();
    for _ in 0..mailbox::COMMAND_QUEUE {
        client.post(act(Action::Freeze));
    }
    let waiting = u32::try_from(mailbox::COMMAND_QUEUE).unwrap();
    assert_eq!(refusal(client.send(act(Action::Freeze)).outcome), Refusal::Busy { waiting });
    let events = client.subscribe();
    drop(engine);
    assert!(matches!(client.send(act(Action::Freeze)).outcome, Outcome::Failed(Failure::Unreachable { .. })));
    assert!(events.next_within(Duration::from_secs(1)).is_err(), "the subscription has ended");
}

fn ask(stream: &mut UnixStream, reader: &mut impl BufRead, line: &str) -> serde_json::Value {
    stream.write_all(line.as_bytes()).expect("writes");
    stream.write_all(b"\n").expect("writes");
    let mut answer = String::new();
    reader.read_line(&mut answer).expect("reads");
    serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{answer:?}: {error}"))
}

#[test]
fn a_script_speaks_to_the_socket_with_an_editor_and_no_manual() {
    let show = Show::start();
    let (mut stream, mut reader) = show.raw();
    let answer = ask(&mut stream, &mut reader, r#"{"command":{"id":7,"request":{"do":{"action":"brightness","level":"35%"}}}}"#);
    assert_eq!(answer["reply"]["id"], 7);
    assert_eq!(answer["reply"]["outcome"]["done"][0]["path"], "brightness.percent");
    assert_eq!(answer["reply"]["outcome"]["done"][0]["asked"], 35.0);
    let answer = ask(&mut stream, &mut reader, r#"{"command":{"request":{"set":[{"path":"color.gama","value":2}]}}}"#);
    assert!(answer["error"]["reason"].as_str().is_some_and(|reason| reason.contains("did you mean color.gamma")), "{answer}");
    let answer = ask(&mut stream, &mut reader, r#""status""#);
    assert_eq!(answer["status"]["wall"], "Test wall");
}

#[test]
fn hostile_lines_get_an_error_and_harm_nobody() {
    let show = Show::start();
    let (mut stream, mut reader) = show.raw();
    let deep = "[".repeat(100_000);
    for line in
        ["{", "null", "\"\u{0}\"", "{\"command\":{}}", "{\"command\":{\"request\":{\"get\":[]},\"extra\":1}}", "\u{fffd}", &deep]
    {
        let answer = ask(&mut stream, &mut reader, line);
        assert_eq!(answer["error"]["code"], "not-a-request", "{answer}");
    }
    stream.write_all(&[0xff, 0xfe, b'\n']).expect("writes");
    let mut answer = String::new();
    reader.read_line(&mut answer).expect("reads");
    assert!(answer.contains("not-a-request"), "{answer}");
    // A line without an end: the server stops reading at its limit and closes.
    let endless = vec![b' '; line::MAX_LINE_BYTES + 4096];
    let _closed_meanwhile = stream.write_all(&endless);
    let mut answer = String::new();
    reader.read_line(&mut answer).expect("reads");
    assert!(answer.contains("too-long"), "{answer}");
    let polite = Socket::connect(show.path()).expect("others still connect");
    assert!(polite.send(act(Action::Freeze)).outcome.is_success());
}

#[test]
fn a_client_that_never_reads_does_not_slow_the_others() {
    let show = Show::start();
    let (mut deaf, _) = show.raw();
    deaf.write_all(b"{\"subscribe\":{\"status_every_ms\":20}}\n").expect("writes");
    let polite = Socket::connect(show.path()).expect("connects");
    let events = polite.subscribe();
    for percent in 0..2_000_i32 {
        let outcome = polite.send(set("brightness.percent", Value::Number(f64::from(percent % 100)))).outcome;
        assert!(outcome.is_success(), "{outcome:?}");
    }
    assert!(events.try_next().is_some());
}

#[test]
fn beyond_the_limit_clients_are_told_so() {
    let show = Show::start();
    let held: Vec<_> = (0..server::MAX_CLIENTS).map(|_| Socket::connect(show.path()).expect("connects")).collect();
    assert!(matches!(Socket::connect(show.path()), Err(ConnectError::Refused { .. })));
    assert!(held[0].send(act(Action::Freeze)).outcome.is_success());
}

#[test]
fn events_reach_every_client_in_order() {
    let show = Show::start();
    let (one, two) = (Socket::connect(show.path()).expect("connects"), Socket::connect(show.path()).expect("connects"));
    let (of_one, of_two) = (one.subscribe(), two.subscribe());
    assert_eq!(one.status().wall, "Test wall");
    one.send(act(Action::BlackOut { fade_ms: 0 }));
    for events in [&of_one, &of_two] {
        let next = || events.next_within(Duration::from_secs(5)).expect("running").expect("in time");
        let (first, second) = (next(), next());
        assert!(matches!(&first.kind, EventKind::Property { path, .. } if path.property == PropertyId::OutputMode), "{first:?}");
        assert_eq!(second.kind, EventKind::Done { action: Action::BlackOut { fade_ms: 0 } });
        assert_eq!(second.seq, first.seq + 1);
        assert_eq!(first.origin, "test");
    }
}

#[test]
fn a_second_show_is_refused_a_killed_ones_socket_is_taken_over_and_an_ended_one_is_named() {
    let mut show = Show::start();
    let path = show.path().to_owned();
    let (client, _engine) = mailbox();
    assert!(matches!(Server::start(&path, Arc::new(client.clone())), Err(ServerError::InUse { .. })));
    let socket = Socket::connect(&path).expect("connects");
    let events = socket.subscribe();
    show.end();
    assert!(matches!(Socket::connect(&path), Err(ConnectError::NotRunning { .. })), "nobody listens any more");
    assert!(matches!(socket.send(act(Action::Freeze)).outcome, Outcome::Failed(Failure::Unreachable { .. })));
    let ended = (0..100).any(|_| events.next_within(Duration::from_millis(100)).is_err());
    assert!(ended, "the window learns that the show has ended");
    // What a kill leaves behind: a socket file that nobody listens on.
    drop(std::os::unix::net::UnixListener::bind(&path).expect("binds"));
    assert!(path.exists());
    let again = Server::start(&path, Arc::new(client)).expect("takes over");
    assert!(UnixStream::connect(again.path()).is_ok());
}

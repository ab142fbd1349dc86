//! The whole window against a stand-in show, driven by what people see and hear: labels, keys and tool tips.

use std::time::Duration;

use egui::accesskit::Role;
use egui::{Key, Modifiers, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use super::fake::{self, FakeShow};
use super::link::{CLIENT, Pump};
use super::*;
use crate::control::status::Alarm;
use crate::control::{Action, Assignment, Command, PropertyId, PropertyPath, Request, Role as ClientRole, Severity, Value};

/// A window, the show behind it, and what carries between them.
struct Stage {
    harness: Harness<'static, ControlWindow>,
    show: FakeShow,
    pump: Pump,
}

impl Stage {
    fn new() -> Self {
        Self::of(FakeShow::new(fake::wall()), [1600.0, 1000.0], 1.0)
    }

    fn of(mut show: FakeShow, size: [f32; 2], pixels_per_point: f32) -> Self {
        show.advance();
        let context = egui::Context::default();
        let (window, mut pump) =
            ControlWindow::unwatched(&context, Arc::new(show.client.clone()), Arc::clone(&show.feed) as Arc<dyn WallFeed>);
        // The first pass reads all properties, which the show has to answer meanwhile.
        std::thread::scope(|scope| {
            let reading = scope.spawn(|| pump.pass(Duration::ZERO));
            while !reading.is_finished() {
                show.answer();
            }
        });
        let harness = Harness::builder()
            .with_size(vec2(size[0], size[1]))
            .with_pixels_per_point(pixels_per_point)
            .with_context_setup(theme::apply)
            .build_ui_state(
                |ui, window: &mut ControlWindow| {
                    window.take_in(ui.ctx());
                    window.draw(ui);
                },
                window,
            );
        let mut stage = Self { harness, show, pump };
        stage.settle();
        stage
    }

    /// Draws, lets the show answer, and draws what came of it. What the window asked for is returned.
    fn settle(&mut self) -> Vec<Command> {
        self.harness.run_steps(3);
        let asked = self.show.answer();
        self.pump.pass(Duration::ZERO);
        self.harness.run_steps(3);
        self.harness.check_accessibility();
        asked
    }

    fn click(&mut self, label: &str) -> Vec<Command> {
        self.harness.get_by_role_and_label(Role::Button, label).click();
        self.settle()
    }

    fn press(&mut self, key: Key) -> Vec<Command> {
        self.harness.key_press(key);
        self.settle()
    }

    /// The tool tip of a widget.
    fn tip(&mut self, label: &str) -> String {
        self.harness.get_by_role_and_label(Role::Button, label).hover();
        self.harness.run_steps(8);
        let words: Vec<String> =
            self.harness.query_all_by_role(Role::Label).filter_map(|node| node.accesskit_node().value()).collect();
        words.join("\n")
    }

    fn is_enabled(&self, label: &str) -> bool {
        !self.harness.get_by_role_and_label(Role::Button, label).accesskit_node().is_disabled()
    }

    fn sees(&self, words: &str) -> bool {
        self.harness
            .query_all_by_role(Role::Label)
            .any(|node| node.accesskit_node().value().is_some_and(|value| value.contains(words)))
    }
}

fn request(commands: &[Command]) -> &Request {
    assert_eq!(commands.len(), 1, "one command: {commands:?}");
    &commands[0].request
}

fn sets(property: PropertyId, value: Value) -> Request {
    Request::Set(vec![Assignment { path: PropertyPath::wall(property), value, fade_ms: 0 }])
}

#[test]
fn the_three_buttons_ask_for_exactly_their_action() {
    let mut stage = Stage::new();
    for (label, action) in
        [("BLACK OUT", Action::BlackOut { fade_ms: 0 }), ("FREEZE", Action::Freeze), ("NORMAL", Action::Normal { fade_ms: 0 })]
    {
        let asked = stage.click(label);
        assert_eq!(*request(&asked), Request::Do(action), "{label}");
        assert_eq!((asked[0].client.as_str(), asked[0].role, asked[0].at), (CLIENT, ClientRole::Operator, None), "{label}");
    }
}

#[test]
fn the_keys_do_what_the_buttons_do() {
    let mut stage = Stage::new();
    for (key, action) in
        [(Key::B, Action::BlackOut { fade_ms: 0 }), (Key::F, Action::Freeze), (Key::N, Action::Normal { fade_ms: 0 })]
    {
        assert_eq!(*request(&stage.press(key)), Request::Do(action), "{key:?}");
    }
    stage.harness.key_press_modifiers(Modifiers::CTRL, Key::B);
    assert!(stage.settle().is_empty(), "with Ctrl the key means something else");
}

#[test]
fn a_key_that_is_typed_into_a_field_does_not_black_out() {
    let mut stage = Stage::new();
    stage.click("Test pattern");
    stage.harness.get_by_role_and_label(Role::TextInput, "With parameters").focus();
    stage.settle();
    stage.harness.get_by_role_and_label(Role::TextInput, "With parameters").type_text("b");
    assert!(stage.press(Key::B).is_empty(), "the letter belongs to the field");
    stage.harness.get_by_role_and_label(Role::TextInput, "With parameters").type_text("ars");
    let asked = stage.press(Key::Enter);
    assert_eq!(*request(&asked), Request::Do(Action::Pattern { pattern: "bars".to_owned() }));
}

#[test]
fn a_number_that_is_typed_does_not_black_out() {
    let mut stage = Stage::new();
    stage.harness.get_by_role(Role::SpinButton).focus();
    stage.settle();
    assert!(stage.press(Key::B).is_empty(), "the field is being edited");
}

#[test]
fn a_pattern_is_two_clicks_away_and_off_again() {
    let mut stage = Stage::new();
    stage.click("Test pattern");
    assert_eq!(*request(&stage.click("grey")), Request::Do(Action::Pattern { pattern: "grey".to_owned() }));
    stage.click("Test pattern");
    assert_eq!(*request(&stage.click("Off: show the source")), Request::Do(Action::Pattern { pattern: "off".to_owned() }));
}

#[test]
fn the_loss_switch_sets_the_fault_and_says_what_to_look_for() {
    let mut stage = Stage::new();
    let asked = stage.click("Lose 5 % of the packets");
    assert_eq!(*request(&asked), sets(PropertyId::FaultLoss, Value::Number(50.0)));
    assert!(stage.sees("the picture never tears"), "the sentence");
    for _ in 0..20 {
        stage.show.advance();
        stage.settle();
    }
    assert!(stage.sees("holding"), "cards hold whole frames");
    assert_eq!(*request(&stage.click("Lose no packets")), sets(PropertyId::FaultLoss, Value::Number(0.0)));
}

#[test]
fn the_lock_bars_what_it_must_and_says_why() {
    let mut stage = Stage::new();
    assert_eq!(*request(&stage.click("LOCK")), Request::Do(Action::Lock));
    for barred in ["Test pattern", "Lose 1 % of the packets", "Lose no packets"] {
        assert!(!stage.is_enabled(barred), "{barred}");
        assert!(stage.click(barred).is_empty(), "{barred} asks for nothing");
        assert!(stage.tip(barred).contains(widgets::lock::LOCKED), "{barred} says why");
    }
    assert_eq!(*request(&stage.press(Key::B)), Request::Do(Action::BlackOut { fade_ms: 0 }), "black out works");
    assert_eq!(*request(&stage.click("UNLOCK")), Request::Do(Action::Unlock));
    assert!(stage.is_enabled("Test pattern"), "unlocked");
}

#[test]
fn brightness_moves_by_tenths_and_shows_what_the_limit_makes_of_it() {
    let mut stage = Stage::new();
    stage.harness.get_by_role_and_label(Role::Slider, "Brightness").set_value_accesskit(35.1);
    assert_eq!(*request(&stage.settle()), sets(PropertyId::BrightnessPercent, Value::Number(35.1)));
    stage.harness.get_by_role_and_label(Role::Slider, "Brightness").set_value_accesskit(95.0);
    stage.settle();
    assert!(stage.sees("in effect 80.0 %, the screen's limit"), "asked 95, limited to 80");
}

#[test]
fn a_refusal_is_told_and_can_be_dismissed() {
    let mut stage = Stage::new();
    let reason = "fault.loss_permille works on virtual walls only".to_owned();
    stage.show.tell(CLIENT, crate::control::EventKind::Refused { id: 1, reason: reason.clone() });
    stage.settle();
    assert!(stage.harness.query_by_role_and_label(Role::Button, "Dismiss").is_some(), "the refusal is shown");
    stage.click("Dismiss");
    assert!(stage.harness.query_by_role_and_label(Role::Button, "Dismiss").is_none(), "and gone");
    assert!(stage.sees(&reason), "the log keeps it");

    stage.show.tell("cli", crate::control::EventKind::Refused { id: 1, reason });
    stage.settle();
    assert!(stage.harness.query_by_role_and_label(Role::Button, "Dismiss").is_none(), "another client's is only logged");
}

#[test]
fn a_card_that_falls_silent_is_named_and_can_be_made_to_mark_itself() {
    let mut stage = Stage::new();
    stage.show.status.cards[2].online = false;
    let text = "no answer after cabinet A2".to_owned();
    let alarm = Alarm { severity: Severity::Error, source: "port-1".to_owned(), text, since: stage.show.status.tai };
    stage.show.status.alarms.push(alarm);
    stage.show.advance();
    stage.settle();
    stage.click("Cabinet B2, port-1, place 3: no answer");
    assert!(stage.sees("silent for"), "the details of the selected cabinet");
    assert_eq!(*request(&stage.click("Identify")), Request::Do(Action::Identify { cabinet: "B2".to_owned() }));
    stage.click("Alerts: 1");
    assert!(stage.sees("no answer after cabinet A2"), "the list of alarms");
}

#[test]
fn the_end_of_the_show_is_told() {
    let mut stage = Stage::new();
    let Stage { harness, show, pump } = &mut stage;
    *show = FakeShow::new(fake::wall());
    pump.pass(Duration::ZERO);
    harness.run_steps(3);
    assert!(stage.sees("The show has ended"), "the window does not pretend");
}

#[test]
fn every_size_and_wall_is_drawn_with_names_for_all_controls() {
    for (size, pixels_per_point) in [(LEAST_SIZE, 1.0), ([1440.0, 900.0], 2.0), ([2560.0, 1440.0], 1.0)] {
        let mut stage = Stage::of(FakeShow::new(fake::two_screens()), size, pixels_per_point);
        stage.harness.key_press(Key::C);
        stage.settle();
        let window = egui::Rect::from_min_size(egui::Pos2::ZERO, vec2(size[0], size[1]));
        let controls = ["BLACK OUT", "FREEZE", "NORMAL", "Test pattern", "LOCK", "Alerts: 0", "Fit", "Lose 20 % of the packets"];
        let rects = controls.map(|label| (label, stage.harness.get_by_role_and_label(Role::Button, label).rect()));
        for (index, (label, rect)) in rects.iter().enumerate() {
            assert!(window.contains_rect(*rect), "{label} lies at {rect:?} of a window of {size:?}");
            for (other, overlapped) in rects.iter().skip(index + 1) {
                assert!(!rect.intersects(*overlapped), "{label} and {other} overlap in a window of {size:?}");
            }
        }
    }
}

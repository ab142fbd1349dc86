//! Events as lines of the log, in the words of the buttons that cause them.

use super::view_state::{LogLine, Weight};
use crate::control::status::Alarm;
use crate::control::{Action, Event, EventKind, PropertyPath, Severity, Target, Value};

impl LogLine {
    /// The line of an event.
    pub(super) fn of(event: &Event) -> Self {
        let (weight, text) = match &event.kind {
            EventKind::Property { path, asked, actual } => property(path, asked, actual),
            EventKind::Done { action } => (Weight::Plain, action_words(action)),
            EventKind::Refused { reason, .. } => (Weight::Warning, format!("Refused: {reason}")),
            EventKind::CardReplaced { cabinet, old, new } => {
                (Weight::Plain, format!("Cabinet {cabinet}: card {new} took the place of {old}"))
            }
            EventKind::KeyInstalled { cards, of } => (whole(*cards, *of), format!("{cards} of {of} cards have the site's key")),
            EventKind::CardsSaved { cards, of } => (whole(*cards, *of), format!("{cards} of {of} cards stored their settings")),
            EventKind::AlarmRaised { alarm } => (alarm_weight(alarm.severity), format!("{}: {}", alarm.source, alarm.text)),
            EventKind::AlarmCleared { alarm } => (Weight::Good, cleared(alarm)),
        };
        Self { tai: event.tai, weight, origin: event.origin.clone(), text }
    }
}

fn property(path: &PropertyPath, asked: &Value, actual: &Value) -> (Weight, String) {
    let row = path.property.property();
    let mut text = format!("{} {}", row.label, row.display(asked));
    if path.target != Target::Wall {
        text = format!("{} {}: {text}", path.target.scope(), path.target.id());
    }
    if asked == actual {
        return (Weight::Plain, text);
    }
    (Weight::Warning, format!("{text}, in effect {}", row.display(actual)))
}

fn action_words(action: &Action) -> String {
    let label = action.info().map_or(action.name(), |info| info.label);
    match action {
        Action::Brightness { level, .. } => format!("{label} {level}"),
        Action::Trim { part, percent, .. } => format!("{label} {part} {percent}%"),
        Action::Preset { number, .. } | Action::DeletePreset { number } => format!("{label} {number}"),
        Action::StorePreset { number, name, .. } => format!("{label} {number} {name}"),
        Action::Source { uri } => format!("{label} {uri}"),
        Action::Pattern { pattern } => format!("{label} {pattern}"),
        Action::Identify { cabinet } => format!("{label} {cabinet}"),
        Action::BlackOut { .. }
        | Action::Freeze
        | Action::Normal { .. }
        | Action::Lock
        | Action::Unlock
        | Action::TakeOver
        | Action::InstallKey
        | Action::SaveCards
        | Action::Stop => label.to_owned(),
    }
}

/// What all cards have done is well, what some have not needs a look.
const fn whole(cards: u32, of: u32) -> Weight {
    if cards == of { Weight::Good } else { Weight::Warning }
}

const fn alarm_weight(severity: Severity) -> Weight {
    match severity {
        Severity::Notice => Weight::Plain,
        Severity::Warning => Weight::Warning,
        Severity::Error | Severity::Critical => Weight::Fault,
    }
}

fn cleared(alarm: &Alarm) -> String {
    format!("{}: over: {}", alarm.source, alarm.text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::PropertyId;
    use ocp809_sender::time::Tai;

    fn line(kind: EventKind) -> LogLine {
        LogLine::of(&Event { seq: 1, tai: Tai(5), origin: "cli".to_owned(), kind })
    }

    #[test]
    fn a_value_that_the_wall_limits_says_both() {
        let path = PropertyPath::screen("left", PropertyId::BrightnessPercent);
        let limited = line(EventKind::Property { path, asked: Value::Number(80.0), actual: Value::Number(60.0) });
        assert_eq!(limited.text, "screen left: Brightness 80%, in effect 60%");
        assert_eq!(limited.weight, Weight::Warning);
    }

    #[test]
    fn actions_speak_the_words_of_their_buttons() {
        assert_eq!(line(EventKind::Done { action: Action::BlackOut { fade_ms: 0 } }).text, "Black out");
        let pattern = Action::Pattern { pattern: "grey 20%".to_owned() };
        assert_eq!(line(EventKind::Done { action: pattern }).text, "Test pattern grey 20%");
    }
}

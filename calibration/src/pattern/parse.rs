//! Patterns from text: `grey?level=20&full`, and on a command line also `grey 20% full`.

use super::catalog::{FULL_FLAG, PATTERNS, ParameterInfo, ParameterKind, PatternInfo, Value, Values};
use super::text::{parse_color, parse_direction};
use super::{Level, Pattern};

/// Why a text names no pattern, or a pattern cannot be drawn.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PatternError {
    /// No such pattern.
    #[error("there is no pattern `{name}`; known are: {}", names())]
    Unknown {
        /// What was asked for.
        name: String,
    },
    /// No such parameter.
    #[error("pattern `{pattern}` has no parameter `{key}`; it takes: {}", keys(.pattern))]
    UnknownParameter {
        /// The pattern.
        pattern: &'static str,
        /// What was asked for.
        key: String,
    },
    /// A value that is no number, colour or direction.
    #[error("`{key}={value}` of pattern `{pattern}`: expected {}", .kind.expectation())]
    Value {
        /// The pattern.
        pattern: &'static str,
        /// The parameter.
        key: &'static str,
        /// What was written.
        value: String,
        /// What it takes.
        kind: ParameterKind,
    },
    /// Given twice.
    #[error("`{key}` of pattern `{pattern}` is given twice")]
    Twice {
        /// The pattern.
        pattern: &'static str,
        /// The parameter.
        key: &'static str,
    },
    /// It shows cabinets, and there is no wall.
    #[error("this pattern shows cabinets: open a wall first, or take a pattern that needs none, such as `bars`")]
    NeedsWall,
    /// Nothing to draw on, or too much.
    #[error("a pattern of {width}x{height} pixels cannot be drawn: both sides must be 1 to {largest}")]
    Size {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
        /// Largest side.
        largest: u32,
    },
}

impl core::str::FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let mut words = text.split(['?', '&', ' ', ',']).filter(|word| !word.is_empty());
        let name = words.next().unwrap_or_default();
        let info = PATTERNS.iter().find(|info| info.name == canonical(name));
        let info = info.ok_or_else(|| PatternError::Unknown { name: name.to_owned() })?;
        let mut given: Vec<Option<Value>> = vec![None; info.parameters.len()];
        let mut full = false;
        for word in words {
            if word == FULL_FLAG {
                full = true;
            } else {
                take(info, word, &mut given)?;
            }
        }
        let values: Vec<Value> =
            given.into_iter().zip(info.parameters).map(|(value, parameter)| value.unwrap_or(parameter.kind.default())).collect();
        Ok(Self { shape: (info.shape)(&mut Values(values.iter())), full })
    }
}

/// American spelling is understood too.
fn canonical(name: &str) -> &str {
    match name {
        "gray" => "grey",
        "low-gray" => "low-grey",
        _ => name,
    }
}

/// Stores one `key=value`, or a bare value for the first parameter.
fn take(info: &PatternInfo, word: &str, given: &mut [Option<Value>]) -> Result<(), PatternError> {
    let pattern = info.name;
    let (index, value) = match word.split_once('=') {
        Some((key, value)) => (info.parameters.iter().position(|parameter| parameter.key == key), value),
        None => (Some(0), word),
    };
    let found = index.and_then(|index| Some((info.parameters.get(index)?, given.get_mut(index)?)));
    let Some((parameter, slot)) = found else {
        let key = word.split('=').next().unwrap_or(word).to_owned();
        return Err(PatternError::UnknownParameter { pattern, key });
    };
    let key = parameter.key;
    if slot.is_some() {
        return Err(PatternError::Twice { pattern, key });
    }
    let wrong = || PatternError::Value { pattern, key, value: value.to_owned(), kind: parameter.kind };
    *slot = Some(parameter.kind.parse(value).ok_or_else(wrong)?);
    Ok(())
}

impl ParameterKind {
    fn parse(self, text: &str) -> Option<Value> {
        match self {
            Self::Percent { .. } => {
                let percent: f64 = text.strip_suffix('%').unwrap_or(text).parse().ok()?;
                (0.0..=100.0).contains(&percent).then(|| Value::Level(Level::from_percent(percent)))
            }
            Self::Count { low, high, .. } => text.parse().ok().filter(|count| (low..=high).contains(count)).map(Value::Count),
            Self::Color { .. } => parse_color(text).map(Value::Color),
            Self::Direction { .. } => parse_direction(text).map(Value::Direction),
        }
    }

    fn default(self) -> Value {
        match self {
            Self::Percent { default } => Value::Level(Level::from_percent(default)),
            Self::Count { default, .. } => Value::Count(default),
            Self::Color { default } => Value::Color(default),
            Self::Direction { default } => Value::Direction(default),
        }
    }
}

fn names() -> String {
    PATTERNS.map(|info| info.name).join(", ")
}

fn keys(pattern: &str) -> String {
    let parameters = PATTERNS.iter().find(|info| info.name == pattern).map_or(&[][..], |info| info.parameters);
    let keys: Vec<&str> = parameters.iter().map(|ParameterInfo { key, .. }| *key).chain([FULL_FLAG]).collect();
    keys.join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::{Color, Direction, Shape};
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Result<Shape, PatternError> {
        text.parse::<Pattern>().map(|pattern| pattern.shape)
    }

    #[test]
    fn parameters_are_read_in_any_order_and_the_first_without_its_key() {
        let fifth = Shape::Flat { color: Color::White, level: Level::from_percent(20.0) };
        for text in ["grey?level=20", "grey 20%", "grey,20", "gray?20"] {
            assert_eq!(parse(text), Ok(fifth), "{text}");
        }
        let ramp =
            Shape::Ramp { direction: Direction::Vertical, color: Color::Cyan, from: Level::OFF, to: Level::from_percent(10.0) };
        assert_eq!(parse("ramp?to=10&color=cyan&direction=vertical"), Ok(ramp), "out of order");
        let full: Result<Pattern, _> = "white?full".parse();
        assert_eq!(full.map(|pattern| pattern.brightness_limit()), Ok(1.0), "full");
        let safe: Result<Pattern, _> = "white".parse();
        assert_eq!(safe.map(|pattern| pattern.brightness_limit()), Ok(0.2), "not full");
    }

    #[test]
    fn errors_name_what_was_expected() {
        let cases = [
            ("", "there is no pattern ``; known are: black, white"),
            ("plaid", "there is no pattern `plaid`; known are: black"),
            ("grey?levle=2", "pattern `grey` has no parameter `levle`; it takes: level, full"),
            ("grey?level=101", "`level=101` of pattern `grey`: expected 0 to 100 %"),
            ("grey?level=NaN", "expected 0 to 100 %"),
            ("grid?cell=1", "`cell=1` of pattern `grid`: expected a whole number of px from 2 to 1024"),
            ("ramp?color=pink", "expected one of black, red, green"),
            ("ramp?direction=up", "expected horizontal or vertical"),
            ("grey?20&level=30", "`level` of pattern `grey` is given twice"),
            ("black?7", "pattern `black` has no parameter `7`; it takes: full"),
        ];
        for (text, expected) in cases {
            let got = parse(text).map_or_else(|error| error.to_string(), |shape| format!("{shape:?}"));
            assert!(got.contains(expected), "{text:?}: {got}");
        }
    }

    #[test]
    fn every_pattern_is_found_by_its_name_and_its_defaults_are_within_range() {
        for info in &PATTERNS {
            assert!(parse(info.name).is_ok(), "{}", info.name);
            assert!(info.help.ends_with('.'), "{} has a sentence of help", info.name);
            for parameter in info.parameters {
                let default = parameter.kind.default_text();
                let text = format!("{}?{}={default}", info.name, parameter.key);
                assert_eq!(parse(&text), parse(info.name), "{text} is the default");
                assert!(!parameter.help.is_empty(), "{text} has help");
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_pattern_or_an_error(text in ".{0,60}") {
            let _ = parse(&text);
        }

        #[test]
        fn what_is_printed_reads_back(
            info in prop::sample::select(PATTERNS.to_vec()),
            numbers in prop::collection::vec(any::<prop::sample::Index>(), 4),
            full in any::<bool>(),
        ) {
            let values: Vec<Value> = info.parameters.iter().zip(numbers).map(|(parameter, number)| match parameter.kind {
                ParameterKind::Percent { .. } => Value::Level(Level::from_code(u16::try_from(number.index(65_536)).unwrap_or(0))),
                ParameterKind::Count { low, high, .. } => {
                    Value::Count(low + u32::try_from(number.index((high - low + 1) as usize)).unwrap_or(0))
                }
                ParameterKind::Color { .. } => Value::Color(*number.get(&Color::ALL)),
                ParameterKind::Direction { .. } => Value::Direction(*number.get(&[Direction::Horizontal, Direction::Vertical])),
            }).collect();
            let pattern = Pattern { shape: (info.shape)(&mut Values(values.iter())), full };
            prop_assert_eq!(pattern.to_string().parse::<Pattern>(), Ok(pattern), "{}", pattern);
        }
    }
}

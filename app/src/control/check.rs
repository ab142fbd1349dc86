//! Whether a value may be set: kind, range, step, and the names that the wall knows. A value that passes comes back in the
//! one form in which the state keeps it.

use super::command::{Expected, Refusal};
use super::facts::WallFacts;
use super::nearest;
use super::path::{PropertyPath, Target};
use super::property::{Choice, Kind, Property, Scope, TextForm, Unit};
use super::table::PropertyId;
use super::value::Value;

/// Longest text of a property, in bytes.
pub const MAX_TEXT_BYTES: usize = 4096;

/// Says whether a text can be read as what it should be: the reason where it cannot.
///
/// The readers of sources and patterns live above this module; whoever runs a show passes them in.
pub type TextReader = fn(TextForm, &str) -> Result<(), String>;

/// A reader that takes every text.
///
/// # Errors
///
/// Never.
pub const fn any_text(_: TextForm, _: &str) -> Result<(), String> {
    Ok(())
}

/// What a value is checked against.
#[derive(Debug, Clone, Copy)]
pub struct Checker<'a> {
    /// The wall.
    pub facts: &'a WallFacts,
    /// Reads sources and patterns.
    pub reader: TextReader,
}

impl Checker<'_> {
    /// The value in the form in which the state keeps it.
    ///
    /// # Errors
    ///
    /// Whatever the property, the wall or a reader has against it.
    pub fn check(&self, path: &PropertyPath, value: &Value) -> Result<Value, Refusal> {
        self.check_target(path)?;
        self.check_value(path, value)
    }

    /// As [`Self::check`], wherever the path leads: for documents that are read without their wall.
    ///
    /// # Errors
    ///
    /// Whatever the property, the wall or a reader has against the value.
    pub fn check_value(&self, path: &PropertyPath, value: &Value) -> Result<Value, Refusal> {
        let row = path.property.property();
        if !row.scope.admits(path.target.scope()) {
            return Err(Refusal::TooNarrow { path: path.to_string(), allowed: row.scope.places().to_owned() });
        }
        let value = match row.kind {
            Kind::Switch { .. } => switch(row, value)?,
            Kind::Number { min, max, step, unset, .. } => number(row, value, [min, max, step], unset)?,
            Kind::Choice { options, .. } => choice(row, value, options)?,
            Kind::Text { form, unset, .. } => self.text(row, value, form, unset)?,
        };
        self.check_wall(path, &value)?;
        Ok(value)
    }

    fn check_target(&self, path: &PropertyPath) -> Result<(), Refusal> {
        let (id, known): (&str, Vec<&str>) = match &path.target {
            Target::Wall => return Ok(()),
            Target::Screen(id) => (id, self.facts.screens.iter().map(|screen| screen.id.as_str()).collect()),
            Target::Group(id) => (id, self.facts.groups.iter().map(String::as_str).collect()),
            Target::Port(id) => (id, self.facts.ports.iter().map(String::as_str).collect()),
            Target::Cabinet(id) => return self.check_cabinet(id),
        };
        if known.contains(&id) {
            return Ok(());
        }
        Err(Refusal::UnknownTarget {
            path: path.to_string(),
            scope: path.target.scope(),
            known: known.into_iter().map(str::to_owned).collect(),
        })
    }

    /// A wall has too many cabinets to list them.
    fn check_cabinet(&self, id: &str) -> Result<(), Refusal> {
        if self.facts.cabinet(id).is_some() {
            return Ok(());
        }
        let known = self.facts.cabinets.iter().map(|cabinet| cabinet.id.as_str());
        Err(Refusal::UnknownCabinet { cabinet: id.to_owned(), nearest: nearest(id, known).unwrap_or_default().to_owned() })
    }

    /// What only the wall can answer: a luminance needs peaks, faults need virtual cards.
    fn check_wall(&self, path: &PropertyPath, value: &Value) -> Result<(), Refusal> {
        match (path.property, value) {
            (PropertyId::BrightnessNits, Value::Number(_)) => {
                match self.facts.screens.iter().find(|screen| screen.peak_nits.is_none()) {
                    Some(screen) => Err(Refusal::PeakUnknown { screen: screen.id.clone() }),
                    None => Ok(()),
                }
            }
            (_, value)
                if path.target == Target::Wall
                    && path.property.property().scope == Scope::Cabinet
                    && *value != path.property.property().default_value() =>
            {
                Err(Refusal::OfParts { path: path.to_string() })
            }
            (PropertyId::FaultLoss, Value::Number(permille)) if *permille > 0.0 && !self.facts.is_virtual => {
                Err(Refusal::VirtualOnly { path: path.to_string() })
            }
            _ => Ok(()),
        }
    }

    fn text(&self, row: &Property, value: &Value, form: TextForm, unset: Option<&str>) -> Result<Value, Refusal> {
        let text = value.to_string();
        let text = text.trim();
        if text.is_empty() || text.len() > MAX_TEXT_BYTES || text.chars().any(char::is_control) {
            let longest = u32::try_from(MAX_TEXT_BYTES).unwrap_or(u32::MAX);
            return Err(wrong_kind(row, value, Expected::Text(longest)));
        }
        // "off" reaches this place as a switch when a socket client writes `false`.
        if let Some(word) = unset.filter(|word| word.eq_ignore_ascii_case(text) || *value == Value::Switch(false)) {
            return Ok(Value::text(word));
        }
        if form == TextForm::Cabinet {
            self.check_cabinet(text)?;
        }
        if form == TextForm::SourceUri && self.facts.sources.iter().any(|name| name == text) {
            return Ok(Value::text(text));
        }
        match (self.reader)(form, text) {
            Ok(()) => Ok(Value::text(text)),
            // Whoever writes no colon means a name.
            Err(reason) if form == TextForm::SourceUri && !self.facts.sources.is_empty() && !text.contains(':') => {
                Err(Refusal::UnknownSource { name: text.to_owned(), known: self.facts.sources.clone(), reason })
            }
            Err(reason) => Err(Refusal::BadText { path: row.path.to_owned(), text: text.to_owned(), reason }),
        }
    }
}

fn wrong_kind(row: &Property, value: &Value, expected: Expected) -> Refusal {
    // What a client sent is quoted back, but not a megabyte of it.
    let value = value.to_string().chars().take(80).collect();
    Refusal::WrongKind { path: row.path.to_owned(), expected, value }
}

fn switch(row: &Property, value: &Value) -> Result<Value, Refusal> {
    let on = match value {
        Value::Switch(on) => Some(*on),
        Value::Number(_) => None,
        Value::Text(text) => match text.to_ascii_lowercase().as_str() {
            "on" | "true" | "yes" => Some(true),
            "off" | "false" | "no" => Some(false),
            _ => None,
        },
    };
    on.map(Value::Switch).ok_or_else(|| wrong_kind(row, value, Expected::Switch))
}

fn number(row: &Property, value: &Value, [min, max, step]: [f64; 3], unset: Option<&str>) -> Result<Value, Refusal> {
    let wanted = match value {
        Value::Number(number) => Some(*number),
        Value::Text(text) => {
            if let Some(word) = unset.filter(|word| word.eq_ignore_ascii_case(text.trim())) {
                return Ok(Value::text(word));
            }
            parse_number(text, row.unit)
        }
        Value::Switch(_) => None,
    };
    let expected =
        || unset.map_or_else(|| Expected::Number(row.unit.sign().to_owned()), |word| Expected::NumberOr(word.to_owned()));
    let number = wanted.filter(|number| number.is_finite()).ok_or_else(|| wrong_kind(row, value, expected()))?;
    if number < min || number > max {
        return Err(Refusal::OutOfRange { path: row.path.to_owned(), value: number, min, max });
    }
    Ok(Value::Number(round_to_step(number, min, step).clamp(min, max)))
}

/// A number as people type it, with or without its unit.
fn parse_number(text: &str, unit: Unit) -> Option<f64> {
    let lower = text.trim().to_ascii_lowercase();
    let number = unit.spellings().iter().find_map(|spelling| lower.strip_suffix(spelling)).unwrap_or(&lower);
    number.trim_end().parse().ok()
}

/// The nearest value on the grid min, min + step, ..., as the shortest decimal fraction of the step's digits.
fn round_to_step(number: f64, min: f64, step: f64) -> f64 {
    let on_grid = ((number - min) / step).round().mul_add(step, min);
    // Steps are decimal fractions, which binary floats miss by a little: 0.1 * 3 is 0.30000000000000004.
    let decimals = (0..9).find(|&d| is_whole(step * 10_f64.powi(d))).unwrap_or(9);
    let scale = 10_f64.powi(decimals);
    (on_grid * scale).round() / scale
}

fn is_whole(number: f64) -> bool {
    (number - number.round()).abs() < 1e-9
}

fn choice(row: &Property, value: &Value, options: &[Choice]) -> Result<Value, Refusal> {
    let text = value.to_string();
    let wanted = text.trim();
    options
        .iter()
        .find(|option| option.word.eq_ignore_ascii_case(wanted))
        .map(|option| Value::text(option.word))
        .ok_or_else(|| wrong_kind(row, value, Expected::OneOf(options.iter().map(|option| option.word.to_owned()).collect())))
}

#[cfg(test)]
mod tests {
    use super::super::facts::{CabinetFacts, ScreenFacts};
    use super::*;

    fn facts() -> WallFacts {
        let cabinet = |id: &str| CabinetFacts { id: id.into(), ..CabinetFacts::default() };
        WallFacts {
            screens: vec![ScreenFacts { id: "main".into(), brightness_limit: 0.8, peak_nits: Some(1000.0) }],
            cabinets: vec![cabinet("A1"), cabinet("B1")],
            ..WallFacts::default()
        }
    }

    fn check(path: &str, value: &Value) -> Result<Value, Refusal> {
        Checker { facts: &facts(), reader: any_text }.check(&path.parse().expect("known path"), value)
    }

    #[test]
    fn numbers_are_rounded_to_their_step_without_binary_noise() {
        assert_eq!(check("brightness.percent", &Value::Number(0.3)), Ok(Value::Number(0.3)));
        assert_eq!(check("brightness.percent", &Value::Number(33.333)), Ok(Value::Number(33.3)));
        assert_eq!(check("color.duv", &Value::Number(0.003_1)), Ok(Value::Number(0.003)));
        assert_eq!(check("color.temperature_k", &Value::text("6504 K")), Ok(Value::Number(6500.0)));
    }

    #[test]
    fn units_and_unset_words_are_understood() {
        assert_eq!(check("brightness.percent", &Value::text("35%")), Ok(Value::Number(35.0)));
        assert_eq!(check("color.temperature_k", &Value::text("Native")), Ok(Value::text("native")));
        assert_eq!(check("pattern", &Value::Switch(false)), Ok(Value::text("off")));
        assert_eq!(check("dither.period", &Value::Number(8.0)), Ok(Value::text("8")));
        assert_eq!(check("lock", &Value::text("ON")), Ok(Value::Switch(true)));
    }

    #[test]
    fn what_does_not_fit_is_refused_by_name() {
        let refused = |path: &str, value: &Value, part: &str| {
            let text = check(path, value).expect_err("is refused").to_string();
            assert!(text.contains(part), "{text}");
        };
        refused("brightness.percent", &Value::Number(101.0), "from 0 to 100");
        refused("brightness.percent", &Value::Number(f64::NAN), "a number of %");
        refused("color.temperature_k", &Value::text("warm"), "\"native\"");
        refused("output.mode", &Value::text("off"), "normal, black-out, freeze");
        refused("screen:left/color.gamma", &Value::Number(2.2), "it has main");
        refused("identify", &Value::text("A2"), "did you mean \"A1\"");
        refused("cabinet:C1/trim.brightness", &Value::Number(99.0), "did you mean");
        refused("group:left/trim.brightness", &Value::Number(99.0), "no group of this name; it has none");
        refused("cabinet:A1/trim.brightness", &Value::Number(201.0), "from 0 to 200");
        refused("trim.brightness", &Value::Number(99.0), "cabinet:ID/trim.brightness");
        refused("fault.loss_permille", &Value::Number(1.0), "virtual walls only");
        refused("source.uri", &Value::text("a\nb"), "one line of text");
    }
}

//! The words of patterns: how they are printed, read, and explained.

use core::fmt;

use super::catalog::{FULL_FLAG, ParameterKind};
use super::{Color, Direction, Level, Pattern, Shape};

impl fmt::Display for Pattern {
    /// The text from which this pattern is parsed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shape.fmt(f)?;
        match (self.full, self.shape) {
            (false, _) => Ok(()),
            (true, Shape::Cabinets | Shape::Ports | Shape::Focus | Shape::Flat { color: Color::Black, .. }) => {
                write!(f, "?{FULL_FLAG}")
            }
            (true, _) => write!(f, "&{FULL_FLAG}"),
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Flat { color: Color::Black, .. } => f.write_str("black"),
            Self::Flat { color, level } => write!(f, "{color}?level={level}"),
            Self::Ramp { direction, color, from, to } => {
                write!(f, "ramp?direction={direction}&color={color}&from={from}&to={to}")
            }
            Self::LowGrey { steps, top, color } => write!(f, "low-grey?top={top}&steps={steps}&color={color}"),
            Self::Grid { cell } => write!(f, "grid?cell={cell}"),
            Self::Checker { cell } => write!(f, "checker?cell={cell}"),
            Self::Bars { level } => write!(f, "bars?level={level}"),
            Self::Cabinets => f.write_str("cabinets"),
            Self::Ports => f.write_str("ports"),
            Self::MovingBars { direction, color, width, speed } => {
                write!(f, "moving-bars?direction={direction}&color={color}&width={width}&speed={speed}")
            }
            Self::ZonePlate { speed } => write!(f, "zone-plate?speed={speed}"),
            Self::Focus => f.write_str("focus"),
        }
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Black => "black",
            Self::Red => "red",
            Self::Green => "green",
            Self::Blue => "blue",
            Self::Cyan => "cyan",
            Self::Magenta => "magenta",
            Self::Yellow => "yellow",
            Self::White => "white",
        })
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Horizontal => "horizontal",
            Self::Vertical => "vertical",
        })
    }
}

impl fmt::Display for Level {
    /// Percent, as short as the 16-bit code allows.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{:.4}", self.percent());
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

impl ParameterKind {
    /// What it takes, to follow the word "expected".
    #[must_use]
    pub fn expectation(self) -> String {
        match self {
            Self::Percent { .. } => "0 to 100 %".to_owned(),
            Self::Count { unit: "", low, high, .. } => format!("a whole number from {low} to {high}"),
            Self::Count { unit, low, high, .. } => format!("a whole number of {unit} from {low} to {high}"),
            Self::Color { .. } => format!("one of {}", Color::ALL.map(|color| color.to_string()).join(", ")),
            Self::Direction { .. } => "horizontal or vertical".to_owned(),
        }
    }

    /// The value when it is left out, as it would be written.
    #[must_use]
    pub fn default_text(self) -> String {
        match self {
            Self::Percent { default } => default.to_string(),
            Self::Count { default, .. } => default.to_string(),
            Self::Color { default } => default.to_string(),
            Self::Direction { default } => default.to_string(),
        }
    }
}

pub(super) fn parse_color(text: &str) -> Option<Color> {
    Color::ALL.into_iter().find(|color| color.to_string() == text)
}

pub(super) fn parse_direction(text: &str) -> Option<Direction> {
    [Direction::Horizontal, Direction::Vertical].into_iter().find(|direction| direction.to_string() == text)
}

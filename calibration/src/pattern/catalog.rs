//! The list of patterns: names, help and parameters, from which text is parsed and the `patterns` command prints.

use super::{Color, Direction, Level, Shape};

/// One pattern that can be asked for.
#[derive(Debug, Clone, Copy)]
pub struct PatternInfo {
    /// The word that selects it.
    pub name: &'static str,
    /// What it shows and what it is good for, one sentence.
    pub help: &'static str,
    /// Its parameters; a value without a key goes to the first.
    pub parameters: &'static [ParameterInfo],
    /// The shape with these values.
    pub(super) shape: fn(&mut Values<'_>) -> Shape,
}

/// One parameter of a pattern.
#[derive(Debug, Clone, Copy)]
pub struct ParameterInfo {
    /// The word before the `=`.
    pub key: &'static str,
    /// What it does.
    pub help: &'static str,
    /// What it takes.
    pub kind: ParameterKind,
}

/// What a parameter takes, and its value when it is left out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ParameterKind {
    /// Percent of the signal, 0 to 100; a `%` may follow.
    Percent {
        /// When left out.
        default: f64,
    },
    /// A whole number.
    Count {
        /// What is counted: `px`, `px/frame`.
        unit: &'static str,
        /// Smallest.
        low: u32,
        /// Largest.
        high: u32,
        /// When left out.
        default: u32,
    },
    /// Channels by colour name.
    Color {
        /// When left out.
        default: Color,
    },
    /// `horizontal` or `vertical`.
    Direction {
        /// When left out.
        default: Direction,
    },
}

/// A parameter's value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value {
    Level(Level),
    Count(u32),
    Color(Color),
    Direction(Direction),
}

/// The values of a pattern's parameters, taken one after the other in the catalogue's order. A value of another type than
/// the one asked for would be an error of the catalogue; it yields the type's largest value, and a test finds it.
#[derive(Debug)]
pub(super) struct Values<'a>(pub(super) core::slice::Iter<'a, Value>);

impl Values<'_> {
    fn level(&mut self) -> Level {
        if let Some(&Value::Level(level)) = self.0.next() { level } else { Level::FULL }
    }

    fn count(&mut self) -> u32 {
        if let Some(&Value::Count(count)) = self.0.next() { count } else { u32::MAX }
    }

    fn color(&mut self) -> Color {
        if let Some(&Value::Color(color)) = self.0.next() { color } else { Color::White }
    }

    fn direction(&mut self) -> Direction {
        if let Some(&Value::Direction(direction)) = self.0.next() { direction } else { Direction::Vertical }
    }

    fn flat(&mut self, color: Color) -> Shape {
        Shape::Flat { color, level: self.level() }
    }
}

/// The flag that every pattern takes.
pub const FULL_FLAG: &str = "full";

/// What [`FULL_FLAG`] does.
pub const FULL_HELP: &str = "show it at the brightness that is set, even above 20 %";

const LEVEL: ParameterInfo =
    ParameterInfo { key: "level", help: "code value of the channels", kind: ParameterKind::Percent { default: 100.0 } };
const COLOR: ParameterInfo =
    ParameterInfo { key: "color", help: "channels that take part", kind: ParameterKind::Color { default: Color::White } };
const DIRECTION: ParameterInfo = ParameterInfo {
    key: "direction",
    help: "along which side",
    kind: ParameterKind::Direction { default: Direction::Horizontal },
};

const fn percent(key: &'static str, help: &'static str, default: f64) -> ParameterInfo {
    ParameterInfo { key, help, kind: ParameterKind::Percent { default } }
}

const fn count(
    (key, help): (&'static str, &'static str),
    unit: &'static str,
    (low, high, default): (u32, u32, u32),
) -> ParameterInfo {
    ParameterInfo { key, help, kind: ParameterKind::Count { unit, low, high, default } }
}

/// A colour all over, at a level that is its only parameter.
const fn flat(name: &'static str, help: &'static str, shape: fn(&mut Values<'_>) -> Shape) -> PatternInfo {
    PatternInfo { name, help, parameters: &[LEVEL], shape }
}

const fn plain(name: &'static str, help: &'static str, shape: fn(&mut Values<'_>) -> Shape) -> PatternInfo {
    PatternInfo { name, help, parameters: &[], shape }
}

/// Every pattern, in the order in which they are listed.
pub const PATTERNS: [PatternInfo; 19] = [
    plain("black", "No light: shows stuck LEDs and stray light.", |_| Shape::Flat { color: Color::Black, level: Level::OFF }),
    flat("white", "All channels: dead LEDs, uniformity, power draw.", |v| v.flat(Color::White)),
    flat("red", "Red alone: dead LEDs, uniformity of red.", |v| v.flat(Color::Red)),
    flat("green", "Green alone: dead LEDs, uniformity of green.", |v| v.flat(Color::Green)),
    flat("blue", "Blue alone: dead LEDs, uniformity of blue.", |v| v.flat(Color::Blue)),
    flat("cyan", "Green and blue.", |v| v.flat(Color::Cyan)),
    flat("magenta", "Red and blue.", |v| v.flat(Color::Magenta)),
    flat("yellow", "Red and green.", |v| v.flat(Color::Yellow)),
    PatternInfo {
        name: "grey",
        help: "Equal channels at a level: uniformity and colour of low light.",
        parameters: &[percent("level", "code value of the channels", 50.0)],
        shape: |v| v.flat(Color::White),
    },
    PatternInfo {
        name: "ramp",
        help: "Smooth ramp in 16 bits: banding, gamma, depth of the whole chain.",
        parameters: &[
            DIRECTION,
            COLOR,
            percent("from", "level of the first column or row", 0.0),
            percent("to", "level of the last column or row", 100.0),
        ],
        shape: |v| Shape::Ramp { direction: v.direction(), color: v.color(), from: v.level(), to: v.level() },
    },
    PatternInfo {
        name: "low-grey",
        help: "Steps of the lowest levels in 16 bits: flicker, colour casts and lost steps near black.",
        parameters: &[
            percent("top", "level of the last step", 6.0),
            count(("steps", "number of steps"), "", (2, 256, 16)),
            COLOR,
        ],
        shape: |v| Shape::LowGrey { top: v.level(), steps: v.count(), color: v.color() },
    },
    PatternInfo {
        name: "grid",
        help: "Lines of one pixel: geometry, lost columns, swapped modules.",
        parameters: &[count(("cell", "from line to line"), "px", (2, 1024, 16))],
        shape: |v| Shape::Grid { cell: v.count() },
    },
    PatternInfo {
        name: "checker",
        help: "Squares: at one pixel the hardest load for drivers and the best test for scaling.",
        parameters: &[count(("cell", "side of a square"), "px", (1, 1024, 1))],
        shape: |v| Shape::Checker { cell: v.count() },
    },
    PatternInfo {
        name: "bars",
        help: "Colour bars as SMPTE EG 1 arranges them, with steps just above black.",
        parameters: &[percent("level", "level of the upper bars: 75 or 100 are usual", 75.0)],
        shape: |v| Shape::Bars { level: v.level() },
    },
    plain("cabinets", "Each cabinet's name, port and place; a mark shows its own top left corner.", |_| Shape::Cabinets),
    plain("ports", "One colour per port, numbered along the cascade: cabling.", |_| Shape::Ports),
    PatternInfo {
        name: "moving-bars",
        help: "Bars that move: tearing, dropped and repeated frames.",
        parameters: &[
            DIRECTION,
            COLOR,
            count(("width", "of a bar and of the gap"), "px", (1, 4096, 32)),
            count(("speed", "how far they move"), "px/frame", (0, 256, 4)),
        ],
        shape: |v| Shape::MovingBars { direction: v.direction(), color: v.color(), width: v.count(), speed: v.count() },
    },
    PatternInfo {
        name: "zone-plate",
        help: "Rings down to one pixel: shows scaling, resampling and lost pixels.",
        parameters: &[count(("speed", "rings that pass in 100 frames"), "rings/100 frames", (0, 100, 0))],
        shape: |v| Shape::ZonePlate { speed: v.count() },
    },
    plain("focus", "Star, cross and fine lines in each cabinet: for focusing a camera.", |_| Shape::Focus),
];

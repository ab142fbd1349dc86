//! What can be wrong with a wall: every fault as its own variant with its numbers, its place and its way out.

use core::fmt;

use super::limits;
use super::path::DocPath;
use crate::geometry::{Orientation, PixelRect, PixelSize};
use crate::ids::{CabinetId, PortId, ScreenId};

/// Everything that is wrong with a document; never empty.
#[derive(Debug, Clone, PartialEq)]
pub struct WallProblems {
    /// The problems in the order of the document's sections, at most [`limits::MAX_PROBLEMS`].
    pub problems: Vec<WallProblem>,
    /// Problems beyond those that are listed.
    pub unlisted: usize,
}

/// One fault and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct WallProblem {
    /// The key to change.
    pub place: DocPath,
    /// What is wrong with it.
    pub fault: WallFault,
}

/// What a name or a number belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are the things")]
pub enum Item {
    Screen,
    Port,
    Cabinet,
    Module,
    ModuleRow,
    ModuleModel,
    CabinetModel,
    Group,
    Serial,
    AssetLabel,
    CascadedCard,
}

/// A setting that only one protocol knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ForeignSetting {
    /// Colorlight has no link but gigabit.
    ColorlightRate,
    /// Colorlight rows are never longer than 1512 bytes.
    ColorlightMtu,
    /// Colorlight rows carry 8 bits per sample.
    ColorlightFormat,
    /// Colorlight cascades have one fed end.
    ColorlightRedundant,
    /// Colorlight cards take no coefficients from this project.
    ColorlightCalibration,
    /// Colorlight settings on a port that speaks OCP-809.
    ColorlightTable,
}

/// One kind of mistake.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum WallFault {
    /// The document's version is not the one that this program reads.
    #[error("version {found} of the wall file, where version {newest} is expected")]
    SchemaVersion {
        /// Written version.
        found: u32,
        /// The version of [`super::spec::WALL_SCHEMA_VERSION`].
        newest: u32,
    },
    /// A list is empty that a wall cannot do without.
    #[error("there is no {item}, at least one is needed")]
    None {
        /// What is missing.
        item: Item,
    },
    /// A list or a grid is longer than a wall can be.
    #[error("{found} x {item}, at most {limit} are possible here")]
    TooMany {
        /// What there is too much of.
        item: Item,
        /// How many.
        found: u64,
        /// How many are possible.
        limit: u64,
    },
    /// More LED pixels than a wall can have.
    #[error("{pixels} pixels, at most {limit} are possible")]
    TooManyPixels {
        /// Pixels, summed until the limit was passed.
        pixels: u64,
        /// The limit.
        limit: u64,
    },
    /// An id that cannot be written in a command or a property path.
    #[error("\"{id}\" cannot be a name")]
    BadId {
        /// As written.
        id: String,
    },
    /// A serial number that a card cannot have.
    #[error("\"{serial}\" cannot be a serial number")]
    BadSerial {
        /// As written.
        serial: String,
    },
    /// A name, serial number or label that was used before.
    #[error("{item} \"{name}\" exists already at {first}")]
    Duplicate {
        /// What it names.
        item: Item,
        /// The name.
        name: String,
        /// Where it was used first.
        first: DocPath,
    },
    /// A name that nothing has.
    #[error("there is no {item} \"{name}\"")]
    Unknown {
        /// What was looked for.
        item: Item,
        /// The name.
        name: String,
        /// Names that exist, the first few.
        known: Vec<String>,
    },
    /// Width, height or a count is 0.
    #[error("{width} x {height}: both must be at least 1")]
    ZeroSize {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// A number outside its range.
    #[error("{found}{unit}, expected {least} to {most}{unit}")]
    OutOfRange {
        /// As written.
        found: f64,
        /// Smallest possible value.
        least: f64,
        /// Largest possible value.
        most: f64,
        /// Unit, with its space.
        unit: &'static str,
    },
    /// A number that is none of a few possible ones.
    #[error("{found} is none of {allowed:?}")]
    NotOneOf {
        /// As written.
        found: u32,
        /// What is possible.
        allowed: &'static [u32],
    },
    /// A chromaticity outside the diagram.
    #[error("x = {x}, y = {y} is no chromaticity: x and y must be above 0 and their sum at most 1")]
    BadChromaticity {
        /// CIE 1931 x.
        x: f64,
        /// CIE 1931 y.
        y: f64,
    },
    /// White cannot be mixed from the primaries.
    #[error("white x = {x}, y = {y} lies outside of the triangle of the primaries")]
    WhiteOutside {
        /// CIE 1931 x.
        x: f64,
        /// CIE 1931 y.
        y: f64,
    },
    /// Modules reach beyond their cabinet.
    #[error("the modules reach to column {right} and row {bottom} of a cabinet of {} x {} pixels", .cabinet.width, .cabinet.height)]
    ModuleOutside {
        /// First column after them.
        right: u64,
        /// First row after them.
        bottom: u64,
        /// The cabinet's size.
        cabinet: PixelSize,
    },
    /// Two modules of a cabinet model share pixels.
    #[error("shares pixels with {other}, {}", Area(.at))]
    ModulesOverlap {
        /// The other entry.
        other: DocPath,
        /// A shared rectangle, in the cabinet's own orientation.
        at: PixelRect,
    },
    /// A cabinet reaches beyond its screen.
    #[error("the cabinet reaches to column {right} and row {bottom} of screen {screen} with {} x {} pixels", .size.width, .size.height)]
    CabinetOutside {
        /// Its screen.
        screen: ScreenId,
        /// First column after it.
        right: u64,
        /// First row after it.
        bottom: u64,
        /// The screen's size.
        size: PixelSize,
    },
    /// Modules of two cabinets share pixels.
    #[error("cabinet {cabinet} overlaps {other} ({other_place}), {}", Area(.at))]
    CabinetsOverlap {
        /// The later one.
        cabinet: CabinetId,
        /// The earlier one.
        other: CabinetId,
        /// Where the earlier one stands.
        other_place: DocPath,
        /// A shared rectangle on the screen.
        at: PixelRect,
    },
    /// Two cabinets at one place of a cascade.
    #[error("place {place} on port {port} is taken by {other} ({first})")]
    PlaceTaken {
        /// The port.
        port: PortId,
        /// The place.
        place: u16,
        /// Who has it.
        other: CabinetId,
        /// Where that one stands.
        first: DocPath,
    },
    /// Places of a cascade that no cabinet has, though a later one is taken.
    #[error("port {port} has no cabinet at place {first}..={last}, but some after it")]
    PlaceMissing {
        /// The port.
        port: PortId,
        /// First missing place.
        first: u16,
        /// Last missing place.
        last: u16,
    },
    /// A module hangs rotated or mirrored where the card cuts it out of a canvas.
    #[error("module {module} of cabinet {cabinet} hangs {}, but port {port} is addressed as a canvas", Hang(.orientation))]
    CanvasTurned {
        /// The port.
        port: PortId,
        /// The cabinet.
        cabinet: CabinetId,
        /// The module's position in the cabinet.
        module: u16,
        /// How it hangs.
        orientation: Orientation,
    },
    /// A cabinet with holes where the card cuts a rectangle out of a canvas.
    #[error("cabinet {cabinet} has {missing} pixels without a module, but port {port} is addressed as a canvas")]
    CanvasHole {
        /// The port.
        port: PortId,
        /// The cabinet.
        cabinet: CabinetId,
        /// Pixels without a module.
        missing: u64,
    },
    /// Cabinets of one canvas lie on two screens.
    #[error("port {port} is addressed as a canvas and has cabinets on the screens {first} and {second}")]
    CanvasScreens {
        /// The port.
        port: PortId,
        /// Screen of its first cabinet.
        first: ScreenId,
        /// Another one.
        second: ScreenId,
    },
    /// A canvas whose rows or columns the protocol cannot count.
    #[error("the cabinets of port {port} span {} x {} pixels, a canvas has at most {limit} columns and rows", .size.width, .size.height)]
    CanvasTooLarge {
        /// The port.
        port: PortId,
        /// Bounding size of its cabinets.
        size: PixelSize,
        /// The limit.
        limit: u32,
    },
    /// More packets than a frame can count.
    #[error("port {port} needs {packets} packets for one frame, the protocol counts to {limit}")]
    TooManyPackets {
        /// The port.
        port: PortId,
        /// Packets of one frame.
        packets: u64,
        /// The limit.
        limit: u64,
    },
    /// A setting that the port's protocol does not have.
    #[error("{setting}")]
    Foreign {
        /// Which.
        setting: ForeignSetting,
    },
}

impl WallFault {
    /// Another place that takes part in the fault.
    #[must_use]
    pub const fn other_place(&self) -> Option<&DocPath> {
        if let Self::Duplicate { first: other, .. }
        | Self::PlaceTaken { first: other, .. }
        | Self::ModulesOverlap { other, .. }
        | Self::CabinetsOverlap { other_place: other, .. } = self
        {
            return Some(other);
        }
        None
    }

    /// What to do about it.
    #[must_use]
    pub fn way_out(&self) -> String {
        match self {
            Self::SchemaVersion { found, newest } if found > newest => "open it with the newer program that wrote it".to_owned(),
            Self::SchemaVersion { newest, .. } => format!("write schema_version = {newest}"),
            Self::None { item } => format!("add a [[{}]]", item.list()),
            Self::TooMany { limit, .. } => format!("reduce them to {limit}, or split the wall into two files"),
            Self::TooManyPixels { .. } => "split the wall into two files, or correct the sizes".to_owned(),
            Self::BadId { .. } => format!(
                "use 1 to {} letters, digits, '-' and '_'; other text can go into an asset label or a group's name",
                limits::MAX_ID_CHARS
            ),
            Self::BadSerial { .. } => "use 1 to 16 printable ASCII characters without spaces, or leave it out".to_owned(),
            Self::Duplicate { item, .. } => format!("give each {item} its own"),
            Self::Unknown { item, known, .. } if known.is_empty() => format!("add a [[{}]] of this name", item.list()),
            Self::Unknown { known, .. } => format!("use one of: {}", known.join(", ")),
            Self::ZeroSize { .. } => "give both as counts of pixels or modules".to_owned(),
            Self::OutOfRange { least, most, unit, .. } => format!("choose a value between {least} and {most}{unit}"),
            Self::NotOneOf { allowed, .. } => format!("choose one of {allowed:?}"),
            Self::BadChromaticity { .. } => "give CIE 1931 x and y, for example [0.640, 0.330]".to_owned(),
            Self::WhiteOutside { .. } => "measure the primaries and white again, or leave `primaries` out".to_owned(),
            Self::ModuleOutside { right, bottom, .. } => {
                format!("make the cabinet model {right} x {bottom} pixels, or move the modules")
            }
            Self::ModulesOverlap { .. } => "move one of them".to_owned(),
            Self::CabinetOutside { right, bottom, .. } => {
                format!("move the cabinet, or make the screen at least {right} x {bottom} pixels")
            }
            Self::CabinetsOverlap { .. } => "move one of them; holes and irregular outlines are fine".to_owned(),
            Self::PlaceTaken { .. } => "number the cabinets of a port 0, 1, 2 .. along its cable".to_owned(),
            Self::PlaceMissing { first, last, .. } => {
                format!("add the missing cabinets, or move the later ones {} places nearer", u32::from(last - first) + 1)
            }
            Self::CanvasTurned { .. } => {
                "hang it upright, or turn the picture in the card and write it upright here, or address the port by id".to_owned()
            }
            Self::CanvasHole { .. } => {
                "use a cabinet model whose modules fill its rectangle, or address the port by id".to_owned()
            }
            Self::CanvasScreens { .. } => "give each screen its own port".to_owned(),
            Self::CanvasTooLarge { .. } | Self::TooManyPackets { .. } => "move cabinets to another port".to_owned(),
            Self::Foreign { setting } => setting.way_out().to_owned(),
        }
    }
}

impl fmt::Display for WallProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.place, self.fault, self.fault.way_out())
    }
}

impl fmt::Display for WallProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.problems.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        if self.unlisted > 0 {
            write!(f, "\nand {} more", self.unlisted)?;
        }
        Ok(())
    }
}

impl core::error::Error for WallProblems {}

impl Item {
    /// The name of its list in the document.
    #[must_use]
    pub const fn list(self) -> &'static str {
        match self {
            Self::Screen => "screen",
            Self::Port => "port",
            Self::Cabinet | Self::Serial | Self::AssetLabel | Self::CascadedCard => "cabinet",
            Self::Module | Self::ModuleRow => "cabinet_model.module",
            Self::ModuleModel => "module_model",
            Self::CabinetModel => "cabinet_model",
            Self::Group => "group",
        }
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Screen => "screen",
            Self::Port => "port",
            Self::Cabinet => "cabinet",
            Self::Module => "module",
            Self::ModuleRow => "pixel row of a module",
            Self::ModuleModel => "module model",
            Self::CabinetModel => "cabinet model",
            Self::Group => "group",
            Self::Serial => "serial number",
            Self::AssetLabel => "asset label",
            Self::CascadedCard => "card on one port",
        })
    }
}

impl ForeignSetting {
    const fn way_out(self) -> &'static str {
        match self {
            Self::ColorlightRate => "write link.rate_mbit = 1000",
            Self::ColorlightMtu => "leave link.mtu out",
            Self::ColorlightFormat => "write link.format = \"rgb8\"; dithering gives the deeper grays",
            Self::ColorlightRedundant => "leave `redundant` out on this port",
            Self::ColorlightCalibration => "write calibration_at = \"host\"",
            Self::ColorlightTable => "remove [port.colorlight], or write protocol = \"colorlight\"",
        }
    }
}

impl fmt::Display for ForeignSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ColorlightRate => "Colorlight receivers speak gigabit Ethernet only",
            Self::ColorlightMtu => "Colorlight packets have a fixed size, there is no MTU to choose",
            Self::ColorlightFormat => "Colorlight receivers take 8 bits per sample only",
            Self::ColorlightRedundant => "a Colorlight cascade is fed from one end only",
            Self::ColorlightCalibration => "coefficients cannot be sent to Colorlight receivers",
            Self::ColorlightTable => "Colorlight settings on a port that speaks OCP-809",
        })
    }
}

/// A rectangle in words.
struct Area<'a>(&'a PixelRect);

impl fmt::Display for Area<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PixelRect { x, y, width, height } = self.0;
        write!(f, "{width} x {height} pixels at column {x}, row {y}")
    }
}

/// An orientation in words.
struct Hang<'a>(&'a Orientation);

impl fmt::Display for Hang<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mirrored = if self.0.mirror { "mirrored and " } else { "" };
        write!(f, "{mirrored}turned by {} degrees", self.0.rotation.degrees())
    }
}

/// Collects problems while a document is resolved.
#[derive(Debug, Default)]
pub(super) struct Problems {
    listed: Vec<WallProblem>,
    unlisted: usize,
}

impl Problems {
    pub(super) fn push(&mut self, place: DocPath, fault: WallFault) {
        if self.listed.len() < limits::MAX_PROBLEMS {
            self.listed.push(WallProblem { place, fault });
        } else {
            self.unlisted += 1;
        }
    }

    /// `value`, unless something was wrong.
    pub(super) fn finish<T>(self, value: T) -> Result<T, WallProblems> {
        if self.listed.is_empty() { Ok(value) } else { Err(WallProblems { problems: self.listed, unlisted: self.unlisted }) }
    }
}

//! What an installation is made of: screens, cabinets, modules, ports and cascades.
//!
//! [`spec`] is the document; [`Wall`] is a document that proved consistent, with every position resolved to its screen's
//! raster. Nothing outside this module can make a `Wall`.

#[cfg(test)]
pub(crate) mod arbitrary;
mod builder;
pub mod diagram;
pub mod edit;
pub mod layout;
pub mod limits;
pub mod migrate;
pub mod path;
pub mod problem;
#[cfg(test)]
mod problem_tests;
#[cfg(test)]
mod samples;
pub mod spec;
mod validate;

use core::ops::Range;

use crate::geometry::{Orientation, PixelPoint, PixelRect, PixelSize};
use crate::ids::{CabinetId, CabinetIndex, GroupId, ModuleIndex, PortId, PortIndex, ScreenId, ScreenIndex};
pub use path::DocPath;
pub use problem::{WallFault, WallProblem, WallProblems};
pub use spec::{
    Addressing, AppliedAt, ColorOrder, ColorlightBrightnessLaw, ColorlightFirmware, ColorlightSpec, LinkSpec, LinkTransfer,
    PrimariesSpec, ProtocolKind, WallSpec, WireFormat,
};

/// A consistent wall: ids are unique, references resolve, modules overlap nowhere and lie on their screens.
#[derive(Debug, Clone, PartialEq)]
pub struct Wall {
    name: String,
    screens: Vec<Screen>,
    ports: Vec<Port>,
    cabinets: Vec<Cabinet>,
    modules: Vec<Module>,
}

/// One LED surface with its own raster.
#[derive(Debug, Clone, PartialEq)]
pub struct Screen {
    /// Its name.
    pub id: ScreenId,
    /// Its raster.
    pub size: PixelSize,
    /// Distance between two LEDs, in millimetres.
    pub pitch_mm: f64,
    /// The part of the source picture that it shows.
    pub source: PixelRect,
    /// Brightness that no client can exceed, 0.0 to 1.0.
    pub brightness_limit: f64,
    /// Luminance of full white in cd/m2, where known.
    pub peak_nits: Option<f64>,
    /// Chromaticities of the LEDs, where known.
    pub primaries: Option<PrimariesSpec>,
}

/// One Ethernet output.
#[derive(Debug, Clone, PartialEq)]
pub struct Port {
    /// Its name.
    pub id: PortId,
    /// Its protocol.
    pub protocol: ProtocolKind,
    /// The link.
    pub link: LinkSpec,
    /// How its cards find their pixels.
    pub addressing: Addressing,
    /// Whether the far end is fed too.
    pub redundant: bool,
    /// Who applies brightness and gains.
    pub brightness_at: AppliedAt,
    /// Who applies calibration.
    pub calibration_at: AppliedAt,
    /// Raw settings of a Colorlight port; the defaults elsewhere.
    pub colorlight: ColorlightSpec,
    /// Its cabinets in cascade order, nearest to the sender first.
    pub cascade: Vec<CabinetIndex>,
    /// Size of the canvas that target 0 addresses; 0x0 on a port that addresses by id.
    pub canvas: PixelSize,
}

/// One cabinet with its card.
#[derive(Debug, Clone, PartialEq)]
pub struct Cabinet {
    /// Its name.
    pub id: CabinetId,
    /// Serial number of its card, where known.
    pub serial: Option<String>,
    /// The owner's sticker.
    pub asset_label: Option<String>,
    /// Name of its model.
    pub model: String,
    /// Its screen.
    pub screen: ScreenIndex,
    /// The rectangle that it covers on the screen.
    pub rect: PixelRect,
    /// How it hangs.
    pub orientation: Orientation,
    /// The port that feeds it.
    pub port: PortIndex,
    /// Place in the cascade, 0 nearest to the sender.
    pub place: u16,
    /// Top left corner of its rectangle on the port's canvas; (0, 0) on a port that addresses by id.
    pub canvas_origin: PixelPoint,
    /// Its modules, a range of [`Wall::modules`].
    pub modules: Range<u32>,
    /// Pixels of its card's memory.
    pub memory_pixels: u32,
    /// Groups that it belongs to.
    pub groups: Vec<GroupId>,
}

/// One LED board as it hangs on the wall.
#[derive(Debug, Clone, PartialEq)]
pub struct Module {
    /// Its cabinet.
    pub cabinet: CabinetIndex,
    /// Its screen.
    pub screen: ScreenIndex,
    /// Position in the cabinet, in the order of the card's memory.
    pub position: u16,
    /// Name of its model.
    pub model: String,
    /// Pixels in its own orientation.
    pub size: PixelSize,
    /// Where it lies in the cabinet's own orientation.
    pub in_cabinet: PixelRect,
    /// How it hangs on the screen (its own orientation inside its cabinet's).
    pub orientation: Orientation,
    /// The rectangle that it covers on the screen.
    pub rect: PixelRect,
    /// Index of its first pixel in the card's memory.
    pub memory_offset: u32,
    /// Order of samples that it wants on the wire.
    pub color_order: ColorOrder,
    /// Row phases that share a driver.
    pub scan: u16,
    /// RGB shift chains.
    pub data_groups: u16,
    /// Bits of gray that its drivers resolve.
    pub gray_bits: u16,
}

impl Wall {
    /// What people call the wall.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Screens, in the document's order.
    #[must_use]
    pub fn screens(&self) -> &[Screen] {
        &self.screens
    }

    /// Ports, in the document's order.
    #[must_use]
    pub fn ports(&self) -> &[Port] {
        &self.ports
    }

    /// Cabinets, in the document's order.
    #[must_use]
    pub fn cabinets(&self) -> &[Cabinet] {
        &self.cabinets
    }

    /// Modules, cabinet by cabinet, each in the order of its card's memory.
    #[must_use]
    pub fn modules(&self) -> &[Module] {
        &self.modules
    }

    /// A screen by its position.
    #[must_use]
    pub fn screen(&self, index: ScreenIndex) -> Option<&Screen> {
        self.screens.get(index.index())
    }

    /// A port by its position.
    #[must_use]
    pub fn port(&self, index: PortIndex) -> Option<&Port> {
        self.ports.get(index.index())
    }

    /// A cabinet by its position.
    #[must_use]
    pub fn cabinet(&self, index: CabinetIndex) -> Option<&Cabinet> {
        self.cabinets.get(index.index())
    }

    /// A module by its position.
    #[must_use]
    pub fn module(&self, index: ModuleIndex) -> Option<&Module> {
        self.modules.get(index.index())
    }

    /// The cabinets of a port in cascade order, nearest to the sender first.
    #[must_use]
    pub fn cascade<'a>(&'a self, port: &'a Port) -> impl DoubleEndedIterator<Item = &'a Cabinet> {
        port.cascade.iter().filter_map(|&index| self.cabinet(index))
    }

    /// LED pixels of the whole wall.
    #[must_use]
    pub fn pixels(&self) -> u64 {
        self.cabinets.iter().map(|c| u64::from(c.memory_pixels)).sum()
    }

    /// The modules of a cabinet.
    #[must_use]
    pub fn modules_of(&self, cabinet: &Cabinet) -> &[Module] {
        self.modules.get(cabinet.modules.start as usize..cabinet.modules.end as usize).unwrap_or_default()
    }

    /// The id that a card is assigned on a port: its place in the cascade + 1. A wall's cascades are short enough for it.
    #[must_use]
    pub const fn card_id(cabinet: &Cabinet) -> u16 {
        cabinet.place + 1
    }
}

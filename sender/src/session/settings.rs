//! What a wall prescribes for its cards: the settings that SET writes at every start. What the wall does not speak of
//! (drivers, clocks, low grey, behaviour in silence) is the card's own and stays as it is.

use crate::geometry::{Orientation, PixelPoint};
use crate::wall::{Addressing, Cabinet, LinkSpec, LinkTransfer, Module, Port, Wall};
use crate::wire::ocp809::control::{
    AddressingMode, CardAddressing, DecodeLaw, Geometry, GrayBits, LinkDecode, ModuleMap, ModulePlace, Scan, Setting,
};

/// Scan of a cabinet without modules; it has nothing to scan.
const SCAN_OF_NOTHING: u16 = 16;

/// Gray bits of a cabinet without modules.
const GRAY_BITS_OF_NOTHING: u16 = 16;

/// The settings of a cabinet's card on an OCP-809 port, by rising type.
#[must_use]
pub fn wall_settings(wall: &Wall, port: &Port, cabinet: &Cabinet) -> Vec<Setting> {
    let modules = wall.modules_of(cabinet);
    let size = match port.addressing {
        Addressing::Id => cabinet.orientation.placed_size(cabinet.rect.size()),
        Addressing::Canvas => cabinet.rect.size(),
    };
    let gray_bits = modules.iter().map(|module| module.gray_bits).max().unwrap_or(GRAY_BITS_OF_NOTHING);
    vec![
        Setting::Geometry(Geometry { width: short(size.width), height: short(size.height) }),
        Setting::ModuleMap(ModuleMap { modules: modules.iter().map(|module| module_place(port, cabinet, module)).collect() }),
        Setting::CardAddressing(addressing(port, cabinet)),
        Setting::Scan(Scan { phases: modules.first().map_or(SCAN_OF_NOTHING, |module| module.scan) }),
        Setting::GrayBits(GrayBits { bits: u8::try_from(gray_bits).unwrap_or(u8::MAX) }),
        Setting::LinkDecode(link_decode(&port.link)),
    ]
}

/// Where a module lies in its card's rectangle: in the cabinet's own orientation, or on a canvas, where everything is
/// upright, as it hangs.
fn module_place(port: &Port, cabinet: &Cabinet, module: &Module) -> ModulePlace {
    // Of the eight, the one that becomes the module's own inside the cabinet's.
    let inside = |own: &Orientation| own.inside(cabinet.orientation) == module.orientation;
    let (at, orientation) = match port.addressing {
        Addressing::Id => {
            (PixelPoint::new(module.in_cabinet.x, module.in_cabinet.y), Orientation::all().find(inside).unwrap_or_default())
        }
        Addressing::Canvas => {
            let (x, y) = (module.rect.x.saturating_sub(cabinet.rect.x), module.rect.y.saturating_sub(cabinet.rect.y));
            (PixelPoint::new(x, y), module.orientation)
        }
    };
    ModulePlace {
        width: short(module.size.width),
        height: short(module.size.height),
        x: short(at.x),
        y: short(at.y),
        orientation,
    }
}

fn addressing(port: &Port, cabinet: &Cabinet) -> CardAddressing {
    match port.addressing {
        Addressing::Id => CardAddressing::ID,
        Addressing::Canvas => CardAddressing {
            mode: AddressingMode::Canvas,
            canvas_width: short(port.canvas.width),
            canvas_height: short(port.canvas.height),
            x: short(cabinet.canvas_origin.x),
            y: short(cabinet.canvas_origin.y),
            width: short(cabinet.rect.width),
            height: short(cabinet.rect.height),
        },
    }
}

/// How the cards of a link decode codes. Codes that pass as they came from the source meet the card's own gamma.
#[must_use]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a validated gamma lies between 1 and 4")]
pub fn link_decode(link: &LinkSpec) -> LinkDecode {
    let plain = |law| LinkDecode { law, gamma_milli: 0, table: Vec::new() };
    match link.transfer {
        LinkTransfer::Linear => plain(DecodeLaw::Linear),
        LinkTransfer::Srgb => plain(DecodeLaw::Srgb),
        LinkTransfer::Source | LinkTransfer::Power => {
            LinkDecode { gamma_milli: (link.gamma * 1_000.0).round().clamp(1.0, 65_535.0) as u16, ..plain(DecodeLaw::Power) }
        }
    }
}

/// What the 16-bit fields of SET hold; no card is larger.
fn short(value: u32) -> u16 {
    u16::try_from(value).unwrap_or(u16::MAX)
}

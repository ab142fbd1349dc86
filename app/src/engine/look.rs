//! What the asked state means for one wall and one source: settings of the pixel path, and the state that cards show
//! frames with. Pure: the control thread calls it whenever something changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use ocp809_calibration::color::adaptation::bradford;
use ocp809_calibration::color::temperature::ColorTemperature;
use ocp809_calibration::color::{Matrix3, Primaries, Xy};
use ocp809_calibration::lut::{Knee, Lut3d};
use ocp809_sender::geometry::{PixelRect, PixelSize};
use ocp809_sender::ids::CabinetIndex;
use ocp809_sender::time::Nanos;
use ocp809_sender::wall::{LinkTransfer, PrimariesSpec, Screen, Wall};
use ocp809_sender::wire::ocp809::{Epoch, Latch};
use ocp809_shaders::frame::{InputTransfer, SignalColor, SignalPrimaries, SourceShape};
use ocp809_shaders::spec::{DitherPeriod, ModulePath, PathSpec, Rows3, ScreenPath};

use super::levels::Levels;
use crate::control::PropertyId;
use crate::control::facts::{CabinetFacts, ScreenFacts, WallFacts};
use crate::control::state::ShowState;
use crate::control::trim::{MOST, Trims, brightest, headroom, headroom_of};

/// Knee of a source that may be brighter than the wall's white: highlights up to four times white are kept apart.
const HDR_KNEE: Knee = Knee { start: 0.85, peak: 4.0 };

/// What a source asks of the look.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct SourceLook {
    /// Format, size and colour of its pictures, overrides included.
    pub(super) shape: SourceShape,
    /// Share of full light that it may use: test patterns are dimmed unless they are asked for in full.
    pub(super) light_limit: f64,
}

/// Half the period in which an identified cabinet flashes.
const FLASH_NS: u64 = 500_000_000;

/// A screen's 3D table with the strength at which it acts, already blended.
pub(super) type ScreenLuts = Vec<Option<Arc<Lut3d>>>;

/// Shares of full light per screen: asked, limited, on its way, and dimmed for a test pattern.
pub(super) fn screen_shares(facts: &WallFacts, state: &ShowState, master: f64, light_limit: f64) -> Vec<f64> {
    facts.screens.iter().map(|screen| state.brightness(screen).min(light_limit) * master).collect()
}

/// Each cabinet's light against its screen's, within what the screen's limit and the source leave; empty where none is
/// trimmed.
pub(super) fn cabinet_trims(facts: &WallFacts, state: &ShowState, light_limit: f64) -> Vec<[f64; 3]> {
    let trims = Trims::of(state);
    if trims.is_empty() {
        return Vec::new();
    }
    let room =
        |screen: &ScreenFacts| headroom(state.brightness(screen).min(light_limit), screen.brightness_limit.min(light_limit));
    let rooms: BTreeMap<&str, f64> = facts.screens.iter().map(|screen| (screen.id.as_str(), room(screen))).collect();
    let trim = |cabinet: &CabinetFacts| trims.within(cabinet, rooms.get(cabinet.screen.as_str()).copied().unwrap_or(1.0));
    facts.cabinets.iter().map(trim).collect()
}

/// What the pixel path does to each module for its cabinet's trim.
fn module_paths(wall: &Wall, trims: &[[f64; 3]]) -> Vec<ModulePath> {
    let module = |trim: &[f64; 3]| {
        let level = brightest(*trim);
        let gains = trim.map(|channel| if level > 0.0 { channel / level } else { 1.0 });
        ModulePath { level, gains, ..ModulePath::default() }
    };
    if trims.is_empty() {
        return Vec::new();
    }
    let neutral = ModulePath::default();
    let own = |cabinet: CabinetIndex| trims.get(cabinet.index()).map_or_else(|| neutral.clone(), module);
    wall.modules().iter().map(|place| own(place.cabinet)).collect()
}

/// The cabinet that is to show which one it is.
pub(super) fn identified(wall: &Wall, state: &ShowState) -> Option<CabinetIndex> {
    let id = state.text(PropertyId::Identify)?;
    (0..).zip(wall.cabinets()).find(|(_, cabinet)| cabinet.id.as_str() == id).map(|(index, _)| CabinetIndex(index))
}

/// Lets the picture of a cabinet flash whose card does not mark itself: half a second as bright as its screen's limit lets
/// it, half a second dark. The pixel path only scales light, so that black stays black.
pub(super) fn flash(
    spec: &mut PathSpec,
    (wall, facts, state): (&Wall, &WallFacts, &ShowState),
    cabinet: CabinetIndex,
    now: Nanos,
) {
    let Some(cabinet) = wall.cabinet(cabinet) else { return };
    let room = facts.screens.get(cabinet.screen.index()).map_or(1.0, |screen| headroom_of(state, screen));
    let level = if (now.0 / FLASH_NS).is_multiple_of(2) { room.min(MOST) } else { 0.0 };
    spec.modules.resize(wall.modules().len(), ModulePath::default());
    let modules = cabinet.modules.start as usize..cabinet.modules.end as usize;
    for module in spec.modules.get_mut(modules).unwrap_or_default() {
        *module = ModulePath { level, ..ModulePath::default() };
    }
}

/// Settings of the pixel path.
pub(super) fn path_spec(wall: &Wall, state: &ShowState, levels: &Levels, source: &SourceLook, luts: &ScreenLuts) -> PathSpec {
    let mut spec = PathSpec::of_wall(wall);
    let crops = crops(wall, source.shape.size);
    for (index, (screen, path)) in wall.screens().iter().zip(&mut spec.screens).enumerate() {
        path.crop = crops.get(index).copied().unwrap_or(path.crop);
        path.brightness = levels.screens.get(index).copied().unwrap_or(1.0);
        path.lut3d = luts.get(index).cloned().flatten();
        set_color(path, screen, state, &source.shape.color);
    }
    spec.modules = module_paths(wall, &levels.trims);
    let period = dither_period(state);
    for ((port, path), level) in wall.ports().iter().zip(&mut spec.ports).zip(&levels.ports) {
        path.level = *level;
        if path.dither.is_some() {
            path.dither = Some(period);
        }
        if port.link.transfer == LinkTransfer::Source {
            path.dither = None;
        }
    }
    spec
}

/// The state of each port's cards, without the instant.
pub(super) fn latches(levels: &Levels, epoch: Epoch, refreshes: u16) -> Vec<Latch> {
    let latch = |card: &super::levels::CardLevel| Latch {
        brightness: card.brightness,
        gains: card.gains,
        refreshes,
        ..Latch::neutral(epoch)
    };
    levels.cards.iter().map(latch).collect()
}

/// The part of a picture that each screen shows: its source rectangle 1:1 where all rectangles lie inside the picture, else
/// the rectangles stretched so that the canvas that they span fills the picture.
pub(super) fn crops(wall: &Wall, picture: PixelSize) -> Vec<PixelRect> {
    let whole = PixelRect::new(0, 0, picture.width, picture.height);
    if wall.screens().iter().all(|screen| whole.contains_rect(screen.source)) {
        return wall.screens().iter().map(|screen| screen.source).collect();
    }
    let canvas = canvas(wall);
    let scale = |start: u32, length: u32, from: u32, to: u32| {
        let at = |x: u64| x * u64::from(to) / u64::from(from.max(1));
        let (first, end) = (at(u64::from(start)), at(u64::from(start) + u64::from(length)));
        let first = first.min(u64::from(to).saturating_sub(1));
        (u32::try_from(first).unwrap_or(0), u32::try_from(end.saturating_sub(first).max(1)).unwrap_or(1))
    };
    let crop = |screen: &Screen| {
        let (x, width) = scale(screen.source.x, screen.source.width, canvas.width, picture.width);
        let (y, height) = scale(screen.source.y, screen.source.height, canvas.height, picture.height);
        PixelRect::new(x, y, width, height)
    };
    wall.screens().iter().map(crop).collect()
}

/// The size that a picture needs for all screens to show their parts 1:1.
pub(super) fn canvas(wall: &Wall) -> PixelSize {
    let side = |ends: u64| u32::try_from(ends).unwrap_or(u32::MAX);
    let right = wall.screens().iter().map(|screen| screen.source.right()).max().unwrap_or(1);
    let bottom = wall.screens().iter().map(|screen| screen.source.bottom()).max().unwrap_or(1);
    PixelSize::new(side(right), side(bottom))
}

fn set_color(path: &mut ScreenPath, screen: &Screen, state: &ShowState, color: &SignalColor) {
    let id = screen.id.as_str();
    path.gains = [PropertyId::GainRed, PropertyId::GainGreen, PropertyId::GainBlue]
        .map(|gain| state.number_on(id, gain).unwrap_or(100.0) / 100.0);
    path.transfer = input_transfer(state, id);
    let transfer = path.transfer.unwrap_or(color.transfer);
    path.knee = if matches!(transfer, InputTransfer::Pq) { HDR_KNEE } else { Knee::HARD };
    path.gamut = gamut(screen, state, color.primaries);
}

fn input_transfer(state: &ShowState, screen: &str) -> Option<InputTransfer> {
    match state.text_on(screen, PropertyId::InputTransfer)? {
        "power" => Some(InputTransfer::Power(state.number_on(screen, PropertyId::Gamma).unwrap_or(2.4))),
        "srgb" => Some(InputTransfer::Srgb),
        "bt1886" => Some(InputTransfer::Bt1886),
        "pq" => Some(InputTransfer::Pq),
        "hlg" => Some(InputTransfer::Hlg),
        _ => None,
    }
}

/// Source RGB to the screen's LEDs in linear light. White stays white, or becomes the asked temperature at the most light
/// that the LEDs can give it.
fn gamut(screen: &Screen, state: &ShowState, source: SignalPrimaries) -> Rows3 {
    let id = screen.id.as_str();
    let temperature = state.number_on(id, PropertyId::TemperatureK);
    let is_native = state.text(PropertyId::SourcePrimaries) == Some("native");
    let leds = screen.primaries.as_ref().map_or(Primaries::BT709, primaries);
    let source = if is_native { leds } else { source_primaries(source) };
    if temperature.is_none() && source == leds {
        return Matrix3::IDENTITY.0;
    }
    let white = temperature.and_then(|kelvin| {
        let duv = state.number_on(id, PropertyId::Duv).unwrap_or(0.0);
        ColorTemperature { kelvin, duv }.to_xy().ok()
    });
    let white = white.unwrap_or(leds.white);
    let matrix = source.rgb_to_xyz().and_then(|to_xyz| Ok(leds.xyz_to_rgb()? * bradford(source.white, white) * to_xyz));
    matrix.map_or(Matrix3::IDENTITY.0, normalised)
}

/// The matrix scaled so that white drives no LED beyond full.
fn normalised(matrix: Matrix3) -> Rows3 {
    let most = matrix.0.iter().map(|row| row.iter().sum::<f64>()).fold(0.0, f64::max);
    if most > 0.0 { matrix.0.map(|row| row.map(|value| value / most)) } else { Matrix3::IDENTITY.0 }
}

fn source_primaries(primaries: SignalPrimaries) -> Primaries {
    match primaries {
        SignalPrimaries::Bt709 => Primaries::BT709,
        SignalPrimaries::Bt2020 => Primaries::BT2020,
        SignalPrimaries::P3D65 => Primaries::P3_D65,
    }
}

const fn primaries(spec: &PrimariesSpec) -> Primaries {
    let [x, y] = spec.white;
    Primaries::new(spec.red, spec.green, spec.blue, Xy::new(x, y))
}

fn dither_period(state: &ShowState) -> DitherPeriod {
    let frames = state.text(PropertyId::DitherPeriod).and_then(|word| word.parse().ok()).unwrap_or(16);
    DitherPeriod::ALL.into_iter().find(|period| period.frames() == frames).unwrap_or(DitherPeriod::Sixteen)
}

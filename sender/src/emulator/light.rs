//! From what a card shows to the light of its LEDs (PROTOCOL.md 5):
//! clamp01(clamp01(C x decode(pixel)) x brightness / 65535 x gain / 32768), in steps of the drivers' gray depth.

use std::sync::{Arc, OnceLock};

use super::card::{Calibration, Card, CardModule, CardTransfer, Codes, Correction, LowGray, Picture};
use super::pattern;
use crate::geometry::{Orientation, PixelPoint, PixelRect, PixelSize};
use crate::wall::{ColorOrder, WireFormat};
use crate::wire::ocp809::{BRIGHTNESS_FULL, TestPattern};

/// Light of every code of a depth.
type Table = Arc<[f32]>;

/// Tables from code to light, shared by all cards that are set up alike.
#[derive(Debug, Default)]
pub(crate) struct DecodeTables {
    tables: Vec<(CardTransfer, WireFormat, Table)>,
}

/// One module of a card, as far as its light goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Panel {
    /// Its position in the card.
    pub(crate) position: usize,
    /// Pixels in its own orientation.
    pub(crate) size: PixelSize,
    /// Index of its first pixel in the card's memory.
    pub(crate) memory: usize,
    /// From one of its rows to the next in the card's memory.
    pub(crate) stride: usize,
    /// Which colours the samples drive.
    pub(crate) color_order: ColorOrder,
    /// Bits of gray that its drivers resolve.
    pub(crate) gray_bits: u16,
}

impl Panel {
    /// Calls `each` with every pixel of the module that `memory` holds: place in its own orientation, and samples.
    pub(crate) fn for_each(&self, memory: &[[u16; 3]], mut each: impl FnMut(PixelPoint, [u16; 3])) {
        for y in 0..self.size.height {
            let start = self.memory + y as usize * self.stride;
            let row = memory.get(start..start + self.size.width as usize).unwrap_or_default();
            for (x, samples) in (0..).zip(row) {
                each(PixelPoint::new(x, y), by_color(self.color_order, *samples));
            }
        }
    }
}

/// What decides on the light of a card.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shining<'a> {
    /// What it shows.
    pub(crate) picture: Picture<'a>,
    /// Brightness and gain of red, green, blue.
    pub(crate) scale: [f32; 3],
    /// How a code becomes light.
    pub(crate) transfer: &'a CardTransfer,
    /// What corrects it.
    pub(crate) calibration: Option<&'a Calibration>,
    /// Its modules, to place patterns.
    pub(crate) modules: &'a [CardModule],
    /// Bits of gray of its PWM.
    pub(crate) gray_bits: u16,
    /// What lifts the darkest light.
    pub(crate) low_gray: Option<LowGray>,
    /// What it shows to be found.
    pub(crate) locator: Locator,
}

/// How a card lets itself be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Locator {
    /// Not at all.
    None,
    /// An outline and this number.
    Number(u16),
    /// All LEDs at once.
    White,
}

/// What turns linear values into LED light.
struct Dimmer {
    /// Brightness and gain of red, green, blue.
    scale: [f32; 3],
    /// Steps of gray.
    steps: f32,
    /// The knee of the darkest light, and what remains to be multiplied at black for red, green, blue; knee 0: off.
    knee: f32,
    lift: [f32; 3],
}

impl CardTransfer {
    /// Linear light of a code, both as shares of full.
    #[must_use]
    pub fn decode(&self, code: f64) -> f64 {
        match self {
            Self::Linear => code,
            Self::Power { gamma_milli } => code.powf(f64::from(*gamma_milli) / 1_000.0),
            Self::Srgb => srgb_decode(code),
            Self::Table(points) => interpolate(points, code),
        }
    }
}

/// IEC 61966-2-1 from code to light.
#[must_use]
pub fn srgb_decode(code: f64) -> f64 {
    if code <= 0.040_45 { code / 12.92 } else { ((code + 0.055) / 1.055).powf(2.4) }
}

/// IEC 61966-2-1 from light to code.
#[must_use]
pub fn srgb_encode(light: f64) -> f64 {
    if light <= 0.003_130_8 { light * 12.92 } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 }
}

/// Straight lines between points at equal distances.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a table has few points"
)]
fn interpolate(points: &[u16], code: f64) -> f64 {
    let Some(last) = points.len().checked_sub(1) else { return code };
    let at = code.clamp(0.0, 1.0) * last as f64;
    let index = (at as usize).min(last.saturating_sub(1));
    let point = |i: usize| points.get(i).map_or(0.0, |&p| f64::from(p) / f64::from(u16::MAX));
    let share = at - index as f64;
    if last == 0 { point(0) } else { point(index) * (1.0 - share) + point(index + 1) * share }
}

impl DecodeTables {
    /// The table of a transfer at a depth, made when it is asked for the first time.
    #[expect(clippy::cast_possible_truncation, reason = "a light between 0 and 1")]
    fn table(&mut self, transfer: &CardTransfer, format: WireFormat) -> Table {
        if let Some((.., table)) = self.tables.iter().find(|(t, f, _)| t == transfer && *f == format) {
            return Arc::clone(table);
        }
        let last = (1_u32 << format.bits()) - 1;
        let table: Table = (0..=last).map(|code| transfer.decode(f64::from(code) / f64::from(last)) as f32).collect();
        self.tables.push((transfer.clone(), format, Arc::clone(&table)));
        table
    }
}

impl<'a> From<&'a Card> for Shining<'a> {
    fn from(card: &'a Card) -> Self {
        let (state, settings) = (card.state(), card.settings());
        let brightness = f32::from(state.brightness.min(settings.brightness_limit)) / f32::from(BRIGHTNESS_FULL);
        Self {
            picture: card.picture(),
            scale: state.gains.map(|gain| brightness * f32::from(gain) / 32_768.0),
            transfer: &settings.transfer,
            calibration: Some(card.calibration()),
            modules: &settings.modules,
            gray_bits: u16::from(settings.gray_bits),
            low_gray: (settings.low_gray.knee > 0).then_some(settings.low_gray),
            locator: card.locator(),
        }
    }
}

impl Dimmer {
    fn new(card: &Shining<'_>, panel: &Panel) -> Self {
        let bits = panel.gray_bits.min(card.gray_bits).clamp(1, 16);
        let LowGray { knee, gains } = card.low_gray.unwrap_or(LowGray { knee: 0, gains: [0; 3] });
        Self {
            scale: card.scale,
            steps: f32::from(u16::MAX >> (16 - bits)),
            knee: f32::from(knee) / f32::from(u16::MAX),
            lift: gains.map(|gain| f32::from(gain) / 32_768.0 - 1.0),
        }
    }

    /// The light of one LED.
    fn light(&self, channel: usize, linear: f32) -> f32 {
        let scale = self.scale.get(channel).copied().unwrap_or(0.0);
        let mut light = (linear.clamp(0.0, 1.0) * scale).min(1.0);
        if light < self.knee {
            let lift = self.lift.get(channel).copied().unwrap_or(0.0);
            light = (light * (1.0 + lift * (1.0 - light / self.knee))).clamp(0.0, 1.0);
        }
        (light * self.steps + 0.5).floor() / self.steps
    }

    fn pixel(&self, linear: [f32; 3]) -> [f32; 3] {
        let [r, g, b] = linear;
        [self.light(0, r), self.light(1, g), self.light(2, b)]
    }
}

/// Samples in the order of the wire as red, green and blue.
#[inline]
pub(crate) fn by_color<T: Copy + Default>(order: ColorOrder, samples: [T; 3]) -> [T; 3] {
    let mut colors = [T::default(); 3];
    for (channel, sample) in order.channels().into_iter().zip(samples) {
        if let Some(color) = colors.get_mut(usize::from(channel)) {
            *color = sample;
        }
    }
    colors
}

/// The light of a module, pixel by pixel in its own orientation, handed to `each` row by row.
pub(crate) fn module_light(
    card: &Shining<'_>,
    panel: &Panel,
    tables: &mut DecodeTables,
    mut each: impl FnMut(PixelPoint, [f32; 3]),
) {
    let dimmer = Dimmer::new(card, panel);
    let correction = card.calibration.and_then(|bank| bank.module(panel.position));
    match card.picture {
        Picture::Black => pixels_of(panel.size).for_each(|(_, point)| each(point, [0.0; 3])),
        Picture::Pattern(pattern) => {
            pattern_light(card, panel, pattern, correction, |point, light| each(point, dimmer.pixel(light)));
        }
        Picture::Frame(codes) => {
            let table = tables.table(card.transfer, codes.format);
            frame_light(codes, panel, &table, correction, &dimmer, &mut each);
        }
    }
    match card.locator {
        Locator::None => {}
        Locator::Number(number) => identify(card, panel, number, |point| each(point, dimmer.pixel([1.0; 3]))),
        Locator::White => pixels_of(panel.size).for_each(|(_, point)| each(point, dimmer.pixel([1.0; 3]))),
    }
}

/// Index and place of every pixel of a module.
fn pixels_of(size: PixelSize) -> impl Iterator<Item = (usize, PixelPoint)> {
    (0..size.height).flat_map(move |y| (0..size.width).map(move |x| PixelPoint::new(x, y))).enumerate()
}

fn frame_light(
    codes: Codes<'_>,
    panel: &Panel,
    table: &[f32],
    correction: Option<&Correction>,
    dimmer: &Dimmer,
    each: &mut impl FnMut(PixelPoint, [f32; 3]),
) {
    let decode = |code: u16| table.get(usize::from(code)).copied().unwrap_or(0.0);
    // Without a correction a channel's light depends on its code alone.
    let whole = table.len() <= 1 << 10 && correction.is_none();
    let lit: [Vec<f32>; 3] = core::array::from_fn(|channel| {
        if whole { table.iter().map(|&linear| dimmer.light(channel, linear)).collect() } else { Vec::new() }
    });
    if whole {
        let light = |channel: usize, code: u16| lit.get(channel).and_then(|lit| lit.get(usize::from(code))).copied();
        panel.for_each(codes.codes, |point, [r, g, b]| {
            each(point, [light(0, r), light(1, g), light(2, b)].map(Option::unwrap_or_default));
        });
        return;
    }
    panel.for_each(codes.codes, |point, color| {
        let index = point.y as usize * panel.size.width as usize + point.x as usize;
        let linear = color.map(decode);
        each(point, dimmer.pixel(correction.map_or(linear, |c| c.apply(index, linear))));
    });
}

fn pattern_light(
    card: &Shining<'_>,
    panel: &Panel,
    pattern: TestPattern,
    correction: Option<&Correction>,
    mut each: impl FnMut(PixelPoint, [f32; 3]),
) {
    let placing = Placing::of(card.modules, panel);
    for (index, point) in pixels_of(panel.size) {
        let linear = pattern::codes(pattern, placing.at(point), point, placing.card).map(|code| decode_full(card.transfer, code));
        each(point, correction.map_or(linear, |c| c.apply(index, linear)));
    }
}

/// Light of a 16-bit code.
#[expect(clippy::cast_possible_truncation, reason = "a light between 0 and 1")]
fn decode_full(transfer: &CardTransfer, code: u16) -> f32 {
    transfer.decode(f64::from(code) / f64::from(u16::MAX)) as f32
}

fn identify(card: &Shining<'_>, panel: &Panel, number: u16, mut light: impl FnMut(PixelPoint)) {
    let placing = Placing::of(card.modules, panel);
    for (_, point) in pixels_of(panel.size) {
        if pattern::identifies(placing.at(point), placing.card, number) {
            light(point);
        }
    }
}

/// Where a pixel of a module lies in its card's rectangle, and how large that is.
struct Placing {
    corner: PixelPoint,
    orientation: Orientation,
    module: PixelSize,
    card: PixelSize,
}

impl Placing {
    fn of(modules: &[CardModule], panel: &Panel) -> Self {
        let rects = || modules.iter().map(CardModule::rect);
        let extent = |end: Option<u64>, own: u32| end.and_then(|end| u32::try_from(end).ok()).unwrap_or(own);
        let right = extent(rects().map(PixelRect::right).max(), panel.size.width);
        let bottom = extent(rects().map(PixelRect::bottom).max(), panel.size.height);
        let module = modules.get(panel.position);
        Self {
            corner: module.map_or(PixelPoint::default(), |module| module.at),
            orientation: module.map_or(Orientation::UPRIGHT, |module| module.orientation),
            module: panel.size,
            card: PixelSize::new(right, bottom),
        }
    }

    fn at(&self, point: PixelPoint) -> PixelPoint {
        let placed = self.orientation.place(point, self.module);
        PixelPoint::new(self.corner.x.saturating_add(placed.x), self.corner.y.saturating_add(placed.y))
    }
}

/// The mean light of a wall over several frames: what eye and camera see of temporal dithering.
#[derive(Debug, Clone, Default)]
pub struct LightMean {
    sum: Vec<[f64; 3]>,
    frames: u32,
}

impl LightMean {
    /// A mean of nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a frame's light. A frame of another size starts over.
    pub fn add(&mut self, light: &[[f32; 3]]) {
        if self.sum.len() != light.len() {
            self.sum = vec![[0.0; 3]; light.len()];
            self.frames = 0;
        }
        for (sum, pixel) in self.sum.as_flattened_mut().iter_mut().zip(light.as_flattened()) {
            *sum += f64::from(*pixel);
        }
        self.frames += 1;
    }

    /// Frames that were added.
    #[must_use]
    pub const fn frames(&self) -> u32 {
        self.frames
    }

    /// The mean light per pixel, 0 to 1.
    pub fn mean(&self) -> impl Iterator<Item = [f64; 3]> + '_ {
        let frames = f64::from(self.frames.max(1));
        self.sum.iter().map(move |sum| sum.map(|channel| channel / frames))
    }

    /// The mean as a picture: sRGB (IEC 61966-2-1), 8 bit, red, green, blue per pixel.
    pub fn srgb8(&self, out: &mut Vec<u8>) {
        let table = SrgbTable::shared();
        out.clear();
        out.extend(self.mean().flatten().map(|light| table.code(light)));
    }
}

/// [`to_srgb8`] without a power per pixel: where each code begins, and a first guess by light.
struct SrgbTable {
    /// The least light of code k + 1.
    begins: [f64; 255],
    guesses: [u8; SRGB_GUESSES + 1],
}

/// Steps of light with a guess of their own: at the steepest, less than one code each.
const SRGB_GUESSES: usize = 4_096;

impl SrgbTable {
    #[expect(clippy::cast_precision_loss, reason = "small integers")]
    fn shared() -> &'static Self {
        static TABLE: OnceLock<SrgbTable> = OnceLock::new();
        TABLE.get_or_init(|| Self {
            begins: core::array::from_fn(|code| srgb_decode((code as f64 + 0.5) / 255.0)),
            guesses: core::array::from_fn(|step| to_srgb8(step as f64 / SRGB_GUESSES as f64).saturating_sub(1)),
        })
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "clamped to 0.0 to 1.0 before the cast"
    )]
    fn code(&self, light: f64) -> u8 {
        let step = (light.clamp(0.0, 1.0) * SRGB_GUESSES as f64) as usize;
        let mut code = self.guesses.get(step).copied().unwrap_or(u8::MAX);
        while self.begins.get(usize::from(code)).is_some_and(|&begin| light >= begin) {
            code += 1;
        }
        code
    }
}

/// A light as an 8-bit sRGB code, rounded to nearest.
#[must_use]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0.5 and 255.5")]
pub fn to_srgb8(light: f64) -> u8 {
    (srgb_encode(light.clamp(0.0, 1.0)) * 255.0 + 0.5) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_srgb_code_survives_light_and_back() {
        for code in 0..=u8::MAX {
            assert_eq!(to_srgb8(srgb_decode(f64::from(code) / 255.0)), code, "code {code}");
        }
        assert!((srgb_decode(0.5) - 0.214_041_140_482_232_55).abs() < 1e-15, "IEC 61966-2-1 at one half");
    }

    proptest! {
        #[test]
        fn the_table_gives_the_codes_of_the_formula(light in prop_oneof![0.0..1.0_f64, 0.0..0.01_f64, -1.0..2.0_f64]) {
            // Exactly between two codes, one rounding decides.
            let exact = srgb_encode(light.clamp(0.0, 1.0)) * 255.0;
            prop_assume!((exact.fract() - 0.5).abs() > 1e-9);
            prop_assert_eq!(SrgbTable::shared().code(light), to_srgb8(light), "light {}", light);
        }
    }

    #[test]
    fn a_table_is_followed_in_straight_lines() {
        let table = CardTransfer::Table(Arc::from([0, 0, u16::MAX].as_slice()));
        for (code, light) in [(0.0, 0.0), (0.25, 0.0), (0.5, 0.0), (0.75, 0.5), (1.0, 1.0), (9.0, 1.0)] {
            assert!((table.decode(code) - light).abs() < 1e-12, "code {code}");
        }
        assert!((CardTransfer::Table(Arc::from([])).decode(0.5) - 0.5).abs() < 1e-12, "no point: as it comes");
        assert!((CardTransfer::Table(Arc::from([7_u16].as_slice())).decode(0.5) - 7.0 / 65_535.0).abs() < 1e-12, "one point");
    }

    #[test]
    fn low_gray_lifts_light_below_its_knee() {
        let dimmer = Dimmer { scale: [1.0; 3], steps: 65_535.0, knee: 0.5, lift: [1.0; 3] };
        for (linear, light) in [(0.0, 0.0), (0.125, 0.125 * 1.75), (0.25, 0.375), (0.5, 0.5), (0.75, 0.75)] {
            assert!((dimmer.light(0, linear) - light).abs() < 1e-4, "a factor from 2.0 at black to 1.0 at the knee: {linear}");
        }
    }

    #[test]
    fn the_mean_of_two_frames_lies_between_them() {
        let mut mean = LightMean::new();
        mean.add(&[[0.0, 0.25, 1.0]]);
        mean.add(&[[1.0, 0.25, 1.0]]);
        assert_eq!((mean.mean().collect::<Vec<_>>(), mean.frames()), (vec![[0.5, 0.25, 1.0]], 2), "per channel");
        let mut picture = Vec::new();
        mean.srgb8(&mut picture);
        assert_eq!(picture, [188, 137, 255], "as sRGB");
    }

    proptest! {
        #[test]
        fn gray_depth_rounds_to_the_nearest_step(bits in 1_u16..=16, light in 0.0_f32..=1.0) {
            let steps = f32::from(u16::MAX >> (16 - bits));
            let dimmer = Dimmer { scale: [1.0; 3], steps, knee: 0.0, lift: [0.0; 3] };
            let shown = dimmer.light(1, light);
            prop_assert!((shown - light).abs() <= 0.5 / steps + 1e-6);
            prop_assert!(((shown * steps).round() - shown * steps).abs() < 1e-2, "a whole step");
        }

        #[test]
        fn samples_return_to_their_colors(order in prop::sample::select(ColorOrder::ALL.to_vec()), color: [u16; 3]) {
            let wire = order.channels().map(|channel| color[usize::from(channel)]);
            prop_assert_eq!(by_color(order, wire), color);
        }
    }
}

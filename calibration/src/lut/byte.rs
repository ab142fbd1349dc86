//! Light to code for links of 8 bits: a table so small that it fits into vector registers.
//!
//! A value is a code and a fraction, exact in mean light as [`super::output`] explains. 8 bits need far fewer entries than 16:
//! each entry is a stretch of light over which the value follows two straight lines that meet at a knee. Where codes are dark
//! and far apart in light, the knee is a code's own light, so that mean light stays exact; where they are bright and close
//! together, it is the point where one line would be farthest off.
//!
//! Stretches are 16 per octave of light above 2^17 and 8 below; light is offset, so that the octaves end above black. Values
//! have 16 bits. Those of the dark stretches have more of them behind the point, which codes that small leave free.

use super::fixed::{ONE, quantise};
use super::loss::{LossCurve, SCALAR_BITS};
use super::output::{CodeLights, VALUE_BITS};

/// Added to light, so that the darkest octave begins at black.
pub const OFFSET: u32 = 16;

/// Offset light below this has the finer values and 8 stretches per octave.
pub const BRIGHT: u32 = 1 << 17;

/// Number of stretches: the bright ones, white, and the dark ones.
pub const STRETCHES: usize = FIRST_DARK as usize + 13 * 8;

/// The first dark stretch; the one before is white alone.
pub const FIRST_DARK: u32 = 9 * 16 + 1;

/// Bits behind the point of bright values.
pub const BRIGHT_FRACTION: u32 = 8;

/// The most bits behind the point of dark values: no more than a value of [`VALUE_BITS`] has at 8 bits.
const DARK_FRACTION_MAX: u32 = VALUE_BITS - 8;

/// What dark values must have room for above the largest, in codes: the dither's threshold, and rounding.
const DARK_ROOM: f64 = 2.0;

/// The largest share of a loss that a module may have; see [`super::loss::SCALAR_BITS`].
const SCALAR_MAX: f64 = 4.0;

/// One stretch of light.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stretch {
    /// Value at its beginning.
    pub base: u16,
    /// How much the value would rise over the whole stretch, as far as the knee.
    pub rise: u16,
    /// Where the knee lies, in 65536 parts of the stretch.
    pub knee: u16,
    /// How much the value would rise over the whole stretch, beyond the knee.
    pub rise_beyond: u16,
}

/// What a module with the largest share of the low-grey loss adds over a stretch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LossStretch {
    /// At its beginning.
    pub base: i16,
    /// How much more at its end.
    pub rise: i16,
}

/// Values of light 0 to [`ONE`] on an 8-bit link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByteTable {
    stretches: Vec<Stretch>,
    loss: Option<Vec<LossStretch>>,
    dark_fraction: u32,
}

/// Where a light lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Number of its stretch.
    pub stretch: u32,
    /// How far in, 0 to 65535 of 65536, rounded down.
    pub fraction: u32,
}

impl Place {
    /// The place of `light`, at most [`ONE`].
    #[must_use]
    pub const fn of(light: u32) -> Self {
        let moved = light + OFFSET;
        let octave = moved.ilog2();
        let normal = moved << (31 - octave);
        if moved < BRIGHT {
            let stretch = FIRST_DARK + (octave - 4) * 8 + ((normal >> 28) & 7);
            return Self { stretch, fraction: (normal >> 12) & 0xffff };
        }
        Self { stretch: (octave - 17) * 16 + ((normal >> 27) & 15), fraction: (normal >> 11) & 0xffff }
    }

    /// Whether its value is of the finer kind.
    #[must_use]
    pub const fn is_dark(self) -> bool {
        self.stretch >= FIRST_DARK
    }
}

/// The light at which a stretch begins, and its length.
const fn extent(stretch: u32) -> (u32, u32) {
    if stretch >= FIRST_DARK {
        let (octave, step) = ((stretch - FIRST_DARK) / 8 + 4, (stretch - FIRST_DARK) % 8);
        return (((8 + step) << (octave - 3)) - OFFSET, 1 << (octave - 3));
    }
    let (octave, step) = (stretch / 16 + 17, stretch % 16);
    (((16 + step) << (octave - 4)) - OFFSET, 1 << (octave - 4))
}

impl ByteTable {
    /// The table of a link whose codes give the light `transfer(code / 255)`, on modules that lose light at low greys by
    /// `curve`, where there is one.
    #[must_use]
    pub fn build(transfer: impl Fn(f64) -> f64, curve: Option<&LossCurve>) -> Self {
        let codes = CodeLights::new(8, transfer);
        let extra = |light: f64| curve.map_or(0.0, |curve| SCALAR_MAX * curve.codes(&codes, light));
        let dark_fraction = dark_fraction(&codes, extra);
        let numbers = 0..FIRST_DARK + 13 * 8;
        let stretches = numbers.clone().map(|number| stretch(&codes, number, fraction_of(number, dark_fraction))).collect();
        let loss = curve.map(|_| numbers.map(|number| loss_stretch(extra, number, fraction_of(number, dark_fraction))).collect());
        Self { stretches, loss, dark_fraction }
    }

    /// The value of `light` (more than [`ONE`] counts as [`ONE`]) on a module with the share `scalar` of the loss (1024 = 1.0,
    /// at most 4.0 either way), in steps of 2^-12 of a code.
    ///
    /// Each line is rounded down, what is added for the loss to the nearest step, to and fro.
    #[must_use]
    pub fn value(&self, light: u32, scalar: i16) -> u32 {
        let place = Place::of(light.min(ONE));
        let Stretch { base, rise, knee, rise_beyond } = self.stretches.get(place.stretch as usize).copied().unwrap_or_default();
        let (knee, fraction) = (u32::from(knee), place.fraction);
        let below = (u32::from(rise) * fraction.min(knee)) >> 16;
        let beyond = (u32::from(rise_beyond) * fraction.saturating_sub(knee)) >> 16;
        let bits = if place.is_dark() { self.dark_fraction } else { BRIGHT_FRACTION };
        let value = u32::from(base) + below + beyond;
        let value = value.cast_signed() + self.extra(place, scalar);
        value.clamp(0, i32::from(limit(bits))).cast_unsigned() << (VALUE_BITS - 8 - bits)
    }

    /// What a module with share `scalar` adds, in steps of the place's values.
    fn extra(&self, place: Place, scalar: i16) -> i32 {
        let Some(LossStretch { base, rise }) = self.loss.as_ref().and_then(|loss| loss.get(place.stretch as usize)) else {
            return 0;
        };
        let half = i32::try_from(place.fraction >> 1).unwrap_or(0);
        let most = i32::from(*base) + ((i32::from(*rise) * half + (1 << 14)) >> 15);
        (most * i32::from(quarter_scalar(scalar)) + (1 << 14)) >> 15
    }

    /// The stretches, the bright ones first.
    #[must_use]
    pub fn stretches(&self) -> &[Stretch] {
        &self.stretches
    }

    /// What is added for the loss over the same stretches.
    #[must_use]
    pub fn loss(&self) -> Option<&[LossStretch]> {
        self.loss.as_deref()
    }

    /// Bits behind the point of dark values, 8 to 12.
    #[must_use]
    pub const fn dark_fraction(&self) -> u32 {
        self.dark_fraction
    }
}

/// A module's share of the loss in 32768 parts of the largest, which itself counts as one part less.
#[must_use]
pub fn quarter_scalar(scalar: i16) -> i16 {
    const PARTS: i16 = 1 << (15 - 2 - SCALAR_BITS);
    scalar.saturating_mul(PARTS)
}

/// The largest value with `bits` behind the point: the room above is the dither's.
#[must_use]
pub const fn limit(bits: u32) -> u16 {
    (u16::MAX >> bits) << bits
}

const fn fraction_of(stretch: u32, dark_fraction: u32) -> u32 {
    if stretch >= FIRST_DARK { dark_fraction } else { BRIGHT_FRACTION }
}

/// Light as a share of white.
fn share(light: u32) -> f64 {
    f64::from(light) / f64::from(ONE)
}

/// Bits that dark values can spare for what is behind the point.
fn dark_fraction(codes: &CodeLights, extra: impl Fn(f64) -> f64) -> u32 {
    let lights = (FIRST_DARK..FIRST_DARK + 13 * 8).map(|number| extent(number).0).chain([BRIGHT - OFFSET]);
    let most = lights.map(share).map(|light| codes.value(light) + extra(light).max(0.0)).fold(0.0, f64::max);
    let fits = |bits: &u32| most + DARK_ROOM < f64::from(1_u32 << (16 - bits));
    (BRIGHT_FRACTION..=DARK_FRACTION_MAX).rev().find(fits).unwrap_or(BRIGHT_FRACTION)
}

/// A real number of codes as the nearest value with `bits` behind the point.
fn value(codes: f64, bits: u32) -> u32 {
    quantise(codes * f64::from(1_u32 << bits), u32::from(limit(bits)))
}

/// A stretch whose values have `bits` behind the point.
fn stretch(codes: &CodeLights, number: u32, bits: u32) -> Stretch {
    let narrow = |value: u32| u16::try_from(value).unwrap_or(u16::MAX);
    let (start, length) = extent(number);
    let at = |part: u32| codes.value(share(start) + share(length) * f64::from(part) / 65_536.0);
    let base = value(at(0), bits);
    if start + OFFSET >= ONE {
        return Stretch { base: narrow(base), ..Stretch::default() };
    }
    let knee = knee(codes, (start, length), &at);
    let (middle, end) = (value(at(knee), bits).max(base), value(at(65_536), bits));
    // Rounded up and down so that the lines meet at the knee and end no higher than the next stretch begins.
    let rise = ((middle - base) << 16).div_ceil(knee);
    let rise_beyond = ((end.max(middle) - middle) << 16) / (65_536 - knee);
    Stretch { base: narrow(base), rise: narrow(rise), knee: narrow(knee), rise_beyond: narrow(rise_beyond) }
}

/// Where a straight line over the stretch would be farthest off: at one of its codes' own lights, or in its middle.
fn knee(codes: &CodeLights, (start, length): (u32, u32), at: &impl Fn(u32) -> f64) -> u32 {
    let (low, high) = (at(0), at(65_536));
    let off = |part: u32| (at(part) - low - (high - low) * f64::from(part) / 65_536.0).abs();
    let part_of = |light: f64| quantise((light - share(start)) / share(length) * 65_536.0, 65_535).max(1);
    let parts = codes.lights_within(share(start), share(start + length)).iter().map(|&light| part_of(light));
    parts.fold(32_768, |best, part| if off(part) > off(best) { part } else { best })
}

/// What the loss adds over a stretch whose values have `bits` behind the point.
fn loss_stretch(extra: impl Fn(f64) -> f64, number: u32, bits: u32) -> LossStretch {
    let (start, length) = extent(number);
    let at = |light: u32| {
        let steps = extra(share(light.min(ONE))) * f64::from(1_u32 << bits);
        #[expect(clippy::cast_possible_truncation, reason = "clamped to the range of i16")]
        let steps = steps.round().clamp(-32_767.0, 32_767.0) as i32;
        steps
    };
    let (base, end) = (at(start), at(start + length));
    let narrow = |value: i32| i16::try_from(value.clamp(-32_767, 32_767)).unwrap_or(0);
    LossStretch { base: narrow(base), rise: narrow(end - base) }
}

#[cfg(test)]
mod tests {
    use super::super::fixed::light_from_f64;
    use super::*;
    use proptest::prelude::*;

    fn power(gamma: f64) -> impl Fn(f64) -> f64 {
        move |signal| signal.powf(gamma)
    }

    fn srgb(signal: f64) -> f64 {
        if signal <= 0.04045 { signal / 12.92 } else { ((signal + 0.055) / 1.055).powf(2.4) }
    }

    /// A value as a number of codes.
    fn codes(value: u32) -> f64 {
        f64::from(value) / f64::from(1 << (VALUE_BITS - 8))
    }

    proptest! {
        #[test]
        fn a_place_brackets_its_light(light in 0..=ONE) {
            let place = Place::of(light);
            let (start, length) = extent(place.stretch);
            prop_assert!(start <= light && light - start < length, "{light} in {length} from {start}");
            let exact = (u64::from(light - start) << 16) / u64::from(length);
            prop_assert_eq!(u64::from(place.fraction), exact);
        }
    }

    #[test]
    fn stretches_follow_each_other_from_black_to_white() {
        let order = (FIRST_DARK..FIRST_DARK + 13 * 8).chain(0..FIRST_DARK);
        let mut next = 0;
        for number in order {
            let (start, length) = extent(number);
            assert_eq!(start, next, "stretch {number}");
            next = start + length;
        }
        assert!(next > ONE && STRETCHES <= 256, "white is covered, and a byte names every stretch");
    }

    #[test]
    fn black_and_white_are_exact_and_values_never_fall_over_a_threshold() {
        for gamma in [1.05, 1.8, 2.2, 2.8, 4.0] {
            let table = ByteTable::build(power(gamma), None);
            assert_eq!((table.value(0, 0), table.value(ONE, 0)), (0, 255 << 12), "gamma {gamma}");
            let mut last = 0;
            for light in (0..400_000).chain((400_000..=ONE).step_by(97)) {
                // The dither's thresholds are whole 32nds of a code.
                let value = table.value(light, 0) >> 7;
                assert!(value >= last, "gamma {gamma}: falls at {light}");
                last = value;
            }
        }
    }

    #[test]
    fn values_follow_mean_light() {
        let laws: [&dyn Fn(f64) -> f64; 5] = [&power(1.8), &power(2.2), &power(2.4), &power(2.8), &srgb];
        for (law, number) in laws.into_iter().zip(0..) {
            let exact = CodeLights::new(8, law);
            let table = ByteTable::build(law, None);
            for light in (0..200_000).chain((200_000..=ONE).step_by(1_009)) {
                let (value, exact) = (codes(table.value(light, 0)), exact.value(share(light)));
                let bound = if light < BRIGHT - OFFSET { 0.0025 } else { 0.02 };
                assert!((value - exact).abs() < bound, "law {number}, light {light}: value {value} instead of {exact}");
            }
        }
    }

    #[test]
    fn codes_of_the_link_come_back() {
        for gamma in [1.8, 2.2, 2.8] {
            let table = ByteTable::build(power(gamma), None);
            // Codes darker than a few units of light cannot be told apart from their neighbours.
            for code in (0..=255).filter(|&code| (f64::from(code) / 255.0).powf(gamma) * f64::from(ONE) > 64.0) {
                let light = (f64::from(code) / 255.0).powf(gamma);
                let value = codes(table.value(light_from_f64(light), 0));
                assert!((value - f64::from(code)).abs() < 0.02, "gamma {gamma}, code {code}: {value}");
            }
        }
    }

    #[test]
    fn a_module_that_loses_a_fifth_of_its_dark_light_is_asked_for_a_fifth_more() {
        let curve = LossCurve::new([(0.0, 0.25), (0.02, 0.0)]);
        let table = ByteTable::build(power(2.8), Some(&curve));
        let exact = CodeLights::new(8, power(2.8));
        for light in [0.000_01, 0.000_5, 0.001, 0.004, 0.01, 0.1] {
            let units = light_from_f64(light);
            for scalar in [-1_024_i16, 0, 512, 1_024, 2_048, 4_096] {
                let share = f64::from(scalar) / 1_024.0;
                let asked = exact.value(light) + share * curve.codes(&exact, light);
                let value = codes(table.value(units, scalar));
                assert!((value - asked.max(0.0)).abs() < 0.04, "at {light}, {share}: {value} instead of {asked}");
            }
        }
    }

    #[test]
    fn a_loss_beyond_all_bounds_is_clipped() {
        let curve = LossCurve::new([(0.0, 1e9), (1.0, 1e9)]);
        let table = ByteTable::build(power(2.2), Some(&curve));
        for light in (0..=ONE).step_by(9_973) {
            // No module adds or takes more than half the range; the loss asks for no more than white; a line joins the two.
            let (plain, low, high) = (codes(table.value(light, 0)), codes(table.value(light, -4_096)), table.value(light, 4_096));
            let most = (4.0 * (255.0 - plain)).min(128.0);
            assert!((low - (plain - most).max(0.0)).abs() < 2.5, "at {light}: {plain} less {most} is {low}");
            assert!(high <= 255 << 12, "at {light}: no more than white");
        }
    }
}

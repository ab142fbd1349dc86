//! Light to code: the table of a link's transfer function, exact in *mean light* between two codes.
//!
//! A value is a code and a fraction. Between the lights L(n) and L(n + 1) of two neighbouring codes the fraction is
//! p = (d - L(n)) / (L(n + 1) - L(n)), in linear light and not in code values, so that a pixel that shows n + 1 for the
//! share p of the time gives the light d on average.

use super::fixed::{ENTRIES_TO_ONE, LogIndex, ONE};

/// Bits of a value: the code's bits and the fraction's.
pub const VALUE_BITS: u32 = 20;

/// Bits of an entry that hold the rise to the next entry.
const RISE_BITS: u32 = 12;

/// Values for light 0 to [`ONE`], on the grid of [`LogIndex`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputTable {
    bits: u32,
    entries: Vec<u32>,
}

/// The light of every code of a link, for finding the code below a light.
#[derive(Debug)]
pub struct CodeLights {
    lights: Vec<f64>,
}

impl CodeLights {
    /// Lights of the codes of a `bits` (8 to 16) link with the given transfer function (signal 0.0 to 1.0 to light).
    #[must_use]
    pub fn new(bits: u32, transfer: impl Fn(f64) -> f64) -> Self {
        let top = (1_u32 << bits.clamp(8, 16)) - 1;
        Self { lights: (0..=top).map(|code| transfer(f64::from(code) / f64::from(top))).collect() }
    }

    /// The value (code and fraction) that gives `light` on average.
    #[must_use]
    pub fn value(&self, light: f64) -> f64 {
        let above = self.lights.partition_point(|&own| own <= light);
        let Some(code) = above.checked_sub(1) else { return 0.0 };
        #[expect(clippy::cast_precision_loss, reason = "at most 65535")]
        let whole = code as f64;
        match (self.lights.get(code), self.lights.get(above)) {
            (Some(low), Some(high)) if high > low => whole + (light - low) / (high - low),
            _ => whole,
        }
    }

    /// The lights of the codes that lie between two lights, in rising order.
    pub(super) fn lights_within(&self, low: f64, high: f64) -> &[f64] {
        let place = |light| self.lights.partition_point(|&own| own <= light);
        self.lights.get(place(low)..place(high)).unwrap_or_default()
    }
}

impl OutputTable {
    /// The table of a `bits` (8 to 16) link whose codes give the light `transfer(code / largest code)`.
    ///
    /// Values are rounded down to the fraction's step, which no threshold of the dither lies between; so the table adds
    /// nothing to the error but what interpolation does.
    #[must_use]
    pub fn build(bits: u32, transfer: impl Fn(f64) -> f64) -> Self {
        let bits = bits.clamp(8, 16);
        let codes = CodeLights::new(bits, transfer);
        let scale = f64::from(1_u32 << (VALUE_BITS - bits));
        let top = ((1 << bits) - 1) << (VALUE_BITS - bits);
        let value = |entry: u32| {
            #[expect(clippy::cast_precision_loss, reason = "at most 2^26")]
            let light = LogIndex::light_of(entry) as f64 / f64::from(ONE);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 2^20")]
            let value = (codes.value(light) * scale + 1e-6) as u32;
            value.min(top)
        };
        let last = u32::try_from(ENTRIES_TO_ONE - 1).unwrap_or(0);
        let mut entries = Vec::with_capacity(ENTRIES_TO_ONE);
        for entry in 0..last {
            let base = value(entry);
            entries.push((base << RISE_BITS) | (value(entry + 1).max(base) - base).min((1 << RISE_BITS) - 1));
        }
        entries.push(top << RISE_BITS);
        Self { bits, entries }
    }

    /// Bits of the link's codes.
    #[must_use]
    pub const fn bits(&self) -> u32 {
        self.bits
    }

    /// The value of `light` (more than [`ONE`] counts as [`ONE`]), in steps of 2^-(20 - bits) of a code, rounded down.
    #[must_use]
    pub fn value(&self, light: u32) -> u32 {
        let at = LogIndex::of(light.min(ONE));
        let entry = self.entries.get(at.entry as usize).copied().unwrap_or(0);
        (entry >> RISE_BITS) + (((entry & ((1 << RISE_BITS) - 1)) * at.fraction) >> 15)
    }

    /// The entries, value << 12 | rise, for implementations that read them by themselves.
    #[must_use]
    pub fn entries(&self) -> &[u32] {
        &self.entries
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixed::light_from_f64;
    use super::*;

    fn power(gamma: f64) -> impl Fn(f64) -> f64 {
        move |signal| signal.powf(gamma)
    }

    #[test]
    fn black_and_white_are_exact_and_values_never_fall() {
        for bits in [8, 10, 12, 16] {
            for gamma in [1.05, 1.8, 2.2, 2.8, 4.0] {
                let table = OutputTable::build(bits, power(gamma));
                let top = ((1 << bits) - 1) << (VALUE_BITS - bits);
                assert_eq!((table.value(0), table.value(ONE)), (0, top), "{bits} bit, gamma {gamma}");
                let mut last = 0;
                for light in (0..4_000).chain((4_000..=ONE).step_by(997)) {
                    let value = table.value(light);
                    assert!(value >= last, "{bits} bit, gamma {gamma}: falls at {light}");
                    last = value;
                }
            }
        }
    }

    #[test]
    fn codes_of_the_link_come_back() {
        for bits in [8, 10, 12] {
            for gamma in [1.8, 2.2, 2.8] {
                let table = OutputTable::build(bits, power(gamma));
                let top = (1_u32 << bits) - 1;
                // Codes darker than a unit of light cannot be told apart from their neighbours.
                for code in (0..=top).filter(|&code| power(gamma)(f64::from(code) / f64::from(top)) * f64::from(ONE) > 8.0) {
                    let light = (f64::from(code) / f64::from(top)).powf(gamma);
                    let value = f64::from(table.value(light_from_f64(light))) / f64::from(1 << (VALUE_BITS - bits));
                    assert!((value - f64::from(code)).abs() < 0.5, "{bits} bit, gamma {gamma}, code {code}: {value}");
                }
            }
        }
    }

    #[test]
    fn low_values_follow_mean_light_closely() {
        let codes = CodeLights::new(8, power(2.8));
        let table = OutputTable::build(8, power(2.8));
        for light in 1..=light_from_f64(0.000_85) {
            let exact = codes.value(f64::from(light) / f64::from(ONE));
            let got = f64::from(table.value(light)) / 4_096.0;
            assert!((got - exact).abs() < 0.0025, "light {light}: value {got} instead of {exact}");
        }
    }
}

//! Code value to light: a table over 16-bit codes with linear interpolation between every sixteenth code.

use super::fixed::{LIGHT_MAX, ONE, quantise};

/// Steps of the table; each covers 16 codes.
const STEPS: u32 = 4_096;

/// Light for every 16-bit code value, never falling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LightTable {
    entries: Box<[u32; LightTable::ENTRIES]>,
}

impl LightTable {
    /// Entries of a table.
    pub const ENTRIES: usize = STEPS as usize + 1;

    /// Samples `transfer`, which maps a signal of 0.0 to 1.0 to light (1.0 = white), and limits it to `limit`.
    /// A function that falls somewhere is held at its largest value so far.
    #[must_use]
    pub fn build(transfer: impl Fn(f64) -> f64, limit: u32) -> Self {
        let limit = limit.min(LIGHT_MAX);
        let at = |signal: f64| quantise(transfer(signal) * f64::from(ONE), limit);
        #[expect(clippy::large_stack_arrays, reason = "16 KiB for a moment, off the frame thread")]
        let mut entries = Box::new([0; Self::ENTRIES]);
        let mut floor = 0;
        for (slot, step) in entries.iter_mut().zip(0..STEPS) {
            floor = at(f64::from(step * 16) / 65_535.0).max(floor);
            *slot = floor;
        }
        // The last entry stands for code 65536, which does not exist: it is placed so that code 65535 comes out exact.
        let rise = u64::from(at(1.0).max(floor) - floor);
        let step = (0..16).map(|extra| rise * 16 / 15 + extra).find(|step| (step * 15 + 8) >> 4 == rise).unwrap_or(rise);
        if let Some(last) = entries.last_mut() {
            *last = floor + u32::try_from(step).unwrap_or(0);
        }
        Self { entries }
    }

    /// The light of `code`, rounded to the nearest unit between two entries.
    #[must_use]
    #[inline]
    pub fn light(&self, code: u16) -> u32 {
        let (step, part) = (usize::from(code >> 4), u32::from(code & 15));
        let low = self.entries.get(step).copied().unwrap_or(0);
        let high = self.entries.get(step + 1).copied().unwrap_or(low);
        low + (((high - low) * part + 8) >> 4)
    }

    /// The entries, for implementations that read them by themselves.
    #[must_use]
    pub fn entries(&self) -> &[u32; Self::ENTRIES] {
        &self.entries
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_and_black_are_exact_and_codes_never_fall() {
        for gamma in [1.0, 1.8, 2.2, 2.4, 2.8, 4.0] {
            let table = LightTable::build(|signal| signal.powf(gamma), ONE);
            assert_eq!((table.light(0), table.light(65_535)), (0, ONE), "gamma {gamma}");
            let falling = (1..=65_535_u16).find(|&code| table.light(code) < table.light(code - 1));
            assert_eq!(falling, None, "gamma {gamma}");
        }
    }

    #[test]
    fn interpolation_is_finer_than_a_16_bit_code() {
        let table = LightTable::build(|signal| signal.powf(2.4), ONE);
        for code in 0..=65_535_u16 {
            let exact = (f64::from(code) / 65_535.0).powf(2.4) * f64::from(ONE);
            let error = (f64::from(table.light(code)) - exact).abs();
            assert!(error <= 3.0, "code {code}: {error} units of 2^-26");
        }
    }

    #[test]
    fn hostile_functions_give_a_table_all_the_same() {
        let nan = LightTable::build(|_| f64::NAN, ONE);
        assert_eq!(nan.light(65_535), 0, "NaN is black");
        let endless = LightTable::build(|signal| 1.0 / (1.0 - signal), LIGHT_MAX);
        assert_eq!(endless.light(65_535), LIGHT_MAX, "infinity is the brightest light");
        let falling = LightTable::build(|signal| 1.0 - signal, ONE);
        assert_eq!((falling.light(0), falling.light(65_535)), (ONE, ONE), "a falling function is held");
    }
}

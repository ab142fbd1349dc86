//! What driver chips lose at low greys: one curve for the wall, scaled by one number per module and channel.

use super::fixed::{ENTRIES_TO_ONE, LogIndex, ONE};
use super::output::{CodeLights, VALUE_BITS};

/// Bits after the point of a module's scalar: 1024 = 1.0.
pub const SCALAR_BITS: u32 = 10;

/// How much more light must be asked for than wanted, as a function of the light wanted.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LossCurve {
    knots: Vec<(f64, f64)>,
}

/// Values to add for a scalar of 1.0, on the grid of [`LogIndex`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LossTable {
    entries: Vec<u32>,
}

impl LossCurve {
    /// A curve through `knots` of (light, share): to see the light d, d (1 + share) is asked for. Straight lines over
    /// the root of light connect the knots; the ends continue level. Knots are sorted; those that are not finite or
    /// have a light below 0 are left out.
    #[must_use]
    pub fn new(knots: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let mut knots: Vec<_> = knots.into_iter().filter(|(l, s)| l.is_finite() && s.is_finite() && *l >= 0.0).collect();
        knots.sort_by(|a, b| a.0.total_cmp(&b.0));
        Self { knots }
    }

    /// The share at `light`; 0 for a curve without knots.
    #[must_use]
    pub fn share(&self, light: f64) -> f64 {
        let above = self.knots.partition_point(|knot| knot.0 <= light);
        let below = above.checked_sub(1).and_then(|index| self.knots.get(index));
        match (below, self.knots.get(above)) {
            (Some(low), Some(high)) => {
                let (x, from, to) = (light.sqrt(), low.0.sqrt(), high.0.sqrt());
                low.1 + (high.1 - low.1) * (x - from) / (to - from)
            }
            (Some(knot), None) | (None, Some(knot)) => knot.1,
            (None, None) => 0.0,
        }
    }

    /// How many codes more are asked for to see `light` than without a loss.
    pub(super) fn codes(&self, codes: &CodeLights, light: f64) -> f64 {
        codes.value((light * (1.0 + self.share(light))).clamp(0.0, 1.0)) - codes.value(light)
    }
}

impl LossTable {
    /// The table of `curve` on a `bits` (8 to 16) link with the given transfer function (signal to light).
    #[must_use]
    pub fn build(bits: u32, transfer: impl Fn(f64) -> f64, curve: &LossCurve) -> Self {
        let bits = bits.clamp(8, 16);
        let codes = CodeLights::new(bits, transfer);
        let scale = f64::from(1_u32 << (VALUE_BITS - bits));
        let extra = |entry: u32| -> i32 {
            #[expect(clippy::cast_precision_loss, reason = "at most 2^26")]
            let light = LogIndex::light_of(entry) as f64 / f64::from(ONE);
            #[expect(clippy::cast_possible_truncation, reason = "clamped to the range of i16")]
            let extra = (curve.codes(&codes, light) * scale).round().clamp(-32_768.0, 32_767.0) as i32;
            extra
        };
        let last = u32::try_from(ENTRIES_TO_ONE - 1).unwrap_or(0);
        let pack = |entry: u32| {
            let base = extra(entry);
            let rise = if entry == last { 0 } else { (extra(entry + 1) - base).clamp(-32_768, 32_767) };
            (base.cast_unsigned() << 16) | (rise.cast_unsigned() & 0xffff)
        };
        Self { entries: (0..=last).map(pack).collect() }
    }

    /// What a module with `scalar` (1024 = 1.0) adds to the value of `light`, in steps of a value.
    ///
    /// The curve is rounded down between its entries, the product to the nearest step.
    #[must_use]
    pub fn extra(&self, light: u32, scalar: i16) -> i32 {
        let at = LogIndex::of(light.min(ONE));
        let entry = self.entries.get(at.entry as usize).copied().unwrap_or(0).cast_signed();
        let (base, rise) = (entry >> 16, (entry << 16) >> 16);
        let curve = base + ((rise * at.fraction.cast_signed()) >> 15);
        (curve * i32::from(scalar) + (1 << (SCALAR_BITS - 1))) >> SCALAR_BITS
    }

    /// The entries, value << 16 | rise, both signed, for implementations that read them by themselves.
    #[must_use]
    pub fn entries(&self) -> &[u32] {
        &self.entries
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixed::light_from_f64;
    use super::super::output::OutputTable;
    use super::*;

    #[test]
    fn a_module_that_loses_a_fifth_of_its_dark_light_is_asked_for_a_fifth_more() {
        let transfer = |signal: f64| signal.powf(2.8);
        let curve = LossCurve::new([(0.0, 0.25), (0.02, 0.0)]);
        let (base, loss) = (OutputTable::build(8, transfer), LossTable::build(8, transfer, &curve));
        for light in [0.000_5, 0.001, 0.004, 0.01, 0.1] {
            let units = light_from_f64(light);
            let value = base.value(units).cast_signed() + loss.extra(units, 1 << SCALAR_BITS);
            let exact = CodeLights::new(8, transfer).value(light * (1.0 + curve.share(light))) * 4_096.0;
            assert!((f64::from(value) - exact).abs() < 12.0, "at {light}: {value} instead of {exact}");
            assert_eq!(loss.extra(units, 0), 0, "a module without loss");
        }
    }

    #[test]
    fn the_curve_is_level_beyond_its_ends_and_survives_nonsense() {
        let curve = LossCurve::new([(0.01, 0.1), (0.001, 0.3), (f64::NAN, 9.0), (-1.0, 9.0)]);
        assert!((curve.share(0.0) - 0.3).abs() < 1e-12, "below the first knot");
        assert!((curve.share(0.5) - 0.1).abs() < 1e-12, "above the last knot");
        assert!(LossCurve::default().share(0.1).abs() < 1e-12, "no knots");
        let same = LossCurve::new([(0.01, 0.1), (0.01, 0.3)]);
        assert!(same.share(0.01).is_finite(), "two knots at one light");
    }
}

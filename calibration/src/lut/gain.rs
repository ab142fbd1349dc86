//! Gains that depend on light: the knee that brings highlights below white, and HLG's OOTF.

use super::fixed::{ENTRIES_TO_MAX, LIGHT_MAX, LogIndex, ONE, UNITY, quantise};

/// Largest gain of a table: 32.0.
const GAIN_MAX: u32 = 32 * UNITY;

/// A gain (1.0 = 65536) for every light, interpolated linearly between its entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GainTable {
    entries: Vec<u32>,
}

/// How highlights above white are rolled off. The largest channel decides and all three are scaled alike, so that a
/// highlight keeps its colour.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Knee {
    /// Light up to which nothing changes, 0.0 to 1.0.
    pub start: f64,
    /// Light that becomes white, 1.0 to 32.0; 1.0 clips hard.
    pub peak: f64,
}

impl Knee {
    /// Everything above white is clipped.
    pub const HARD: Self = Self { start: 1.0, peak: 1.0 };

    /// What becomes of the largest channel `light` (1.0 = white): the identity up to `start`, then the extended
    /// operator of Reinhard et al. (2002, equation 4) scaled so that the slope is 1 at `start` and `peak` becomes 1.
    #[must_use]
    pub fn apply(&self, light: f64) -> f64 {
        let start = self.start.clamp(0.0, 1.0);
        let room = 1.0 - start;
        if light <= start || room <= 0.0 || self.peak <= 1.0 {
            return light.min(1.0);
        }
        let peak = (self.peak - start) / room;
        let over = ((light - start) / room).min(peak);
        start + room * over * (1.0 + over / (peak * peak)) / (1.0 + over)
    }
}

impl GainTable {
    /// Samples `gain`, a function of light (1.0 = white); results are limited to 0.0 to 32.0.
    #[must_use]
    pub fn build(gain: impl Fn(f64) -> f64) -> Self {
        let at = |entry: u32| {
            #[expect(clippy::cast_precision_loss, reason = "at most 2^31")]
            let light = LogIndex::light_of(entry) as f64 / f64::from(ONE);
            quantise(gain(light) * f64::from(UNITY), GAIN_MAX)
        };
        Self { entries: (0..).take(ENTRIES_TO_MAX).map(at).collect() }
    }

    /// The gains of a knee. Where it acts they are rounded up by one to two steps, so that what should become white
    /// reaches white and is clipped there, instead of flickering between the two highest codes.
    #[must_use]
    pub fn knee(knee: Knee) -> Self {
        let up = 1.5 / f64::from(UNITY);
        Self::build(|light| if light > knee.start.clamp(0.0, 1.0) { knee.apply(light) / light + up } else { 1.0 })
    }

    /// The gain at `light`, rounded down between two entries.
    #[must_use]
    pub fn gain(&self, light: u32) -> u32 {
        let at = LogIndex::of(light.min(LIGHT_MAX));
        let low = self.entries.get(at.entry as usize).copied().unwrap_or(UNITY);
        let high = self.entries.get(at.entry as usize + 1).copied().unwrap_or(low);
        let step = ((i64::from(high) - i64::from(low)) * i64::from(at.fraction)) >> 15;
        u32::try_from(i64::from(low) + step).unwrap_or(0)
    }

    /// The entries, for implementations that read them by themselves.
    #[must_use]
    pub fn entries(&self) -> &[u32] {
        &self.entries
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixed::{light_from_f64, mul16};
    use super::*;

    #[test]
    fn nothing_changes_below_the_knee() {
        let table = GainTable::knee(Knee { start: 0.85, peak: 8.0 });
        for light in [0, 1, 77, ONE / 3, ONE / 2, ONE * 4 / 5] {
            assert_eq!(mul16(light, table.gain(light)), light, "light {light}");
        }
    }

    #[test]
    fn the_knee_is_smooth_monotone_and_reaches_white_at_its_peak() {
        for knee in [Knee { start: 0.85, peak: 8.0 }, Knee { start: 0.0, peak: 32.0 }, Knee { start: 0.5, peak: 1.5 }, Knee::HARD]
        {
            let table = GainTable::knee(knee);
            let shown = |light: f64| f64::from(mul16(light_from_f64(light), table.gain(light_from_f64(light))).min(ONE));
            let mut last = 0.0;
            for step in 1..=6_000_u32 {
                let light = f64::from(step) * 0.005;
                let (exact, got) = (knee.apply(light), shown(light) / f64::from(ONE));
                assert!((got - exact).abs() < 1e-3 * exact.max(0.05), "{knee:?} at {light}: {got} instead of {exact}");
                assert!(exact >= last, "{knee:?} falls at {light}");
                assert!(light < knee.peak || got >= 1.0, "{knee:?} at {light}: beyond the peak all is white, not {got}");
                last = exact;
            }
            assert!((knee.apply(knee.peak) - 1.0).abs() < 1e-12, "{knee:?} at its peak");
        }
    }
}

//! The integer arithmetic that tables and the pixel path share: the scale of light, products, and the logarithmic index.
//!
//! Rounding: [`mul16`] and the fractions of [`LogIndex`] round down; whoever rounds otherwise says so.

/// Light of the wall's full white: 26 bits resolve the darkest code of an 8-bit link with gamma 2.8 twelve times.
pub const ONE: u32 = 1 << 26;

/// The brightest light that the path carries: 32 times white, less one.
pub const LIGHT_MAX: u32 = (1 << 31) - 1;

/// Base-2 logarithm of the entries per octave in a table over light.
pub const OCTAVE_BITS: u32 = 7;

/// Entries of a table over light 0 to [`ONE`].
pub const ENTRIES_TO_ONE: usize = 2_561;

/// Entries of a table over light 0 to [`LIGHT_MAX`], with one beyond the end so that the last can be interpolated.
pub const ENTRIES_TO_MAX: usize = 3_201;

/// A gain or level of 1.0.
pub const UNITY: u32 = 1 << 16;

/// Where a light lies in a table over octaves: 128 equal steps per octave, and every value below 256 by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogIndex {
    /// The entry at or below the light.
    pub entry: u32,
    /// How far it lies towards the next entry, 0 to 32767 of 32768, rounded down.
    pub fraction: u32,
}

impl LogIndex {
    /// The place of `light`, at most [`LIGHT_MAX`].
    #[must_use]
    pub const fn of(light: u32) -> Self {
        let zeros = (light | (1 << OCTAVE_BITS)).leading_zeros();
        let normal = light << zeros;
        let octave = 31 - OCTAVE_BITS - zeros;
        Self { entry: (octave << OCTAVE_BITS) + (normal >> (31 - OCTAVE_BITS)), fraction: (normal >> 9) & 0x7fff }
    }

    /// The light at which entry `entry` lies: the inverse of [`LogIndex::of`] with a fraction of 0.
    #[must_use]
    pub const fn light_of(entry: u32) -> u64 {
        let octave = (entry >> OCTAVE_BITS).saturating_sub(1);
        ((entry - (octave << OCTAVE_BITS)) as u64) << octave
    }
}

/// `a * b / 65536`, rounded down, at most [`LIGHT_MAX`]: light times a gain whose 1.0 is [`UNITY`].
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "bounded by LIGHT_MAX in the line before")]
pub const fn mul16(a: u32, b: u32) -> u32 {
    let product = (a as u64 * b as u64) >> 16;
    if product > LIGHT_MAX as u64 { LIGHT_MAX } else { product as u32 }
}

/// A real number as the nearest integer within `0..=max`; NaN becomes 0.
#[must_use]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the range of u32 before the cast")]
pub fn quantise(value: f64, max: u32) -> u32 {
    value.round().clamp(0.0, f64::from(max)) as u32
}

/// Light as a real number, 1.0 = white, as an integer.
#[must_use]
pub fn light_from_f64(light: f64) -> u32 {
    quantise(light * f64::from(ONE), LIGHT_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tables_end_where_their_lengths_say() {
        assert_eq!(LogIndex::of(ONE), LogIndex { entry: 2_560, fraction: 0 }, "white is an entry of its own");
        assert_eq!(LogIndex::of(LIGHT_MAX).entry, 3_199, "the brightest light has a next entry");
        assert_eq!(LogIndex::of(0), LogIndex { entry: 0, fraction: 0 }, "black");
        assert_eq!(LogIndex::of(255), LogIndex { entry: 255, fraction: 0 }, "the darkest octaves are exact");
    }

    proptest! {
        #[test]
        fn the_index_brackets_its_light(light in 0..=LIGHT_MAX) {
            let at = LogIndex::of(light);
            let (low, high) = (LogIndex::light_of(at.entry), LogIndex::light_of(at.entry + 1));
            prop_assert!(low <= u64::from(light) && u64::from(light) < high, "{light} in {low}..{high}");
            let share = ((u64::from(light) - low) << 15) / (high - low);
            prop_assert_eq!(share, u64::from(at.fraction));
        }

        #[test]
        fn a_gain_of_one_changes_nothing(light in 0..=LIGHT_MAX) {
            prop_assert_eq!(mul16(light, UNITY), light);
        }
    }
}

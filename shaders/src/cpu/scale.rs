//! Scaling in linear light; twin of `wgsl/scale.wgsl`.
//!
//! Rounding: a weighted sum of light to the nearest unit, halves upwards, once along rows and once along columns.

/// The weighted mean of light: `taps` yields light and weights that sum to 65536.
pub(crate) fn mean(taps: impl Iterator<Item = (u32, u32)>) -> u32 {
    // Light is split at bit 16, so that 32 bits hold both sums and the result is exact.
    let (mut high, mut low) = (0_u32, 1 << 15);
    for (light, weight) in taps {
        high += (light >> 16) * weight;
        low += (light & 0xffff) * weight;
    }
    high + (low >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ocp809_calibration::lut::fixed::LIGHT_MAX;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_mean_is_exact(lights in prop::array::uniform4(0..=LIGHT_MAX), cuts in prop::array::uniform3(0_u32..=65_536)) {
            let mut cuts = cuts;
            cuts.sort_unstable();
            let weights = [cuts[0], cuts[1] - cuts[0], cuts[2] - cuts[1], 65_536 - cuts[2]];
            let exact: u64 = lights.iter().zip(weights).map(|(&l, w)| u64::from(l) * u64::from(w)).sum();
            prop_assert_eq!(u64::from(mean(lights.into_iter().zip(weights))), (exact + 32_768) >> 16);
        }
    }
}

//! Scaling in linear light; twin of `wgsl/scale.wgsl`.
//!
//! Rounding: a weighted sum of light to the nearest unit, halves upwards, once along rows and once along columns.

/// A weighted sum of light in two halves, split at bit 16, so that 32 bits hold each and the result is exact. It begins
/// with half a unit.
type Sum = (u32, u32);

/// The sum of nothing.
const EMPTY: Sum = (0, 1 << 15);

/// Adds light with a weight; all weights together are 65536.
#[inline]
fn add(sum: &mut Sum, light: u32, weight: u32) {
    sum.0 += (light >> 16) * weight;
    sum.1 += (light & 0xffff) * weight;
}

/// The mean.
#[inline]
fn finish(sum: Sum) -> u32 {
    sum.0 + (sum.1 >> 16)
}

/// The weighted mean of light: `taps` yields light and weights.
pub(crate) fn mean(taps: impl Iterator<Item = (u32, u32)>) -> u32 {
    let mut sum = EMPTY;
    taps.for_each(|(light, weight)| add(&mut sum, light, weight));
    finish(sum)
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

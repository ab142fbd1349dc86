//! Levels and calibration; twin of `wgsl/shared/correct.wgsl`.
//!
//! Rounding: a level's product rounds down, the matrix to the nearest unit of light; the result is clipped to 0 to white.

use ocp809_calibration::lut::fixed::{ONE, mul16};

/// Light of a module's pixel; `matrix` holds nine coefficients of S2.13, row by row.
pub(crate) fn correct(light: [u32; 3], levels: [u32; 3], matrix: Option<&[i16; 9]>) -> [u32; 3] {
    let [r, g, b] = light;
    let [lr, lg, lb] = levels;
    let leveled = [mul16(r, lr), mul16(g, lg), mul16(b, lb)];
    let Some(matrix) = matrix else { return leveled.map(|channel| channel.min(ONE)) };
    // The sums of a row are exact in two halves: light is split at bit 13, where the coefficients' point lies.
    let mut out = [0; 3];
    for (slot, row) in out.iter_mut().zip(matrix.chunks_exact(3)) {
        let (mut high, mut low) = (0_i32, 1 << 12);
        for (&coefficient, value) in row.iter().zip(leveled) {
            high += i32::from(coefficient) * (value >> 13).cast_signed();
            low += i32::from(coefficient) * (value & 0x1fff).cast_signed();
        }
        *slot = (high + (low >> 13)).clamp(0, ONE.cast_signed()).cast_unsigned();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use ocp809_calibration::lut::CorrectionMatrix;
    use ocp809_calibration::lut::fixed::UNITY;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn two_halves_give_the_exact_product(
            light in prop::array::uniform3(0..=2 * ONE),
            coefficients in prop::array::uniform9(any::<i16>()),
        ) {
            let coefficients = coefficients.map(|c| c / 3 * 2);
            let matrix = CorrectionMatrix::new(coefficients).map_err(|e| TestCaseError::fail(e.to_string()))?;
            prop_assert_eq!(correct(light, [UNITY; 3], Some(&coefficients)), matrix.apply(light, ONE));
        }
    }
}

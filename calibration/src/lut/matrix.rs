//! 3x3 matrices as the pixel path multiplies them: nine i16 of S2.13 (8192 = 1.0), and their 12-byte packed form.
//!
//! Invariant: the magnitudes of a row sum to at most 65535, so that a row times 15-bit samples stays within 32 bits. The
//! packed form is what the quantiser rounds to, so that unpacking gives back the same nine numbers everywhere.

use thiserror::Error;

use super::fixed::LIGHT_MAX;

/// 1.0 in S2.13.
pub const MATRIX_ONE: i16 = 8_192;

/// Bits after the point.
pub const MATRIX_BITS: u32 = 13;

/// Largest sum of a row's magnitudes.
pub const ROW_SUM_MAX: u32 = 65_535;

/// Nine coefficients, row by row: output red from red, green, blue, then output green, then output blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CorrectionMatrix([i16; 9]);

/// A matrix in 12 bytes: three words of diagonal coefficients and 8-bit steps from its module's [`MatrixBase`].
#[repr(transparent)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PackedMatrix(pub [u32; 3]);

/// What the packed matrices of a module have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MatrixBase {
    off_diagonal: [i16; 6],
    shift: u8,
}

/// Why a matrix cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum MatrixError {
    /// A coefficient is not a number or outside of what i16 holds.
    #[error("coefficient {value} in row {row} is outside of -4.0 to 4.0")]
    Coefficient {
        /// Row, 0 to 2.
        row: usize,
        /// The coefficient.
        value: f64,
    },
    /// A row is too large.
    #[error("the magnitudes of row {row} sum to {sum} in steps of 1/8192; at most {ROW_SUM_MAX} can be computed exactly")]
    RowSum {
        /// Row, 0 to 2.
        row: usize,
        /// The sum.
        sum: u32,
    },
}

/// Places of the off-diagonal coefficients in a row-major matrix.
const OFF_DIAGONAL: [usize; 6] = [1, 2, 3, 5, 6, 7];

impl CorrectionMatrix {
    /// Changes nothing, to the last bit.
    pub const IDENTITY: Self = Self([MATRIX_ONE, 0, 0, 0, MATRIX_ONE, 0, 0, 0, MATRIX_ONE]);

    /// A matrix of quantised coefficients.
    ///
    /// # Errors
    /// [`MatrixError::RowSum`].
    pub fn new(coefficients: [i16; 9]) -> Result<Self, MatrixError> {
        for (row, values) in coefficients.chunks_exact(3).enumerate() {
            let sum = values.iter().map(|&value| u32::from(value.unsigned_abs())).sum();
            if sum > ROW_SUM_MAX {
                return Err(MatrixError::RowSum { row, sum });
            }
        }
        Ok(Self(coefficients))
    }

    /// The nearest matrix to real coefficients, row by row.
    ///
    /// # Errors
    /// [`MatrixError`] when a coefficient or a row is too large.
    pub fn from_f64(rows: [[f64; 3]; 3]) -> Result<Self, MatrixError> {
        let mut quantised = [0_i16; 9];
        for (slot, (index, value)) in quantised.iter_mut().zip(rows.into_iter().flatten().enumerate()) {
            let scaled = (value * f64::from(MATRIX_ONE)).round();
            if !(-32_768.0..=32_767.0).contains(&scaled) {
                return Err(MatrixError::Coefficient { row: index / 3, value });
            }
            #[expect(clippy::cast_possible_truncation, reason = "within i16 by the check above")]
            let coefficient = scaled as i16;
            *slot = coefficient;
        }
        Self::new(quantised)
    }

    /// The nine coefficients.
    #[must_use]
    pub const fn coefficients(&self) -> &[i16; 9] {
        &self.0
    }

    /// Light times the matrix: exact products, rounded to the nearest unit, clipped to 0 to `limit` (at most
    /// [`LIGHT_MAX`]).
    #[must_use]
    pub fn apply(&self, light: [u32; 3], limit: u32) -> [u32; 3] {
        let limit = i64::from(limit.min(LIGHT_MAX));
        let mut out = [0; 3];
        for (slot, row) in out.iter_mut().zip(self.0.chunks_exact(3)) {
            let sum: i64 = row.iter().zip(light).map(|(&coefficient, value)| i64::from(coefficient) * i64::from(value)).sum();
            *slot = u32::try_from(((sum + 4_096) >> MATRIX_BITS).clamp(0, limit)).unwrap_or(0);
        }
        out
    }
}

impl MatrixBase {
    /// A base with the off-diagonal coefficients c12, c13, c21, c23, c31, c32 and steps of 2^`shift` (at most 7).
    /// Coefficients are moved where needed so that every step stays within i16.
    #[must_use]
    pub fn new(off_diagonal: [i16; 6], shift: u8) -> Self {
        let shift = shift.min(7);
        let reach = 128_i16 << shift;
        Self { off_diagonal: off_diagonal.map(|base| base.clamp(i16::MIN + reach, i16::MAX - reach)), shift }
    }

    /// The base with the finest steps that reaches all off-diagonal coefficients of `matrices`.
    #[must_use]
    pub fn around<'a>(matrices: impl IntoIterator<Item = &'a CorrectionMatrix>) -> Self {
        let mut ranges = [(i16::MAX, i16::MIN); 6];
        for matrix in matrices {
            for (range, place) in ranges.iter_mut().zip(OFF_DIAGONAL) {
                let value = matrix.0.get(place).copied().unwrap_or(0);
                *range = (range.0.min(value), range.1.max(value));
            }
        }
        let widest = ranges.iter().map(|range| i32::from(range.1) - i32::from(range.0)).max().unwrap_or(0).max(0);
        let shift = (0..7).find(|&shift| widest <= 254 << shift).unwrap_or(7);
        let middle = |(low, high): (i16, i16)| if low > high { 0 } else { low.midpoint(high) };
        Self::new(ranges.map(middle), shift)
    }

    /// The off-diagonal coefficients.
    #[must_use]
    pub const fn off_diagonal(&self) -> &[i16; 6] {
        &self.off_diagonal
    }

    /// Base-2 logarithm of a step.
    #[must_use]
    pub const fn shift(&self) -> u32 {
        self.shift as u32
    }

    /// The nearest matrix that packs.
    #[must_use]
    pub fn pack(&self, matrix: &CorrectionMatrix) -> PackedMatrix {
        let step = |index: usize| -> u32 {
            let place = OFF_DIAGONAL.get(index).copied().unwrap_or(0);
            let value = i32::from(matrix.0.get(place).copied().unwrap_or(0));
            let base = i32::from(self.off_diagonal.get(index).copied().unwrap_or(0));
            let steps = (value - base + ((1 << self.shift) >> 1)) >> self.shift;
            (steps.clamp(-128, 127) & 0xff).cast_unsigned()
        };
        let [r, _, _, _, g, _, _, _, b] = matrix.0.map(|value| u32::from(value.cast_unsigned()));
        PackedMatrix([
            r | (g << 16),
            b | (step(0) << 16) | (step(1) << 24),
            step(2) | (step(3) << 8) | (step(4) << 16) | (step(5) << 24),
        ])
    }

    /// The nine coefficients of a packed matrix.
    ///
    /// # Errors
    /// [`MatrixError::RowSum`] when rounding to steps made a row too large.
    pub fn unpack(&self, packed: PackedMatrix) -> Result<CorrectionMatrix, MatrixError> {
        CorrectionMatrix::new(self.coefficients(packed))
    }

    /// The nine coefficients of a packed matrix that is known to keep the row sums.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "16-bit halves and 8-bit quarters of words are cut out on purpose")]
    pub const fn coefficients(&self, packed: PackedMatrix) -> [i16; 9] {
        let [a, b, c] = packed.0;
        let [b12, b13, b21, b23, b31, b32] = self.off_diagonal;
        let shift = self.shift as u32;
        [
            a as i16,
            b12 + (((b >> 16) as i8 as i16) << shift),
            b13 + (((b >> 24) as i8 as i16) << shift),
            b21 + ((c as i8 as i16) << shift),
            (a >> 16) as i16,
            b23 + (((c >> 8) as i8 as i16) << shift),
            b31 + (((c >> 16) as i8 as i16) << shift),
            b32 + (((c >> 24) as i8 as i16) << shift),
            b as i16,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixed::ONE;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_packs_unpacks_to_itself(
            diagonal in prop::array::uniform3(any::<i16>()),
            base in prop::array::uniform6(any::<i16>()),
            steps in prop::array::uniform6(any::<i8>()),
            shift in 0_u8..9,
        ) {
            let base = MatrixBase::new(base, shift);
            let [d0, d1, d2] = diagonal;
            let o: Vec<i16> = base.off_diagonal.iter().zip(steps).map(|(&b, s)| b + (i16::from(s) << base.shift)).collect();
            let matrix = CorrectionMatrix([d0, o[0], o[1], o[2], d1, o[3], o[4], o[5], d2]);
            prop_assert_eq!(base.coefficients(base.pack(&matrix)), matrix.0);
        }

        #[test]
        fn matrices_that_differ_little_pack_without_loss(
            center in prop::array::uniform9(-2_000_i16..2_000),
            noise in prop::collection::vec(prop::array::uniform9(-100_i16..100), 1..20),
        ) {
            let matrices: Vec<_> = noise.iter().map(|n| CorrectionMatrix(core::array::from_fn(|i| center[i] + n[i]))).collect();
            let base = MatrixBase::around(&matrices);
            for matrix in &matrices {
                prop_assert_eq!(base.unpack(base.pack(matrix)), Ok(*matrix));
            }
        }

        #[test]
        fn products_equal_those_of_real_numbers(
            light in prop::array::uniform3(0..=LIGHT_MAX),
            coefficients in prop::array::uniform9(-7_000_i16..7_000),
        ) {
            let matrix = CorrectionMatrix::new(coefficients).map_err(|e| TestCaseError::fail(e.to_string()))?;
            let got = matrix.apply(light, LIGHT_MAX);
            for (row, value) in coefficients.chunks(3).zip(got) {
                let exact: f64 = row.iter().zip(light).map(|(&c, l)| f64::from(c) * f64::from(l)).sum::<f64>() / 8_192.0;
                prop_assert!((f64::from(value) - exact.clamp(0.0, f64::from(LIGHT_MAX))).abs() <= 0.5001);
            }
        }
    }

    #[test]
    fn the_identity_is_exact_and_too_large_matrices_are_refused() {
        assert_eq!(CorrectionMatrix::IDENTITY.apply([ONE, 1, 12_345], ONE), [ONE, 1, 12_345], "identity");
        assert_eq!(
            CorrectionMatrix::from_f64([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
            Ok(CorrectionMatrix::IDENTITY),
            "1.0"
        );
        let wide = CorrectionMatrix::from_f64([[3.0, -3.0, 3.0], [0.0; 3], [0.0; 3]]);
        assert_eq!(wide, Err(MatrixError::RowSum { row: 0, sum: 73_728 }), "a row sum of 9.0");
        let nan = CorrectionMatrix::from_f64([[0.0; 3], [f64::NAN, 0.0, 0.0], [0.0; 3]]);
        assert!(matches!(nan, Err(MatrixError::Coefficient { row: 1, .. })), "NaN");
    }
}

//! Three by three matrices, row by row: enough linear algebra for colour.

#![expect(clippy::many_single_char_names, reason = "the nine elements have no other names")]

use core::ops::Mul;

/// A 3x3 matrix; the outer array holds rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Matrix3(pub [[f64; 3]; 3]);

impl Matrix3 {
    /// Leaves everything as it is.
    pub const IDENTITY: Self = Self::diagonal([1.0; 3]);

    /// Scales each channel on its own.
    #[must_use]
    pub const fn diagonal([a, b, c]: [f64; 3]) -> Self {
        Self([[a, 0.0, 0.0], [0.0, b, 0.0], [0.0, 0.0, c]])
    }

    /// The matrix whose columns these are.
    #[must_use]
    pub const fn from_columns(columns: [[f64; 3]; 3]) -> Self {
        Self(columns).transposed()
    }

    /// Rows and columns exchanged.
    #[must_use]
    pub const fn transposed(self) -> Self {
        let [[a, b, c], [d, e, f], [g, h, i]] = self.0;
        Self([[a, d, g], [b, e, h], [c, f, i]])
    }

    /// The determinant.
    #[must_use]
    pub fn determinant(self) -> f64 {
        let [[a, b, c], [d, e, f], [g, h, i]] = self.0;
        a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
    }

    /// The inverse; `None` where there is none (determinant 0 or not finite).
    #[must_use]
    pub fn inverse(self) -> Option<Self> {
        let determinant = self.determinant();
        if !determinant.is_normal() {
            return None;
        }
        let [[a, b, c], [d, e, f], [g, h, i]] = self.0;
        let adjugate = [
            [e * i - f * h, c * h - b * i, b * f - c * e],
            [f * g - d * i, a * i - c * g, c * d - a * f],
            [d * h - e * g, b * g - a * h, a * e - b * d],
        ];
        Some(Self(adjugate.map(|row| row.map(|value| value / determinant))))
    }
}

impl Mul<[f64; 3]> for Matrix3 {
    type Output = [f64; 3];

    fn mul(self, [x, y, z]: [f64; 3]) -> [f64; 3] {
        self.0.map(|[a, b, c]| a * x + b * y + c * z)
    }
}

impl Mul for Matrix3 {
    type Output = Self;

    fn mul(self, right: Self) -> Self {
        let columns = right.transposed().0.map(|column| self * column);
        Self::from_columns(columns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SAMPLE: Matrix3 = Matrix3([[1.0, 2.0, 3.0], [0.0, 1.0, 4.0], [5.0, 6.0, 0.0]]);

    #[test]
    fn a_matrix_times_its_inverse_is_the_identity() {
        // Whole numbers, so that the textbook inverse is exact.
        let expected = Matrix3([[-24.0, 18.0, 5.0], [20.0, -15.0, -4.0], [-5.0, 4.0, 1.0]]);
        assert_eq!(SAMPLE.inverse(), Some(expected), "determinant 1");
        assert_eq!(SAMPLE * expected, Matrix3::IDENTITY, "product");
    }

    #[test]
    fn a_singular_matrix_has_no_inverse() {
        assert_eq!(Matrix3([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [0.0, 0.0, 1.0]]).inverse(), None, "two parallel rows");
        assert_eq!(Matrix3::diagonal([f64::NAN, 1.0, 1.0]).inverse(), None, "not a number");
    }

    #[test]
    fn multiplication_is_not_commutative() {
        let other = Matrix3::diagonal([2.0, 3.0, 4.0]);
        let scaled = |row: [f64; 3]| Matrix3([row, [0.0, 3.0, 16.0], [10.0, 18.0, 0.0]]);
        assert_eq!(SAMPLE * other, scaled([2.0, 6.0, 12.0]), "columns are scaled");
        assert_ne!(other * SAMPLE, SAMPLE * other, "rows are scaled");
    }

    proptest! {
        #[test]
        fn products_associate_with_vectors(m in prop::array::uniform9(-2.0..2.0_f64), v in prop::array::uniform3(-2.0..2.0_f64)) {
            let m = Matrix3([[m[0], m[1], m[2]], [m[3], m[4], m[5]], [m[6], m[7], m[8]]]);
            let (once, twice) = ((m * SAMPLE) * v, m * (SAMPLE * v));
            for (a, b) in once.into_iter().zip(twice) {
                prop_assert!((a - b).abs() < 1e-12, "{a} {b}");
            }
        }
    }
}

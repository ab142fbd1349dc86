//! ICtCp with the PQ curve (ITU-R BT.2100-2, table 7): the space of HDR colour differences.

use super::matrix::Matrix3;
use super::transfer::{pq_eotf, pq_eotf_inverse};

/// BT.2100 RGB to LMS.
const RGB_TO_LMS: Matrix3 = Matrix3([
    [1_688.0 / 4_096.0, 2_146.0 / 4_096.0, 262.0 / 4_096.0],
    [683.0 / 4_096.0, 2_951.0 / 4_096.0, 462.0 / 4_096.0],
    [99.0 / 4_096.0, 309.0 / 4_096.0, 3_688.0 / 4_096.0],
]);

/// L'M'S' to `ICtCp`.
const LMS_TO_ICTCP: Matrix3 = Matrix3([
    [0.5, 0.5, 0.0],
    [6_610.0 / 4_096.0, -13_613.0 / 4_096.0, 7_003.0 / 4_096.0],
    [17_933.0 / 4_096.0, -17_390.0 / 4_096.0, -543.0 / 4_096.0],
]);

/// A colour in `ICtCp`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ICtCp {
    /// Intensity, 0 to 1.
    pub i: f64,
    /// Blue-yellow, -0.5 to 0.5.
    pub ct: f64,
    /// Red-green, -0.5 to 0.5.
    pub cp: f64,
}

impl ICtCp {
    /// From linear BT.2020 RGB in cd/m2.
    #[must_use]
    pub fn from_rgb2020_nits(rgb: [f64; 3]) -> Self {
        let [i, ct, cp] = LMS_TO_ICTCP * (RGB_TO_LMS * rgb).map(pq_eotf_inverse);
        Self { i, ct, cp }
    }

    /// Linear BT.2020 RGB in cd/m2; colours outside of LMS are clipped.
    #[must_use]
    pub fn to_rgb2020_nits(self) -> [f64; 3] {
        // Both constant matrices are regular (a test says so).
        let [to_lms, to_rgb] = [LMS_TO_ICTCP, RGB_TO_LMS].map(|m| m.inverse().unwrap_or(Matrix3::IDENTITY));
        to_rgb * (to_lms * [self.i, self.ct, self.cp]).map(pq_eotf)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn colours_survive_the_way_there_and_back(rgb in prop::array::uniform3(0.01..4000.0_f64)) {
            let back = ICtCp::from_rgb2020_nits(rgb).to_rgb2020_nits();
            for (a, b) in back.into_iter().zip(rgb) {
                prop_assert!((a - b).abs() < 1e-6 * 4000.0, "{a} {b}");
            }
        }
    }
}

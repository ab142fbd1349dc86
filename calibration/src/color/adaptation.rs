//! Chromatic adaptation: what has to be shown so that a colour meant for one white looks the same under another.

use super::chromaticity::Xy;
use super::matrix::Matrix3;

/// Bradford's cone responses (Lam 1985), as the ICC uses them.
const CONES: Matrix3 = Matrix3([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]);

/// The matrix on XYZ that takes `from` to `to`, both at Y = 1, by Bradford's transform.
#[must_use]
pub fn bradford(from: Xy, to: Xy) -> Matrix3 {
    let [before, after] = [from, to].map(|white| CONES * white.to_xyz());
    let gains = [after[0] / before[0], after[1] / before[1], after[2] / before[2]];
    let back = CONES.inverse().unwrap_or(Matrix3::IDENTITY);
    back * Matrix3::diagonal(gains) * CONES
}

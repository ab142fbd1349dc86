//! Source primaries to wall primaries, highlights below white, clip; twin of `wgsl/shared/gamut.wgsl`.
//!
//! Rounding: the matrix to the nearest unit of light, clipped to 0 to 32 times white; the knee's gain is rounded down
//! between its entries, the product rounds down and is clipped at white.

use ocp809_calibration::lut::fixed::{LIGHT_MAX, ONE, mul16};

use crate::plan::Gamut;

/// Light within 0 to [`ONE`].
pub(crate) fn map(gamut: &Gamut, light: [u32; 3]) -> [u32; 3] {
    let mapped = gamut.matrix.apply(light, LIGHT_MAX);
    let [r, g, b] = mapped;
    let gain = gamut.knee.gain(r.max(g).max(b));
    mapped.map(|channel| mul16(channel, gain).min(ONE))
}

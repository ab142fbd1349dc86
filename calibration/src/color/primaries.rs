//! Sets of primaries and the matrices between their RGB and XYZ, computed from xy and never pasted from rounded tables.

use super::adaptation::bradford;
use super::chromaticity::Xy;
use super::matrix::Matrix3;

/// The chromaticities of an RGB signal or of a wall's LEDs, and of white: all three at full.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Primaries {
    /// Red.
    pub red: Xy,
    /// Green.
    pub green: Xy,
    /// Blue.
    pub blue: Xy,
    /// White.
    pub white: Xy,
}

/// Primaries from which no matrix follows.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum PrimariesError {
    /// y is 0 or not a number, so the luminance of that colour is 0.
    #[error("the {channel} chromaticity ({x}, {y}) has no luminance: y must be above 0", x = xy.x, y = xy.y)]
    NoLuminance {
        /// Which of the four.
        channel: &'static str,
        /// Its chromaticity.
        xy: Xy,
    },
    /// The three primaries lie in a line.
    #[error("red, green and blue lie in a line and span no colours")]
    InALine,
    /// White lies outside the triangle of the primaries.
    #[error("white ({x}, {y}) lies outside the triangle of the primaries", x = white.x, y = white.y)]
    WhiteOutside {
        /// The white.
        white: Xy,
    },
}

impl Primaries {
    /// ITU-R BT.709 and IEC 61966-2-1 (sRGB).
    pub const BT709: Self = Self::new([0.64, 0.33], [0.30, 0.60], [0.15, 0.06], Xy::D65);
    /// ITU-R BT.2020 and BT.2100.
    pub const BT2020: Self = Self::new([0.708, 0.292], [0.170, 0.797], [0.131, 0.046], Xy::D65);
    /// SMPTE EG 432-1: DCI-P3 primaries with the white of video.
    pub const P3_D65: Self = Self::new([0.680, 0.320], [0.265, 0.690], [0.150, 0.060], Xy::D65);
    /// SMPTE RP 431-2: digital cinema projection.
    pub const P3_DCI: Self = Self::new([0.680, 0.320], [0.265, 0.690], [0.150, 0.060], Xy::DCI);

    /// Primaries from xy pairs.
    #[must_use]
    pub const fn new(red: [f64; 2], green: [f64; 2], blue: [f64; 2], white: Xy) -> Self {
        let [red, green, blue] = [Xy::new(red[0], red[1]), Xy::new(green[0], green[1]), Xy::new(blue[0], blue[1])];
        Self { red, green, blue, white }
    }

    /// The matrix from linear RGB to XYZ, Y of white = 1 (SMPTE RP 177).
    ///
    /// # Errors
    /// When the chromaticities span no triangle around white.
    pub fn rgb_to_xyz(&self) -> Result<Matrix3, PrimariesError> {
        let named = [("red", self.red), ("green", self.green), ("blue", self.blue), ("white", self.white)];
        if let Some((channel, xy)) = named.into_iter().find(|(_, xy)| !(xy.y > 0.0 && xy.x.is_finite() && xy.y.is_finite())) {
            return Err(PrimariesError::NoLuminance { channel, xy });
        }
        let unscaled = Matrix3::from_columns([self.red.to_xyz(), self.green.to_xyz(), self.blue.to_xyz()]);
        let inverse = unscaled.inverse().ok_or(PrimariesError::InALine)?;
        let luminances = inverse * self.white.to_xyz();
        if luminances.into_iter().any(|y| y <= 0.0) {
            return Err(PrimariesError::WhiteOutside { white: self.white });
        }
        Ok(unscaled * Matrix3::diagonal(luminances))
    }

    /// The matrix from XYZ (Y of white = 1) to linear RGB.
    ///
    /// # Errors
    /// As [`Primaries::rgb_to_xyz`].
    pub fn xyz_to_rgb(&self) -> Result<Matrix3, PrimariesError> {
        self.rgb_to_xyz()?.inverse().ok_or(PrimariesError::InALine)
    }

    /// The matrix from this linear RGB to another one, with white shown as the other's white (Bradford).
    ///
    /// # Errors
    /// As [`Primaries::rgb_to_xyz`], for either set.
    pub fn to(&self, other: &Self) -> Result<Matrix3, PrimariesError> {
        Ok(other.xyz_to_rgb()? * bradford(self.white, other.white) * self.rgb_to_xyz()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn primaries_without_a_triangle_are_refused_by_name() {
        let flat = Primaries::new([0.1, 0.1], [0.2, 0.2], [0.3, 0.3], Xy::D65);
        assert_eq!(flat.rgb_to_xyz(), Err(PrimariesError::InALine), "three points on y = x");
        let dark = Primaries { green: Xy::new(0.3, 0.0), ..Primaries::BT709 };
        assert!(matches!(dark.rgb_to_xyz(), Err(PrimariesError::NoLuminance { channel: "green", .. })), "y = 0");
        let outside = Primaries { white: Xy::new(0.7, 0.28), ..Primaries::BT709 };
        assert!(matches!(outside.rgb_to_xyz(), Err(PrimariesError::WhiteOutside { .. })), "white beyond red");
    }

    #[test]
    fn white_stays_white_between_spaces() -> Result<(), PrimariesError> {
        for (from, to) in [(Primaries::BT709, Primaries::BT2020), (Primaries::P3_DCI, Primaries::BT709)] {
            let white = from.to(&to)? * [1.0; 3];
            assert!(white.into_iter().all(|c| (c - 1.0).abs() < 1e-12), "{white:?}");
        }
        Ok(())
    }
}

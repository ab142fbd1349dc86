//! Colour temperature: chromaticities of daylight and of black bodies, and back.
//!
//! A white is named by its correlated colour temperature (K) and by Duv, the distance from the Planckian locus in CIE
//! 1960 uv, positive above it (Ohno 2013, "Practical Use and Calculation of CCT and Duv").

use super::chromaticity::{Uv, Xy};
use super::observer::{CIE_1931_2_DEGREE, FIRST_NM, STEP_NM};

/// Second radiation constant in m K, the value that daylight and Ohno's tables rest on (ITS-90).
const C2: f64 = 1.438_8e-2;

/// What the daylight locus must be asked for to yield an illuminant by its name: c2 was 1.4380e-2 when D65 was defined.
pub const NOMINAL_DAYLIGHT: f64 = 1.438_8 / 1.438_0;

/// Temperatures in K that this module serves.
pub const RANGE_K: core::ops::RangeInclusive<f64> = 1_000.0..=100_000.0;

/// A white by temperature and tint.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ColorTemperature {
    /// Correlated colour temperature in kelvin.
    pub kelvin: f64,
    /// Distance from the Planckian locus in CIE 1960 uv: + greenish, - pinkish.
    pub duv: f64,
}

/// A colour temperature that cannot be computed.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum TemperatureError {
    /// Outside of the range of the formula.
    #[error("{kelvin} K lies outside of {lowest} K to {highest} K")]
    OutOfRange {
        /// What was asked for.
        kelvin: f64,
        /// Lowest temperature served.
        lowest: f64,
        /// Highest temperature served.
        highest: f64,
    },
    /// Too far from the locus to be called white.
    #[error("Duv is {duv:.4}: a colour temperature is defined up to 0.05 from the Planckian locus")]
    NotWhite {
        /// Distance from the locus.
        duv: f64,
    },
}

/// CIE daylight locus (CIE 15), `kelvin` 4000 to 25000. For an illuminant's nominal temperature multiply by
/// [`NOMINAL_DAYLIGHT`].
///
/// # Errors
/// When the temperature lies outside of the formula's range.
pub fn daylight(kelvin: f64) -> Result<Xy, TemperatureError> {
    if !(4_000.0..=25_000.0).contains(&kelvin) {
        return Err(TemperatureError::OutOfRange { kelvin, lowest: 4_000.0, highest: 25_000.0 });
    }
    let t = 1.0 / kelvin;
    let x = if kelvin <= 7_000.0 {
        ((-4.607_0e9 * t + 2.967_8e6) * t + 0.099_11e3) * t + 0.244_063
    } else {
        ((-2.006_4e9 * t + 1.901_8e6) * t + 0.247_48e3) * t + 0.237_040
    };
    Ok(Xy::new(x, (-3.0 * x + 2.870) * x - 0.275))
}

impl ColorTemperature {
    /// The chromaticity of this white.
    ///
    /// # Errors
    /// When the temperature lies outside of [`RANGE_K`].
    pub fn to_xy(self) -> Result<Xy, TemperatureError> {
        let Self { kelvin, duv } = self;
        if !RANGE_K.contains(&kelvin) {
            return Err(TemperatureError::OutOfRange { kelvin, lowest: *RANGE_K.start(), highest: *RANGE_K.end() });
        }
        let on_locus = planck(kelvin);
        let (du, dv) = tangent(kelvin);
        Ok(Uv { u: on_locus.u - duv * dv, v: on_locus.v + duv * du }.into())
    }

    /// Temperature and tint of a chromaticity.
    ///
    /// # Errors
    /// When the nearest point of the locus lies outside of [`RANGE_K`], or farther than 0.05 away.
    pub fn from_xy(xy: Xy) -> Result<Self, TemperatureError> {
        let target = Uv::from(xy);
        let kelvin = nearest_on_locus(target);
        let on_locus = planck(kelvin);
        let (du, dv) = tangent(kelvin);
        let duv = du * (target.v - on_locus.v) - dv * (target.u - on_locus.u);
        let distance = (target.u - on_locus.u).hypot(target.v - on_locus.v);
        if distance > 0.05 || distance.is_nan() {
            return Err(TemperatureError::NotWhite { duv: distance.copysign(duv) });
        }
        if distance - duv.abs() > 1e-5 {
            // The foot of the perpendicular lies beyond an end of the locus.
            return Err(TemperatureError::OutOfRange { kelvin, lowest: *RANGE_K.start(), highest: *RANGE_K.end() });
        }
        Ok(Self { kelvin, duv })
    }
}

/// CIE 1960 uv of a black body.
fn planck(kelvin: f64) -> Uv {
    let mut xyz = [0.0; 3];
    let mut nanometres = FIRST_NM;
    for row in CIE_1931_2_DEGREE {
        let metres = nanometres * 1e-9;
        let power = (nanometres / 560.0).powi(-5) / (C2 / (metres * kelvin)).exp_m1();
        for (sum, weight) in xyz.iter_mut().zip(row) {
            *sum += power * weight;
        }
        nanometres += STEP_NM;
    }
    let [x, y, z] = xyz;
    let scale = x + 15.0 * y + 3.0 * z;
    Uv { u: 4.0 * x / scale, v: 6.0 * y / scale }
}

/// Unit vector along the locus towards lower temperatures.
fn tangent(kelvin: f64) -> (f64, f64) {
    let step = kelvin * 1e-5;
    let (warm, cold) = (planck(kelvin - step), planck(kelvin + step));
    let (du, dv) = (warm.u - cold.u, warm.v - cold.v);
    let length = du.hypot(dv);
    (du / length, dv / length)
}

/// The temperature whose point on the locus lies nearest: golden-section search in reciprocal temperature, in which the
/// locus runs at an even pace.
fn nearest_on_locus(target: Uv) -> f64 {
    const RATIO: f64 = 0.618_033_988_749_894_8;
    let distance = |reciprocal: f64| {
        let on_locus = planck(1.0 / reciprocal);
        (on_locus.u - target.u).hypot(on_locus.v - target.v)
    };
    let (mut low, mut high) = (1.0 / RANGE_K.end(), 1.0 / RANGE_K.start());
    let (mut left, mut right) = (high - RATIO * (high - low), low + RATIO * (high - low));
    let (mut at_left, mut at_right) = (distance(left), distance(right));
    // 0.618^48 of the range is below 1e-13 / K: 0.001 K at 6500 K.
    for _ in 0..48 {
        if at_left < at_right {
            (high, right, at_right) = (right, left, at_left);
            left = high - RATIO * (high - low);
            at_left = distance(left);
        } else {
            (low, left, at_left) = (left, right, at_right);
            right = low + RATIO * (high - low);
            at_right = distance(right);
        }
    }
    2.0 / (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d65_is_daylight_of_its_nominal_temperature() -> Result<(), TemperatureError> {
        let d65 = daylight(6_500.0 * NOMINAL_DAYLIGHT)?;
        // The locus is a fit: it passes 1e-4 above the tabulated D65.
        assert!((d65.x - Xy::D65.x).abs() < 5e-5 && (d65.y - Xy::D65.y).abs() < 1.5e-4, "{d65:?}");
        let temperature = ColorTemperature::from_xy(Xy::D65)?;
        assert!((temperature.kelvin - 6_504.0).abs() < 2.0 && (temperature.duv - 0.0032).abs() < 1e-4, "{temperature:?}");
        Ok(())
    }

    #[test]
    fn what_is_no_white_is_refused_with_its_distance() {
        let red = ColorTemperature::from_xy(Xy::new(0.30, 0.60));
        assert!(matches!(red, Err(TemperatureError::NotWhite { duv }) if duv > 0.05), "green: {red:?}");
        let low = ColorTemperature { kelvin: 999.0, duv: 0.0 }.to_xy();
        assert!(matches!(low, Err(TemperatureError::OutOfRange { .. })), "999 K: {low:?}");
        assert!(daylight(3_999.0).is_err() && daylight(f64::NAN).is_err(), "outside of the daylight formula");
        assert!(ColorTemperature::from_xy(Xy::new(f64::NAN, 0.3)).is_err(), "not a number");
    }
}

//! Colour differences: CIEDE2000 for surfaces near white, dE ITP for HDR.

use super::ictcp::ICtCp;
use super::lab::Lab;

/// CIEDE2000 with kL = kC = kH = 1 (ISO/CIE 11664-6; Sharma, Wu, Dalal 2005 for the hue rules).
#[must_use]
pub fn ciede2000(first: Lab, second: Lab) -> f64 {
    let chroma_mean = f64::midpoint(first.a.hypot(first.b), second.a.hypot(second.b));
    // G stretches a* near grey.
    let stretch = 1.0 + 0.5 * (1.0 - seventh_power_ratio(chroma_mean).sqrt());
    let (chroma1, hue1) = polar(first.a * stretch, first.b);
    let (chroma2, hue2) = polar(second.a * stretch, second.b);

    let hue_step = hue_difference(hue1, hue2, chroma1 * chroma2);
    let dl = second.l - first.l;
    let dc = chroma2 - chroma1;
    let dh = 2.0 * (chroma1 * chroma2).sqrt() * (hue_step / 2.0).to_radians().sin();

    let hue = hue_mean(hue1, hue2, chroma1 * chroma2);
    let chroma = f64::midpoint(chroma1, chroma2);
    let (sl, sc, sh) = weights(f64::midpoint(first.l, second.l), chroma, hue);
    let (l, c, h) = (dl / sl, dc / sc, dh / sh);
    (l * l + c * c + h * h + rotation(chroma, hue) * c * h).max(0.0).sqrt()
}

/// dE ITP (ITU-R BT.2124): 1 is just visible under the best conditions.
#[must_use]
pub fn delta_e_itp(first: ICtCp, second: ICtCp) -> f64 {
    let (i, ct, cp) = (first.i - second.i, first.ct - second.ct, first.cp - second.cp);
    720.0 * (i * i + 0.25 * ct * ct + cp * cp).sqrt()
}

/// c^7 / (c^7 + 25^7).
fn seventh_power_ratio(chroma: f64) -> f64 {
    let c7 = chroma.powi(7);
    c7 / (c7 + 25.0_f64.powi(7))
}

/// Chroma, and hue in degrees 0..360 (0 for grey).
fn polar(a: f64, b: f64) -> (f64, f64) {
    let hue = if a == 0.0 && b == 0.0 { 0.0 } else { b.atan2(a).to_degrees().rem_euclid(360.0) };
    (a.hypot(b), hue)
}

/// From the first hue to the second by the shorter way, in degrees; 0 when either is grey.
fn hue_difference(first: f64, second: f64, chroma_product: f64) -> f64 {
    let straight = second - first;
    if chroma_product == 0.0 {
        0.0
    } else if straight > 180.0 {
        straight - 360.0
    } else if straight < -180.0 {
        straight + 360.0
    } else {
        straight
    }
}

/// The hue between two hues on the shorter side; where one is grey, the other's.
fn hue_mean(first: f64, second: f64, chroma_product: f64) -> f64 {
    let sum = first + second;
    if chroma_product == 0.0 {
        sum
    } else if (first - second).abs() <= 180.0 {
        sum / 2.0
    } else if sum < 360.0 {
        sum / 2.0 + 180.0
    } else {
        sum / 2.0 - 180.0
    }
}

/// Weighting functions of lightness, chroma and hue.
fn weights(lightness: f64, chroma: f64, hue: f64) -> (f64, f64, f64) {
    let from_middle = (lightness - 50.0).powi(2);
    let cos = |degrees: f64| degrees.to_radians().cos();
    let t = 1.0 - 0.17 * cos(hue - 30.0) + 0.24 * cos(2.0 * hue) + 0.32 * cos(3.0 * hue + 6.0) - 0.20 * cos(4.0 * hue - 63.0);
    (1.0 + 0.015 * from_middle / (20.0 + from_middle).sqrt(), 1.0 + 0.045 * chroma, 1.0 + 0.015 * chroma * t)
}

/// The term that turns the ellipses of blue.
fn rotation(chroma: f64, hue: f64) -> f64 {
    let degrees = 30.0 * (-((hue - 275.0) / 25.0).powi(2)).exp();
    -2.0 * seventh_power_ratio(chroma).sqrt() * (2.0 * degrees).to_radians().sin()
}

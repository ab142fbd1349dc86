//! Frame rates as people write them, made exact.

use ocp809_sender::time::Rational;

/// The highest rate that is understood; far beyond any wall.
const MAX_HZ: f64 = 100_000.0;

/// How far a written rate may lie from n*1000/1001 to mean it: 23.98 and 23.976 are both 24000/1001.
const NTSC_TOLERANCE: f64 = 0.005;

/// The exact rate that a number means: 59.94 is 60000/1001, 50 is 50, 12.5 is 25/2.
#[must_use]
pub fn exact_rate(hz: f64) -> Option<Rational> {
    if !(hz > 0.0 && hz <= MAX_HZ) {
        return None;
    }
    let nominal = (hz * 1.001).round();
    let is_ntsc = (hz - hz.round()).abs() > NTSC_TOLERANCE && (hz - nominal / 1.001).abs() < NTSC_TOLERANCE;
    if is_ntsc { Rational::new(whole(nominal * 1000.0), 1001) } else { reduced(whole(hz * 1000.0), 1000) }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive and at most 1e8")]
fn whole(number: f64) -> u32 {
    number.round() as u32
}

fn reduced(numerator: u32, denominator: u32) -> Option<Rational> {
    let (mut a, mut b) = (numerator, denominator);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    Rational::new(numerator.checked_div(a)?, denominator / a)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_rates_mean_exact_ones() {
        let exact = |hz: f64| exact_rate(hz).map(|rate| (rate.numerator(), rate.denominator()));
        for (written, numerator) in [(23.976, 24_000), (23.98, 24_000), (29.97, 30_000), (59.94, 60_000), (119.88, 120_000)] {
            assert_eq!(exact(written), Some((numerator, 1001)), "{written}");
        }
        for (written, expected) in [(24.0, (24, 1)), (60.0, (60, 1)), (12.5, (25, 2)), (50.001, (50_001, 1000))] {
            assert_eq!(exact(written), Some(expected), "{written}");
        }
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e9] {
            assert_eq!(exact(bad), None, "{bad}");
        }
    }
}

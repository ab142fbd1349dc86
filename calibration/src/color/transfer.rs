//! Transfer functions, both ways: code value <-> linear light.
//!
//! Signals are 0.0 to 1.0; light is 0.0 to 1.0 unless a name says `nits` (cd/m2). Outside of that range the functions
//! clamp below 0 and continue above 1 (PQ ends there); what is not a number counts as 0.

/// Light of a signal under a pure power law ("gamma").
#[must_use]
pub fn power_eotf(signal: f64, gamma: f64) -> f64 {
    signal.max(0.0).powf(gamma)
}

/// The signal that a pure power law shows as `light`.
#[must_use]
pub fn power_eotf_inverse(light: f64, gamma: f64) -> f64 {
    light.max(0.0).powf(1.0 / gamma)
}

/// IEC 61966-2-1.
#[must_use]
pub fn srgb_eotf(signal: f64) -> f64 {
    let v = signal.max(0.0);
    if v <= 0.040_45 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
}

/// Inverse of [`srgb_eotf`].
#[must_use]
pub fn srgb_eotf_inverse(light: f64) -> f64 {
    let l = light.max(0.0);
    // The exact image of the other function's threshold, so that the pair inverts without a gap.
    if l <= 0.040_45 / 12.92 { l * 12.92 } else { 1.055 * l.powf(1.0 / 2.4) - 0.055 }
}

/// ITU-R BT.709-6, item 1.2: the camera's side. Displays follow [`Bt1886`], not its inverse.
#[must_use]
pub fn bt709_oetf(light: f64) -> f64 {
    let l = light.max(0.0);
    if l < 0.018 { 4.5 * l } else { 1.099 * l.powf(0.45) - 0.099 }
}

/// Inverse of [`bt709_oetf`]: scene light.
#[must_use]
pub fn bt709_oetf_inverse(signal: f64) -> f64 {
    let v = signal.max(0.0);
    if v < 4.5 * 0.018 { v / 4.5 } else { ((v + 0.099) / 1.099).powf(1.0 / 0.45) }
}

/// ITU-R BT.1886: a display with a given white and black.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bt1886 {
    /// `a`: user gain.
    gain: f64,
    /// `b`: black lift.
    lift: f64,
}

impl Bt1886 {
    const GAMMA: f64 = 2.4;

    /// The display whose signal 1.0 shows `white_nits` and whose signal 0.0 shows `black_nits`, in cd/m2; black must lie
    /// below white. `Bt1886::new(1.0, 0.0)` is the pure power law with relative light.
    #[must_use]
    pub fn new(white_nits: f64, black_nits: f64) -> Self {
        let [white, black] = [white_nits, black_nits].map(|nits| nits.max(0.0).powf(1.0 / Self::GAMMA));
        Self { gain: (white - black).powf(Self::GAMMA), lift: black / (white - black) }
    }

    /// Light in cd/m2.
    #[must_use]
    pub fn eotf(&self, signal: f64) -> f64 {
        self.gain * (signal + self.lift).max(0.0).powf(Self::GAMMA)
    }

    /// The signal that shows `nits`.
    #[must_use]
    pub fn eotf_inverse(&self, nits: f64) -> f64 {
        (nits.max(0.0) / self.gain).powf(1.0 / Self::GAMMA) - self.lift
    }
}

/// Constants of SMPTE ST 2084.
mod pq {
    pub(super) const M1: f64 = 2_610.0 / 16_384.0;
    pub(super) const M2: f64 = 2_523.0 / 32.0;
    pub(super) const C1: f64 = 3_424.0 / 4_096.0;
    pub(super) const C2: f64 = 2_413.0 / 128.0;
    pub(super) const C3: f64 = 2_392.0 / 128.0;
}

/// Luminance of the PQ signal 1.0, in cd/m2.
pub const PQ_PEAK_NITS: f64 = 10_000.0;

/// SMPTE ST 2084: absolute luminance in cd/m2.
#[must_use]
pub fn pq_eotf(signal: f64) -> f64 {
    let n = within(signal, 1.0).powf(1.0 / pq::M2);
    PQ_PEAK_NITS * ((n - pq::C1).max(0.0) / (pq::C2 - pq::C3 * n)).powf(1.0 / pq::M1)
}

/// `value` clipped to 0.0 to `top`, and 0.0 for what is not a number (`clamp` would hand it on).
fn within(value: f64, top: f64) -> f64 {
    if value > 0.0 { value.min(top) } else { 0.0 }
}

/// Inverse of [`pq_eotf`].
#[must_use]
pub fn pq_eotf_inverse(nits: f64) -> f64 {
    // Infinite light would divide infinity by infinity.
    let y = (within(nits, f64::MAX) / PQ_PEAK_NITS).powf(pq::M1);
    ((pq::C1 + pq::C2 * y) / (1.0 + pq::C3 * y)).powf(pq::M2)
}

/// Constants of ITU-R BT.2100-2, table 5; b and c follow from a.
mod hlg {
    pub(super) const A: f64 = 0.178_832_77;
    pub(super) const B: f64 = 1.0 - 4.0 * A;

    pub(super) fn c() -> f64 {
        0.5 - A * (4.0 * A).ln()
    }
}

/// ITU-R BT.2100-2 HLG: signal of relative scene light, per channel.
#[must_use]
pub fn hlg_oetf(light: f64) -> f64 {
    let e = light.max(0.0);
    if e <= 1.0 / 12.0 { (3.0 * e).sqrt() } else { hlg::A * (12.0 * e - hlg::B).ln() + hlg::c() }
}

/// Inverse of [`hlg_oetf`]: relative scene light, per channel.
#[must_use]
pub fn hlg_oetf_inverse(signal: f64) -> f64 {
    let v = signal.max(0.0);
    if v <= 0.5 { v * v / 3.0 } else { (((v - hlg::c()) / hlg::A).exp() + hlg::B) / 12.0 }
}

/// The display side of HLG (ITU-R BT.2100-2, table 5): a gain that depends on the pixel's scene luminance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HlgOotf {
    peak_nits: f64,
    system_gamma: f64,
}

impl HlgOotf {
    /// Luminance weights of BT.2100 primaries.
    pub const WEIGHTS: [f64; 3] = [0.2627, 0.6780, 0.0593];

    /// A display of nominal peak luminance `peak_nits` in cd/m2 (400 to 2000 is the recommendation's range) and black 0.
    #[must_use]
    pub fn new(peak_nits: f64) -> Self {
        Self { peak_nits, system_gamma: 1.2 + 0.42 * (peak_nits / 1_000.0).log10() }
    }

    /// The system gamma that follows from the peak.
    #[must_use]
    pub const fn system_gamma(&self) -> f64 {
        self.system_gamma
    }

    /// The factor on all three channels of scene light, in cd/m2, at scene luminance `ys` (0.0 to 1.0); 0 at black.
    #[must_use]
    pub fn gain_nits(&self, ys: f64) -> f64 {
        if ys > 0.0 { self.peak_nits * ys.powf(self.system_gamma - 1.0) } else { 0.0 }
    }

    /// Display light in cd/m2 of relative scene light.
    #[must_use]
    pub fn apply(&self, scene: [f64; 3]) -> [f64; 3] {
        let gain = self.gain_nits(luminance(scene));
        scene.map(|e| gain * e)
    }

    /// Relative scene light of display light in cd/m2.
    #[must_use]
    pub fn invert(&self, display_nits: [f64; 3]) -> [f64; 3] {
        let yd = luminance(display_nits);
        if yd <= 0.0 {
            return [0.0; 3];
        }
        // Yd = peak Ys^gamma, so the gain at that Ys is peak (Yd / peak)^((gamma - 1) / gamma).
        let exponent = (self.system_gamma - 1.0) / self.system_gamma;
        let gain = self.peak_nits * (yd / self.peak_nits).powf(exponent);
        display_nits.map(|f| f / gain)
    }
}

/// Luminance of BT.2100 RGB.
fn luminance([r, g, b]: [f64; 3]) -> f64 {
    let [wr, wg, wb] = HlgOotf::WEIGHTS;
    wr * r + wg * g + wb * b
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Name, there, back, largest input.
    type Pair = (&'static str, fn(f64) -> f64, fn(f64) -> f64);

    const PAIRS: [Pair; 5] = [
        ("power 2.8", |v| power_eotf(v, 2.8), |l| power_eotf_inverse(l, 2.8)),
        ("srgb", srgb_eotf, srgb_eotf_inverse),
        ("bt709", bt709_oetf_inverse, bt709_oetf),
        ("pq", pq_eotf, pq_eotf_inverse),
        ("hlg", hlg_oetf_inverse, hlg_oetf),
    ];

    proptest! {
        #[test]
        fn each_function_inverts_and_rises(v in 0.0..=1.0_f64, step in 1e-6..0.5_f64) {
            for (name, there, back) in PAIRS {
                let again = back(there(v));
                // BT.709 prints its constants to three digits: its two branches miss each other by 2e-4 at the joint.
                let tolerance = if name == "bt709" { 3e-4 } else { 1e-7 };
                prop_assert!((again - v).abs() < tolerance, "{name}: {v} came back as {again}");
                prop_assert!(there((v + step).min(1.0)) >= there(v), "{name} falls after {v}");
            }
            let display = Bt1886::new(600.0, 0.02);
            prop_assert!((display.eotf_inverse(display.eotf(v)) - v).abs() < 1e-12, "bt1886 at {v}");
        }

        #[test]
        fn the_ootf_inverts(scene in prop::array::uniform3(0.0..=1.0_f64), peak in 400.0..2000.0_f64) {
            let ootf = HlgOotf::new(peak);
            for (a, b) in ootf.invert(ootf.apply(scene)).into_iter().zip(scene) {
                prop_assert!((a - b).abs() < 1e-9, "{a} {b}");
            }
        }

        #[test]
        fn no_input_yields_a_nan(bits in any::<u64>()) {
            let v = f64::from_bits(bits);
            for (name, there, back) in PAIRS {
                prop_assert!(!there(v).is_nan(), "{name} of {v}");
                prop_assert!(!back(v).is_nan(), "inverse of {name} of {v}");
            }
        }
    }

    #[test]
    fn signals_meet_their_nominal_light() {
        for (name, there, _) in PAIRS {
            let peak = if name == "pq" { PQ_PEAK_NITS } else { 1.0 };
            assert!((there(1.0) / peak - 1.0).abs() < 1e-7, "{name} at 1");
            assert!(there(0.0).abs() < 1e-12, "{name} at 0");
        }
    }
}

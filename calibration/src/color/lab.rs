//! CIE 1976 L*a*b* (ISO/CIE 11664-4).

/// 6/29: below its cube the cube root turns into a line.
const DELTA: f64 = 6.0 / 29.0;

/// A colour in CIE 1976 L*a*b*.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lab {
    /// Lightness, 0 to 100.
    pub l: f64,
    /// Green (-) to red (+).
    pub a: f64,
    /// Blue (-) to yellow (+).
    pub b: f64,
}

impl Lab {
    /// From XYZ; `white` is the XYZ of what counts as white, in the same unit.
    #[must_use]
    pub fn from_xyz(xyz: [f64; 3], white: [f64; 3]) -> Self {
        let [x, y, z] = [xyz[0] / white[0], xyz[1] / white[1], xyz[2] / white[2]].map(compress);
        Self { l: 116.0 * y - 16.0, a: 500.0 * (x - y), b: 200.0 * (y - z) }
    }

    /// Back to XYZ, in the unit of `white`.
    #[must_use]
    pub fn to_xyz(self, white: [f64; 3]) -> [f64; 3] {
        let y = (self.l + 16.0) / 116.0;
        let [x, y, z] = [y + self.a / 500.0, y, y - self.b / 200.0].map(expand);
        [x * white[0], y * white[1], z * white[2]]
    }
}

fn compress(t: f64) -> f64 {
    if t > DELTA.powi(3) { t.cbrt() } else { t / (3.0 * DELTA * DELTA) + 4.0 / 29.0 }
}

fn expand(f: f64) -> f64 {
    if f > DELTA { f.powi(3) } else { 3.0 * DELTA * DELTA * (f - 4.0 / 29.0) }
}

//! Chromaticities: CIE 1931 xy, CIE 1960 uv (where colour temperature is defined) and CIE 1976 u'v' (where differences
//! are judged).

/// CIE 1931 xy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Xy {
    /// X / (X + Y + Z).
    pub x: f64,
    /// Y / (X + Y + Z).
    pub y: f64,
}

/// CIE 1960 uv.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Uv {
    /// 4X / (X + 15Y + 3Z).
    pub u: f64,
    /// 6Y / (X + 15Y + 3Z).
    pub v: f64,
}

/// CIE 1976 u'v'.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UvPrime {
    /// 4X / (X + 15Y + 3Z).
    pub u: f64,
    /// 9Y / (X + 15Y + 3Z).
    pub v: f64,
}

impl Xy {
    /// White of BT.709, BT.2020 and sRGB.
    pub const D65: Self = Self::new(0.3127, 0.3290);
    /// White of print and of ICC profiles.
    pub const D50: Self = Self::new(0.3457, 0.3585);
    /// White of DCI projection.
    pub const DCI: Self = Self::new(0.314, 0.351);

    /// A chromaticity.
    #[must_use]
    pub const fn new(x: f64, y: f64) -> Self {
        Self { x, y }
    }

    /// XYZ of this chromaticity at Y = 1. Not finite where y is 0.
    #[must_use]
    pub fn to_xyz(self) -> [f64; 3] {
        [self.x / self.y, 1.0, (1.0 - self.x - self.y) / self.y]
    }

    /// The chromaticity of XYZ; `None` for black.
    #[must_use]
    pub fn from_xyz([x, y, z]: [f64; 3]) -> Option<Self> {
        let sum = x + y + z;
        sum.is_normal().then(|| Self::new(x / sum, y / sum))
    }
}

impl From<Xy> for Uv {
    fn from(Xy { x, y }: Xy) -> Self {
        let scale = 12.0 * y - 2.0 * x + 3.0;
        Self { u: 4.0 * x / scale, v: 6.0 * y / scale }
    }
}

impl From<Uv> for Xy {
    fn from(Uv { u, v }: Uv) -> Self {
        let scale = 2.0 * u - 8.0 * v + 4.0;
        Self { x: 3.0 * u / scale, y: 2.0 * v / scale }
    }
}

impl From<Xy> for UvPrime {
    fn from(xy: Xy) -> Self {
        let Uv { u, v } = xy.into();
        Self { u, v: 1.5 * v }
    }
}

impl UvPrime {
    /// The chromaticity of XYZ; `None` for black.
    #[must_use]
    pub fn from_xyz([x, y, z]: [f64; 3]) -> Option<Self> {
        let scale = x + 15.0 * y + 3.0 * z;
        scale.is_normal().then(|| Self { u: 4.0 * x / scale, v: 9.0 * y / scale })
    }

    /// Distance in the u'v' plane; about 0.002 is just visible between neighbouring surfaces.
    #[must_use]
    pub fn distance(self, other: Self) -> f64 {
        (self.u - other.u).hypot(self.v - other.v)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chromaticities_survive_the_way_there_and_back() {
        for xy in [Xy::D65, Xy::D50, Xy::new(0.7, 0.299), Xy::new(0.135, 0.055)] {
            let back = Xy::from(Uv::from(xy));
            assert!((back.x - xy.x).abs() < 1e-15 && (back.y - xy.y).abs() < 1e-15, "{xy:?} {back:?}");
            let through = Xy::from_xyz(xy.to_xyz()).map_or(f64::NAN, |through| through.x - xy.x);
            assert!(through.abs() < 1e-15, "{xy:?}");
        }
    }

    #[test]
    fn black_has_no_chromaticity() {
        assert_eq!((Xy::from_xyz([0.0; 3]), UvPrime::from_xyz([0.0; 3])), (None, None), "0 / 0");
    }
}

//! A 3D lookup table over code values, interpolated in tetrahedra with integer weights that sum to 32768.

/// Smallest and largest number of points per side.
pub const SIDES: core::ops::RangeInclusive<u32> = 2..=65;

/// Weight of a whole: weights of the four corners of a tetrahedron sum to this.
const WHOLE: u32 = 1 << 15;

/// A cube of `side`^3 colours; red changes fastest, as in a .cube file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lut3d {
    side: u32,
    entries: Vec<[u16; 3]>,
}

impl Lut3d {
    /// A cube of `side` points per side; `None` unless `side` lies in [`SIDES`] and there are side^3 entries.
    #[must_use]
    pub fn new(side: u32, entries: Vec<[u16; 3]>) -> Option<Self> {
        (SIDES.contains(&side) && entries.len() == (side * side * side) as usize).then_some(Self { side, entries })
    }

    /// A cube that samples `function` (codes 0.0 to 1.0 in and out); `None` unless `side` lies in [`SIDES`].
    #[must_use]
    pub fn build(side: u32, function: impl Fn([f64; 3]) -> [f64; 3]) -> Option<Self> {
        if !SIDES.contains(&side) {
            return None;
        }
        let point = |index: u32| f64::from(index) / f64::from(side - 1);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the range of u16")]
        let code = |value: f64| (value * 65_535.0).round().clamp(0.0, 65_535.0) as u16;
        let count = side * side * side;
        let at = |i: u32| function([point(i % side), point(i / side % side), point(i / side / side)]).map(code);
        Self::new(side, (0..count).map(at).collect())
    }

    /// The cube between doing nothing (`strength` 0.0) and this one (1.0), entry by entry.
    #[must_use]
    pub fn blended(&self, strength: f64) -> Self {
        let strength = strength.clamp(0.0, 1.0);
        let points = f64::from(self.side - 1);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the range of u16")]
        let mix = |neutral: u32, code: u16| {
            let neutral = f64::from(neutral) / points * 65_535.0;
            (neutral + (f64::from(code) - neutral) * strength).round().clamp(0.0, 65_535.0) as u16
        };
        let blend = |(index, &[red, green, blue]): (u32, &[u16; 3])| {
            let (x, y, z) = (index % self.side, index / self.side % self.side, index / self.side / self.side);
            [mix(x, red), mix(y, green), mix(z, blue)]
        };
        Self { side: self.side, entries: (0..).zip(&self.entries).map(blend).collect() }
    }

    /// Points per side.
    #[must_use]
    pub const fn side(&self) -> u32 {
        self.side
    }

    /// All entries, red fastest.
    #[must_use]
    pub fn entries(&self) -> &[[u16; 3]] {
        &self.entries
    }

    /// The cell and the place in it (0 to 32768) of a code; only the last code lies at 32768.
    fn split(&self, code: u16) -> (u32, u32) {
        // 0 to 65536, so that the last code meets the last point exactly; the step lies at half of the range.
        let scaled = u32::from(code) + u32::from(code >> 15);
        let position = (scaled * (self.side - 1)) >> 1;
        let cell = position >> 15;
        if cell == self.side - 1 { (cell - 1, WHOLE) } else { (cell, position & (WHOLE - 1)) }
    }

    /// The colour of three codes: four corners weighted in steps of 1/32768, rounded to the nearest code.
    #[must_use]
    pub fn apply(&self, codes: [u16; 3]) -> [u16; 3] {
        let [(x, fx), (y, fy), (z, fz)] = codes.map(|code| self.split(code));
        let strides = [1, self.side, self.side * self.side];
        let mut axes = [(fx, strides[0]), (fy, strides[1]), (fz, strides[2])];
        // Falling fractions; equal ones keep the order red, green, blue. The two corners that a tie exchanges then have
        // a weight of 0, so that the order among equals cannot be seen.
        if axes[0].0 < axes[1].0 {
            axes.swap(0, 1);
        }
        if axes[1].0 < axes[2].0 {
            axes.swap(1, 2);
        }
        if axes[0].0 < axes[1].0 {
            axes.swap(0, 1);
        }
        let [(f0, s0), (f1, s1), (f2, s2)] = axes;
        let first = x + y * strides[1] + z * strides[2];
        let corners = [(first, WHOLE - f0), (first + s0, f0 - f1), (first + s0 + s1, f1 - f2), (first + s0 + s1 + s2, f2)];
        let mut sums = [WHOLE / 2; 3];
        for (index, weight) in corners {
            let entry = self.entries.get(index as usize).copied().unwrap_or_default();
            for (sum, value) in sums.iter_mut().zip(entry) {
                *sum += weight * u32::from(value);
            }
        }
        sums.map(|sum| u16::try_from(sum >> 15).unwrap_or(u16::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_identity_returns_its_input_within_a_step(codes in prop::array::uniform3(any::<u16>()), side in 2_u32..=65) {
            let lut = Lut3d::build(side, |rgb| rgb).unwrap();
            for (got, code) in lut.apply(codes).into_iter().zip(codes) {
                prop_assert!(got.abs_diff(code) <= 2, "{got} instead of {code}");
            }
        }

        #[test]
        fn interpolation_stays_within_its_cell(codes in prop::array::uniform3(any::<u16>()), seed in any::<u64>()) {
            let mut state = seed | 1;
            let mut entries = vec![[0_u16; 3]; 125];
            for value in entries.iter_mut().flatten() {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                *value = (state >> 48) as u16;
            }
            let lut = Lut3d::new(5, entries).unwrap();
            let cells = codes.map(|code| lut.split(code).0);
            let corner = |dx: u32, dy: u32, dz: u32| {
                lut.entries[((cells[0] + dx) + (cells[1] + dy) * 5 + (cells[2] + dz) * 25) as usize]
            };
            let corners: Vec<_> = (0..8).map(|i| corner(i & 1, i >> 1 & 1, i >> 2)).collect();
            for channel in 0..3 {
                let got = lut.apply(codes)[channel];
                let low = corners.iter().map(|c| c[channel]).min().unwrap();
                let high = corners.iter().map(|c| c[channel]).max().unwrap();
                prop_assert!((low..=high).contains(&got));
            }
        }
    }

    #[test]
    fn points_are_exact_and_wrong_sizes_are_refused() {
        let lut = Lut3d::build(2, |[r, g, b]| [g, b, r]).unwrap();
        assert_eq!(lut.apply([65_535, 0, 0]), [0, 0, 65_535], "a corner");
        assert_eq!(lut.apply([65_535; 3]), [65_535; 3], "white");
        assert!(Lut3d::new(3, vec![[0; 3]; 26]).is_none(), "an entry is missing");
        assert!(Lut3d::build(66, |rgb| rgb).is_none() && Lut3d::build(1, |rgb| rgb).is_none(), "sides out of range");
    }
}

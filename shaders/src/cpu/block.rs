//! Up to 256 neighbouring pixels of a row on their way through the stages, one plane per channel.
//!
//! Everything here is the arithmetic of the scalar stages in loops that compilers turn into vector code: table reads are
//! kept apart from arithmetic, products stay within 16 bits times 16 bits, and loops run over whole blocks, whose length is
//! known, so that none ends in single steps. Pixels beyond the block's length are computed and never looked at.

use core::ops::Range;

use ocp809_calibration::lut::fixed::{ONE, mul16};
use ocp809_calibration::lut::{MatrixBase, PackedMatrix};

use super::simd::{self, Factors, Vectors};

/// Pixels of a block.
pub(crate) const BLOCK: usize = 256;

/// One value per pixel.
pub(crate) type Lane<T> = [T; BLOCK];

/// One value per pixel, and room for a few on either side.
pub(crate) type WideLane<T> = [T; WIDE];

/// Values of a [`WideLane`]: whole vectors.
const WIDE: usize = BLOCK + 64;

/// The planes of a block.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    /// Pixels in use.
    pub(crate) length: usize,
    /// Code values; on direct ways steps, then codes.
    pub(crate) codes: [Lane<u16>; 3],
    /// Cb and Cr; see [`super::chroma`].
    pub(crate) chroma: [WideLane<i32>; 2],
    /// Two rows of shared samples.
    pub(crate) rows: [WideLane<u16>; 2],
    /// Their mixture.
    pub(crate) samples: WideLane<i32>,
    /// Light.
    pub(crate) light: [Lane<u32>; 3],
    /// Corrected light.
    pub(crate) corrected: [Lane<u32>; 3],
    /// Values, then codes.
    pub(crate) values: [Lane<u32>; 3],
    /// Places in a table of bytes.
    pub(crate) places: Lane<u8>,
    /// What else a table has for a place.
    pub(crate) entries: Lane<u32>,
    /// Fractions between table entries.
    pub(crate) fractions: Lane<u32>,
}

impl Block {
    /// An empty block on the heap.
    pub(crate) fn new() -> Box<Self> {
        let (codes, light) = ([[0; BLOCK]; 3], [[0; BLOCK]; 3]);
        let (chroma, rows, samples, fractions) = ([[0; WIDE]; 2], [[0; WIDE]; 2], [0; WIDE], [0; BLOCK]);
        let (corrected, values, places, entries) = (light, light, [0; BLOCK], [0; BLOCK]);
        Box::new(Self { length: 0, codes, chroma, rows, samples, light, corrected, values, places, entries, fractions })
    }

    /// Replaces the light of every pixel.
    #[inline(always)]
    pub(crate) fn map(&mut self, function: impl Fn([u32; 3]) -> [u32; 3]) {
        let [red, green, blue] = &mut self.light;
        for ((r, g), b) in red.iter_mut().zip(green).zip(blue).take(self.length) {
            [*r, *g, *b] = function([*r, *g, *b]);
        }
    }

    /// Levels: see [`super::correct`].
    #[inline(always)]
    pub(crate) fn level(&mut self, levels: [u32; 3]) {
        for (lane, level) in self.light.iter_mut().zip(levels) {
            for light in lane {
                *light = mul16(*light, level);
            }
        }
    }

    /// No calibration of the pixels in `range`: clip only.
    #[inline(always)]
    pub(crate) fn clip(&mut self, range: Range<usize>) {
        for (out, lane) in self.corrected.iter_mut().zip(&self.light) {
            let (Some(out), Some(lane)) = (out.get_mut(range.clone()), lane.get(range.clone())) else { return };
            out.iter_mut().zip(lane).for_each(|(out, &light)| *out = light.min(ONE));
        }
    }

    /// The lanes of light of the pixels in `range`.
    #[inline(always)]
    fn light_in<'a>(light: &'a [Lane<u32>; 3], range: &Range<usize>) -> [&'a [u32]; 3] {
        light.each_ref().map(|lane| lane.get(range.clone()).unwrap_or_default())
    }

    /// The lanes of what the pixels in `range` become.
    #[inline(always)]
    fn lanes_in<'a>(lanes: &'a mut [Lane<u32>; 3], range: &Range<usize>) -> [&'a mut [u32]; 3] {
        lanes.each_mut().map(|lane| lane.get_mut(range.clone()).unwrap_or_default())
    }

    /// The product of `factors` and the light in `range`.
    #[inline(always)]
    pub(crate) fn correct(&mut self, vectors: Vectors, range: &Range<usize>, factors: Factors<'_>) {
        let light = Self::light_in(&self.light, range);
        if simd::multiply(vectors, factors, light, &mut Self::lanes_in(&mut self.corrected, range)) {
            return;
        }
        match factors {
            Factors::Module(matrix) => self.multiply(range, matrix),
            Factors::Pixels(base, packed) => self.multiply_each(range, base, packed),
        }
    }

    /// One matrix for all pixels in `range`: see [`super::correct`].
    #[inline(always)]
    fn multiply(&mut self, range: &Range<usize>, matrix: &[i16; 9]) {
        let light = Self::light_in(&self.light, range);
        let [red, green, blue] = light;
        for (out, row) in self.corrected.iter_mut().zip(matrix.as_chunks::<3>().0) {
            let [cr, cg, cb] = row.map(i32::from);
            let out = out.get_mut(range.clone()).unwrap_or_default();
            for (((out, &r), &g), &b) in out.iter_mut().zip(red).zip(green).zip(blue) {
                *out = product([cr, cg, cb], [r, g, b]);
            }
        }
    }

    /// A packed matrix for each pixel in `range`, all of one module.
    #[inline(always)]
    fn multiply_each(&mut self, range: &Range<usize>, base: &MatrixBase, packed: &[PackedMatrix]) {
        let light = Self::light_in(&self.light, range);
        let [b12, b13, b21, b23, b31, b32] = base.off_diagonal().map(i32::from);
        let shift = base.shift();
        // A signed byte of a word, from its place in the topmost byte, as steps from its base.
        let step = |from: i32, word: u32, up: u32| from + (((word << up).cast_signed() >> 24) << shift);
        let low = |word: u32| (word << 16).cast_signed() >> 16;
        let [r, g, b] = light;
        let [red, green, blue] = Self::lanes_in(&mut self.corrected, range);
        let out = red.iter_mut().zip(green).zip(blue);
        for ((((out, &r), &g), &b), &PackedMatrix([w0, w1, w2])) in out.zip(r).zip(g).zip(b).zip(packed) {
            let ((red, green), blue) = out;
            let light = [r, g, b];
            *red = product([low(w0), step(b12, w1, 8), step(b13, w1, 0)], light);
            *green = product([step(b21, w2, 24), w0.cast_signed() >> 16, step(b23, w2, 16)], light);
            *blue = product([step(b31, w2, 8), step(b32, w2, 0), low(w1)], light);
        }
    }
}

/// A row of a matrix times light of at most 2.0, rounded and clipped as [`super::correct::correct`] does.
#[inline(always)]
fn product(row: [i32; 3], light: [u32; 3]) -> u32 {
    let [cr, cg, cb] = row;
    // The masks lose nothing; they tell the compiler that both factors fit into 16 bits.
    let [rh, gh, bh] = light.map(|l| (l >> 13).cast_signed() & 0x7fff);
    let [rl, gl, bl] = light.map(|l| l.cast_signed() & 0x1fff);
    let high = cr * rh + cg * gh + cb * bh;
    let low = cr * rl + cg * gl + cb * bl + (1 << 12);
    (high + (low >> 13)).clamp(0, ONE.cast_signed()).cast_unsigned()
}

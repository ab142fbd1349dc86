//! Corrected light to codes for a block of pixels: the arithmetic of [`super::transfer`] and [`super::dither`] in loops.
//!
//! The octave of a light is read off a float's exponent. That is exact: the lowest bits of lights above 2^24 are cleared
//! before the conversion, and [`ocp809_calibration::lut::fixed::LogIndex`] never looks at them.

use core::ops::Range;

use ocp809_calibration::lut::fixed::LogIndex;
use ocp809_calibration::lut::loss::SCALAR_BITS;
use ocp809_calibration::lut::output::VALUE_BITS;

use super::block::{BLOCK, Block, Lane};
use super::byte::ByteEncoder;
use super::dither::{frame_offset, rank};
use super::simd::{self, Vectors};
use super::transfer::{linear, pass, top};
use crate::plan::{Encoder, Law};

/// Entries of a table in float order, a power of two so that a mask replaces the bounds check.
const ENTRIES: usize = 0x1000;

/// An encoder as the blocks use it.
#[derive(Debug)]
pub(crate) struct FastEncoder {
    /// Entry 0 is black, entry n + 1 holds the lights whose exponent and upper 7 bits of mantissa count n from 1.0.
    table: Option<Box<Table>>,
    /// The low-grey loss, likewise.
    loss: Option<Box<Table>>,
    /// The table of a link of 8 bits.
    pub(crate) bytes: Option<ByteEncoder>,
}

/// A table in float order.
type Table = [u32; ENTRIES];

/// Place of a light in a table in float order, and the fraction towards the next entry.
#[inline(always)]
#[expect(clippy::cast_precision_loss, clippy::cast_possible_wrap, reason = "at most 24 significant bits; at most 2^26")]
fn place(light: u32) -> (u32, u32) {
    let bits = ((light & !(light >> 24)) as i32 as f32).to_bits();
    let entry = (bits >> 16).cast_signed() - (127 << 7) + 1;
    (entry.max(0).cast_unsigned() & 0xfff, (bits >> 1) & 0x7fff)
}

impl FastEncoder {
    /// The tables of `encoder` in float order.
    pub(crate) fn new(encoder: &Encoder) -> Self {
        let table = match &encoder.law {
            Law::Table(table) => Some(in_float_order(table.entries())),
            Law::Linear | Law::Pass | Law::Bytes(_) => None,
        };
        let bytes = match &encoder.law {
            Law::Bytes(table) => Some(ByteEncoder::new(table)),
            Law::Linear | Law::Pass | Law::Table(_) => None,
        };
        Self { table, loss: encoder.loss.as_ref().map(|loss| in_float_order(loss.entries())), bytes }
    }

    /// The codes of the pixels in `range`, whose first one lies at `site`, straight to `out`, three bytes per pixel; whether
    /// these instructions can do that.
    #[inline(always)]
    pub(crate) fn codes(
        &self,
        vectors: Vectors,
        (encoder, site): (&Encoder, Site),
        scalars: [i16; 3],
        (block, range): (&Block, &Range<usize>),
        out: &mut [u8],
    ) -> bool {
        let thresholds = core::array::from_fn(|channel| {
            thresholds(encoder, 8, site, channel).map(|threshold| u16::try_from(threshold).unwrap_or(0))
        });
        let light = block.corrected.each_ref().map(|lane| lane.get(range.clone()).unwrap_or_default());
        match (&self.bytes, &encoder.law) {
            (Some(bytes), _) => simd::byte_codes(vectors, bytes, thresholds, scalars, light, out),
            (None, Law::Linear) if encoder.bits == 8 && !self.has_loss() => simd::linear_codes(vectors, thresholds, light, out),
            _ => false,
        }
    }

    /// Whether modules differ by their low-grey loss.
    pub(crate) fn has_loss(&self) -> bool {
        self.loss.is_some() || self.bytes.as_ref().is_some_and(ByteEncoder::has_loss)
    }
}

/// A table on the grid of [`LogIndex`] in float order.
fn in_float_order(entries: &[u32]) -> Box<Table> {
    let mut own = Box::new([0; ENTRIES]);
    for (&value, entry) in entries.iter().zip(0_u32..) {
        let light = u32::try_from(LogIndex::light_of(entry)).unwrap_or(0);
        if let Some(slot) = own.get_mut(place(light).0 as usize) {
            *slot = value;
        }
    }
    own
}

/// Where a block lies, for the dither.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Site {
    /// Column of the first pixel on its screen.
    pub(crate) x: u32,
    /// Row on its screen.
    pub(crate) y: u32,
    /// Presentation frame.
    pub(crate) phase: u64,
}

/// Thresholds of four neighbouring pixels of one channel, in codes with `fraction` bits behind the point.
#[inline(always)]
pub(crate) fn thresholds(encoder: &Encoder, fraction: u32, site: Site, channel: usize) -> [u32; 4] {
    if encoder.period == 0 {
        return [(1 << fraction) >> 1; 4];
    }
    let offset = frame_offset(site.phase, encoder.period);
    core::array::from_fn(|x| ((2 * rank(site.x + u32::try_from(x).unwrap_or(0), site.y, channel, offset) + 1) << fraction) >> 5)
}

/// Values of the corrected light of a block, without loss.
#[inline(always)]
pub(crate) fn values(fast: &FastEncoder, encoder: &Encoder, block: &mut Block) {
    for (lane, light) in block.values.iter_mut().zip(&block.corrected) {
        lane_values(fast, encoder, light, lane, &mut block.fractions);
    }
}

/// Values of one channel.
#[inline(always)]
fn lane_values(fast: &FastEncoder, encoder: &Encoder, light: &Lane<u32>, out: &mut Lane<u32>, fractions: &mut Lane<u32>) {
    let Some(table) = &fast.table else {
        out.iter_mut().zip(light).for_each(|(out, &light)| *out = linear(light, encoder.bits));
        return;
    };
    for ((entry, fraction), &light) in out.iter_mut().zip(fractions.iter_mut()).zip(light) {
        (*entry, *fraction) = place(light);
    }
    look_up(table, out);
    for (entry, &fraction) in out.iter_mut().zip(fractions.iter()) {
        *entry = (*entry >> 12) + (((*entry & 0xfff) * fraction) >> 15);
    }
}

/// Dithers the values of a block into interleaved codes, three per pixel.
#[inline(always)]
pub(crate) fn finish<S: Sample>(encoder: &Encoder, site: Site, block: &mut Block, out: &mut [S]) {
    let fraction = VALUE_BITS - encoder.bits;
    for (channel, lane) in block.values.iter_mut().enumerate() {
        let thresholds = thresholds(encoder, fraction, site, channel);
        for group in lane.as_chunks_mut::<4>().0 {
            for (value, threshold) in group.iter_mut().zip(thresholds) {
                *value = (*value + threshold) >> fraction;
            }
        }
    }
    interleave(&block.values, out);
}

/// Replaces indices by entries. The mask is what an index has already; it spares the check.
#[inline(always)]
fn look_up(table: &Table, indices: &mut [u32]) {
    for index in indices {
        *index = table.get(*index as usize & (ENTRIES - 1)).copied().unwrap_or(0);
    }
}

/// Adds what a module with the shares `scalars` needs to make up for its loss, to the values of the pixels in `range`: see
/// [`ocp809_calibration::lut::LossTable::extra`].
#[inline(always)]
pub(crate) fn add_loss(fast: &FastEncoder, encoder: &Encoder, scalars: [i16; 3], range: &Range<usize>, block: &mut Block) {
    let Some(table) = &fast.loss else { return };
    let limit = (top(encoder.bits) << (VALUE_BITS - encoder.bits)).cast_signed();
    for ((lane, light), scalar) in block.values.iter_mut().zip(&block.corrected).zip(scalars) {
        let indices = block.fractions.get_mut(range.clone());
        let (Some(lane), Some(light), Some(indices)) = (lane.get_mut(range.clone()), light.get(range.clone()), indices) else {
            return;
        };
        for (index, &light) in indices.iter_mut().zip(light) {
            *index = place(light).0;
        }
        look_up(table, indices);
        for ((value, &light), &mut entry) in lane.iter_mut().zip(light).zip(indices) {
            let (entry, fraction) = (entry.cast_signed(), place(light).1.cast_signed());
            let curve = (entry >> 16) + ((((entry << 16) >> 16) * fraction) >> 15);
            let extra = (curve * i32::from(scalar) + (1 << (SCALAR_BITS - 1))) >> SCALAR_BITS;
            *value = (value.cast_signed() + extra).clamp(0, limit).cast_unsigned();
        }
    }
}

/// Planes to triples of `out`, as many as it has room for.
#[inline(always)]
pub(crate) fn interleave<C: Code, S: Sample>(lanes: &[Lane<C>; 3], out: &mut [S]) {
    triples(lanes, out, |code| S::of(code.code()));
}

/// Code values of the source as codes of the link, three per pixel.
#[inline(always)]
pub(crate) fn pass_codes<S: Sample>(bits: u32, block: &Block, out: &mut [S]) {
    triples(&block.codes, out, |code| S::of(pass(code, bits)));
}

/// What `sample` makes of planes, three per pixel.
#[inline(always)]
fn triples<C: Copy, S>(lanes: &[Lane<C>; 3], out: &mut [S], sample: impl Fn(C) -> S) {
    let [red, green, blue] = lanes;
    let set = |([r, g, b], ((&red, &green), &blue)): (&mut [S; 3], ((&C, &C), &C))| {
        *r = sample(red);
        *g = sample(green);
        *b = sample(blue);
    };
    let colors = red.iter().zip(green).zip(blue);
    let pixels = out.as_chunks_mut::<3>().0;
    match pixels.as_mut_array::<BLOCK>() {
        Some(pixels) => pixels.iter_mut().zip(colors).for_each(set),
        None => pixels.iter_mut().zip(colors).for_each(set),
    }
}

/// A lane's element that holds a code.
pub(crate) trait Code: Copy {
    /// The code.
    fn code(self) -> u16;
}

impl Code for u16 {
    #[inline(always)]
    fn code(self) -> u16 {
        self
    }
}

impl Code for u32 {
    #[expect(clippy::cast_possible_truncation, reason = "codes have at most 16 bits")]
    #[inline(always)]
    fn code(self) -> u16 {
        self as u16
    }
}

/// A code as bands keep it.
pub(crate) trait Sample: Copy {
    /// The sample of a code that fits.
    fn of(code: u16) -> Self;

    /// Samples as bytes, where they are such.
    fn bytes(samples: &mut [Self]) -> Option<&mut [u8]>;
}

impl Sample for u8 {
    #[expect(clippy::cast_possible_truncation, reason = "only codes of 8 bits are kept in bytes")]
    #[inline(always)]
    fn of(code: u16) -> Self {
        code as Self
    }

    #[inline(always)]
    fn bytes(samples: &mut [Self]) -> Option<&mut [u8]> {
        Some(samples)
    }
}

impl Sample for u16 {
    #[inline(always)]
    fn of(code: u16) -> Self {
        code
    }

    #[inline(always)]
    fn bytes(_samples: &mut [Self]) -> Option<&mut [u8]> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::block::BLOCK;
    use ocp809_calibration::lut::OutputTable;
    use ocp809_calibration::lut::fixed::ONE;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_table_in_float_order_holds_the_same_values(gamma in 1.05_f64..4.0, lights in prop::collection::vec(0..=ONE, 1..200)) {
            let table = OutputTable::build(8, |signal| signal.powf(gamma));
            let encoder = Encoder { bits: 8, law: Law::Table(table.clone()), loss: None, period: 0 };
            let fast = FastEncoder::new(&encoder);
            let mut lane = [0; BLOCK];
            let edges = [0, 1, 2, 127, 128, 255, 256, 257, ONE, ONE - 1, ONE / 2, ONE / 2 - 1, (1 << 24) + 1, (1 << 25) + 3];
            lane.iter_mut().zip(lights.into_iter().chain(edges)).for_each(|(slot, light)| *slot = light);
            let (mut out, mut fractions) = ([0; BLOCK], [0; BLOCK]);
            lane_values(&fast, &encoder, &lane, &mut out, &mut fractions);
            for (&light, value) in lane.iter().zip(out) {
                prop_assert_eq!(value, table.value(light), "light {}", light);
            }
        }
    }
}

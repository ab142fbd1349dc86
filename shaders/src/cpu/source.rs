//! Source rows to blocks of code values or light: the arithmetic of [`super::ingest`] without a look-up of row and plane
//! for every sample.

use core::ops::Range;

use ocp809_calibration::lut::LightTable;
use ocp809_calibration::lut::fixed::mul16;

use super::block::{BLOCK, Block, Lane};
use super::chroma;
use super::ingest::clip;
use super::simd::{self, Entry, Factors, Planes, Vectors};
use crate::format::{ColorModel, SamplePlace};
use crate::frame::FrameView;
use crate::plan::{Ingest, ScreenPlan};

/// What becomes of every 8-bit sample, one table per channel.
pub(crate) type ByteTables<T> = [[T; 256]; 3];

/// What `stages` make of the code values of 8-bit RGB samples, channel by channel.
pub(crate) fn byte_tables<T>(ingest: &Ingest, stages: impl Fn(u16, usize) -> T) -> ByteTables<T> {
    let entry = |byte, channel| stages(clip(luma(ingest, byte) >> 12), channel);
    core::array::from_fn(|channel| core::array::from_fn(|byte| entry(u32::try_from(byte).unwrap_or(0), channel)))
}

/// The light of 8-bit RGB samples at the given levels: ingest, input transfer and level in one table.
pub(crate) fn byte_lights(ingest: &Ingest, screen: &ScreenPlan, levels: [u32; 3]) -> ByteTables<u32> {
    byte_tables(ingest, |code, channel| mul16(screen.input.light(code), levels.get(channel).copied().unwrap_or(0)))
}

/// See [`super::ingest`].
#[inline(always)]
fn luma(ingest: &Ingest, sample: u32) -> i32 {
    let bits = ingest.row.bits;
    let wide = sample << (16 - bits);
    let luma = if ingest.full { wide | (sample >> (2 * bits - 16)) } else { wide };
    // Beyond the row's end lies anything.
    (luma.cast_signed() - ingest.black).wrapping_mul(ingest.luma).wrapping_add(2_048)
}

/// Replaces samples by code values.
#[inline(always)]
fn lumas(ingest: &Ingest, lane: &mut Lane<u16>) {
    for code in lane {
        *code = clip(luma(ingest, u32::from(*code)) >> 12);
    }
}

/// Reads the samples of a place from column `first` on into `out`; what lies beyond the row stays as it is.
#[inline(always)]
pub(crate) fn read(ingest: &Ingest, row: &[u8], place: SamplePlace, first: usize, out: &mut [u16]) {
    let row = row.get(place.offset as usize + first * place.step as usize..).unwrap_or_default();
    let (shift, limit) = (ingest.row.sample_shift, u16::MAX >> (16 - ingest.row.bits));
    let byte = |[byte]: [u8; 1]| u16::from(byte);
    let word = |bytes: [u8; 2]| (u16::from_le_bytes(bytes) >> shift).min(limit);
    match (ingest.row.sample_bytes, place.step) {
        (1, 1) => read_steps::<1, 1>(row, out, byte),
        (1, 2) => read_steps::<2, 1>(row, out, byte),
        (1, 3) => read_steps::<3, 1>(row, out, byte),
        (1, _) => read_steps::<4, 1>(row, out, byte),
        (_, 2) => read_steps::<2, 2>(row, out, word),
        (_, 6) => read_steps::<6, 2>(row, out, word),
        _ => read_steps::<4, 2>(row, out, word),
    }
}

/// The first `BYTES` bytes of every `STEP`. The last sample may end its row before its step does.
#[inline(always)]
fn read_steps<const STEP: usize, const BYTES: usize>(row: &[u8], out: &mut [u16], sample: impl Fn([u8; BYTES]) -> u16) {
    let (whole, rest) = row.as_chunks::<STEP>();
    let read = |bytes: &[u8]| bytes.first_chunk().copied().map(&sample);
    let set = |(out, bytes): (&mut u16, &[u8; STEP])| *out = read(bytes).unwrap_or(0);
    match (out.as_mut_array::<BLOCK>(), whole.first_chunk::<BLOCK>()) {
        (Some(out), Some(whole)) => out.iter_mut().zip(whole).for_each(set),
        _ => out.iter_mut().zip(whole).for_each(set),
    }
    if let (Some(out), Some(sample)) = (out.get_mut(whole.len()), read(rest)) {
        *out = sample;
    }
}

/// What `tables` say of `length` 8-bit RGB pixels from column `x` of row `y` on.
#[inline(always)]
pub(crate) fn bytes_through<T: Entry>(
    vectors: Vectors,
    ingest: &Ingest,
    tables: &Planes<T>,
    frame: &FrameView<'_>,
    (x, y): (usize, usize),
    (length, out): (usize, &mut [Lane<T>; 3]),
) {
    let row = frame.row(0, y);
    let places = ingest.row.samples.map(|place| place.offset as usize);
    if ingest.row.samples.iter().all(|place| place.step == 4) {
        pixels_through::<T, 4>(vectors, tables, row, (x, length), places, out);
    } else {
        pixels_through::<T, 3>(vectors, tables, row, (x, length), places, out);
    }
}

/// Light of `range` of the 8-bit RGB pixels from column `x` of row `y` on, by `halves` of their bytes, times `factors`; whether
/// these instructions did it.
#[inline(always)]
pub(crate) fn bytes_times(
    vectors: Vectors,
    ingest: &Ingest,
    (halves, factors): (&Planes<u32>, Factors<'_>),
    frame: &FrameView<'_>,
    (x, y): (usize, usize),
    range: &Range<usize>,
    out: &mut [Lane<u32>; 3],
) -> bool {
    let row = frame.row(0, y);
    let places = ingest.row.samples.map(|place| place.offset as usize);
    let mut out = out.each_mut().map(|lane| lane.get_mut(range.clone()).unwrap_or_default());
    let range = x + range.start..x + range.end;
    if ingest.row.samples.iter().all(|place| place.step == 4) {
        let pixels = row.as_chunks::<4>().0.get(range).unwrap_or_default();
        simd::multiply_bytes(vectors, factors, halves, (pixels, places), &mut out)
    } else {
        let pixels = row.as_chunks::<3>().0.get(range).unwrap_or_default();
        simd::multiply_bytes(vectors, factors, halves, (pixels, places), &mut out)
    }
}

/// The same of pixels of `STEP` bytes: whole groups at once where that is faster, and the rest one by one.
#[inline(always)]
fn pixels_through<T: Entry, const STEP: usize>(
    vectors: Vectors,
    tables: &Planes<T>,
    row: &[u8],
    (x, length): (usize, usize),
    places: [usize; 3],
    out: &mut [Lane<T>; 3],
) {
    let pixels = row.as_chunks::<STEP>().0.get(x..x + length).unwrap_or_default();
    let done = simd::through(vectors, tables, pixels, places, &mut out.each_mut().map(<[T; BLOCK]>::as_mut_slice));
    let ([rs, gs, bs], [rt, gt, bt], [red, green, blue]) = (out, &tables.whole, places);
    let pick =
        |table: &[T; 256], byte: Option<&u8>| table.get(byte.map_or(0, |&byte| usize::from(byte))).copied().unwrap_or_default();
    let rest = rs.iter_mut().zip(gs).zip(bs).zip(pixels).skip(done);
    for (((r, g), b), bytes) in rest {
        *r = pick(rt, bytes.get(red));
        *g = pick(gt, bytes.get(green));
        *b = pick(bt, bytes.get(blue));
    }
}

/// Light of a block of code values: [`LightTable::light`] with its reads apart from its arithmetic.
#[inline(always)]
pub(crate) fn codes_to_light(table: &LightTable, codes: &Lane<u16>, light: &mut Lane<u32>, rises: &mut Lane<u32>) {
    let entries = table.entries();
    for ((low, rise), &code) in light.iter_mut().zip(rises.iter_mut()).zip(codes) {
        let at = usize::from(code >> 4);
        let (own, next) = (entries.get(at).copied().unwrap_or(0), entries.get(at + 1).copied().unwrap_or(0));
        (*low, *rise) = (own, next - own);
    }
    for ((low, &mut rise), &code) in light.iter_mut().zip(rises).zip(codes) {
        *low += (rise * u32::from(code & 15) + 8) >> 4;
    }
}

/// Code values of the pixels from column `x` of row `y` on.
#[inline(always)]
pub(crate) fn codes(ingest: &Ingest, frame: &FrameView<'_>, x: usize, y: usize, block: &mut Block) {
    let [first, second, third] = ingest.row.samples;
    let row = |place: SamplePlace| frame.row(place.plane as usize, y);
    match ingest.row.model {
        ColorModel::Rgb => {
            for (lane, place) in block.codes.iter_mut().zip([first, second, third]) {
                read(ingest, row(place), place, x, lane);
                lumas(ingest, lane);
            }
        }
        ColorModel::Gray => {
            let [red, green, blue] = &mut block.codes;
            read(ingest, row(first), first, x, red);
            lumas(ingest, red);
            green.copy_from_slice(red);
            blue.copy_from_slice(red);
        }
        ColorModel::Yuv => {
            let inside = chroma::fill(ingest, frame, [second, third], (x, y), block);
            let Some([cb, cr]) = chroma::at(&block.chroma, inside) else { return };
            let [red, green_from_b, green_from_r, blue] = ingest.chroma;
            // Luma lies where red will, until both are in hand.
            let [rs, gs, bs] = &mut block.codes;
            read(ingest, row(first), first, x, rs);
            for ((((r, g), b), &cb), &cr) in rs.iter_mut().zip(gs).zip(bs).zip(cb).zip(cr) {
                let y = luma(ingest, u32::from(*r));
                *r = clip(y.wrapping_add(red * cr) >> 12);
                *g = clip(y.wrapping_add(green_from_b * cb + green_from_r * cr) >> 12);
                *b = clip(y.wrapping_add(blue * cb) >> 12);
            }
        }
    }
}

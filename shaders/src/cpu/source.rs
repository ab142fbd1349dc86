//! Source rows to blocks of code values or light: the arithmetic of [`super::ingest`] without a look-up of row and plane
//! for every sample.

use ocp809_calibration::lut::LightTable;
use ocp809_calibration::lut::fixed::mul16;

use super::block::{BLOCK, Block, Lane};
use super::ingest::{NEUTRAL, clip, taps};
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
    (luma.cast_signed() - ingest.black) * ingest.luma + 2_048
}

/// Reads the samples of a place from column `first` on into `out`; what lies beyond the row stays as it is.
#[inline(always)]
fn read(ingest: &Ingest, row: &[u8], place: SamplePlace, first: usize, out: &mut [u16]) {
    let row = row.get(place.offset as usize + first * place.step as usize..).unwrap_or_default();
    match (ingest.row.sample_bytes, place.step) {
        (1, 1) => out.iter_mut().zip(row).for_each(|(out, &byte)| *out = u16::from(byte)),
        (1, 2) => read_bytes::<2>(row, out),
        (1, 3) => read_bytes::<3>(row, out),
        (1, _) => read_bytes::<4>(row, out),
        (_, 2) => read_words::<2>(ingest, row, out),
        (_, 6) => read_words::<6>(ingest, row, out),
        _ => read_words::<4>(ingest, row, out),
    }
}

/// Every `STEP`th byte. The last sample may end its row before its step does.
#[inline(always)]
fn read_bytes<const STEP: usize>(row: &[u8], out: &mut [u16]) {
    let (whole, rest) = row.as_chunks::<STEP>();
    let samples = whole.iter().map(|bytes| bytes.first().copied().unwrap_or(0)).chain(rest.first().copied());
    out.iter_mut().zip(samples).for_each(|(out, byte)| *out = u16::from(byte));
}

/// Every little-endian word that begins at a multiple of `STEP` bytes, as a clipped sample.
#[inline(always)]
fn read_words<const STEP: usize>(ingest: &Ingest, row: &[u8], out: &mut [u16]) {
    let (shift, limit) = (ingest.row.sample_shift, u16::MAX >> (16 - ingest.row.bits));
    let (whole, rest) = row.as_chunks::<STEP>();
    let word = |bytes: &[u8]| match bytes {
        [low, high, ..] => (u16::from_le_bytes([*low, *high]) >> shift).min(limit),
        _ => 0,
    };
    let samples = whole.iter().map(|bytes| word(bytes)).chain((rest.len() >= 2).then(|| word(rest)));
    out.iter_mut().zip(samples).for_each(|(out, sample)| *out = sample);
}

/// What `tables` say of the `length` 8-bit RGB pixels from column `x` of row `y` on.
#[inline(always)]
pub(crate) fn bytes_through<T: Copy + Default>(
    ingest: &Ingest,
    tables: &ByteTables<T>,
    frame: &FrameView<'_>,
    (x, y): (usize, usize),
    length: usize,
    out: &mut [Lane<T>; 3],
) {
    let row = frame.row(0, y);
    let [red, green, blue] = ingest.row.samples.map(|place| place.offset as usize);
    let [rs, gs, bs] = out;
    let [rt, gt, bt] = tables;
    let out = rs.iter_mut().zip(gs).zip(bs).take(length);
    let pick = |table: &[T; 256], byte: u8| table.get(usize::from(byte)).copied().unwrap_or_default();
    if ingest.row.samples.iter().all(|place| place.step == 4) {
        for (((r, g), b), bytes) in out.zip(row.as_chunks::<4>().0.iter().skip(x)) {
            *r = pick(rt, bytes.get(red & 3).copied().unwrap_or(0));
            *g = pick(gt, bytes.get(green & 3).copied().unwrap_or(0));
            *b = pick(bt, bytes.get(blue & 3).copied().unwrap_or(0));
        }
    } else {
        for (((r, g), b), bytes) in out.zip(row.as_chunks::<3>().0.iter().skip(x)) {
            *r = pick(rt, bytes.get(red).copied().unwrap_or(0));
            *g = pick(gt, bytes.get(green).copied().unwrap_or(0));
            *b = pick(bt, bytes.get(blue).copied().unwrap_or(0));
        }
    }
}

/// Light of the first `length` code values: [`LightTable::light`] with its reads apart from its arithmetic.
#[inline(always)]
pub(crate) fn codes_to_light(table: &LightTable, codes: &Lane<u16>, light: &mut Lane<u32>, rises: &mut Lane<u32>, length: usize) {
    let entries = table.entries();
    for ((low, rise), &code) in light.iter_mut().zip(rises.iter_mut()).zip(codes).take(length) {
        let at = usize::from(code >> 4);
        let (own, next) = (entries.get(at).copied().unwrap_or(0), entries.get(at + 1).copied().unwrap_or(0));
        (*low, *rise) = (own, next - own);
    }
    for ((low, &mut rise), &code) in light.iter_mut().zip(rises).zip(codes).take(length) {
        *low += (rise * u32::from(code & 15) + 8) >> 4;
    }
}

/// Code values of the pixels from column `x` of row `y` on.
#[inline(always)]
pub(crate) fn codes(ingest: &Ingest, frame: &FrameView<'_>, x: usize, y: usize, block: &mut Block) {
    let [first, second, third] = ingest.row.samples;
    let padded = block.padded();
    let row = |place: SamplePlace| frame.row(place.plane as usize, y);
    match ingest.row.model {
        ColorModel::Rgb => {
            for (lane, place) in block.codes.iter_mut().zip([first, second, third]) {
                read(ingest, row(place), place, x, lane);
                lane.iter_mut().take(padded).for_each(|code| *code = clip(luma(ingest, u32::from(*code)) >> 12));
            }
        }
        ColorModel::Gray => {
            let [red, green, blue] = &mut block.codes;
            read(ingest, row(first), first, x, red);
            red.iter_mut().take(padded).for_each(|code| *code = clip(luma(ingest, u32::from(*code)) >> 12));
            green.copy_from_slice(red);
            blue.copy_from_slice(red);
        }
        ColorModel::Yuv => {
            for (lane, place) in block.chroma.iter_mut().zip([second, third]) {
                chroma15(ingest, frame, place, x, y, lane.get_mut(..padded).unwrap_or_default());
            }
            let [cb, cr] = &block.chroma;
            let [red, green_from_b, green_from_r, blue] = ingest.chroma;
            let [rs, gs, bs] = &mut block.codes;
            // Luma lies where red will, until both are in hand.
            read(ingest, row(first), first, x, rs);
            let out = rs.iter_mut().zip(gs).zip(bs).take(padded);
            for ((((r, g), b), &cb), &cr) in out.zip(cb).zip(cr) {
                let y = luma(ingest, u32::from(*r));
                *r = clip((y + red * cr) >> 12);
                *g = clip((y + green_from_b * cb + green_from_r * cr) >> 12);
                *b = clip((y + blue * cb) >> 12);
            }
        }
    }
}

/// Room in front of the chroma samples of a block, for the one left of it.
const LEFT: usize = 1;

/// Shared samples at the pixels from column `x` of row `y` on, 15 bits around 0.
#[inline(always)]
fn chroma15(ingest: &Ingest, frame: &FrameView<'_>, place: SamplePlace, x: usize, y: usize, out: &mut [i32]) {
    let size = frame.shape().size;
    let row = &ingest.row;
    let last = |side: u32, shift: u32| side.div_ceil(1 << shift) - 1;
    let columns = last(size.width, row.chroma_x) as usize;
    let rows = taps(u32::try_from(y).unwrap_or(0), row.chroma_y, true, last(size.height, row.chroma_y));
    let first = x >> row.chroma_x;
    let count = ((x + out.len() - 1) >> row.chroma_x) - first + 1;
    // Sample `first` lies at LEFT; one more is read on either side, and the picture's edges are repeated.
    let mut blended = [0_i32; BLOCK + 2 * LEFT];
    for (own, weight) in rows {
        if weight > 0 {
            let mut line = [0_u16; BLOCK + 2 * LEFT];
            let bytes = frame.row(place.plane as usize, own as usize);
            let start = first.saturating_sub(LEFT);
            let into = line.get_mut(start + LEFT - first..count + 2 * LEFT).unwrap_or_default();
            read(ingest, bytes, place, start, into);
            blended.iter_mut().zip(line).take(count + 2 * LEFT).for_each(|(sum, sample)| *sum += i32::from(sample) * weight);
        }
    }
    repeat_edges(&mut blended, first, columns);
    let scale = 16 - row.bits;
    let finish = |sum: i32| (((sum << scale) + 16) >> 5) - NEUTRAL;
    match (row.chroma_x, ingest.centered) {
        (0, _) => out.iter_mut().zip(blended.iter().skip(LEFT)).for_each(|(out, &own)| *out = finish(4 * own)),
        (1, false) => pairs(x, &blended, out, |_, own, right| [finish(4 * own), finish(2 * (own + right))]),
        (1, true) => pairs(x, &blended, out, |left, own, right| [finish(3 * own + left), finish(3 * own + right)]),
        _ => {
            for (slot, column) in out.iter_mut().zip(x..) {
                let part = i32::try_from(column & 3).unwrap_or(0);
                let at = |index: usize| blended.get(index).copied().unwrap_or(0);
                let own = (column >> 2) - first + LEFT;
                *slot = finish(at(own) * (4 - part) + at(own + 1) * part);
            }
        }
    }
}

/// Repeats the picture's first and last sample where the block reaches beyond them.
fn repeat_edges(blended: &mut [i32], first: usize, last: usize) {
    if first == 0 {
        let edge = blended.get(LEFT).copied().unwrap_or(0);
        blended.iter_mut().take(LEFT).for_each(|slot| *slot = edge);
    }
    let end = (last + LEFT).saturating_sub(first);
    let edge = blended.get(end).copied().unwrap_or(0);
    blended.iter_mut().skip(end).for_each(|slot| *slot = edge);
}

/// Two pixels from each sample and its neighbours; `x` may begin with the second of a pair.
#[inline(always)]
fn pairs(x: usize, blended: &[i32], out: &mut [i32], mix: impl Fn(i32, i32, i32) -> [i32; 2]) {
    let at = |index: usize| blended.get(index).copied().unwrap_or(0);
    let odd = x % 2;
    let (head, body) = out.split_at_mut(odd.min(out.len()));
    if let Some(slot) = head.first_mut() {
        let [_, second] = mix(at(LEFT - 1), at(LEFT), at(LEFT + 1));
        *slot = second;
    }
    let lefts = blended.get(odd..).unwrap_or_default();
    let triples = lefts.iter().zip(lefts.iter().skip(1)).zip(lefts.iter().skip(2));
    let (whole, rest) = body.as_chunks_mut::<2>();
    let used = whole.len();
    for (slots, ((&left, &own), &right)) in whole.iter_mut().zip(triples) {
        *slots = mix(left, own, right);
    }
    if let Some(slot) = rest.first_mut() {
        let [first, _] = mix(at(used + odd), at(used + odd + 1), at(used + odd + 2));
        *slot = first;
    }
}

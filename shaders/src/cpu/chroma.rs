//! Shared chroma samples at the pixels of a block: the interpolation of [`super::ingest`] in loops over whole
//! blocks. What lies beyond the picture's edge is computed and never looked at.

use super::block::{Block, Lane, WideLane};
use super::ingest::{NEUTRAL, taps};
use super::source::read;
use crate::format::SamplePlace;
use crate::frame::FrameView;
use crate::plan::Ingest;

/// Samples in front of a block's first one that its pixels may need.
const LEFT: usize = 1;

/// Weights of the sample left of a pixel's own, of its own, and of the one right of it; they sum to 4.
type Weights = [i32; 3];

/// Fills the block's chroma, 15 bits around 0, for the pixels from column `x` of row `y` on. They begin behind as many
/// entries as the answer says: the pixels of the first shared sample that lie left of the block.
#[inline(always)]
pub(crate) fn fill(
    ingest: &Ingest,
    frame: &FrameView<'_>,
    places: [SamplePlace; 2],
    (x, y): (usize, usize),
    block: &mut Block,
) -> usize {
    let (parts, scale) = (ingest.row.chroma_x, 16 - ingest.row.bits);
    let Block { chroma, rows, samples, .. } = block;
    for (lane, place) in chroma.iter_mut().zip(places) {
        mix_rows(ingest, frame, place, (x >> parts, y), rows, samples);
        match (parts, ingest.centered) {
            (0, _) => spread([[0, 4, 0]], samples, scale, lane),
            (1, false) => spread([[0, 4, 0], [0, 2, 2]], samples, scale, lane),
            (1, true) => spread([[1, 3, 0], [0, 3, 1]], samples, scale, lane),
            _ => spread([[0, 4, 0], [0, 3, 1], [0, 2, 2], [0, 1, 3]], samples, scale, lane),
        }
    }
    x & ((1 << parts) - 1)
}

/// The chroma of the block's pixels, which begins behind `inside` entries.
#[inline(always)]
pub(crate) fn at(chroma: &[WideLane<i32>; 2], inside: usize) -> Option<[&Lane<i32>; 2]> {
    let [cb, cr] = chroma.each_ref().map(|lane| lane.get(inside..).and_then(|lane| lane.first_chunk()));
    Some([cb?, cr?])
}

/// The samples from number `first` on at the height of row `y`, times 4. The first of them lies at [`LEFT`]; the picture's
/// edges are repeated.
#[inline(always)]
fn mix_rows(
    ingest: &Ingest,
    frame: &FrameView<'_>,
    place: SamplePlace,
    (first, y): (usize, usize),
    rows: &mut [WideLane<u16>; 2],
    samples: &mut WideLane<i32>,
) {
    let (size, row) = (frame.shape().size, &ingest.row);
    let last = |side: u32, shift: u32| side.div_ceil(1 << shift) - 1;
    let taps = taps(u32::try_from(y).unwrap_or(0), row.chroma_y, true, last(size.height, row.chroma_y));
    let start = first.saturating_sub(LEFT);
    for (line, (own, _)) in rows.iter_mut().zip(taps).filter(|(_, (_, weight))| *weight > 0) {
        let into = line.get_mut(start + LEFT - first..).unwrap_or_default();
        read(ingest, frame.row(place.plane as usize, own as usize), place, start, into);
    }
    let ([upper, lower], [(_, own), (_, other)]) = (rows, taps);
    for ((sample, &upper), &lower) in samples.iter_mut().zip(&*upper).zip(&*lower) {
        *sample = i32::from(upper) * own + i32::from(lower) * other;
    }
    repeat_edges(samples, first, last(size.width, row.chroma_x) as usize);
}

/// Repeats the picture's first and last sample where the block reaches beyond them.
fn repeat_edges(samples: &mut [i32], first: usize, last: usize) {
    if first == 0 {
        let edge = samples.get(LEFT).copied().unwrap_or(0);
        samples.iter_mut().take(LEFT).for_each(|slot| *slot = edge);
    }
    let end = (last + LEFT).saturating_sub(first);
    let edge = samples.get(end).copied().unwrap_or(0);
    samples.iter_mut().skip(end).for_each(|slot| *slot = edge);
}

/// `PARTS` pixels from each sample and its neighbours.
#[inline(always)]
fn spread<const PARTS: usize>(weights: [Weights; PARTS], samples: &WideLane<i32>, scale: u32, out: &mut WideLane<i32>) {
    for (pixels, [left, own, right]) in out.as_chunks_mut::<PARTS>().0.iter_mut().zip(samples.array_windows()) {
        for (pixel, [a, b, c]) in pixels.iter_mut().zip(weights) {
            let sum = a * left + b * own + c * right;
            *pixel = (((sum << scale) + 16) >> 5) - NEUTRAL;
        }
    }
}

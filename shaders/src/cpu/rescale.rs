//! Scaling as the CPU path does it: the light of whole source rows, filtered along x, kept while rows of the screen mix them.
//! The sums of [`super::scale`] in 64 bits, which hold the same numbers.

use super::band::codes_to_light;
use super::block::{BLOCK, Block, Lane};
use super::source;
use crate::frame::FrameView;
use crate::plan::{Axis, Ingest, Scale, ScreenPlan};

/// Half a unit of light, in which sums begin.
const HALF: u64 = 1 << 15;

/// Source rows on their way to a scaled screen.
#[derive(Debug)]
pub(crate) struct Rescaler {
    /// Light of one source row.
    source: [Vec<u32>; 3],
    /// As many filtered rows as a row of the screen mixes.
    lines: Vec<Line>,
}

/// A source row, filtered along x.
#[derive(Debug)]
struct Line {
    row: Option<u32>,
    light: [Vec<u32>; 3],
}

impl Rescaler {
    /// All memory for a screen of `width` columns.
    pub(crate) fn new(filter: &Scale, width: u32) -> Self {
        let lanes = |length: u32| core::array::from_fn(|_| vec![0; length as usize]);
        let line = |_| Line { row: None, light: lanes(width) };
        Self { source: lanes(filter.x.source), lines: (0..filter.y.taps).map(line).collect() }
    }

    /// A new frame: nothing is there.
    pub(crate) fn begin(&mut self) {
        self.lines.iter_mut().for_each(|line| line.row = None);
    }

    /// Sees to it that every source row that row `y` of the screen mixes is there.
    #[inline(always)]
    pub(crate) fn fetch(&mut self, ingest: &Ingest, frame: &FrameView<'_>, screen: &ScreenPlan, y: u32, block: &mut Block) {
        let Some(filter) = &screen.scale else { return };
        for (row, weight) in filter.y.of(y as usize) {
            if weight == 0 || self.lines.iter().any(|line| line.row == Some(row)) {
                continue;
            }
            self.read(ingest, frame, screen, row, block);
            // The oldest line makes room; rows come in rising order, so it is not needed any more.
            let Some(line) = self.lines.iter_mut().min_by_key(|line| line.row) else { return };
            line.row = Some(row);
            for (out, light) in line.light.iter_mut().zip(&self.source) {
                filter_row(&filter.x, light, out);
            }
        }
    }

    /// The light of source row `row`.
    #[inline(always)]
    fn read(&mut self, ingest: &Ingest, frame: &FrameView<'_>, screen: &ScreenPlan, row: u32, block: &mut Block) {
        let length = self.source.first().map_or(0, Vec::len);
        for x in (0..length).step_by(BLOCK) {
            block.length = (length - x).min(BLOCK);
            source::codes(ingest, frame, screen.origin.x as usize + x, (screen.origin.y + row) as usize, block);
            codes_to_light(screen, block);
            for (out, light) in self.source.iter_mut().zip(&block.light) {
                out.iter_mut().skip(x).zip(light).for_each(|(out, &light)| *out = light);
            }
        }
    }

    /// Mixes the rows for a block of row `y` from column `x` on.
    #[inline(always)]
    pub(crate) fn mix(&self, filter: &Scale, x: u32, y: u32, block: &mut Block) {
        for (channel, out) in block.light.iter_mut().enumerate() {
            let mut sums: Lane<u64> = [HALF; BLOCK];
            for (row, weight) in filter.y.of(y as usize).filter(|(_, weight)| *weight > 0) {
                let line = self.lines.iter().find(|line| line.row == Some(row));
                let light = line.and_then(|line| line.light.get(channel)?.get(x as usize..)).unwrap_or_default();
                sums.iter_mut().zip(light).for_each(|(sum, &light)| *sum += u64::from(light) * u64::from(weight));
            }
            out.iter_mut().zip(sums).for_each(|(out, sum)| *out = unit(sum));
        }
    }
}

/// A sum of light times weights, which together are 65536, as light.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "a mean of light is no more than the brightest light")]
const fn unit(sum: u64) -> u32 {
    (sum >> 16) as u32
}

/// A row of light through the filter of an axis.
#[inline(always)]
fn filter_row(axis: &Axis, light: &[u32], out: &mut [u32]) {
    match axis.taps {
        2 => filter_by::<2>(axis, light, out),
        3 => filter_by::<3>(axis, light, out),
        4 => filter_by::<4>(axis, light, out),
        taps => {
            let weights = axis.weights.chunks_exact(taps as usize);
            for (index, (out, weights)) in out.iter_mut().zip(weights).enumerate() {
                *out = mean_at(axis, index, light, weights);
            }
        }
    }
}

/// [`filter_row`] with a number of taps that the compiler knows.
#[inline(always)]
fn filter_by<const TAPS: usize>(axis: &Axis, light: &[u32], out: &mut [u32]) {
    for (index, (out, weights)) in out.iter_mut().zip(axis.weights.as_chunks::<TAPS>().0).enumerate() {
        *out = mean_at(axis, index, light, weights);
    }
}

/// The mean of an axis' output pixel `index`.
#[inline(always)]
fn mean_at(axis: &Axis, index: usize, light: &[u32], weights: &[u32]) -> u32 {
    let first = axis.first.get(index).copied().unwrap_or(0);
    let inside = usize::try_from(first).ok().and_then(|first| light.get(first..first + weights.len()));
    let product = |(&light, &weight): (&u32, &u32)| u64::from(light) * u64::from(weight);
    unit(match inside {
        Some(inside) => HALF + inside.iter().zip(weights).map(product).sum::<u64>(),
        // Beyond the edges they are repeated.
        None => axis.of(index).fold(HALF, |sum, (at, weight)| sum + product((light.get(at as usize).unwrap_or(&0), &weight))),
    })
}

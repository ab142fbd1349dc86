//! Tables from a source's code values straight to codes of the link, for modules whose channels do not mix: input transfer,
//! level and output transfer are read in one go. Made with the scalar stages, so that they hold the same values.
//!
//! A table holds steps: codes with five bits behind the point. That is all of a value that matters, because every threshold
//! of the dither is a whole number of steps, and it lets codes of up to 11 bits travel in 16.

use ocp809_calibration::lut::fixed::{ONE, mul16};
use ocp809_calibration::lut::output::VALUE_BITS;

use super::block::Block;
use super::encode::{Sample, Site, interleave, thresholds};
use super::source::{ByteTables, byte_tables};
use super::transfer;
use crate::plan::{Encoder, Ingest, Law, ScreenPlan, Tile};

/// Bits of a step behind the point.
const STEP_BITS: u32 = 5;

/// Steps of all 16-bit code values. Its size spares the check of the index.
pub(crate) type CodeTable = [u16; 1 << 16];

/// More tables than this would push each other out of the second-level cache.
const LIMIT: usize = 4;

/// The tables of one plan, each made once.
#[derive(Debug, Default)]
pub(crate) struct DirectTables(Vec<(Key, Box<CodeTable>)>);

/// Memory of tables that are not needed any more.
pub(crate) type Spare = Vec<Box<CodeTable>>;

/// What a table depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Key {
    screen: usize,
    level: u32,
    encoder: usize,
}

/// Whether tables may stand for all that happens to the pixels of a tile on a screen whose channels do not mix.
pub(crate) fn applies(tile: &Tile, encoder: &Encoder) -> bool {
    let is_narrow = encoder.bits + STEP_BITS <= u16::BITS;
    is_narrow && !tile.is_calibrated() && !encoder.has_loss() && !matches!(encoder.law, Law::Pass)
}

/// The step of one code value, rounded down.
fn step(screen: &ScreenPlan, level: u32, encoder: &Encoder, code: u16) -> u16 {
    let value = transfer::value(encoder, mul16(screen.input.light(code), level).min(ONE), 0);
    u16::try_from(value >> (VALUE_BITS - STEP_BITS - encoder.bits)).unwrap_or(u16::MAX)
}

impl DirectTables {
    /// Forgets everything but the memory.
    pub(crate) fn clear(&mut self) -> Spare {
        self.0.drain(..).map(|(_, table)| table).collect()
    }

    /// The places of the tables of three channels, made on first need in memory from `spare`; `None` when there are too many.
    pub(crate) fn places(
        &mut self,
        (index, screen): (usize, &ScreenPlan),
        levels: [u32; 3],
        (place, encoder): (usize, &Encoder),
        spare: &mut Spare,
    ) -> Option<[usize; 3]> {
        let mut place_of = |level| {
            let key = Key { screen: index, level, encoder: place };
            if let Some(known) = self.0.iter().position(|(own, _)| *own == key) {
                return Some(known);
            }
            if self.0.len() == LIMIT {
                return None;
            }
            let mut table = spare.pop().unwrap_or_else(empty);
            for (slot, code) in table.iter_mut().zip(0..=u16::MAX) {
                *slot = step(screen, level, encoder, code);
            }
            self.0.push((key, table));
            Some(self.0.len() - 1)
        };
        let [red, green, blue] = levels.map(&mut place_of);
        Some([red?, green?, blue?])
    }

    /// The table at `place`.
    #[inline(always)]
    pub(crate) fn get(&self, place: usize) -> Option<&CodeTable> {
        self.0.get(place).map(|(_, table)| &**table)
    }
}

/// Zeros, made on the heap.
fn empty() -> Box<CodeTable> {
    let zeros = vec![0; 1 << 16].into_boxed_slice();
    zeros.try_into().unwrap_or_else(|_| unreachable!("65536 entries are 65536 entries"))
}

/// Steps of all bytes, one table per channel.
pub(crate) fn byte_steps(ingest: &Ingest, screen: &ScreenPlan, levels: [u32; 3], encoder: &Encoder) -> ByteTables<u16> {
    byte_tables(ingest, |code, channel| step(screen, levels.get(channel).copied().unwrap_or(0), encoder, code))
}

/// Replaces the code values of a block by steps.
#[inline(always)]
pub(crate) fn codes_to_steps(tables: [&CodeTable; 3], block: &mut Block) {
    for (lane, table) in block.codes.iter_mut().zip(tables) {
        for code in lane {
            *code = table.get(usize::from(*code)).copied().unwrap_or(0);
        }
    }
}

/// Steps of a block to codes, dithered.
#[inline(always)]
pub(crate) fn finish<S: Sample>(encoder: &Encoder, site: Site, block: &mut Block, out: &mut [S]) {
    for (channel, lane) in block.codes.iter_mut().enumerate() {
        let thresholds = thresholds(encoder, STEP_BITS, site, channel).map(|threshold| u16::try_from(threshold).unwrap_or(0));
        for group in lane.as_chunks_mut::<4>().0 {
            for (step, threshold) in group.iter_mut().zip(thresholds) {
                *step = step.wrapping_add(threshold) >> STEP_BITS;
            }
        }
    }
    interleave(&block.codes, out);
}

//! A band of a screen's rows: source to codes, in raster order, by one worker.

use core::ops::Range;

use ocp809_calibration::lut::fixed::UNITY;

use super::block::{BLOCK, Block};
use super::encode::{FastEncoder, Sample, Site, add_loss, finish, pass_codes, values};
use super::prepared::{Direct, Prepared};
use super::rescale::Rescaler;
use super::simd::{self, Factors, Vectors};
use super::{direct, gamut, source, transfer};
use crate::frame::FrameView;
use crate::plan::{Encoder, Law, PathPlan, RowBand, ScreenPlan, Span, Tile, TileCorrection};

/// Rows that one worker computes in one go.
pub(crate) const BAND_ROWS: u32 = 32;

/// A band and the codes that were computed for it.
#[derive(Debug)]
pub(crate) struct Band {
    /// Index of the screen.
    pub(crate) screen: usize,
    /// Its rows.
    pub(crate) rows: Range<u32>,
    /// Three codes per pixel, row by row over the whole width of the screen.
    pub(crate) codes: BandCodes,
    /// What the worker needs besides.
    scratch: Box<Block>,
    /// Source rows of a scaled screen.
    rescaler: Option<Rescaler>,
}

/// Codes in as few bytes as they fit into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BandCodes {
    /// Of screens all of whose ports take 8 bits.
    Bytes(Vec<u8>),
    /// Of all others.
    Words(Vec<u16>),
}

/// Codes of neighbouring pixels.
#[derive(Debug, Clone, Copy)]
pub(crate) enum RowCodes<'a> {
    /// Codes of up to 8 bits.
    Bytes(&'a [u8]),
    /// Others.
    Words(&'a [u16]),
}

/// What all bands of a frame read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Job<'a> {
    pub(crate) plan: &'a PathPlan,
    pub(crate) prepared: &'a Prepared,
    pub(crate) frame: &'a FrameView<'a>,
    pub(crate) phase: u64,
}

impl Band {
    /// A band of screen `screen`, with all memory that it will ever need. `is_narrow`: no code has more than 8 bits.
    pub(crate) fn new(screen: usize, rows: Range<u32>, plan: &ScreenPlan, is_narrow: bool) -> Self {
        let width = plan.size.width as usize;
        let count = rows.len() * width * 3;
        Self {
            screen,
            codes: if is_narrow { BandCodes::Bytes(vec![0; count]) } else { BandCodes::Words(vec![0; count]) },
            rows,
            scratch: Block::new(),
            rescaler: plan.scale.as_ref().map(|filter| Rescaler::new(filter, plan.size.width)),
        }
    }

    /// Where the codes of a pixel of the screen lie.
    fn place(&self, width: u32, x: u32, y: u32) -> usize {
        (y.saturating_sub(self.rows.start) as usize * width as usize + x as usize) * 3
    }

    /// The codes of a pixel of the screen.
    pub(crate) fn pixel(&self, width: u32, x: u32, y: u32) -> Option<[u16; 3]> {
        let at = self.place(width, x, y);
        match &self.codes {
            BandCodes::Bytes(codes) => codes.get(at..)?.first_chunk::<3>().map(|pixel| pixel.map(u16::from)),
            BandCodes::Words(codes) => codes.get(at..)?.first_chunk().copied(),
        }
    }

    /// The codes of `length` pixels from a pixel of the screen to the right.
    pub(crate) fn row(&self, width: u32, x: u32, y: u32, length: usize) -> RowCodes<'_> {
        let at = self.place(width, x, y);
        let range = at..at + length * 3;
        match &self.codes {
            BandCodes::Bytes(codes) => RowCodes::Bytes(codes.get(range).unwrap_or_default()),
            BandCodes::Words(codes) => RowCodes::Words(codes.get(range).unwrap_or_default()),
        }
    }

    /// Computes the codes of all its rows.
    pub(crate) fn compute(&mut self, job: Job<'_>) {
        let Some(screen) = job.plan.screens.get(self.screen) else { return };
        if let Some(rescaler) = &mut self.rescaler {
            rescaler.begin();
        }
        for band in job.plan.rows.get(self.screen).into_iter().flatten() {
            let rows = band.rows.start.max(self.rows.start)..band.rows.end.min(self.rows.end);
            for y in rows {
                simd::row(job.prepared.vectors, self, job, screen, band, y);
            }
        }
    }

    /// Computes one row of what lies in it.
    #[inline(always)]
    pub(super) fn row_inline(&mut self, job: Job<'_>, screen: &ScreenPlan, row: &RowBand, y: u32) {
        if let Some(rescaler) = &mut self.rescaler {
            rescaler.fetch(&job.plan.ingest, job.frame, screen, y, &mut self.scratch);
        }
        let mut codes = core::mem::take(&mut self.codes);
        for segment in &row.segments {
            let spans = row.spans.get(segment.clone()).unwrap_or_default();
            match &mut codes {
                BandCodes::Bytes(codes) => self.segment_into(job, screen, spans, y, codes),
                BandCodes::Words(codes) => self.segment_into(job, screen, spans, y, codes),
            }
        }
        self.codes = codes;
    }

    /// Computes one row of spans without a gap that share encoder and levels.
    #[inline(always)]
    fn segment_into<S: Sample>(&mut self, job: Job<'_>, screen: &ScreenPlan, spans: &[Span], y: u32, codes: &mut [S]) {
        let (Some(first), Some(last)) = (spans.first(), spans.last()) else { return };
        let Some((tile, encoder, fast)) = job.tile_and_encoder(first.tile) else { return };
        let row = (y - self.rows.start) as usize * screen.size.width as usize;
        let mut rest = spans;
        for x in (first.columns.start..last.columns.end).step_by(BLOCK) {
            self.scratch.length = ((last.columns.end - x) as usize).min(BLOCK);
            let at = (row + x as usize) * 3;
            let out = at..at + self.scratch.length * 3;
            if matches!(encoder.law, Law::Pass) {
                let (source_x, source_y) = ((screen.origin.x + x) as usize, (screen.origin.y + y) as usize);
                source::codes(&job.plan.ingest, job.frame, source_x, source_y, &mut self.scratch);
                pass_codes(encoder.bits, &self.scratch, codes.get_mut(out).unwrap_or_default());
                continue;
            }
            if let Some(tables) = job.prepared.direct(first.tile) {
                self.steps(job, screen, tables, x, y);
                let (site, out) = (Site { x, y, phase: job.phase }, codes.get_mut(out).unwrap_or_default());
                direct::finish(encoder, site, &mut self.scratch, out);
                continue;
            }
            while let [done, others @ ..] = rest
                && done.columns.end <= x
            {
                rest = others;
            }
            let length = self.scratch.length;
            let pieces = rest.iter().take_while(|span| (span.columns.start as usize) < x as usize + length);
            let pieces = pieces.filter_map(|span| Some((span.within(x, length), job.plan.tiles.get(span.tile)?)));
            let corrections = pieces.clone().map(|(range, tile)| (factors(screen, tile, (x, y), &range), range));
            if !self.correct_bytes(job, screen, first.tile, corrections.clone(), (x, y)) {
                self.light(job, screen, first.tile, tile, x, y);
                for (factors, range) in corrections {
                    match factors {
                        None => self.scratch.clip(range),
                        Some(factors) => self.scratch.correct(job.prepared.vectors, &range, factors),
                    }
                }
            }
            // Modules differ from here on by their loss alone.
            let whole = (!fast.has_loss()).then_some((0..length, tile));
            let pieces = whole.into_iter().chain(pieces.filter(|_| fast.has_loss()));
            let site = Site { x, y, phase: job.phase };
            encode(
                job.prepared.vectors,
                (encoder, fast),
                site,
                pieces,
                &mut self.scratch,
                codes.get_mut(out).unwrap_or_default(),
            );
        }
    }

    /// Steps of a block that tables lead to.
    #[inline(always)]
    fn steps(&mut self, job: Job<'_>, screen: &ScreenPlan, tables: Direct<'_>, x: u32, y: u32) {
        let (ingest, block) = (&job.plan.ingest, &mut *self.scratch);
        let (x, y) = ((screen.origin.x + x) as usize, (screen.origin.y + y) as usize);
        match tables {
            Direct::Bytes(tables) => {
                let vectors = job.prepared.vectors;
                source::bytes_through(vectors, ingest, tables, job.frame, (x, y), (block.length, &mut block.codes));
            }
            Direct::Codes(tables) => {
                source::codes(ingest, job.frame, x, y, block);
                direct::codes_to_steps(tables, block);
            }
        }
    }

    /// Calibrates a block straight from the bytes of the source; whether that can be done here.
    #[inline(always)]
    fn correct_bytes<'a>(
        &mut self,
        job: Job<'_>,
        screen: &ScreenPlan,
        index: usize,
        mut corrections: impl Iterator<Item = (Option<Factors<'a>>, Range<usize>)>,
        (x, y): (u32, u32),
    ) -> bool {
        let Some(tables) = job.prepared.lights_of(index) else { return false };
        let at = ((screen.origin.x + x) as usize, (screen.origin.y + y) as usize);
        let (vectors, ingest) = (job.prepared.vectors, &job.plan.ingest);
        corrections.all(|(factors, range)| {
            factors.is_some_and(|factors| {
                let tables = (&tables.halves, factors);
                source::bytes_times(vectors, ingest, tables, job.frame, at, &range, &mut self.scratch.corrected)
            })
        })
    }

    /// Light of a block, gamut and levels included.
    #[inline(always)]
    fn light(&mut self, job: Job<'_>, screen: &ScreenPlan, index: usize, tile: &Tile, x: u32, y: u32) {
        let block = &mut *self.scratch;
        if let Some(tables) = job.prepared.lights_of(index) {
            let at = ((screen.origin.x + x) as usize, (screen.origin.y + y) as usize);
            let vectors = job.prepared.vectors;
            source::bytes_through(vectors, &job.plan.ingest, &tables.light, job.frame, at, (block.length, &mut block.light));
            return;
        }
        if let (Some(filter), Some(rescaler)) = (&screen.scale, &self.rescaler) {
            rescaler.mix(filter, x, y, block);
        } else {
            let (x, y) = ((screen.origin.x + x) as usize, (screen.origin.y + y) as usize);
            source::codes(&job.plan.ingest, job.frame, x, y, block);
            codes_to_light(screen, block);
        }
        if let Some(own) = &screen.gamut {
            block.map(|light| gamut::map(own, light));
        }
        if tile.levels != [UNITY; 3] {
            block.level(tile.levels);
        }
    }
}

impl BandCodes {
    /// Whether the other one has room for the same codes.
    pub(crate) const fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Bytes(own), Self::Bytes(other)) => own.len() == other.len(),
            (Self::Words(own), Self::Words(other)) => own.len() == other.len(),
            (Self::Bytes(_), Self::Words(_)) | (Self::Words(_), Self::Bytes(_)) => false,
        }
    }
}

impl Default for BandCodes {
    fn default() -> Self {
        Self::Bytes(Vec::new())
    }
}

impl<'a> Job<'a> {
    /// A tile, its encoder, and the encoder's tables.
    #[inline(always)]
    fn tile_and_encoder(self, index: usize) -> Option<(&'a Tile, &'a Encoder, &'a FastEncoder)> {
        let tile = self.plan.tiles.get(index)?;
        Some((tile, self.plan.encoders.get(tile.encoder?)?, self.prepared.encoders.get(tile.encoder?)?))
    }
}

impl Span {
    /// Its pixels among the `length` pixels from column `x` on.
    #[inline(always)]
    fn within(&self, x: u32, length: usize) -> Range<usize> {
        let start = self.columns.start.saturating_sub(x) as usize;
        let end = self.columns.end.saturating_sub(x) as usize;
        start.min(length)..end.min(length)
    }
}

/// Encodes the pixels of a block, whose pieces differ by their tiles' low-grey loss.
#[inline(always)]
fn encode<'a, S: Sample>(
    vectors: Vectors,
    (encoder, fast): (&Encoder, &FastEncoder),
    site: Site,
    pieces: impl Iterator<Item = (Range<usize>, &'a Tile)> + Clone,
    block: &mut Block,
    out: &mut [S],
) {
    let mut are_codes = true;
    for (range, tile) in pieces.clone() {
        let own = S::bytes(out).and_then(|out| out.get_mut(range.start * 3..range.end * 3));
        let site = Site { x: site.x + u32::try_from(range.start).unwrap_or(0), ..site };
        are_codes &= own.is_some_and(|own| fast.codes(vectors, (encoder, site), tile.scalars, (block, &range), own));
    }
    if are_codes {
        return;
    }
    if let Some(bytes) = &fast.bytes {
        pieces.for_each(|(range, tile)| bytes.values(tile.scalars, &range, block));
    } else {
        values(fast, encoder, block);
        pieces.filter(|_| fast.has_loss()).for_each(|(range, tile)| add_loss(fast, encoder, tile.scalars, &range, block));
    }
    finish(encoder, site, block, out);
}

/// What the light of a tile's pixels in `range` of a block is multiplied by.
#[inline(always)]
fn factors<'a>(screen: &'a ScreenPlan, tile: &'a Tile, (x, y): (u32, u32), range: &Range<usize>) -> Option<Factors<'a>> {
    match &tile.correction {
        TileCorrection::None => None,
        TileCorrection::Module(matrix) => Some(Factors::Module(matrix.coefficients())),
        TileCorrection::Pixels(base) => {
            let first = y as usize * screen.size.width as usize + x as usize + range.start;
            Some(Factors::Pixels(base, screen.pixels.get(first..first + range.len()).unwrap_or_default()))
        }
    }
}

/// Code values of a block to light.
#[inline(always)]
pub(super) fn codes_to_light(screen: &ScreenPlan, block: &mut Block) {
    if screen.lut3d.is_some() || screen.ootf.is_some() {
        for index in 0..block.length {
            let codes = block.codes.each_ref().map(|lane| lane.get(index).copied().unwrap_or(0));
            for (lane, light) in block.light.iter_mut().zip(transfer::light(screen, codes)) {
                if let Some(slot) = lane.get_mut(index) {
                    *slot = light;
                }
            }
        }
        return;
    }
    for (lane, codes) in block.light.iter_mut().zip(&block.codes) {
        source::codes_to_light(&screen.input, codes, lane, &mut block.fractions);
    }
}

/// What a band's code needs to know about its encoder; kept here so that the type is named where it is used.
pub(crate) type Encoders = Vec<FastEncoder>;

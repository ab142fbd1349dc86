//! What the CPU path derives from a plan, once: tables in the order in which it reads them, and where rows and packets lie.

use ocp809_sender::slice::PortPlan;

use super::band::{BAND_ROWS, Band, Encoders};
use super::encode::FastEncoder;
use super::simd::Level;
use super::source::{ByteTables, byte_tables};
use crate::format::ColorModel;
use crate::plan::{PathPlan, ScreenPlan};

/// More tables than this would not stay in the first-level cache.
const TABLE_LIMIT: usize = 8;

/// A plan as the CPU path reads it.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// Vector instructions to use.
    pub(crate) level: Level,
    /// One per encoder of the plan.
    pub(crate) encoders: Encoders,
    /// Light of bytes, for each pair of screen and levels.
    tables: Vec<ByteTables>,
    /// Index into `tables` of each tile.
    table_of_tile: Vec<Option<usize>>,
    /// For each screen, the index of each of its bands among all bands.
    pub(crate) bands_of_screen: Vec<Vec<usize>>,
    /// For each port, the number of bands that must be computed before packet i and all before it are complete.
    pub(crate) needed: Vec<Vec<usize>>,
}

impl Prepared {
    /// Derives everything, and makes the bands in the order in which they are to be computed.
    pub(crate) fn new(plan: &PathPlan) -> (Self, Vec<Band>) {
        let (bands, bands_of_screen) = bands(plan);
        let needed = plan.slice.ports.iter().map(|port| needed(port, &bands_of_screen)).collect();
        let mut prepared = Self {
            level: Level::detect(),
            encoders: plan.encoders.iter().map(FastEncoder::new).collect(),
            tables: Vec::new(),
            table_of_tile: vec![None; plan.tiles.len()],
            bands_of_screen,
            needed,
        };
        prepared.make_tables(plan);
        (prepared, bands)
    }

    /// The tables of a tile; `None` where light does not follow from single bytes.
    pub(crate) fn tables_of(&self, tile: usize) -> Option<&ByteTables> {
        let index = self.table_of_tile.get(tile).copied().flatten()?;
        self.tables.get(index)
    }

    fn make_tables(&mut self, plan: &PathPlan) {
        let row = plan.ingest.row;
        if row.model != ColorModel::Rgb || row.sample_bytes != 1 {
            return;
        }
        let mut known = Vec::new();
        for (slot, tile) in self.table_of_tile.iter_mut().zip(&plan.tiles) {
            let Some(screen) = plan.screens.get(tile.screen.index()).filter(|screen| single_bytes(screen)) else { continue };
            let key = (tile.screen, tile.levels);
            *slot = known.iter().position(|other| *other == key);
            if slot.is_none() && known.len() < TABLE_LIMIT {
                *slot = Some(known.len());
                known.push(key);
                self.tables.push(byte_tables(&plan.ingest, screen, tile.levels));
            }
        }
    }
}

/// Whether each channel's light follows from its own byte alone.
fn single_bytes(screen: &ScreenPlan) -> bool {
    screen.scale.is_none() && screen.lut3d.is_none() && screen.ootf.is_none() && screen.gamut.is_none()
}

/// All bands of all screens by the source row that they end at, and each screen's bands among them.
fn bands(plan: &PathPlan) -> (Vec<Band>, Vec<Vec<usize>>) {
    let mut bands = Vec::new();
    for (index, screen) in plan.screens.iter().enumerate() {
        for start in (0..screen.size.height).step_by(BAND_ROWS as usize) {
            let end = (start + BAND_ROWS).min(screen.size.height);
            bands.push(Band::new(index, start..end, screen));
        }
    }
    let source_row = |band: &Band| {
        let screen = plan.screens.get(band.screen);
        screen.map_or(0, |screen| {
            let source = screen.scale.as_ref().map_or(screen.size.height, |scale| scale.y.source);
            let rows = u64::from(band.rows.end) * u64::from(source);
            u64::from(screen.origin.y) + rows.div_ceil(u64::from(screen.size.height).max(1))
        })
    };
    bands.sort_by_key(source_row);
    let mut places = vec![Vec::new(); plan.screens.len()];
    for (index, band) in bands.iter().enumerate() {
        if let Some(list) = places.get_mut(band.screen) {
            list.push(index);
        }
    }
    (bands, places)
}

/// For each packet, how many bands must be there; never falls, so that packets are reported in their order.
fn needed(port: &PortPlan, bands_of_screen: &[Vec<usize>]) -> Vec<usize> {
    let band = |screen: usize, y: u32| bands_of_screen.get(screen).and_then(|list| list.get((y / BAND_ROWS) as usize));
    let mut most = 0;
    let mut needed = Vec::with_capacity(port.packets.len());
    for packet in &port.packets {
        for run in port.runs_of(packet).iter().filter(|run| run.module.is_some()) {
            let last = if run.step_y > 0 { run.y + u32::from(run.length) - 1 } else { run.y };
            let first = if run.step_y < 0 { run.y.saturating_sub(u32::from(run.length) - 1) } else { run.y };
            for y in [first, last] {
                most = most.max(band(run.screen.index(), y).map_or(0, |index| index + 1));
            }
        }
        needed.push(most);
    }
    needed
}

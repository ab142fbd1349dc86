//! What the CPU path derives from a plan, once: tables in the order in which it reads them, and where rows and packets lie.

use ocp809_sender::slice::PortPlan;

use super::band::{BAND_ROWS, Band, Encoders};
use super::direct::{self, CodeTable, DirectTables, Spare, byte_steps};
use super::encode::FastEncoder;
use super::simd::{self, Planes, Vectors};
use super::source::{ByteTables, byte_lights};
use crate::format::ColorModel;
use crate::plan::{PathPlan, ScreenPlan, Tile};

/// More byte tables than this would not stay in the first-level cache.
const TABLE_LIMIT: usize = 8;

/// A plan as the CPU path reads it.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// Vector instructions to use.
    pub(crate) vectors: Vectors,
    /// One per encoder of the plan.
    pub(crate) encoders: Encoders,
    /// From bytes to light.
    lights: Vec<(Key, Lights)>,
    /// From bytes to steps.
    steps: Vec<(Key, Planes<u16>)>,
    /// From code values to steps.
    codes: DirectTables,
    /// How each tile is computed.
    shortcuts: Vec<Shortcut>,
    /// For each screen, the index of each of its bands among all bands.
    pub(crate) bands_of_screen: Vec<Vec<usize>>,
    /// For each port, the number of bands that must be computed before packet i and all before it are complete.
    pub(crate) needed: Vec<Vec<usize>>,
}

/// Light of bytes.
#[derive(Debug)]
pub(crate) struct Lights {
    /// As it is.
    pub(crate) light: Planes<u32>,
    /// As [`simd::halves`].
    pub(crate) halves: Planes<u32>,
}

/// What byte tables depend on: screen, levels, encoder where they lead beyond light.
type Key = (usize, [u32; 3], Option<usize>);

/// Stages of a tile that tables stand for; indices into the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shortcut {
    /// None: stage by stage.
    Stages,
    /// From bytes to light.
    BytesToLight(usize),
    /// From bytes to steps.
    BytesToSteps(usize),
    /// From code values to steps, channel by channel.
    CodesToSteps([usize; 3]),
}

/// Tables that lead from samples straight to steps; see [`direct`].
#[derive(Debug, Clone, Copy)]
pub(crate) enum Direct<'a> {
    /// From bytes.
    Bytes(&'a Planes<u16>),
    /// From code values.
    Codes([&'a CodeTable; 3]),
}

impl Prepared {
    /// Derives everything, and makes the bands in the order in which they are to be computed.
    pub(crate) fn new(plan: &PathPlan, vectors: Vectors) -> (Self, Vec<Band>) {
        let (bands, bands_of_screen) = bands(plan);
        let needed = plan.slice.ports.iter().map(|port| needed(port, &bands_of_screen)).collect();
        let mut prepared = Self {
            vectors,
            encoders: Vec::new(),
            lights: Vec::new(),
            steps: Vec::new(),
            codes: DirectTables::default(),
            shortcuts: Vec::new(),
            bands_of_screen,
            needed,
        };
        prepared.set_levels(plan);
        (prepared, bands)
    }

    /// Derives what levels decide, for a plan that shares its tables with the one before.
    pub(crate) fn set_levels(&mut self, plan: &PathPlan) {
        self.encoders.truncate(plan.encoders.len());
        self.encoders.extend(plan.encoders.iter().skip(self.encoders.len()).map(FastEncoder::new));
        self.lights.clear();
        self.steps.clear();
        let mut spare = self.codes.clear();
        let mut shortcuts = core::mem::take(&mut self.shortcuts);
        shortcuts.clear();
        shortcuts.extend(plan.tiles.iter().map(|tile| self.shortcut(plan, tile, &mut spare)));
        self.shortcuts = shortcuts;
    }

    /// The tables of light of a tile; `None` where light does not follow from single bytes.
    #[inline(always)]
    pub(crate) fn lights_of(&self, tile: usize) -> Option<&Lights> {
        match self.shortcuts.get(tile)? {
            Shortcut::BytesToLight(place) => self.lights.get(*place).map(|(_, tables)| tables),
            Shortcut::Stages | Shortcut::BytesToSteps(_) | Shortcut::CodesToSteps(_) => None,
        }
    }

    /// The tables from a tile's samples to its steps; `None` where they have to be computed.
    #[inline(always)]
    pub(crate) fn direct(&self, tile: usize) -> Option<Direct<'_>> {
        match *self.shortcuts.get(tile)? {
            Shortcut::BytesToSteps(place) => self.steps.get(place).map(|(_, tables)| Direct::Bytes(tables)),
            Shortcut::CodesToSteps([red, green, blue]) => {
                Some(Direct::Codes([self.codes.get(red)?, self.codes.get(green)?, self.codes.get(blue)?]))
            }
            Shortcut::Stages | Shortcut::BytesToLight(_) => None,
        }
    }

    fn shortcut(&mut self, plan: &PathPlan, tile: &Tile, spare: &mut Spare) -> Shortcut {
        let index = tile.screen.index();
        let Some(screen) = plan.screens.get(index).filter(|screen| single_codes(screen)) else { return Shortcut::Stages };
        let (ingest, levels) = (&plan.ingest, tile.levels);
        let are_bytes = ingest.row.model == ColorModel::Rgb && ingest.row.sample_bytes == 1;
        let encoder = tile.encoder.and_then(|place| Some((place, plan.encoders.get(place)?)));
        let shortcut = match encoder.filter(|(_, encoder)| direct::applies(tile, encoder)) {
            Some((place, encoder)) if are_bytes => {
                let make = || Planes::new(byte_steps(ingest, screen, levels, encoder));
                place_of(&mut self.steps, (index, levels, Some(place)), make).map(Shortcut::BytesToSteps)
            }
            Some(encoder) => self.codes.places((index, screen), levels, encoder, spare).map(Shortcut::CodesToSteps),
            None if are_bytes => {
                let make = || Lights::new(&byte_lights(ingest, screen, levels));
                place_of(&mut self.lights, (index, levels, None), make).map(Shortcut::BytesToLight)
            }
            None => None,
        };
        shortcut.unwrap_or(Shortcut::Stages)
    }
}

impl Lights {
    fn new(light: &ByteTables<u32>) -> Self {
        Self { light: Planes::new(*light), halves: Planes::new(light.map(|table| table.map(simd::halves))) }
    }
}

/// The place of byte tables, made on first need; `None` when there are too many.
fn place_of<T>(tables: &mut Vec<(Key, T)>, key: Key, make: impl FnOnce() -> T) -> Option<usize> {
    let known = tables.iter().position(|(own, _)| *own == key);
    if known.is_none() && tables.len() < TABLE_LIMIT {
        tables.push((key, make()));
        return Some(tables.len() - 1);
    }
    known
}

/// Whether each channel's light follows from its own code value alone.
fn single_codes(screen: &ScreenPlan) -> bool {
    screen.scale.is_none() && screen.lut3d.is_none() && screen.ootf.is_none() && screen.gamut.is_none()
}

/// All bands of all screens by the source row that they end at, and each screen's bands among them.
fn bands(plan: &PathPlan) -> (Vec<Band>, Vec<Vec<usize>>) {
    let mut bands = Vec::new();
    for (index, screen) in plan.screens.iter().enumerate() {
        let own = plan.tiles.iter().filter(|tile| tile.screen.index() == index);
        let is_narrow = own.filter_map(|tile| plan.encoders.get(tile.encoder?)).all(|encoder| encoder.bits <= 8);
        for start in (0..screen.size.height).step_by(BAND_ROWS as usize) {
            let end = (start + BAND_ROWS).min(screen.size.height);
            bands.push(Band::new(index, start..end, screen, is_narrow));
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

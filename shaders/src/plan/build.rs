//! Building a plan: every setting is checked, then quantised once.

use std::collections::HashMap;

use ocp809_calibration::lut::PackedMatrix;
use ocp809_calibration::lut::fixed::UNITY;
use ocp809_calibration::lut::loss::SCALAR_BITS;
use ocp809_sender::ids::{ModuleIndex, PortIndex, ScreenIndex};
use ocp809_sender::slice::SlicePlan;
use ocp809_sender::wall::Wall;

use super::encoder::Encoder;
use super::ingest::Ingest;
use super::screen::{ScreenPlan, check, levels, quantise_level};
use super::tile::{Tile, TileCorrection};
use super::{PathPlan, rows};
use crate::error::{Parameter, PlanError, SpecList};
use crate::frame::SourceShape;
use crate::spec::{Correction, ModulePath, OutputTransfer, PathSpec, PortPath, ScreenPath};

impl PathPlan {
    /// Builds the plan of a wall for sources of one shape.
    ///
    /// # Errors
    /// [`PlanError`] when settings do not match the wall, are out of range, or ask for what the source does not have.
    pub fn build(wall: &Wall, slice: &SlicePlan, spec: &PathSpec, source: SourceShape) -> Result<Self, PlanError> {
        source.check()?;
        count(SpecList::Screens, wall.screens().len(), spec.screens.len())?;
        count(SpecList::Ports, wall.ports().len(), spec.ports.len())?;
        count(SpecList::PortPlans, wall.ports().len(), slice.ports.len())?;
        if !spec.modules.is_empty() {
            count(SpecList::Modules, wall.modules().len(), spec.modules.len())?;
        }
        let mut screens = Vec::with_capacity(spec.screens.len());
        for ((screen, settings), index) in wall.screens().iter().zip(&spec.screens).zip(0_u16..) {
            screens.push(ScreenPlan::new(ScreenIndex(index), screen.size, settings, &source)?);
        }
        let mut builder = Builder { wall, spec, source, screens, encoders: Vec::new(), known: HashMap::new() };
        let tiles = builder.tiles(&ports_of_modules(wall, slice)?)?;
        let Builder { mut screens, encoders, .. } = builder;
        for (index, screen) in screens.iter_mut().enumerate() {
            screen.bands = rows::bands(&tiles, index);
        }
        Ok(Self { source, ingest: Ingest::new(&source), screens, tiles, encoders, slice: slice.clone() })
    }
}

fn count(list: SpecList, expected: usize, found: usize) -> Result<(), PlanError> {
    if expected == found { Ok(()) } else { Err(PlanError::Count { list, expected, found }) }
}

/// The port that carries each module, from the runs. Runs outside of the wall are refused here, once for all.
fn ports_of_modules(wall: &Wall, slice: &SlicePlan) -> Result<Vec<Option<PortIndex>>, PlanError> {
    let mut ports = vec![None; wall.modules().len()];
    for plan in &slice.ports {
        for run in &plan.runs {
            let Some(index) = run.module else { continue };
            let error = PlanError::Slice { port: plan.port, module: index, screen: run.screen };
            let module = wall.module(index).filter(|module| module.screen == run.screen).ok_or_else(|| error.clone())?;
            let last = |from: u32, step: i8| i64::from(from) + i64::from(step) * (i64::from(run.length) - 1);
            let inside = |at: i64, from: u32, length: u32| (i64::from(from)..i64::from(from) + i64::from(length)).contains(&at);
            let (x, y) = (last(run.x, run.step_x), last(run.y, run.step_y));
            let rect = module.rect;
            let ends = [(i64::from(run.x), i64::from(run.y)), (x, y)];
            if run.length == 0 || !ends.iter().all(|&(x, y)| inside(x, rect.x, rect.width) && inside(y, rect.y, rect.height)) {
                return Err(error);
            }
            if let Some(slot) = ports.get_mut(index.index()) {
                *slot = Some(plan.port);
            }
        }
    }
    Ok(ports)
}

/// What encoders depend on: port, screen, and whether codes pass.
type EncoderKey = (PortIndex, ScreenIndex, bool);

struct Builder<'a> {
    wall: &'a Wall,
    spec: &'a PathSpec,
    source: SourceShape,
    screens: Vec<ScreenPlan>,
    encoders: Vec<Encoder>,
    known: HashMap<EncoderKey, usize>,
}

impl Builder<'_> {
    fn tiles(&mut self, ports: &[Option<PortIndex>]) -> Result<Vec<Tile>, PlanError> {
        let neutral = ModulePath::default();
        let mut tiles = Vec::with_capacity(ports.len());
        for (index, &port) in (0_u32..).zip(ports) {
            let settings = self.spec.modules.get(index as usize).unwrap_or(&neutral);
            tiles.push(self.tile(ModuleIndex(index), port, settings)?);
        }
        Ok(tiles)
    }

    fn tile(&mut self, index: ModuleIndex, port: Option<PortIndex>, settings: &ModulePath) -> Result<Tile, PlanError> {
        let missing = PlanError::Slice { port: port.unwrap_or_default(), module: index, screen: ScreenIndex::default() };
        let module = self.wall.module(index).ok_or_else(|| missing.clone())?;
        let screen = self.spec.screens.get(module.screen.index()).ok_or_else(|| missing.clone())?;
        check(Parameter::Level, settings.level, 0.0, 2.0)?;
        for gain in settings.gains {
            check(Parameter::Gain, gain, 0.0, 2.0)?;
        }
        let port_settings = port.and_then(|port| self.spec.ports.get(port.index()));
        let level = settings.level * port_settings.map_or(1.0, |port| port.level);
        let mut tile = Tile {
            screen: module.screen,
            rect: module.rect,
            encoder: None,
            levels: levels(screen, settings.gains).map(|own| quantise_level(own * level)),
            correction: self.correction(index, settings)?,
            scalars: scalars(settings)?,
        };
        if let (Some(port), Some(own)) = (port, port_settings) {
            tile.encoder = Some(self.encoder(port, own, screen, &tile)?);
        }
        Ok(tile)
    }

    /// The calibration of a module; matrices per pixel are copied into the screen's raster.
    fn correction(&mut self, index: ModuleIndex, settings: &ModulePath) -> Result<TileCorrection, PlanError> {
        match &settings.correction {
            Correction::None => Ok(TileCorrection::None),
            Correction::Module(matrix) => Ok(TileCorrection::Module(*matrix)),
            Correction::Pixels(pixels) => {
                let rect = self.wall.module(index).map(|module| (module.rect, module.screen));
                let (rect, screen) = rect.unwrap_or_default();
                let (covered, found) = (rect.size(), pixels.packed().len());
                if pixels.size() != covered || found as u64 != covered.area() {
                    return Err(PlanError::Calibration { module: index, covered, calibrated: pixels.size(), found });
                }
                if let Some(screen) = self.screens.get_mut(screen.index()) {
                    let width = screen.size.width as usize;
                    screen.pixels.resize(width * screen.size.height as usize, PackedMatrix::default());
                    let rows = screen.pixels.chunks_exact_mut(width.max(1)).skip(rect.y as usize);
                    for (row, own) in rows.zip(pixels.packed().chunks_exact(rect.width.max(1) as usize)) {
                        let start = rect.x as usize;
                        if let Some(place) = row.get_mut(start..start + own.len()) {
                            place.copy_from_slice(own);
                        }
                    }
                }
                Ok(TileCorrection::Pixels(*pixels.base()))
            }
        }
    }

    /// The encoder of a tile, made on first need.
    fn encoder(&mut self, port: PortIndex, own: &PortPath, screen: &ScreenPath, tile: &Tile) -> Result<usize, PlanError> {
        let plan = self.screens.get(tile.screen.index());
        let pass = own.transfer == OutputTransfer::Source
            && own.loss.is_none()
            && own.dither.is_none()
            && tile.keeps_light()
            && plan.is_some_and(|plan| plan.passes_codes(screen));
        let key = (port, tile.screen, pass);
        if let Some(&known) = self.known.get(&key) {
            return Ok(known);
        }
        let bits = self.wall.port(port).map_or(8, |port| port.link.format.bits());
        let input = screen.transfer.unwrap_or(self.source.color.transfer);
        self.encoders.push(Encoder::new(bits, own, input, screen.peak_nits, pass)?);
        self.known.insert(key, self.encoders.len() - 1);
        Ok(self.encoders.len() - 1)
    }
}

fn scalars(settings: &ModulePath) -> Result<[i16; 3], PlanError> {
    let mut scalars = [0; 3];
    for (slot, share) in scalars.iter_mut().zip(settings.low_grey) {
        check(Parameter::LowGrey, share, -4.0, 4.0)?;
        #[expect(clippy::cast_possible_truncation, reason = "within -4096 to 4096")]
        let scalar = (share * f64::from(1 << SCALAR_BITS)).round() as i16;
        *slot = scalar;
    }
    Ok(scalars)
}

// A neutral level must be recognised as such, or nothing would ever pass.
const _: () = assert!(UNITY == 1 << 16, "quantise_level brings 1.0 to 65536");

//! Building a plan: every setting is checked, then quantised once.

use std::sync::Arc;

use ocp809_calibration::lut::PackedMatrix;
use ocp809_calibration::lut::fixed::UNITY;
use ocp809_calibration::lut::loss::SCALAR_BITS;
use ocp809_sender::ids::{ModuleIndex, ScreenIndex};
use ocp809_sender::slice::SlicePlan;
use ocp809_sender::wall::{Module, Wall};

use super::encoder::Encoders;
use super::ingest::Ingest;
use super::screen::{ScreenPlan, check};
use super::tile::{Tile, TileCorrection};
use super::{Carrier, PathPlan};
use crate::error::{Parameter, PlanError, SpecList};
use crate::frame::SourceShape;
use crate::spec::{Correction, ModulePath, PathSpec};

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
        let carriers = carriers(wall, slice)?;
        let mut tiles = Vec::with_capacity(carriers.len());
        let neutral = ModulePath::default();
        for (index, module) in (0_u32..).zip(wall.modules()) {
            let settings = spec.modules.get(index as usize).unwrap_or(&neutral);
            tiles.push(Tile {
                screen: module.screen,
                rect: module.rect,
                encoder: None,
                levels: [UNITY; 3],
                correction: correction(ModuleIndex(index), module, settings, &mut screens)?,
                scalars: scalars(settings)?,
            });
        }
        let mut plan = Self {
            source,
            ingest: Ingest::new(&source),
            screens: screens.into(),
            carriers: carriers.into(),
            slice: Arc::new(slice.clone()),
            settings: spec.clone(),
            tiles,
            encoders: Encoders::default(),
            rows: Vec::new(),
        };
        plan.set_levels()?;
        Ok(plan)
    }
}

fn count(list: SpecList, expected: usize, found: usize) -> Result<(), PlanError> {
    if expected == found { Ok(()) } else { Err(PlanError::Count { list, expected, found }) }
}

/// Who carries each module, from the runs. Runs outside of the wall are refused here, once for all.
fn carriers(wall: &Wall, slice: &SlicePlan) -> Result<Vec<Option<Carrier>>, PlanError> {
    let mut carriers = vec![None; wall.modules().len()];
    for plan in &slice.ports {
        let bits = wall.port(plan.port).map_or(8, |port| port.link.format.bits());
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
            if let Some(slot) = carriers.get_mut(index.index()) {
                *slot = Some(Carrier { port: plan.port, bits });
            }
        }
    }
    Ok(carriers)
}

/// The calibration of a module; matrices per pixel are copied into the screen's raster.
fn correction(
    index: ModuleIndex,
    module: &Module,
    settings: &ModulePath,
    screens: &mut [ScreenPlan],
) -> Result<TileCorrection, PlanError> {
    let pixels = match &settings.correction {
        Correction::None => return Ok(TileCorrection::None),
        Correction::Module(matrix) => return Ok(TileCorrection::Module(*matrix)),
        Correction::Pixels(pixels) => pixels,
    };
    let (rect, covered, found) = (module.rect, module.rect.size(), pixels.packed().len());
    if pixels.size() != covered || found as u64 != covered.area() {
        return Err(PlanError::Calibration { module: index, covered, calibrated: pixels.size(), found });
    }
    if let Some(screen) = screens.get_mut(module.screen.index()) {
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

//! The stage that brightness, gains and levels decide: the factors of each module, and what follows from them, namely whether
//! its codes pass as they are and which neighbours are treated alike. Nothing else of a plan changes during a fade.

use std::sync::Arc;

use super::screen::{check, levels, quantise_level};
use super::{PathPlan, rows};
use crate::error::{Parameter, PlanError};
use crate::spec::PathSpec;

impl PathPlan {
    /// The plan for settings that differ from this plan's in brightness, gains and levels only, with all tables shared;
    /// `None` when they differ in anything else.
    ///
    /// # Errors
    /// [`PlanError::Range`], as [`PathPlan::build`].
    #[must_use]
    pub fn with_levels(&self, settings: &PathSpec) -> Option<Result<Self, PlanError>> {
        if !self.settings.differs_in_levels_only(settings) {
            return None;
        }
        let mut plan = Self {
            source: self.source,
            ingest: self.ingest,
            screens: Arc::clone(&self.screens),
            carriers: Arc::clone(&self.carriers),
            slice: Arc::clone(&self.slice),
            settings: settings.clone(),
            tiles: self.tiles.clone(),
            encoders: self.encoders.clone(),
            rows: Vec::new(),
        };
        Some(plan.set_levels().map(|()| plan))
    }

    /// Whether both plans differ in levels only, so that what was derived from the tables of one holds for the other, and
    /// from the encoders that both have.
    pub(crate) fn shares_tables_with(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.screens, &other.screens) && self.encoders.begin_like(&other.encoders)
    }

    /// Fills in what the levels of its settings decide.
    pub(super) fn set_levels(&mut self) -> Result<(), PlanError> {
        let Self { settings, screens, carriers, tiles, encoders, source, .. } = self;
        check_levels(settings)?;
        for (index, (tile, carrier)) in tiles.iter_mut().zip(carriers.iter()).enumerate() {
            let Some(screen) = settings.screens.get(tile.screen.index()) else { continue };
            let port = carrier.and_then(|carrier| settings.ports.get(carrier.port.index()));
            let module = settings.module(index);
            let level = module.level * port.map_or(1.0, |port| port.level);
            tile.levels = levels(screen, module.gains).map(|own| quantise_level(own * level));
            tile.encoder = match (carrier, port, screens.get(tile.screen.index())) {
                (Some(carrier), Some(port), Some(plan)) => {
                    let passes = tile.keeps_light() && plan.passes_codes(screen);
                    let input = screen.transfer.unwrap_or(source.color.transfer);
                    Some(encoders.place_of(carrier.bits, port, input, screen.peak_nits, passes)?)
                }
                _ => None,
            };
        }
        self.rows = (0..self.screens.len()).map(|screen| rows::bands(&self.tiles, screen)).collect();
        Ok(())
    }
}

fn check_levels(settings: &PathSpec) -> Result<(), PlanError> {
    for screen in &settings.screens {
        check(Parameter::Brightness, screen.brightness, 0.0, 1.0)?;
    }
    let gains = settings.screens.iter().map(|screen| screen.gains).chain(settings.modules.iter().map(|module| module.gains));
    for gain in gains.flatten() {
        check(Parameter::Gain, gain, 0.0, 2.0)?;
    }
    let levels = settings.ports.iter().map(|port| port.level).chain(settings.modules.iter().map(|module| module.level));
    for level in levels {
        check(Parameter::Level, level, 0.0, 2.0)?;
    }
    for gain in settings.modules.iter().flat_map(|module| module.gains) {
        check(Parameter::Gain, gain, 0.0, 2.0)?;
    }
    Ok(())
}

//! A plan is the program of the pixel path for one wall, one source and one set of settings: tables, matrices and
//! geometry, all integers, computed off the frame thread. Reference, CPU and GPU only execute it.

mod build;
mod encoder;
mod ingest;
mod levels;
mod rows;
mod scale;
mod screen;
mod tile;

pub(crate) use encoder::{Encoder, Encoders, Law};
pub(crate) use ingest::Ingest;
pub(crate) use rows::{RowBand, Span};
pub(crate) use scale::{Axis, Scale};
pub(crate) use screen::{Gamut, ScreenPlan};
pub(crate) use tile::{Tile, TileCorrection};

use std::sync::Arc;

use ocp809_sender::ids::PortIndex;
use ocp809_sender::slice::SlicePlan;

use crate::frame::SourceShape;
use crate::spec::PathSpec;

/// Everything that turning frames into packets needs, precomputed. Build it with [`PathPlan::build`], and follow a fade with
/// [`PathPlan::with_levels`].
#[derive(Debug)]
pub struct PathPlan {
    /// What its frames look like.
    pub(crate) source: SourceShape,
    /// How samples become code values.
    pub(crate) ingest: Ingest,
    /// Tables and matrices of screens, in the wall's order.
    pub(crate) screens: Arc<[ScreenPlan]>,
    /// Who carries each module.
    carriers: Arc<[Option<Carrier>]>,
    /// Where each pixel goes.
    pub(crate) slice: Arc<SlicePlan>,
    /// What it was built from.
    settings: PathSpec,
    /// Modules, in the wall's order.
    pub(crate) tiles: Vec<Tile>,
    /// Ways from light to codes; tiles refer to them.
    pub(crate) encoders: Encoders,
    /// For each screen, which tiles its rows cross.
    pub(crate) rows: Vec<Vec<RowBand>>,
}

/// The port that carries a module.
#[derive(Debug, Clone, Copy)]
struct Carrier {
    port: PortIndex,
    /// Bits of its codes.
    bits: u32,
}

impl PathPlan {
    /// The source that the plan was built for.
    #[must_use]
    pub const fn source(&self) -> &SourceShape {
        &self.source
    }

    /// Where each pixel goes.
    #[must_use]
    pub fn slice(&self) -> &SlicePlan {
        &self.slice
    }
}

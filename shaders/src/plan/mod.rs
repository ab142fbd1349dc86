//! A plan is the program of the pixel path for one wall, one source and one set of settings: tables, matrices and
//! geometry, all integers, computed off the frame thread. Reference, CPU and GPU only execute it.

mod build;
mod encoder;
mod ingest;
mod rows;
mod scale;
mod screen;
mod tile;

pub(crate) use encoder::{Encoder, Law};
pub(crate) use ingest::Ingest;
pub(crate) use rows::Span;
pub(crate) use scale::{Axis, Scale};
pub(crate) use screen::{Gamut, ScreenPlan};
pub(crate) use tile::{Tile, TileCorrection};

use ocp809_sender::slice::SlicePlan;

use crate::frame::SourceShape;

/// Everything that turning frames into packets needs, precomputed. Build it with [`PathPlan::build`].
#[derive(Debug)]
pub struct PathPlan {
    /// What its frames look like.
    pub(crate) source: SourceShape,
    /// How samples become code values.
    pub(crate) ingest: Ingest,
    /// Screens, in the wall's order.
    pub(crate) screens: Vec<ScreenPlan>,
    /// Modules, in the wall's order.
    pub(crate) tiles: Vec<Tile>,
    /// Ways from light to codes; tiles refer to them.
    pub(crate) encoders: Vec<Encoder>,
    /// Where each pixel goes.
    pub(crate) slice: SlicePlan,
}

impl PathPlan {
    /// The source that the plan was built for.
    #[must_use]
    pub const fn source(&self) -> &SourceShape {
        &self.source
    }

    /// Where each pixel goes.
    #[must_use]
    pub const fn slice(&self) -> &SlicePlan {
        &self.slice
    }
}

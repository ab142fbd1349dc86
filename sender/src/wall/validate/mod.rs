//! The checks that turn parts of a document into resolved parts of a wall. Each pushes every problem that it finds and goes
//! on, so that a document's problems are reported all at once.

mod cabinets;
mod canvas;
mod cascade;
mod models;
mod names;
mod numbers;
mod overlap;
mod ports;
mod screens;

pub(super) use cabinets::resolve as cabinets;
pub(super) use canvas::resolve as canvases;
pub(super) use cascade::resolve as cascades;
pub(super) use models::resolve as models;
pub(super) use names::Names;
pub(super) use overlap::check as overlaps;
pub(super) use ports::{check_packets as packets, resolve as ports};
pub(super) use screens::resolve as screens;

//! Cutting screens into packets: which pixel travels in which packet of which port, decided once per wall.

pub mod budget;
#[cfg(test)]
mod budget_tests;
mod build;
mod canvas;
mod cards;
#[cfg(test)]
pub(crate) mod coverage;
pub mod limits;
pub mod plan;

pub use build::SliceError;
pub use plan::{HEADROOM, PacketPlan, PortPlan, Run, SLOT_ALIGN, SlicePlan};

//! Cutting screens into packets: which pixel travels in which packet of which port, decided once per wall.

pub mod plan;

pub use plan::{PacketPlan, PortPlan, Run, SlicePlan};

//! The pixel path of OCP-809: give it a frame, get wire-ordered bytes, in exact integers, the same on every device.
//!
//! Order of the stages and their arithmetic: [`mod@reference`]. What they do to a picture is said by a [`spec::PathSpec`],
//! turned into a [`plan::PathPlan`] off the frame thread, and executed by a [`path::PixelPath`].

pub(crate) mod abi;
pub mod cpu;
pub mod device;
pub mod error;
pub mod format;
pub mod frame;
mod host;
pub mod path;
mod pipeline;
pub mod plan;
pub mod reference;
pub mod spec;
pub(crate) mod stage;
mod upload;

pub use cpu::{CpuPath, Vectors};
pub use device::{AdapterKind, Gpu};
pub use error::{PathError, PlanError};
pub use format::PixelFormat;
pub use frame::{FrameView, SignalColor, SourceShape};
pub use host::Host;
pub use path::PixelPath;
pub use pipeline::GpuPath;
pub use plan::PathPlan;
pub use spec::PathSpec;

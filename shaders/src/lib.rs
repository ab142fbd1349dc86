//! The pixel path of OCP-809: give it a frame, get wire-ordered bytes, in exact integers, the same on every device.

pub mod format;
pub mod frame;

pub use format::PixelFormat;
pub use frame::{FrameView, SignalColor, SourceShape};

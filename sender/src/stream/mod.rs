//! From packet memory to a link: headers in place, paced, latched, counted. Whole frames or nothing.

pub mod batch;
pub mod colorlight;
pub mod ending;
mod feed;
pub mod frame;
mod in_flight;
pub mod latch;
pub mod layout;
mod ocp809;
pub mod pacing;
mod parity;
pub mod port;
pub mod stats;

pub use batch::{Batch, Span};
pub use colorlight::ColorlightDimming;
pub use ending::{latch_together, send_rest};
pub use feed::assumed_residence_ns;
pub use frame::PortFrame;
pub use latch::LatchPackets;
pub use layout::{LayoutError, PortLayout};
pub use pacing::{Pacing, PacketPacer};
pub use port::{FeedEnd, FrameOutcome, FrameReport, FrameStart, PortSender, Progress};
pub use stats::{Histogram, Latency, PortCounters};

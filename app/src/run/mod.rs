//! The headless main job.

pub mod options;

//! From packet memory to a link: headers in place, paced, latched, counted. Whole frames or nothing.

pub mod batch;

pub use batch::{Batch, Span};

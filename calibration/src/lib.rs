//! Colour science, lookup tables, test patterns and calibration of LED walls.

pub mod color;
pub mod lut;
pub mod pattern;

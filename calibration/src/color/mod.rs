//! Colour science in f64: what tables, matrices and reports are computed from.
//!
//! Nothing here touches a pixel at run time; the pixel path reads quantised tables built from these functions. XYZ and
//! RGB are triples of linear light, `[f64; 3]`; their scale (1.0 = white, or cd/m2) is named where it matters.

pub mod adaptation;
pub mod chromaticity;
pub mod difference;
pub mod ictcp;
pub mod lab;
pub mod matrix;
mod observer;
pub mod primaries;
pub mod temperature;
pub mod transfer;

pub use chromaticity::{Uv, UvPrime, Xy};
pub use matrix::Matrix3;
pub use primaries::Primaries;

//! The CPU path: source rows in raster order, band by band, then packets as they become complete.
//!
//! The scalar stages bear the names of the shader's files and define the arithmetic; `source`, `block` and `encode` do the
//! same for 256 pixels at a time.

#![expect(clippy::inline_always, reason = "loops take the vector width of the function in `simd` that they are inlined into")]

pub(crate) mod band;
pub(crate) mod block;
pub(crate) mod byte;
pub(crate) mod chroma;
pub(crate) mod correct;
pub(crate) mod direct;
pub(crate) mod dither;
pub(crate) mod encode;
pub(crate) mod gamut;
pub(crate) mod ingest;
pub(crate) mod pack;
pub(crate) mod packets;
mod path;
pub(crate) mod prepared;
pub(crate) mod rescale;
pub(crate) mod scale;
pub(crate) mod simd;
pub(crate) mod source;
pub(crate) mod transfer;

pub use path::CpuPath;
pub use simd::Vectors;

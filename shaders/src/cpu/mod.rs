//! The CPU path: source rows in raster order, band by band, then packets as they become complete.

pub(crate) mod correct;
pub(crate) mod dither;
pub(crate) mod gamut;
pub(crate) mod ingest;
pub(crate) mod pack;
pub(crate) mod scale;
pub(crate) mod transfer;

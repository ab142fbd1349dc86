//! The block loops compiled for wider vectors, chosen at run time. The code is the same plain Rust for all of them, so the
//! bytes are too, but for [`through`], which AVX-512 does by permutations of bytes.
#![expect(unsafe_code, reason = "a function compiled for more instructions than the program may only be called where they exist")]

#[cfg(target_arch = "x86_64")]
mod avx512;
mod planes;

use core::fmt;

pub(crate) use planes::{Entry, Planes};

use ocp809_calibration::lut::{MatrixBase, PackedMatrix};

use super::band::{Band, Job};
use super::byte::ByteEncoder;
use crate::plan::{RowBand, ScreenPlan};

/// Vector instructions that this machine has, and the CPU path uses. Made by [`Vectors::available`] alone.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Vectors(Level);

/// Sets of vector instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    /// What every machine of the target has.
    Baseline,
    /// AVX2, x86-64 since 2013.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-512 F, BW, DQ, VL, CD, VBMI, VBMI2 and VNNI: Intel since 2019, AMD since 2022.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Vectors {
    /// All that this machine has, the widest first.
    #[must_use]
    pub fn available() -> Vec<Self> {
        let mut levels = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            let wide = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512cd")
                && is_x86_feature_detected!("avx512vbmi")
                && is_x86_feature_detected!("avx512vbmi2")
                && is_x86_feature_detected!("avx512vnni");
            levels.extend(wide.then_some(Self(Level::Avx512)));
            levels.extend(is_x86_feature_detected!("avx2").then_some(Self(Level::Avx2)));
        }
        levels.push(Self(Level::Baseline));
        levels
    }

    /// The widest.
    #[must_use]
    pub fn widest() -> Self {
        Self::available().first().copied().unwrap_or(Self(Level::Baseline))
    }
}

impl fmt::Debug for Vectors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// [`Band::row_inline`] with these instructions.
pub(crate) fn row(vectors: Vectors, band: &mut Band, job: Job<'_>, screen: &ScreenPlan, row: &RowBand, y: u32) {
    match vectors.0 {
        Level::Baseline => band.row_inline(job, screen, row, y),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: only `Vectors::available` makes this value, after it found AVX2.
        Level::Avx2 => unsafe { row_avx2(band, job, screen, row, y) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: only `Vectors::available` makes this value, after it found all eight sets.
        Level::Avx512 => unsafe { row_avx512(band, job, screen, row, y) },
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn row_avx2(band: &mut Band, job: Job<'_>, screen: &ScreenPlan, row: &RowBand, y: u32) {
    band.row_inline(job, screen, row, y);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vbmi,avx512vbmi2,avx512vnni")]
fn row_avx512(band: &mut Band, job: Job<'_>, screen: &ScreenPlan, row: &RowBand, y: u32) {
    band.row_inline(job, screen, row, y);
}

/// What `tables` say of the first pixels of `pixels`, whose red, green and blue lie at `places` of every `STEP` bytes, as far
/// as these instructions do whole groups of them faster than one by one; how many pixels were done.
#[inline(always)]
pub(crate) fn through<T: Entry, const STEP: usize>(
    vectors: Vectors,
    tables: &Planes<T>,
    pixels: &[[u8; STEP]],
    places: [usize; 3],
    out: &mut [&mut [T]; 3],
) -> usize {
    match vectors.0 {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: only `Vectors::available` makes this value, after it found all sets that the function is compiled for.
        Level::Avx512 => unsafe { avx512::through(tables, pixels, places, out) },
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => 0,
        Level::Baseline => 0,
    }
}

/// What light is multiplied by.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Factors<'a> {
    /// One matrix for all pixels.
    Module(&'a [i16; 9]),
    /// A matrix for each.
    Pixels(&'a MatrixBase, &'a [PackedMatrix]),
}

/// [`crate::cpu::correct`] with neutral levels; whether these instructions did it.
#[inline(always)]
pub(crate) fn multiply(vectors: Vectors, factors: Factors<'_>, light: [&[u32]; 3], out: &mut [&mut [u32]; 3]) -> bool {
    match vectors.0 {
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => {
            // SAFETY: only `Vectors::available` makes this value, after it found all sets that the function is compiled for.
            unsafe { avx512::multiply(factors, light, out) };
            true
        }
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => false,
        Level::Baseline => false,
    }
}

/// The same for pixels whose light `tables` have, as [`halves`], by the bytes at `places` of every `STEP`.
#[inline(always)]
pub(crate) fn multiply_bytes<const STEP: usize>(
    vectors: Vectors,
    factors: Factors<'_>,
    tables: &Planes<u32>,
    pixels: (&[[u8; STEP]], [usize; 3]),
    out: &mut [&mut [u32]; 3],
) -> bool {
    match vectors.0 {
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => {
            // SAFETY: only `Vectors::available` makes this value, after it found all sets that the function is compiled for.
            unsafe { avx512::multiply_bytes(factors, tables, pixels, out) };
            true
        }
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => false,
        Level::Baseline => false,
    }
}

/// Light of at most 2.0 in the halves that products are made of: bits 0 to 12 below, the others above.
pub(crate) const fn halves(light: u32) -> u32 {
    (light & 0x1fff) | ((light >> 13) << 16)
}

/// Codes of corrected light on modules with these shares of the loss, three bytes per pixel; `thresholds` are those of four
/// neighbours per channel, with 8 bits behind the point. Whether these instructions did it.
#[inline(always)]
pub(crate) fn byte_codes(
    vectors: Vectors,
    encoder: &ByteEncoder,
    thresholds: [[u16; 4]; 3],
    scalars: [i16; 3],
    light: [&[u32]; 3],
    out: &mut [u8],
) -> bool {
    match vectors.0 {
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => {
            // SAFETY: only `Vectors::available` makes this value, after it found all sets that the function is compiled for.
            unsafe { avx512::codes(encoder, thresholds, scalars, light, out) };
            true
        }
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => false,
        Level::Baseline => false,
    }
}

/// Codes of corrected light where light is proportional to the code, as [`byte_codes`]. Whether these instructions did it.
#[inline(always)]
pub(crate) fn linear_codes(vectors: Vectors, thresholds: [[u16; 4]; 3], light: [&[u32]; 3], out: &mut [u8]) -> bool {
    match vectors.0 {
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => {
            // SAFETY: only `Vectors::available` makes this value, after it found all sets that the function is compiled for.
            unsafe { avx512::linear_codes(thresholds, light, out) };
            true
        }
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => false,
        Level::Baseline => false,
    }
}

#[cfg(test)]
mod tests;

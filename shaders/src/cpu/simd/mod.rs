//! The block loops compiled for wider vectors, chosen at run time. The code is the same plain Rust for all of them, so the
//! bytes are too, but for [`through`], which AVX-512 does by permutations of bytes.
#![expect(unsafe_code, reason = "a function compiled for more instructions than the program may only be called where they exist")]

#[cfg(target_arch = "x86_64")]
mod avx512;
mod planes;

use core::fmt;

pub(crate) use planes::{Entry, Planes};

use super::band::{Band, Job};
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
    /// AVX-512 F, BW, DQ, VL, CD, VBMI and VBMI2: Intel since 2019, AMD since 2022.
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
                && is_x86_feature_detected!("avx512vbmi2");
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
        // SAFETY: only `Vectors::available` makes this value, after it found all seven sets.
        Level::Avx512 => unsafe { row_avx512(band, job, screen, row, y) },
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn row_avx2(band: &mut Band, job: Job<'_>, screen: &ScreenPlan, row: &RowBand, y: u32) {
    band.row_inline(job, screen, row, y);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vbmi,avx512vbmi2")]
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn agree<T: Entry + PartialEq + fmt::Debug, const STEP: usize>(tables: [[T; 256]; 3], bytes: &[u8], places: [usize; 3]) {
        let (cut, pixels) = (Planes::new(tables), bytes.as_chunks::<STEP>().0);
        for vectors in Vectors::available() {
            let mut lanes: [Vec<T>; 3] = core::array::from_fn(|_| vec![T::default(); pixels.len()]);
            let done = through(vectors, &cut, pixels, places, &mut lanes.each_mut().map(Vec::as_mut_slice));
            assert!(done <= pixels.len(), "{vectors:?}: no more than there are");
            for ((lane, table), place) in lanes.iter().zip(tables).zip(places) {
                let expected: Vec<T> = pixels.iter().take(done).map(|pixel| table[usize::from(pixel[place])]).collect();
                assert_eq!(lane[..done], expected, "{vectors:?}, byte {place} of {STEP}");
                assert!(lane[done..].iter().all(|entry| *entry == T::default()), "{vectors:?}: the rest is left alone");
            }
        }
    }

    proptest! {
        #[test]
        fn groups_of_pixels_go_through_tables_as_single_ones_do(bytes in prop::collection::vec(any::<u8>(), 0..1_100), seed in any::<u32>()) {
            let entry = |channel: usize, at: usize| {
                let at = u32::try_from(channel * 256 + at).unwrap();
                (at ^ seed).wrapping_mul(0x9e37_79b1).rotate_left(7)
            };
            let words: [[u32; 256]; 3] = core::array::from_fn(|channel| core::array::from_fn(|at| entry(channel, at)));
            let shorts = words.map(|table| table.map(|entry| u16::try_from(entry >> 16).unwrap()));
            for places in [[0, 1, 2], [2, 1, 0]] {
                agree::<u32, 4>(words, &bytes, places);
                agree::<u16, 4>(shorts, &bytes, places);
                agree::<u32, 3>(words, &bytes, places);
                agree::<u16, 3>(shorts, &bytes, places);
            }
            agree::<u32, 4>(words, &bytes, [1, 2, 3]);
        }
    }
}

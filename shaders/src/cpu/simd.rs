//! The block loops compiled for wider vectors, chosen at run time. The code is the same plain Rust for all of them, so the
//! bytes are too.
#![expect(unsafe_code, reason = "a function compiled for more instructions than the program may only be called where they exist")]

use super::band::{Band, Job};
use crate::plan::{RowBand, ScreenPlan};

/// Vector instructions of this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    /// What every machine of the target has.
    Baseline,
    /// AVX2, x86-64 since 2013.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-512 F, BW, DQ, VL, CD, VBMI and VBMI2: Intel since 2019, AMD since 2022.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Level {
    /// The widest that this machine has.
    pub(crate) fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            let wide = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512cd")
                && is_x86_feature_detected!("avx512vbmi")
                && is_x86_feature_detected!("avx512vbmi2");
            if wide {
                return Self::Avx512;
            }
            if is_x86_feature_detected!("avx2") {
                return Self::Avx2;
            }
        }
        Self::Baseline
    }
}

/// [`Band::row_inline`] with the instructions of `level`.
pub(crate) fn row(level: Level, band: &mut Band, job: Job<'_>, screen: &ScreenPlan, row: &RowBand, y: u32) {
    match level {
        Level::Baseline => band.row_inline(job, screen, row, y),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: only `Level::detect` makes this value, after it found AVX2.
        Level::Avx2 => unsafe { row_avx2(band, job, screen, row, y) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: only `Level::detect` makes this value, after it found all seven sets.
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

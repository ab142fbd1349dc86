//! Tables over bytes with AVX-512: a byte is looked up by two permutations of 128 bytes, 64 pixels at a time.
#![expect(unsafe_code, reason = "vectors are written to slices of their size")]

use core::arch::x86_64::{
    __m512i, _mm512_storeu_si512, _mm512_unpackhi_epi8, _mm512_unpackhi_epi16, _mm512_unpacklo_epi8, _mm512_unpacklo_epi16,
};

use super::super::planes::{Entry, Planes};
use super::table::{Pick, load_pixels, look_up_all};
use super::vector::{GROUP, zero};

/// See [`super::super::through`].
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
pub(in super::super) fn through<T: Entry, const STEP: usize>(
    tables: &Planes<T>,
    pixels: &[[u8; STEP]],
    places: [usize; 3],
    out: &mut [&mut [T]; 3],
) -> usize {
    let picks = [Pick::new::<T, STEP>(places[0]), Pick::new::<T, STEP>(places[1]), Pick::new::<T, STEP>(places[2])];
    let groups = pixels.as_chunks::<GROUP>().0;
    let mut done = 0;
    for group in groups {
        let [red, green, blue] = out;
        let Some(red) = red.get_mut(done..done + GROUP) else { break };
        let (Some(green), Some(blue)) = (green.get_mut(done..done + GROUP), blue.get_mut(done..done + GROUP)) else { break };
        one_group(tables, group, &picks, [red, green, blue]);
        done += GROUP;
    }
    done
}

/// Entries of 64 pixels. By itself, because a loop around it would keep all tables at hand, in memory again for want of
/// registers.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
fn one_group<T: Entry, const STEP: usize>(
    tables: &Planes<T>,
    pixels: &[[u8; STEP]; GROUP],
    picks: &[Pick; 3],
    out: [&mut [T]; 3],
) {
    let source = load_pixels(pixels);
    for ((pick, planes), out) in picks.iter().zip(&tables.planes).zip(out) {
        write(look_up_all::<T>(planes, pick.of(source)), out);
    }
}

/// Planes to 64 entries.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn write<T: Entry>(planes: [__m512i; 4], out: &mut [T]) {
    let [a, b, c, d] = planes;
    let (low, high) = (_mm512_unpacklo_epi8(a, b), _mm512_unpackhi_epi8(a, b));
    if T::BYTES == 2 {
        store([low, high, zero(), zero()], out);
        return;
    }
    let (low_upper, high_upper) = (_mm512_unpacklo_epi8(c, d), _mm512_unpackhi_epi8(c, d));
    let words = [
        _mm512_unpacklo_epi16(low, low_upper),
        _mm512_unpackhi_epi16(low, low_upper),
        _mm512_unpacklo_epi16(high, high_upper),
        _mm512_unpackhi_epi16(high, high_upper),
    ];
    store(words, out);
}

/// Writes the vectors one after the other, as many as the entries fill.
#[inline]
#[target_feature(enable = "avx512f")]
fn store<T: Entry>(vectors: [__m512i; 4], out: &mut [T]) {
    for (vector, out) in vectors.into_iter().zip(out.chunks_exact_mut(64 / T::BYTES)) {
        // SAFETY: 64 / T::BYTES entries of T::BYTES bytes are as large as the vector; every bit pattern is an entry.
        unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), vector) };
    }
}

//! Tables over bytes with AVX-512: a byte is looked up by two permutations of 128 bytes, 64 pixels at a time.
#![expect(unsafe_code, reason = "vectors are read from and written to arrays of their size")]

use core::arch::x86_64::{
    __m512i, _mm512_loadu_si512, _mm512_mask_blend_epi8, _mm512_movepi8_mask, _mm512_permutex2var_epi8, _mm512_setzero_si512,
    _mm512_storeu_si512, _mm512_unpackhi_epi8, _mm512_unpackhi_epi16, _mm512_unpacklo_epi8, _mm512_unpacklo_epi16,
};

use super::planes::{Entry, Planes};

/// Pixels of a group.
const GROUP: usize = 64;

/// Where the bytes of a channel are picked from four vectors of source bytes: from the first two, or from the others, which
/// `is_far` says of each.
struct Pick {
    index: __m512i,
    is_far: u64,
}

/// See [`super::through`].
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
pub(super) fn through<T: Entry, const STEP: usize>(
    tables: &Planes<T>,
    pixels: &[[u8; STEP]],
    places: [usize; 3],
    out: &mut [&mut [T]; 3],
) -> usize {
    let picks = places.map(|place| pick::<T, STEP>(place));
    let groups = pixels.as_chunks::<GROUP>().0;
    let mut done = 0;
    for group in groups {
        let mut source = [zero(); 4];
        for (vector, bytes) in source.iter_mut().zip(group.as_flattened().as_chunks().0) {
            *vector = load(bytes);
        }
        for ((pick, planes), out) in picks.iter().zip(&tables.planes).zip(out.iter_mut()) {
            let Some(out) = out.get_mut(done..done + GROUP) else { return done };
            let own = pick.of(source);
            write(look_up::<T>(planes, own), out);
        }
        done += GROUP;
    }
    done
}

/// The pixel whose byte stands at place `at` of a vector, so that unpacked entries come out in the order of their pixels:
/// unpacking interleaves within each 16 bytes.
const fn pixel_of<T: Entry>(at: usize) -> usize {
    let (lane, inside) = (at / 16, at % 16);
    // Entries of one 16-byte lane of one result.
    let per_lane = 16 / T::BYTES;
    let (result, entry) = (inside / per_lane, inside % per_lane);
    result * (4 * per_lane) + lane * per_lane + entry
}

/// How a channel at byte `place` of each pixel is picked.
#[inline]
#[target_feature(enable = "avx512f")]
fn pick<T: Entry, const STEP: usize>(place: usize) -> Pick {
    let from = |at: usize| pixel_of::<T>(at) * STEP + place;
    let index: [u8; 64] = core::array::from_fn(|at| u8::try_from(from(at) % 128).unwrap_or(0));
    let is_far = (0..64).fold(0, |mask, at| mask | (u64::from(from(at) >= 128) << at));
    Pick { index: load(&index), is_far }
}

impl Pick {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    fn of(&self, [a, b, c, d]: [__m512i; 4]) -> __m512i {
        let near = _mm512_permutex2var_epi8(a, self.index, b);
        let far = _mm512_permutex2var_epi8(c, self.index, d);
        _mm512_mask_blend_epi8(self.is_far, near, far)
    }
}

/// Each plane's bytes at these 64 indices.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
fn look_up<T: Entry>(planes: &[[u8; 256]; 4], index: __m512i) -> [__m512i; 4] {
    let is_upper = _mm512_movepi8_mask(index);
    let mut found = [zero(); 4];
    for (found, plane) in found.iter_mut().zip(planes).take(T::BYTES) {
        let [a, b, c, d] = plane.as_chunks::<64>().0 else { continue };
        // Seven bits choose among 128 bytes, the eighth which 128.
        let lower = _mm512_permutex2var_epi8(load(a), index, load(b));
        let upper = _mm512_permutex2var_epi8(load(c), index, load(d));
        *found = _mm512_mask_blend_epi8(is_upper, lower, upper);
    }
    found
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

#[inline]
#[target_feature(enable = "avx512f")]
fn zero() -> __m512i {
    _mm512_setzero_si512()
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load(bytes: &[u8; 64]) -> __m512i {
    // SAFETY: the array is as large as the vector, and no alignment is asked for.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
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

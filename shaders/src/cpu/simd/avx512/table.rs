//! Bytes of 64 pixels, channel by channel, and the tables of wider entries that they are looked up in.

use core::arch::x86_64::{
    __m512i, _mm512_add_epi8, _mm512_mask_blend_epi8, _mm512_movepi8_mask, _mm512_permutex2var_epi8, _mm512_set1_epi8,
};

use super::super::planes::Entry;
use super::vector::{GROUP, load, look_up, quarters, zero};

/// Where the bytes of a channel are picked from four vectors of source bytes: from the first two, or from the others, which
/// `is_far` says of each.
pub(super) struct Pick {
    index: __m512i,
    is_far: u64,
}

/// The bytes of 64 pixels.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn load_pixels<const STEP: usize>(pixels: &[[u8; STEP]; GROUP]) -> [__m512i; 4] {
    let mut source = [zero(); 4];
    for (vector, bytes) in source.iter_mut().zip(pixels.as_flattened().as_chunks().0) {
        *vector = load(bytes);
    }
    source
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

/// The places of one channel's bytes, which begin at byte 0 of each pixel of `STEP` bytes.
struct First<T, const STEP: usize>(core::marker::PhantomData<T>);

impl<T: Entry, const STEP: usize> First<T, STEP> {
    /// For each byte of the result its place among four vectors.
    #[expect(clippy::cast_possible_truncation, reason = "numbers below 256")]
    const PLACES: [u8; GROUP] = {
        let mut places = [0; GROUP];
        let mut at = 0;
        while at < GROUP {
            places[at] = (pixel_of::<T>(at) * STEP) as u8;
            at += 1;
        }
        places
    };
}

impl Pick {
    /// Of the channel at byte `place` of each pixel of `STEP` bytes, to be looked up in entries of type `T`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) fn new<T: Entry, const STEP: usize>(place: usize) -> Self {
        let offset = _mm512_set1_epi8(u8::try_from(place % STEP).unwrap_or(0).cast_signed());
        let places = _mm512_add_epi8(load(&First::<T, STEP>::PLACES), offset);
        // Seven bits of a place choose among two vectors, the eighth which two.
        Self { index: places, is_far: _mm512_movepi8_mask(places) }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    pub(super) fn of(&self, [a, b, c, d]: [__m512i; 4]) -> __m512i {
        let near = _mm512_permutex2var_epi8(a, self.index, b);
        let far = _mm512_permutex2var_epi8(c, self.index, d);
        _mm512_mask_blend_epi8(self.is_far, near, far)
    }
}

/// Each plane's bytes at these 64 indices.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
pub(super) fn look_up_all<T: Entry>(planes: &[[u8; 256]; 4], index: __m512i) -> [__m512i; 4] {
    let is_upper = _mm512_movepi8_mask(index);
    let mut found = [zero(); 4];
    for (found, plane) in found.iter_mut().zip(planes).take(T::BYTES) {
        *found = look_up(quarters(plane), index, is_upper);
    }
    found
}

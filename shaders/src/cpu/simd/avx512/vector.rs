//! Vectors in memory, whole and in part, and the tables of bytes that they are looked up in.
#![expect(unsafe_code, reason = "vectors are read from and written to arrays of their size")]

use core::arch::x86_64::{
    __m512i, __mmask64, _MM_HINT_T0, _mm_prefetch, _mm512_loadu_si512, _mm512_mask_blend_epi8, _mm512_permutex2var_epi8,
    _mm512_setzero_si512, _mm512_storeu_si512,
};

/// Words of a vector.
pub(super) const WORDS: usize = 16;

/// Pixels that are done at once where a byte of each fills a vector.
pub(super) const GROUP: usize = 64;

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn zero() -> __m512i {
    _mm512_setzero_si512()
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn load(bytes: &[u8; 64]) -> __m512i {
    // SAFETY: the array is as large as the vector, and no alignment is asked for.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn store(vector: __m512i, bytes: &mut [u8; 64]) {
    // SAFETY: the array is as large as the vector, and no alignment is asked for.
    unsafe { _mm512_storeu_si512(bytes.as_mut_ptr().cast(), vector) }
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn load_words(words: &[u32; WORDS]) -> __m512i {
    // SAFETY: the array is as large as the vector, and no alignment is asked for.
    unsafe { _mm512_loadu_si512(words.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn store_words(vector: __m512i, words: &mut [u32; WORDS]) {
    // SAFETY: the array is as large as the vector, and no alignment is asked for.
    unsafe { _mm512_storeu_si512(words.as_mut_ptr().cast(), vector) }
}

/// Asks for memory `ahead` bytes beyond `data`, as many as `data` has: it will be read soon, if it exists.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn fetch<T>(data: &T, ahead: usize) {
    let start = core::ptr::from_ref(data).cast::<i8>();
    for line in (ahead..ahead + size_of::<T>()).step_by(64) {
        // A prefetch reads nothing, whatever the address.
        _mm_prefetch::<_MM_HINT_T0>(start.wrapping_add(line));
    }
}

/// Lanes in arrays, and what is left of them.
#[inline(always)]
pub(super) fn whole<T, const N: usize>(lanes: [&[T]; 3]) -> ([&[[T; N]]; 3], [&[T]; 3]) {
    let parts = lanes.map(<[T]>::as_chunks);
    (parts.map(|(arrays, _)| arrays), parts.map(|(_, rest)| rest))
}

/// The same of lanes to write.
#[inline(always)]
pub(super) fn whole_mut<'a, T, const N: usize>(lanes: &'a mut [&mut [T]; 3]) -> ([&'a mut [[T; N]]; 3], [&'a mut [T]; 3]) {
    let [(a, ra), (b, rb), (c, rc)] = lanes.each_mut().map(|lane| lane.as_chunks_mut());
    ([a, b, c], [ra, rb, rc])
}

/// What is left of a lane, and then nothing.
#[inline(always)]
pub(super) fn padded<T: Copy + Default, const N: usize>(rest: &[T]) -> [T; N] {
    let mut own = [T::default(); N];
    own.iter_mut().zip(rest).for_each(|(slot, &value)| *slot = value);
    own
}

/// The bytes of `table` at these 64 indices, whose highest bits are `is_upper`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
pub(super) fn look_up(quarters: [__m512i; 4], index: __m512i, is_upper: __mmask64) -> __m512i {
    let [a, b, c, d] = quarters;
    // Seven bits choose among 128 bytes, the eighth which 128.
    let lower = _mm512_permutex2var_epi8(a, index, b);
    let upper = _mm512_permutex2var_epi8(c, index, d);
    _mm512_mask_blend_epi8(is_upper, lower, upper)
}

/// A table of 256 bytes in four vectors.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn quarters(table: &[u8; 256]) -> [__m512i; 4] {
    let mut vectors = [zero(); 4];
    for (vector, bytes) in vectors.iter_mut().zip(table.as_chunks::<64>().0) {
        *vector = load(bytes);
    }
    vectors
}

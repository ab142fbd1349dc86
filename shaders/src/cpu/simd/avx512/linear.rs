//! Corrected light to dithered codes of 8-bit links whose light is proportional to the code, with AVX-512, 64 pixels at a time.

use core::arch::x86_64::{
    __m512i, _mm512_add_epi16, _mm512_add_epi32, _mm512_permutex2var_epi8, _mm512_permutex2var_epi16, _mm512_set1_epi32,
    _mm512_set1_epi64, _mm512_srli_epi16, _mm512_srli_epi32, _mm512_sub_epi32,
};

use super::codes::{LOWER_BYTES, TRIPLES, store_pixels};
use super::vector::{GROUP, WORDS, load, load_words, padded, whole, zero};

/// See [`super::super::linear_codes`].
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
pub(in super::super) fn linear_codes(thresholds: [[u16; 4]; 3], light: [&[u32]; 3], out: &mut [u8]) {
    let mut four = [zero(); 3];
    for (slot, own) in four.iter_mut().zip(thresholds) {
        let packed = own.iter().rev().fold(0, |packed: u64, &own| (packed << 16) | u64::from(own));
        *slot = _mm512_set1_epi64(packed.cast_signed());
    }
    let ([red, green, blue], [rest_r, rest_g, rest_b]) = whole(light);
    let (groups, rest) = out.as_chunks_mut::<TRIPLES>();
    for (((r, g), b), out) in red.iter().zip(green).zip(blue).zip(groups.iter_mut()) {
        store_pixels([channel(r, four[0]), channel(g, four[1]), channel(b, four[2])], out);
    }
    if !rest.is_empty() {
        let mut codes = [0; TRIPLES];
        let [r, g, b] = [padded(rest_r), padded(rest_g), padded(rest_b)];
        store_pixels([channel(&r, four[0]), channel(&g, four[1]), channel(&b, four[2])], &mut codes);
        rest.iter_mut().zip(codes).for_each(|(slot, code)| *slot = code);
    }
}

/// Codes of one channel, as bytes.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
fn channel(light: &[u32; GROUP], thresholds: __m512i) -> __m512i {
    let mut values = [zero(); GROUP / WORDS];
    for (value, light) in values.iter_mut().zip(light.as_chunks::<WORDS>().0) {
        let light = load_words(light);
        // light * 255 / 2^18, rounded down, is (light - light / 256) / 2^10 with the inner quotient rounded up.
        let less = _mm512_srli_epi32::<8>(_mm512_add_epi32(light, _mm512_set1_epi32(255)));
        *value = _mm512_srli_epi32::<10>(_mm512_sub_epi32(light, less));
    }
    let [a, b, c, d] = values;
    let index = load(&LOWER_WORDS);
    let mut codes = [_mm512_permutex2var_epi16(a, index, b), _mm512_permutex2var_epi16(c, index, d)];
    for code in &mut codes {
        *code = _mm512_srli_epi16::<8>(_mm512_add_epi16(*code, thresholds));
    }
    _mm512_permutex2var_epi8(codes[0], load(&LOWER_BYTES), codes[1])
}

/// The lower halves of the words of two vectors, as 16-bit numbers in bytes.
#[expect(clippy::cast_possible_truncation, reason = "numbers below 64")]
const LOWER_WORDS: [u8; 64] = {
    let mut index = [0; 64];
    let mut at = 0;
    while at < 32 {
        index[2 * at] = (2 * at) as u8;
        at += 1;
    }
    index
};

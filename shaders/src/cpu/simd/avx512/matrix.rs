//! Calibration matrices with AVX-512: the products of a row in two halves, exact as in [`crate::cpu::correct`].
//!
//! Light is split at bit 13. Halves of two channels share a word, so that one instruction multiplies and adds both; the
//! halves of blue share one with each other, and the matrix has a 0 where it does not want one.
#![expect(unsafe_code, reason = "packed matrices are read as words")]

use core::arch::x86_64::{
    __m128i, __m512i, __mmask32, _mm_cvtsi32_si128, _mm512_add_epi16, _mm512_add_epi32, _mm512_and_si512, _mm512_dpwssd_epi32,
    _mm512_mask_blend_epi16, _mm512_mask_permutexvar_epi32, _mm512_max_epi32, _mm512_min_epi32, _mm512_permutex2var_epi32,
    _mm512_set1_epi32, _mm512_shuffle_epi8, _mm512_slli_epi32, _mm512_sra_epi16, _mm512_srai_epi32, _mm512_srli_epi32,
    _mm512_unpackhi_epi8, _mm512_unpackhi_epi16, _mm512_unpacklo_epi8, _mm512_unpacklo_epi16,
};

use ocp809_calibration::lut::fixed::ONE;
use ocp809_calibration::lut::{MatrixBase, PackedMatrix};

use super::super::{Factors, Planes};
use super::table::{Pick, load_pixels, look_up_all};
use super::vector::{GROUP, WORDS, fetch, load_words, padded, store_words, whole, whole_mut, zero};

/// The upper half of every word.
const UPPER: __mmask32 = 0xaaaa_aaaa;

/// Light of 16 pixels in halves: in each word the lower half is of the first channel named, the upper one of the second.
struct Halves {
    /// Upper halves of red and green.
    red_green_high: __m512i,
    /// Lower halves of red and green.
    red_green_low: __m512i,
    /// Lower and upper half of blue.
    blue: __m512i,
}

/// Factors of a row.
#[derive(Clone, Copy)]
struct Row {
    /// Of red and green.
    red_green: __m512i,
    /// Of blue's lower half, and 0.
    blue_low: __m512i,
    /// 0, and of blue's upper half.
    blue_high: __m512i,
}

/// Light of 64 neighbouring pixels, and what it becomes.
type Group = [Halves; GROUP / WORDS];

/// See [`super::super::multiply`].
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub(in super::super) fn multiply(factors: Factors<'_>, light: [&[u32]; 3], out: &mut [&mut [u32]; 3]) {
    let matrices = Matrices::new(factors);
    let ([red, green, blue], rest) = whole(light);
    let ([out_r, out_g, out_b], out_rest) = whole_mut(out);
    let lanes = red.iter().zip(green).zip(blue).zip(out_r).zip(out_g).zip(out_b);
    for ((((((r, g), b), or), og), ob), at) in lanes.zip(0..) {
        Halves::of([r, g, b]).times(&matrices.rows(at), [or, og, ob]);
    }
    if rest.iter().any(|rest| !rest.is_empty()) {
        let [r, g, b] = rest.map(padded);
        let [mut or, mut og, mut ob] = [[0; WORDS]; 3];
        Halves::of([&r, &g, &b]).times(&matrices.rows(red.len()), [&mut or, &mut og, &mut ob]);
        copy_rest([or, og, ob], out_rest);
    }
}

/// See [`super::super::multiply_bytes`].
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vnni")]
pub(in super::super) fn multiply_bytes<const STEP: usize>(
    factors: Factors<'_>,
    halves: &Planes<u32>,
    (pixels, places): (&[[u8; STEP]], [usize; 3]),
    out: &mut [&mut [u32]; 3],
) {
    let matrices = Matrices::new(factors);
    let picks = [Pick::new::<u32, STEP>(places[0]), Pick::new::<u32, STEP>(places[1]), Pick::new::<u32, STEP>(places[2])];
    let (groups, rest) = pixels.as_chunks::<GROUP>();
    let ([out_r, out_g, out_b], out_rest) = whole_mut(out);
    for ((((pixels, r), g), b), at) in groups.iter().zip(out_r).zip(out_g).zip(out_b).zip((0..).step_by(GROUP / WORDS)) {
        group(halves, &picks, pixels, &matrices, at, [r, g, b]);
    }
    if !rest.is_empty() {
        let mut pixels = [[0; STEP]; GROUP];
        pixels.iter_mut().zip(rest).for_each(|(slot, &pixel)| *slot = pixel);
        let [mut r, mut g, mut b] = [[0; GROUP]; 3];
        group(halves, &picks, &pixels, &matrices, groups.len() * (GROUP / WORDS), [&mut r, &mut g, &mut b]);
        copy_rest([r, g, b], out_rest);
    }
}

/// The products of 64 pixels, whose first 16 are number `at`.
///
/// By itself, because a loop around it would keep all tables at hand, in memory again for want of registers.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vnni")]
fn group<const STEP: usize>(
    tables: &Planes<u32>,
    picks: &[Pick; 3],
    pixels: &[[u8; STEP]; GROUP],
    matrices: &Matrices<'_>,
    at: usize,
    [red, green, blue]: [&mut [u32; GROUP]; 3],
) {
    fetch(pixels, 2_048);
    let halves = from_bytes(tables, picks, pixels);
    let quarters = red.as_chunks_mut().0.iter_mut().zip(green.as_chunks_mut().0).zip(blue.as_chunks_mut().0);
    for ((halves, ((r, g), b)), at) in halves.iter().zip(quarters).zip(at..) {
        halves.times(&matrices.rows(at), [r, g, b]);
    }
}

/// Halves of the light that 64 pixels' bytes stand for.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
fn from_bytes<const STEP: usize>(tables: &Planes<u32>, picks: &[Pick; 3], pixels: &[[u8; STEP]; GROUP]) -> Group {
    let source = load_pixels(pixels);
    // Lower and upper halves of each channel, pixels in two parts.
    let mut lows = [[zero(); 2]; 3];
    let mut highs = [[zero(); 2]; 3];
    for channel in 0..3 {
        let index = picks[channel].of(source);
        let [a, b, c, d] = look_up_all::<u32>(&tables.planes[channel], index);
        lows[channel] = [_mm512_unpacklo_epi8(a, b), _mm512_unpackhi_epi8(a, b)];
        highs[channel] = [_mm512_unpacklo_epi8(c, d), _mm512_unpackhi_epi8(c, d)];
    }
    let pair = |first: __m512i, second: __m512i| [_mm512_unpacklo_epi16(first, second), _mm512_unpackhi_epi16(first, second)];
    let [low_r, low_g, low_b] = lows;
    let [high_r, high_g, high_b] = highs;
    let ([low_0, low_1], [low_2, low_3]) = (pair(low_r[0], low_g[0]), pair(low_r[1], low_g[1]));
    let ([high_0, high_1], [high_2, high_3]) = (pair(high_r[0], high_g[0]), pair(high_r[1], high_g[1]));
    let ([blue_0, blue_1], [blue_2, blue_3]) = (pair(low_b[0], high_b[0]), pair(low_b[1], high_b[1]));
    [
        Halves { red_green_high: high_0, red_green_low: low_0, blue: blue_0 },
        Halves { red_green_high: high_1, red_green_low: low_1, blue: blue_1 },
        Halves { red_green_high: high_2, red_green_low: low_2, blue: blue_2 },
        Halves { red_green_high: high_3, red_green_low: low_3, blue: blue_3 },
    ]
}

fn copy_rest<const N: usize>(lanes: [[u32; N]; 3], out: [&mut [u32]; 3]) {
    for (lane, out) in lanes.iter().zip(out) {
        out.iter_mut().zip(lane).for_each(|(slot, &light)| *slot = light);
    }
}

/// Where the factors of pixels come from.
enum Matrices<'a> {
    /// The same for all: the words of each row's vectors.
    One([[i32; 3]; 3]),
    /// A matrix for each.
    Each(Unpack, &'a [[PackedMatrix; WORDS]], [PackedMatrix; WORDS]),
}

impl<'a> Matrices<'a> {
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn new(factors: Factors<'a>) -> Self {
        match factors {
            Factors::Module(&[c11, c12, c13, c21, c22, c23, c31, c32, c33]) => {
                let row = |red, green, blue| [pair(red, green), pair(blue, 0), pair(0, blue)];
                Self::One([row(c11, c12, c13), row(c21, c22, c23), row(c31, c32, c33)])
            }
            Factors::Pixels(base, packed) => {
                let (whole, rest) = packed.as_chunks();
                Self::Each(Unpack::new(base), whole, padded(rest))
            }
        }
    }

    /// The rows of the 16 pixels of number `at`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn rows(&self, at: usize) -> [Row; 3] {
        match self {
            Self::One([first, second, third]) => [row(first), row(second), row(third)],
            Self::Each(unpack, whole, rest) => {
                let own = whole.get(at).unwrap_or(rest);
                fetch(own, 4_096);
                unpack.rows(words(own))
            }
        }
    }
}

/// The factors of one row for all pixels.
#[inline]
#[target_feature(enable = "avx512f")]
fn row(&[red_green, blue_low, blue_high]: &[i32; 3]) -> Row {
    Row {
        red_green: _mm512_set1_epi32(red_green),
        blue_low: _mm512_set1_epi32(blue_low),
        blue_high: _mm512_set1_epi32(blue_high),
    }
}

/// Two numbers in a word.
const fn pair(low: i16, high: i16) -> i32 {
    (low as i32 & 0xffff) | ((high as i32) << 16)
}

impl Halves {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn of([red, green, blue]: [&[u32; WORDS]; 3]) -> Self {
        let (red, green, blue) = (load_words(red), load_words(green), load_words(blue));
        let high = _mm512_mask_blend_epi16(UPPER, _mm512_srli_epi32::<13>(red), _mm512_slli_epi32::<3>(green));
        let low = _mm512_mask_blend_epi16(UPPER, red, _mm512_slli_epi32::<16>(green));
        let blue = _mm512_mask_blend_epi16(UPPER, blue, _mm512_slli_epi32::<3>(blue));
        Self {
            red_green_high: high,
            red_green_low: _mm512_and_si512(low, _mm512_set1_epi32(0x1fff_1fff)),
            blue: _mm512_and_si512(blue, _mm512_set1_epi32(0xffff_1fff_u32.cast_signed())),
        }
    }

    /// The products of all rows.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    fn times(&self, [first, second, third]: &[Row; 3], [red, green, blue]: [&mut [u32; WORDS]; 3]) {
        store_words(self.product(first), red);
        store_words(self.product(second), green);
        store_words(self.product(third), blue);
    }

    /// A row's product, rounded and clipped.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    fn product(&self, row: &Row) -> __m512i {
        let high = _mm512_dpwssd_epi32(zero(), self.red_green_high, row.red_green);
        let high = _mm512_dpwssd_epi32(high, self.blue, row.blue_high);
        let low = _mm512_dpwssd_epi32(_mm512_set1_epi32(1 << 12), self.red_green_low, row.red_green);
        let low = _mm512_dpwssd_epi32(low, self.blue, row.blue_low);
        let sum = _mm512_add_epi32(high, _mm512_srai_epi32::<13>(low));
        _mm512_min_epi32(_mm512_max_epi32(sum, zero()), _mm512_set1_epi32(ONE.cast_signed()))
    }
}

/// How the packed matrices of a module are unpacked.
struct Unpack {
    /// Shift of a byte in the upper half of its 16 bits.
    shift: __m128i,
    /// For each row, where its two bytes go, and what they are steps from.
    rows: [(__m512i, __m512i); 3],
}

impl Unpack {
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn new(base: &MatrixBase) -> Self {
        let [b12, b13, b21, b23, b31, b32] = *base.off_diagonal();
        // Bytes of a word by number; 0x80 makes a 0.
        let (lower, upper) = (repeated([0x80, 0, 0x80, 1]), repeated([0x80, 2, 0x80, 3]));
        let rows = [(upper, pair(b12, b13)), (lower, pair(b21, b23)), (upper, pair(b31, b32))];
        let rows = rows.map(|(bytes, base)| (bytes, _mm512_set1_epi32(base)));
        Self { shift: _mm_cvtsi32_si128(8 - base.shift().cast_signed()), rows }
    }

    /// The rows of 16 matrices of three words each.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn rows(&self, [diagonal, first, second]: [__m512i; 3]) -> [Row; 3] {
        let [(p1, b1), (p2, b2), (p3, b3)] = self.rows;
        let c12_c13 = _mm512_add_epi16(_mm512_sra_epi16(_mm512_shuffle_epi8(first, p1), self.shift), b1);
        let c21_c23 = _mm512_add_epi16(_mm512_sra_epi16(_mm512_shuffle_epi8(second, p2), self.shift), b2);
        let c31_c32 = _mm512_add_epi16(_mm512_sra_epi16(_mm512_shuffle_epi8(second, p3), self.shift), b3);
        let low_half = _mm512_set1_epi32(0xffff);
        let high_half = _mm512_set1_epi32(0xffff_0000_u32.cast_signed());
        [
            Row {
                red_green: _mm512_mask_blend_epi16(UPPER, diagonal, _mm512_slli_epi32::<16>(c12_c13)),
                blue_low: _mm512_srli_epi32::<16>(c12_c13),
                blue_high: _mm512_and_si512(c12_c13, high_half),
            },
            Row {
                red_green: _mm512_mask_blend_epi16(UPPER, c21_c23, diagonal),
                blue_low: _mm512_srli_epi32::<16>(c21_c23),
                blue_high: _mm512_and_si512(c21_c23, high_half),
            },
            Row { red_green: c31_c32, blue_low: _mm512_and_si512(first, low_half), blue_high: _mm512_slli_epi32::<16>(first) },
        ]
    }
}

/// These bytes in every word, as a shuffle within 16 bytes wants them.
#[inline]
#[target_feature(enable = "avx512f")]
fn repeated(bytes: [u8; 4]) -> __m512i {
    let all: [u32; WORDS] = core::array::from_fn(|word| {
        let first = 4 * (u8::try_from(word % 4).unwrap_or(0));
        u32::from_le_bytes(bytes.map(|byte| if byte < 4 { byte + first } else { byte }))
    });
    load_words(&all)
}

/// The three words of 16 matrices, each in a vector of its own.
#[inline]
#[target_feature(enable = "avx512f")]
fn words(packed: &[PackedMatrix; WORDS]) -> [__m512i; 3] {
    // SAFETY: a packed matrix is its three words and nothing else.
    let words: &[[u32; WORDS]; 3] = unsafe { &*core::ptr::from_ref(packed).cast() };
    let (a, b, c) = (load_words(&words[0]), load_words(&words[1]), load_words(&words[2]));
    let mut own = [zero(); 3];
    for (vector, (index, is_beyond)) in own.iter_mut().zip(&EVERY_THIRD) {
        let index = load_words(index);
        *vector = _mm512_mask_permutexvar_epi32(_mm512_permutex2var_epi32(a, index, b), *is_beyond, index, c);
    }
    own
}

/// Where every third of 48 words, from the first, second and third on, is picked from the first 32, and which come from the
/// last 16 instead.
#[expect(clippy::cast_possible_truncation, reason = "numbers below 48")]
const EVERY_THIRD: [([u32; WORDS], u16); 3] = {
    let mut thirds = [([0; WORDS], 0); 3];
    let mut at = 0;
    while at < 48 {
        thirds[at % 3].0[at / 3] = at as u32 % 32;
        thirds[at % 3].1 |= ((at / 32) as u16) << (at / 3);
        at += 1;
    }
    thirds
};

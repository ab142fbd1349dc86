//! Corrected light to dithered codes of 8-bit links with AVX-512, 64 pixels at a time: see [`ocp809_calibration::lut::byte`].
//!
//! The table of stretches lies in vectors of bytes, and values have 16 bits, so that nothing is read from memory by index.

use core::arch::x86_64::{
    __m128i, __m512i, __mmask32, __mmask64, _MM_FROUND_NO_EXC, _MM_FROUND_TO_ZERO, _mm_cvtsi32_si128, _mm512_add_epi16,
    _mm512_add_epi32, _mm512_adds_epu16, _mm512_castps_si512, _mm512_cmplt_epu32_mask, _mm512_cvt_roundepi32_ps, _mm512_kunpackw,
    _mm512_mask_add_epi32, _mm512_mask_blend_epi8, _mm512_mask_blend_epi16, _mm512_mask_permutexvar_epi8, _mm512_mask_srl_epi16,
    _mm512_mask_srli_epi32, _mm512_max_epi16, _mm512_min_epu16, _mm512_movepi8_mask, _mm512_mulhi_epu16, _mm512_mulhrs_epi16,
    _mm512_permutex2var_epi8, _mm512_set1_epi16, _mm512_set1_epi32, _mm512_set1_epi64, _mm512_slli_epi32, _mm512_srli_epi16,
    _mm512_sub_epi16, _mm512_subs_epu16, _mm512_unpackhi_epi8, _mm512_unpacklo_epi8,
};

use ocp809_calibration::lut::byte::{BRIGHT, BRIGHT_FRACTION, OFFSET, limit, quarter_scalar};

use super::vector::{GROUP, WORDS, load, load_words, look_up, padded, quarters, store, whole, zero};
use crate::cpu::byte::{ByteEncoder, DARK_SHIFT, PlanePair};

/// Bytes of a group's codes.
pub(super) const TRIPLES: usize = 3 * GROUP;

/// One number per pixel of a group: pixels 0 to 31, then 32 to 63.
type Numbers = [__m512i; 2];

/// Where the pixels of a group and channel lie in the table.
#[derive(Clone, Copy)]
struct Places {
    /// Stretches, in the order that makes unpacked numbers come out in the order of pixels.
    stretch: __m512i,
    /// The highest bit of each.
    is_upper: __mmask64,
    /// Fractions.
    fraction: Numbers,
    /// Which pixels have values of the finer kind.
    is_dark: [__mmask32; 2],
}

/// What all pixels of a call share.
struct Setup<'a> {
    encoder: &'a ByteEncoder,
    /// Thresholds of bright values per channel, four neighbours over and over, and of dark ones.
    thresholds: [[__m512i; 2]; 3],
    /// How many more bits dark values have.
    finer: __m128i,
    /// The most that bright and dark values may be.
    limits: [u16; 2],
    /// Shares of the loss.
    scalars: [i16; 3],
}

/// See [`super::super::byte_codes`].
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
pub(in super::super) fn codes(
    encoder: &ByteEncoder,
    thresholds: [[u16; 4]; 3],
    scalars: [i16; 3],
    light: [&[u32]; 3],
    out: &mut [u8],
) {
    let setup = Setup::new(encoder, thresholds, scalars);
    let ([red, green, blue], [rest_r, rest_g, rest_b]) = whole(light);
    let (groups, rest) = out.as_chunks_mut::<TRIPLES>();
    for (((r, g), b), out) in red.iter().zip(green).zip(blue).zip(groups.iter_mut()) {
        setup.group([r, g, b], out);
    }
    if !rest.is_empty() {
        let mut codes = [0; TRIPLES];
        setup.group([&padded(rest_r), &padded(rest_g), &padded(rest_b)], &mut codes);
        rest.iter_mut().zip(codes).for_each(|(slot, code)| *slot = code);
    }
}

impl<'a> Setup<'a> {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn new(encoder: &'a ByteEncoder, thresholds: [[u16; 4]; 3], scalars: [i16; 3]) -> Self {
        let finer = encoder.dark_fraction - BRIGHT_FRACTION;
        let mut own = Self {
            encoder,
            thresholds: [[zero(); 2]; 3],
            finer: _mm_cvtsi32_si128(finer.cast_signed()),
            limits: [BRIGHT_FRACTION, encoder.dark_fraction].map(limit),
            scalars: scalars.map(quarter_scalar),
        };
        for (slots, four) in own.thresholds.iter_mut().zip(thresholds) {
            for (slot, shift) in slots.iter_mut().zip([0, finer]) {
                let packed = four.iter().rev().fold(0, |packed: u64, &own| (packed << 16) | (u64::from(own) << shift));
                *slot = _mm512_set1_epi64(packed.cast_signed());
            }
        }
        own
    }

    /// Codes of a group.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    fn group(&self, light: [&[u32; GROUP]; 3], out: &mut [u8; TRIPLES]) {
        let table = &self.encoder.planes;
        let places = [place(light[0]), place(light[1]), place(light[2])];
        let (knees, rises) = (numbers(&table.knee, &places), numbers(&table.rise, &places));
        let mut values = [[zero(); 2]; 3];
        let mut beyond = [[zero(); 2]; 3];
        for channel in 0..3 {
            for half in 0..2 {
                let (fraction, knee) = (places[channel].fraction[half], knees[channel][half]);
                values[channel][half] = _mm512_mulhi_epu16(rises[channel][half], _mm512_min_epu16(fraction, knee));
                beyond[channel][half] = _mm512_subs_epu16(fraction, knee);
            }
        }
        let rises = numbers(&table.rise_beyond, &places);
        for channel in 0..3 {
            for half in 0..2 {
                let more = _mm512_mulhi_epu16(rises[channel][half], beyond[channel][half]);
                values[channel][half] = _mm512_add_epi16(values[channel][half], more);
            }
        }
        let bases = numbers(&table.base, &places);
        for channel in 0..3 {
            for half in 0..2 {
                values[channel][half] = _mm512_add_epi16(values[channel][half], bases[channel][half]);
            }
        }
        if let Some([base, rise]) = &table.loss {
            self.add_loss([numbers(base, &places), numbers(rise, &places)], &places, &mut values);
        }
        let mut codes = [zero(); 3];
        for channel in 0..3 {
            codes[channel] = self.dithered(values[channel], places[channel].is_dark, self.thresholds[channel]);
        }
        store_pixels(codes, out);
    }

    /// Adds to values what the loss takes.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn add_loss(&self, [base, rise]: [[Numbers; 3]; 2], places: &[Places; 3], values: &mut [Numbers; 3]) {
        let [bright, dark] = self.limits.map(u16::cast_signed);
        for channel in 0..3 {
            let scalar = _mm512_set1_epi16(self.scalars[channel]);
            for half in 0..2 {
                let fraction = _mm512_srli_epi16::<1>(places[channel].fraction[half]);
                let most = _mm512_add_epi16(base[channel][half], _mm512_mulhrs_epi16(rise[channel][half], fraction));
                let extra = _mm512_mulhrs_epi16(most, scalar);
                let more = _mm512_max_epi16(extra, zero());
                let less = _mm512_max_epi16(_mm512_sub_epi16(zero(), extra), zero());
                let value = _mm512_subs_epu16(_mm512_adds_epu16(values[channel][half], more), less);
                let is_dark = places[channel].is_dark[half];
                let limit = _mm512_mask_blend_epi16(is_dark, _mm512_set1_epi16(bright), _mm512_set1_epi16(dark));
                values[channel][half] = _mm512_min_epu16(value, limit);
            }
        }
    }

    /// Codes of values, as bytes.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    fn dithered(&self, values: Numbers, is_dark: [__mmask32; 2], [bright, dark]: [__m512i; 2]) -> __m512i {
        let mut codes = [zero(); 2];
        for half in 0..2 {
            let sum = _mm512_add_epi16(values[half], _mm512_mask_blend_epi16(is_dark[half], bright, dark));
            let code = _mm512_srli_epi16::<BRIGHT_FRACTION>(sum);
            codes[half] = _mm512_mask_srl_epi16(code, is_dark[half], code, self.finer);
        }
        _mm512_permutex2var_epi8(codes[0], load(&LOWER_BYTES), codes[1])
    }
}

/// The places of lights.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
fn place(light: &[u32; GROUP]) -> Places {
    let mut words = [zero(); 4];
    let mut is_dark = [0; 4];
    let light = light.as_chunks::<WORDS>().0;
    for quarter in 0..4 {
        let moved = _mm512_add_epi32(load_words(&light[quarter]), _mm512_set1_epi32(OFFSET.cast_signed()));
        let dark = _mm512_cmplt_epu32_mask(moved, _mm512_set1_epi32(BRIGHT.cast_signed()));
        let float = _mm512_castps_si512(_mm512_cvt_roundepi32_ps::<{ _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC }>(moved));
        let bits = _mm512_mask_srli_epi32::<1>(float, dark, float);
        let bits = _mm512_mask_add_epi32(bits, dark, bits, _mm512_set1_epi32((DARK_SHIFT << 19).cast_signed()));
        // Stretch in the highest byte, fraction in the two below.
        words[quarter] = _mm512_slli_epi32::<5>(bits);
        is_dark[quarter] = dark;
    }
    let [a, b, c, d] = words;
    let index = load(&STRETCHES);
    let (low, high) = (_mm512_permutex2var_epi8(a, index, b), _mm512_permutex2var_epi8(c, index, d));
    let stretch = _mm512_mask_blend_epi8(UPPER_HALVES, low, high);
    let index = load(&FRACTIONS);
    Places {
        stretch,
        is_upper: _mm512_movepi8_mask(stretch),
        fraction: [_mm512_permutex2var_epi8(a, index, b), _mm512_permutex2var_epi8(c, index, d)],
        is_dark: [_mm512_kunpackw(is_dark[1].into(), is_dark[0].into()), _mm512_kunpackw(is_dark[3].into(), is_dark[2].into())],
    }
}

/// Numbers of the table at the places of three channels.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
fn numbers(pair: &PlanePair, places: &[Places; 3]) -> [Numbers; 3] {
    let mut bytes = [[zero(); 2]; 3];
    for (byte, plane) in pair.iter().enumerate() {
        let quarters = quarters(plane);
        for channel in 0..3 {
            bytes[channel][byte] = look_up(quarters, places[channel].stretch, places[channel].is_upper);
        }
    }
    for channel in &mut bytes {
        *channel = [_mm512_unpacklo_epi8(channel[0], channel[1]), _mm512_unpackhi_epi8(channel[0], channel[1])];
    }
    bytes
}

/// Writes the pixels of three channels one after the other.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
pub(super) fn store_pixels([red, green, blue]: [__m512i; 3], out: &mut [u8; TRIPLES]) {
    for (bytes, (index, is_blue)) in out.as_chunks_mut::<64>().0.iter_mut().zip(&THIRDS) {
        let index = load(index);
        let two = _mm512_permutex2var_epi8(red, index, green);
        store(_mm512_mask_permutexvar_epi8(two, *is_blue, index, blue), bytes);
    }
}

/// Bytes whose numbers unpack to pixels 32 to 63: the upper half of each 16.
const UPPER_HALVES: __mmask64 = 0xff00_ff00_ff00_ff00;

/// Where stretches are picked from two vectors of words: the highest byte of each, in the order of [`Places::stretch`].
#[expect(clippy::cast_possible_truncation, reason = "numbers below 256")]
const STRETCHES: [u8; 64] = {
    let mut index = [0; 64];
    let mut at = 0;
    while at < 64 {
        let pixel = at / 16 * 8 + at % 8;
        index[at] = (pixel * 4 + 3) as u8;
        at += 1;
    }
    index
};

/// Where fractions are picked: the two bytes below.
#[expect(clippy::cast_possible_truncation, reason = "numbers below 256")]
const FRACTIONS: [u8; 64] = {
    let mut index = [0; 64];
    let mut at = 0;
    while at < 64 {
        index[at] = (at / 2 * 4 + 1 + at % 2) as u8;
        at += 1;
    }
    index
};

/// The lower bytes of the numbers of two vectors.
#[expect(clippy::cast_possible_truncation, reason = "numbers below 256")]
pub(super) const LOWER_BYTES: [u8; 64] = {
    let mut index = [0; 64];
    let mut at = 0;
    while at < 64 {
        index[at] = (at * 2) as u8;
        at += 1;
    }
    index
};

/// For each third of 192 bytes, where its bytes are picked from red and green, and which come from blue instead.
#[expect(clippy::cast_possible_truncation, reason = "numbers below 256")]
const THIRDS: [([u8; 64], u64); 3] = {
    let mut thirds = [([0; 64], 0); 3];
    let mut at = 0;
    while at < 192 {
        let (pixel, channel) = (at / 3, at % 3);
        thirds[at / 64].0[at % 64] = if channel == 1 { pixel + 64 } else { pixel } as u8;
        thirds[at / 64].1 |= ((channel / 2) << (at % 64)) as u64;
        at += 1;
    }
    thirds
};

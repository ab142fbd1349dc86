//! Every kernel against the scalar stages, on as many pixels as do and do not fill its groups.

use core::array::from_fn;

use ocp809_calibration::lut::fixed::{ONE, UNITY};
use ocp809_calibration::lut::{ByteTable, CorrectionMatrix, LossCurve};
use proptest::prelude::*;

use super::*;
use crate::cpu::correct::correct;
use crate::cpu::{dither, transfer};
use crate::plan::{Encoder, Law};

/// Pseudo-random numbers.
fn noise(seed: u32) -> impl FnMut() -> u32 {
    let mut state = seed;
    move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.rotate_left(11) ^ state
    }
}

/// Light up to `most`, with extremes among it.
fn lights(count: usize, most: u32, seed: u32) -> [Vec<u32>; 3] {
    let mut next = noise(seed);
    from_fn(|_| {
        let mut one = || match next() % 8 {
            0 => 0,
            1 => most,
            2 => next() % 300_000,
            _ => next() % (most + 1),
        };
        (0..count).map(|_| one()).collect()
    })
}

fn matrix(next: &mut impl FnMut() -> u32) -> CorrectionMatrix {
    let mut own = || (f64::from(next() % 4_000) - 2_000.0) / 10_000.0;
    CorrectionMatrix::from_f64([[0.9 + own(), own(), own()], [own(), 0.8 + own(), own()], [own(), own(), 1.1 + own()]]).unwrap()
}

fn slices(lanes: &[Vec<u32>; 3]) -> [&[u32]; 3] {
    lanes.each_ref().map(Vec::as_slice)
}

fn pixel(lanes: &[Vec<u32>; 3], at: usize) -> [u32; 3] {
    lanes.each_ref().map(|lane| lane[at])
}

/// Thresholds of four neighbours with 8 bits behind the point.
fn thresholds(encoder: &Encoder, x: u32, y: u32, offset: u32) -> [[u16; 4]; 3] {
    let threshold = |rank: u32| if encoder.period == 0 { 128 } else { u16::try_from((2 * rank + 1) * 8).unwrap() };
    from_fn(|channel| from_fn(|i| threshold(dither::rank(x + u32::try_from(i).unwrap(), y, channel, offset))))
}

/// What the kernel makes of light agrees with the scalar stages.
fn codes_agree(encoder: &Encoder, count: usize, scalars: [i16; 3], seed: u32) {
    let light = lights(count, ONE, seed);
    let (x, y, offset) = (seed % 7, seed % 5, dither::frame_offset(u64::from(seed), encoder.period));
    let thresholds = thresholds(encoder, x, y, offset);
    for vectors in Vectors::available() {
        let mut out = vec![0; count * 3];
        let is_done = match &encoder.law {
            Law::Bytes(table) => byte_codes(vectors, &ByteEncoder::new(table), thresholds, scalars, slices(&light), &mut out),
            Law::Linear | Law::Pass | Law::Table(_) => linear_codes(vectors, thresholds, slices(&light), &mut out),
        };
        for (at, codes) in out.chunks(3).enumerate().filter(|_| is_done) {
            for (channel, (light, scalar)) in pixel(&light, at).into_iter().zip(scalars).enumerate() {
                let rank = dither::rank(x + u32::try_from(at).unwrap(), y, channel, offset);
                let code = dither::code(transfer::value(encoder, light, scalar), 8, encoder.period, rank);
                assert_eq!(u16::from(codes[channel]), code, "{vectors:?}: light {light}, pixel {at} of {count}");
            }
        }
    }
}

fn agree<T: Entry + PartialEq + fmt::Debug, const STEP: usize>(tables: [[T; 256]; 3], bytes: &[u8], places: [usize; 3]) {
    let (cut, pixels) = (Planes::new(tables), bytes.as_chunks::<STEP>().0);
    for vectors in Vectors::available() {
        let mut lanes: [Vec<T>; 3] = from_fn(|_| vec![T::default(); pixels.len()]);
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
        let words: [[u32; 256]; 3] = from_fn(|channel| from_fn(|at| entry(channel, at)));
        let shorts = words.map(|table| table.map(|entry| u16::try_from(entry >> 16).unwrap()));
        for places in [[0, 1, 2], [2, 1, 0]] {
            agree::<u32, 4>(words, &bytes, places);
            agree::<u16, 4>(shorts, &bytes, places);
            agree::<u32, 3>(words, &bytes, places);
            agree::<u16, 3>(shorts, &bytes, places);
        }
        agree::<u32, 4>(words, &bytes, [1, 2, 3]);
    }

    #[test]
    fn products_are_those_of_single_pixels(count in 0_usize..200, seed in any::<u32>()) {
        let mut next = noise(seed);
        let light = lights(count, 2 * ONE, seed);
        let all: Vec<CorrectionMatrix> = (0..count).map(|_| matrix(&mut next)).collect();
        let base = MatrixBase::around(&all);
        let packed: Vec<PackedMatrix> = all.iter().map(|own| base.pack(own)).collect();
        let one = matrix(&mut next);
        for vectors in Vectors::available() {
            for factors in [Factors::Module(one.coefficients()), Factors::Pixels(&base, &packed)] {
                let mut out: [Vec<u32>; 3] = from_fn(|_| vec![7; count]);
                let is_done = multiply(vectors, factors, slices(&light), &mut out.each_mut().map(Vec::as_mut_slice));
                for at in (0..count).filter(|_| is_done) {
                    let own = if let Factors::Pixels(..) = factors { base.coefficients(packed[at]) } else { *one.coefficients() };
                    prop_assert_eq!(pixel(&out, at), correct(pixel(&light, at), [UNITY; 3], Some(&own)), "{:?}, pixel {}", vectors, at);
                }
            }
        }
    }

    #[test]
    fn products_of_bytes_are_those_of_their_light(bytes in prop::collection::vec(any::<u8>(), 0..700), seed in any::<u32>()) {
        let mut next = noise(seed);
        let tables: [[u32; 256]; 3] = from_fn(|_| from_fn(|_| next() % (2 * ONE + 1)));
        let cut = Planes::new(tables.map(|table| table.map(halves)));
        let one = matrix(&mut next);
        let (pixels, factors, places) = (bytes.as_chunks::<4>().0, Factors::Module(one.coefficients()), [2, 1, 0]);
        for vectors in Vectors::available() {
            let mut out: [Vec<u32>; 3] = from_fn(|_| vec![7; pixels.len()]);
            let lanes = &mut out.each_mut().map(Vec::as_mut_slice);
            let is_done = multiply_bytes(vectors, factors, &cut, (pixels, places), lanes);
            for (at, bytes) in pixels.iter().enumerate().filter(|_| is_done) {
                let light = from_fn(|channel| tables[channel][usize::from(bytes[places[channel]])]);
                prop_assert_eq!(pixel(&out, at), correct(light, [UNITY; 3], Some(one.coefficients())), "{:?}, pixel {}", vectors, at);
            }
        }
    }

    #[test]
    fn codes_are_those_of_single_pixels(
        count in 0_usize..200,
        gamma in 1.05_f64..4.0,
        loss in 0.0_f64..2.0,
        scalars in prop::array::uniform3(-4_096_i16..=4_096),
        period in prop::sample::select(vec![0_u32, 1, 2, 16]),
        seed in any::<u32>(),
    ) {
        let curve = LossCurve::new([(0.0, loss), (0.02, 0.0)]);
        let table = |curve| Law::Bytes(ByteTable::build(|signal: f64| signal.powf(gamma), curve));
        for law in [table(None), table(Some(&curve)), Law::Linear] {
            codes_agree(&Encoder { bits: 8, law, loss: None, period }, count, scalars, seed);
        }
    }
}

//! Corrected light to values of 8-bit links for a block of pixels: the arithmetic of [`ocp809_calibration::lut::byte`] in
//! loops, and its table in the form in which vector registers hold it.
//!
//! Octaves are read off a float's exponent; see [`super::encode`] for why that is exact.

use core::ops::Range;

use ocp809_calibration::lut::ByteTable;
use ocp809_calibration::lut::byte::{BRIGHT, BRIGHT_FRACTION, FIRST_DARK, LossStretch, OFFSET, limit, quarter_scalar};
use ocp809_calibration::lut::output::VALUE_BITS;

use super::block::Block;

/// A table of bytes over stretches, whose number is a byte.
pub(crate) type Plane = [u8; 256];

/// The two bytes of a number of every stretch, the lower first.
pub(crate) type PlanePair = [Plane; 2];

/// What places of dark stretches are from where the exponent and mantissa of a float, taken for a number, would have them:
/// the exponent of the darkest octave is 127 + 4, its stretches are counted by threes of bits.
pub(crate) const DARK_SHIFT: u32 = (FIRST_DARK + 256 - ((127 + 4) * 8) % 256) % 256;

/// Values of 8-bit links, as blocks look them up.
#[derive(Debug)]
pub(crate) struct ByteEncoder {
    /// Base and rise, knee and rise beyond of stretches, then of some that no light leads to.
    stretches: Box<[[u32; 2]; 256]>,
    /// What is added for the loss.
    loss: Option<Box<[LossStretch; 256]>>,
    /// The same in planes.
    pub(crate) planes: Box<BytePlanes>,
    /// Bits behind the point of dark values.
    pub(crate) dark_fraction: u32,
}

/// The numbers of all stretches in planes of bytes.
#[derive(Debug)]
pub(crate) struct BytePlanes {
    pub(crate) base: PlanePair,
    pub(crate) rise: PlanePair,
    pub(crate) knee: PlanePair,
    pub(crate) rise_beyond: PlanePair,
    /// Base and rise of the loss.
    pub(crate) loss: Option<[PlanePair; 2]>,
}

impl ByteEncoder {
    /// The table in the forms of blocks.
    pub(crate) fn new(table: &ByteTable) -> Self {
        let stretches = Box::new(padded(table.stretches()));
        let loss = table.loss().map(|loss| Box::new(padded(loss)));
        let planes = BytePlanes {
            base: planes(&stretches, |own| own.base),
            rise: planes(&stretches, |own| own.rise),
            knee: planes(&stretches, |own| own.knee),
            rise_beyond: planes(&stretches, |own| own.rise_beyond),
            loss: loss
                .as_ref()
                .map(|loss| [planes(loss, |own| own.base.cast_unsigned()), planes(loss, |own| own.rise.cast_unsigned())]),
        };
        let pair = |low: u16, high: u16| u32::from(low) | (u32::from(high) << 16);
        let stretches = Box::new(stretches.map(|own| [pair(own.base, own.rise), pair(own.knee, own.rise_beyond)]));
        Self { stretches, loss, planes: Box::new(planes), dark_fraction: table.dark_fraction() }
    }

    /// Whether modules differ by their low-grey loss.
    pub(crate) const fn has_loss(&self) -> bool {
        self.loss.is_some()
    }

    /// Values of the corrected light of the pixels in `range`, all of modules with these shares of the loss.
    #[inline(always)]
    pub(crate) fn values(&self, scalars: [i16; 3], range: &Range<usize>, block: &mut Block) {
        for ((lane, light), scalar) in block.values.iter_mut().zip(&block.corrected).zip(scalars) {
            let places = (block.places.get_mut(range.clone()), block.fractions.get_mut(range.clone()));
            let (Some(places), Some(fractions)) = places else { return };
            let (Some(lane), Some(light)) = (lane.get_mut(range.clone()), light.get(range.clone())) else { return };
            for ((place, fraction), &light) in places.iter_mut().zip(fractions.iter_mut()).zip(light) {
                (*place, *fraction) = place_of(light);
            }
            let Some(entries) = block.entries.get_mut(range.clone()) else { return };
            for ((value, entry), &place) in lane.iter_mut().zip(entries.iter_mut()).zip(places.iter()) {
                [*value, *entry] = self.stretches.get(usize::from(place)).copied().unwrap_or_default();
            }
            for ((value, &entry), &fraction) in lane.iter_mut().zip(entries.iter()).zip(fractions.iter()) {
                *value = line(*value, entry, fraction);
            }
            if let Some(loss) = &self.loss {
                let scalar = i32::from(quarter_scalar(scalar));
                for ((value, &place), &fraction) in lane.iter_mut().zip(places.iter()).zip(fractions.iter()) {
                    let own = loss.get(usize::from(place)).copied().unwrap_or_default();
                    let most = i32::from(own.base) + ((i32::from(own.rise) * (fraction >> 1).cast_signed() + (1 << 14)) >> 15);
                    let extra = (most * scalar + (1 << 14)) >> 15;
                    let limit = i32::from(limit(self.fraction_of(place)));
                    *value = (value.cast_signed() + extra).clamp(0, limit).cast_unsigned();
                }
            }
            for (value, &place) in lane.iter_mut().zip(places.iter()) {
                *value <<= VALUE_BITS - 8 - self.fraction_of(place);
            }
        }
    }

    /// Bits behind the point of a stretch's values.
    #[inline(always)]
    fn fraction_of(&self, place: u8) -> u32 {
        if u32::from(place) >= FIRST_DARK { self.dark_fraction } else { BRIGHT_FRACTION }
    }
}

/// The value on a stretch of base and rise, knee and rise beyond, the first of each in the lower half.
#[inline(always)]
fn line(first: u32, second: u32, fraction: u32) -> u32 {
    let knee = second & 0xffff;
    let below = ((first >> 16) * fraction.min(knee)) >> 16;
    let beyond = ((second >> 16) * fraction.saturating_sub(knee)) >> 16;
    (first & 0xffff) + below + beyond
}

/// Stretch of a light, and how far in.
#[inline(always)]
#[expect(clippy::cast_precision_loss, clippy::cast_possible_wrap, reason = "at most 24 significant bits; at most 2^27")]
#[expect(clippy::cast_possible_truncation, reason = "the number of a stretch is the lowest byte")]
fn place_of(light: u32) -> (u8, u32) {
    let moved = light + OFFSET;
    let bits = ((moved & !(moved >> 24)) as i32 as f32).to_bits();
    let bits = if moved < BRIGHT { (bits >> 1) + (DARK_SHIFT << 19) } else { bits };
    ((bits >> 19) as u8, (bits >> 3) & 0xffff)
}

fn padded<T: Copy + Default>(table: &[T]) -> [T; 256] {
    let mut own = [T::default(); 256];
    own.iter_mut().zip(table).for_each(|(slot, &entry)| *slot = entry);
    own
}

fn planes<T: Copy>(table: &[T; 256], number: impl Fn(T) -> u16) -> PlanePair {
    let byte = |at: usize| table.map(|entry| number(entry).to_le_bytes().get(at).copied().unwrap_or(0));
    [byte(0), byte(1)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::block::BLOCK;
    use ocp809_calibration::lut::LossCurve;
    use ocp809_calibration::lut::byte::Place;
    use ocp809_calibration::lut::fixed::ONE;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_float_leads_to_the_same_place(light in 0..=ONE) {
            let (stretch, fraction) = place_of(light);
            prop_assert_eq!(Place { stretch: u32::from(stretch), fraction }, Place::of(light));
        }

        #[test]
        fn blocks_have_the_tables_values(
            gamma in 1.05_f64..4.0,
            share in 0.0_f64..2.0,
            scalars in prop::array::uniform3(-4_096_i16..=4_096),
            lights in prop::collection::vec(0..=ONE, 1..200),
        ) {
            let curve = LossCurve::new([(0.0, share), (0.02, 0.0)]);
            for curve in [None, Some(&curve)] {
                let table = ByteTable::build(|signal| signal.powf(gamma), curve);
                let encoder = ByteEncoder::new(&table);
                let mut block = Block::new();
                let edges = [0, 1, 2, 15, 16, 17, ONE, ONE - 1, ONE - 16, ONE - 17, ONE / 2, (1 << 17) - 17, (1 << 17) - 16];
                for lane in &mut block.corrected {
                    lane.iter_mut().zip(lights.iter().copied().chain(edges)).for_each(|(slot, light)| *slot = light);
                }
                encoder.values(scalars, &(0..BLOCK), &mut block);
                for ((light, value), scalar) in block.corrected.iter().zip(&block.values).zip(scalars) {
                    for (&light, &value) in light.iter().zip(value) {
                        prop_assert_eq!(value, table.value(light, scalar), "light {}, scalar {}", light, scalar);
                    }
                }
            }
        }
    }
}

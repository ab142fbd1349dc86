//! Samples of PIXELS payloads: packing groups, most significant bit first, unpacked to 16-bit integers.
//!
//! Packing for the sender happens in the pixel path, straight into packet memory; this is the receiving side.

use crate::wall::WireFormat;
use crate::wire::field::u32_at;

/// Unpacks the pixels from `first` on into `out`; what lies beyond the payload reads 0. Samples keep the format's depth:
/// RGB10 gives 0 to 1023.
pub fn unpack(format: WireFormat, payload: &[u8], first: usize, out: &mut [[u16; 3]]) {
    let samples = out.as_flattened_mut();
    match format {
        WireFormat::Rgb8 => {
            let bytes = payload.get(first * 3..).unwrap_or_default();
            for (sample, &byte) in samples.iter_mut().zip(bytes) {
                *sample = u16::from(byte);
            }
        }
        WireFormat::Rgb16 => {
            let bytes = payload.get(first * 6..).unwrap_or_default();
            for (sample, pair) in samples.iter_mut().zip(bytes.as_chunks::<2>().0) {
                *sample = u16::from_be_bytes(*pair);
            }
        }
        WireFormat::Rgb10 | WireFormat::Rgb12 => {
            for (index, sample) in samples.iter_mut().enumerate() {
                *sample = packed_sample(payload, format.bits() as usize, first * 3 + index);
            }
        }
    }
}

/// The sample `index` of a run of samples of 9 to 16 bits without gaps.
#[expect(clippy::cast_possible_truncation, reason = "the mask leaves at most 16 bits")]
fn packed_sample(payload: &[u8], bits: usize, index: usize) -> u16 {
    let first_bit = index * bits;
    // Four bytes hold every sample; near the end they are taken from the last four and shifted less.
    let byte = (first_bit / 8).min(payload.len().saturating_sub(4));
    let below = (32 + byte * 8).saturating_sub(first_bit + bits);
    (u32_at(payload, byte) >> below.min(31)) as u16 & ((1_u32 << bits) - 1) as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Packs bit by bit: the definition, slowly.
    fn pack(format: WireFormat, pixels: &[[u16; 3]]) -> Vec<u8> {
        let count = u32::try_from(pixels.len()).expect("few");
        let mut bytes = vec![0_u8; format.payload_bytes(count) as usize];
        let mut bit = 0;
        for &sample in pixels.as_flattened() {
            for position in (0..format.bits()).rev() {
                bytes[bit / 8] |= u8::from(sample >> position & 1 == 1) << (7 - bit % 8);
                bit += 1;
            }
        }
        bytes
    }

    #[test]
    fn rgb10_fills_fifteen_bytes_with_four_pixels() {
        let bytes = pack(WireFormat::Rgb10, &[[0x3ff, 0, 0x3ff], [1, 2, 3], [0, 0, 0], [0, 0, 0x155]]);
        assert_eq!(bytes[..4], [0xff, 0xc0, 0x0f, 0xfc], "most significant bit first");
        let mut out = [[0; 3]; 4];
        unpack(WireFormat::Rgb10, &bytes, 0, &mut out);
        assert_eq!(out, [[0x3ff, 0, 0x3ff], [1, 2, 3], [0, 0, 0], [0, 0, 0x155]], "back again");
    }

    proptest! {
        #[test]
        fn unpacking_undoes_packing_from_any_pixel(
            format in prop::sample::select(WireFormat::ALL.to_vec()), pixels in prop::collection::vec(any::<[u16; 3]>(), 1..40),
            first in any::<prop::sample::Index>()
        ) {
            let mask = u16::MAX >> (16 - format.bits());
            let pixels: Vec<[u16; 3]> = pixels.into_iter().map(|p| p.map(|s| s & mask)).collect();
            let first = first.index(pixels.len());
            let mut out = vec![[0; 3]; pixels.len() - first];
            unpack(format, &pack(format, &pixels), first, &mut out);
            prop_assert_eq!(&out[..], &pixels[first..]);
        }

        #[test]
        fn short_payloads_never_panic(format in prop::sample::select(WireFormat::ALL.to_vec()), payload: Vec<u8>, first in 0_usize..5_000) {
            unpack(format, &payload, first, &mut [[0; 3]; 9]);
        }
    }
}

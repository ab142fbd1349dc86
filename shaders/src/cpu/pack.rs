//! Codes into the bytes of a payload; twin of `wgsl/shared/pack.wgsl`.
//!
//! Samples follow each other without gaps, the most significant bit first; what is left of the last group is zero.

/// Writes sample `index` of a payload whose samples have `bits` bits. The bits must be zero before.
pub(crate) fn put(payload: &mut [u8], index: usize, bits: u32, code: u16) {
    let first = index * bits as usize;
    // Left-justified in 24 bits from the first byte that the sample touches.
    let word = (u32::from(code) << (24 - bits)) >> (first % 8);
    for (byte, part) in payload.iter_mut().skip(first / 8).zip([word >> 16, word >> 8, word]) {
        *byte |= u8::try_from(part & 0xff).unwrap_or(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_lie_where_the_protocol_says() {
        // PROTOCOL.md, payloads: most significant bit first, no gaps.
        let mut ten = [0; 15];
        for (index, code) in [0x3ff, 0, 0x201, 1].into_iter().enumerate() {
            put(&mut ten, index, 10, code);
        }
        assert_eq!(ten[..5], [0xff, 0xc0, 0x08, 0x04, 0x01], "four samples of 10 bits");
        let mut twelve = [0; 9];
        for (index, code) in [0xabc, 0xdef].into_iter().enumerate() {
            put(&mut twelve, index, 12, code);
        }
        assert_eq!(twelve[..4], [0xab, 0xcd, 0xef, 0], "two samples of 12 bits");
        let mut sixteen = [0; 6];
        put(&mut sixteen, 1, 16, 0x1234);
        assert_eq!(sixteen, [0, 0, 0x12, 0x34, 0, 0], "big-endian");
    }
}

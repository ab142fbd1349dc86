// Thresholds in space and time; twin of src/cpu/dither.rs.

// The code of a value of channel `channel` at a screen's pixel.
fn dithered(tile: Tile, value: u32, x: u32, y: u32, channel: u32) -> u32 {
    let fraction = VALUE_BITS - tile.bits;
    var threshold = (1u << fraction) >> 1u;
    if (tile.period != 0u) {
        // Four bits of a place each, row by row: PLACES.
        let place = (PLACES[y & 3u] >> ((x & 3u) * 4u)) & 15u;
        let moved = reverseBits(frame.phase & (tile.period - 1u)) >> 28u;
        let rank = (place + channel * 5u + moved) & 15u;
        threshold = ((2u * rank + 1u) << fraction) >> 5u;
    }
    return min((value + threshold) >> fraction, (1u << tile.bits) - 1u);
}

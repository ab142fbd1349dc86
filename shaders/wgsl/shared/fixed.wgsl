// The integer arithmetic of calibration::lut::fixed: products, the logarithmic index, reads of shared tables.

// a * b / 65536, rounded down, at most LIGHT_MAX.
fn mul16(a: u32, b: u32) -> u32 {
    let al = a & 0xffffu;
    let product = (a >> 16u) * b + al * (b >> 16u) + ((al * (b & 0xffffu)) >> 16u);
    return min(product, LIGHT_MAX);
}

// Entry (x) and fraction of 32768 (y) of a light in a table over octaves.
fn log_index(light: u32) -> vec2<u32> {
    let zeros = countLeadingZeros(light | (1u << OCTAVE_BITS));
    let normal = light << zeros;
    let octave = 31u - OCTAVE_BITS - zeros;
    return vec2<u32>((octave << OCTAVE_BITS) + (normal >> (31u - OCTAVE_BITS)), (normal >> 9u) & 0x7fffu);
}

// A gain table, interpolated and rounded down.
fn gain_at(offset: u32, light: u32) -> u32 {
    let at = log_index(min(light, LIGHT_MAX));
    let low = bitcast<i32>(tables[offset + at.x]);
    let high = bitcast<i32>(tables[offset + at.x + 1u]);
    return u32(low + (((high - low) * i32(at.y)) >> 15u));
}

// Code values to light and light to values; twin of src/cpu/transfer.rs.

fn light_of_code(offset: u32, code: u32) -> u32 {
    let at = offset + (code >> 4u);
    let low = tables[at];
    return low + (((tables[at + 1u] - low) * (code & 15u) + 8u) >> 4u);
}

// Light of code values on a module's screen.
fn light_of_codes(tile: Tile, source_codes: vec3<u32>) -> vec3<u32> {
    var codes = source_codes;
    if (tile.lut_side != 0u) {
        codes = lut3d(tile.lut_table, tile.lut_side, codes);
    }
    let light = vec3<u32>(
        light_of_code(tile.input_table, codes.x),
        light_of_code(tile.input_table, codes.y),
        light_of_code(tile.input_table, codes.z),
    );
    if (tile.ootf_table == NONE) {
        return light;
    }
    let luminance = mul16(light.x, LUMINANCE_RED) + mul16(light.y, LUMINANCE_GREEN) + mul16(light.z, LUMINANCE_BLUE);
    let gain = gain_at(tile.ootf_table, luminance);
    return vec3<u32>(mul16(light.x, gain), mul16(light.y, gain), mul16(light.z, gain));
}

// Light in proportion to the code, with the fraction's bits, rounded down.
fn linear_value(light: u32, bits: u32) -> u32 {
    let top = (1u << bits) - 1u;
    let shift = 26u - (VALUE_BITS - bits);
    return ((light >> 13u) * top + (((light & 0x1fffu) * top) >> 13u)) >> (shift - 13u);
}

fn table_value(offset: u32, light: u32) -> u32 {
    let at = log_index(light);
    let entry = tables[offset + at.x];
    return (entry >> 12u) + (((entry & 0xfffu) * at.y) >> 15u);
}

// What a module with share `scalar` (1024 = 1.0) adds.
fn loss_value(offset: u32, light: u32, scalar: i32) -> i32 {
    let at = log_index(light);
    let entry = bitcast<i32>(tables[offset + at.x]);
    let curve = (entry >> 16u) + ((((entry << 16u) >> 16u) * i32(at.y)) >> 15u);
    return (curve * scalar + 512) >> 10u;
}

// The value of light on a link of 8 bits, with the loss: see calibration::lut::byte.
fn byte_value(tile: Tile, light: u32, scalar: i32) -> u32 {
    let moved = light + BYTE_OFFSET;
    let octave = firstLeadingBit(moved);
    let normal = moved << (31u - octave);
    var stretch = (octave - 17u) * 16u + ((normal >> 27u) & 15u);
    var fraction = (normal >> 11u) & 0xffffu;
    var bits = BYTE_BRIGHT_FRACTION;
    if (moved < BYTE_BRIGHT) {
        stretch = BYTE_FIRST_DARK + (octave - 4u) * 8u + ((normal >> 28u) & 7u);
        fraction = (normal >> 12u) & 0xffffu;
        bits = tables[tile.output_table];
    }
    let first = tables[tile.output_table + 1u + 2u * stretch];
    let second = tables[tile.output_table + 2u + 2u * stretch];
    let knee = second & 0xffffu;
    let below = ((first >> 16u) * min(fraction, knee)) >> 16u;
    let beyond = ((second >> 16u) * (max(fraction, knee) - knee)) >> 16u;
    var value = i32((first & 0xffffu) + below + beyond);
    if (tile.loss_table != NONE) {
        let entry = bitcast<i32>(tables[tile.loss_table + stretch]);
        let most = ((entry << 16u) >> 16u) + (((entry >> 16u) * i32(fraction >> 1u) + 16384) >> 15u);
        value += (most * clamp(scalar * 8, -32768, 32767) + 16384) >> 15u;
    }
    let limit = i32((0xffffu >> bits) << bits);
    return u32(clamp(value, 0, limit)) << (VALUE_BITS - 8u - bits);
}

// The value (code and fraction) of corrected light.
fn value_of(tile: Tile, light: u32, scalar: i32) -> u32 {
    if (tile.law == LAW_BYTES) {
        return byte_value(tile, light, scalar);
    }
    var value = 0u;
    if (tile.law == LAW_LINEAR) {
        value = linear_value(light, tile.bits);
    } else {
        value = table_value(tile.output_table, light);
    }
    if (tile.loss_table == NONE) {
        return value;
    }
    let limit = i32(((1u << tile.bits) - 1u) << (VALUE_BITS - tile.bits));
    return u32(clamp(i32(value) + loss_value(tile.loss_table, light, scalar), 0, limit));
}

// A code value of the source as a code of the link.
fn pass_code(code: u32, bits: u32) -> u32 {
    return (code * ((1u << bits) - 1u) + 32767u) / 65535u;
}

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

// The value (code and fraction) of corrected light.
fn value_of(tile: Tile, light: u32, scalar: i32) -> u32 {
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

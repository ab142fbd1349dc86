// Source primaries to wall primaries, highlights below white, clip; twin of src/cpu/gamut.rs.

// A row times light of up to 32 times white. Light is split at bits 11 and 22, so that 32 bits hold every sum exactly.
fn gamut_row(row: vec3<i32>, light: vec3<u32>) -> u32 {
    let high = dot(row, vec3<i32>(light >> vec3<u32>(22u)));
    let middle = dot(row, vec3<i32>((light >> vec3<u32>(11u)) & vec3<u32>(2047u)));
    let low = dot(row, vec3<i32>(light & vec3<u32>(2047u))) + 4096;
    let rest = (middle + (low >> 11u)) >> 2u;
    // The sum is whole * 512 + the lower 9 bits of the rest.
    let whole = high + (rest >> 9u);
    if (whole < 0) {
        return 0u;
    }
    if (whole >= (1 << 22u)) {
        return LIGHT_MAX;
    }
    return (u32(whole) << 9u) + (u32(rest) & 511u);
}

fn map_gamut(tile: Tile, light: vec3<u32>) -> vec3<u32> {
    let m = tile.gamut;
    let mapped = vec3<u32>(
        gamut_row(vec3<i32>(m[0], m[1], m[2]), light),
        gamut_row(vec3<i32>(m[3], m[4], m[5]), light),
        gamut_row(vec3<i32>(m[6], m[7], m[8]), light),
    );
    let gain = gain_at(tile.knee_table, max(max(mapped.x, mapped.y), mapped.z));
    let shown = vec3<u32>(mul16(mapped.x, gain), mul16(mapped.y, gain), mul16(mapped.z, gain));
    return min(shown, vec3<u32>(ONE));
}

// Levels and calibration; twin of src/cpu/correct.rs.

// A signed byte of a word, from its place in the topmost byte, as steps from its base.
fn matrix_step(base: i32, word: u32, up: u32, shift: u32) -> i32 {
    return base + ((bitcast<i32>(word << up) >> 24u) << shift);
}

fn correct_row(row: vec3<i32>, light: vec3<u32>) -> u32 {
    let high = dot(row, vec3<i32>(light >> vec3<u32>(13u)));
    let low = dot(row, vec3<i32>(light & vec3<u32>(0x1fffu))) + 4096;
    return u32(clamp(high + (low >> 13u), 0, i32(ONE)));
}

// Corrected light; `pixel` is the index of the pixel's matrix where its module has one for each.
fn correct(tile: Tile, source_light: vec3<u32>, pixel: u32) -> vec3<u32> {
    let light = vec3<u32>(
        mul16(source_light.x, tile.levels[0]),
        mul16(source_light.y, tile.levels[1]),
        mul16(source_light.z, tile.levels[2]),
    );
    if (tile.correction == CORRECTION_NONE) {
        return min(light, vec3<u32>(ONE));
    }
    var m = tile.matrix;
    if (tile.correction == CORRECTION_PIXELS) {
        let words = vec3<u32>(pixels[3u * pixel], pixels[3u * pixel + 1u], pixels[3u * pixel + 2u]);
        let s = tile.matrix_shift;
        m[0] = bitcast<i32>(words.x << 16u) >> 16u;
        m[1] = matrix_step(m[1], words.y, 8u, s);
        m[2] = matrix_step(m[2], words.y, 0u, s);
        m[3] = matrix_step(m[3], words.z, 24u, s);
        m[4] = bitcast<i32>(words.x) >> 16u;
        m[5] = matrix_step(m[5], words.z, 16u, s);
        m[6] = matrix_step(m[6], words.z, 8u, s);
        m[7] = matrix_step(m[7], words.z, 0u, s);
        m[8] = bitcast<i32>(words.y << 16u) >> 16u;
    }
    return vec3<u32>(
        correct_row(vec3<i32>(m[0], m[1], m[2]), light),
        correct_row(vec3<i32>(m[3], m[4], m[5]), light),
        correct_row(vec3<i32>(m[6], m[7], m[8]), light),
    );
}

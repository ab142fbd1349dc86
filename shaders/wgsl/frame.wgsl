// The one dispatch per frame: each thread fills a group of whole words of a packet's payload.

// The codes of a screen's pixel.
fn pixel_codes(tile: Tile, x: u32, y: u32) -> vec3<u32> {
    if (tile.law == LAW_PASS) {
        let codes = codes_at(tile.origin[0] + x, tile.origin[1] + y);
        return vec3<u32>(pass_code(codes.x, tile.bits), pass_code(codes.y, tile.bits), pass_code(codes.z, tile.bits));
    }
    let index = y * tile.width + x;
    var shown = vec3<u32>(0u);
    if (tile.light == NONE) {
        shown = light_of_codes(tile, codes_at(tile.origin[0] + x, tile.origin[1] + y));
    } else {
        let at = 3u * (tile.light + index);
        shown = vec3<u32>(light[at], light[at + 1u], light[at + 2u]);
    }
    if (tile.knee_table != NONE) {
        shown = map_gamut(tile, shown);
    }
    shown = correct(tile, shown, tile.pixels + index);
    return vec3<u32>(
        dithered(tile, value_of(tile, shown.x, tile.scalars[0]), x, y, 0u),
        dithered(tile, value_of(tile, shown.y, tile.scalars[1]), x, y, 1u),
        dithered(tile, value_of(tile, shown.z, tile.scalars[2]), x, y, 2u),
    );
}

// Pixels that fill whole words: 4, 16, 8, 2 for 8, 10, 12, 16 bits.
fn group_pixels(bits: u32) -> u32 {
    if (bits == 8u) {
        return 4u;
    }
    if (bits == 10u) {
        return 16u;
    }
    if (bits == 12u) {
        return 8u;
    }
    return 2u;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) workgroups: vec3<u32>) {
    let index = id.x + id.y * workgroups.x * 64u;
    if (index >= frame.groups) {
        return;
    }
    let group = groups[index];
    var run_index = group.run;
    var run = runs[run_index];
    let bits = run.bits;
    let pixels_each = group_pixels(bits);
    let words_each = pixels_each * 3u * bits / 32u;
    let first = (group.word - run.payload_word) / words_each * pixels_each;
    var packer = Packer(0u, 0u, group.word, run.payload_end);
    for (var i = 0u; i < pixels_each; i++) {
        let pixel = first + i;
        var codes = vec3<u32>(0u);
        if (pixel < run.packet_pixels) {
            while (pixel >= run.first_pixel + run.length) {
                run_index += 1u;
                run = runs[run_index];
            }
            if (run.tile != NONE) {
                let along = i32(pixel - run.first_pixel);
                let x = u32(i32(run.x) + run.step_x * along);
                let y = u32(i32(run.y) + run.step_y * along);
                let own = pixel_codes(tiles[run.tile], x, y);
                codes = vec3<u32>(own[run.order & 3u], own[(run.order >> 2u) & 3u], own[(run.order >> 4u) & 3u]);
            }
        }
        put(&packer, codes.x, bits);
        put(&packer, codes.y, bits);
        put(&packer, codes.z, bits);
    }
}

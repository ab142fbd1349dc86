// Samples to code values; twin of src/cpu/ingest.rs.

fn source_byte(at: u32) -> u32 {
    return (source[at >> 2u] >> ((at & 3u) * 8u)) & 0xffu;
}

// The sample of component c (0 to 2) in column x, row y of its plane.
fn sample_at(c: u32, x: u32, y: u32) -> u32 {
    let at = frame.bases[c] + y * frame.strides[c] + x * frame.steps[c];
    var stored = source_byte(at);
    if (frame.sample_bytes == 2u) {
        stored |= source_byte(at + 1u) << 8u;
    }
    return min(stored >> frame.sample_shift, (1u << frame.bits) - 1u);
}

// Luma, or a colour of RGB, times 4096, half added.
fn luma_at(c: u32, x: u32, y: u32) -> i32 {
    let value = sample_at(c, x, y);
    var wide = value << (16u - frame.bits);
    if (frame.full != 0u) {
        wide |= value >> (2u * frame.bits - 16u);
    }
    return (i32(wide) - frame.black) * frame.luma + 2048;
}

// Neighbour (x) and its weight in quarters (y) of the shared sample `position >> shift`.
fn tap(position: u32, shift: u32, centered: bool) -> vec2<u32> {
    let own = position >> shift;
    let part = position & ((1u << shift) - 1u);
    if (shift == 1u && centered) {
        if (part == 0u) {
            return vec2<u32>(max(own, 1u) - 1u, 1u);
        }
        return vec2<u32>(own + 1u, 1u);
    }
    if (shift == 1u && part == 1u) {
        return vec2<u32>(own + 1u, 2u);
    }
    if (shift == 2u) {
        return vec2<u32>(own + 1u, part);
    }
    return vec2<u32>(own, 0u);
}

// A shared sample at a pixel, 15 bits around 0.
fn chroma_at(c: u32, x: u32, y: u32) -> i32 {
    let last = (frame.size + (vec2<u32>(1u, 1u) << frame.chroma) - vec2<u32>(1u, 1u)) >> frame.chroma;
    let columns = vec2<u32>(x >> frame.chroma.x, min(tap(x, frame.chroma.x, frame.centered != 0u).x, last.x - 1u));
    let rows = vec2<u32>(y >> frame.chroma.y, min(tap(y, frame.chroma.y, true).x, last.y - 1u));
    let wx = tap(x, frame.chroma.x, frame.centered != 0u).y;
    let wy = tap(y, frame.chroma.y, true).y;
    let above = sample_at(c, columns.x, rows.x) * (4u - wx) + sample_at(c, columns.y, rows.x) * wx;
    let below = sample_at(c, columns.x, rows.y) * (4u - wx) + sample_at(c, columns.y, rows.y) * wx;
    let sum = above * (4u - wy) + below * wy;
    return i32(((sum << (16u - frame.bits)) + 16u) >> 5u) - 16384;
}

fn clip_code(code: i32) -> u32 {
    return u32(clamp(code >> 12u, 0, 65535));
}

// The code values of red, green and blue at a source pixel.
fn codes_at(x: u32, y: u32) -> vec3<u32> {
    if (frame.model == MODEL_RGB) {
        return vec3<u32>(clip_code(luma_at(0u, x, y)), clip_code(luma_at(1u, x, y)), clip_code(luma_at(2u, x, y)));
    }
    let l = luma_at(0u, x, y);
    if (frame.model == MODEL_GRAY) {
        return vec3<u32>(clip_code(l));
    }
    let cb = chroma_at(1u, x, y);
    let cr = chroma_at(2u, x, y);
    let gains = frame.chroma_gains;
    return vec3<u32>(clip_code(l + gains.x * cr), clip_code(l + gains.y * cb + gains.z * cr), clip_code(l + gains.w * cb));
}

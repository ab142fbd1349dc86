// A 3D table over code values, interpolated in tetrahedra; twin of calibration::lut::lut3d.

// Cell (x) and place in it (y, 0 to 32768) of a code.
fn lut_cell(code: u32, side: u32) -> vec2<u32> {
    let position = ((code + (code >> 15u)) * (side - 1u)) >> 1u;
    let cell = position >> 15u;
    if (cell == side - 1u) {
        return vec2<u32>(cell - 1u, 32768u);
    }
    return vec2<u32>(cell, position & 32767u);
}

fn lut_entry(offset: u32, index: u32) -> vec3<u32> {
    let low = tables[offset + 2u * index];
    return vec3<u32>(low & 0xffffu, low >> 16u, tables[offset + 2u * index + 1u]);
}

fn lut3d(offset: u32, side: u32, codes: vec3<u32>) -> vec3<u32> {
    let x = lut_cell(codes.x, side);
    let y = lut_cell(codes.y, side);
    let z = lut_cell(codes.z, side);
    // Fraction and stride of each axis, sorted by falling fraction.
    var a = vec2<u32>(x.y, 1u);
    var b = vec2<u32>(y.y, side);
    var c = vec2<u32>(z.y, side * side);
    if (a.x < b.x) {
        let t = a;
        a = b;
        b = t;
    }
    if (b.x < c.x) {
        let t = b;
        b = c;
        c = t;
    }
    if (a.x < b.x) {
        let t = a;
        a = b;
        b = t;
    }
    let first = x.x + y.x * side + z.x * side * side;
    var sum = vec3<u32>(16384u) + lut_entry(offset, first) * (32768u - a.x);
    sum += lut_entry(offset, first + a.y) * (a.x - b.x);
    sum += lut_entry(offset, first + a.y + b.y) * (b.x - c.x);
    sum += lut_entry(offset, first + a.y + b.y + c.y) * c.x;
    return sum >> vec3<u32>(15u);
}

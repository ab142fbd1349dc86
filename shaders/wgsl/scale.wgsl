// Scaling in linear light, a dispatch of its own before the frame; twin of src/cpu/scale.rs. One thread makes one pixel.

struct Sum {
    high: vec3<u32>,
    low: vec3<u32>,
}

fn nothing() -> Sum {
    return Sum(vec3<u32>(0u), vec3<u32>(1u << 15u));
}

fn add(sum: ptr<function, Sum>, value: vec3<u32>, weight: u32) {
    (*sum).high += (value >> vec3<u32>(16u)) * weight;
    (*sum).low += (value & vec3<u32>(0xffffu)) * weight;
}

fn mean(sum: Sum) -> vec3<u32> {
    return sum.high + (sum.low >> vec3<u32>(16u));
}

// The source pixel of tap t of an axis at output pixel i.
fn scale_tap(axis: ScaleAxis, i: u32, t: u32) -> u32 {
    let first = bitcast<i32>(tables[axis.first + i]);
    return u32(clamp(first + i32(t), 0, i32(axis.source) - 1));
}

@compute @workgroup_size(64)
fn scale(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let index = id.x + id.y * groups.x * 64u;
    if (index >= resample.size.x * resample.size.y) {
        return;
    }
    let x = index % resample.size.x;
    let y = index / resample.size.x;
    let tile = tiles[resample.tile];
    var column = nothing();
    for (var j = 0u; j < resample.y.taps; j++) {
        let source_y = resample.origin.y + scale_tap(resample.y, y, j);
        var row = nothing();
        for (var i = 0u; i < resample.x.taps; i++) {
            let source_x = resample.origin.x + scale_tap(resample.x, x, i);
            let weight = tables[resample.x.weights + x * resample.x.taps + i];
            add(&row, light_of_codes(tile, codes_at(source_x, source_y)), weight);
        }
        add(&column, mean(row), tables[resample.y.weights + y * resample.y.taps + j]);
    }
    let out = mean(column);
    let at = 3u * (resample.light + index);
    light[at] = out.x;
    light[at + 1u] = out.y;
    light[at + 2u] = out.z;
}

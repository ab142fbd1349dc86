// What every dispatch is given; src/pipeline.rs binds in this order.

@group(0) @binding(0) var<uniform> frame: Frame;
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read> tables: array<u32>;
@group(0) @binding(3) var<storage, read> pixels: array<u32>;
@group(0) @binding(4) var<storage, read> tiles: array<Tile>;
@group(0) @binding(5) var<storage, read> runs: array<Run>;
@group(0) @binding(6) var<storage, read> groups: array<Group>;
@group(0) @binding(7) var<storage, read_write> light: array<u32>;
@group(0) @binding(8) var<storage, read_write> packets: array<u32>;
@group(0) @binding(9) var<uniform> resample: Resample;

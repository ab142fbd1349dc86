//! The GPU path: one submit per frame, with one dispatch from source to packets and one per screen that is scaled.
//!
//! A frame is written into a mapped staging buffer, copied, computed, copied back and mapped; the call waits for it. All
//! buffers exist since the plan was taken into use.

use std::sync::Arc;

use bytemuck::bytes_of;

use crate::abi::Frame;
use crate::device::{Gpu, GpuError};
use crate::error::PathError;
use crate::frame::FrameView;
use crate::path::{PacketsDone, PixelPath, check};
use crate::plan::PathPlan;
use crate::stage::{FRAME, SCALE, Stage};
use crate::upload::{Upload, frame_uniform};

/// Threads of a workgroup, as the shaders declare.
const WORKGROUP: u32 = 64;

/// Bindings that hold a uniform, by number; all others are storage.
const UNIFORMS: [u32; 2] = [0, 9];

/// Bindings that shaders write, by number.
const WRITTEN: [u32; 2] = [7, 8];

/// Number of bindings.
const BINDINGS: u32 = 10;

/// The pixel path on a GPU.
#[derive(Debug)]
pub struct GpuPath {
    gpu: Gpu,
    layout: wgpu::BindGroupLayout,
    frame: wgpu::ComputePipeline,
    scale: wgpu::ComputePipeline,
    ready: Option<Ready>,
}

/// A plan and the buffers that its frames need.
#[derive(Debug)]
struct Ready {
    plan: Arc<PathPlan>,
    uniform: Frame,
    frame: wgpu::Buffer,
    source: wgpu::Buffer,
    packets: wgpu::Buffer,
    readback: wgpu::Buffer,
    /// One bind group per scaled screen with its workgroups, and then the frame's; they differ in binding 9.
    scales: Vec<(wgpu::BindGroup, u32)>,
    bind: wgpu::BindGroup,
    groups: u32,
    port_words: Vec<u32>,
}

impl GpuPath {
    /// A path on an open GPU. Shaders are compiled here, so that the first frame does not wait for them.
    #[must_use]
    pub fn new(gpu: Gpu) -> Self {
        let entries: Vec<_> = (0..BINDINGS).map(layout_entry).collect();
        let layout =
            gpu.device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: Some("path"), entries: &entries });
        let pipelines = gpu.device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some("path"),
            bind_group_layouts: &[Some(&layout)],
            immediate_size: 0,
        });
        let (frame, scale) = (pipeline(&gpu, &pipelines, FRAME), pipeline(&gpu, &pipelines, SCALE));
        Self { gpu, layout, frame, scale, ready: None }
    }

    /// The GPU that it computes on.
    #[must_use]
    pub const fn gpu(&self) -> &Gpu {
        &self.gpu
    }

    /// A buffer with contents; refused when the device cannot bind it.
    fn buffer(&self, name: &'static str, contents: &[u8], usage: wgpu::BufferUsages) -> Result<wgpu::Buffer, GpuError> {
        let buffer = self.empty(name, contents.len() as u64, usage | wgpu::BufferUsages::COPY_DST)?;
        if !contents.is_empty() {
            self.gpu.queue.write_buffer(&buffer, 0, contents);
        }
        Ok(buffer)
    }

    /// A buffer of zeros, of at least 16 bytes and whole words.
    fn empty(&self, name: &'static str, bytes: u64, usage: wgpu::BufferUsages) -> Result<wgpu::Buffer, GpuError> {
        let limit = self.gpu.device.limits().max_storage_buffer_binding_size;
        if bytes > limit {
            return Err(GpuError::TooLarge { buffer: name, bytes, limit });
        }
        let size = bytes.max(16).next_multiple_of(4);
        Ok(self.gpu.device.create_buffer(&wgpu::BufferDescriptor { label: Some(name), size, usage, mapped_at_creation: false }))
    }

    fn prepare(&self, plan: Arc<PathPlan>) -> Result<Ready, GpuError> {
        use wgpu::BufferUsages as Usage;
        let upload = Upload::new(&plan);
        let uniform = frame_uniform(&plan, upload.groups.len());
        let source_bytes = plan.source.format.frame_bytes(plan.source.size) as u64;
        let frame = self.buffer("frame", bytes_of(&uniform), Usage::UNIFORM)?;
        let source = self.empty("source", source_bytes, Usage::STORAGE | Usage::COPY_DST)?;
        let tables = self.buffer("tables", bytemuck::cast_slice(&upload.tables), Usage::STORAGE)?;
        let words: Vec<u32> = upload.pixels.iter().flat_map(|matrix| matrix.0).collect();
        let pixels = self.buffer("pixel matrices", bytemuck::cast_slice(&words), Usage::STORAGE)?;
        let tiles = self.buffer("tiles", bytemuck::cast_slice(&upload.tiles), Usage::STORAGE)?;
        let runs = self.buffer("runs", bytemuck::cast_slice(&upload.runs), Usage::STORAGE)?;
        let groups = self.buffer("groups", bytemuck::cast_slice(&upload.groups), Usage::STORAGE)?;
        let light = self.empty("scaled light", 12 * u64::from(upload.light_pixels), Usage::STORAGE)?;
        let packets = self.empty("packets", 4 * u64::from(upload.packet_words), Usage::STORAGE | Usage::COPY_SRC)?;
        let readback = self.empty("readback", 4 * u64::from(upload.packet_words), Usage::MAP_READ | Usage::COPY_DST)?;
        let nothing = self.empty("no scaling", 64, Usage::UNIFORM)?;
        let bind = |resample: &wgpu::Buffer| {
            self.bind([&frame, &source, &tables, &pixels, &tiles, &runs, &groups, &light, &packets, resample])
        };
        let mut scales = Vec::new();
        for resample in &upload.resamples {
            let own = self.buffer("scaling", bytes_of(resample), Usage::UNIFORM)?;
            scales.push((bind(&own), resample.size.into_iter().product()));
        }
        let bind = bind(&nothing);
        let groups = uniform.groups;
        Ok(Ready { plan, uniform, frame, source, packets, readback, scales, bind, groups, port_words: upload.port_words })
    }

    fn bind(&self, buffers: [&wgpu::Buffer; BINDINGS as usize]) -> wgpu::BindGroup {
        let entries: Vec<_> = buffers
            .into_iter()
            .zip(0..)
            .map(|(buffer, binding)| wgpu::BindGroupEntry { binding, resource: buffer.as_entire_binding() })
            .collect();
        self.gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("path"),
            layout: &self.layout,
            entries: &entries,
        })
    }

    /// Records and submits a frame, waits for it, and hands its packets over.
    fn compute(&self, ready: &Ready, frame: &FrameView<'_>, phase: u64, out: &mut [&mut [u8]]) -> Result<(), GpuError> {
        if self.gpu.is_lost() {
            return Err(self.gpu.lost("the device is gone"));
        }
        self.write_source(ready, frame)?;
        #[expect(clippy::cast_possible_truncation, reason = "the dither looks at four bits")]
        let uniform = Frame { phase: phase as u32, ..ready.uniform };
        self.gpu.queue.write_buffer(&ready.frame, 0, bytes_of(&uniform));
        let mut encoder = self.gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("frame") });
        for (bind, pixels) in &ready.scales {
            dispatch(&mut encoder, &self.scale, bind, *pixels);
        }
        dispatch(&mut encoder, &self.frame, &ready.bind, ready.groups);
        encoder.copy_buffer_to_buffer(&ready.packets, 0, &ready.readback, 0, ready.packets.size());
        let submission = self.gpu.queue.submit([encoder.finish()]);
        ready.readback.map_async(wgpu::MapMode::Read, .., |_| {});
        self.gpu.wait(submission)?;
        let mapped = ready.readback.get_mapped_range(..).map_err(|error| self.gpu.lost(&error.to_string()))?;
        copy_payloads(ready, &mapped, out);
        drop(mapped);
        ready.readback.unmap();
        Ok(())
    }

    /// Copies the source's rows, without padding, into the staging memory of the queue.
    fn write_source(&self, ready: &Ready, frame: &FrameView<'_>) -> Result<(), GpuError> {
        let Some(size) = wgpu::BufferSize::new(ready.source.size()) else { return Ok(()) };
        let mut staged =
            self.gpu.queue.write_buffer_with(&ready.source, 0, size).ok_or_else(|| self.gpu.lost("no staging memory"))?;
        let shape = frame.shape();
        let mut at = 0;
        for plane in 0..shape.format.descriptor().planes as usize {
            for y in 0..shape.format.rows(plane, shape.size) {
                let row = frame.row(plane, y);
                staged.slice(at..at + row.len()).copy_from_slice(row);
                at += row.len();
            }
        }
        Ok(())
    }
}

impl PixelPath for GpuPath {
    fn configure(&mut self, plan: Arc<PathPlan>) -> Result<(), PathError> {
        self.ready = Some(self.prepare(plan)?);
        Ok(())
    }

    fn process(
        &mut self,
        frame: &FrameView<'_>,
        phase: u64,
        out: &mut [&mut [u8]],
        done: PacketsDone<'_>,
    ) -> Result<(), PathError> {
        let ready = self.ready.as_ref().ok_or(PathError::NotConfigured)?;
        check(&ready.plan, frame, out)?;
        self.compute(ready, frame, phase, out)?;
        for (port, memory) in ready.plan.slice.ports.iter().zip(out) {
            if !port.packets.is_empty() {
                done(port.port, 0..port.packets.len(), memory);
            }
        }
        Ok(())
    }

    fn name(&self) -> &str {
        self.gpu.name()
    }
}

/// Copies payloads from mapped packet memory; headers in `out` stay.
fn copy_payloads(ready: &Ready, mapped: &[u8], out: &mut [&mut [u8]]) {
    for ((port, &first), memory) in ready.plan.slice.ports.iter().zip(&ready.port_words).zip(out) {
        let own = mapped.get(first as usize * 4..).unwrap_or_default();
        for packet in 0..port.packets.len() {
            let range = port.payload_range(packet);
            if let (Some(from), Some(to)) = (own.get(range.clone()), memory.get_mut(range)) {
                to.copy_from_slice(from);
            }
        }
    }
}

/// One compute pass with a thread for each of `threads`.
fn dispatch(encoder: &mut wgpu::CommandEncoder, pipeline: &wgpu::ComputePipeline, bind: &wgpu::BindGroup, threads: u32) {
    let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
    pass.set_pipeline(pipeline);
    pass.set_bind_group(0, bind, &[]);
    // WebGPU promises 65535 workgroups per dimension; more go into the second.
    let groups = threads.div_ceil(WORKGROUP);
    let columns = groups.clamp(1, 65_535);
    pass.dispatch_workgroups(columns, groups.div_ceil(columns), 1);
}

fn layout_entry(binding: u32) -> wgpu::BindGroupLayoutEntry {
    let ty = if UNIFORMS.contains(&binding) {
        wgpu::BufferBindingType::Uniform
    } else {
        wgpu::BufferBindingType::Storage { read_only: !WRITTEN.contains(&binding) }
    };
    wgpu::BindGroupLayoutEntry {
        binding,
        visibility: wgpu::ShaderStages::COMPUTE,
        ty: wgpu::BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None },
        count: None,
    }
}

fn pipeline(gpu: &Gpu, layout: &wgpu::PipelineLayout, stage: Stage) -> wgpu::ComputePipeline {
    let module = gpu.device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: Some(stage.entry),
        source: wgpu::ShaderSource::Wgsl(stage.source().into()),
    });
    gpu.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: Some(stage.entry),
        layout: Some(layout),
        module: &module,
        entry_point: Some(stage.entry),
        compilation_options: wgpu::PipelineCompilationOptions::default(),
        cache: None,
    })
}

//! The scalar reference: the whole order of the pixel path, one pixel after the other, in the plainest form.
//!
//! It defines what the CPU and GPU paths must return and is far too slow for a wall. Order: ingest, 3D table, input
//! transfer (with HLG's OOTF), scale, gamut and knee, levels, calibration, output transfer, dither, pack. The rounding of
//! each step is stated in the module of `cpu` that bears its name.

use std::sync::Arc;

use ocp809_sender::slice::{PortPlan, Run};

use crate::cpu::{correct, dither, gamut, ingest, pack, scale, transfer};
use crate::error::PathError;
use crate::frame::FrameView;
use crate::path::{PacketsDone, PixelPath, check};
use crate::plan::{Law, PathPlan, ScreenPlan, Tile, TileCorrection};

/// The reference as a path.
#[derive(Debug, Default)]
pub struct Reference {
    plan: Option<Arc<PathPlan>>,
}

impl Reference {
    /// A reference without a plan.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl PixelPath for Reference {
    fn configure(&mut self, plan: Arc<PathPlan>) -> Result<(), PathError> {
        self.plan = Some(plan);
        Ok(())
    }

    fn process(
        &mut self,
        frame: &FrameView<'_>,
        phase: u64,
        out: &mut [&mut [u8]],
        done: PacketsDone<'_>,
    ) -> Result<(), PathError> {
        let plan = self.plan.as_ref().ok_or(PathError::NotConfigured)?;
        check(plan, frame, out)?;
        for (port, memory) in plan.slice.ports.iter().zip(out) {
            for (index, packet) in port.packets.iter().enumerate() {
                let Some(payload) = memory.get_mut(port.payload_range(index)) else { continue };
                payload.fill(0);
                for run in port.runs_of(packet) {
                    run_into(plan, frame, phase, port, run, payload);
                }
                done(port.port, index..index + 1, memory);
            }
        }
        Ok(())
    }

    fn name(&self) -> &'static str {
        "reference"
    }
}

fn run_into(plan: &PathPlan, frame: &FrameView<'_>, phase: u64, port: &PortPlan, run: &Run, payload: &mut [u8]) {
    let Some(tile) = run.module.and_then(|module| plan.tiles.get(module.index())) else { return };
    for pixel in 0..u32::from(run.length) {
        let x = run.x.wrapping_add_signed(i32::from(run.step_x) * pixel.cast_signed());
        let y = run.y.wrapping_add_signed(i32::from(run.step_y) * pixel.cast_signed());
        let codes = pixel_codes(plan, tile, frame, phase, x, y);
        for (sample, channel) in run.color_order.channels().into_iter().enumerate() {
            let index = (usize::from(run.first_pixel) + pixel as usize) * 3 + sample;
            let code = codes.get(usize::from(channel)).copied().unwrap_or(0);
            pack::put(payload, index, port.format.bits(), code);
        }
    }
}

/// The codes of a screen's pixel.
fn pixel_codes(plan: &PathPlan, tile: &Tile, frame: &FrameView<'_>, phase: u64, x: u32, y: u32) -> [u16; 3] {
    let encoder = tile.encoder.and_then(|index| plan.encoders.get(index));
    let (Some(screen), Some(encoder)) = (plan.screens.get(tile.screen.index()), encoder) else { return [0; 3] };
    if matches!(encoder.law, Law::Pass) {
        let codes = ingest::codes(&plan.ingest, frame, screen.origin.x + x, screen.origin.y + y);
        return codes.map(|code| transfer::pass(code, encoder.bits));
    }
    let light = screen_light(plan, screen, frame, x, y);
    let light = screen.gamut.as_ref().map_or(light, |gamut| gamut::map(gamut, light));
    let light = match tile.correction {
        TileCorrection::None => correct::correct(light, tile.levels, None),
        TileCorrection::Module(matrix) => correct::correct(light, tile.levels, Some(matrix.coefficients())),
        TileCorrection::Pixels(base) => {
            let packed = screen.pixels.get(y as usize * screen.size.width as usize + x as usize).copied().unwrap_or_default();
            correct::correct(light, tile.levels, Some(&base.coefficients(packed)))
        }
    };
    let offset = dither::frame_offset(phase, encoder.period);
    core::array::from_fn(|channel| {
        let light = light.get(channel).copied().unwrap_or(0);
        let scalar = tile.scalars.get(channel).copied().unwrap_or(0);
        let value = transfer::value(encoder, light, scalar);
        dither::code(value, encoder.bits, encoder.period, dither::rank(x, y, channel, offset))
    })
}

/// The light of a screen's pixel before gamut and corrections.
fn screen_light(plan: &PathPlan, screen: &ScreenPlan, frame: &FrameView<'_>, x: u32, y: u32) -> [u32; 3] {
    let source = |column: u32, row: u32| {
        transfer::light(screen, ingest::codes(&plan.ingest, frame, screen.origin.x + column, screen.origin.y + row))
    };
    let Some(filter) = &screen.scale else { return source(x, y) };
    core::array::from_fn(|channel| {
        let of = |light: [u32; 3]| light.get(channel).copied().unwrap_or(0);
        let row = |row: u32| scale::mean(filter.x.of(x as usize).map(|(column, weight)| (of(source(column, row)), weight)));
        scale::mean(filter.y.of(y as usize).map(|(at, weight)| (row(at), weight)))
    })
}

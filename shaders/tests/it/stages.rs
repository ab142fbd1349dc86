//! Each stage by itself on ramps, extremes and noise: reference, CPU and GPU return the same bytes.
//!
//! The other stages are neutral, and where light is to be seen the link is linear with 16 bits.

use std::sync::Arc;

use ocp809_calibration::lut::{CorrectionMatrix, Knee, LossCurve, Lut3d, MatrixBase};
use ocp809_sender::geometry::{PixelRect, PixelSize};
use ocp809_sender::wall::layout::{self, Grid};
use ocp809_sender::wall::{LinkTransfer, WireFormat};
use ocp809_shaders::format::PixelFormat;
use ocp809_shaders::frame::{ChromaSiting, InputTransfer, Range, SignalColor, YuvMatrix};
use ocp809_shaders::reference::Reference;
use ocp809_shaders::spec::{Correction, DitherPeriod, ModulePath, OutputTransfer, PixelMatrices};
use ocp809_shaders::{CpuPath, FrameView, GpuPath, PathSpec, PixelPath, SourceShape};

use crate::gpu::gpu;
use crate::rig::Rig;
use crate::scenario::{Dice, matrix};

const SIZE: PixelSize = PixelSize::new(48, 32);

/// The three implementations.
struct Paths {
    all: Vec<Box<dyn PixelPath>>,
}

impl Paths {
    fn new() -> Self {
        let mut all: Vec<Box<dyn PixelPath>> = vec![Box::new(Reference::new()), Box::new(CpuPath::new(2).unwrap())];
        all.extend(gpu().map(|gpu| Box::new(GpuPath::new(gpu)) as Box<dyn PixelPath>));
        Self { all }
    }

    /// Runs a ramp, extremes and noise through all paths.
    fn compare(&mut self, name: &str, rig: &Rig, spec: &PathSpec, shape: SourceShape) {
        let plan = rig.plan(spec, shape);
        self.all.iter_mut().for_each(|path| path.configure(plan.clone()).unwrap());
        let bytes = shape.format.frame_bytes(shape.size);
        let mut dice = Dice::new(809);
        let ramp: Vec<u8> = (0..bytes).map(|index| (index * 256 / bytes) as u8).collect();
        let extremes: Vec<u8> = (0..bytes).map(|_| dice.pick(&[0, 255, 1, 254, 16, 235])).collect();
        let noise: Vec<u8> = (0..bytes).map(|_| dice.word() as u8).collect();
        for (phase, (kind, data)) in [("ramp", ramp), ("extremes", extremes), ("noise", noise)].into_iter().enumerate() {
            let frame = FrameView::packed(shape, &data).unwrap();
            let mut outcomes = self.all.iter_mut().map(|path| rig.run(path.as_mut(), &frame, phase as u64 + 5));
            let expected = outcomes.next().unwrap();
            for (other, got) in ["CPU", "GPU"].into_iter().zip(outcomes) {
                assert!(expected == got, "{name}, {kind}: {other} differs from the reference");
            }
        }
    }
}

fn rig(format: WireFormat) -> Rig {
    let mut grid = Grid::new(3, 2, PixelSize::new(16, 16));
    grid.link.format = format;
    grid.link.transfer = LinkTransfer::Linear;
    grid.link.dither = false;
    Rig::new(&layout::serpentine(&grid).unwrap())
}

fn shape(format: PixelFormat, transfer: InputTransfer) -> SourceShape {
    SourceShape { format, size: SIZE, color: SignalColor { transfer, ..SignalColor::default() } }
}

#[test]
fn ingest() {
    let (mut paths, rig) = (Paths::new(), rig(WireFormat::Rgb16));
    for format in PixelFormat::examples() {
        for range in [Range::Full, Range::Limited] {
            for (siting, matrix) in [
                (ChromaSiting::Left, YuvMatrix::Bt601),
                (ChromaSiting::Center, YuvMatrix::Bt709),
                (ChromaSiting::Left, YuvMatrix::Bt2020),
            ] {
                let color = SignalColor { range, siting, matrix, transfer: InputTransfer::Linear, ..SignalColor::default() };
                let shape = SourceShape { format, size: PixelSize::new(49, 33), color };
                let mut spec = PathSpec::of_wall(&rig.wall);
                spec.screens[0].crop = PixelRect::new(1, 1, 48, 32);
                paths.compare(&format!("{format} {range:?} {siting:?} {matrix:?}"), &rig, &spec, shape);
            }
        }
    }
}

#[test]
fn input_transfer_and_3d_table() {
    let (mut paths, rig) = (Paths::new(), rig(WireFormat::Rgb16));
    for transfer in [
        InputTransfer::Linear,
        InputTransfer::Power(2.6),
        InputTransfer::Srgb,
        InputTransfer::Bt1886,
        InputTransfer::Pq,
        InputTransfer::Hlg,
    ] {
        for side in [0, 2, 33] {
            let mut spec = PathSpec::of_wall(&rig.wall);
            spec.screens[0].lut3d = Lut3d::build(side, |[r, g, b]| [g * b, 1.0 - r, (r + b) * 0.7]).map(Arc::new);
            paths.compare(&format!("{transfer:?}, table of side {side}"), &rig, &spec, shape(PixelFormat::Rgb48, transfer));
        }
    }
}

#[test]
fn gamut_and_knee() {
    let (mut paths, rig) = (Paths::new(), rig(WireFormat::Rgb16));
    let mut dice = Dice::new(3);
    let extreme = [[3.9, -3.9, 0.1], [-1.0, 2.5, -0.5], [-2.0, -2.0, 3.9]];
    for (start, peak) in [(1.0, 1.0), (0.85, 8.0), (0.0, 32.0), (0.5, 1.01)] {
        for gamut in [matrix(&mut dice, 0.3), extreme] {
            let mut spec = PathSpec::of_wall(&rig.wall);
            spec.screens[0].peak_nits = 300.0;
            spec.screens[0].gamut = gamut;
            spec.screens[0].knee = Knee { start, peak };
            paths.compare(&format!("knee {start} to {peak}"), &rig, &spec, shape(PixelFormat::Rgb48, InputTransfer::Pq));
        }
    }
}

#[test]
fn levels_and_calibration() {
    let (mut paths, rig) = (Paths::new(), rig(WireFormat::Rgb16));
    let mut dice = Dice::new(4);
    let mut quantised = |noise: f64| CorrectionMatrix::from_f64(matrix(&mut dice, noise)).unwrap();
    let all: Vec<_> = (0..256).map(|_| quantised(0.2)).collect();
    let base = MatrixBase::around(&all);
    let packed = all.iter().map(|matrix| base.pack(matrix)).collect();
    let pixels = PixelMatrices::new(PixelSize::new(16, 16), base, packed).unwrap();
    let widest = CorrectionMatrix::new([32_767, -32_768, 0, 32_767, 16_384, 16_384, -21_845, 21_845, 21_845]).unwrap();
    for correction in
        [Correction::None, Correction::Module(quantised(0.3)), Correction::Module(widest), Correction::Pixels(Arc::new(pixels))]
    {
        for level in [0.0, 0.001, 0.5, 1.0, 2.0] {
            let mut spec = PathSpec::of_wall(&rig.wall);
            spec.modules = vec![ModulePath { level, correction: correction.clone(), ..ModulePath::default() }; 6];
            paths.compare(&format!("level {level}"), &rig, &spec, shape(PixelFormat::Rgb48, InputTransfer::Linear));
        }
    }
}

#[test]
fn output_transfer_dither_and_packing() {
    let mut paths = Paths::new();
    let curve = Arc::new(LossCurve::new([(0.0, 0.4), (0.01, 0.1), (0.1, 0.0)]));
    for format in WireFormat::ALL {
        let rig = rig(format);
        for transfer in [OutputTransfer::Linear, OutputTransfer::Power(2.8), OutputTransfer::Srgb, OutputTransfer::Source] {
            for dither in [None, Some(DitherPeriod::One), Some(DitherPeriod::Four), Some(DitherPeriod::Sixteen)] {
                for loss in [None, Some(curve.clone())] {
                    let mut spec = PathSpec::of_wall(&rig.wall);
                    spec.ports[0].transfer = transfer;
                    spec.ports[0].dither = dither;
                    spec.ports[0].loss = loss;
                    spec.modules = vec![ModulePath { low_grey: [-4.0, 1.0, 4.0], ..ModulePath::default() }; 6];
                    let name = format!("{format:?} {transfer:?} {dither:?}");
                    paths.compare(&name, &rig, &spec, shape(PixelFormat::Rgb48, InputTransfer::Power(2.2)));
                }
            }
        }
    }
}

#[test]
fn scale() {
    let (mut paths, rig) = (Paths::new(), rig(WireFormat::Rgb16));
    let size = PixelSize::new(300, 200);
    for crop in [
        PixelRect::new(0, 0, 300, 200),
        PixelRect::new(7, 3, 48, 31),
        PixelRect::new(9, 9, 1, 1),
        PixelRect::new(1, 2, 95, 33),
        PixelRect::new(0, 0, 24, 200),
    ] {
        for transfer in [InputTransfer::Srgb, InputTransfer::Pq, InputTransfer::Hlg] {
            let mut spec = PathSpec::of_wall(&rig.wall);
            spec.screens[0].crop = crop;
            let shape = SourceShape { size, ..shape(PixelFormat::Nv12, transfer) };
            paths.compare(&format!("{crop:?} {transfer:?}"), &rig, &spec, shape);
        }
    }
}

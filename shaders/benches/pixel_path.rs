//! Throughput of the pixel path at 1920x1080 on gigabit ports, beside a plain copy of the same number of bytes.
//!
//! Elements per second are pixels per second.
#![expect(clippy::unwrap_used, reason = "criterion makes functions without documentation; a bench fails by panicking")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ocp809_calibration::lut::{CorrectionMatrix, LossCurve, MatrixBase};
use ocp809_sender::geometry::{PixelRect, PixelSize};
use ocp809_sender::slice::SlicePlan;
use ocp809_sender::wall::layout::{self, Grid};
use ocp809_sender::wall::{LinkTransfer, Wall, WireFormat};
use ocp809_shaders::format::{Chroma, PixelFormat, SampleBits};
use ocp809_shaders::frame::{InputTransfer, Range, SignalColor};
use ocp809_shaders::spec::{Correction, ModulePath, PixelMatrices};
use ocp809_shaders::{CpuPath, FrameView, PathPlan, PathSpec, PixelPath, SourceShape};

const SIZE: PixelSize = PixelSize::new(1_920, 1_080);

/// Sources of other sizes than the wall's.
const UHD: PixelSize = PixelSize::new(3_840, 2_160);
const HD: PixelSize = PixelSize::new(1_280, 720);

/// What is done to a frame.
#[derive(Clone, Copy)]
struct Case {
    name: &'static str,
    format: PixelFormat,
    source: PixelSize,
    wire: WireFormat,
    transfer: LinkTransfer,
    calibration: Calibration,
}

#[derive(Clone, Copy, PartialEq)]
enum Calibration {
    None,
    Module,
    ModuleWithLoss,
    Pixel,
}

fn cases() -> Vec<Case> {
    let base = Case {
        name: "per module, RGB8",
        format: PixelFormat::Rgba8,
        source: SIZE,
        wire: WireFormat::Rgb8,
        transfer: LinkTransfer::Power,
        calibration: Calibration::Module,
    };
    let yuv = PixelFormat::Planar(Chroma::C420, SampleBits::EIGHT);
    vec![
        base,
        Case { name: "per module with low grey, RGB8", calibration: Calibration::ModuleWithLoss, ..base },
        Case { name: "per pixel, RGB8", calibration: Calibration::Pixel, ..base },
        Case { name: "uncalibrated, RGB8", calibration: Calibration::None, ..base },
        Case { name: "per module, linear RGB8", transfer: LinkTransfer::Linear, ..base },
        Case { name: "per module, RGB10", wire: WireFormat::Rgb10, ..base },
        Case { name: "per module, RGB16", wire: WireFormat::Rgb16, ..base },
        Case { name: "per module, I420 to RGB8", format: yuv, ..base },
        Case { name: "per module, NV12 to RGB8", format: PixelFormat::Nv12, ..base },
        Case { name: "uncalibrated, I420 to RGB8", format: yuv, calibration: Calibration::None, ..base },
        Case { name: "uncalibrated, 4K I420 to RGB8", format: yuv, source: UHD, calibration: Calibration::None, ..base },
        Case { name: "uncalibrated, 720p I420 to RGB8", format: yuv, source: HD, calibration: Calibration::None, ..base },
        Case { name: "pass-through, RGB8", transfer: LinkTransfer::Source, calibration: Calibration::None, ..base },
    ]
}

/// A 1080p wall of 64 x 60 pixel modules on ten ports.
fn wall(case: Case) -> Wall {
    let mut grid = Grid::new(15, 9, PixelSize::new(64, 60));
    grid.modules = PixelSize::new(2, 2);
    grid.ports = 9;
    grid.link.format = case.wire;
    grid.link.transfer = case.transfer;
    grid.link.rate_mbit = 10_000;
    Wall::from_spec(&layout::raster(&grid).unwrap()).unwrap()
}

fn spec(case: Case, wall: &Wall) -> PathSpec {
    let mut spec = PathSpec::of_wall(wall);
    spec.screens.iter_mut().for_each(|screen| screen.crop = PixelRect::new(0, 0, case.source.width, case.source.height));
    let matrix = |index: usize| {
        let shade = 0.9 + f64::from(u32::try_from(index % 64).unwrap()) / 1_000.0;
        CorrectionMatrix::from_f64([[shade, 0.02, 0.01], [0.01, shade, 0.02], [0.0, 0.03, shade]]).unwrap()
    };
    let module = |(index, module): (usize, &ocp809_sender::wall::Module)| {
        let correction = match case.calibration {
            Calibration::None => Correction::None,
            Calibration::Module | Calibration::ModuleWithLoss => Correction::Module(matrix(index)),
            Calibration::Pixel => {
                let all: Vec<_> = (0..usize::try_from(module.size.area()).unwrap()).map(|pixel| matrix(index + pixel)).collect();
                let base = MatrixBase::around(&all);
                let packed = all.iter().map(|matrix| base.pack(matrix)).collect();
                Correction::Pixels(Arc::new(PixelMatrices::new(module.rect.size(), base, packed).unwrap()))
            }
        };
        ModulePath { correction, low_grey: [0.5, 1.0, 1.5], ..ModulePath::default() }
    };
    spec.modules = wall.modules().iter().enumerate().map(module).collect();
    if case.calibration == Calibration::ModuleWithLoss {
        let curve = Arc::new(LossCurve::new([(0.0, 0.3), (0.01, 0.1), (0.05, 0.0)]));
        spec.ports.iter_mut().for_each(|port| port.loss = Some(curve.clone()));
    }
    spec
}

fn picture(bytes: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    (0..bytes).map(|_| next()).collect()
}

fn pixel_path(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("pixel path, 1920x1080, CPU");
    group.throughput(Throughput::Elements(SIZE.area())).sample_size(20);
    for case in cases() {
        let wall = wall(case);
        let slice = SlicePlan::build(&wall).unwrap();
        let range = if case.format == PixelFormat::Rgba8 { Range::Full } else { Range::Limited };
        let color = SignalColor { range, transfer: InputTransfer::Srgb, ..SignalColor::default() };
        let shape = SourceShape { format: case.format, size: case.source, color };
        let plan = Arc::new(PathPlan::build(&wall, &slice, &spec(case, &wall), shape).unwrap());
        let data = picture(case.format.frame_bytes(case.source));
        let mut memories: Vec<Vec<u8>> = slice.ports.iter().map(|port| vec![0; port.memory_bytes()]).collect();
        for workers in [1, 2] {
            let mut path = CpuPath::new(workers).unwrap();
            path.configure(plan.clone()).unwrap();
            let mut phase = 0;
            group.bench_function(BenchmarkId::new(case.name, workers), |bencher| {
                bencher.iter(|| {
                    let frame = FrameView::packed(shape, &data).unwrap();
                    let mut out: Vec<&mut [u8]> = memories.iter_mut().map(Vec::as_mut_slice).collect();
                    phase += 1;
                    path.process(&frame, phase, &mut out, &mut |_, _, _| {}).unwrap();
                });
            });
        }
    }
    group.finish();
}

fn copy(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("copy, 1920x1080, 4 bytes per pixel");
    group.throughput(Throughput::Elements(SIZE.area()));
    let source = picture(PixelFormat::Rgba8.frame_bytes(SIZE));
    let mut target = source.clone();
    group.bench_function("memcpy", |bencher| bencher.iter(|| black_box(&mut target).copy_from_slice(black_box(&source))));
    group.finish();
}

criterion_group!(benches, pixel_path, copy);
criterion_main!(benches);

//! Settings at their limits: what passes unchanged, and what is refused.

use std::sync::Arc;

use ocp809_calibration::lut::{CorrectionMatrix, Knee, MatrixBase};
use ocp809_sender::geometry::{PixelRect, PixelSize};
use ocp809_sender::wall::layout::{self, Grid};
use ocp809_sender::wall::{LinkTransfer, WireFormat};
use ocp809_shaders::error::{Parameter, SpecList};
use ocp809_shaders::frame::{FrameError, InputTransfer, Range, SignalColor};
use ocp809_shaders::reference::Reference;
use ocp809_shaders::spec::{Correction, ModulePath, OutputTransfer, PixelMatrices};
use ocp809_shaders::{FrameView, PathError, PathPlan, PathSpec, PixelFormat, PixelPath, PlanError, SourceShape};

use crate::rig::Rig;

fn rig(format: WireFormat, transfer: LinkTransfer) -> Rig {
    let mut grid = Grid::new(2, 2, PixelSize::new(16, 16));
    grid.link.format = format;
    grid.link.transfer = transfer;
    Rig::new(&layout::serpentine(&grid).unwrap())
}

fn shape(format: PixelFormat, transfer: InputTransfer) -> SourceShape {
    SourceShape { format, size: PixelSize::new(32, 32), color: SignalColor { transfer, ..SignalColor::default() } }
}

#[test]
fn a_pass_through_link_carries_the_source_byte_for_byte() {
    for input in [InputTransfer::Srgb, InputTransfer::Bt1886, InputTransfer::Pq, InputTransfer::Hlg, InputTransfer::Linear] {
        for format in WireFormat::ALL {
            let rig = rig(format, LinkTransfer::Source);
            let shape = shape(PixelFormat::Rgb24, input);
            let data: Vec<u8> = (0..32 * 32 * 3_u32).map(|i| (i * 7 + i / 256) as u8).collect();
            let frame = FrameView::packed(shape, &data).unwrap();
            let mut path = Reference::new();
            path.configure(rig.plan(&PathSpec::of_wall(&rig.wall), shape)).unwrap();
            let codes = rig.codes(&rig.run(&mut path, &frame, 3));
            let top = (1_u32 << format.bits()) - 1;
            for (shown, source) in codes[0].iter().zip(data.chunks(3)) {
                let expected: Vec<u16> = source.iter().map(|&byte| ((u32::from(byte) * top + 127) / 255) as u16).collect();
                assert_eq!(shown.unwrap().as_slice(), expected, "{input:?} on {format:?}");
            }
        }
    }
}

#[test]
fn a_dimmed_pass_through_link_dims_light_and_not_codes() {
    let rig = rig(WireFormat::Rgb8, LinkTransfer::Source);
    let shape = shape(PixelFormat::Rgb24, InputTransfer::Power(2.0));
    let mut spec = PathSpec::of_wall(&rig.wall);
    spec.screens[0].brightness = 0.25;
    let data = [200_u8; 32 * 32 * 3];
    let mut path = Reference::new();
    path.configure(rig.plan(&spec, shape)).unwrap();
    let codes = rig.codes(&rig.run(&mut path, &FrameView::packed(shape, &data).unwrap(), 0));
    assert_eq!(codes[0][0], Some([100; 3]), "a quarter of the light is half of the code at gamma 2");
}

#[test]
fn settings_out_of_range_are_refused_by_name() {
    let rig = rig(WireFormat::Rgb8, LinkTransfer::Power);
    let shape = shape(PixelFormat::Rgb24, InputTransfer::Srgb);
    let refused = |change: &dyn Fn(&mut PathSpec)| {
        let mut spec = PathSpec::of_wall(&rig.wall);
        change(&mut spec);
        PathPlan::build(&rig.wall, &rig.slice, &spec, shape).unwrap_err()
    };
    let parameter = |error: PlanError| match error {
        PlanError::Range { parameter, .. } => parameter,
        other => panic!("another error: {other}"),
    };
    for value in [-0.1, 1.01, f64::NAN, f64::INFINITY] {
        assert_eq!(parameter(refused(&|s| s.screens[0].brightness = value)), Parameter::Brightness, "{value}");
        assert_eq!(parameter(refused(&|s| s.screens[0].gains[1] = value * 2.1)), Parameter::Gain, "{value}");
        assert_eq!(parameter(refused(&|s| s.ports[0].level = value * 2.0)), Parameter::Level, "{value}");
        assert_eq!(parameter(refused(&|s| s.screens[0].knee.start = value)), Parameter::KneeStart, "{value}");
    }
    for gamma in [0.0, 0.99, 4.1, f64::NAN] {
        assert_eq!(parameter(refused(&|s| s.ports[0].transfer = OutputTransfer::Power(gamma))), Parameter::Gamma, "out {gamma}");
        assert_eq!(
            parameter(refused(&|s| s.screens[0].transfer = Some(InputTransfer::Power(gamma)))),
            Parameter::Gamma,
            "in {gamma}"
        );
    }
    assert_eq!(parameter(refused(&|s| s.screens[0].knee = Knee { start: 0.5, peak: 33.0 })), Parameter::KneePeak, "33");
    assert_eq!(parameter(refused(&|s| s.screens[0].peak_nits = 0.0)), Parameter::PeakNits, "a dark wall");
    let low_grey = |s: &mut PathSpec| {
        s.modules = vec![ModulePath { low_grey: [0.0, f64::NAN, 0.0], ..ModulePath::default() }; 4];
    };
    assert_eq!(parameter(refused(&low_grey)), Parameter::LowGrey, "NaN");
    let gains = |s: &mut PathSpec| {
        s.modules = vec![ModulePath { gains: [1.0, 2.1, 1.0], ..ModulePath::default() }; 4];
    };
    assert_eq!(parameter(refused(&gains)), Parameter::Gain, "more than twice");
}

#[test]
fn settings_that_do_not_fit_the_wall_or_the_source_are_refused() {
    let rig = rig(WireFormat::Rgb8, LinkTransfer::Power);
    let shape = shape(PixelFormat::Rgb24, InputTransfer::Srgb);
    let build = |spec: &PathSpec, shape| PathPlan::build(&rig.wall, &rig.slice, spec, shape).map(|_| ());
    let spec = PathSpec::of_wall(&rig.wall);
    let mut none = spec.clone();
    none.screens.clear();
    assert_eq!(build(&none, shape), Err(PlanError::Count { list: SpecList::Screens, expected: 1, found: 0 }), "no screen");
    let mut outside = spec.clone();
    outside.screens[0].crop = PixelRect::new(1, 0, 32, 32);
    assert!(matches!(build(&outside, shape), Err(PlanError::Crop { .. })), "a column beyond the picture");
    outside.screens[0].crop = PixelRect::new(u32::MAX, 0, u32::MAX, 32);
    assert!(matches!(build(&outside, shape), Err(PlanError::Crop { .. })), "extremes");
    let mut wide = spec.clone();
    wide.screens[0].crop = PixelRect::new(0, 0, 2_000, 20);
    let large = SourceShape { size: PixelSize::new(2_000, 20), ..shape };
    assert!(matches!(build(&wide, large), Err(PlanError::Shrink { ratio: 63, .. })), "63 times too wide");
    let empty = SourceShape { size: PixelSize::new(0, 32), ..shape };
    assert_eq!(build(&spec, empty), Err(PlanError::Source(FrameError::Size { width: 0, height: 32 })), "an empty picture");
    let mut gamut = spec.clone();
    gamut.screens[0].gamut[2][1] = 9.0;
    assert!(matches!(build(&gamut, shape), Err(PlanError::Gamut { .. })), "a matrix of nine");
    let mut few = spec.clone();
    let base = MatrixBase::around([&CorrectionMatrix::IDENTITY]);
    let packed = vec![base.pack(&CorrectionMatrix::IDENTITY); 255];
    let pixels = PixelMatrices::new(PixelSize::new(16, 16), base, packed).unwrap();
    let module = ModulePath { correction: Correction::Pixels(Arc::new(pixels)), ..ModulePath::default() };
    few.modules = vec![module; 4];
    assert!(matches!(build(&few, shape), Err(PlanError::Calibration { found: 255, .. })), "a matrix is missing");
}

#[test]
fn frames_that_do_not_fit_the_plan_are_refused() {
    let rig = rig(WireFormat::Rgb8, LinkTransfer::Power);
    let shape = shape(PixelFormat::Rgb24, InputTransfer::Srgb);
    let data = [0_u8; 32 * 32 * 3];
    let frame = FrameView::packed(shape, &data).unwrap();
    let mut path = Reference::new();
    let nothing = |_, _, _: &mut [u8]| {};
    assert!(matches!(path.process(&frame, 0, &mut [], &mut nothing.clone()), Err(PathError::NotConfigured)), "no plan");
    path.configure(rig.plan(&PathSpec::of_wall(&rig.wall), shape)).unwrap();
    let no_memory = path.process(&frame, 0, &mut [], &mut nothing.clone());
    assert!(matches!(no_memory, Err(PathError::Ports { expected: 1, found: 0 })), "no memory");
    let short = path.process(&frame, 0, &mut [&mut [0; 64]], &mut nothing.clone());
    assert!(matches!(short, Err(PathError::Memory { found: 64, .. })), "short memory");
    let limited = SourceShape { color: SignalColor { range: Range::Limited, ..shape.color }, ..shape };
    let other = path.process(&FrameView::packed(limited, &data).unwrap(), 0, &mut [&mut [0; 64]], &mut nothing.clone());
    assert!(matches!(other, Err(PathError::Shape { .. })), "another range");
}

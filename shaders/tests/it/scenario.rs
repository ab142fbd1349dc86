//! Random walls, settings and sources from one seed.

use std::sync::Arc;

use ocp809_calibration::lut::{CorrectionMatrix, Knee, LossCurve, Lut3d, MatrixBase};
use ocp809_sender::geometry::{PixelRect, PixelSize};
use ocp809_sender::wall::layout::{self, Grid};
use ocp809_sender::wall::{Addressing, ColorOrder, LinkTransfer, ProtocolKind, WallSpec, WireFormat};
use ocp809_shaders::format::{Chroma, PixelFormat, SampleBits};
use ocp809_shaders::frame::{ChromaSiting, InputTransfer, Range, SignalColor, SignalPrimaries, YuvMatrix};
use ocp809_shaders::spec::{Correction, DitherPeriod, ModulePath, OutputTransfer, PixelMatrices};
use ocp809_shaders::{PathSpec, SourceShape};

use crate::rig::Rig;

/// Numbers from a seed (xorshift64*).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn word(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        (self.word() >> 11) % n
    }

    pub(crate) fn chance(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    pub(crate) fn real(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * (self.word() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(crate) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }
}

/// Everything that one frame needs.
pub(crate) struct Scenario {
    pub(crate) rig: Rig,
    pub(crate) spec: PathSpec,
    pub(crate) shape: SourceShape,
    pub(crate) data: Vec<u8>,
    pub(crate) phase: u64,
}

pub(crate) fn scenario(seed: u64) -> Scenario {
    let mut dice = Dice::new(seed);
    let rig = Rig::new(&wall(&mut dice));
    let shape = SourceShape { format: format(&mut dice), size: PixelSize::new(140, 70), color: color(&mut dice) };
    let spec = spec(&mut dice, &rig, shape.size);
    let data = picture(&mut dice, shape.format.frame_bytes(shape.size));
    Scenario { rig, spec, shape, data, phase: dice.below(40) }
}

/// Two to twelve cabinets of small square modules, with holes; turned and mirrored where the addressing allows.
fn wall(dice: &mut Dice) -> WallSpec {
    let side = dice.pick(&[4, 5, 8, 16]);
    let mut grid = Grid::new(2 + dice.below(3) as u32, 1 + dice.below(3) as u32, PixelSize::new(side, side));
    grid.modules = PixelSize::new(1 + dice.below(2) as u32, 1);
    grid.ports = 1 + dice.below(2) as u16;
    let mut wall = layout::build(&grid, layout::CableOrder::Serpentine).unwrap();
    wall.module_models[0].color_order = dice.pick(&ColorOrder::ALL);
    let upright = dice.chance(3);
    for port in &mut wall.ports {
        port.link.format = dice.pick(&WireFormat::ALL);
        port.link.transfer = dice.pick(&[LinkTransfer::Source, LinkTransfer::Linear, LinkTransfer::Power, LinkTransfer::Srgb]);
        port.link.gamma = dice.real(1.0, 3.0);
        port.link.dither = port.link.transfer != LinkTransfer::Source && dice.chance(2);
        if upright {
            port.addressing = Addressing::Canvas;
            if dice.chance(2) {
                port.protocol = ProtocolKind::Colorlight;
                port.link.format = WireFormat::Rgb8;
            }
        }
    }
    if !upright {
        for cabinet in &mut wall.cabinets {
            cabinet.mirror = dice.chance(2);
            // A quarter turn would need another rectangle where modules lie side by side.
            cabinet.rotation = if grid.modules.width == 1 { dice.pick(&[0, 90, 180, 270]) } else { dice.pick(&[0, 180]) };
        }
        if dice.chance(2) && wall.cabinets.len() > 2 {
            let first = wall.cabinets[0].port.clone();
            if wall.cabinets.iter().filter(|cabinet| cabinet.port == first).count() > 1 {
                wall.cabinets.remove(0);
                wall.cabinets.iter_mut().filter(|cabinet| cabinet.port == first).for_each(|cabinet| cabinet.place -= 1);
            }
        }
    }
    wall
}

fn format(dice: &mut Dice) -> PixelFormat {
    let bits = SampleBits::new(8 + dice.below(9) as u8).unwrap();
    match dice.below(13) {
        0 | 1 => PixelFormat::Rgba8,
        2 => PixelFormat::Bgra8,
        3 => PixelFormat::Rgb24,
        4 => PixelFormat::Bgr24,
        5 => PixelFormat::Uyvy,
        6 => PixelFormat::Yuyv,
        7 => PixelFormat::Nv12,
        8 => PixelFormat::P010,
        9 => PixelFormat::Gray(bits),
        10 => PixelFormat::Rgb48,
        _ => PixelFormat::Planar(dice.pick(&Chroma::ALL), bits),
    }
}

fn color(dice: &mut Dice) -> SignalColor {
    SignalColor {
        range: dice.pick(&[Range::Full, Range::Limited]),
        matrix: dice.pick(&[YuvMatrix::Bt601, YuvMatrix::Bt709, YuvMatrix::Bt2020]),
        siting: dice.pick(&[ChromaSiting::Left, ChromaSiting::Center]),
        transfer: transfer(dice),
        primaries: SignalPrimaries::Bt709,
    }
}

fn transfer(dice: &mut Dice) -> InputTransfer {
    let gamma = dice.real(1.0, 3.0);
    dice.pick(&[
        InputTransfer::Linear,
        InputTransfer::Power(gamma),
        InputTransfer::Srgb,
        InputTransfer::Bt1886,
        InputTransfer::Pq,
        InputTransfer::Hlg,
    ])
}

fn spec(dice: &mut Dice, rig: &Rig, source: PixelSize) -> PathSpec {
    let mut spec = PathSpec::of_wall(&rig.wall);
    for (screen, own) in spec.screens.iter_mut().zip(rig.wall.screens()) {
        let (width, height) = (own.size.width, own.size.height);
        screen.crop = PixelRect::new(dice.below(3) as u32, dice.below(5) as u32, width, height);
        if dice.chance(3) {
            screen.crop.width = 1 + dice.below(u64::from(source.width - 3)) as u32;
            screen.crop.height = 1 + dice.below(u64::from(source.height - 5)) as u32;
        }
        screen.peak_nits = dice.real(200.0, 5_000.0);
        if dice.chance(4) {
            let amount = dice.real(0.0, 0.3);
            screen.lut3d =
                Lut3d::build(dice.pick(&[2, 5, 17]), |[r, g, b]| [r + amount * (g - b), g * (1.0 - amount), b + amount * r * g])
                    .map(Arc::new);
        }
        if dice.chance(2) {
            screen.gamut = matrix(dice, 0.2);
        }
        if dice.chance(2) {
            screen.knee = Knee { start: dice.real(0.3, 1.0), peak: dice.real(1.0, 32.0) };
        }
        if dice.chance(2) {
            screen.brightness = dice.real(0.05, 1.0);
            screen.gains = [dice.real(0.5, 1.2), 1.0, dice.real(0.5, 1.0)];
        }
    }
    for port in &mut spec.ports {
        port.dither = port.dither.map(|_| dice.pick(&DitherPeriod::ALL));
        if dice.chance(3) {
            port.level = dice.real(0.5, 1.5);
        }
        if port.transfer != OutputTransfer::Source && dice.chance(3) {
            port.loss = Some(Arc::new(LossCurve::new([(0.0, 0.3), (0.01, 0.1), (0.05, 0.0)])));
        }
    }
    if dice.chance(2) {
        spec.modules = rig.wall.modules().iter().map(|module| module_path(dice, module.rect.size())).collect();
    }
    spec
}

/// The identity and some noise.
pub(crate) fn matrix(dice: &mut Dice, noise: f64) -> [[f64; 3]; 3] {
    core::array::from_fn(|row| core::array::from_fn(|column| f64::from(row == column) + dice.real(-noise, noise)))
}

fn module_path(dice: &mut Dice, size: PixelSize) -> ModulePath {
    let quantised = |dice: &mut Dice, noise: f64| CorrectionMatrix::from_f64(matrix(dice, noise)).unwrap();
    let correction = match dice.below(3) {
        0 => Correction::None,
        1 => Correction::Module(quantised(dice, 0.2)),
        _ => {
            let matrices: Vec<_> = (0..size.area()).map(|_| quantised(dice, 0.05)).collect();
            let base = MatrixBase::around(&matrices);
            let packed = matrices.iter().map(|matrix| base.pack(matrix)).collect();
            Correction::Pixels(Arc::new(PixelMatrices::new(size, base, packed).unwrap()))
        }
    };
    ModulePath {
        level: if dice.chance(2) { dice.real(0.2, 1.1) } else { 1.0 },
        gains: if dice.chance(2) { core::array::from_fn(|_| dice.real(0.3, 1.1)) } else { [1.0; 3] },
        correction,
        low_grey: core::array::from_fn(|_| dice.real(-1.0, 3.0)),
    }
}

/// Random bytes, a ramp, or extremes.
fn picture(dice: &mut Dice, bytes: usize) -> Vec<u8> {
    match dice.below(4) {
        0 => (0..bytes).map(|index| (index / 3) as u8).collect(),
        1 => (0..bytes).map(|_| dice.pick(&[0, 1, 15, 16, 17, 127, 128, 235, 236, 240, 254, 255])).collect(),
        2 => (0..bytes).map(|_| dice.below(8) as u8).collect(),
        _ => (0..bytes).map(|_| dice.word() as u8).collect(),
    }
}

//! Walls, settings and pictures that are measured: made here, the same in every run, so that figures can be compared.

use std::sync::Arc;

use ocp809_calibration::lut::{CorrectionMatrix, LossCurve, Lut3d, MatrixBase};
use ocp809_sender::geometry::{PixelRect, PixelSize};
use ocp809_sender::slice::SlicePlan;
use ocp809_sender::wall::layout::{self, Grid};
use ocp809_sender::wall::{LinkSpec, LinkTransfer, Module, Wall, WallSpec, WireFormat};
use ocp809_shaders::format::{Chroma, PixelFormat, SampleBits};
use ocp809_shaders::frame::{InputTransfer, Range, SignalColor};
use ocp809_shaders::spec::{Correction, ModulePath, PixelMatrices};
use ocp809_shaders::{PathPlan, PathSpec, SourceShape};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::BenchError;

/// A full HD picture.
pub(super) const HD: PixelSize = PixelSize::new(1_920, 1_080);

/// A UHD picture.
pub(super) const UHD: PixelSize = PixelSize::new(3_840, 2_160);

/// Cabinets on one port.
const CABINETS_PER_PORT: u32 = 60;

/// Points on a side of the 3D table: what grading programs write.
const LUT_SIDE: u32 = 33;

/// Bytes of one packed matrix of a calibrated pixel.
const MATRIX_BYTES: u64 = 12;

/// What the pixel path reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Input {
    /// RGBA, 8 bits, full range.
    Rgba8,
    /// Planar 4:2:0 YUV, 8 bits.
    Yuv420,
    /// Planar 4:4:4 YUV, 10 bits.
    Yuv444p10,
}

/// How the wall is corrected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Calibration {
    /// Not at all.
    None,
    /// One 3x3 matrix for each module.
    Module,
    /// The same, and what each module's drivers lose at low greys.
    ModuleLowGrey,
    /// One 3x3 matrix for each pixel.
    Pixel,
}

/// In which order packets take the picture's pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// Cabinet by cabinet, in modules of at most 64 x 64 pixels.
    Modules,
    /// Whole rows, as the picture lies in memory: modules as wide as the picture.
    Raster,
}

/// What is done to a frame.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Work {
    /// Columns and rows of picture and wall.
    pub size: PixelSize,
    /// The source.
    pub input: Input,
    /// Bits per colour on the wire: 8, 10, 12 or 16.
    pub output_bits: u32,
    /// Whether light goes out linearly, without the shared output table.
    pub linear: bool,
    /// The correction.
    pub calibration: Calibration,
    /// Whether a 3D table of 33 points a side lies in front.
    pub lut3d: bool,
    /// The packets' order.
    pub order: Order,
}

impl Work {
    /// A plain full HD frame: RGBA in, one matrix per module, a shared output table, dither, 8 bits out in modules' order.
    pub(super) const PLAIN: Self = Self {
        size: HD,
        input: Input::Rgba8,
        output_bits: 8,
        linear: false,
        calibration: Calibration::Module,
        lut3d: false,
        order: Order::Modules,
    };

    fn format(self) -> PixelFormat {
        match self.input {
            Input::Rgba8 => PixelFormat::Rgba8,
            Input::Yuv420 => PixelFormat::Planar(Chroma::C420, SampleBits::EIGHT),
            Input::Yuv444p10 => PixelFormat::Planar(Chroma::C444, SampleBits::new(10).unwrap_or(SampleBits::EIGHT)),
        }
    }

    /// Format, size and meaning of the source.
    pub(super) fn shape(self) -> SourceShape {
        let range = if self.input == Input::Rgba8 { Range::Full } else { Range::Limited };
        let color = SignalColor { range, transfer: InputTransfer::Srgb, ..SignalColor::default() };
        SourceShape { format: self.format(), size: self.size, color }
    }

    fn link(self) -> LinkSpec {
        let format = WireFormat::ALL.into_iter().find(|format| format.bits() == self.output_bits).unwrap_or(WireFormat::Rgb8);
        let transfer = if self.linear { LinkTransfer::Linear } else { LinkTransfer::Power };
        LinkSpec { rate_mbit: 10_000, format, transfer, ..LinkSpec::default() }
    }
}

/// A frame's work, ready to be done.
pub(super) struct Subject {
    pub(super) work: Work,
    pub(super) wall: Wall,
    pub(super) slice: SlicePlan,
    pub(super) plan: Arc<PathPlan>,
    /// Bytes that must move for each pixel at least.
    pub(super) bytes_per_pixel: f64,
}

impl Subject {
    pub(super) fn new(work: Work) -> Result<Self, BenchError> {
        let grid = grid(work)?;
        Self::on(work, &layout::raster(&grid).map_err(BenchError::unmade)?)
    }

    /// The same with all cabinets on one port.
    pub(super) fn on_one_port(work: Work) -> Result<Self, BenchError> {
        let grid = Grid { ports: 1, ..grid(work)? };
        Self::on(work, &layout::raster(&grid).map_err(BenchError::unmade)?)
    }

    /// The same with as few cards and ports of this MTU as 4K allows: eight by eight cabinets on two ports.
    pub(super) fn on_jumbo_ports(work: Work, mtu: u16) -> Result<Self, BenchError> {
        let PixelSize { width, height } = work.size;
        let mut grid = Grid::new(8, 8, PixelSize::new(width / 16, height / 16));
        (grid.modules, grid.ports) = (PixelSize::new(2, 2), 2);
        grid.link = LinkSpec { mtu, ..work.link() };
        Self::on(work, &layout::raster(&grid).map_err(BenchError::unmade)?)
    }

    fn on(work: Work, spec: &WallSpec) -> Result<Self, BenchError> {
        let wall = Wall::from_spec(spec).map_err(BenchError::unmade)?;
        let slice = SlicePlan::build(&wall).map_err(BenchError::unmade)?;
        let plan = PathPlan::build(&wall, &slice, &settings(work, &wall)?, work.shape()).map_err(BenchError::unmade)?;
        let bytes_per_pixel = bytes_per_pixel(work, &slice);
        Ok(Self { work, wall, slice, plan: Arc::new(plan), bytes_per_pixel })
    }

    pub(super) fn packet_bytes(&self) -> usize {
        self.slice.ports.iter().map(ocp809_sender::slice::PortPlan::memory_bytes).sum()
    }

    /// Packet memory of each port.
    pub(super) fn memories(&self) -> Vec<Vec<u8>> {
        self.slice.ports.iter().map(|port| vec![0; port.memory_bytes()]).collect()
    }
}

/// The source once, the matrix of each calibrated pixel once, and what goes out twice: a line of packet memory is fetched
/// before it is written.
fn bytes_per_pixel(work: Work, slice: &SlicePlan) -> f64 {
    let source = work.format().frame_bytes(work.size) as u64;
    let matrices = if work.calibration == Calibration::Pixel { MATRIX_BYTES * work.size.area() } else { 0 };
    let payload: u64 = slice.ports.iter().flat_map(|port| &port.packets).map(|packet| u64::from(packet.payload_bytes)).sum();
    super::measure::exact(source + matrices + 2 * payload) / super::measure::exact(work.size.area())
}

fn grid(work: Work) -> Result<Grid, BenchError> {
    let PixelSize { width, height } = work.size;
    let divisor = |of: u32, choices: &[u32]| choices.iter().copied().find(|&side| of > 0 && of.is_multiple_of(side));
    let (columns, rows, module, modules) = match work.order {
        Order::Modules => {
            let sides = divisor(width, &[128, 64]).zip(divisor(height, &[128, 120, 64]));
            let (w, h) = sides.ok_or_else(|| BenchError::unmade(format!("{width} x {height} is not made of cabinets")))?;
            (width / w, height / h, PixelSize::new(w / 2, h / 2), PixelSize::new(2, 2))
        }
        Order::Raster => {
            let h = divisor(height, &[128, 120, 64]).ok_or_else(|| BenchError::unmade(format!("{height} rows")))?;
            (1, height / h, PixelSize::new(width, h), PixelSize::new(1, 1))
        }
    };
    let mut grid = Grid::new(columns, rows, module);
    grid.modules = modules;
    // Both orders of a size have the same ports, so that they differ in order alone.
    let ports = (work.size.area() / u64::from(CABINETS_PER_PORT * 128 * 120)).max(1).min(u64::from(columns * rows));
    grid.ports = u16::try_from(ports).unwrap_or(u16::MAX);
    grid.link = work.link();
    Ok(grid)
}

/// A matrix near to that of a good module; each index has its own shade.
fn matrix(index: usize) -> Result<CorrectionMatrix, BenchError> {
    let shade = 0.9 + super::measure::exact(index as u64 % 64) / 1_000.0;
    CorrectionMatrix::from_f64([[shade, 0.02, 0.01], [0.01, shade, 0.02], [0.0, 0.03, shade]]).map_err(BenchError::unmade)
}

fn settings(work: Work, wall: &Wall) -> Result<PathSpec, BenchError> {
    let mut spec = PathSpec::of_wall(wall);
    let lut3d = if work.lut3d { Some(Arc::new(lut3d()?)) } else { None };
    for screen in &mut spec.screens {
        screen.crop = PixelRect::new(0, 0, work.size.width, work.size.height);
        screen.lut3d.clone_from(&lut3d);
    }
    let corrections: Vec<Correction> = match work.calibration {
        Calibration::None => vec![Correction::None; wall.modules().len()],
        Calibration::Module | Calibration::ModuleLowGrey => {
            let all = (0..wall.modules().len()).map(|index| matrix(index).map(Correction::Module));
            all.collect::<Result<_, _>>()?
        }
        Calibration::Pixel => pixel_corrections(wall.modules())?,
    };
    let module = |correction| ModulePath { correction, low_grey: [0.5, 1.0, 1.5], ..ModulePath::default() };
    spec.modules = corrections.into_iter().map(module).collect();
    if work.calibration == Calibration::ModuleLowGrey {
        let curve = Arc::new(LossCurve::new([(0.0, 0.3), (0.01, 0.1), (0.05, 0.0)]));
        spec.ports.iter_mut().for_each(|port| port.loss = Some(Arc::clone(&curve)));
    }
    Ok(spec)
}

/// Matrices of all pixels, each module's in memory of its own.
fn pixel_corrections(modules: &[Module]) -> Result<Vec<Correction>, BenchError> {
    let most = modules.iter().map(|module| module.size.area()).max().unwrap_or(0);
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let shades = (0..most).map(matrix).collect::<Result<Vec<_>, _>>()?;
    let base = MatrixBase::around(&shades);
    let packed: Vec<_> = shades.iter().map(|matrix| base.pack(matrix)).collect();
    let correction = |module: &Module| {
        let pixels = usize::try_from(module.size.area()).unwrap_or(usize::MAX);
        let own = packed.get(..pixels).unwrap_or_default().to_vec();
        let matrices = PixelMatrices::new(module.rect.size(), base, own).map_err(BenchError::unmade)?;
        Ok(Correction::Pixels(Arc::new(matrices)))
    };
    modules.iter().map(correction).collect()
}

/// A grade that moves every colour a little.
fn lut3d() -> Result<Lut3d, BenchError> {
    let grade = |[red, green, blue]: [f64; 3]| [0.9 * red + 0.1 * green, 0.95 * green + 0.05 * blue, blue.sqrt()];
    Lut3d::build(LUT_SIDE, grade).ok_or_else(|| BenchError::unmade("the 3D table"))
}

/// A picture of codes without any pattern, the worst for tables: the upper byte of x' = 1664525 x + 1013904223 (mod 2^32)
/// from x = 1 on, byte by byte; samples of more bits keep to their range.
pub(super) fn picture(work: Work) -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    let bytes = work.format().frame_bytes(work.size);
    // The upper byte of a 10-bit sample holds two bits.
    let upper = |at: usize, byte: u8| if work.input == Input::Yuv444p10 && at % 2 == 1 { byte & 0x03 } else { byte };
    (0..bytes).map(|at| upper(at, next())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pixel_of_every_work_is_in_a_packet() {
        for order in [Order::Modules, Order::Raster] {
            for (output_bits, size) in [(8, PixelSize::new(128, 128)), (10, PixelSize::new(512, 256)), (16, HD)] {
                let subject = Subject::new(Work { size, output_bits, order, ..Work::PLAIN }).unwrap();
                let pixels: u64 = subject.slice.ports.iter().map(ocp809_sender::slice::PortPlan::pixels).sum();
                assert_eq!((pixels, subject.wall.pixels()), (size.area(), size.area()), "{order:?} {size:?}");
                let expected = 4.0 + 2.0 * 3.0 * f64::from(output_bits) / 8.0;
                assert!((subject.bytes_per_pixel - expected).abs() < 0.02, "{} of {expected}", subject.bytes_per_pixel);
            }
        }
        let calibrated = Subject::new(Work { calibration: Calibration::Pixel, ..Work::PLAIN }).unwrap();
        assert!((calibrated.bytes_per_pixel - 22.0).abs() < 1e-9, "4 in, 12 of matrices, 3 out twice");
    }

    #[test]
    fn raster_order_takes_pixels_as_they_lie() {
        let work = Work { size: PixelSize::new(512, 256), order: Order::Raster, ..Work::PLAIN };
        let subject = Subject::new(work).unwrap();
        let mut last = None;
        for run in subject.slice.ports.iter().flat_map(|port| &port.runs) {
            assert!(last < Some((run.y, run.x)), "rising");
            last = Some((run.y, run.x));
        }
    }

    #[test]
    fn the_picture_is_the_one_that_is_described() {
        let picture = picture(Work::PLAIN);
        assert_eq!(picture.len(), 1_920 * 1_080 * 4);
        // x1 = 1015568748 = 0x3c88596c
        assert_eq!(picture[0], 0x3c);
        let deep = super::picture(Work { input: Input::Yuv444p10, size: PixelSize::new(128, 128), ..Work::PLAIN });
        assert!(deep.as_chunks::<2>().0.iter().all(|&sample| u16::from_le_bytes(sample) < 1_024));
    }

    #[test]
    fn a_size_that_is_no_raster_of_cabinets_is_refused() {
        let error = Subject::new(Work { size: PixelSize::new(100, 100), ..Work::PLAIN }).err().unwrap();
        assert!(error.to_string().contains("100 x 100"), "{error}");
    }
}

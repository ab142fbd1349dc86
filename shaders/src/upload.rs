//! A plan as the shader reads it: one buffer of tables, records of modules, runs and groups.

use ocp809_calibration::lut::PackedMatrix;
use ocp809_sender::slice::{HEADROOM, PacketPlan, PortPlan};
use ocp809_sender::wall::WireFormat;

use crate::abi::{self, Frame, Group, NONE, Resample, Run, ScaleAxis, Tile};
use crate::format::ColorModel;
use crate::plan::{self, Axis, Law, PathPlan, ScreenPlan, TileCorrection};

/// Everything that is uploaded when a plan is taken into use.
#[derive(Debug, Default)]
pub(crate) struct Upload {
    /// All tables, one after the other.
    pub(crate) tables: Vec<u32>,
    /// Matrices per pixel, screen by screen.
    pub(crate) pixels: Vec<PackedMatrix>,
    /// Modules.
    pub(crate) tiles: Vec<Tile>,
    /// Runs of all ports.
    pub(crate) runs: Vec<Run>,
    /// Groups of all ports.
    pub(crate) groups: Vec<Group>,
    /// Screens that are scaled.
    pub(crate) resamples: Vec<Resample>,
    /// Pixels of scaled light.
    pub(crate) light_pixels: u32,
    /// First word of each port's packet memory.
    pub(crate) port_words: Vec<u32>,
    /// Words of all packet memories.
    pub(crate) packet_words: u32,
}

#[expect(clippy::cast_possible_truncation, reason = "offsets are bounded by the binding limit, which is checked in bytes")]
const fn word(count: usize) -> u32 {
    count as u32
}

impl Upload {
    /// Lays a plan out.
    pub(crate) fn new(plan: &PathPlan) -> Self {
        let mut upload = Self::default();
        let screens: Vec<Tile> = plan.screens.iter().map(|screen| upload.screen(screen)).collect();
        let encoders: Vec<Tile> = plan.encoders.iter().map(|encoder| upload.encoder(encoder)).collect();
        for tile in &plan.tiles {
            let screen = screens.get(tile.screen.index()).copied();
            let encoder = tile.encoder.and_then(|index| encoders.get(index)).copied();
            upload.tiles.push(record(tile, screen.unwrap_or_else(bytemuck::Zeroable::zeroed), encoder));
        }
        upload.resamples(plan);
        for port in &plan.slice.ports {
            upload.port(port);
        }
        upload
    }

    /// Appends a table; its offset in words.
    fn table(&mut self, entries: impl IntoIterator<Item = u32>) -> u32 {
        let offset = word(self.tables.len());
        self.tables.extend(entries);
        offset
    }

    /// The part of a tile's record that its screen decides.
    fn screen(&mut self, screen: &ScreenPlan) -> Tile {
        let mut tile: Tile = bytemuck::Zeroable::zeroed();
        tile.origin = [screen.origin.x, screen.origin.y];
        tile.width = screen.size.width;
        tile.pixels = word(self.pixels.len());
        self.pixels.extend_from_slice(&screen.pixels);
        tile.input_table = self.table(screen.input.entries().iter().copied());
        tile.ootf_table = screen.ootf.as_ref().map_or(NONE, |table| self.table(table.entries().iter().copied()));
        if let Some(lut) = &screen.lut3d {
            let pack = |&[r, g, b]: &[u16; 3]| [u32::from(r) | (u32::from(g) << 16), u32::from(b)];
            tile.lut_side = lut.side();
            tile.lut_table = self.table(lut.entries().iter().flat_map(pack));
        }
        tile.knee_table = NONE;
        if let Some(gamut) = &screen.gamut {
            tile.gamut = gamut.matrix.coefficients().map(i32::from);
            tile.knee_table = self.table(gamut.knee.entries().iter().copied());
        }
        tile.light = NONE;
        if screen.scale.is_some() {
            tile.light = self.light_pixels;
            self.light_pixels += screen.size.width * screen.size.height;
        }
        tile
    }

    /// The part of a tile's record that its encoder decides.
    fn encoder(&mut self, encoder: &plan::Encoder) -> Tile {
        let mut tile: Tile = bytemuck::Zeroable::zeroed();
        tile.bits = encoder.bits;
        tile.period = encoder.period;
        (tile.law, tile.output_table) = match &encoder.law {
            Law::Pass => (abi::LAW_PASS, NONE),
            Law::Linear => (abi::LAW_LINEAR, NONE),
            Law::Table(table) => (abi::LAW_TABLE, self.table(table.entries().iter().copied())),
            Law::Bytes(table) => {
                let words = table.stretches().iter().flat_map(|own| [pair(own.base, own.rise), pair(own.knee, own.rise_beyond)]);
                (abi::LAW_BYTES, self.table([table.dark_fraction()].into_iter().chain(words)))
            }
        };
        tile.loss_table = match &encoder.law {
            Law::Bytes(table) => table
                .loss()
                .map_or(NONE, |loss| self.table(loss.iter().map(|own| pair(own.base.cast_unsigned(), own.rise.cast_unsigned())))),
            Law::Pass | Law::Linear | Law::Table(_) => {
                encoder.loss.as_ref().map_or(NONE, |table| self.table(table.entries().iter().copied()))
            }
        };
        tile
    }

    /// The scaling of each screen that needs it; any of its tiles names the tables.
    fn resamples(&mut self, plan: &PathPlan) {
        for (index, screen) in plan.screens.iter().enumerate() {
            let Some(scale) = &screen.scale else { continue };
            let Some(tile) = plan.tiles.iter().position(|tile| tile.screen.index() == index) else { continue };
            let (x, y) = (self.axis(&scale.x), self.axis(&scale.y));
            let light = self.tiles.get(tile).map_or(NONE, |tile| tile.light);
            self.resamples.push(Resample {
                x,
                y,
                size: [screen.size.width, screen.size.height],
                origin: [screen.origin.x, screen.origin.y],
                tile: word(tile),
                light,
                padding: [0; 2],
            });
        }
    }

    fn axis(&mut self, axis: &Axis) -> ScaleAxis {
        let first = self.table(axis.first.iter().map(|first| first.cast_unsigned()));
        let weights = self.table(axis.weights.iter().copied());
        ScaleAxis { first, weights, taps: axis.taps, source: axis.source }
    }

    /// Runs and groups of a port.
    fn port(&mut self, port: &PortPlan) {
        let start = self.packet_words;
        self.port_words.push(start);
        self.packet_words += word(port.memory_bytes() / 4);
        let (each_pixels, each_words) = group_shape(port.format);
        for (index, packet) in port.packets.iter().enumerate() {
            let payload_word = start + (word(index) * port.slot_stride + HEADROOM) / 4;
            let first_run = word(self.runs.len());
            let own = port.runs_of(packet);
            self.runs.extend(own.iter().map(|run| run_record(run, packet, payload_word, port.format)));
            let mut at = 0;
            for group in 0..u32::from(packet.pixels).div_ceil(each_pixels) {
                let pixel = group * each_pixels;
                while own.get(at).is_some_and(|run| u32::from(run.first_pixel) + u32::from(run.length) <= pixel) {
                    at += 1;
                }
                self.groups.push(Group { word: payload_word + group * each_words, run: first_run + word(at) });
            }
        }
    }
}

/// Pixels that fill whole words, and how many words.
const fn group_shape(format: WireFormat) -> (u32, u32) {
    match format {
        WireFormat::Rgb8 => (4, 3),
        WireFormat::Rgb10 => (16, 15),
        WireFormat::Rgb12 => (8, 9),
        WireFormat::Rgb16 => (2, 3),
    }
}

fn run_record(run: &ocp809_sender::slice::Run, packet: &PacketPlan, payload_word: u32, format: WireFormat) -> Run {
    let [first, second, third] = run.color_order.channels().map(u32::from);
    Run {
        x: run.x,
        y: run.y,
        step_x: i32::from(run.step_x),
        step_y: i32::from(run.step_y),
        first_pixel: u32::from(run.first_pixel),
        length: u32::from(run.length),
        tile: run.module.map_or(NONE, |module| module.0),
        order: first | (second << 2) | (third << 4),
        packet_pixels: u32::from(packet.pixels),
        payload_word,
        payload_end: payload_word + u32::from(packet.payload_bytes).div_ceil(4),
        bits: format.bits(),
    }
}

/// Two numbers in a word, the first lowest.
const fn pair(low: u16, high: u16) -> u32 {
    (low as u32) | ((high as u32) << 16)
}

/// A tile's record from its three parts.
fn record(tile: &plan::Tile, screen: Tile, encoder: Option<Tile>) -> Tile {
    let mut record = screen;
    if let Some(encoder) = encoder {
        record.bits = encoder.bits;
        record.period = encoder.period;
        record.law = encoder.law;
        record.output_table = encoder.output_table;
        record.loss_table = encoder.loss_table;
    }
    record.levels = tile.levels;
    record.scalars = tile.scalars.map(i32::from);
    (record.correction, record.matrix) = match &tile.correction {
        TileCorrection::None => (abi::CORRECTION_NONE, [0; 9]),
        TileCorrection::Module(matrix) => (abi::CORRECTION_MODULE, matrix.coefficients().map(i32::from)),
        TileCorrection::Pixels(base) => {
            let [b12, b13, b21, b23, b31, b32] = base.off_diagonal().map(i32::from);
            record.matrix_shift = base.shift();
            (abi::CORRECTION_PIXELS, [0, b12, b13, b21, 0, b23, b31, b32, 0])
        }
    };
    record
}

/// The uniform of a plan's frames, for a source whose planes lie one after the other without padding.
pub(crate) fn frame_uniform(plan: &PathPlan, groups: usize) -> Frame {
    let ingest = &plan.ingest;
    let size = plan.source.size;
    let mut starts = [0; 3];
    let mut at = 0;
    for (plane, start) in starts.iter_mut().enumerate() {
        *start = at;
        at += plan.source.format.row_bytes(plane, size) * plan.source.format.rows(plane, size);
    }
    let mut frame: Frame = bytemuck::Zeroable::zeroed();
    let slots = frame.bases.iter_mut().zip(&mut frame.strides).zip(&mut frame.steps);
    for (((base, stride), step), place) in slots.zip(&ingest.row.samples) {
        *base = word(starts.get(place.plane as usize).copied().unwrap_or(0)) + place.offset;
        *stride = word(plan.source.format.row_bytes(place.plane as usize, size));
        *step = place.step;
    }
    Frame {
        groups: word(groups),
        size: [size.width, size.height],
        chroma: [ingest.row.chroma_x, ingest.row.chroma_y],
        centered: u32::from(ingest.centered),
        model: match ingest.row.model {
            ColorModel::Rgb => abi::MODEL_RGB,
            ColorModel::Yuv => abi::MODEL_YUV,
            ColorModel::Gray => abi::MODEL_GRAY,
        },
        chroma_gains: ingest.chroma,
        sample_bytes: ingest.row.sample_bytes,
        sample_shift: ingest.row.sample_shift,
        bits: ingest.row.bits,
        full: u32::from(ingest.full),
        black: ingest.black,
        luma: ingest.luma,
        ..frame
    }
}

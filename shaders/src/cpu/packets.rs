//! Codes of computed bands into the payloads of packets: pure data movement, by the slice plan.

use ocp809_sender::slice::{HEADROOM, PacketPlan, PortPlan, Run};
use ocp809_sender::wall::{ColorOrder, WireFormat};

use super::band::{BAND_ROWS, Band, RowCodes};

/// Where the codes of a screen's pixels lie.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Codes<'a> {
    /// Computed bands.
    pub(crate) bands: &'a [Band],
    /// For each screen, the index of each of its bands.
    pub(crate) bands_of_screen: &'a [Vec<usize>],
    /// For each screen, its width.
    pub(crate) widths: &'a [u32],
}

impl<'a> Codes<'a> {
    fn band(&self, screen: usize, y: u32) -> Option<(&'a Band, u32)> {
        let index = *self.bands_of_screen.get(screen)?.get((y / BAND_ROWS) as usize)?;
        Some((self.bands.get(index)?, *self.widths.get(screen)?))
    }

    /// The codes of a run that goes to the right.
    fn row_of(&self, run: &Run) -> RowCodes<'a> {
        let band = self.band(run.screen.index(), run.y);
        band.map_or(RowCodes::Bytes(&[]), |(band, width)| band.row(width, run.x, run.y, usize::from(run.length)))
    }

    fn pixel(&self, screen: usize, x: u32, y: u32) -> [u16; 3] {
        self.band(screen, y).and_then(|(band, width)| band.pixel(width, x, y)).unwrap_or_default()
    }

    /// The codes of a run's pixels, in the run's order.
    fn of_run(self, run: &'a Run) -> impl Iterator<Item = [u16; 3]> + 'a {
        let screen = run.screen.index();
        (0..i32::from(run.length)).map(move |pixel| {
            let x = run.x.wrapping_add_signed(i32::from(run.step_x) * pixel);
            let y = run.y.wrapping_add_signed(i32::from(run.step_y) * pixel);
            self.pixel(screen, x, y)
        })
    }
}

/// Writes the payload of one packet into its slot.
pub(crate) fn fill(port: &PortPlan, packet: &PacketPlan, codes: Codes<'_>, slot: &mut [u8]) {
    let start = HEADROOM as usize;
    let Some(payload) = slot.get_mut(start..start + usize::from(packet.payload_bytes)) else { return };
    match port.format {
        WireFormat::Rgb8 => bytes(port, packet, codes, payload),
        WireFormat::Rgb16 => words(port, packet, codes, payload),
        WireFormat::Rgb10 | WireFormat::Rgb12 => bits(port, packet, codes, payload),
    }
}

/// The channels of a pixel in the order of the wire.
#[inline]
fn ordered<S>(codes: [S; 3], order: ColorOrder) -> [S; 3] {
    let [r, g, b] = codes;
    match order {
        ColorOrder::Rgb => [r, g, b],
        ColorOrder::Rbg => [r, b, g],
        ColorOrder::Grb => [g, r, b],
        ColorOrder::Gbr => [g, b, r],
        ColorOrder::Brg => [b, r, g],
        ColorOrder::Bgr => [b, g, r],
    }
}

/// The part of a payload that belongs to a run.
fn part<'a>(payload: &'a mut [u8], run: &Run, pixel_bytes: usize) -> &'a mut [u8] {
    let first = usize::from(run.first_pixel) * pixel_bytes;
    payload.get_mut(first..first + usize::from(run.length) * pixel_bytes).unwrap_or_default()
}

#[expect(clippy::cast_possible_truncation, reason = "codes of this format have 8 bits")]
fn bytes(port: &PortPlan, packet: &PacketPlan, codes: Codes<'_>, payload: &mut [u8]) {
    for run in port.runs_of(packet) {
        let out = part(payload, run, 3);
        if run.module.is_none() {
            out.fill(0);
            continue;
        }
        let narrow = |(bytes, pixel): (&mut [u8; 3], [u16; 3])| *bytes = ordered(pixel, run.color_order).map(|code| code as u8);
        let pixels = out.as_chunks_mut::<3>().0;
        match codes.row_of(run) {
            _ if run.step_x != 1 => pixels.iter_mut().zip(codes.of_run(run)).for_each(narrow),
            RowCodes::Words(row) => pixels.iter_mut().zip(row.as_chunks().0.iter().copied()).for_each(narrow),
            RowCodes::Bytes(row) => match (run.color_order, row.as_chunks().0) {
                (ColorOrder::Rgb, row) if row.len() == pixels.len() => pixels.copy_from_slice(row),
                (order, row) => pixels.iter_mut().zip(row).for_each(|(bytes, &pixel)| *bytes = ordered(pixel, order)),
            },
        }
    }
}

fn words(port: &PortPlan, packet: &PacketPlan, codes: Codes<'_>, payload: &mut [u8]) {
    for run in port.runs_of(packet) {
        let out = part(payload, run, 6);
        if run.module.is_none() {
            out.fill(0);
            continue;
        }
        let word = |(bytes, pixel): (&mut [u8; 6], [u16; 3])| {
            let [a, b, c] = ordered(pixel, run.color_order).map(u16::to_be_bytes);
            *bytes = [a[0], a[1], b[0], b[1], c[0], c[1]];
        };
        let out = out.as_chunks_mut::<6>().0.iter_mut();
        match codes.row_of(run) {
            RowCodes::Words(row) if run.step_x == 1 => out.zip(row.as_chunks().0.iter().copied()).for_each(word),
            RowCodes::Words(_) | RowCodes::Bytes(_) => out.zip(codes.of_run(run)).for_each(word),
        }
    }
}

/// Samples of 10 or 12 bits, group by group.
fn bits(port: &PortPlan, packet: &PacketPlan, codes: Codes<'_>, payload: &mut [u8]) {
    let group_bytes = port.format.group_bytes() as usize;
    let mut writer = GroupWriter { bits: port.format.bits(), held: 0, free: 0, groups: payload.chunks_exact_mut(group_bytes) };
    writer.free = writer.room();
    for run in port.runs_of(packet) {
        match codes.row_of(run) {
            _ if run.module.is_none() => (0..run.length).for_each(|_| writer.pixel([0; 3])),
            RowCodes::Words(row) if run.step_x == 1 => {
                row.as_chunks().0.iter().for_each(|&pixel| writer.pixel(ordered(pixel, run.color_order)));
            }
            RowCodes::Words(_) | RowCodes::Bytes(_) => {
                codes.of_run(run).for_each(|pixel| writer.pixel(ordered(pixel, run.color_order)));
            }
        }
    }
    writer.finish();
}

/// Collects the pixels of a group in a word, the first topmost, and writes whole groups. Runs of a packet follow each other
/// without gaps.
struct GroupWriter<'a> {
    /// Bits of a sample.
    bits: u32,
    /// Samples of the open group, the last one lowest.
    held: u128,
    /// Bits that are missing in the open group.
    free: u32,
    groups: core::slice::ChunksExactMut<'a, u8>,
}

impl GroupWriter<'_> {
    /// Bits of a group: four pixels of 10 bits, two of 12.
    const fn room(&self) -> u32 {
        if self.bits == 10 { 120 } else { 72 }
    }

    #[inline]
    fn pixel(&mut self, codes: [u16; 3]) {
        let [a, b, c] = codes.map(u64::from);
        let pixel = (a << (2 * self.bits)) | (b << self.bits) | c;
        self.held = (self.held << (3 * self.bits)) | u128::from(pixel);
        self.free -= 3 * self.bits;
        if self.free == 0 {
            self.write();
        }
    }

    fn write(&mut self) {
        let bytes = (self.held << (128 - self.room())).to_be_bytes();
        if let Some(group) = self.groups.next() {
            group.iter_mut().zip(bytes).for_each(|(byte, own)| *byte = own);
        }
        self.held = 0;
        self.free = self.room();
    }

    /// Pads the open group with zero bits.
    fn finish(mut self) {
        if self.free < self.room() {
            self.held <<= self.free;
            self.write();
        }
    }
}

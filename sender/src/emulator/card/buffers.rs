//! Frame buffers of a card: whole pictures of its own pixels, of which one is shown and the others are filled.

use crate::emulator::bits::BitSet;
use crate::emulator::card::memory::{MemoryMap, Span};
use crate::wall::WireFormat;
use crate::wire::ocp809::{StreamHeader, samples};

/// A frame of a card's pixels as it came over the wire.
#[derive(Debug)]
pub(super) struct Buffer {
    codes: Vec<[u16; 3]>,
    format: WireFormat,
    have: BitSet,
    in_use: bool,
}

/// The pixels of a shown frame: samples as the wire carried them, at the depth of `format`.
#[derive(Debug, Clone, Copy)]
pub struct Codes<'a> {
    /// One entry per pixel of the card's memory, samples in the order of the wire.
    pub codes: &'a [[u16; 3]],
    /// Their depth.
    pub format: WireFormat,
}

/// All buffers of a card.
#[derive(Debug)]
pub(super) struct Buffers {
    buffers: Vec<Buffer>,
}

/// A buffer by its place.
pub(super) type BufferIndex = usize;

impl Buffer {
    /// Writes the pixels of a packet that belong to the card. A packet of another format than the frame's is left out.
    fn write(&mut self, map: &MemoryMap, format: WireFormat, header: &StreamHeader, payload: &[u8]) {
        if self.have.count() == 0 {
            self.format = format;
        }
        if self.format != format {
            return;
        }
        map.spans(header, |Span { first, memory, length }| {
            if let Some(place) = self.codes.get_mut(memory..memory + length) {
                samples::unpack(format, payload, first, place);
                self.have.insert_range(memory, length);
            }
        });
    }
}

impl Buffers {
    /// `count` buffers (at least 2) of `pixels` pixels.
    pub(super) fn new(count: u8, pixels: usize) -> Self {
        let buffer = || Buffer { codes: vec![[0; 3]; pixels], format: WireFormat::Rgb8, have: BitSet::default(), in_use: false };
        Self { buffers: (0..count.max(2)).map(|_| buffer()).collect() }
    }

    /// Takes a free buffer, emptied.
    pub(super) fn take(&mut self) -> Option<BufferIndex> {
        let index = self.buffers.iter().position(|buffer| !buffer.in_use)?;
        let buffer = self.buffers.get_mut(index)?;
        buffer.in_use = true;
        buffer.have.clear();
        Some(index)
    }

    /// Gives a buffer back.
    pub(super) fn free(&mut self, index: BufferIndex) {
        if let Some(buffer) = self.buffers.get_mut(index) {
            buffer.in_use = false;
        }
    }

    /// Empties a buffer that is being filled.
    pub(super) fn restart(&mut self, index: BufferIndex) {
        if let Some(buffer) = self.buffers.get_mut(index) {
            buffer.have.clear();
        }
    }

    /// Writes a packet that was aimed at this card; whether the frame is whole now.
    pub(super) fn write(
        &mut self,
        index: BufferIndex,
        map: &MemoryMap,
        format: WireFormat,
        header: &StreamHeader,
        payload: &[u8],
    ) -> bool {
        let Some(buffer) = self.buffers.get_mut(index) else { return false };
        buffer.write(map, format, header, payload);
        map.needed() > 0 && buffer.have.count() >= map.needed()
    }

    /// The pixels of a buffer.
    pub(super) fn codes(&self, index: BufferIndex) -> Option<Codes<'_>> {
        self.buffers.get(index).map(|buffer| Codes { codes: &buffer.codes, format: buffer.format })
    }

    /// Buffers that are neither shown nor filled.
    pub(super) fn headroom(&self) -> usize {
        self.buffers.iter().filter(|buffer| !buffer.in_use).count()
    }

    /// How many buffers there are.
    pub(super) const fn count(&self) -> usize {
        self.buffers.len()
    }
}

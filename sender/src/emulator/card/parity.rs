//! Rebuilding the one missing packet of a group (PROTOCOL.md 6).
//!
//! A card that never saw PARITY does no work for it. From the first one on it keeps two accumulators, the exclusive or of
//! what came of the newest two groups.

use crate::emulator::card::counters::Tally;
use crate::wall::WireFormat;
use crate::wire::ocp809::{FrameId, StreamHeader, StreamKind, payload_len};

/// What came of one group.
#[derive(Debug, Default)]
struct Accumulator {
    frame_id: FrameId,
    base: u16,
    target: u16,
    offset: u32,
    count: u16,
    payload: Vec<u8>,
    /// The format of the frame, once a packet of the group came.
    format: Option<WireFormat>,
    /// PIXELS packets in it.
    members: u32,
    has_parity: bool,
}

/// A packet that was rebuilt.
#[derive(Debug)]
pub(super) struct Rebuilt {
    /// Its header.
    pub(super) header: StreamHeader,
    /// Its format.
    pub(super) format: WireFormat,
    /// Its payload; give it back to [`Parity::done`].
    pub(super) payload: Vec<u8>,
}

/// The accumulators of a card, the older first.
#[derive(Debug, Default)]
pub(super) struct Parity {
    log2_group: Option<u8>,
    groups: Vec<Accumulator>,
    spare: Vec<Vec<u8>>,
}

impl Accumulator {
    fn add(&mut self, header: &StreamHeader, payload: &[u8]) {
        self.target ^= header.target;
        self.offset ^= header.offset;
        self.count ^= header.count;
        if self.payload.len() < payload.len() {
            self.payload.resize(payload.len(), 0);
        }
        for (sum, byte) in self.payload.iter_mut().zip(payload) {
            *sum ^= byte;
        }
    }
}

impl Parity {
    /// Forgets all groups, for a new master.
    pub(super) fn clear(&mut self) {
        self.spare.extend(self.groups.drain(..).map(|group| group.payload));
    }

    /// Adds a PIXELS packet that came for the first time.
    #[inline]
    pub(super) fn pixels(&mut self, header: &StreamHeader, format: WireFormat, payload: &[u8]) {
        let Some(log2_group) = self.log2_group else { return };
        let base = header.seq >> log2_group << log2_group;
        if let Some(group) = self.group(header.frame_id, base) {
            group.add(header, payload);
            group.format = Some(format);
            group.members += 1;
        }
    }

    /// Adds a PARITY packet.
    pub(super) fn parity(&mut self, header: &StreamHeader, payload: &[u8]) {
        let StreamKind::Parity { log2_group } = header.kind else { return };
        if self.log2_group != Some(log2_group) {
            self.clear();
            self.log2_group = Some(log2_group);
        }
        let base = header.seq >> log2_group << log2_group;
        if base != header.seq {
            return;
        }
        if let Some(group) = self.group(header.frame_id, base).filter(|group| !group.has_parity) {
            group.add(header, payload);
            group.has_parity = true;
        }
    }

    /// The accumulator of a group: one of the two, or a new one in place of the older; `None` for a group older than both.
    fn group(&mut self, frame_id: FrameId, base: u16) -> Option<&mut Accumulator> {
        let is = |group: &Accumulator| group.frame_id == frame_id && group.base == base;
        let index = if let Some(index) = self.groups.iter().position(is) {
            index
        } else {
            let newer = |g: &Accumulator| g.frame_id.newer(frame_id) || (g.frame_id == frame_id && g.base > base);
            let index = self.groups.iter().position(newer).unwrap_or(self.groups.len());
            self.insert(index, frame_id, base)?
        };
        self.groups.get_mut(index)
    }

    fn insert(&mut self, index: usize, frame_id: FrameId, base: u16) -> Option<usize> {
        let mut index = index;
        if self.groups.len() >= 2 {
            index = index.checked_sub(1)?;
            let evicted = self.groups.remove(0);
            self.spare.push(evicted.payload);
        }
        let mut payload = self.spare.pop().unwrap_or_default();
        payload.clear();
        self.groups.insert(index, Accumulator { frame_id, base, payload, ..Accumulator::default() });
        Some(index)
    }

    /// The missing packet of a group that lacks exactly one. `progress` tells what came of a frame and how many packets
    /// it has, once its LATCH said so.
    pub(super) fn rebuild<'t>(&mut self, progress: impl Fn(FrameId) -> Option<(&'t Tally, Option<u16>)>) -> Option<Rebuilt> {
        let log2_group = self.log2_group?;
        (0..self.groups.len()).find_map(|index| {
            let followed = self.groups.get(index + 1).map(|next| next.frame_id);
            let group = self.groups.get_mut(index).filter(|group| group.has_parity)?;
            let (tally, packets) = progress(group.frame_id)?;
            let full = followed == Some(group.frame_id);
            let size = group_size(log2_group, group.base, packets, full)?;
            if group.members + 1 != size {
                return None;
            }
            let base = usize::from(group.base);
            let seq = u16::try_from(tally.any().first_absent(base..base + size as usize)?).ok()?;
            let format = group.format?;
            let header = StreamHeader {
                frame_id: group.frame_id,
                ..StreamHeader::pixels(format, seq, group.target, group.offset, group.count)
            };
            // Once only, whatever comes of it.
            group.has_parity = false;
            let length = payload_len(&header)?;
            if length > group.payload.len() {
                return None;
            }
            let mut payload = core::mem::take(&mut group.payload);
            payload.truncate(length);
            Some(Rebuilt { header, format, payload })
        })
    }

    /// Takes the memory of a rebuilt packet back.
    pub(super) fn done(&mut self, rebuilt: Rebuilt) {
        self.spare.push(rebuilt.payload);
    }
}

/// Packets of the group at `base`: all of 2^`log2_group`, or what the frame's last packet leaves; `None` while unknown.
fn group_size(log2_group: u8, base: u16, packets: Option<u16>, full: bool) -> Option<u32> {
    let size = 1_u32 << log2_group;
    match packets {
        Some(packets) => Some(u32::from(packets).saturating_sub(u32::from(base)).min(size)),
        None => full.then_some(size),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emulator::card::Side;

    const GROUP: u8 = 2;

    fn packet(seq: u16) -> (StreamHeader, Vec<u8>) {
        let count = if seq == 5 { 7 } else { 10 };
        let header =
            StreamHeader { frame_id: FrameId(9), ..StreamHeader::pixels(WireFormat::Rgb8, seq, 3, u32::from(seq) * 10, count) };
        let payload = (0..count * 3).map(|i| u8::try_from((i * 7 % 251) ^ seq).unwrap_or(0)).collect();
        (header, payload)
    }

    /// The PARITY of a group, built by its definition.
    fn parity_of(base: u16, members: core::ops::Range<u16>) -> (StreamHeader, Vec<u8>) {
        let mut sum = (0_u16, 0_u32, 0_u16, vec![0_u8; 28]);
        for (header, payload) in members.map(packet) {
            sum = (sum.0 ^ header.target, sum.1 ^ header.offset, sum.2 ^ header.count, sum.3);
            sum.3.resize(sum.3.len().max(payload.len()), 0);
            sum.3.iter_mut().zip(payload).for_each(|(s, b)| *s ^= b);
        }
        let kind = StreamKind::Parity { log2_group: GROUP };
        (StreamHeader { kind, frame_id: FrameId(9), seq: base, target: sum.0, offset: sum.1, count: sum.2 }, sum.3)
    }

    /// Feeds two groups of a frame of six packets, of which `lost` do not come, and rebuilds what can be.
    fn rebuilt(lost: &[u16], latched: bool) -> Vec<(StreamHeader, Vec<u8>)> {
        let (mut parity, mut tally) = (Parity::default(), Tally::default());
        // A card learns the group's size from the first PARITY that it sees.
        parity.parity(&StreamHeader { frame_id: FrameId(8), ..parity_of(0, 0..4).0 }, &[0; 30]);
        let mut out = Vec::new();
        for (base, members) in [(0, 0..4), (4, 4..6)] {
            for seq in members.clone().filter(|seq| !lost.contains(seq)) {
                let (header, payload) = packet(seq);
                if tally.received(Side::A, seq) {
                    parity.pixels(&header, WireFormat::Rgb8, &payload);
                }
            }
            let (header, payload) = parity_of(base, members);
            parity.parity(&header, &payload);
            while let Some(found) = parity.rebuild(|_| Some((&tally, latched.then_some(6)))) {
                tally.rebuilt(found.header.seq);
                out.push((found.header, found.payload.clone()));
                parity.done(found);
            }
        }
        out
    }

    #[test]
    fn one_missing_packet_of_a_group_comes_back_as_it_was() {
        for lost in 0..4 {
            assert_eq!(rebuilt(&[lost], false), [packet(lost)], "packet {lost}, known once the next group begins");
        }
        for lost in 4..6 {
            assert_eq!(rebuilt(&[lost], false), [], "the last group's size is not known without the LATCH");
            assert_eq!(rebuilt(&[lost], true), [packet(lost)], "packet {lost}, shorter or longer than its neighbours");
        }
        assert_eq!(rebuilt(&[1, 4], true).len(), 2, "one of each group");
    }

    #[test]
    fn two_missing_packets_of_a_group_stay_missing() {
        assert_eq!(rebuilt(&[0, 3], true), [], "two unknowns, one equation");
    }
}

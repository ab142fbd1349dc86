//! A Colorlight receiver in net-card mode: it cuts its rectangle out of the rows that pass, keeps them, and shows them on a
//! sync. A row that did not come keeps its old content; there is no CRC and no feedback, so pictures can tear.

use super::Moment;
use super::card::{CardModule, CardTransfer, Codes, Forward, Picture, Side};
use super::cascade::{Inbound, Node, Outbox};
use super::light::{Locator, Shining};
use crate::geometry::{Orientation, PixelPoint, PixelRect};
use crate::time::Nanos;
use crate::wall::{ColorlightFirmware, WireFormat};
use crate::wire::colorlight::{ColorlightFrame, DiscoveryReplyRepr, REPLY_LEN, ROW_MARKER, RowFrame, SYNC_LEN, SyncRepr};

/// From a frame's front at one port to its front at the next card, in nanoseconds.
const RESIDENCE_NS: u64 = 1_500;

/// Model code of the 5A family.
const MODEL_5A: u8 = 4;

/// A virtual receiver.
#[derive(Debug)]
pub struct Receiver {
    place: u8,
    rect: PixelRect,
    firmware: ColorlightFirmware,
    transfer: CardTransfer,
    module: [CardModule; 1],
    rows: Vec<[u16; 3]>,
    shown: Option<Vec<[u16; 3]>>,
    sync: SyncRepr,
    syncs_since_row: u8,
    counters: ReceiverCounters,
    powered_at: Nanos,
}

/// What a receiver counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReceiverCounters {
    /// Packets of whatever type.
    pub packets: u32,
    /// Row packets with pixels of its rectangle.
    pub rows: u64,
    /// Pictures that were shown.
    pub shown: u64,
    /// Row packets that it does not understand: too short, or with a marker that its firmware refuses.
    pub refused: u64,
}

impl Receiver {
    /// The receiver at `place` of a chain, configured with its rectangle, switched on at `now`.
    #[must_use]
    pub fn new(place: u8, rect: PixelRect, firmware: ColorlightFirmware, transfer: CardTransfer, now: Nanos) -> Self {
        let pixels = usize::try_from(rect.size().area()).unwrap_or(0);
        let module = CardModule { size: rect.size(), at: PixelPoint::default(), orientation: Orientation::UPRIGHT };
        Self {
            place,
            rect,
            firmware,
            transfer,
            module: [module],
            rows: vec![[0; 3]; pixels],
            shown: None,
            sync: SyncRepr::new(0, [u8::MAX; 3]),
            syncs_since_row: 0,
            counters: ReceiverCounters::default(),
            powered_at: now,
        }
    }

    /// Switches it off and on: the rectangle stays, the rows are gone.
    pub fn power_cycle(&mut self, now: Nanos) {
        *self = Self::new(self.place, self.rect, self.firmware, self.transfer.clone(), now);
    }

    /// Its rectangle on the port's canvas.
    #[must_use]
    pub const fn rect(&self) -> PixelRect {
        self.rect
    }

    /// What it counted.
    #[must_use]
    pub const fn counters(&self) -> &ReceiverCounters {
        &self.counters
    }

    /// The last sync that took effect: brightness and gains.
    #[must_use]
    pub const fn sync(&self) -> &SyncRepr {
        &self.sync
    }

    /// When it was switched on.
    #[must_use]
    pub const fn powered_at(&self) -> Nanos {
        self.powered_at
    }

    /// What it shows now.
    #[must_use]
    pub fn picture(&self) -> Picture<'_> {
        self.shown.as_deref().map_or(Picture::Black, |codes| Picture::Frame(Codes { codes, format: WireFormat::Rgb8 }))
    }

    fn row(&mut self, row: &RowFrame<'_>) {
        let fields = row.repr();
        if self.firmware == ColorlightFirmware::From13 && fields.marker != ROW_MARKER {
            self.counters.refused += 1;
            return;
        }
        self.syncs_since_row = 0;
        let line = PixelRect::new(fields.x.into(), fields.row.into(), fields.count.into(), 1);
        let Some(own) = line.intersection(self.rect) else { return };
        self.counters.rows += 1;
        let first = (own.y - self.rect.y) as usize * self.rect.width as usize + (own.x - self.rect.x) as usize;
        let skipped = (own.x - line.x) as usize * 3;
        let pixels = row.pixels().get(skipped..).unwrap_or_default().as_chunks::<3>().0;
        let place = self.rows.get_mut(first..first + own.width as usize).unwrap_or_default();
        for (pixel, bytes) in place.iter_mut().zip(pixels) {
            *pixel = bytes.map(u16::from);
        }
    }

    /// A sync shows the rows; from firmware 13 on it takes the second one.
    fn latch(&mut self, sync: SyncRepr) {
        self.syncs_since_row = self.syncs_since_row.saturating_add(1);
        let wanted = match self.firmware {
            ColorlightFirmware::UpTo12 => 1,
            ColorlightFirmware::From13 => 2,
        };
        if self.syncs_since_row < wanted {
            return;
        }
        self.sync = sync;
        self.counters.shown += 1;
        self.shown.get_or_insert_with(|| vec![[0; 3]; self.rows.len()]).copy_from_slice(&self.rows);
    }

    fn reply(&self, moment: Moment) -> Vec<u8> {
        let uptime_ms = moment.now.since(self.powered_at) / 1_000_000;
        let extent = |end: u64| u16::try_from(end).unwrap_or(u16::MAX);
        let mut frame = [0; REPLY_LEN];
        let firmware = match self.firmware {
            ColorlightFirmware::UpTo12 => (11, 4),
            ColorlightFirmware::From13 => (13, 39),
        };
        DiscoveryReplyRepr {
            model: MODEL_5A,
            firmware,
            // Cards in use report how far their rectangle reaches.
            width: extent(self.rect.right()),
            height: extent(self.rect.bottom()),
            packets: self.counters.packets,
            uptime_ms: u32::try_from(uptime_ms).unwrap_or(u32::MAX),
            place: self.place,
        }
        .emit(&mut frame);
        frame.to_vec()
    }
}

impl<'a> From<&'a Receiver> for Shining<'a> {
    fn from(receiver: &'a Receiver) -> Self {
        let brightness = f32::from(receiver.sync.brightness) / 255.0;
        Self {
            picture: receiver.picture(),
            scale: receiver.sync.gains.map(|gain| brightness * f32::from(gain) / 255.0),
            transfer: &receiver.transfer,
            calibration: None,
            modules: &receiver.module,
            gray_bits: 16,
            low_gray: None,
            locator: Locator::None,
        }
    }
}

impl Node for Receiver {
    fn residence_ns(&self) -> u64 {
        RESIDENCE_NS
    }

    fn advance(&mut self, _moment: Moment, _outbox: &mut Outbox) {}

    fn receive(&mut self, side: Side, moment: Moment, frame: Inbound<'_>, outbox: &mut Outbox) -> Forward {
        self.counters.packets = self.counters.packets.wrapping_add(1);
        match ColorlightFrame::parse(frame.bytes) {
            // What it receives at its far port are answers of cards behind it.
            _ if side == Side::B => {}
            Ok(ColorlightFrame::Row(row)) => self.row(&row),
            Ok(ColorlightFrame::Sync(sync)) => {
                let fields = sync.repr();
                self.latch(fields);
                // It goes on with one hop more.
                let mut onward = [0; SYNC_LEN];
                SyncRepr { hops: fields.hops.wrapping_add(1), ..fields }.emit(&mut onward);
                outbox.send(side.other(), onward.to_vec());
                return Forward::No;
            }
            Ok(ColorlightFrame::DiscoveryRequest(request)) => {
                if request.repr().place == self.place {
                    outbox.send(side, self.reply(moment));
                }
            }
            Ok(ColorlightFrame::DiscoveryReply(_) | ColorlightFrame::Brightness(_)) => {}
            Err(_) => self.counters.refused += 1,
        }
        Forward::Yes
    }

    fn link_changed(&mut self, _side: Side, _up: bool) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::colorlight::{DiscoveryReply, DiscoveryRequestRepr, REQUEST_LEN, ROW_HEADER_LEN, RowRepr, SyncFrame};

    fn receiver(firmware: ColorlightFirmware) -> Receiver {
        Receiver::new(1, PixelRect::new(2, 1, 3, 2), firmware, CardTransfer::Linear, Nanos(0))
    }

    fn take(receiver: &mut Receiver, bytes: &[u8]) -> (Forward, Vec<(Side, Vec<u8>)>) {
        let mut outbox = Outbox::default();
        let content = crate::emulator::packets::Content::Other;
        let forward = receiver.receive(Side::A, Moment::default(), Inbound { bytes, content, fcs_ok: true }, &mut outbox);
        (forward, outbox.take())
    }

    fn row(y: u16, x: u16, pixels: &[[u8; 3]]) -> Vec<u8> {
        let mut frame = vec![0; ROW_HEADER_LEN];
        RowRepr::new(y, x, u16::try_from(pixels.len()).expect("few")).emit(frame.first_chunk_mut().expect("long enough"));
        frame.extend(pixels.as_flattened());
        frame.resize(frame.len().max(60), 0xee);
        frame
    }

    fn sync(brightness: u8) -> [u8; SYNC_LEN] {
        let mut frame = [0; SYNC_LEN];
        SyncRepr::new(brightness, [255; 3]).emit(&mut frame);
        frame
    }

    fn shown(receiver: &Receiver) -> Option<Vec<u16>> {
        receiver.shown.as_ref().map(|codes| codes.iter().map(|c| c[0]).collect())
    }

    #[test]
    fn it_cuts_its_rectangle_out_of_the_rows_and_keeps_what_does_not_come() {
        let mut r = receiver(ColorlightFirmware::UpTo12);
        let line: Vec<[u8; 3]> = (10..18).map(|v| [v; 3]).collect();
        assert_eq!(take(&mut r, &row(1, 0, &line)).0, Forward::Yes, "rows pass on");
        take(&mut r, &row(2, 4, &line[..1]));
        assert_eq!(shown(&r), None, "nothing before a sync");
        take(&mut r, &sync(255));
        assert_eq!(shown(&r), Some(vec![12, 13, 14, 0, 0, 10]), "columns 2 to 4 of row 1, column 4 of row 2");
        take(&mut r, &row(2, 0, &line));
        take(&mut r, &sync(9));
        assert_eq!(shown(&r), Some(vec![12, 13, 14, 12, 13, 14]), "row 1 keeps its content");
        assert_eq!(r.sync().brightness, 9, "the sync's brightness holds");
    }

    #[test]
    fn firmware_13_takes_the_second_sync_and_only_marked_rows() {
        let mut r = receiver(ColorlightFirmware::From13);
        take(&mut r, &row(1, 2, &[[7; 3]; 3]));
        take(&mut r, &sync(255));
        assert_eq!(shown(&r), None, "one sync is not enough");
        take(&mut r, &sync(255));
        assert_eq!(shown(&r), Some(vec![7, 7, 7, 0, 0, 0]), "the second one is");
        let mut unmarked = row(1, 2, &[[9; 3]; 3]);
        unmarked[ROW_HEADER_LEN - 1] = 0x80;
        take(&mut r, &unmarked);
        take(&mut r, &sync(255));
        take(&mut r, &sync(255));
        assert_eq!((shown(&r), r.counters().refused), (Some(vec![7, 7, 7, 0, 0, 0]), 1), "an old sender's marker is refused");
    }

    #[test]
    fn a_sync_goes_on_with_one_hop_more_and_discovery_is_answered_by_place() {
        let mut r = receiver(ColorlightFirmware::From13);
        let (forward, sent) = take(&mut r, &sync(255));
        assert_eq!(forward, Forward::No, "the original ends here");
        let (side, onward) = sent.first().expect("a changed copy");
        assert_eq!((*side, SyncFrame::new_checked(onward).map(|s| s.repr().hops)), (Side::B, Ok(1)), "one hop more");
        for (place, answers) in [(0, 0), (1, 1), (2, 0)] {
            let mut request = [0; REQUEST_LEN];
            DiscoveryRequestRepr { place }.emit(&mut request);
            let (_, sent) = take(&mut r, &request);
            assert_eq!(sent.len(), answers, "place {place}");
            if let Some((side, reply)) = sent.first() {
                let reply = DiscoveryReply::new_checked(reply).expect("sound").repr();
                assert_eq!((*side, reply.width, reply.height, reply.place), (Side::A, 5, 3, 1), "who and how far it reaches");
            }
        }
    }
}

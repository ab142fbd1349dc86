//! A sender and a virtual wall on one bench: pictures that are told apart pixel by pixel, packed bit by bit by the plan.

use std::sync::Arc;

use crate::emulator::{CardDetail, Ocp809Status, VirtualCards, VirtualWall};
use crate::geometry::{PixelRect, PixelSize};
use crate::ids::{PortIndex, ScreenIndex};
use crate::slice::{PortPlan, SlicePlan};
use crate::stream::{FeedEnd, LatchPackets, PortFrame, PortLayout};
use crate::time::{Nanos, Tai};
use crate::wall::layout::{Grid, serpentine};
use crate::wall::{Wall, WallSpec, WireFormat};
use crate::wire::ethernet::MacAddress;
use crate::wire::field::put_bytes;
use crate::wire::ocp809::control::{ControlFrame, Message, Reassembly, Seal};
use crate::wire::ocp809::{EPOCH_WITHOUT_CARDS, FrameId, Latch, software_address};

/// TAI runs this far ahead of the monotonic clock.
pub(super) const TAI_AHEAD: u64 = 1_000_000_000_000;

/// The address of the interface at the far end of a loop.
const TAIL: MacAddress = MacAddress([2, 0, 0, 0, 0, 0x99]);

/// One millisecond.
pub(super) const MS: u64 = 1_000_000;

pub(super) struct Rig {
    pub(super) wall: Wall,
    pub(super) cards: VirtualWall,
    plan: SlicePlan,
    frames: Vec<PortFrame>,
    latches: Vec<LatchPackets>,
    pub(super) latch: Latch,
    pub(super) now: u64,
    /// The last frame's number; its picture and its id follow from it.
    pub(super) number: u16,
}

/// The picture of frame `number`: every pixel and channel has its own code.
pub(super) fn code(number: u16, screen: usize, x: u32, y: u32, channel: usize, format: WireFormat) -> u16 {
    let mut mixed = u64::from(number) << 48 ^ (screen as u64) << 40 ^ u64::from(x) << 22 ^ u64::from(y) << 4 ^ channel as u64;
    mixed = (mixed ^ mixed >> 31).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    u16::try_from(mixed >> 48).expect("16 bits") >> (16 - format.bits())
}

/// A wall of one port with so many cards of 8x4 pixels: one packet each.
pub(super) fn row_of_cards(cards: u32, change: impl FnOnce(&mut WallSpec)) -> Wall {
    row_of(cards, PixelSize::new(8, 4), change)
}

/// A wall of one port with so many cards of 40x40 pixels: four packets each.
pub(super) fn row_of_large_cards(cards: u32, change: impl FnOnce(&mut WallSpec)) -> Wall {
    row_of(cards, PixelSize::new(40, 40), change)
}

fn row_of(cards: u32, size: PixelSize, change: impl FnOnce(&mut WallSpec)) -> Wall {
    let mut spec = serpentine(&Grid::new(cards, 1, size)).expect("a small grid");
    change(&mut spec);
    Wall::from_spec(&spec).expect("consistent")
}

impl Rig {
    pub(super) fn new(wall: Wall) -> Self {
        Self::with(wall, VirtualCards::default(), None)
    }

    pub(super) fn with(wall: Wall, cards: VirtualCards, parity: Option<u8>) -> Self {
        let plan = SlicePlan::build(&wall).expect("the wall fits");
        let layout = |port: &PortPlan| {
            let source = software_address(u8::try_from(port.port.0).expect("few ports"));
            let parity = parity.filter(|_| wall.port(port.port).is_some_and(|p| p.protocol == crate::wall::ProtocolKind::Ocp809));
            Arc::new(PortLayout::new(&wall, port, source, parity).expect("laid out"))
        };
        let frames: Vec<_> = plan.ports.iter().map(|port| PortFrame::new(layout(port))).collect();
        let latches = frames
            .iter()
            .map(|frame| LatchPackets::new(frame.layout(), &wall.port(frame.layout().port()).expect("its port").colorlight))
            .collect();
        let cards = VirtualWall::with(&wall, cards, Nanos(0));
        let latch = Latch::neutral(EPOCH_WITHOUT_CARDS);
        Self { wall, cards, plan, frames, latches, latch, now: MS, number: 0 }
    }

    /// A rig whose sender has begun: a LATCH without pixels, twice, from every end that it feeds.
    pub(super) fn started(wall: Wall) -> Self {
        let mut rig = Self::new(wall);
        rig.start();
        rig
    }

    pub(super) fn start(&mut self) {
        for port in 0..self.ports() {
            let packets = self.state_packets(port, self.number);
            self.deliver_latch(port, &packets);
        }
        self.pass(MS);
    }

    /// Hands a LATCH and its copy to a port. At the far end of a loop the copy goes first, and the second ones follow when
    /// the first ones have passed all cards: so every card hears both ends, and knows both as the master.
    pub(super) fn deliver_latch(&mut self, port: usize, packets: &[Vec<u8>]) {
        let ends = self.wall.ports()[port].redundant;
        for (index, packet) in packets.iter().enumerate() {
            self.deliver(port, FeedEnd::Head, packet);
            if ends {
                self.deliver(port, FeedEnd::Tail, &from_tail(&packets[packets.len() - 1 - index]));
                self.pass(u64::from(self.cards.cards().residence_ns) * self.wall.ports()[port].cascade.len() as u64);
            }
        }
    }

    pub(super) fn tai(&self) -> Tai {
        Tai(self.now + TAI_AHEAD)
    }

    /// Lets time pass.
    pub(super) fn pass(&mut self, ns: u64) {
        self.now += ns;
        self.cards.advance(Nanos(self.now), self.tai());
    }

    /// Hands a frame to a port and lets no time pass.
    pub(super) fn deliver(&mut self, port: usize, end: FeedEnd, frame: &[u8]) {
        let port = PortIndex(u16::try_from(port).expect("few ports"));
        self.cards.deliver(port, end, Nanos(self.now), Tai(self.now + TAI_AHEAD), frame);
    }

    /// The packets of frame `number` on a port, brightness packets of other protocols first.
    pub(super) fn packets(&mut self, port: usize, number: u16) -> Vec<Vec<u8>> {
        let Self { plan, frames, latches, latch, .. } = self;
        let (plan, frame) = (&plan.ports[port], &mut frames[port]);
        for (index, packet) in plan.packets.iter().enumerate() {
            let range = plan.payload_range(index);
            let payload = &mut frame.memory_mut()[range];
            payload.fill(0);
            for run in plan.runs_of(packet) {
                for i in 0..u32::from(run.length) {
                    let (x, y) = (step(run.x, run.step_x, i), step(run.y, run.step_y, i));
                    for (sample, channel) in run.color_order.channels().into_iter().enumerate() {
                        let code = match run.module {
                            Some(_) => code(number, run.screen.index(), x, y, usize::from(channel), plan.format),
                            None => 0,
                        };
                        put_bits(payload, (u32::from(run.first_pixel) + i) as usize * 3 + sample, plan.format, code);
                    }
                }
            }
        }
        frame.seal(0..plan.packets.len(), FrameId(number));
        let mut packets: Vec<Vec<u8>> = latches[port].opening(latch).packets().map(<[u8]>::to_vec).collect();
        packets.extend(frame.packets(0..plan.packets.len()).packets().map(<[u8]>::to_vec));
        packets
    }

    /// The latch packets of frame `number` on a port.
    pub(super) fn latch_packets(&mut self, port: usize, number: u16) -> Vec<Vec<u8>> {
        let packets = u16::try_from(self.plan.ports[port].packets.len()).expect("few");
        self.latches[port].closing(FrameId(number), packets, &self.latch).packets().map(<[u8]>::to_vec).collect()
    }

    /// A LATCH of no packets.
    pub(super) fn state_packets(&mut self, port: usize, number: u16) -> Vec<Vec<u8>> {
        self.latches[port].state(FrameId(number), &self.latch).packets().map(<[u8]>::to_vec).collect()
    }

    pub(super) fn ports(&self) -> usize {
        self.plan.ports.len()
    }

    /// Packets of pixels on a port.
    pub(super) fn packet_count(&self, port: usize) -> u64 {
        self.plan.ports[port].packets.len() as u64
    }

    /// Sends the next frame to all ports at their heads, a microsecond from packet to packet, and latches it.
    pub(super) fn show_next(&mut self) {
        self.number = self.number.wrapping_add(1);
        for port in 0..self.ports() {
            for packet in self.packets(port, self.number) {
                self.deliver(port, FeedEnd::Head, &packet);
            }
        }
        self.pass(MS);
        for port in 0..self.ports() {
            for packet in self.latch_packets(port, self.number) {
                self.deliver(port, FeedEnd::Head, &packet);
            }
        }
        self.pass(10 * MS);
    }

    /// Sends the pixels of the next frame to port 0.
    pub(super) fn send_pixels(&mut self) {
        self.number = self.number.wrapping_add(1);
        for packet in self.packets(0, self.number) {
            self.deliver(0, FeedEnd::Head, &packet);
        }
        self.pass(100_000);
    }

    /// Latches the last frame on port 0.
    pub(super) fn send_latch(&mut self) {
        for packet in self.latch_packets(0, self.number) {
            self.deliver(0, FeedEnd::Head, &packet);
        }
        self.pass(300_000);
    }

    /// Sends the next state without pixels to port 0.
    pub(super) fn send_state(&mut self) {
        self.number = self.number.wrapping_add(1);
        for packet in self.state_packets(0, self.number) {
            self.deliver(0, FeedEnd::Head, &packet);
        }
        self.pass(300_000);
    }

    /// Sends a message to the head of port 0 and returns what comes back there, joined.
    pub(super) fn ask(&mut self, message: &Message, seal: &Seal<'_>) -> Vec<Message> {
        self.heard(FeedEnd::Head);
        for frame in message.emit(seal).expect("short enough") {
            self.deliver(0, FeedEnd::Head, &frame);
            self.pass(20_000);
        }
        self.pass(MS / 2);
        self.heard(FeedEnd::Head)
    }

    /// The messages that came to an end of port 0 since the last time.
    pub(super) fn heard(&mut self, end: FeedEnd) -> Vec<Message> {
        let (mut joined, mut messages) = (Reassembly::new(), Vec::new());
        self.cards.drain(PortIndex(0), end, &mut |frame| {
            let frame = ControlFrame::new_checked(frame).expect("cards send whole frames");
            assert!(frame.packet().check_crc().is_ok(), "and sound ones");
            messages.extend(joined.push(&frame).expect("in order"));
        });
        messages
    }

    /// What a screen shows.
    pub(super) fn codes(&self, screen: u16) -> Vec<[u16; 3]> {
        let mut codes = Vec::new();
        self.cards.codes(ScreenIndex(screen), &mut codes);
        codes
    }

    /// What screens would show of frame `number` if all their LEDs did.
    pub(super) fn picture(&self, number: u16) -> Vec<Vec<[u16; 3]>> {
        let mut screens: Vec<_> =
            self.wall.screens().iter().map(|s| vec![[0; 3]; usize::try_from(s.size.area()).expect("small")]).collect();
        for module in self.wall.modules() {
            let cabinet = self.wall.cabinet(module.cabinet).expect("its cabinet");
            let format = self.plan.ports[cabinet.port.index()].format;
            let screen = module.screen.index();
            let width = self.wall.screens()[screen].size.width;
            for y in module.rect.y..module.rect.y + module.rect.height {
                for x in module.rect.x..module.rect.x + module.rect.width {
                    screens[screen][(y * width + x) as usize] = core::array::from_fn(|c| code(number, screen, x, y, c, format));
                }
            }
        }
        screens
    }

    /// Whether every screen shows frame `number`, and nothing else.
    pub(super) fn shows(&self, number: u16) -> bool {
        self.picture(number).into_iter().zip(0..).all(|(picture, screen)| self.codes(screen) == picture)
    }

    /// The frame that the card at `place` of port 0 shows whole, or 0 for black; `None`: a mixture.
    pub(super) fn whole_picture_of(&self, place: usize, candidates: impl Iterator<Item = u16>) -> Option<u16> {
        self.whole_pictures(candidates).remove(place)
    }

    /// The frames that the cards of port 0 show, as [`Rig::whole_picture_of`].
    pub(super) fn whole_pictures(&self, candidates: impl Iterator<Item = u16>) -> Vec<Option<u16>> {
        let (shown, candidates) = (self.codes(0), candidates.collect::<Vec<_>>());
        let (width, format) = (self.wall.screens()[0].size.width, self.plan.ports[0].format);
        let whole = |rect: PixelRect| {
            let pixels = || (rect.y..rect.y + rect.height).flat_map(|y| (rect.x..rect.x + rect.width).map(move |x| (x, y)));
            let all = |expected: &dyn Fn(u32, u32) -> [u16; 3]| {
                pixels().all(|(x, y)| shown[(y * width + x) as usize] == expected(x, y))
            };
            let of = |number: u16| all(&|x, y| core::array::from_fn(|channel| code(number, 0, x, y, channel, format)));
            if all(&|_, _| [0; 3]) { Some(0) } else { candidates.iter().copied().find(|&number| of(number)) }
        };
        self.wall.cascade(&self.wall.ports()[0]).map(|cabinet| whole(cabinet.rect)).collect()
    }

    /// The status of the card at `place` of port 0.
    pub(super) fn card(&self, place: u16) -> Ocp809Status {
        let status = self.cards.statuses().find(|s| s.port == PortIndex(0) && s.place == place).expect("a card");
        match status.detail {
            CardDetail::Ocp809(status) => *status,
            CardDetail::Colorlight { .. } => panic!("port 0 speaks OCP-809"),
        }
    }
}

/// The same packet as the interface at the far end of the loop sends it.
pub(super) fn from_tail(packet: &[u8]) -> Vec<u8> {
    let mut tail = packet.to_vec();
    put_bytes(&mut tail, 6, &TAIL.0);
    tail
}

fn step(start: u32, step: i8, times: u32) -> u32 {
    u32::try_from(i64::from(start) + i64::from(step) * i64::from(times)).expect("on the screen")
}

/// Writes sample `index` bit by bit, most significant first.
fn put_bits(payload: &mut [u8], index: usize, format: WireFormat, code: u16) {
    for bit in 0..format.bits() as usize {
        let at = index * format.bits() as usize + bit;
        if code >> (format.bits() as usize - 1 - bit) & 1 == 1 {
            payload[at / 8] |= 0x80 >> (at % 8);
        }
    }
}

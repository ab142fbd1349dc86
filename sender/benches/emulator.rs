//! Virtual cards at work: a 1920x1080 frame of RGB8 through 16 cards, from packets to the flip, and the light of it.
//!
//! Real time at 60 frames per second leaves 16.7 ms of one core for a frame; a third of a core is 5.6 ms.
#![allow(clippy::expect_used, missing_docs, reason = "a bench fails by panicking")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use ocp809_sender::emulator::VirtualWall;
use ocp809_sender::geometry::PixelSize;
use ocp809_sender::ids::{PortIndex, ScreenIndex};
use ocp809_sender::slice::SlicePlan;
use ocp809_sender::stream::{FeedEnd, LatchPackets, PortFrame, PortLayout};
use ocp809_sender::time::{Nanos, Tai};
use ocp809_sender::wall::layout::{Grid, serpentine};
use ocp809_sender::wall::{Addressing, ColorlightSpec, Wall};
use ocp809_sender::wire::ocp809::{EPOCH_WITHOUT_CARDS, FrameId, Latch, software_address};

/// A frame's time at 60 frames per second.
const PERIOD_NS: u64 = 16_666_667;

/// Cards, and the packets that feed them.
struct Bench {
    cards: VirtualWall,
    frames: Vec<PortFrame>,
    latches: Vec<LatchPackets>,
    latch: Latch,
    now: u64,
    id: FrameId,
}

impl Bench {
    fn new(ports: u16, addressing: Addressing, parity: Option<u8>) -> Self {
        let mut grid = Grid::new(4, 4, PixelSize::new(480, 270));
        grid.ports = ports;
        grid.link.rate_mbit = 10_000;
        let mut spec = serpentine(&grid).expect("a grid");
        spec.ports.iter_mut().for_each(|port| port.addressing = addressing);
        let wall = Wall::from_spec(&spec).expect("consistent");
        let plan = SlicePlan::build(&wall).expect("the wall fits");
        let frames: Vec<_> = (0..)
            .zip(&plan.ports)
            .map(|(number, port)| {
                let layout = PortLayout::new(&wall, port, software_address(number), parity).expect("laid out");
                let mut frame = PortFrame::new(Arc::new(layout));
                for (index, _) in port.packets.iter().enumerate() {
                    for (at, byte) in frame.memory_mut()[port.payload_range(index)].iter_mut().enumerate() {
                        *byte = u8::try_from((at * 7 + index) % 251).expect("below 251");
                    }
                }
                frame
            })
            .collect();
        let latches = frames.iter().map(|frame| LatchPackets::new(frame.layout(), &ColorlightSpec::default())).collect();
        let latch = Latch::neutral(EPOCH_WITHOUT_CARDS);
        let mut bench = Self { cards: VirtualWall::new(&wall), frames, latches, latch, now: 1, id: FrameId(0) };
        bench.show();
        bench.show();
        bench
    }

    /// Sends, latches and flips the next frame; how long the cards took.
    fn show(&mut self) -> Duration {
        self.id = self.id.next();
        for frame in &mut self.frames {
            let packets = frame.layout().packets();
            frame.seal(0..packets, self.id);
        }
        #[expect(clippy::disallowed_methods, reason = "a bench measures real time")]
        let start = Instant::now();
        for (port, frame) in (0..).map(PortIndex).zip(&self.frames) {
            let packets = frame.layout().packets();
            let spacing = PERIOD_NS / 2 / packets as u64;
            for (packet, sent) in frame.packets(0..packets).packets().zip(0..) {
                let now = self.now + sent * spacing;
                self.cards.deliver(port, FeedEnd::Head, Nanos(now), Tai(now), packet);
                // The server looks after its cards every half millisecond.
                if sent % (500_000 / spacing) == 0 {
                    self.cards.advance(Nanos(now), Tai(now));
                }
            }
        }
        self.now += PERIOD_NS / 2;
        for ((port, latches), frame) in (0..).map(PortIndex).zip(&mut self.latches).zip(&self.frames) {
            let packets = u16::try_from(frame.layout().packets()).expect("few");
            for packet in latches.closing(self.id, packets, &self.latch).packets() {
                self.cards.deliver(port, FeedEnd::Head, Nanos(self.now), Tai(self.now), packet);
            }
        }
        self.now += PERIOD_NS / 2;
        self.cards.advance(Nanos(self.now), Tai(self.now));
        start.elapsed()
    }
}

fn emulator(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("emulator");
    let cases = [
        ("1080p, one port of 16 cards", 1, Addressing::Id, None),
        ("1080p, four ports of 4 cards", 4, Addressing::Id, None),
        ("1080p, one canvas of 16 cards", 1, Addressing::Canvas, None),
        ("1080p, one port of 16 cards with parity", 1, Addressing::Id, Some(5)),
    ];
    for (name, ports, addressing, parity) in cases {
        let mut bench = Bench::new(ports, addressing, parity);
        group.bench_function(name, |b| b.iter_custom(|frames| (0..frames).map(|_| bench.show()).sum()));
    }
    let mut bench = Bench::new(1, Addressing::Id, None);
    let (mut light, mut codes) = (Vec::new(), Vec::new());
    group.bench_function("light of 1080p", |b| b.iter(|| bench.cards.light(ScreenIndex(0), &mut light)));
    group.bench_function("codes of 1080p", |b| b.iter(|| bench.cards.codes(ScreenIndex(0), &mut codes)));
    group.finish();
}

criterion_group!(benches, emulator);
criterion_main!(benches);

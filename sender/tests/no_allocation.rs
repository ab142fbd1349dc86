//! Steady state allocates nothing: stream and transports, frame after frame, under a counting allocator.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]
#![expect(unsafe_code, reason = "an allocator that counts is an allocator")]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;

use common::capability::{program, require, root};
use common::linear_plan;
use common::netns::Namespace;
use ocp809_sender::emulator::{CardDetail, VirtualWall};
use ocp809_sender::geometry::PixelSize;
use ocp809_sender::ids::PortIndex;
use ocp809_sender::slice::SlicePlan;
use ocp809_sender::stream::{FeedEnd, FrameOutcome, FrameStart, LatchPackets, Pacing, PortFrame, PortLayout, PortSender};
use ocp809_sender::time::{Clock, Nanos, SystemClock, Tai};
use ocp809_sender::transport::fault::{FaultRates, FaultSwitch, Faulty};
use ocp809_sender::transport::memory::cable;
use ocp809_sender::transport::packet::{PacketOptions, PacketTransport};
use ocp809_sender::transport::trace::Traced;
use ocp809_sender::transport::{Backend, Reception, Transport, open};
use ocp809_sender::wall::layout::{Grid, raster};
use ocp809_sender::wall::{ColorlightSpec, ProtocolKind, Wall, WireFormat};
use ocp809_sender::wire::ethernet::MacAddress;
use ocp809_sender::wire::ocp809::auth::{CounterSource, KEY_LEN, Key, Signing, SiteKey};
use ocp809_sender::wire::ocp809::{EPOCH_WITHOUT_CARDS, FrameId, Latch, software_address};

/// Counts the allocations of each thread by itself, so that tests beside this one do not matter.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's own promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's own promise.
        unsafe { System.dealloc(pointer, layout) };
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations_of(mut work: impl FnMut()) -> u64 {
    let before = ALLOCATIONS.get();
    work();
    ALLOCATIONS.get() - before
}

const FRAMES: u16 = 50;
const WARM_UP: u16 = 5;

/// Sends frames out of `near` while `far` is emptied, and counts the allocations after a few frames.
fn steady_state(near: Box<dyn Transport>, far: &mut dyn Transport, parity: Option<u8>) -> u64 {
    steady_state_of(near, far, parity, None)
}

fn steady_state_of(near: Box<dyn Transport>, far: &mut dyn Transport, parity: Option<u8>, signing: Option<Signing>) -> u64 {
    let plan = linear_plan(100_000, 494, WireFormat::Rgb8);
    let source = MacAddress([2, 0, 0, 0, 0, 1]);
    let layout = Arc::new(PortLayout::of_protocol(ProtocolKind::Ocp809, &plan, source, parity).unwrap());
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let mut sender = PortSender::new(layout, &ColorlightSpec::default(), near, Pacing::spread(20), Arc::clone(&clock));
    let mut frame = sender.new_frame();
    if let Some(signing) = signing {
        sender = sender.signed(signing);
    }
    let latch = Latch::neutral(EPOCH_WITHOUT_CARDS);
    let mut buffer = [0; 2048];
    let mut send = |id| {
        let start = clock.now();
        let start = FrameStart { frame_id: FrameId(id), start, period_ns: 16_666_666, deadline: start.after(16_666_666) };
        sender.begin(&start, &latch);
        frame.renew(sender.is_settled());
        for band in [0..101, 101..203] {
            sender.send_ready(frame.memory_mut(), band);
            while far.receive(&mut buffer).unwrap().is_some() {}
        }
        let report = sender.latch(&latch, clock.now());
        assert_eq!(report.outcome, FrameOutcome::Sent, "frame {id}: {:?}", sender.last_error());
        sender.receive(&mut buffer);
        while far.receive(&mut buffer).unwrap().is_some() {}
    };
    (0..WARM_UP).for_each(&mut send);
    allocations_of(|| (WARM_UP..WARM_UP + FRAMES).for_each(&mut send))
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations_of(|| drop(std::hint::black_box(vec![1_u8; 100]))), 1, "one vector");
}

#[test]
fn a_port_on_a_cable_in_memory() {
    let (near, mut far) = cable(512);
    assert_eq!(steady_state(Box::new(Traced(near)), &mut far, None), 0, "traced, without a listener");
    let (near, mut far) = cable(512);
    assert_eq!(steady_state(Box::new(near), &mut far, Some(5)), 0, "with PARITY");
}

#[test]
fn signed_latches() {
    let (near, mut far) = cable(512);
    let signing = Signing { key: SiteKey { id: 1, key: Key::new([3; KEY_LEN]) }, counters: CounterSource::default() };
    assert_eq!(steady_state_of(Box::new(near), &mut far, None, Some(signing)), 0, "HMACs need no memory");
}

#[test]
fn injected_faults() {
    let (near, mut far) = cable(512);
    let rates = FaultRates {
        loss_per_mille: 10,
        reorder_per_mille: 10,
        duplicate_per_mille: 10,
        corrupt_per_mille: 10,
        delay_per_mille: 10,
        delay_us: 100,
    };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let faulty = Faulty::new(near, FaultSwitch::new(rates), FaultSwitch::default(), 1, 1518, clock);
    assert_eq!(steady_state(Box::new(faulty), &mut far, None), 0, "all kinds of them");
}

#[test]
fn an_interface_by_every_backend() {
    require!(root(), program("ip"));
    let namespace = Namespace::enter_new();
    let (near, far) = namespace.cable("near", "far");
    let options = PacketOptions { reception: Reception::Ocp809Card, ..PacketOptions::default() };
    let mut far = PacketTransport::open(&far, options).expect("root may");
    for (backend, parity) in [(Backend::Packet, None), (Backend::Ring, None), (Backend::Ring, Some(5)), (Backend::Xdp, None)] {
        let near = open(&near, Reception::Ocp809Sender, backend.alone()).expect("root may").transport;
        assert_eq!(steady_state(near, &mut far, parity), 0, "{backend}: send and receive");
    }
    assert_eq!(far.kernel_drops(), 0, "everything was received");
}

#[test]
fn virtual_cards() {
    let mut grid = Grid::new(4, 1, PixelSize::new(64, 64));
    grid.modules = PixelSize::new(2, 2);
    let wall = Wall::from_spec(&raster(&grid).unwrap()).unwrap();
    let plan = SlicePlan::build(&wall).unwrap();
    let layout = Arc::new(PortLayout::new(&wall, &plan.ports[0], software_address(0), Some(5)).unwrap());
    let mut frame = PortFrame::new(Arc::clone(&layout));
    let mut latches = LatchPackets::new(&layout, &ColorlightSpec::default());
    let mut cards = VirtualWall::new(&wall);
    let packets = u16::try_from(layout.packets()).unwrap();
    let mut show = |id: u16| {
        let sent = u64::from(id) * 16_666_667;
        frame.seal(0..packets.into(), FrameId(id));
        for packet in frame.packets(0..packets.into()).packets() {
            cards.deliver(PortIndex(0), FeedEnd::Head, Nanos(sent), Tai(sent), packet);
        }
        let shown = sent + 8_000_000;
        for packet in latches.closing(FrameId(id), packets, &Latch::neutral(EPOCH_WITHOUT_CARDS)).packets() {
            cards.deliver(PortIndex(0), FeedEnd::Head, Nanos(shown), Tai(shown), packet);
        }
        cards.advance(Nanos(shown + 1_000_000), Tai(shown + 1_000_000));
    };
    // The first second is warm-up; in the next one cards report themselves early, and then only the stream is left.
    (0..64).for_each(&mut show);
    assert_eq!(allocations_of(|| (64..110).for_each(&mut show)), 0, "forwarding, buffers, parity and flips");
    let CardDetail::Ocp809(last) = cards.statuses().last().unwrap().detail else { panic!("an OCP-809 card") };
    assert!(last.counters.frames.shown >= 108, "the frames were shown: {:?}", last.counters.frames);
}

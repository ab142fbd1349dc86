//! Processor time and system calls of a packet on a null device, per way out: pnet, one call per packet, `sendmmsg`, a
//! whole frame by one `sendmmsg` (FPP's way), TX_RING and AF_XDP, each with a copy and in place; then jumbo frames.
//!
//! Each round measures all of them in turn, because only ratios within one run mean something on a busy machine; medians
//! and ranges are printed at the end. Processor time is the sending thread's; system calls are counted by the kernel
//! (`raw_syscalls:sys_enter`), in a frame of their own. In place means that the packets lie in the device's memory
//! already: before each frame one line of each is written, as its header is. The other ways take theirs from a source
//! of four frames in turn, which no cache of the second level holds. Needs root (a network namespace).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "a bench fails by panicking")]
#![expect(unsafe_code, reason = "std does not read a thread's processor time")]

#[path = "../tests/common/mod.rs"]
mod common;

use std::time::Duration;

use common::capability::{program, root, skipped};
use common::netns::Namespace;
use common::syscalls::SystemCalls;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ocp809_sender::stream::{Batch, Span};
use ocp809_sender::transport::interface::find_by_name;
use ocp809_sender::transport::packet::{PacketOptions, PacketTransport};
use ocp809_sender::transport::portable::PortableTransport;
use ocp809_sender::transport::ring::RingTransport;
use ocp809_sender::transport::xdp::XdpTransport;
use ocp809_sender::transport::{Interface, MemoryShape, PacketMemory, Reception, Transport};

/// Packets of a frame: 1080p.
const PACKETS: usize = 4_173;

/// Frames that copies are taken from in turn.
const SOURCES: usize = 4;

const ROUNDS: usize = 7;

/// Headers of OCP-809 end where the payload begins, 64 bytes into a slot.
const HEADROOM: usize = 32;

/// A way out.
#[derive(Clone, Copy)]
struct Way {
    name: &'static str,
    /// Packets that are given at once.
    at_once: usize,
    in_place: bool,
    open: fn(&Interface) -> Box<dyn Transport>,
}

const PNET: Way = Way { name: "pnet", at_once: 1, in_place: false, open: pnet };
const WAYS: [Way; 10] = [
    PNET,
    Way { name: "send", at_once: 1, in_place: false, open: packet },
    Way { name: "fpp", at_once: PACKETS, in_place: false, open: packet },
    Way { name: "sendmmsg", at_once: 32, in_place: false, open: packet },
    Way { name: "sendmmsg-bypass", at_once: 32, in_place: false, open: packet_bypass },
    Way { name: "ring-copy", at_once: PACKETS, in_place: false, open: ring },
    Way { name: "ring-copy-bypass", at_once: PACKETS, in_place: false, open: ring_bypass },
    Way { name: "ring-in-place", at_once: PACKETS, in_place: true, open: ring_bypass },
    Way { name: "xdp-copy", at_once: PACKETS, in_place: false, open: xdp },
    Way { name: "xdp-in-place", at_once: PACKETS, in_place: true, open: xdp },
];

/// Those that carry jumbo frames.
const JUMBO: [Way; 4] = [PNET, WAYS[3], WAYS[6], WAYS[7]];

fn pnet(null: &Interface) -> Box<dyn Transport> {
    Box::new(PortableTransport::open(null, Reception::Nothing).expect("root may"))
}

fn packet(null: &Interface) -> Box<dyn Transport> {
    Box::new(PacketTransport::open(null, PacketOptions::default()).expect("root may"))
}

fn packet_bypass(null: &Interface) -> Box<dyn Transport> {
    Box::new(PacketTransport::open(null, PacketOptions { bypass_queue: true, ..PacketOptions::default() }).expect("root may"))
}

fn ring(null: &Interface) -> Box<dyn Transport> {
    Box::new(RingTransport::open(null, PacketOptions::default()).expect("root may"))
}

fn ring_bypass(null: &Interface) -> Box<dyn Transport> {
    Box::new(RingTransport::open(null, PacketOptions { bypass_queue: true, ..PacketOptions::default() }).expect("root may"))
}

fn xdp(null: &Interface) -> Box<dyn Transport> {
    Box::new(XdpTransport::open(null, Reception::Nothing).expect("root may, and Linux is 6.17 or newer"))
}

/// The processor time of this thread: what others do to the machine does not count.
fn processor_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer leads to a timespec that outlives the call.
    let read = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    assert_eq!(read, 0, "every thread has a clock");
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap())
}

/// A way out at work.
struct Sender {
    way: Way,
    transport: Box<dyn Transport>,
    memories: Vec<PacketMemory>,
    spans: Vec<Span>,
    frame: usize,
}

impl Sender {
    fn new(way: Way, null: &Interface, bytes: usize) -> Self {
        let mut transport = (way.open)(null);
        let slot_stride = (HEADROOM + bytes).next_multiple_of(64);
        let shape =
            MemoryShape { bytes: PACKETS * slot_stride, slot_stride, headroom: HEADROOM, packets: PACKETS, in_order: true };
        let mut memories: Vec<PacketMemory> = if way.in_place {
            vec![transport.packet_memory(&shape).expect("it has memory")]
        } else {
            (0..SOURCES).map(|_| PacketMemory::plain(shape.bytes)).collect()
        };
        let spans: Vec<Span> = (0..PACKETS).map(|packet| Span::new(packet * slot_stride + HEADROOM, bytes)).collect();
        for memory in &mut memories {
            for span in &spans {
                memory[span.start as usize..][..bytes].fill(7);
            }
        }
        Self { way, transport, memories, spans, frame: 0 }
    }

    /// Sends a frame.
    fn send(&mut self) {
        self.frame += 1;
        let count = self.memories.len();
        let memory = &mut self.memories[self.frame % count];
        let patience = 1_000_000;
        assert!((0..patience).any(|_| self.transport.is_settled()), "{}: nothing is left on its way", self.way.name);
        let [number, ..] = self.frame.to_le_bytes();
        for span in &self.spans {
            memory[span.start as usize + 16..][..16].copy_from_slice(&[number; 16]);
        }
        let (batch, mut sent) = (Batch::new(memory, &self.spans), 0);
        for _ in 0..patience {
            sent += self.transport.send(batch.skip(sent).take(self.way.at_once)).expect("a null device takes everything");
            if sent == batch.len() {
                return;
            }
        }
        panic!("{}: a null device is full at packet {sent}", self.way.name);
    }
}

/// What was measured of a way out.
#[derive(Default)]
struct Measured {
    ns_per_packet: Vec<f64>,
    calls_per_packet: Option<f64>,
}

fn measure(criterion: &mut Criterion, group: &str, ways: &[Way], null: &Interface, bytes: usize) {
    let mut measured: Vec<Measured> = ways.iter().map(|_| Measured::default()).collect();
    let mut group = criterion.benchmark_group(group);
    group.throughput(Throughput::Elements(PACKETS as u64)).sample_size(10);
    group.warm_up_time(Duration::from_millis(100)).measurement_time(Duration::from_millis(400));
    for round in 1..=ROUNDS {
        for (way, measured) in ways.iter().zip(&mut measured) {
            // Opened alone: an open pnet channel is a tap that slows every other path.
            let mut sender = Sender::new(*way, null, bytes);
            group.bench_function(format!("{}/{round}", way.name), |bench| {
                bench.iter_custom(|iterations| {
                    let begun = processor_time();
                    (0..iterations).for_each(|_| sender.send());
                    let spent = processor_time().saturating_sub(begun);
                    let packets = u32::try_from(iterations * PACKETS as u64).expect("a second holds fewer packets");
                    measured.ns_per_packet.push(spent.as_secs_f64() * 1e9 / f64::from(packets));
                    spent
                });
            });
            if let Ok(mut calls) = SystemCalls::count() {
                let calls = u32::try_from(calls.of(|| sender.send())).expect("a frame takes fewer");
                measured.calls_per_packet = Some(f64::from(calls) / f64::from(u32::try_from(PACKETS).expect("few")));
            }
        }
    }
    group.finish();
    report(ways, &measured);
}

#[expect(clippy::print_stdout, reason = "a bench prints what it measured")]
fn report(ways: &[Way], measured: &[Measured]) {
    let sorted = |values: &[f64]| {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        [0, sorted.len() / 2, sorted.len().saturating_sub(1)].map(|at| sorted.get(at).copied().unwrap_or(f64::NAN))
    };
    let [_, yardstick, _] = measured.first().map_or([f64::NAN; 3], |pnet| sorted(&pnet.ns_per_packet));
    for (way, measured) in ways.iter().zip(measured) {
        let [least, median, most] = sorted(&measured.ns_per_packet);
        let calls = measured.calls_per_packet.map_or_else(|| "not counted".to_owned(), |calls| format!("{calls:.4}"));
        println!(
            "{:17} {median:6.0} [{least:.0}..{most:.0}] ns of processor time and {calls} system calls per packet, pnet takes \
             {:.2} times as much",
            way.name,
            yardstick / median
        );
    }
}

fn transmit(criterion: &mut Criterion) {
    if let Err(what) = root().and_then(|()| program("ip")) {
        return skipped(&what);
    }
    let namespace = Namespace::enter_new();
    namespace.ip(&["link", "add", "null", "type", "ifb"]);
    namespace.ip(&["link", "set", "null", "up"]);
    let null = || find_by_name("null").expect("just made");
    measure(criterion, "transmit", &WAYS, &null(), 1_514);
    namespace.ip(&["link", "set", "null", "mtu", "9000"]);
    measure(criterion, "transmit-jumbo", &JUMBO, &null(), 9_014);
}

criterion_group!(benches, transmit);
criterion_main!(benches);

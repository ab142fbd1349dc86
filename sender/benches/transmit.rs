//! Processor time of a packet on a null device, per path: pnet, one call per packet, `sendmmsg`, and without the queueing
//! discipline. Each round measures all paths in turn, because only ratios within one run mean something on a busy
//! machine; they are printed at the end. Needs root (a network namespace).
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a bench fails by panicking")]
#![expect(unsafe_code, reason = "std does not read a thread's processor time")]

#[path = "../tests/common/mod.rs"]
mod common;

use std::cell::RefCell;
use std::time::Duration;

use common::capability::{program, root, skipped};
use common::netns::Namespace;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ocp809_sender::stream::{Batch, Span};
use ocp809_sender::transport::interface::find_by_name;
use ocp809_sender::transport::packet::{PacketOptions, PacketTransport};
use ocp809_sender::transport::portable::PortableTransport;
use ocp809_sender::transport::{Interface, Reception, Transport};

const PACKETS: usize = 4_096;
const BYTES: usize = 1_514;
const ROUNDS: usize = 5;

/// The paths, and how many packets each is given at once.
const PATHS: [(&str, usize); 4] = [("pnet", 1), ("send", 1), ("sendmmsg", 1_024), ("sendmmsg-bypass", 1_024)];

fn open(path: &str, null: &Interface) -> Box<dyn Transport> {
    if path == "pnet" {
        return Box::new(PortableTransport::open(null, Reception::Nothing).expect("root may"));
    }
    let options = PacketOptions { bypass_queue: path.ends_with("bypass"), ..PacketOptions::default() };
    Box::new(PacketTransport::open(null, options).expect("root may"))
}

/// The processor time of this thread: what others do to the machine does not count.
fn processor_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer leads to a timespec that outlives the call.
    let read = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    assert_eq!(read, 0, "every thread has a clock");
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap())
}

fn send_all(transport: &mut dyn Transport, batch: Batch<'_>, at_once: usize) {
    let mut sent = 0;
    while sent < batch.len() {
        sent += transport.send(batch.skip(sent).take(at_once)).expect("a null device takes everything");
    }
}

fn transmit(criterion: &mut Criterion) {
    if let Err(what) = root().and_then(|()| program("ip")) {
        return skipped(&what);
    }
    let namespace = Namespace::enter_new();
    namespace.ip(&["link", "add", "null", "type", "ifb"]);
    namespace.ip(&["link", "set", "null", "up"]);
    let null = find_by_name("null").expect("just made");
    let memory: Vec<u8> = (0..=250).cycle().take(PACKETS * BYTES).collect();
    let spans: Vec<Span> = (0..PACKETS).map(|packet| Span::new(packet * BYTES, BYTES)).collect();
    let batch = Batch::new(&memory, &spans);
    let per_packet: [RefCell<Vec<f64>>; PATHS.len()] = Default::default();
    let mut group = criterion.benchmark_group("transmit");
    group.throughput(Throughput::Elements(PACKETS as u64)).sample_size(10);
    group.warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_secs(1));
    for round in 1..=ROUNDS {
        for ((path, at_once), measured) in PATHS.iter().zip(&per_packet) {
            // Opened alone: an open pnet channel is a tap that slows every other path.
            let mut transport = open(path, &null);
            group.bench_function(format!("{path}/{round}"), |bench| {
                bench.iter_custom(|iterations| {
                    let begun = processor_time();
                    (0..iterations).for_each(|_| send_all(&mut *transport, batch, *at_once));
                    let spent = processor_time().saturating_sub(begun);
                    let packets = u32::try_from(iterations * PACKETS as u64).expect("a second holds fewer packets");
                    measured.borrow_mut().push(spent.as_secs_f64() * 1e9 / f64::from(packets));
                    spent
                });
            });
        }
    }
    group.finish();
    report(&per_packet.map(RefCell::into_inner));
}

#[expect(clippy::print_stdout, reason = "a bench prints what it measured")]
fn report(per_packet: &[Vec<f64>]) {
    let median = |values: &[f64]| {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
    };
    let yardstick = median(&per_packet[0]);
    for ((path, _), values) in PATHS.iter().zip(per_packet) {
        let ns = median(values);
        println!("{path:16} {ns:7.0} ns of processor time per packet, pnet takes {:.2} times as much", yardstick / ns);
    }
}

criterion_group!(benches, transmit);
criterion_main!(benches);

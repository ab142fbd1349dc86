//! Cost of a packet on a null device, per path: pnet, one call per packet, `sendmmsg`. Each round measures all paths in
//! turn, because only ratios within one run mean something on a busy machine. Needs root (a network namespace).
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a bench fails by panicking")]

#[path = "../tests/common/mod.rs"]
mod common;

use std::hint::black_box;

use common::capability::{program, root};
use common::netns::Namespace;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ocp809_sender::stream::{Batch, Span};
use ocp809_sender::transport::interface::find_by_name;
use ocp809_sender::transport::packet::{PacketOptions, PacketTransport};
use ocp809_sender::transport::portable::PortableTransport;
use ocp809_sender::transport::{Reception, Transport};

const PACKETS: usize = 4_096;
const BYTES: usize = 1_514;

fn send_all(transport: &mut dyn Transport, batch: Batch<'_>, at_once: usize) {
    let mut sent = 0;
    while sent < batch.len() {
        sent += transport.send(batch.skip(sent).take(at_once)).expect("a null device takes everything");
    }
    black_box(sent);
}

fn transmit(criterion: &mut Criterion) {
    if let Err(what) = root().and_then(|()| program("ip")) {
        common::capability::skipped(&what);
        return;
    }
    let namespace = Namespace::enter_new();
    namespace.ip(&["link", "add", "null", "type", "ifb"]);
    namespace.ip(&["link", "set", "null", "up"]);
    let null = find_by_name("null").expect("just made");
    let memory: Vec<u8> = (0..=250).cycle().take(PACKETS * BYTES).collect();
    let spans: Vec<Span> = (0..PACKETS).map(|packet| Span::new(packet * BYTES, BYTES)).collect();
    let batch = Batch::new(&memory, &spans);
    let mut group = criterion.benchmark_group("transmit");
    group.throughput(Throughput::Elements(PACKETS as u64)).sample_size(20);
    for round in 1..=3 {
        // An open pnet channel is a tap that slows every other path: each is opened alone.
        let mut portable = PortableTransport::open(&null, Reception::Nothing).expect("root may");
        group.bench_function(format!("{round}/pnet"), |bench| bench.iter(|| send_all(&mut portable, batch, 1)));
        drop(portable);
        for (name, at_once, bypass_queue) in [("send", 1, false), ("sendmmsg", 1024, false), ("sendmmsg-bypass", 1024, true)] {
            let options = PacketOptions { bypass_queue, ..PacketOptions::default() };
            let mut packet = PacketTransport::open(&null, options).expect("root may");
            group.bench_function(format!("{round}/{name}"), |bench| bench.iter(|| send_all(&mut packet, batch, at_once)));
        }
    }
    group.finish();
}

criterion_group!(benches, transmit);
criterion_main!(benches);

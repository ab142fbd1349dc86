//! Every way out of this host, proved by a receiver that shares no code with it: nothing lost, nothing changed, in order, in
//! place and copied, on devices that are full, cut, or go away.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod common;

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use common::capability::{program, require, root, skipped};
use common::frames::{Frames, STREAM, rest, send_all, settle};
use common::netns::Namespace;
use common::syscalls::SystemCalls;
use common::tap::{Tap, taps};
use common::witness::Witness;
use ocp809_sender::stream::{Batch, Span};
use ocp809_sender::time::{Clock, SystemClock};
use ocp809_sender::transport::interface::find_by_name;
use ocp809_sender::transport::packet::PacketOptions;
use ocp809_sender::transport::rebind::Rebinding;
use ocp809_sender::transport::ring::RingTransport;
use ocp809_sender::transport::xdp::XdpTransport;
use ocp809_sender::transport::{
    Backend, Hindrance, Interface, OpenError, Preference, Reception, Transport, TransportError, open,
};

/// Sends 40 different frames of 500 packets; each must arrive unchanged, whole and in order.
fn carries(transport: &mut dyn Transport, near: &Interface, far: &Interface, length: usize, in_place: bool) {
    let mut witness = Witness::of(far, length);
    let mut frames = Frames::new(transport, near, (500, length), in_place);
    for round in 0..40 {
        frames.write(round);
        let mut arrived = Vec::new();
        send_all(transport, frames.batch(), 500, &mut || {
            witness.take(|frame| arrived.push(frame.to_vec()));
        });
        settle(transport);
        rest(&mut witness, &mut arrived);
        let what = format!("{:?}, in place: {in_place}, {length} bytes, round {round}", transport.sending());
        assert_eq!(arrived.len(), 500, "{what}: whole");
        assert!(arrived.iter().map(Vec::as_slice).eq(frames.batch().packets()), "{what}: unchanged and in order");
    }
}

fn opened(interface: &Interface, backend: Backend) -> Box<dyn Transport> {
    let opened = in_time(|| open(interface, Reception::Ocp809Sender, backend.alone())).expect("root may");
    assert_eq!(opened.backend, backend, "what was asked for");
    opened.transport
}

/// What opens. The kernel cleans up behind a closed queue in the background: on a busy machine it is free later than one
/// opening waits for, but within 5 s.
fn in_time<T>(open: impl Fn() -> Result<T, OpenError>) -> Result<T, OpenError> {
    let mut outcome = open();
    for _ in 0..50 {
        match outcome {
            Err(error) if is_busy(&error) => outcome = open(),
            other => return other,
        }
    }
    outcome
}

#[test]
fn every_backend_carries_frames_whole_unchanged_and_in_order() {
    require!(root(), program("ip"));
    let namespace = Namespace::enter_new();
    let (near, far) = namespace.cable("near", "far");
    for backend in Backend::ALL {
        carries(&mut *opened(&near, backend), &near, &far, 1514, false);
    }
    for backend in [Backend::Xdp, Backend::Ring] {
        let mut transport = opened(&near, backend);
        assert!(!transport.sending().unwrap().in_place, "not before it is asked for");
        carries(&mut *transport, &near, &far, 1514, true);
        assert!(transport.sending().unwrap().in_place, "{backend}");
        carries(&mut *transport, &near, &far, 60, true);
    }
}

#[test]
fn jumbo_frames_take_the_ring() {
    require!(root(), program("ip"));
    let namespace = Namespace::enter_new();
    namespace.cable("near", "far");
    for name in ["near", "far"] {
        namespace.ip(&["link", "set", name, "mtu", "9000"]);
    }
    let [near, far] = ["near", "far"].map(|name| find_by_name(name).unwrap());
    for in_place in [false, true] {
        carries(&mut *opened(&near, Backend::Ring), &near, &far, 9_014, in_place);
    }
    let error = XdpTransport::open(&near, Reception::Nothing).unwrap_err();
    assert!(matches!(error, OpenError::Backend { because: Hindrance::Jumbo { mtu: 9000, limit: 4096 }, .. }), "{error}");
}

#[test]
fn packets_of_other_memory_leave_in_order_between_those_in_place() {
    require!(root(), program("ip"));
    let namespace = Namespace::enter_new();
    let (near, far) = namespace.cable("near", "far");
    for backend in [Backend::Xdp, Backend::Ring] {
        let mut transport = opened(&near, backend);
        let mut witness = Witness::of(&far, 1514);
        let mut frames = Frames::new(&mut *transport, &near, (300, 1514), true);
        let mut latch = Frames::new(&mut *opened_plain(&near), &near, (2, 100), false);
        for round in 0..20 {
            frames.write(round);
            latch.write(1_000 + round);
            // Whole, cut after a while, and cut before the first packet.
            let cut = [300, 217, 0, 1][round as usize % 4];
            send_all(&mut *transport, frames.batch().take(cut), 100, &mut || {});
            send_all(&mut *transport, latch.batch(), 1, &mut || {});
            settle(&mut *transport);
            let mut arrived = Vec::new();
            rest(&mut witness, &mut arrived);
            let expected = frames.batch().take(cut).packets().chain(latch.batch().packets());
            assert!(arrived.iter().map(Vec::as_slice).eq(expected), "{backend}, round {round}: {} arrived", arrived.len());
        }
    }
}

fn opened_plain(interface: &Interface) -> Box<dyn Transport> {
    opened(interface, Backend::Packet)
}

#[test]
fn a_device_that_is_full_loses_nothing_and_sends_nothing_twice() {
    require!(root(), program("ip"), taps());
    let namespace = Namespace::enter_new();
    let mut tap = Tap::make("tap");
    namespace.ip(&["link", "set", "tap", "addrgenmode", "none", "txqueuelen", "16", "up"]);
    let near = find_by_name("tap").unwrap();
    // The queueing discipline would hide what the device does.
    let options = PacketOptions { bypass_queue: true, ..PacketOptions::default() };
    let ring: Box<dyn Transport> = Box::new(RingTransport::open(&near, options).unwrap());
    let xdp: Box<dyn Transport> = Box::new(XdpTransport::open(&near, Reception::Nothing).unwrap());
    for mut transport in [ring, xdp] {
        full_device(&mut *transport, &mut tap, &near, false);
        full_device(&mut *transport, &mut tap, &near, true);
    }
}

fn full_device(transport: &mut dyn Transport, tap: &mut Tap, near: &Interface, in_place: bool) {
    let what = format!("{:?}", transport.sending());
    let frames = Frames::new(transport, near, (200, 500), in_place);
    let latch = Frames::new(&mut *opened_plain(near), near, (2, 60), false);
    let (mut sent, mut arrived, mut refused) = (0, Vec::new(), 0);
    while sent < 200 {
        let taken = transport.send(frames.batch().skip(sent).take(100)).expect("the link is up");
        refused += usize::from(taken < 100.min(200 - sent));
        sent += taken;
        if refused == 3 {
            // A shorter batch while the kernel has seen a longer one: it must send nothing of that.
            let none = transport.send(latch.batch()).expect("the link is up");
            assert_eq!(none, 0, "{what}: it is full");
        }
        for _ in 0..7 {
            arrived.extend(tap.next(STREAM));
        }
    }
    assert!(refused > 5, "{what}: the device was full {refused} times");
    arrived.extend(std::iter::from_fn(|| tap.next(STREAM)));
    assert_eq!(transport.send(latch.batch()).unwrap(), 2, "{what}: there is room again");
    arrived.extend(std::iter::from_fn(|| tap.next(STREAM)));
    let expected: Vec<&[u8]> = frames.batch().packets().chain(latch.batch().packets()).collect();
    assert_eq!(arrived.len(), expected.len(), "{what}: each once");
    assert!(arrived.iter().map(Vec::as_slice).eq(expected), "{what}: unchanged and in order");
}

#[test]
fn a_queue_that_drops_is_a_full_device() {
    require!(root(), program("ip"), program("tc"));
    let namespace = Namespace::enter_new();
    let (near, far) = namespace.cable("near", "far");
    let limit = ["qdisc", "add", "dev", "near", "root", "tbf", "rate", "200mbit", "burst", "20000", "limit", "60000"];
    assert!(namespace.command("tc").args(limit).status().unwrap().success(), "tc");
    for (backend, in_place) in [(Backend::Packet, false), (Backend::Ring, false), (Backend::Ring, true)] {
        let mut transport = opened(&near, backend);
        let mut witness = Witness::of(&far, 1514);
        let frames = Frames::new(&mut *transport, &near, (1_000, 1514), in_place);
        let mut refused = 0;
        let mut sent = 0;
        while sent < 1_000 {
            let taken = transport.send(frames.batch().skip(sent)).expect("the link is up");
            sent += taken;
            refused += usize::from(sent < 1_000);
            std::thread::sleep(Duration::from_micros(100));
        }
        let mut arrived = Vec::new();
        rest(&mut witness, &mut arrived);
        assert!(refused > 0, "{backend}: the queue was full");
        assert!(arrived.iter().map(Vec::as_slice).eq(frames.batch().packets()), "{backend}: {} of 1000", arrived.len());
    }
}

#[test]
fn a_packet_costs_a_small_part_of_a_system_call() {
    require!(root(), program("ip"));
    let namespace = Namespace::enter_new();
    namespace.ip(&["link", "add", "null", "type", "ifb"]);
    namespace.ip(&["link", "set", "null", "up"]);
    let null = find_by_name("null").unwrap();
    let mut calls = match SystemCalls::count() {
        Ok(calls) => calls,
        Err(what) => return skipped(&what),
    };
    for (backend, in_place) in
        [(Backend::Packet, false), (Backend::Ring, false), (Backend::Ring, true), (Backend::Xdp, false), (Backend::Xdp, true)]
    {
        let mut transport = opened(&null, backend);
        let frames = Frames::new(&mut *transport, &null, (4_000, 1514), in_place);
        for _ in 0..3 {
            let made = calls.of(|| send_all(&mut *transport, frames.batch(), 4_000, &mut || {}));
            assert!((1..=140).contains(&made), "{backend}, in place: {in_place}: {made} calls for 4000 packets");
            settle(&mut *transport);
        }
    }
}

#[test]
fn a_late_reader_sees_what_was_sent_and_not_what_was_written_later() {
    require!(root(), program("ip"));
    let namespace = Namespace::enter_new();
    let (near, far) = namespace.cable("near", "far");
    for backend in [Backend::Xdp, Backend::Ring] {
        let mut transport = opened(&near, backend);
        let mut late = open(&far, Reception::Ocp809Card, Preference::Packet).unwrap().transport;
        let mut frames = Frames::new(&mut *transport, &near, (50, 1514), true);
        frames.write(1);
        let first: Vec<Vec<u8>> = frames.batch().packets().map(<[u8]>::to_vec).collect();
        send_all(&mut *transport, frames.batch(), 50, &mut || {});
        settle(&mut *transport);
        frames.write(2);
        let mut buffer = [0; 2048];
        let same = first.iter().filter(|packet| {
            let length = late.receive(&mut buffer).unwrap().expect("all are there");
            buffer[..length] == packet[..]
        });
        // A slot of a ring is free once its packet is in the reader's hands, who must have a copy of it then.
        assert_eq!(same.count(), 50, "{backend}: packets as they were sent");
    }
}

#[test]
fn hostile_sizes_are_refused_and_hide_nothing() {
    require!(root(), program("ip"));
    let namespace = Namespace::enter_new();
    let (near, far) = namespace.cable("near", "far");
    for (backend, in_place) in [(Backend::Xdp, false), (Backend::Xdp, true), (Backend::Ring, false), (Backend::Ring, true)] {
        let mut transport = opened(&near, backend);
        let mut witness = Witness::of(&far, 1514);
        let frames = Frames::new(&mut *transport, &near, (4, 1600), in_place);
        let start = |packet: usize| frames.spans[packet].start as usize;
        let good = |packet| Span::new(start(packet), 1514);
        for (wrong, bytes) in [
            (Span::new(start(1), 0), 0),
            (Span::new(start(1), 13), 13),
            (Span::new(start(1), 1515), 1515),
            (Span::new(frames.memory.len(), 100), 0),
            (Span::new(0, frames.memory.len()), frames.memory.len()),
        ] {
            let spans = [good(0), wrong, good(2)];
            let batch = Batch::new(&frames.memory, &spans);
            assert_eq!(transport.send(batch).unwrap(), 1, "{backend}: the one before");
            let error = transport.send(batch.skip(1)).unwrap_err();
            let TransportError::PacketSize { bytes: named, minimum: 14, maximum: 1514 } = error else { panic!("{error:?}") };
            assert_eq!(named, bytes, "{backend}: the packet is named");
            assert_eq!(transport.send(batch.skip(2)).unwrap(), 1, "{backend}: and the one behind");
            settle(&mut *transport);
        }
        let mut arrived = Vec::new();
        rest(&mut witness, &mut arrived);
        assert_eq!(arrived.len(), 10, "{backend}: the good ones and no other");
    }
}

#[test]
fn an_mtu_that_shrinks_is_an_error_and_not_silence() {
    require!(root(), program("ip"));
    let namespace = Namespace::enter_new();
    let (near, _far) = namespace.cable("near", "far");
    let mut transport = opened(&near, Backend::Ring);
    let frames = Frames::new(&mut *transport, &near, (10, 1514), true);
    assert_eq!(transport.send(frames.batch()).unwrap(), 10, "they fit");
    settle(&mut *transport);
    namespace.ip(&["link", "set", "near", "mtu", "1000"]);
    let error = transport.send(frames.batch()).unwrap_err();
    assert!(matches!(error, TransportError::System { .. }), "{error:?}");
}

#[test]
fn links_go_down_and_come_back() {
    require!(root(), program("ip"));
    let namespace = Namespace::enter_new();
    let (near, far) = namespace.cable("near", "far");
    for (backend, in_place) in [(Backend::Xdp, true), (Backend::Xdp, false), (Backend::Ring, true), (Backend::Ring, false)] {
        let mut transport = opened(&near, backend);
        let mut witness = Witness::of(&far, 1514);
        let mut frames = Frames::new(&mut *transport, &near, (100, 200), in_place);
        for (round, cut) in (0..).zip(["near", "far", "near"]) {
            namespace.ip(&["link", "set", cut, "down"]);
            let down = (0..500).any(|_| {
                std::thread::sleep(Duration::from_millis(1));
                transport.link().is_down()
            });
            assert!(down, "{backend}: {cut} is down");
            if cut == "near" || backend == Backend::Xdp {
                let error = transport.send(frames.batch()).unwrap_err();
                assert!(matches!(error, TransportError::LinkDown), "{backend}: {error:?}");
            }
            namespace.ip(&["link", "set", cut, "up"]);
            let up = (0..500).any(|_| {
                std::thread::sleep(Duration::from_millis(1));
                !transport.link().is_down()
            });
            assert!(up, "{backend}: {cut} is up");
            settle(&mut *transport);
            rest(&mut witness, &mut Vec::new());
            frames.write(round);
            send_all(&mut *transport, frames.batch(), 100, &mut || {});
            settle(&mut *transport);
            let mut arrived = Vec::new();
            rest(&mut witness, &mut arrived);
            assert!(arrived.iter().map(Vec::as_slice).eq(frames.batch().packets()), "{backend}: {} after {cut}", arrived.len());
        }
    }
}

#[test]
fn a_closed_queue_is_free_again() {
    require!(root(), program("ip"));
    let namespace = Namespace::enter_new();
    let (near, _far) = namespace.cable("near", "far");
    for round in 0..100 {
        let opened = in_time(|| XdpTransport::open(&near, Reception::Nothing));
        let mut transport = opened.unwrap_or_else(|error| panic!("{round}: {error}"));
        let frames = Frames::new(&mut transport, &near, (20, 200), round % 2 == 0);
        assert_eq!(transport.send(frames.batch()).unwrap(), 20, "round {round}");
    }
    let first = in_time(|| XdpTransport::open(&near, Reception::Nothing)).unwrap();
    let error = XdpTransport::open(&near, Reception::Nothing).unwrap_err();
    assert!(is_busy(&error) && error.to_string().contains("another program"), "{error}");
    drop(first);
}

fn is_busy(error: &OpenError) -> bool {
    matches!(error, OpenError::Backend { because: Hindrance::Refused { errno: libc::EBUSY, .. }, .. })
}

#[test]
fn memory_is_exchanged_and_the_old_one_stays_good() {
    require!(root(), program("ip"));
    let namespace = Namespace::enter_new();
    let (near, far) = namespace.cable("near", "far");
    for backend in [Backend::Xdp, Backend::Ring] {
        let mut transport = opened(&near, backend);
        let mut witness = Witness::of(&far, 1514);
        let old = Frames::new(&mut *transport, &near, (50, 1514), true);
        send_all(&mut *transport, old.batch(), 50, &mut || {});
        settle(&mut *transport);
        let mut new = Frames::new(&mut *transport, &near, (80, 700), true);
        new.write(7);
        for frames in [&new, &old, &new] {
            rest(&mut witness, &mut Vec::new());
            send_all(&mut *transport, frames.batch(), 30, &mut || {});
            settle(&mut *transport);
            let mut arrived = Vec::new();
            rest(&mut witness, &mut arrived);
            assert!(arrived.iter().map(Vec::as_slice).eq(frames.batch().packets()), "{backend}: {}", arrived.len());
        }
        drop(transport);
        assert_eq!(new.batch().packets().next().unwrap()[12..14], STREAM, "{backend}: it outlives its socket");
    }
}

#[test]
fn memory_in_use_serves_an_interface_that_comes_back() {
    require!(root(), program("ip"));
    let namespace = Namespace::enter_new();
    let (near, _far) = namespace.cable("near", "far");
    for preference in [Preference::Xdp, Preference::Ring] {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let mac = near.mac.unwrap();
        let mut transport = Rebinding::open(mac, Reception::Ocp809Sender, preference, clock).unwrap();
        let frames = Frames::new(&mut transport, &near, (100, 1514), true);
        send_all(&mut transport, frames.batch(), 100, &mut || {});
        namespace.ip(&["link", "delete", "near"]);
        std::thread::sleep(Duration::from_millis(300));
        assert!(transport.link().is_down(), "it is gone");
        namespace.cable("near", "far");
        namespace.ip(&["link", "set", "near", "down"]);
        namespace.ip(&["link", "set", "near", "address", &mac.to_string()]);
        namespace.ip(&["link", "set", "near", "up"]);
        let found = (0..200).any(|_| {
            std::thread::sleep(Duration::from_millis(10));
            !transport.link().is_down()
        });
        assert!(found && transport.rebinds() == 1, "{preference:?}: found again");
        let mut witness = Witness::of(&find_by_name("far").unwrap(), 1514);
        send_all(&mut transport, frames.batch(), 100, &mut || {});
        settle(&mut transport);
        let mut arrived = Vec::new();
        rest(&mut witness, &mut arrived);
        assert!(arrived.iter().map(Vec::as_slice).eq(frames.batch().packets()), "{preference:?}: {}", arrived.len());
    }
}

#[test]
fn the_backend_is_chosen_by_what_the_interface_can_and_carries() {
    require!(root(), program("ip"));
    let namespace = Namespace::enter_new();
    let (near, _far) = namespace.cable("near", "far");
    let chosen = |interface: &Interface, preference| {
        let opened = open(interface, Reception::Nothing, preference).unwrap();
        (opened.backend, opened.fallback.map(|fallback| (fallback.instead_of, fallback.because)))
    };
    assert_eq!(chosen(&near, Preference::Exclusive), (Backend::Xdp, None), "nobody else is there");
    let shared = Some((Backend::Xdp, Hindrance::Shared));
    assert_eq!(chosen(&near, Preference::Automatic), (Backend::Packet, shared), "others may be there");
    namespace.ip(&["link", "set", "near", "mtu", "9000"]);
    let near = find_by_name("near").unwrap();
    let jumbo = Some((Backend::Xdp, Hindrance::Jumbo { mtu: 9000, limit: 4096 }));
    for preference in [Preference::Exclusive, Preference::Automatic] {
        assert_eq!(chosen(&near, preference), (Backend::Ring, jumbo), "{preference:?}: it is for long frames");
    }
}

#[test]
fn memory_that_may_not_be_locked_is_no_reason_to_stay_dark() {
    require!(root(), program("ip"), program("setpriv"), program("prlimit"));
    if std::env::var_os("OCP809_TEST_UNLOCKED").is_some() {
        let namespace = find_by_name("near").unwrap();
        let opened = open(&namespace, Reception::Nothing, Preference::Exclusive).unwrap();
        let because = opened.fallback.unwrap().because.to_string();
        assert!(opened.backend == Backend::Packet && because.contains("CAP_IPC_LOCK"), "{opened:?} {because}");
        return;
    }
    let namespace = Namespace::enter_new();
    namespace.cable("near", "far");
    let this_test = "memory_that_may_not_be_locked_is_no_reason_to_stay_dark";
    let child = Command::new("prlimit")
        .args(["--memlock=65536:65536", "setpriv", "--bounding-set", "-ipc_lock", "--inh-caps", "-ipc_lock"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", this_test, "--nocapture"])
        .env("OCP809_TEST_UNLOCKED", "1")
        .output()
        .unwrap();
    assert!(child.status.success(), "{}{}", String::from_utf8_lossy(&child.stdout), String::from_utf8_lossy(&child.stderr));
}

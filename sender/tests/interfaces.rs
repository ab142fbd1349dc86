//! Real interfaces in network namespaces: nothing lost, nothing changed, cables that are pulled, interfaces that vanish.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod common;

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use common::capability::{program, require, root};
use common::netns::Namespace;
use ocp809_sender::stream::{Batch, Span};
use ocp809_sender::time::{Clock, SystemClock};
use ocp809_sender::transport::fault::{FaultRates, FaultSwitch, Faulty};
use ocp809_sender::transport::interface::{find_by_mac, find_by_name};
use ocp809_sender::transport::link::LinkWatch;
use ocp809_sender::transport::packet::{PacketOptions, PacketTransport};
use ocp809_sender::transport::pcap::CaptureReader;
use ocp809_sender::transport::rebind::Rebinding;
use ocp809_sender::transport::relay::Relay;
use ocp809_sender::transport::{
    Backend, Concern, Interface, LinkState, OpenError, Preference, Reception, Transport, TransportError,
    listen_for_foreign_traffic, open,
};

const PACKETS: u32 = 20_000;

/// Packets of the stream that can be told apart: a number and bytes that depend on it.
fn stream(interface: &Interface, packets: u32, length: usize) -> (Vec<u8>, Vec<Span>) {
    let (mut memory, mut spans) = (Vec::new(), Vec::new());
    for number in 0..packets {
        spans.push(Span::new(memory.len(), length));
        memory.extend_from_slice(&[3, 0x4f, 0x43, 0x50, 0x80, 0]);
        memory.extend_from_slice(&interface.mac.unwrap().0);
        memory.extend_from_slice(&[0x88, 0xb5]);
        memory.extend_from_slice(&number.to_be_bytes());
        memory.extend((18..length).map(|at| (number as usize * 31 + at * 7).to_le_bytes()[0]));
    }
    (memory, spans)
}

/// Sends a batch while the other end is emptied; what arrived, in order.
fn exchange(near: &mut dyn Transport, far: &mut dyn Transport, batch: Batch<'_>) -> Vec<Vec<u8>> {
    let (mut sent, mut arrived, mut buffer) = (0, Vec::new(), vec![0; 2048]);
    let mut idle = 0;
    while idle < 20 {
        sent += near.send(batch.skip(sent).take(256)).expect("the link is up");
        let before = arrived.len();
        while let Some(length) = far.receive(&mut buffer).expect("the link is up") {
            arrived.push(buffer[..length].to_vec());
        }
        if arrived.len() == before && sent == batch.len() {
            far.wait(Duration::from_millis(5)).unwrap();
            idle += 1;
        }
    }
    arrived
}

fn packet(interface: &Interface, reception: Reception) -> PacketTransport {
    PacketTransport::open(interface, PacketOptions { reception, bypass_queue: false }).expect("root may")
}

#[test]
fn every_backend_carries_every_packet_unchanged_and_in_order() {
    require!(root(), program("ip"));
    for preference in [Preference::Packet, Preference::Portable] {
        let namespace = Namespace::enter_new();
        let (near, far) = namespace.cable("near", "far");
        let mut receiver = packet(&far, Reception::Ocp809Card);
        let mut opened = open(&near, Reception::Nothing, preference).expect("root may");
        let (memory, spans) = stream(&near, PACKETS, 1514);
        let arrived = exchange(&mut *opened.transport, &mut receiver, Batch::new(&memory, &spans));
        assert_eq!(arrived.len(), PACKETS as usize, "{preference:?}: nothing lost, {} kernel drops", receiver.kernel_drops());
        let same = arrived.iter().map(Vec::as_slice).eq(Batch::new(&memory, &spans).packets());
        assert!(same, "{preference:?}: unchanged and in order");
    }
}

/// Time between two frames that are told apart by their age.
const APART: Duration = Duration::from_millis(40);

#[test]
fn a_frame_that_is_fetched_late_tells_when_it_came() {
    require!(root(), program("ip"));
    let namespace = Namespace::enter_new();
    let (near, far) = namespace.cable("near", "far");
    let (mut sender, mut receiver) = (packet(&near, Reception::Nothing), packet(&far, Reception::Ocp809Card));
    let (memory, spans) = stream(&near, 2, 100);
    let batch = Batch::new(&memory, &spans);
    let mut send = |packet| {
        assert_eq!(sender.send(batch.skip(packet).take(1)).expect("the link is up"), 1, "taken");
        std::thread::sleep(APART);
    };
    let mut fetched_age = || {
        assert_eq!(receiver.receive(&mut [0; 2048]).expect("the link is up"), Some(100), "it is there");
        Duration::from_nanos(receiver.age_ns())
    };
    // The kernel begins to stamp in the background, some time after the first socket asks for it.
    let stamped = (0..100).any(|_| {
        send(0);
        fetched_age() >= APART
    });
    assert!(stamped, "the kernel stamps what arrives");
    send(0);
    send(1);
    let ages = [(); 2].map(|()| fetched_age());
    assert!(ages[1] >= APART && ages[0] >= 2 * APART, "no younger than they are: {ages:?}");
    let apart = ages[0].saturating_sub(ages[1]);
    assert!(apart >= APART && apart < 10 * APART, "as far apart as they were sent: {ages:?}");
}

#[test]
fn a_batch_beyond_the_kernels_limit_of_messages_is_sent_whole() {
    require!(root(), program("ip"));
    let namespace = Namespace::enter_new();
    let (near, far) = namespace.cable("near", "far");
    let mut sender = packet(&near, Reception::Nothing);
    let (memory, spans) = stream(&near, 3_000, 60);
    let batch = Batch::new(&memory, &spans);
    let taken = sender.send(batch).unwrap();
    assert!(taken > 1_024, "more than one system call can say: {taken}");
    let mut sent = taken;
    while sent < 3_000 {
        sent += sender.send(batch.skip(sent)).unwrap();
    }
    // Nobody empties the other end, whose queue is shorter than that: the interface's own count is what was sent.
    let counted = namespace.command("ip").args(["-stats", "link", "show", "near"]).output().unwrap();
    let text = String::from_utf8(counted.stdout).unwrap();
    let transmitted = text.lines().skip_while(|line| !line.contains("TX:")).nth(1).expect("a line of counters");
    let columns: Vec<u64> = transmitted.split_whitespace().map(|column| column.parse().unwrap()).collect();
    assert_eq!(columns[1] + columns[3], 3_000, "packets and drops of: {text}");
    assert!(find_by_name(&far.name).is_ok(), "the other end");
}

#[test]
fn tcpdump_sees_exactly_what_was_sent() {
    require!(root(), program("ip"), program("tcpdump"));
    let namespace = Namespace::enter_new();
    let (near, _far) = namespace.cable("near", "far");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wire.pcap");
    let count = "500";
    let mut tcpdump = namespace
        .command("tcpdump")
        .args(["-i", "far", "-c", count, "-B", "8192", "--immediate-mode", "-Z", "root", "-w"])
        .arg(&path)
        .stderr(Stdio::piped())
        .spawn()
        .expect("tcpdump runs");
    // It says when it listens.
    let mut said = String::new();
    let mut stderr = std::io::BufReader::new(tcpdump.stderr.take().unwrap());
    while !said.contains("listening on") {
        assert!(std::io::BufRead::read_line(&mut stderr, &mut said).unwrap() > 0, "tcpdump ended: {said}");
    }
    let (memory, spans) = stream(&near, 500, 1514);
    let mut sender = packet(&near, Reception::Nothing);
    let batch = Batch::new(&memory, &spans);
    let mut sent = 0;
    while sent < 500 {
        sent += sender.send(batch.skip(sent).take(50)).unwrap();
        std::thread::sleep(Duration::from_millis(2));
    }
    assert!(tcpdump.wait().unwrap().success(), "it saw {count}");
    let mut reader = CaptureReader::open(&path).unwrap();
    for (index, packet) in batch.packets().enumerate() {
        assert_eq!(reader.next_packet().unwrap().expect("written").data, packet, "packet {index}");
    }
}

#[test]
fn each_end_receives_its_own_kind_of_frames_and_never_its_own() {
    require!(root(), program("ip"));
    for preference in [Preference::Packet, Preference::Portable] {
        let namespace = Namespace::enter_new();
        let (near, far) = namespace.cable("near", "far");
        let mut sender = open(&near, Reception::Ocp809Sender, preference).unwrap().transport;
        let mut card = open(&far, Reception::Ocp809Card, preference).unwrap().transport;
        let frame = |source: &Interface, destination: [u8; 6], ether_type: u16| {
            let mut frame = destination.to_vec();
            frame.extend_from_slice(&source.mac.unwrap().0);
            frame.extend_from_slice(&ether_type.to_be_bytes());
            frame.resize(60, 7);
            frame
        };
        let group = [3, 0x4f, 0x43, 0x50, 0x80, 0];
        let send = |end: &mut Box<dyn Transport>, bytes: &[u8]| {
            assert_eq!(end.send(Batch::new(bytes, &[Span::new(0, bytes.len())])).unwrap(), 1, "taken");
        };
        let heard = |end: &mut Box<dyn Transport>| {
            let (mut buffer, mut types) = ([0; 2048], Vec::new());
            while end.wait(Duration::from_millis(300)).unwrap() {
                if end.receive(&mut buffer).unwrap().is_some() {
                    types.push(u16::from_be_bytes([buffer[12], buffer[13]]));
                }
            }
            types
        };
        for ether_type in [0x88b5, 0x88b6, 0x0800] {
            send(&mut sender, &frame(&near, group, ether_type));
            send(&mut card, &frame(&far, near.mac.unwrap().0, ether_type));
        }
        let mut at_card = heard(&mut card);
        at_card.sort_unstable();
        assert_eq!(at_card, [0x88b5, 0x88b6], "{preference:?}: stream and control at a card");
        assert_eq!(heard(&mut sender), [0x88b6], "{preference:?}: only control at a sender");
    }
}

#[test]
fn a_colorlight_card_receives_all_its_frames_and_a_sender_the_replies() {
    require!(root(), program("ip"));
    let namespace = Namespace::enter_new();
    let (near, far) = namespace.cable("near", "far");
    let (mut sender, mut card) = (packet(&near, Reception::ColorlightSender), packet(&far, Reception::ColorlightCard));
    let to_card =
        |kind: [u8; 2]| [&[0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x22, 0x22, 0x33, 0x44, 0x55, 0x66][..], &kind, &[9; 60]].concat();
    let reply = [&[0xff; 6][..], &[0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x08, 0x05], &[9; 60]].concat();
    let sent = [to_card([0x55, 0x00]), to_card([0x55, 0x01]), to_card([0x0a, 0xff]), to_card([0x01, 0x07]), reply.clone()];
    for frame in &sent {
        sender.send(Batch::new(frame, &[Span::new(0, frame.len())])).unwrap();
    }
    card.send(Batch::new(&reply, &[Span::new(0, reply.len())])).unwrap();
    let mut buffer = [0; 2048];
    for expected in &sent[..4] {
        let length = card.receive(&mut buffer).unwrap().expect("for the card");
        assert_eq!(&buffer[..length], expected, "also the sync, whose type is a length");
    }
    assert_eq!(card.receive(&mut buffer).unwrap(), None, "a reply is not for a card");
    assert_eq!(sender.receive(&mut buffer).unwrap(), Some(reply.len()), "the sender hears the reply");
    assert_eq!(sender.receive(&mut buffer).unwrap(), None, "and nothing of its own");
}

#[test]
fn packets_that_no_link_carries_are_refused_by_size() {
    require!(root(), program("ip"));
    let namespace = Namespace::enter_new();
    let (near, _far) = namespace.cable("near", "far");
    for preference in [Preference::Packet, Preference::Portable] {
        let mut transport = open(&near, Reception::Nothing, preference).unwrap().transport;
        let (memory, _) = stream(&near, 1, 1600);
        let spans = [Span::new(0, 1514), Span::new(0, 1515)];
        assert_eq!(transport.send(Batch::new(&memory, &spans)).unwrap(), 1, "the largest frame of this MTU passes");
        for (wrong, bytes) in [(Span::new(0, 1515), 1515), (Span::new(0, 13), 13), (Span::new(5_000, 60), 0)] {
            let error = transport.send(Batch::new(&memory, &[wrong])).unwrap_err();
            let TransportError::PacketSize { bytes: named, maximum: 1514, .. } = error else { panic!("{error:?}") };
            assert_eq!(named, bytes, "{preference:?}: the packet is named");
        }
    }
}

/// Waits until a link has a state; how long it took.
fn until(transport: &mut dyn Transport, down: bool) -> Duration {
    let clock = SystemClock::new();
    let begun = clock.now();
    while transport.link().is_down() != down {
        let elapsed = Duration::from_nanos(clock.now().since(begun));
        assert!(elapsed < Duration::from_secs(5), "the link never became {}", if down { "down" } else { "up" });
        std::thread::sleep(Duration::from_millis(1));
    }
    Duration::from_nanos(clock.now().since(begun))
}

#[test]
fn a_pulled_cable_is_known_within_half_a_second_and_its_return_too() {
    require!(root(), program("ip"));
    let half_a_second = Duration::from_millis(500);
    for preference in [Preference::Packet, Preference::Portable] {
        let namespace = Namespace::enter_new();
        let (near, far) = namespace.cable("near", "far");
        let mut watch = LinkWatch::open().unwrap();
        let mut transport = open(&near, Reception::Ocp809Sender, preference).unwrap().transport;
        let mut receiver = packet(&far, Reception::Ocp809Card);
        assert!(matches!(transport.link(), LinkState::Up { .. }), "up at first");
        let (memory, spans) = stream(&near, 100, 200);
        let batch = Batch::new(&memory, &spans);

        namespace.ip(&["link", "set", "far", "down"]);
        assert!(until(&mut *transport, true) < half_a_second, "{preference:?}: the other end is down");
        let event = std::iter::from_fn(|| watch.next(half_a_second).unwrap()).find(|event| event.name == "near").unwrap();
        assert!(event.state.is_down() && event.mac == near.mac && !event.removed, "{event:?}");
        namespace.ip(&["link", "set", "far", "up"]);
        assert!(until(&mut *transport, false) < half_a_second, "{preference:?}: plugged again");
        assert_eq!(exchange(&mut *transport, &mut receiver, batch).len(), 100, "{preference:?}: and it carries");

        namespace.ip(&["link", "set", "near", "down"]);
        assert!(until(&mut *transport, true) < half_a_second, "{preference:?}: switched off");
        let error = transport.send(batch).unwrap_err();
        assert!(matches!(error, TransportError::LinkDown), "{preference:?}: {error:?}");
        // A receiver in a loop must neither fail for ever nor fill a log.
        let failures = (0..10_000).filter(|_| transport.receive(&mut [0; 2048]).is_err()).count();
        assert!(failures < 50, "{preference:?}: {failures} of 10000 calls failed");
        namespace.ip(&["link", "set", "near", "up"]);
        assert!(until(&mut *transport, false) < half_a_second, "{preference:?}: switched on");
        assert_eq!(exchange(&mut *transport, &mut receiver, batch).len(), 100, "{preference:?}: and it carries again");
    }
}

#[test]
fn an_interface_that_comes_back_under_another_name_is_found_by_its_address() {
    require!(root(), program("ip"));
    let namespace = Namespace::enter_new();
    let (near, _far) = namespace.cable("near", "far");
    let mac = near.mac.unwrap();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let mut transport = Rebinding::open(mac, Reception::Ocp809Sender, Preference::Automatic, clock).unwrap();
    let (memory, spans) = stream(&near, 10, 200);
    let batch = Batch::new(&memory, &spans);
    let backend = transport.sending().map(|sending| sending.backend);
    assert_eq!((transport.send(batch).unwrap(), backend), (10, Some(Backend::Packet)), "by AF_PACKET");

    namespace.ip(&["link", "delete", "near"]);
    until(&mut transport, true);
    let error = transport.send(batch).unwrap_err();
    assert!(matches!(error, TransportError::InterfaceGone), "{error:?}");

    // Another interface gets the old name: it must never be driven.
    namespace.cable("near", "stranger");
    let (other, _) = namespace.cable("renamed", "far2");
    assert_ne!(other.mac, Some(mac), "a new address");
    std::thread::sleep(Duration::from_millis(300));
    assert!(transport.link().is_down() && transport.send(batch).is_err(), "the name alone is nothing");

    namespace.ip(&["link", "set", "renamed", "down"]);
    namespace.ip(&["link", "set", "renamed", "address", &mac.to_string()]);
    namespace.ip(&["link", "set", "renamed", "up"]);
    assert!(until(&mut transport, false) < Duration::from_secs(2), "found again");
    assert_eq!((transport.name(), transport.rebinds()), ("renamed", 1), "under its new name");
    let mut receiver = packet(&find_by_name("far2").unwrap(), Reception::Ocp809Card);
    assert_eq!(exchange(&mut transport, &mut receiver, batch).len(), 10, "and it carries");
}

#[test]
fn an_unknown_interface_is_an_error_that_lists_those_that_there_are() {
    require!(root(), program("ip"));
    let namespace = Namespace::enter_new();
    namespace.cable("near", "far");
    let error = find_by_name("eth7").unwrap_err();
    assert!(matches!(&error, OpenError::NoInterface { wanted, .. } if wanted == "eth7"), "{error}");
    let text = error.to_string();
    assert!(text.contains("near") && text.contains("far") && !text.contains("lo,"), "{text}");
    assert!(find_by_mac("02:00:00:00:00:77".parse().unwrap()).is_err(), "nor by an unknown address");
}

#[test]
fn without_the_capability_the_error_names_it_and_the_remedy() {
    require!(root(), program("ip"), program("setpriv"));
    if std::env::var_os("OCP809_TEST_UNPRIVILEGED").is_some() {
        let interface = find_by_name("lo").expect("listing needs no privilege");
        let error = open(&interface, Reception::Nothing, Preference::Automatic).expect_err("no capability");
        assert!(matches!(error, OpenError::Privilege { .. }), "{error:?}");
        let text = error.to_string();
        assert!(text.contains("CAP_NET_RAW") && text.contains("sudo setcap cap_net_raw+ep /"), "{text}");
        return;
    }
    let this_test = "without_the_capability_the_error_names_it_and_the_remedy";
    let child = Command::new("setpriv")
        .args(["--bounding-set", "-net_raw,-net_admin", "--inh-caps", "-net_raw,-net_admin"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", this_test, "--nocapture"])
        .env("OCP809_TEST_UNPRIVILEGED", "1")
        .output()
        .unwrap();
    assert!(child.status.success(), "{}{}", String::from_utf8_lossy(&child.stdout), String::from_utf8_lossy(&child.stderr));
}

#[test]
fn a_quiet_cable_is_safe_and_a_network_is_not() {
    require!(root(), program("ip"));
    let namespace = Namespace::enter_new();
    let (near, far) = namespace.cable("near", "far");
    let clock = SystemClock::new();
    let listen = |interface: &Interface| listen_for_foreign_traffic(interface, Duration::from_millis(300), &clock).unwrap();
    let verdict = listen(&near);
    assert!(verdict.is_safe(), "{verdict}");

    // The kernel's own IPv6 chatter is on every cable.
    namespace.ip(&["link", "set", "far", "down"]);
    namespace.ip(&["link", "set", "far", "addrgenmode", "eui64"]);
    namespace.ip(&["link", "set", "far", "up"]);
    let verdict = listen(&near);
    assert!(verdict.is_safe(), "{verdict}");

    let foreign = namespace_traffic(&near, &far, &clock);
    assert!(!foreign.is_safe() && foreign.carrier, "{foreign}");
    let [Concern::ForeignTraffic { frames: 3, examples }] = &foreign.concerns[..] else { panic!("{foreign:?}") };
    assert_eq!(examples[0].1.0, 0x0806, "an ARP request");
    assert!(foreign.to_string().contains(&far.mac.unwrap().to_string()), "{foreign}");

    namespace.ip(&["address", "add", "192.0.2.7/24", "dev", "near"]);
    namespace.ip(&["route", "add", "default", "via", "192.0.2.1"]);
    let verdict = listen(&find_by_name("near").unwrap());
    assert!(!verdict.is_safe() && verdict.concerns.contains(&Concern::DefaultRoute), "{verdict}");
    assert!(verdict.concerns.contains(&Concern::Address("192.0.2.7".parse().unwrap())), "{verdict}");

    namespace.ip(&["link", "set", "far", "down"]);
    let verdict = listen(&find_by_name("near").unwrap());
    assert!(!verdict.carrier && !verdict.is_safe(), "{verdict}");
}

/// Three ARP requests of the far end while the near end listens.
fn namespace_traffic(near: &Interface, far: &Interface, clock: &SystemClock) -> ocp809_sender::transport::Verdict {
    let mut talker = packet(far, Reception::Nothing);
    let arp = [&[0xff; 6][..], &far.mac.unwrap().0, &[8, 6], &[0; 46]].concat();
    std::thread::scope(|scope| {
        let talk = std::thread::Builder::new().spawn_scoped(scope, move || {
            std::thread::sleep(Duration::from_millis(150));
            for _ in 0..3 {
                talker.send(Batch::new(&arp, &[Span::new(0, arp.len())])).unwrap();
            }
        });
        let verdict = listen_for_foreign_traffic(near, Duration::from_millis(500), clock).unwrap();
        talk.unwrap().join().unwrap();
        verdict
    })
}

#[test]
fn a_relay_with_faults_counts_exactly_what_the_receiver_misses() {
    require!(root(), program("ip"));
    let namespace = Namespace::enter_new();
    let (near, left) = namespace.cable("near", "left");
    let (right, far) = namespace.cable("right", "far");
    let rates = FaultRates {
        loss_per_mille: 10,
        duplicate_per_mille: 10,
        reorder_per_mille: 10,
        corrupt_per_mille: 1,
        ..FaultRates::default()
    };
    let switch = FaultSwitch::new(rates);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let entry = Faulty::new(packet(&left, Reception::Ocp809Card), FaultSwitch::default(), switch.clone(), 809, 1518, clock);
    let mut relay = Relay::new(entry, packet(&right, Reception::Ocp809Card), 1518);
    let mut sender = packet(&near, Reception::Nothing);
    let mut receiver = packet(&far, Reception::Ocp809Card);
    let (memory, spans) = stream(&near, PACKETS, 200);
    let batch = Batch::new(&memory, &spans);
    let expected: Vec<&[u8]> = batch.packets().collect();
    let (mut sent, mut idle, mut buffer) = (0, 0, [0; 2048]);
    let (mut seen, mut damaged, mut disorder, mut newest) = (vec![0_u32; PACKETS as usize], 0, 0, 0);
    while idle < 100 {
        sent += sender.send(batch.skip(sent).take(64)).unwrap();
        let mut moved = 0;
        while relay.step().unwrap() > 0 {
            moved += 1;
        }
        while let Some(length) = receiver.receive(&mut buffer).unwrap() {
            let number = u32::from_be_bytes(buffer[14..18].try_into().unwrap());
            match expected.get(number as usize) {
                Some(&packet) if packet == &buffer[..length] => {
                    seen[number as usize] += 1;
                    disorder += u64::from(number < newest);
                    newest = newest.max(number);
                }
                _ => damaged += 1,
            }
        }
        if moved == 0 && sent == batch.len() {
            std::thread::sleep(Duration::from_millis(1));
            idle += 1;
        }
    }
    let counts = switch.counts();
    let arrived: u32 = seen.iter().sum();
    assert_eq!(counts.packets, u64::from(PACKETS), "all passed the relay");
    assert!(counts.lost > 100 && counts.duplicated > 100 && counts.reordered > 100 && counts.corrupted > 5, "{counts:?}");
    assert_eq!(u64::from(arrived) + damaged, counts.packets - counts.lost + counts.duplicated, "{counts:?}");
    assert!(damaged >= counts.corrupted && damaged <= 2 * counts.corrupted, "{damaged} of {counts:?}");
    assert!(disorder >= counts.reordered / 2, "{disorder} late of {counts:?}");
}

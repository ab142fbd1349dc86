//! Injected faults: reproducible, exactly counted, and gone when the switch is off.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::sync::Arc;

use ocp809_sender::stream::{Batch, Span};
use ocp809_sender::time::{Clock, ManualClock, Nanos};
use ocp809_sender::transport::fault::{FaultCounts, FaultRates, FaultSwitch, Faulty};
use ocp809_sender::transport::memory::{MemoryEnd, cable};
use ocp809_sender::transport::relay::Relay;
use ocp809_sender::transport::{Transport, TransportError};

const PACKETS: u32 = 10_000;
const BYTES: usize = 100;

fn packet(number: u32) -> Vec<u8> {
    let mut packet = vec![7; BYTES];
    packet[14..18].copy_from_slice(&number.to_be_bytes());
    packet
}

fn send(end: &mut dyn Transport, number: u32) {
    let bytes = packet(number);
    assert_eq!(end.send(Batch::new(&bytes, &[Span::new(0, BYTES)])).unwrap(), 1, "there is room");
}

fn receive(end: &mut MemoryEnd, into: &mut Vec<Vec<u8>>) {
    let mut buffer = [0; 1518];
    while let Some(length) = end.receive(&mut buffer).unwrap() {
        into.push(buffer[..length].to_vec());
    }
}

struct Bench {
    faulty: Faulty<MemoryEnd>,
    far: MemoryEnd,
    clock: Arc<ManualClock>,
    switch: FaultSwitch,
}

fn bench(rates: FaultRates, seed: u64) -> Bench {
    let (near, far) = cable(64);
    let (clock, switch) = (Arc::new(ManualClock::at(Nanos(1))), FaultSwitch::new(rates));
    let shared: Arc<dyn Clock> = clock.clone();
    let faulty = Faulty::new(near, switch.clone(), FaultSwitch::default(), seed, 1518, shared);
    Bench { faulty, far, clock, switch }
}

/// What arrives of a long stream, and what was counted.
fn run(rates: FaultRates, seed: u64) -> (Vec<Vec<u8>>, FaultCounts) {
    let mut bench = bench(rates, seed);
    let mut arrived = Vec::new();
    for number in 0..PACKETS {
        send(&mut bench.faulty, number);
        receive(&mut bench.far, &mut arrived);
        bench.clock.advance(12_000);
    }
    bench.clock.advance(1_000_000_000);
    bench.faulty.receive(&mut [0; 1518]).unwrap();
    receive(&mut bench.far, &mut arrived);
    (arrived, bench.switch.counts())
}

fn number(packet: &[u8]) -> u32 {
    u32::from_be_bytes(packet[14..18].try_into().unwrap())
}

#[test]
fn without_faults_everything_passes_unchanged() {
    let (arrived, counts) = run(FaultRates::default(), 1);
    assert!(arrived.iter().enumerate().all(|(at, bytes)| *bytes == packet(u32::try_from(at).unwrap())), "unchanged");
    assert_eq!(counts, FaultCounts { packets: PACKETS.into(), ..FaultCounts::default() }, "and nothing counted");
}

#[test]
fn the_same_seed_gives_the_same_faults_and_another_one_others() {
    let rates = FaultRates { loss_per_mille: 50, reorder_per_mille: 50, corrupt_per_mille: 50, ..FaultRates::default() };
    assert_eq!(run(rates, 809), run(rates, 809), "reproducible");
    assert_ne!(run(rates, 809).0, run(rates, 810).0, "another seed");
}

#[test]
fn lost_and_duplicated_packets_are_counted_exactly() {
    let (arrived, counts) = run(FaultRates { loss_per_mille: 10, ..FaultRates::default() }, 2);
    assert_eq!(arrived.len() as u64, u64::from(PACKETS) - counts.lost, "{counts:?}");
    assert!((60..=140).contains(&counts.lost), "about 1 %: {counts:?}");
    let (arrived, counts) = run(FaultRates { duplicate_per_mille: 10, ..FaultRates::default() }, 2);
    assert_eq!(arrived.len() as u64, u64::from(PACKETS) + counts.duplicated, "{counts:?}");
    let repeats = arrived.windows(2).filter(|pair| pair[0] == pair[1]).count() as u64;
    assert_eq!(repeats, counts.duplicated, "each right behind its original");
    let (arrived, counts) = run(FaultRates { loss_per_mille: 1_000, ..FaultRates::default() }, 2);
    assert_eq!((arrived.len(), counts.lost), (0, PACKETS.into()), "all");
}

#[test]
fn a_corrupted_packet_differs_in_one_bit_behind_its_addresses() {
    let (arrived, counts) = run(FaultRates { corrupt_per_mille: 20, ..FaultRates::default() }, 3);
    let mut changed = 0;
    for (at, bytes) in arrived.iter().enumerate() {
        let original = packet(u32::try_from(at).unwrap());
        let bits: u32 = bytes.iter().zip(&original).map(|(a, b)| (a ^ b).count_ones()).sum();
        assert!(bits <= 1 && bytes[..12] == original[..12], "packet {at}");
        changed += u64::from(bits);
    }
    assert_eq!(changed, counts.corrupted, "{counts:?}");
    assert!(changed > 100, "about 2 %: {counts:?}");
}

#[test]
fn reordered_packets_are_overtaken_and_none_is_missing() {
    let (arrived, counts) = run(FaultRates { reorder_per_mille: 10, ..FaultRates::default() }, 4);
    let mut newest = 0;
    let late = arrived.iter().filter(|bytes| {
        let number = number(bytes);
        let late = number < newest;
        newest = newest.max(number);
        late
    });
    assert_eq!(late.count() as u64, counts.reordered, "{counts:?}");
    assert!(counts.reordered > 50, "about 1 %: {counts:?}");
    let mut numbers: Vec<u32> = arrived.iter().map(|bytes| number(bytes)).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..PACKETS).collect::<Vec<_>>(), "each once");
}

#[test]
fn a_delayed_packet_leaves_at_its_time_also_when_nothing_follows() {
    let mut bench = bench(FaultRates { delay_per_mille: 1_000, delay_us: 500, ..FaultRates::default() }, 5);
    let mut arrived = Vec::new();
    send(&mut bench.faulty, 1);
    bench.clock.advance(499_000);
    bench.faulty.receive(&mut [0; 100]).unwrap();
    receive(&mut bench.far, &mut arrived);
    assert!(arrived.is_empty(), "not yet");
    bench.clock.advance(1_000);
    bench.faulty.receive(&mut [0; 100]).unwrap();
    receive(&mut bench.far, &mut arrived);
    assert_eq!((arrived.len(), bench.switch.counts().delayed), (1, 1), "now");
}

#[test]
fn the_switch_works_while_packets_flow() {
    let mut bench = bench(FaultRates::default(), 6);
    let loss = FaultRates {
        loss_per_mille: 1_000,
        reorder_per_mille: 1,
        delay_per_mille: 999,
        delay_us: u32::MAX,
        ..FaultRates::default()
    };
    let mut arrived = Vec::new();
    for (rates, number) in [(FaultRates::default(), 0), (loss, 1), (FaultRates::default(), 2)] {
        bench.switch.set(rates);
        assert_eq!(bench.switch.rates(), rates, "as it was set");
        send(&mut bench.faulty, number);
    }
    receive(&mut bench.far, &mut arrived);
    assert_eq!(arrived.iter().map(|bytes| number(bytes)).collect::<Vec<_>>(), [0, 2], "only the second was lost");
}

#[test]
fn a_full_device_makes_the_injector_full_and_nothing_is_lost() {
    let mut bench = bench(FaultRates { duplicate_per_mille: 1_000, ..FaultRates::default() }, 7);
    let (mut taken, bytes) = (0, packet(0));
    while bench.faulty.send(Batch::new(&bytes, &[Span::new(0, BYTES)])).unwrap() == 1 {
        taken += 1;
        assert!(taken < 1_000, "it must become full");
    }
    let mut arrived = Vec::new();
    for _ in 0..100 {
        receive(&mut bench.far, &mut arrived);
        bench.faulty.receive(&mut [0; 100]).unwrap();
    }
    assert_eq!(arrived.len(), 2 * taken, "every packet twice");
    let long = [0; 1519];
    let error = bench.faulty.send(Batch::new(&long, &[Span::new(0, 1519)])).unwrap_err();
    assert!(matches!(error, TransportError::PacketSize { bytes: 1519, .. }), "{error}");
}

#[test]
fn a_relay_carries_both_ways_and_keeps_what_is_not_taken() {
    let ((mut left, relay_left), (relay_right, mut right)) = (cable(8), cable(1));
    let mut relay = Relay::new(relay_left, relay_right, 1518);
    for number in 0..3 {
        send(&mut left, number);
    }
    send(&mut right, 9);
    let (mut there, mut back) = (Vec::new(), Vec::new());
    for _ in 0..10 {
        relay.step().unwrap();
        relay.step().unwrap();
        receive(&mut right, &mut there);
    }
    receive(&mut left, &mut back);
    let numbers = |packets: &[Vec<u8>]| packets.iter().map(|bytes| number(bytes)).collect::<Vec<_>>();
    assert_eq!((numbers(&there), numbers(&back)), (vec![0, 1, 2], vec![9]), "all, though the right end holds one");
}

//! That a way loses and changes nothing: numbered packets over a cable at a steady rate, compared byte for byte at its end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use ocp809_sender::stream::{Batch, Span};
use ocp809_sender::time::{Clock, NANOS_PER_SECOND};
use ocp809_sender::transport::packet::{PacketOptions, PacketTransport};
use ocp809_sender::transport::{Interface, Reception, Transport, open};
use ocp809_sender::wire::ethernet::{EtherType, EthernetHeader, HEADER_LEN};
use ocp809_sender::wire::ocp809::{group_address, software_address};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::network::Network;
use super::transmit::{LOOK, WAYS, Way, send_all};
use super::{BenchError, Plan};

/// Packets per second: what the slowest receiver on two shared cores keeps up with.
const RATE: u64 = 16_000;

/// Packets that leave back to back.
const CHUNK: usize = 32;

/// Bytes of a packet.
const BYTES: usize = 1_512;

/// Looks without a packet after which a cable counts as empty.
const QUIET_LOOKS: u32 = 50;

/// How one way did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProofRow {
    /// The way.
    pub way: String,
    /// Packets per second.
    pub rate: u64,
    /// Packets that were sent.
    pub sent: u64,
    /// Packets that did not arrive.
    pub lost: u64,
    /// Packets that arrived with other bytes, again, or out of order.
    pub corrupt: u64,
    /// Packets that the receiver's kernel dropped because they were not fetched in time, which are among the lost ones.
    pub receiver_dropped: u64,
}

/// Fills a packet whose bytes all follow from its number.
pub(super) fn write_packet(packet: &mut [u8], number: u64) {
    let header = EthernetHeader {
        destination: group_address(0),
        source: software_address(0),
        tag: None,
        ethertype: EtherType::OCP809_STREAM,
    };
    header.emit(packet);
    let body = packet.get_mut(HEADER_LEN..).unwrap_or_default();
    let (own, rest) = body.split_at_mut_checked(8).unwrap_or_default();
    own.copy_from_slice(&number.to_be_bytes());
    for (at, byte) in rest.iter_mut().enumerate() {
        *byte = pattern(number, at);
    }
}

const fn pattern(number: u64, at: usize) -> u8 {
    let [low, ..] = (number.wrapping_mul(31).wrapping_add(at as u64 * 7)).to_le_bytes();
    low
}

/// The number that a packet carries; `None` where a byte is not as it was written.
fn number_of(packet: &[u8]) -> Option<u64> {
    let body = packet.get(HEADER_LEN..)?;
    let (own, rest) = body.split_first_chunk::<8>()?;
    let number = u64::from_be_bytes(*own);
    rest.iter().enumerate().all(|(at, &byte)| byte == pattern(number, at)).then_some(number)
}

/// Every way in turn over a cable of its own.
pub(super) fn measure(plan: &Plan, network: &Network) -> Result<Vec<ProofRow>, BenchError> {
    let (near, far) = network.cable("proof-near", "proof-far", 1_500)?;
    let time_ns = plan.slice_ns(WAYS.len() * 2) * plan.rounds as u64;
    let packets = (time_ns / (NANOS_PER_SECOND / RATE)).max(CHUNK as u64);
    let mut rows = Vec::new();
    // In place, a cable's far end would see what is written later: it reads the sender's memory.
    for way in WAYS.iter().filter(|way| !way.in_place) {
        // Where it cannot be opened, the figures have said so.
        if let Ok(opened) = open(&near, Reception::Nothing, way.backend) {
            rows.push(prove(plan.clock.as_ref(), way, opened.transport, &far, packets)?);
        }
    }
    Ok(rows)
}

fn prove(
    clock: &dyn Clock,
    way: &Way,
    mut transport: Box<dyn Transport>,
    far: &Interface,
    packets: u64,
) -> Result<ProofRow, BenchError> {
    let options = PacketOptions { reception: Reception::Everything, ..PacketOptions::default() };
    let mut receiver = PacketTransport::open(far, options)?;
    let is_over = AtomicBool::new(false);
    let seen = thread::scope(|scope| {
        let listen = || listen(&mut receiver, &is_over);
        let listener =
            thread::Builder::new().name("listener".to_owned()).spawn_scoped(scope, listen).map_err(BenchError::Thread)?;
        let sent = send_paced(clock, transport.as_mut(), packets);
        is_over.store(true, Ordering::Release);
        let seen = listener.join().map_err(|_| BenchError::unmade("the listening thread panicked"))?;
        sent.and(seen)
    })?;
    Ok(ProofRow {
        way: way.name.to_owned(),
        rate: RATE,
        sent: packets,
        lost: packets.saturating_sub(seen.good),
        corrupt: seen.corrupt,
        receiver_dropped: receiver.kernel_drops(),
    })
}

fn send_paced(clock: &dyn Clock, transport: &mut dyn Transport, packets: u64) -> Result<(), BenchError> {
    let begun = clock.now();
    let mut memory = vec![0; BYTES * CHUNK];
    let spans: Vec<Span> = (0..CHUNK).map(|packet| Span::new(packet * BYTES, BYTES)).collect();
    let mut sent = 0;
    while sent < packets {
        clock.sleep_until(begun.after(sent * NANOS_PER_SECOND / RATE));
        let chunk = (packets - sent).min(CHUNK as u64);
        for (packet, number) in memory.chunks_exact_mut(BYTES).zip(sent..sent + chunk) {
            write_packet(packet, number);
        }
        send_all(transport, Batch::new(&memory, &spans).take(usize::try_from(chunk).unwrap_or(0)), 0, clock)?;
        sent += chunk;
    }
    Ok(())
}

/// What came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Seen {
    good: u64,
    corrupt: u64,
}

impl Seen {
    /// Takes the next packet; `next` is the number that it may have at least.
    fn take(&mut self, packet: &[u8], next: &mut u64) {
        match number_of(packet).filter(|number| number >= next) {
            Some(number) => (self.good, *next) = (self.good + 1, number + 1),
            None => self.corrupt += 1,
        }
    }
}

fn listen(receiver: &mut dyn Transport, is_over: &AtomicBool) -> Result<Seen, BenchError> {
    let (mut seen, mut next, mut quiet) = (Seen::default(), 0, 0);
    let mut buffer = [0; BYTES + 4];
    while quiet < QUIET_LOOKS {
        let was_over = is_over.load(Ordering::Acquire);
        quiet = if receiver.wait(LOOK)? || !was_over { 0 } else { quiet + 1 };
        while let Some(length) = receiver.receive(&mut buffer)? {
            seen.take(buffer.get(..length).unwrap_or_default(), &mut next);
        }
    }
    Ok(seen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ocp809_sender::time::SystemClock;
    use ocp809_sender::transport::fault::{FaultRates, FaultSwitch, Faulty};
    use ocp809_sender::transport::memory::cable;
    use std::sync::Arc;

    fn over_a_cable(rates: FaultRates, packets: u64) -> Seen {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let (near, mut far) = cable(4_096);
        let mut near = Faulty::new(near, FaultSwitch::new(rates), FaultSwitch::default(), 7, 1_518, Arc::clone(&clock));
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            let listener = scope.spawn(|| listen(&mut far, &is_over).unwrap());
            send_paced(clock.as_ref(), &mut near, packets).unwrap();
            is_over.store(true, Ordering::Release);
            listener.join().unwrap()
        })
    }

    #[test]
    fn a_good_cable_brings_everything_and_a_bad_one_is_found_out() {
        assert_eq!(over_a_cable(FaultRates::default(), 1_000), Seen { good: 1_000, corrupt: 0 });
        let lost = over_a_cable(FaultRates { loss_per_mille: 50, ..FaultRates::default() }, 1_000);
        assert!(lost.corrupt == 0 && lost.good > 900 && lost.good < 1_000, "{lost:?}");
        let spoilt = over_a_cable(FaultRates { corrupt_per_mille: 50, ..FaultRates::default() }, 1_000);
        assert!(spoilt.corrupt > 0 && spoilt.good + spoilt.corrupt == 1_000, "{spoilt:?}");
        let twice = over_a_cable(FaultRates { duplicate_per_mille: 50, ..FaultRates::default() }, 1_000);
        assert!(twice.good == 1_000 && twice.corrupt > 0, "{twice:?}");
    }

    #[test]
    fn every_byte_of_a_packet_counts() {
        let mut packet = [0; 100];
        write_packet(&mut packet, 0x0102_0304_0506_0708);
        assert_eq!(number_of(&packet), Some(0x0102_0304_0506_0708));
        for at in HEADER_LEN..100 {
            let mut other = packet;
            other[at] ^= 0x10;
            assert_ne!(number_of(&other), Some(0x0102_0304_0506_0708), "byte {at}");
        }
        assert_eq!(number_of(&packet[..20]), None, "too short for a number");
    }
}

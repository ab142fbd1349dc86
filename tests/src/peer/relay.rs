//! A cable with faults between two interfaces, that writes down every stream frame before and after them.
//!
//! Orders: `faults LOSS REORDER DUPLICATE CORRUPT` in thousandths, `report`.

use core::time::Duration;
use std::sync::{Arc, Mutex, PoisonError};

use ocp809_sender::stream::Batch;
use ocp809_sender::time::{Clock, Nanos, SystemClock};
use ocp809_sender::transport::fault::{FaultRates, FaultSwitch, Faulty};
use ocp809_sender::transport::interface::find_by_name;
use ocp809_sender::transport::packet::{PacketOptions, PacketTransport};
use ocp809_sender::transport::relay::Relay;
use ocp809_sender::transport::{LinkState, Reception, Transport, TransportError};
use ocp809_sender::wire::ethernet::{EtherType, EthernetFrame};
use ocp809_sender::wire::ocp809::{StreamError, StreamKind, StreamPacket};
use serde_json::{Value, json};

use super::{Failure, Order, Orders, answer};

/// MTU 1500, an Ethernet header and a VLAN tag.
const FRAME_BYTES: usize = 1_518;

/// Longer than a reordered packet is held back.
const SETTLED_NS: u64 = 1_200_000;

/// Carries frames until the test closes standard input.
pub(super) fn run(near: &str, far: &str, seed: &str, orders: &Orders) -> Result<(), Failure> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let switch = FaultSwitch::default();
    let (before, after) = (Log::default(), Log::default());
    let near = Logged { inner: open(near)?, received: before.clone(), sent: Log::default() };
    let far = Logged { inner: open(far)?, received: Log::default(), sent: after.clone() };
    let faulty = Faulty::new(far, switch.clone(), FaultSwitch::default(), seed.parse()?, FRAME_BYTES, Arc::clone(&clock));
    let mut relay = Relay::new(near, WholeFrames { inner: faulty, clock, pixels_at: None }, FRAME_BYTES);
    answer(&json!("ready"))?;
    loop {
        match orders.next() {
            Order::None => {}
            Order::End => return Ok(()),
            Order::Words(words) => answer(&obey(&words, &switch, &before, &after)?)?,
        }
        // An interface that is down is the test's doing.
        if relay.step().unwrap_or(0) == 0 {
            let _waited = relay.wait(Duration::from_micros(300));
        }
    }
}

fn obey(words: &[String], switch: &FaultSwitch, before: &Log, after: &Log) -> Result<Value, Failure> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["faults", loss, reorder, duplicate, corrupt] => {
            switch.set(FaultRates {
                loss_per_mille: loss.parse()?,
                reorder_per_mille: reorder.parse()?,
                duplicate_per_mille: duplicate.parse()?,
                corrupt_per_mille: corrupt.parse()?,
                ..FaultRates::default()
            });
            Ok(json!("set"))
        }
        ["report"] => {
            let counts = switch.counts();
            Ok(json!({
                "before": before.take(),
                "after": after.take(),
                "lost": counts.lost,
                "reordered": counts.reordered,
                "duplicated": counts.duplicated,
                "corrupted": counts.corrupted,
            }))
        }
        _ => Err(format!("no such order: {words:?}").into()),
    }
}

fn open(name: &str) -> Result<PacketTransport, Failure> {
    let options = PacketOptions { reception: Reception::Everything, ..PacketOptions::default() };
    Ok(PacketTransport::open(&find_by_name(name)?, options)?)
}

/// Stream frames in the order in which they passed: `[frame_id, kind, seq, target, count, state]`.
#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Vec<[u16; 6]>>>);

impl Log {
    fn add(&self, frame: &[u8]) {
        if let Some(entry) = entry(frame) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
        }
    }

    fn take(&self) -> Vec<[u16; 6]> {
        core::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What a card will see: kind 0 PIXELS, 1 LATCH, 2 COPY, 3 another one; state 0 sound, 1 wrong CRC, 2 too short, 3 of another
/// version or format. `None`: no stream frame, or one no longer.
fn entry(frame: &[u8]) -> Option<[u16; 6]> {
    let frame = EthernetFrame::new_checked(frame).ok().filter(|frame| frame.ethertype() == EtherType::OCP809_STREAM)?;
    let packet = match StreamPacket::new_checked(frame.payload()) {
        Ok(packet) => packet,
        Err(StreamError::Short { .. }) => return Some([0, 3, 0, 0, 0, 2]),
        Err(_) => return Some([0, 3, 0, 0, 0, 3]),
    };
    let header = packet.header();
    let kind = match header.kind {
        StreamKind::Pixels(_) => 0,
        StreamKind::Latch { .. } => 1 + u16::from(header.is_copy()),
        StreamKind::Parity { .. } | StreamKind::Other { .. } => 3,
    };
    let state = u16::from(packet.check_crc().is_err());
    Some([header.frame_id.0, kind, header.seq, header.target, header.count, state])
}

/// Writes down what passes.
#[derive(Debug)]
struct Logged<T> {
    inner: T,
    received: Log,
    sent: Log,
}

impl<T: Transport> Transport for Logged<T> {
    fn send(&mut self, batch: Batch<'_>) -> Result<usize, TransportError> {
        let sent = self.inner.send(batch)?;
        batch.packets().take(sent).for_each(|frame| self.sent.add(frame));
        Ok(sent)
    }

    fn receive(&mut self, buffer: &mut [u8]) -> Result<Option<usize>, TransportError> {
        let received = self.inner.receive(buffer)?;
        if let Some(frame) = received.and_then(|length| buffer.get(..length)) {
            self.received.add(frame);
        }
        Ok(received)
    }

    fn wait(&mut self, timeout: Duration) -> Result<bool, TransportError> {
        self.inner.wait(timeout)
    }

    fn link(&mut self) -> LinkState {
        self.inner.link()
    }

    fn name(&self) -> &str {
        self.inner.name()
    }
}

/// Lets pixels that are held back go before the latch of their frame. What one that comes behind it would do to a card's
/// counters depends on the instant of a flip, which no log shows.
struct WholeFrames<T> {
    inner: T,
    clock: Arc<dyn Clock>,
    pixels_at: Option<Nanos>,
}

impl<T: Transport> Transport for WholeFrames<T> {
    fn send(&mut self, batch: Batch<'_>) -> Result<usize, TransportError> {
        let kinds = batch.packets().filter_map(entry).map(|[_, kind, ..]| kind);
        for kind in kinds {
            if kind == 0 {
                self.pixels_at = Some(self.clock.now());
            } else if let Some(at) = self.pixels_at.take() {
                self.clock.sleep_until(at.after(SETTLED_NS));
                self.inner.wait(Duration::ZERO)?;
            }
        }
        self.inner.send(batch)
    }

    fn receive(&mut self, buffer: &mut [u8]) -> Result<Option<usize>, TransportError> {
        self.inner.receive(buffer)
    }

    fn wait(&mut self, timeout: Duration) -> Result<bool, TransportError> {
        self.inner.wait(timeout)
    }

    fn link(&mut self) -> LinkState {
        self.inner.link()
    }

    fn name(&self) -> &str {
        self.inner.name()
    }
}

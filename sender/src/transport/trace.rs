//! A transport that tells what passes through it, at level TRACE, and otherwise gets out of the way.

use core::time::Duration;

use tracing::{enabled, trace};

use super::{LinkState, MemoryShape, PacketMemory, Sending, Transport, TransportError};
use crate::stream::Batch;
use crate::wire::ethernet::MacAddress;
use crate::wire::field::{array_at, u16_at};

/// Any transport, traced.
#[derive(Debug)]
pub struct Traced<T>(pub T);

impl<T: Transport> Transport for Traced<T> {
    fn send(&mut self, batch: Batch<'_>) -> Result<usize, TransportError> {
        let sent = self.0.send(batch);
        if enabled!(tracing::Level::TRACE) {
            let interface = self.0.name();
            let taken = *sent.as_ref().unwrap_or(&0);
            trace!(interface, offered = batch.len(), taken, bytes = batch.take(taken).bytes(), "sent");
            batch.take(taken).packets().for_each(|packet| describe(interface, "out", packet));
        }
        sent
    }

    fn receive(&mut self, buffer: &mut [u8]) -> Result<Option<usize>, TransportError> {
        let received = self.0.receive(buffer)?;
        if enabled!(tracing::Level::TRACE)
            && let Some(packet) = received.and_then(|length| buffer.get(..length))
        {
            describe(self.0.name(), "in", packet);
        }
        Ok(received)
    }

    fn age_ns(&self) -> u64 {
        self.0.age_ns()
    }

    fn wait(&mut self, timeout: Duration) -> Result<bool, TransportError> {
        self.0.wait(timeout)
    }

    fn link(&mut self) -> LinkState {
        self.0.link()
    }

    fn is_behind(&self, packets: usize) -> bool {
        self.0.is_behind(packets)
    }

    fn packet_memory(&mut self, shape: &MemoryShape) -> Option<PacketMemory> {
        self.0.packet_memory(shape)
    }

    fn is_settled(&mut self) -> bool {
        self.0.is_settled()
    }

    fn sending(&self) -> Option<Sending> {
        self.0.sending()
    }

    fn name(&self) -> &str {
        self.0.name()
    }
}

fn describe(interface: &str, direction: &str, packet: &[u8]) {
    let (destination, source) = (MacAddress(array_at(packet, 0)), MacAddress(array_at(packet, 6)));
    let ether_type = u16_at(packet, 12);
    trace!(interface, direction, %destination, %source, ether_type, bytes = packet.len(), "packet");
}

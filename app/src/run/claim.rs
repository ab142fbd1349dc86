//! One sender per interface and host. Cards tell senders apart by their addresses, so two on one interface look like one that
//! was started anew, and the second would take the wall from the first without a question.

use core::time::Duration;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use ocp809_sender::stream::Batch;
use ocp809_sender::transport::{LinkState, MemoryShape, PacketMemory, Sending, Transport, TransportError};
use ocp809_sender::wire::ethernet::MacAddress;

/// The right to send on an interface: a name that the kernel gives to one process of a network namespace at a time, and frees
/// when that ends, however it does.
#[derive(Debug)]
pub(super) struct Claim(#[expect(dead_code, reason = "held, not used")] UnixDatagram);

impl Claim {
    /// Claims the interface of this address.
    ///
    /// # Errors
    /// [`io::ErrorKind::AddrInUse`] while somebody else has it.
    pub(super) fn of(mac: MacAddress) -> io::Result<Self> {
        let name = SocketAddr::from_abstract_name(format!("ocp809-sends-on-{mac}"))?;
        Ok(Self(UnixDatagram::bind_addr(&name)?))
    }
}

/// A transport whose interface is this sender's as long as it lives.
pub(super) struct Claimed<T> {
    pub(super) inner: T,
    /// Given back with the transport.
    pub(super) _claim: Claim,
}

impl<T: Transport> Transport for Claimed<T> {
    fn send(&mut self, batch: Batch<'_>) -> Result<usize, TransportError> {
        self.inner.send(batch)
    }

    fn receive(&mut self, buffer: &mut [u8]) -> Result<Option<usize>, TransportError> {
        self.inner.receive(buffer)
    }

    fn age_ns(&self) -> u64 {
        self.inner.age_ns()
    }

    fn wait(&mut self, timeout: Duration) -> Result<bool, TransportError> {
        self.inner.wait(timeout)
    }

    fn link(&mut self) -> LinkState {
        self.inner.link()
    }

    fn is_behind(&self, packets: usize) -> bool {
        self.inner.is_behind(packets)
    }

    fn packet_memory(&mut self, shape: &MemoryShape) -> Option<PacketMemory> {
        self.inner.packet_memory(shape)
    }

    fn is_settled(&mut self) -> bool {
        self.inner.is_settled()
    }

    fn sending(&self) -> Option<Sending> {
        self.inner.sending()
    }

    fn name(&self) -> &str {
        self.inner.name()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_has_one_sender_at_a_time() {
        let [a, b] = [1, 2].map(|last| MacAddress([2, 0x4f, 0xff, 0xfe, 0x0c, last]));
        let first = Claim::of(a).expect("it is free");
        let refused = Claim::of(a).expect_err("it is taken");
        assert_eq!(refused.kind(), io::ErrorKind::AddrInUse, "{refused}");
        let _other = Claim::of(b).expect("another interface is free");
        drop(first);
        Claim::of(a).expect("it is free again");
    }
}

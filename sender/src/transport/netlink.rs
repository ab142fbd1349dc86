//! Questions to the kernel's route netlink and its news about links: the one place that speaks netlink.

use std::io;
use std::os::fd::AsRawFd;

use netlink_packet_core::{NLM_F_DUMP, NLM_F_REQUEST, NetlinkBuffer, NetlinkHeader, NetlinkMessage, NetlinkPayload};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_sys::protocols::NETLINK_ROUTE;
use netlink_sys::{Socket, SocketAddr};

/// News about links (`RTMGRP_LINK`, rtnetlink(7)).
const LINK_NEWS: u32 = 1;

/// The kernel's dumps come in datagrams of at most 32 KiB.
const DATAGRAM: usize = 64 << 10;

/// Bytes of a netlink header (netlink(7)).
const HEADER: usize = 16;

/// Everything that the kernel answers to a dump request.
pub(super) fn dump(request: RouteNetlinkMessage) -> io::Result<Vec<RouteNetlinkMessage>> {
    let mut socket = Socket::new(NETLINK_ROUTE)?;
    socket.bind_auto()?;
    socket.connect(&SocketAddr::new(0, 0))?;
    let mut message = NetlinkMessage::new(NetlinkHeader::default(), NetlinkPayload::from(request));
    message.header.flags = NLM_F_DUMP | NLM_F_REQUEST;
    message.finalize();
    let mut bytes = vec![0; message.buffer_len()];
    message.serialize(&mut bytes);
    socket.send(&bytes, 0)?;
    let mut found = Vec::new();
    let mut datagram = Vec::with_capacity(DATAGRAM);
    loop {
        datagram.clear();
        socket.recv(&mut datagram, 0)?;
        let mut done = datagram.is_empty();
        for message in Messages(&datagram) {
            if let NetlinkPayload::InnerMessage(inner) = message {
                found.push(inner);
            } else if let NetlinkPayload::Error(error) = message {
                return Err(error.to_io());
            } else {
                done |= matches!(message, NetlinkPayload::Done(_));
            }
        }
        if done {
            return Ok(found);
        }
    }
}

/// A subscription to news about links. Reading it never waits.
#[derive(Debug)]
pub(super) struct LinkNews {
    socket: Socket,
    datagram: Vec<u8>,
}

/// What [`LinkNews::read`] found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum News {
    /// Nothing new.
    None,
    /// Messages were handed over.
    Some,
    /// So much happened that messages were lost: ask again for the whole state.
    Lost,
}

impl LinkNews {
    pub(super) fn subscribe() -> io::Result<Self> {
        let mut socket = Socket::new(NETLINK_ROUTE)?;
        socket.bind(&SocketAddr::new(0, LINK_NEWS))?;
        socket.set_non_blocking(true)?;
        Ok(Self { socket, datagram: Vec::with_capacity(DATAGRAM) })
    }

    /// Hands over the messages of one datagram.
    pub(super) fn read(&mut self, mut found: impl FnMut(RouteNetlinkMessage)) -> io::Result<News> {
        self.datagram.clear();
        match self.socket.recv(&mut self.datagram, 0) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(News::None),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(News::Some),
            Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => return Ok(News::Lost),
            Err(error) => return Err(error),
        }
        for message in Messages(&self.datagram) {
            if let NetlinkPayload::InnerMessage(inner) = message {
                found(inner);
            }
        }
        Ok(News::Some)
    }

    /// The socket, to wait for news on it.
    pub(super) fn descriptor(&self) -> i32 {
        self.socket.as_raw_fd()
    }
}

/// The messages of a datagram; one that this library cannot read is passed over, for kernels grow attributes.
struct Messages<'a>(&'a [u8]);

impl Iterator for Messages<'_> {
    type Item = NetlinkPayload<RouteNetlinkMessage>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let header = NetlinkBuffer::new_checked(self.0).ok()?;
            let length = header.length() as usize;
            let message = self.0.get(..length).filter(|_| length >= HEADER)?;
            self.0 = self.0.get(length.next_multiple_of(4)..).unwrap_or_default();
            if let Ok(message) = NetlinkMessage::deserialize(message) {
                return Some(message.payload);
            }
        }
    }
}

//! The card in its cascade: which frames are stream, control or neither.

use super::{Card, Forward, Side};
use crate::emulator::Moment;
use crate::emulator::cascade::{Inbound, Node, Outbox};
use crate::emulator::packets::{Content, stream_frame};

impl Node for Card {
    fn residence_ns(&self) -> u64 {
        u64::from(self.identity.residence_ns.max(1))
    }

    fn advance(&mut self, moment: Moment, _outbox: &mut Outbox) {
        Self::advance(self, moment.now);
    }

    fn receive(&mut self, side: Side, moment: Moment, frame: Inbound<'_>, _outbox: &mut Outbox) -> Forward {
        match frame.content {
            Content::Stream { .. } => match stream_frame(frame.bytes, frame.content, frame.fcs_ok) {
                Some(frame) => self.stream(side, moment, &frame),
                None => Forward::No,
            },
            Content::Malformed(error) => {
                self.malformed(side, error);
                Forward::No
            }
            Content::Control | Content::Other => Forward::No,
        }
    }

    fn link_changed(&mut self, _side: Side, _up: bool, _moment: Moment, _outbox: &mut Outbox) {}
}

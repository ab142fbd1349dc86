//! The card in its cascade: which frames are stream, control or neither.

use super::{Card, Forward, Side};
use crate::emulator::Moment;
use crate::emulator::cascade::{Inbound, Node, Outbox};
use crate::emulator::packets::{Content, stream_frame};

impl Node for Card {
    fn residence_ns(&self) -> u64 {
        u64::from(self.identity.residence_ns.max(1))
    }

    fn advance(&mut self, moment: Moment, outbox: &mut Outbox) {
        Self::advance(self, moment.now);
        self.speak(moment, outbox);
    }

    fn receive(&mut self, side: Side, moment: Moment, frame: Inbound<'_>, outbox: &mut Outbox) -> Forward {
        match frame.content {
            Content::Stream { .. } => match stream_frame(frame.bytes, frame.content, frame.fcs_ok) {
                Some(frame) => {
                    let forward = self.stream(side, moment, &frame);
                    self.send_notices(outbox);
                    forward
                }
                None => Forward::No,
            },
            Content::Malformed(error) => {
                self.malformed(side, error);
                Forward::No
            }
            Content::Control if frame.fcs_ok => {
                Self::advance(self, moment.now);
                self.control_frame(side, moment, frame.bytes, outbox)
            }
            Content::Control | Content::Other => Forward::No,
        }
    }

    fn link_changed(&mut self, side: Side, up: bool) {
        self.link_changed_to(side, up);
    }
}

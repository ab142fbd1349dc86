//! Cards behind links, served by a thread that is not always on time.

use super::rig::{Rig, row_of_cards};
use crate::emulator::{CardDetail, CardLink, CardServer, VirtualWall};
use crate::ids::PortIndex;
use crate::stream::{Batch, FeedEnd, Span};
use crate::time::{Nanos, Tai};
use crate::transport::Transport;
use crate::transport::memory::cable;

#[test]
fn frames_that_waited_for_a_late_thread_are_shown_one_after_the_other() {
    let mut rig = Rig::new(row_of_cards(3, |_| {}));
    let (mut near, far) = cable(64);
    let link = CardLink { port: PortIndex(0), end: FeedEnd::Head, transport: Box::new(far) };
    let mut server = CardServer::new(VirtualWall::new(&rig.wall), vec![link]);
    let mut frames = rig.state_packets(0, 0);
    for number in 1..=4 {
        frames.extend(rig.packets(0, number));
        frames.extend(rig.latch_packets(0, number));
    }
    for frame in &frames {
        assert_eq!(near.send(Batch::new(frame, &[Span::new(0, frame.len())])).ok(), Some(1), "the cable has room");
    }
    for turn in 0..40 {
        server.turn(Nanos(1_000_000 + turn * 50_000), Tai(0));
    }
    for status in server.wall().statuses() {
        let CardDetail::Ocp809(card) = status.detail else { panic!("an OCP-809 card") };
        let frames = card.counters.frames;
        assert_eq!((frames.shown, frames.held, frames.overrun), (4, 0, 0), "card {}", card.id);
    }
}

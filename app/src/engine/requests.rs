//! Control beside the stream: requests leave after a latch, within their share of the link, and answers come back.

use std::sync::mpsc::Receiver;

use ocp809_sender::session::Outgoing;
use ocp809_sender::wall::Wall;

/// Control gets this share of a link that streams: one part in a hundred (PROTOCOL.md, control).
const SHARE: u64 = 100;

/// Requests on their way from the control thread to the wire, and what each port may send of them.
pub(crate) struct Requests {
    waiting: Receiver<Outgoing>,
    /// The one that did not fit.
    held: Option<Outgoing>,
    /// Bytes per second of each port's link.
    rates: Vec<u64>,
    /// Bytes that each port may still send before the next frame.
    left: Vec<u64>,
}

impl Requests {
    pub(crate) fn new(waiting: Receiver<Outgoing>, wall: &Wall) -> Self {
        let rates: Vec<u64> = wall.ports().iter().map(|port| u64::from(port.link.rate_mbit) * 125_000).collect();
        Self { waiting, held: None, left: vec![0; rates.len()], rates }
    }

    /// A new frame period of `period_ns`: ports that stream give control its share, the others everything.
    pub(crate) fn begin(&mut self, period_ns: u64, streams: &[bool]) {
        for (index, (left, rate)) in self.left.iter_mut().zip(&self.rates).enumerate() {
            let whole = rate.saturating_mul(period_ns) / 1_000_000_000;
            *left = if streams.get(index).is_some_and(|&streams| streams) { whole / SHARE } else { whole };
        }
    }

    /// Sends what waits and fits; `send` says whether the interface took it. What was sent goes to `posted`.
    pub(crate) fn send(&mut self, send: &mut dyn FnMut(&Outgoing) -> bool, posted: &mut dyn FnMut(Outgoing)) {
        while let Some(request) = self.held.take().or_else(|| self.waiting.try_recv().ok()) {
            let bytes = request.frame.len() as u64;
            let fits = self.left.get_mut(request.port.index()).is_none_or(|left| {
                let fits = *left >= bytes;
                *left -= if fits { bytes } else { 0 };
                fits
            });
            if !fits || !send(&request) {
                self.held = Some(request);
                return;
            }
            posted(request);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ocp809_sender::geometry::PixelSize;
    use ocp809_sender::ids::PortIndex;
    use ocp809_sender::stream::FeedEnd;
    use ocp809_sender::wall::layout::{Grid, serpentine};

    #[test]
    fn control_keeps_to_its_share_while_pixels_flow() {
        let wall = Wall::from_spec(&serpentine(&Grid::new(1, 1, PixelSize::new(16, 16))).unwrap()).unwrap();
        let (post, waiting) = std::sync::mpsc::sync_channel(1_000);
        let mut requests = Requests::new(waiting, &wall);
        let request = Outgoing { port: PortIndex(0), end: FeedEnd::Head, frame: vec![0; 1_000], time: None };
        (0..1_000).for_each(|_| post.send(request.clone()).unwrap());
        let count = |requests: &mut Requests, streams: bool| {
            let mut count = 0;
            requests.begin(16_666_667, &[streams]);
            requests.send(&mut |_| true, &mut |_| count += 1);
            count
        };
        // A gigabit link carries 2,083,333 bytes per 60th of a second.
        assert_eq!(count(&mut requests, true), 20, "one part in a hundred");
        assert_eq!(count(&mut requests, false), 980, "the rest, while nothing else is sent");
    }

    #[test]
    fn a_request_that_an_interface_has_no_room_for_is_sent_later() {
        let wall = Wall::from_spec(&serpentine(&Grid::new(1, 1, PixelSize::new(16, 16))).unwrap()).unwrap();
        let (post, waiting) = std::sync::mpsc::sync_channel(1);
        let mut requests = Requests::new(waiting, &wall);
        post.send(Outgoing { port: PortIndex(0), end: FeedEnd::Tail, frame: vec![7; 60], time: Some(1) }).unwrap();
        requests.begin(16_666_667, &[true]);
        requests.send(&mut |_| false, &mut |_| unreachable!("nothing was taken"));
        requests.begin(16_666_667, &[true]);
        let mut sent = Vec::new();
        requests.send(&mut |_| true, &mut |request| sent.push(request));
        assert_eq!(sent.iter().map(|request| request.time).collect::<Vec<_>>(), [Some(1)], "the same one");
    }
}

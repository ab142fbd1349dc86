//! TIME messages out of one end of a port: each names when the one before left, so that cards know their clocks' error.

use crate::time::{Nanos, Tai};
use crate::wire::ocp809::TIME_VALID_NS;
use crate::wire::ocp809::control::{Body, Message, Request, Route, TimeMark};

/// Four messages within the time for which one is valid: one or two may be lost.
const PERIOD_NS: u64 = TIME_VALID_NS / 4;

/// The first message says nothing: the second one follows soon.
const FIRST_PERIOD_NS: u64 = PERIOD_NS / 10;

/// The sender of TIME.
#[derive(Debug, Default)]
pub(super) struct TimeFeed {
    due: Nanos,
    /// Transaction of the last message.
    last: u32,
    /// When it left; unknown until the interface took it.
    departed: Tai,
}

impl TimeFeed {
    /// The next message, if it is time for one.
    pub(super) fn poll(&mut self, now: Nanos, transaction: impl FnOnce() -> u32) -> Option<Message> {
        if now < self.due {
            return None;
        }
        self.due = now.after(if self.departed.0 == 0 { FIRST_PERIOD_NS } else { PERIOD_NS });
        let mark = TimeMark { previous_departure: self.departed, previous_transaction: self.last };
        (self.last, self.departed) = (transaction(), Tai(0));
        Some(Message { route: Route::to_all(), transaction: self.last, body: Body::Request(Request::Time(mark)) })
    }

    /// A message left.
    pub(super) fn departed(&mut self, transaction: u32, tai: Tai) {
        if transaction == self.last {
            self.departed = tai;
        }
    }
}

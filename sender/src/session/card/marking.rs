//! A card that shows which one it is: told for a short time and told again, so that it does not go on when nobody asks any more.

use super::{CardSlot, Stage};
use crate::time::Nanos;
use crate::wire::ocp809::control::{Identify, IdentifyMode, Request};

/// A card marks itself for this long: a sender that is gone leaves no card marked.
const MARK_MS: u32 = 5_000;

/// It is told again after this long. Longer than a card may be silent: an answer to this must not hide that another card
/// stands there.
const RENEW_NS: u64 = 2_000_000_000;

/// Whether a card is to mark itself, and whether it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Marking {
    /// Whether it is to.
    wanted: bool,
    /// It cannot.
    refused: bool,
    /// When it is to be told, once more where it was told before.
    tell_at: Nanos,
    /// Until when it may be marked.
    until: Nanos,
}

impl Marking {
    /// The request that it needs now.
    fn request(self, now: Nanos) -> Option<Identify> {
        if self.wanted {
            let is_due = !self.refused && now >= self.tell_at;
            return is_due.then_some(Identify { mode: IdentifyMode::Number, duration_ms: MARK_MS });
        }
        (now < self.until).then_some(Identify { mode: IdentifyMode::Off, duration_ms: 0 })
    }

    /// A request leaves. It may be obeyed even where its answer is lost.
    const fn sent(&mut self, now: Nanos) {
        self.until = now.after(MARK_MS as u64 * 1_000_000);
    }

    fn answered(&mut self, told: &Identify, now: Nanos) {
        if told.mode == IdentifyMode::Off {
            self.until = Nanos(0);
        } else {
            self.sent(now);
            self.tell_at = now.after(RENEW_NS);
        }
    }
}

impl CardSlot {
    /// The card marks itself, or does no more.
    pub(in crate::session) fn mark(&mut self, wanted: bool) {
        if wanted != self.marking.wanted {
            self.marking = Marking { wanted, until: self.marking.until, ..Marking::default() };
        }
    }

    /// Whether it is set up and can mark itself.
    pub(in crate::session) fn can_mark(&self) -> bool {
        self.stage == Stage::Ready && !self.marking.refused
    }

    /// What it has to be told about marking itself.
    pub(super) fn marking_request(&mut self, now: Nanos) -> Option<Request> {
        let request = self.marking.request(now)?;
        if request.mode != IdentifyMode::Off {
            self.marking.sent(now);
        }
        Some(Request::Identify(request))
    }

    /// It does what it was told.
    pub(super) fn marked(&mut self, asked: Option<&Request>, now: Nanos) {
        if let Some(Request::Identify(told)) = asked {
            self.marking.answered(told, now);
        }
    }

    /// It does not do what it was told; it is not told again before that is asked for anew.
    pub(super) const fn mark_refused(&mut self) {
        (self.marking.refused, self.marking.until) = (true, Nanos(0));
    }

    /// It started anew, or another card stands there: it was not told anything.
    pub(super) fn forget_mark(&mut self) {
        self.marking = Marking { wanted: self.marking.wanted, ..Marking::default() };
    }
}

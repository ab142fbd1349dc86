//! Who knows the cards, and says what may be sent to them.

use std::sync::Arc;

use arc_swap::ArcSwap;
use ocp809_sender::ids::{CabinetIndex, PortIndex};
use ocp809_sender::session::{Outgoing, Streaming};
use ocp809_sender::stream::FeedEnd;
use ocp809_sender::time::{Nanos, Tai};
use ocp809_sender::wire::ocp809::auth::Signing;

use crate::control::desk::Moment;
use crate::control::event::EventKind;
use crate::control::status::{Alarm, CardStatus};

/// Knows the wall's cards. Lives on the control thread.
pub trait Cards: Send {
    /// The carrier of one end of a port.
    fn link(&mut self, port: PortIndex, end: FeedEnd, is_up: bool, now: Nanos);

    /// Takes a frame that came in.
    fn hear(&mut self, port: PortIndex, end: FeedEnd, frame: &[u8], now: Nanos);

    /// A request left at `tai`.
    fn posted(&mut self, request: &Outgoing, tai: Tai);

    /// Does what is due; what is to be sent goes to `send`.
    fn drive(&mut self, at: Moment, send: &mut dyn FnMut(Outgoing));

    /// What may be streamed, as of the last [`Cards::drive`].
    fn streaming(&self) -> &Streaming;

    /// Takes the wall from another sender that drives it.
    fn take_over(&mut self);

    /// Installs the site's key in cards that have none.
    fn install_key(&mut self, now: Nanos);

    /// Lets all cards store their settings.
    fn save(&mut self, now: Nanos);

    /// Lets the card of this cabinet show which one it is, and no other one; `None` ends it.
    fn identify(&mut self, cabinet: Option<CabinetIndex>);

    /// Whether a cabinet's card shows which one it is by itself when it is told to, whatever it is fed.
    fn can_identify(&self, cabinet: CabinetIndex) -> bool;

    /// What latches are signed with; `None` where they are not.
    fn signing(&self) -> Option<Signing>;

    /// All cards in the order of the wall's cabinets.
    fn cards(&mut self, now: Nanos, tai: Tai) -> Vec<CardStatus>;

    /// What is wrong with them.
    fn alarms(&self, now: Nanos, tai: Tai) -> Vec<Alarm>;

    /// What happened to them since this was asked last.
    fn take_events(&mut self) -> Vec<EventKind>;
}

/// Where the host of virtual cards leaves their status.
#[derive(Debug, Clone, Default)]
pub struct SharedCards(Arc<ArcSwap<Vec<CardStatus>>>);

impl SharedCards {
    /// Replaces what is known.
    pub fn store(&self, cards: Vec<CardStatus>) {
        self.0.store(Arc::new(cards));
    }
}

/// Cards that are streamed to without a question: virtual ones, and those that will read a capture.
#[derive(Debug)]
pub struct UnaskedCards {
    shared: SharedCards,
    streaming: Streaming,
}

impl UnaskedCards {
    /// The cards of a wall with so many ports, whose status is in `shared`.
    #[must_use]
    pub fn new(shared: SharedCards, ports: usize) -> Self {
        Self { shared, streaming: Streaming::unasked(ports) }
    }
}

impl Cards for UnaskedCards {
    fn link(&mut self, _: PortIndex, _: FeedEnd, _: bool, _: Nanos) {}

    fn hear(&mut self, _: PortIndex, _: FeedEnd, _: &[u8], _: Nanos) {}

    fn posted(&mut self, _: &Outgoing, _: Tai) {}

    fn drive(&mut self, _: Moment, _: &mut dyn FnMut(Outgoing)) {}

    fn streaming(&self) -> &Streaming {
        &self.streaming
    }

    fn take_over(&mut self) {}

    fn install_key(&mut self, _: Nanos) {}

    fn save(&mut self, _: Nanos) {}

    fn identify(&mut self, _: Option<CabinetIndex>) {}

    fn can_identify(&self, _: CabinetIndex) -> bool {
        false
    }

    fn signing(&self) -> Option<Signing> {
        None
    }

    fn cards(&mut self, _: Nanos, _: Tai) -> Vec<CardStatus> {
        self.shared.0.load().as_ref().clone()
    }

    fn alarms(&self, _: Nanos, _: Tai) -> Vec<Alarm> {
        Vec::new()
    }

    fn take_events(&mut self) -> Vec<EventKind> {
        Vec::new()
    }
}

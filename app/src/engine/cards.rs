//! Who knows how the cards are doing: virtual cards are asked directly, real ones over the wire.

use std::sync::Arc;

use arc_swap::ArcSwap;
use ocp809_sender::time::Tai;

use crate::control::status::{Alarm, CardStatus};

/// Knows the wall's cards.
pub trait CardProbe: Send {
    /// All cards in the order of the wall's cabinets.
    fn cards(&mut self, tai: Tai) -> Vec<CardStatus>;

    /// What is wrong with them.
    fn alarms(&self, tai: Tai) -> Vec<Alarm>;
}

/// Virtual cards, whose host leaves their status here.
#[derive(Debug, Clone, Default)]
pub struct SharedCards(Arc<ArcSwap<Vec<CardStatus>>>);

impl SharedCards {
    /// Replaces what is known.
    pub fn store(&self, cards: Vec<CardStatus>) {
        self.0.store(Arc::new(cards));
    }
}

impl CardProbe for SharedCards {
    fn cards(&mut self, _: Tai) -> Vec<CardStatus> {
        self.0.load().as_ref().clone()
    }

    fn alarms(&self, _: Tai) -> Vec<Alarm> {
        Vec::new()
    }
}

//! What a monitoring view wants to know of a virtual card, as values.

use super::Moment;
use super::card::{Card, Counters, LatchState, Picture, Side};
use super::colorlight::{Receiver, ReceiverCounters};
use crate::ids::{CabinetIndex, PortIndex};
use crate::wall::WireFormat;
use crate::wire::ethernet::MacAddress;
use crate::wire::ocp809::{Epoch, FrameId, TestPattern};

/// One card of a virtual wall.
#[derive(Debug, Clone, PartialEq)]
pub struct CardStatus {
    /// Its cabinet on the wall.
    pub cabinet: CabinetIndex,
    /// Its port.
    pub port: PortIndex,
    /// Its place in the cascade, 0 nearest to the head.
    pub place: u16,
    /// Whether the cable towards the head, and the one towards the tail, are plugged.
    pub linked: [bool; 2],
    /// Milliseconds since it was switched on.
    pub uptime_ms: u64,
    /// What it shows.
    pub shows: Shows,
    /// The rest, by protocol.
    pub detail: CardDetail,
}

/// What differs between protocols.
#[derive(Debug, Clone, PartialEq)]
pub enum CardDetail {
    /// An OCP-809 card.
    Ocp809(Box<Ocp809Status>),
    /// A Colorlight receiver.
    Colorlight {
        /// What it counted.
        counters: ReceiverCounters,
        /// Its dimmer, 255 is full.
        brightness: u8,
    },
}

/// An OCP-809 card.
#[derive(Debug, Clone, PartialEq)]
pub struct Ocp809Status {
    /// Its serial number.
    pub serial: String,
    /// Its model.
    pub model: String,
    /// Its id, 0 while none is assigned.
    pub id: u16,
    /// Whom it obeys.
    pub master: Option<MasterStatus>,
    /// The port that brought the last LATCH.
    pub fed_by: Option<Side>,
    /// The frame of the newest LATCH.
    pub last_frame: Option<FrameId>,
    /// The frame that it shows.
    pub shown_frame: Option<FrameId>,
    /// Brightness, gains and flags in effect.
    pub state: LatchState,
    /// What it counted.
    pub counters: Counters,
    /// Free frame buffers.
    pub buffers_free: usize,
    /// All frame buffers.
    pub buffers: usize,
    /// Whether its clock is synced.
    pub synced: bool,
    /// How many times it was switched on.
    pub boot_count: u32,
}

/// A card's master.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MasterStatus {
    /// Its epoch.
    pub epoch: Epoch,
    /// Its addresses.
    pub addresses: Vec<MacAddress>,
    /// Milliseconds since its last LATCH.
    pub age_ms: u64,
}

/// What is to be seen on a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shows {
    /// No light.
    Black,
    /// A frame of this format.
    Frame(WireFormat),
    /// A pattern of its own.
    Pattern(TestPattern),
}

impl From<Picture<'_>> for Shows {
    fn from(picture: Picture<'_>) -> Self {
        match picture {
            Picture::Black => Self::Black,
            Picture::Frame(codes) => Self::Frame(codes.format),
            Picture::Pattern(pattern) => Self::Pattern(pattern),
        }
    }
}

impl CardDetail {
    /// An OCP-809 card's.
    pub(super) fn of_card(card: &Card, moment: Moment) -> Self {
        let (buffers_free, buffers) = card.headroom();
        Self::Ocp809(Box::new(Ocp809Status {
            serial: card.identity().serial.to_string(),
            model: card.identity().model.clone(),
            id: card.id(),
            master: card.master(moment.now).map(|master| MasterStatus {
                epoch: master.epoch,
                addresses: master.addresses().collect(),
                age_ms: moment.now.since(master.last_latch) / 1_000_000,
            }),
            fed_by: card.fed_by(),
            last_frame: card.last_frame(),
            shown_frame: card.shown_frame(),
            state: *card.state(),
            counters: *card.counters(),
            buffers_free,
            buffers,
            synced: card.is_synced(moment),
            boot_count: card.boot_count(),
        }))
    }

    /// A Colorlight receiver's.
    pub(super) const fn of_receiver(receiver: &Receiver) -> Self {
        Self::Colorlight { counters: *receiver.counters(), brightness: receiver.sync().brightness }
    }
}

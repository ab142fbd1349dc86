//! Who may drive the wall (PROTOCOL.md, fencing): what other senders are heard of, and what that means for this one.

use crate::ids::PortIndex;
use crate::time::Nanos;
use crate::wire::ethernet::MacAddress;
use crate::wire::ocp809::control::Master;
use crate::wire::ocp809::{Epoch, MASTER_TIMEOUT_NS, newer};

/// Another sender that drives cards of this wall.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignMaster {
    /// Its epoch.
    pub epoch: Epoch,
    /// Its addresses, one or two.
    pub addresses: Vec<MacAddress>,
    /// The port on which it was heard of.
    pub port: PortIndex,
    /// When cards got its last LATCH, as far as is known.
    pub last_latch: Nanos,
}

/// Whether this sender drives the wall.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mastership {
    /// Cards are being asked who drives them.
    Asking,
    /// Another sender does, and it was there first.
    Foreign(ForeignMaster),
    /// This one does.
    Master(Epoch),
    /// Another sender took the wall from this one.
    Superseded(ForeignMaster),
}

/// What is heard about masters.
#[derive(Debug)]
pub(super) struct Rivals {
    own: Vec<MacAddress>,
    newest_term: Option<u16>,
    foreign: Option<ForeignMaster>,
}

impl ForeignMaster {
    /// Whether it may still be sending.
    pub(super) fn is_alive(&self, now: Nanos) -> bool {
        now.since(self.last_latch) < MASTER_TIMEOUT_NS
    }
}

impl Rivals {
    /// Nobody was heard of; `own` are the addresses of this sender.
    pub(super) const fn new(own: Vec<MacAddress>) -> Self {
        Self { own, newest_term: None, foreign: None }
    }

    /// Takes what a card says about its master; the master, if it is another sender than the one at `own`.
    pub(super) fn hear(&mut self, port: PortIndex, master: &Master, own: Option<Epoch>, now: Nanos) -> Option<&ForeignMaster> {
        if own == Some(master.epoch) {
            return None;
        }
        if self.newest_term.is_none_or(|known| newer(master.epoch.term, known)) {
            self.newest_term = Some(master.epoch.term);
        }
        // This host's own earlier start, whose place this one takes.
        let is_own = !master.macs.is_empty() && master.macs.iter().all(|mac| self.own.contains(mac));
        let is_predecessor = is_own && own.is_none_or(|own| own.higher(master.epoch));
        let last_latch = Nanos(now.0.saturating_sub(u64::from(master.age_ms) * 1_000_000));
        let heard = ForeignMaster { epoch: master.epoch, addresses: master.macs.clone(), port, last_latch };
        if is_predecessor || !heard.is_alive(now) {
            return None;
        }
        self.foreign = Some(heard);
        self.foreign.as_ref()
    }

    /// Another sender that drives cards now.
    pub(super) fn alive(&self, now: Nanos) -> Option<&ForeignMaster> {
        self.foreign.as_ref().filter(|foreign| foreign.is_alive(now))
    }

    /// The newest term that was heard of.
    pub(super) const fn newest_term(&self) -> Option<u16> {
        self.newest_term
    }
}

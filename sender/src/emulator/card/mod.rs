//! One OCP-809 card (PROTOCOL.md): what it forwards, whom it obeys, what it shows and what it counts.
//!
//! The card's subjects stand in files of their own; this one joins them: each stream frame is judged once, passed on and
//! used, in that order. Time never runs backwards for a card.

mod buffers;
mod calibration;
mod clock;
mod configuration;
mod control;
mod counters;
mod fencing;
mod forward;
mod frames;
mod memory;
mod node;
mod parity;
mod settings;

use crate::emulator::Moment;
use crate::emulator::light::Locator;
use crate::time::Nanos;
use crate::wall::WireFormat;
use crate::wire::ethernet::MacAddress;
use crate::wire::ocp809::auth::{Key, KeyRing, ReplayWindows};
use crate::wire::ocp809::control::IdentifyMode;
use crate::wire::ocp809::{Epoch, FrameId, StreamError, StreamHeader, StreamKind, StreamPacket, TestPattern};
pub use buffers::Codes;
pub use calibration::{Calibration, Correction};
pub use counters::{Counters, FrameCounters, LatchError, PortCounters};
pub use fencing::Master;
pub(crate) use forward::Forward;
pub use frames::LatchState;
pub use settings::{
    CardAddressing, CardIdentity, CardModule, CardSettings, CardTransfer, LowGray, OnSilence, PanelDrive, SilenceAction,
};

use clock::{CardClock, Instant};
use control::Control;
use fencing::{Fence, Judgement};
use forward::ForwardMemory;
use frames::{Armed, Frames, Origin};
use memory::{Aim, MemoryMap};
use parity::Parity;

/// Half a period of the blinking by which a card lets itself be found.
const BLINK_NS: u64 = 500_000_000;

/// One of the two equal ports of a card. A is the one towards the head of its cascade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// Towards the head.
    A,
    /// Towards the tail.
    B,
}

/// A stream frame as it came in, judged once for all cards that it passes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StreamFrame<'a> {
    /// Where it says it comes from.
    pub(crate) source: MacAddress,
    /// Its packet.
    pub(crate) packet: StreamPacket<'a>,
    /// Whether the CRC-32C is right.
    pub(crate) crc_ok: bool,
    /// Whether the Ethernet FCS is right: a card that cut a bad frame through spoils it.
    pub(crate) fcs_ok: bool,
}

/// What a card shows.
#[derive(Debug, Clone, Copy)]
pub enum Picture<'a> {
    /// No light.
    Black,
    /// A frame.
    Frame(Codes<'a>),
    /// A pattern of its own.
    Pattern(TestPattern),
}

/// What a card wants a sender to know at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notice {
    /// A sender with a lower epoch was refused.
    Refused {
        /// The sender.
        to: MacAddress,
        /// The port that it is reached by.
        side: Side,
        /// The master's epoch.
        epoch: Epoch,
        /// Nanoseconds since the master's last LATCH.
        age_ns: u64,
    },
}

/// A virtual OCP-809 card.
#[derive(Debug)]
pub struct Card {
    identity: CardIdentity,
    settings: CardSettings,
    map: MemoryMap,
    id: u16,
    keys: KeyRing,
    latch_windows: ReplayWindows,
    clock: CardClock,
    forward: ForwardMemory,
    fence: Fence,
    frames: Frames,
    parity: Parity,
    calibration: Calibration,
    boot_count: u32,
    powered_at: Nanos,
    /// The newest instant that the card was told.
    time: Nanos,
    latch_heard: Option<Nanos>,
    fed_by: Option<Side>,
    silent: bool,
    /// Whether a cable is plugged into A and into B.
    links: [bool; 2],
    notices: Vec<Notice>,
    control: Control,
}

impl Side {
    /// 0 for A, 1 for B.
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Self::A => 0,
            Self::B => 1,
        }
    }

    /// The other port.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

impl Card {
    /// A card that is switched on at `now` with these settings in its flash. It has no id yet.
    #[must_use]
    pub fn new(identity: CardIdentity, settings: CardSettings, now: Nanos) -> Self {
        let map = MemoryMap::new(&settings);
        let control = Control::new(settings.clone());
        let frames = Frames::new(identity.buffers, map.pixels(), settings.refresh_ns(), now);
        Self {
            clock: CardClock::new(identity.ptp),
            identity,
            settings,
            map,
            id: 0,
            keys: KeyRing::new(),
            latch_windows: ReplayWindows::default(),
            forward: ForwardMemory::default(),
            fence: Fence::default(),
            frames,
            parity: Parity::default(),
            calibration: Calibration::default(),
            boot_count: 1,
            powered_at: now,
            time: now,
            latch_heard: None,
            fed_by: None,
            silent: false,
            links: [true; 2],
            notices: Vec::new(),
            control,
        }
    }

    /// Switches the card off and on: saved settings, keys and calibration stay, everything else is forgotten.
    pub fn power_cycle(&mut self, now: Nanos) {
        let mut fresh = Self::new(self.identity.clone(), self.control.saved.clone(), now);
        core::mem::swap(&mut fresh.keys, &mut self.keys);
        core::mem::swap(&mut fresh.calibration, &mut self.calibration);
        fresh.links = self.links;
        fresh.boot_count = self.boot_count.wrapping_add(1);
        *self = fresh;
    }

    /// Changes how the card is set up; what it showed is gone when its memory changes shape.
    pub fn configure(&mut self, settings: CardSettings) {
        if settings.modules != self.settings.modules || settings.addressing != self.settings.addressing {
            self.map = MemoryMap::new(&settings);
            self.frames.reshape(self.identity.buffers, self.map.pixels());
        }
        self.frames.set_refresh(settings.refresh_ns());
        self.settings = settings;
    }

    /// Gives the card its id, 0 to take it away. Pixels for another id are no longer its own.
    pub const fn assign_id(&mut self, id: u16) {
        self.id = id;
    }

    /// What it is.
    #[must_use]
    pub const fn identity(&self) -> &CardIdentity {
        &self.identity
    }

    /// How it is set up.
    #[must_use]
    pub const fn settings(&self) -> &CardSettings {
        &self.settings
    }

    /// Its id; 0: none was assigned.
    #[must_use]
    pub const fn id(&self) -> u16 {
        self.id
    }

    /// The living master.
    #[must_use]
    pub fn master(&self, now: Nanos) -> Option<Master> {
        self.fence.master(now)
    }

    /// What it counted.
    #[must_use]
    pub const fn counters(&self) -> &Counters {
        self.frames.counters()
    }

    /// The shown frame.
    #[must_use]
    pub const fn shown_frame(&self) -> Option<FrameId> {
        self.frames.shown_id()
    }

    /// The frame of the newest LATCH.
    #[must_use]
    pub const fn last_frame(&self) -> Option<FrameId> {
        self.frames.newest_latch()
    }

    /// The port that brought the last LATCH.
    #[must_use]
    pub const fn fed_by(&self) -> Option<Side> {
        self.fed_by
    }

    /// Frame buffers that are free, of how many.
    #[must_use]
    pub fn headroom(&self) -> (usize, usize) {
        self.frames.headroom()
    }

    /// Whether its clock is synced.
    #[must_use]
    pub fn is_synced(&self, moment: Moment) -> bool {
        self.clock.tai(moment).is_some()
    }

    /// How many times it was switched on.
    #[must_use]
    pub const fn boot_count(&self) -> u32 {
        self.boot_count
    }

    /// When it was switched on.
    #[must_use]
    pub const fn powered_at(&self) -> Nanos {
        self.powered_at
    }

    /// The state in effect.
    #[must_use]
    pub const fn state(&self) -> &LatchState {
        self.frames.state()
    }

    /// Its calibration.
    #[must_use]
    pub const fn calibration(&self) -> &Calibration {
        &self.calibration
    }

    /// A site key that its owner stored in it before; whether there was room.
    pub fn store_key(&mut self, id: u16, key: Key) -> bool {
        self.keys.install(id, key)
    }

    /// Takes all site keys out: the physical act at the card.
    pub fn erase_keys(&mut self) {
        self.keys = KeyRing::new();
    }

    /// How it lets itself be found, by its own request or by the LATCH.
    pub(crate) fn locator(&self) -> Locator {
        let LatchState { flags, .. } = self.frames.state();
        match self.control.identify() {
            _ if flags.black_out => Locator::None,
            Some((IdentifyMode::Blink, since)) => {
                let lit = (self.time.since(since) / BLINK_NS).is_multiple_of(2);
                if lit { Locator::White } else { Locator::None }
            }
            Some((IdentifyMode::Number, _)) => Locator::Number(self.id),
            Some((IdentifyMode::Off, _)) | None if flags.identify => Locator::Number(self.id),
            Some((IdentifyMode::Off, _)) | None => Locator::None,
        }
    }

    /// What it shows now.
    #[must_use]
    pub fn picture(&self) -> Picture<'_> {
        let flags = self.frames.state().flags;
        let own = |id| TestPattern::from_id(id).map(Picture::Pattern);
        let frame = || self.frames.shown().map_or(Picture::Black, Picture::Frame);
        match self.settings.on_silence.action {
            SilenceAction::Black if self.silent => Picture::Black,
            SilenceAction::Pattern(id) if self.silent => own(id).unwrap_or(Picture::Black),
            SilenceAction::Hold | SilenceAction::Black | SilenceAction::Pattern(_) if flags.black_out => Picture::Black,
            SilenceAction::Hold | SilenceAction::Black | SilenceAction::Pattern(_) => {
                let pattern = if flags.test_pattern { own(self.frames.state().pattern) } else { None };
                pattern.unwrap_or_else(frame)
            }
        }
    }

    /// Lets everything happen that is due by `now`.
    pub fn advance(&mut self, now: Nanos) {
        self.time = self.time.max(now);
        self.frames.advance(now);
        let silence_began = self.latch_heard.unwrap_or(self.powered_at);
        if !self.silent && now >= self.settings.on_silence.due(silence_began) {
            self.silent = true;
            if self.settings.on_silence.action == SilenceAction::Black {
                self.frames.forget_picture();
            }
        }
    }

    /// Counts a stream frame that is too short for its header; it ends here.
    pub(crate) fn malformed(&mut self, side: Side, error: StreamError) {
        if let StreamError::Short { .. } = error {
            self.frames.counters_mut().at(side, |port| port.short += 1);
        }
    }

    /// Takes a stream frame; what happens to it at the other port.
    pub(crate) fn stream(&mut self, side: Side, moment: Moment, frame: &StreamFrame<'_>) -> Forward {
        self.advance(moment.now);
        self.frames.counters_mut().at(side, |port| port.received += 1);
        if !(frame.crc_ok && frame.fcs_ok) {
            return self.damaged(side, moment.now, frame);
        }
        if self.frames.forgets_frame_id(moment.now) {
            self.forward.forget_frame_id();
        }
        if !self.obeys(side, moment.now, frame) {
            self.frames.counters_mut().at(side, |port| port.foreign += 1);
            return Forward::No;
        }
        self.apply_staged(frame.packet.header().frame_id);
        let first_time = self.forward.first_time(frame.packet.header());
        self.use_packet(side, moment, &frame.packet);
        if first_time { Forward::Yes } else { Forward::No }
    }

    /// A frame whose bytes changed on the way: counted, never used, never remembered.
    fn damaged(&mut self, side: Side, now: Nanos, frame: &StreamFrame<'_>) -> Forward {
        self.frames.counters_mut().at(side, |port| {
            if frame.fcs_ok {
                port.bad_crc += 1;
            } else {
                port.bad_fcs += 1;
            }
        });
        // Its front was all that the card saw when it began to pass it on.
        if self.fence.is_master(frame.source, now) { self.forward.damaged(side, now) } else { Forward::No }
    }

    /// Whether a good frame comes from the master. A LATCH may make or change it.
    fn obeys(&mut self, side: Side, now: Nanos, frame: &StreamFrame<'_>) -> bool {
        let Some(latch) = frame.packet.latch() else { return self.fence.hear(frame.source, now) };
        if self.settings.locked && !self.authentic(frame) {
            return false;
        }
        match self.fence.latch(latch.epoch, frame.source, now) {
            Judgement::Master => true,
            Judgement::NewMaster => {
                self.frames.clear();
                self.forward.clear();
                self.parity.clear();
                true
            }
            Judgement::NoSlot => false,
            Judgement::Refused { tell } => {
                if let Some(master) = self.fence.master(now).filter(|_| tell) {
                    let age_ns = now.since(master.last_latch);
                    self.notices.push(Notice::Refused { to: frame.source, side, epoch: master.epoch, age_ns });
                }
                false
            }
        }
    }

    /// Whether a LATCH carries the right HMAC and a counter that was not used.
    fn authentic(&mut self, frame: &StreamFrame<'_>) -> bool {
        let Some(auth) = frame.packet.latch_auth() else { return false };
        frame.packet.latch_is_authentic(frame.source, &self.keys) && self.latch_windows.accept(auth.key_id, auth.counter).is_ok()
    }

    /// Uses a good packet of the master.
    fn use_packet(&mut self, side: Side, moment: Moment, packet: &StreamPacket<'_>) {
        let header = packet.header();
        match header.kind {
            StreamKind::Pixels(format) => {
                let fresh = self.pixels((header, format, packet.payload()), Origin::Port(side), moment.now);
                if fresh == Some(true) {
                    self.parity.pixels(header, format, packet.payload());
                } else if fresh == Some(false) {
                    self.frames.counters_mut().at(side, |port| port.duplicates += 1);
                }
            }
            StreamKind::Latch { .. } => self.latch(side, moment, packet),
            StreamKind::Parity { .. } => self.parity.parity(header, packet.payload()),
            StreamKind::Other { .. } => return,
        }
        self.repair(moment.now);
    }

    /// Stores the pixels of a packet if they are the card's; whether the packet is the first of its kind, `None` when it is
    /// ignored.
    fn pixels(&mut self, packet @ (header, ..): (&StreamHeader, WireFormat, &[u8]), origin: Origin, now: Nanos) -> Option<bool> {
        let aim = self.map.aim(self.id, header);
        if aim == Aim::OutOfRange {
            self.frames.counters_mut().frames.range += 1;
            return None;
        }
        let here = (aim == Aim::Here).then_some(&self.map);
        self.frames.pixels(packet, origin, here, now)
    }

    fn latch(&mut self, side: Side, moment: Moment, packet: &StreamPacket<'_>) {
        let Some(latch) = packet.latch() else { return };
        let header = packet.header();
        self.latch_heard = Some(moment.now);
        self.silent = false;
        self.fed_by = Some(side);
        let instant = self.clock.instant(latch.present_at, moment);
        let at = if let Instant::At(at) = instant { at } else { moment.now };
        let mut armed = Armed::new(&latch, at, header.count, side);
        armed.late = instant == Instant::Late;
        armed.beyond_clock = instant == Instant::BeyondClock;
        self.frames.latch(header.frame_id, armed, moment.now);
    }

    /// Uses what PARITY gives back.
    fn repair(&mut self, now: Nanos) {
        while let Some(rebuilt) = self.parity.rebuild(|id| self.frames.progress(id)) {
            self.pixels((&rebuilt.header, rebuilt.format, &rebuilt.payload), Origin::Parity, now);
            self.parity.done(rebuilt);
        }
    }
}

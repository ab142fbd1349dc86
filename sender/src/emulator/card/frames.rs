//! The latch rule (PROTOCOL.md 5): which frame is filled, which waits for its instant, which is shown.
//!
//! Frames in flight stand in a list, oldest first. A frame leaves it exactly once: flipped, released under freeze, held,
//! abandoned, or superseded by a newer LATCH. The shown buffer is written by nobody.

use crate::emulator::card::Side;
use crate::emulator::card::buffers::{BufferIndex, Buffers, Codes};
use crate::emulator::card::counters::{Counters, LatchError, Tally};
use crate::emulator::card::memory::MemoryMap;
use crate::time::Nanos;
use crate::wall::WireFormat;
use crate::wire::ocp809::{BRIGHTNESS_FULL, FRAME_ID_MEMORY_NS, FrameId, GAIN_UNITY, Latch, LatchFlags, StreamHeader};

/// Frames that a card keeps track of beside its buffers; more are only pending states, of which the oldest gives way.
const IN_FLIGHT_MAX: usize = 8;

/// The state of a LATCH that is in effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LatchState {
    /// Dimmer, 65535 is full.
    pub brightness: u16,
    /// Gains of red, green and blue, 0x8000 is 1.0.
    pub gains: [u16; 3],
    /// Refreshes per frame, 0: the card's default.
    pub refreshes: u16,
    /// Id of the test pattern.
    pub pattern: u8,
    /// What replaces or holds the picture.
    pub flags: LatchFlags,
}

/// A LATCH with its instant resolved.
#[derive(Debug, Clone, Copy)]
pub(super) struct Armed {
    /// When it takes effect, on the card's clock.
    pub(super) at: Nanos,
    /// Its state.
    pub(super) state: LatchState,
    /// PIXELS packets of its frame; 0: state only.
    pub(super) packets: u16,
    /// The port that brought it.
    pub(super) side: Side,
    /// Whether it came after its present instant.
    pub(super) late: bool,
    /// Whether its present instant was more than a second ahead.
    pub(super) beyond_clock: bool,
    /// Whether its instant has come.
    presented: bool,
}

/// A frame that is neither shown nor closed.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "four independent facts about a frame, none of which is a state of its own")]
struct Flight {
    id: FrameId,
    buffer: Option<BufferIndex>,
    armed: Option<Armed>,
    whole: bool,
    /// It lost its buffer to a newer frame and gets none again.
    abandoned: bool,
    /// It was counted as `late`, or as `overrun`.
    late: bool,
    overran: bool,
    /// When its last pixels came.
    touched: Nanos,
    tally: Tally,
}

/// How flips and buffers did since they were asked about last.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timing {
    /// Distance of flips from their present instants.
    pub(super) error: LatchError,
    /// Fewest buffers that were free.
    pub(super) fewest_free: usize,
}

/// The frames of a card.
#[derive(Debug)]
pub(super) struct Frames {
    buffers: Buffers,
    shown: Option<BufferIndex>,
    shown_id: Option<FrameId>,
    flights: Vec<Flight>,
    /// Closed flights, whose memory is used again.
    spare: Vec<Flight>,
    newest_latch: Option<FrameId>,
    latch_heard: Nanos,
    flip_at: Option<Nanos>,
    state: LatchState,
    scan_origin: Nanos,
    refresh_ns: u64,
    counters: Counters,
    timing: Timing,
}

impl LatchState {
    /// Full brightness, neutral gains, nothing set.
    pub const NEUTRAL: Self = Self {
        brightness: BRIGHTNESS_FULL,
        gains: [GAIN_UNITY; 3],
        refreshes: 0,
        pattern: 0,
        flags: LatchFlags { black_out: false, freeze: false, identify: false, test_pattern: false },
    };
}

impl From<&Latch> for LatchState {
    fn from(latch: &Latch) -> Self {
        let Latch { brightness, gains, refreshes, pattern, flags, .. } = *latch;
        Self { brightness, gains, refreshes, pattern, flags }
    }
}

impl Armed {
    /// A LATCH that waits for its instant.
    pub(super) fn new(latch: &Latch, at: Nanos, packets: u16, side: Side) -> Self {
        let state = LatchState::from(latch);
        Self { at, state, packets, side, late: false, beyond_clock: false, presented: false }
    }
}

impl Flight {
    /// Whether its LATCH came and its instant too.
    fn is_presented(&self) -> bool {
        self.armed.is_some_and(|armed| armed.presented)
    }

    /// When its LATCH takes effect, if that is still to come.
    fn due(&self) -> Option<Nanos> {
        self.armed.filter(|armed| !armed.presented).map(|armed| armed.at)
    }

    /// Whether a newer frame may take its buffer: incomplete or unlatched.
    const fn may_be_abandoned(&self) -> bool {
        self.buffer.is_some() && !(self.whole && self.armed.is_some())
    }
}

impl Frames {
    /// `buffers` empty buffers of `pixels` pixels; black until the first whole frame.
    pub(super) fn new(buffers: u8, pixels: usize, refresh_ns: u32, now: Nanos) -> Self {
        let buffers = Buffers::new(buffers, pixels);
        Self {
            timing: Timing { error: LatchError::default(), fewest_free: buffers.count() },
            buffers,
            shown: None,
            shown_id: None,
            flights: Vec::with_capacity(IN_FLIGHT_MAX),
            spare: Vec::with_capacity(IN_FLIGHT_MAX),
            newest_latch: None,
            latch_heard: now,
            flip_at: None,
            state: LatchState::NEUTRAL,
            scan_origin: now,
            refresh_ns: u64::from(refresh_ns.max(1)),
            counters: Counters::default(),
        }
    }

    /// How flips and buffers did since the last call.
    pub(super) fn take_timing(&mut self) -> Timing {
        let fresh = Timing { error: LatchError::default(), fewest_free: self.buffers.headroom() };
        core::mem::replace(&mut self.timing, fresh)
    }

    /// What was counted.
    pub(super) const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// What was counted, to count more.
    pub(super) const fn counters_mut(&mut self) -> &mut Counters {
        &mut self.counters
    }

    /// The shown frame's pixels; `None`: black, because no whole frame came yet.
    pub(super) fn shown(&self) -> Option<Codes<'_>> {
        self.buffers.codes(self.shown?)
    }

    /// The shown frame's id.
    pub(super) const fn shown_id(&self) -> Option<FrameId> {
        self.shown_id
    }

    /// The newest LATCH's frame.
    pub(super) const fn newest_latch(&self) -> Option<FrameId> {
        self.newest_latch
    }

    /// The state in effect.
    pub(super) const fn state(&self) -> &LatchState {
        &self.state
    }

    /// Buffers that are free, of how many.
    pub(super) fn headroom(&self) -> (usize, usize) {
        (self.buffers.headroom(), self.buffers.count())
    }

    /// When the next thing happens by itself.
    pub(super) fn next_event(&self) -> Option<Nanos> {
        self.flights.iter().filter_map(Flight::due).chain(self.flip_at).min()
    }

    /// Voids everything but the shown picture, for a new master.
    pub(super) fn clear(&mut self) {
        while let Some(flight) = self.flights.pop() {
            self.recycle(flight);
        }
        self.flip_at = None;
        self.newest_latch = None;
    }

    /// Empty buffers of another size: nothing is shown or in flight any more; state and counters stay.
    pub(super) fn reshape(&mut self, buffers: u8, pixels: usize) {
        self.clear();
        self.forget_picture();
        self.buffers = Buffers::new(buffers, pixels);
    }

    /// Changes the length of a refresh.
    pub(super) fn set_refresh(&mut self, refresh_ns: u32) {
        self.refresh_ns = u64::from(refresh_ns.max(1));
    }

    /// Goes back to black.
    pub(super) fn forget_picture(&mut self) {
        if let Some(buffer) = self.shown.take() {
            self.buffers.free(buffer);
        }
        self.shown_id = None;
    }

    /// Lets everything happen that is due by `now`, in its order.
    pub(super) fn advance(&mut self, now: Nanos) {
        while let Some(at) = self.next_event().filter(|&at| at <= now) {
            if self.flip_at.is_some_and(|flip| flip <= at) {
                self.flip(at);
            } else if let Some(index) = self.flights.iter().position(|flight| flight.due() == Some(at)) {
                self.present(index, at);
            }
        }
    }

    /// Whether 500 ms passed without a LATCH, so that the next frame is new whatever its id.
    pub(super) fn forgets_frame_id(&mut self, now: Nanos) -> bool {
        let forgets = self.newest_latch.is_some() && now.since(self.latch_heard) >= FRAME_ID_MEMORY_NS;
        if forgets {
            self.newest_latch = None;
        }
        forgets
    }

    /// Rules 1, 2, 6: takes a LATCH unless it or a newer one came before.
    pub(super) fn latch(&mut self, id: FrameId, armed: Armed, now: Nanos) {
        if let Some(newest) = self.newest_latch {
            if !id.newer(newest) {
                return;
            }
            let missed = u64::from(id.steps_after(newest).saturating_sub(1));
            self.counters.at(armed.side, |port| port.frames_missed += missed);
        }
        self.counters.frames.late += u64::from(armed.late);
        self.counters.frames.clock += u64::from(armed.beyond_clock);
        // An id that comes again after it was forgotten is another frame.
        if let Some(again) = self.flights.iter().position(|flight| flight.id == id && flight.armed.is_some()) {
            self.hold(again);
        }
        let index = self.flights.iter().position(|flight| flight.id == id).unwrap_or_else(|| self.begin(id, now));
        self.newest_latch = Some(id);
        self.latch_heard = now;
        if let Some(flight) = self.flights.get_mut(index) {
            flight.late = armed.late;
            flight.armed = Some(armed);
        }
        self.advance(now);
    }

    /// A valid PIXELS packet of the master; `here`: it is aimed at this card. Answers whether it is the first of its kind,
    /// `None` when its frame is closed.
    pub(super) fn pixels(
        &mut self,
        (header, format, payload): (&StreamHeader, WireFormat, &[u8]),
        origin: Origin,
        here: Option<&MemoryMap>,
        now: Nanos,
    ) -> Option<bool> {
        let index = self.flight_index(header.frame_id, now)?;
        let flight = self.flights.get_mut(index)?;
        if flight.armed.is_none() && now.since(flight.touched) >= FRAME_ID_MEMORY_NS {
            // What an interrupted sender left behind never mixes with a frame that reuses its id.
            flight.tally.clear();
            flight.whole = false;
            if let Some(buffer) = flight.buffer {
                self.buffers.restart(buffer);
            }
        }
        flight.touched = now;
        let fresh = match origin {
            Origin::Port(side) => flight.tally.received(side, header.seq),
            Origin::Parity => flight.tally.rebuilt(header.seq),
        };
        if let Some(map) = here.filter(|_| !flight.whole && !flight.abandoned) {
            self.store(index, map, (header, format, payload), now);
        }
        Some(fresh)
    }

    /// The packets of a frame in flight that came, and how many it has, once its LATCH said so.
    pub(super) fn progress(&self, id: FrameId) -> Option<(&Tally, Option<u16>)> {
        let flight = self.flights.iter().find(|flight| flight.id == id)?;
        Some((&flight.tally, flight.armed.map(|armed| armed.packets)))
    }

    fn store(
        &mut self,
        index: usize,
        map: &MemoryMap,
        (header, format, payload): (&StreamHeader, WireFormat, &[u8]),
        now: Nanos,
    ) {
        // Abandoning an older frame may move this one forward in the list.
        let Some((index, buffer)) = self.buffer_for(index) else { return };
        let whole = self.buffers.write(buffer, map, format, header, payload);
        let Some(flight) = self.flights.get_mut(index) else { return };
        flight.whole = whole;
        if whole && flight.is_presented() {
            if !flight.late {
                flight.late = true;
                self.counters.frames.late += 1;
            }
            self.release(index, now);
        }
    }

    /// Rule 5: the buffer of a frame, freed by abandoning the oldest that may be.
    fn buffer_for(&mut self, index: usize) -> Option<(usize, BufferIndex)> {
        if let Some(buffer) = self.flights.get(index)?.buffer {
            return Some((index, buffer));
        }
        let mut index = index;
        let buffer = self.buffers.take().or_else(|| {
            let victim = self.flights.iter().take(index).position(Flight::may_be_abandoned)?;
            index -= usize::from(self.abandon(victim));
            self.buffers.take()
        });
        self.timing.fewest_free = self.timing.fewest_free.min(self.buffers.headroom());
        let flight = self.flights.get_mut(index)?;
        flight.buffer = buffer;
        if buffer.is_none() && !flight.overran {
            flight.overran = true;
            self.counters.frames.overrun += 1;
        }
        buffer.map(|buffer| (index, buffer))
    }

    /// Takes a frame's buffer away; whether it also left the list. A LATCH that is still to come keeps its place.
    fn abandon(&mut self, index: usize) -> bool {
        let Some(flight) = self.flights.get_mut(index) else { return false };
        if flight.is_presented() {
            self.hold(index);
            return true;
        }
        self.counters.frames.overrun += 1;
        flight.abandoned = true;
        flight.whole = false;
        if let Some(buffer) = flight.buffer.take() {
            self.buffers.free(buffer);
        }
        false
    }

    /// Rules 3 and 4: the instant of a LATCH has come.
    fn present(&mut self, index: usize, at: Nanos) {
        // Everything older is settled: what was due and is not whole is held, what never saw its LATCH is void.
        for _ in 0..index {
            self.hold(0);
        }
        self.flip_at = None;
        let Some(flight) = self.flights.first_mut() else { return };
        let Some(armed) = &mut flight.armed else { return };
        armed.presented = true;
        self.state = armed.state;
        if armed.state.refreshes > 0 {
            self.scan_origin = at;
        }
        if armed.packets == 0 {
            self.remove(0);
        } else if flight.whole {
            self.release(0, at);
        }
    }

    /// A whole frame whose instant has come flips at the next scan boundary; under freeze it is let go.
    fn release(&mut self, index: usize, now: Nanos) {
        if self.state.flags.freeze {
            self.close(index);
            self.counters.frames.frozen += 1;
            return;
        }
        let into_scan = now.since(self.scan_origin) % self.refresh_ns;
        let boundary = if into_scan == 0 { now } else { now.after(self.refresh_ns - into_scan) };
        self.flip_at = Some(boundary);
        if boundary == now {
            self.flip(now);
        }
    }

    /// Shows the frame that waits for the scan boundary.
    fn flip(&mut self, at: Nanos) {
        self.flip_at = None;
        let Some(index) = self.flights.iter().position(|flight| flight.whole && flight.is_presented()) else { return };
        let Some(flight) = self.flights.get_mut(index) else { return };
        let (id, Some(buffer)) = (flight.id, flight.buffer.take()) else { return };
        if let Some(old) = self.shown.replace(buffer) {
            self.buffers.free(old);
        }
        self.shown_id = Some(id);
        let error = flight.armed.map_or(0, |armed| at.since(armed.at));
        self.counters.latch_error.add(error);
        self.timing.error.add(error);
        self.close(index);
        self.counters.frames.shown += 1;
    }

    /// A frame that will not be shown leaves the list; if its LATCH came, it counts as held.
    fn hold(&mut self, index: usize) {
        if self.close(index) {
            self.counters.frames.held += 1;
        }
    }

    /// Ends a frame's counts and removes it; whether it had a LATCH with pixels.
    fn close(&mut self, index: usize) -> bool {
        let Some(flight) = self.flights.get(index) else { return false };
        let counted = flight.armed.filter(|armed| armed.packets > 0);
        if let Some(armed) = counted {
            flight.tally.close(armed.side, armed.packets, &mut self.counters);
        }
        self.remove(index);
        counted.is_some()
    }

    fn remove(&mut self, index: usize) {
        if index < self.flights.len() {
            let flight = self.flights.remove(index);
            self.recycle(flight);
        }
    }

    fn recycle(&mut self, mut flight: Flight) {
        if let Some(buffer) = flight.buffer.take() {
            self.buffers.free(buffer);
        }
        flight.tally.clear();
        self.spare.push(flight);
    }

    /// The place of the frame that a PIXELS packet belongs to; `None` when that frame is closed or was latched away.
    fn flight_index(&mut self, id: FrameId, now: Nanos) -> Option<usize> {
        // The newest frame is nearly always the one.
        if let Some(index) = self.flights.iter().rposition(|flight| flight.id == id) {
            return Some(index);
        }
        let is_new = self.newest_latch.is_none_or(|newest| id.newer(newest));
        is_new.then(|| self.begin(id, now))
    }

    /// Adds a frame to the list, behind all that are not newer; its place. A full list gives up its oldest.
    fn begin(&mut self, id: FrameId, now: Nanos) -> usize {
        if self.flights.len() >= IN_FLIGHT_MAX {
            self.hold(0);
        }
        let tally = self.spare.pop().map(|flight| flight.tally).unwrap_or_default();
        let after = |flight: &Flight| self.newest_latch.is_none() || !flight.id.newer(id);
        let index = self.flights.iter().rposition(after).map_or(0, |before| before + 1);
        self.flights.insert(index, Flight { id, touched: now, tally, ..Flight::default() });
        index
    }
}

/// Where a PIXELS packet came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// A port.
    Port(Side),
    /// It was rebuilt from PARITY.
    Parity,
}

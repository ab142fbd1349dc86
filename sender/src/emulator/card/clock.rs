//! A card's idea of TAI: PTP, or TIME messages (PROTOCOL.md 12), or none.

use crate::emulator::Moment;
use crate::time::{Nanos, Tai};
use crate::wire::ocp809::{PRESENT_AHEAD_MAX_NS, TIME_VALID_NS};

/// The clock of a card.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct CardClock {
    /// Whether PTP locks it.
    ptp: bool,
    /// How far TAI is ahead of the card's own clock, and when that was learned.
    learned: Option<(i128, Nanos)>,
    /// When the last TIME message came: the next one tells when it had left.
    time_heard: Option<Nanos>,
}

/// When a LATCH takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Instant {
    /// At its present instant.
    At(Nanos),
    /// On arrival: it asks for nothing else, or the card's clock is not synced.
    OnArrival,
    /// On arrival: its present instant has passed.
    Late,
    /// On arrival: its present instant is too far ahead.
    BeyondClock,
}

impl CardClock {
    /// A clock that PTP locks, or that waits for TIME.
    pub(super) const fn new(ptp: bool) -> Self {
        Self { ptp, learned: None, time_heard: None }
    }

    /// Takes a TIME message: `previous` is when the one before left the sender, `path_delay_ns` how long it travelled.
    pub(super) fn time_message(&mut self, previous: Tai, path_delay_ns: u32, now: Nanos) {
        if let Some(heard) = self.time_heard.replace(now).filter(|_| previous.0 != 0) {
            let ahead = i128::from(previous.0) + i128::from(path_delay_ns) - i128::from(heard.0);
            self.learned = Some((ahead, now));
        }
    }

    /// TAI, if the clock is synced.
    pub(super) fn tai(&self, moment: Moment) -> Option<Tai> {
        if self.ptp {
            return Some(moment.tai).filter(|tai| tai.0 != 0);
        }
        let (ahead, learned) = self.learned?;
        let fresh = moment.now.since(learned) < TIME_VALID_NS;
        fresh.then(|| u64::try_from(i128::from(moment.now.0) + ahead).ok().map(Tai)).flatten()
    }

    /// When a LATCH with this present instant takes effect.
    pub(super) fn instant(&self, present_at: Tai, moment: Moment) -> Instant {
        let Some(tai) = self.tai(moment).filter(|_| present_at.0 != 0) else { return Instant::OnArrival };
        match present_at.0.checked_sub(tai.0) {
            None => Instant::Late,
            Some(ahead) if ahead > PRESENT_AHEAD_MAX_NS => Instant::BeyondClock,
            Some(ahead) => Instant::At(moment.now.after(ahead)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(now: u64) -> Moment {
        Moment { now: Nanos(now), tai: Tai(now + 1_000) }
    }

    #[test]
    fn a_locked_clock_turns_present_instants_into_its_own_time() {
        let clock = CardClock::new(true);
        assert_eq!(clock.instant(Tai(0), at(5)), Instant::OnArrival, "nothing asked");
        assert_eq!(clock.instant(Tai(1_010), at(5)), Instant::At(Nanos(10)), "5 ns ahead");
        assert_eq!(clock.instant(Tai(1_004), at(5)), Instant::Late, "1 ns ago");
        assert_eq!(clock.instant(Tai(1_000_001_005), at(5)), Instant::At(Nanos(1_000_000_005)), "a second ahead is taken");
        assert_eq!(clock.instant(Tai(1_000_001_006), at(5)), Instant::BeyondClock, "more is a wrong clock");
    }

    #[test]
    fn time_messages_sync_for_two_seconds() {
        let mut clock = CardClock::new(false);
        assert_eq!(clock.instant(Tai(1_010), at(5)), Instant::OnArrival, "not synced: present_at is not used");
        clock.time_message(Tai(0), 20, Nanos(100));
        assert_eq!(clock.tai(at(110)), None, "the first message tells nothing");
        clock.time_message(Tai(1_080), 20, Nanos(200));
        assert_eq!(clock.tai(at(210)), Some(Tai(1_210)), "the one before left at 1080 and came at 100");
        assert_eq!(clock.tai(at(200 + TIME_VALID_NS)), None, "too long ago");
    }
}

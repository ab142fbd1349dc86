//! The last half minute of snapshots, as far as plots and rates need it. Bounded, whatever the wall's size.

use std::collections::VecDeque;
use std::sync::Arc;

use ocp809_sender::time::NANOS_PER_SECOND;

use super::health::CardHealth;
use crate::control::Status;
use crate::control::status::{CardStatus, LatencyStatus};

/// How far plots reach back, in seconds.
pub(super) const SPAN_S: f64 = 30.0;

/// Over how long rates and card states are taken.
const RECENT_NS: u64 = NANOS_PER_SECOND;

/// Snapshots that are kept whole at most; they cover [`RECENT_NS`].
const MAX_RECENT: usize = 64;

/// Points that a plot has at most.
const MAX_SAMPLES: usize = 2048;

/// What plots draw of one snapshot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sample {
    /// Seconds since the engine's start.
    pub(super) at_s: f64,
    /// From the source picture in memory to the last packet.
    pub(super) last_packet: LatencyStatus,
    /// Packets that cards missed per second.
    pub(super) lost_per_s: f64,
    /// Frames that cards held instead of showing, per second.
    pub(super) held_per_s: f64,
}

/// The last snapshots.
#[derive(Debug, Default)]
pub(super) struct History {
    samples: VecDeque<Sample>,
    recent: VecDeque<Arc<Status>>,
}

/// Sums over all cards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Totals {
    /// Packets that never came.
    pub(super) lost: u64,
    /// Packets with a wrong check sum.
    pub(super) bad_crc: u64,
    /// Packets that parity restored.
    pub(super) repaired: u64,
    /// Frames that were not shown because something was missing.
    pub(super) held: u64,
    /// Frames that came after their presentation.
    pub(super) late: u64,
    /// Packets that should have come: each card of a port waits for all that the port sends.
    pub(super) expected: u64,
}

impl Totals {
    /// The sums of a snapshot.
    pub(super) fn of(status: &Status) -> Self {
        let sent = |port: &str| status.ports.iter().find(|own| own.id == port).map_or(0, |own| own.packets);
        status.cards.iter().fold(Self::default(), |sum, card| Self {
            expected: sum.expected + sent(&card.port),
            lost: sum.lost + card.lost,
            bad_crc: sum.bad_crc + card.bad_crc,
            repaired: sum.repaired + card.repaired,
            held: sum.held + card.held,
            late: sum.late + card.late,
        })
    }
}

#[expect(clippy::cast_precision_loss, reason = "nanoseconds and counts of a run stay far below 2^52")]
fn real(number: u64) -> f64 {
    number as f64
}

impl History {
    /// Takes a snapshot in, if it is newer than the last one.
    pub(super) fn push(&mut self, status: &Arc<Status>) {
        let newest = self.recent.back().map(|last| last.uptime_ns);
        if newest == Some(status.uptime_ns) {
            return;
        }
        if newest.is_some_and(|newest| status.uptime_ns < newest) {
            // Another engine, or the same one restarted: its numbers begin anew.
            *self = Self::default();
        }
        self.recent.push_back(Arc::clone(status));
        while self.recent.len() > MAX_RECENT || self.second_is_old_enough(status.uptime_ns) {
            self.recent.pop_front();
        }
        self.sample(status);
    }

    /// Whether the oldest snapshot is not needed to look back a whole [`RECENT_NS`].
    fn second_is_old_enough(&self, now_ns: u64) -> bool {
        self.recent.get(1).is_some_and(|second| now_ns.saturating_sub(second.uptime_ns) >= RECENT_NS)
    }

    fn sample(&mut self, status: &Status) {
        let at_s = real(status.uptime_ns) / real(NANOS_PER_SECOND);
        let (lost_per_s, held_per_s) = self.loss_rates(status);
        self.samples.push_back(Sample { at_s, last_packet: status.frames.last_packet, lost_per_s, held_per_s });
        while self.samples.len() > MAX_SAMPLES || self.samples.front().is_some_and(|first| first.at_s < at_s - SPAN_S) {
            self.samples.pop_front();
        }
    }

    /// Packets lost and frames held per second, by all cards together.
    fn loss_rates(&self, status: &Status) -> (f64, f64) {
        let Some(before) = self.before() else { return (0.0, 0.0) };
        let seconds = real(status.uptime_ns.saturating_sub(before.uptime_ns)) / real(NANOS_PER_SECOND);
        if seconds <= 0.0 {
            return (0.0, 0.0);
        }
        let (then, now) = (Totals::of(before), Totals::of(status));
        (real(now.lost.saturating_sub(then.lost)) / seconds, real(now.held.saturating_sub(then.held)) / seconds)
    }

    /// The snapshot of about a second ago; `None` until there are two.
    pub(super) fn before(&self) -> Option<&Arc<Status>> {
        let first = self.recent.front()?;
        (self.recent.len() > 1).then_some(first)
    }

    /// What plots draw, oldest first.
    pub(super) fn samples(&self) -> impl DoubleEndedIterator<Item = &Sample> {
        self.samples.iter()
    }

    /// The newest sample.
    pub(super) fn newest(&self) -> Option<&Sample> {
        self.samples.back()
    }

    /// The state of each card of this snapshot, in its order.
    pub(super) fn health(&self, status: &Status) -> Vec<CardHealth> {
        let before = self.before();
        status
            .cards
            .iter()
            .enumerate()
            .map(|(index, card)| CardHealth::between(earlier(before.map(AsRef::as_ref), index, card), card))
            .collect()
    }

    /// Share of the packets of the last second that cards missed, in percent.
    pub(super) fn recent_loss_percent(&self, status: &Status) -> f64 {
        let Some(before) = self.before() else { return 0.0 };
        let (then, now) = (Totals::of(before), Totals::of(status));
        let (lost, expected) = (now.lost.saturating_sub(then.lost), now.expected.saturating_sub(then.expected));
        if expected == 0 { 0.0 } else { 100.0 * real(lost) / real(expected) }
    }
}

/// The same card in an earlier snapshot.
fn earlier<'a>(before: Option<&'a Status>, index: usize, card: &CardStatus) -> Option<&'a CardStatus> {
    before?.cards.get(index).filter(|earlier| earlier.cabinet == card.cabinet)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::status::PortStatus;

    fn snapshot(at_ms: u64, lost: u64, held: u64) -> Arc<Status> {
        let card = CardStatus { cabinet: "A1".to_owned(), online: true, lost, held, ..CardStatus::default() };
        let port = PortStatus { packets: at_ms * 10, ..PortStatus::default() };
        Arc::new(Status { uptime_ns: at_ms * 1_000_000, cards: vec![card], ports: vec![port], ..Status::default() })
    }

    #[test]
    fn rates_are_taken_over_the_last_second_only() {
        let mut history = History::default();
        for step in 0..40 {
            history.push(&snapshot(step * 100, 50, 0));
        }
        let loss = snapshot(4_000, 150, 3);
        history.push(&loss);
        let newest = history.newest().expect("samples");
        assert!((newest.lost_per_s - 100.0).abs() < 1e-9, "{newest:?}");
        assert!((newest.held_per_s - 3.0).abs() < 1e-9, "{newest:?}");
        assert!((history.recent_loss_percent(&loss) - 1.0).abs() < 1e-9, "100 of 10 000 packets");
        assert_eq!(history.health(&loss), [CardHealth::Holding]);
    }

    #[test]
    fn what_every_card_of_a_cable_misses_counts_once() {
        let of_cards = |at_ms: u64, lost: u64| {
            let mut status = Status::clone(&snapshot(at_ms, lost, 0));
            status.cards = vec![status.cards.remove(0); 4];
            Arc::new(status)
        };
        let mut history = History::default();
        (0..40).for_each(|step| history.push(&of_cards(step * 100, 0)));
        let loss = of_cards(4_000, 500);
        history.push(&loss);
        assert!((history.recent_loss_percent(&loss) - 5.0).abs() < 1e-9, "500 of 10 000 packets, whatever the number of cards");
    }

    #[test]
    fn memory_is_bounded_and_reaches_back_half_a_minute() {
        let mut history = History::default();
        for step in 0..10_000 {
            history.push(&snapshot(step * 10, 0, 0));
        }
        assert!(history.recent.len() <= MAX_RECENT, "{} snapshots", history.recent.len());
        assert!(history.samples.len() <= MAX_SAMPLES, "{} samples", history.samples.len());
    }

    #[test]
    fn a_restarted_engine_begins_a_new_history() {
        let mut history = History::default();
        history.push(&snapshot(9_000, 5, 5));
        history.push(&snapshot(100, 0, 0));
        assert!(history.before().is_none(), "nothing to compare with yet");
        assert_eq!(history.samples().count(), 1);
    }

    #[test]
    fn the_same_snapshot_counts_once() {
        let mut history = History::default();
        let status = snapshot(1_000, 0, 0);
        history.push(&status);
        history.push(&status);
        assert_eq!(history.samples().count(), 1);
    }
}

//! Which picture is shown when, on a clock that moves by hand, and that memory goes round.

use std::collections::BTreeSet;

use ocp809_sender::geometry::PixelSize;
use ocp809_sender::time::{ManualClock, NANOS_PER_SECOND};
use ocp809_shaders::PixelFormat;
use ocp809_shaders::frame::SignalColor;

use super::*;

const TINY: SourceShape =
    SourceShape { format: PixelFormat::Rgb24, size: PixelSize::new(4, 2), color: SignalColor { ..DEFAULT_COLOR } };
const DEFAULT_COLOR: SignalColor = SignalColor {
    range: ocp809_shaders::frame::Range::Full,
    matrix: ocp809_shaders::frame::YuvMatrix::Bt709,
    siting: ocp809_shaders::frame::ChromaSiting::Left,
    transfer: ocp809_shaders::frame::InputTransfer::Srgb,
    primaries: ocp809_shaders::frame::SignalPrimaries::Bt709,
};

struct Bench {
    clock: Arc<ManualClock>,
    writer: Writer,
    reader: Reader,
    rate: Rational,
}

impl Bench {
    fn new(due: Due, wall_hz: u32) -> Self {
        let clock = Arc::new(ManualClock::at(Nanos(NANOS_PER_SECOND)));
        let shared_clock: Arc<dyn Clock> = clock.clone();
        let rate = Rational::new(wall_hz, 1).unwrap();
        let shared = Shared::new("test:", &shared_clock, rate, 1.0);
        let (writer, reader) = mailbox(due, &shared, &shared_clock);
        Self { clock, writer, reader, rate }
    }

    /// Publishes picture `number` of a source of `hz`; its first byte is the number.
    fn publish(&mut self, number: u8, hz: u32) {
        let mut frame = self.writer.begin(TINY).unwrap().unwrap();
        frame.data[0] = number;
        frame.due_ns = Rational::new(hz, 1).unwrap().instant_ns(number.into());
        frame.is_first = number == 0;
        self.writer.publish(frame);
    }

    fn waiting(&self) -> usize {
        self.reader.lease.mailbox.lock().waiting.len()
    }

    /// Publishes as long as there is room, as a source's thread does.
    fn fill(&mut self, next: &mut u8, hz: u32) {
        while self.waiting() < self.reader.lease.mailbox.lock().depth {
            self.publish(*next, hz);
            *next += 1;
        }
    }

    fn shown(&self) -> Option<u8> {
        Some(self.reader.view()?.planes()[0].data[0])
    }

    /// What the wall shows in its next `frames` frames.
    fn show(&mut self, frames: usize, hz: u32) -> Vec<u8> {
        self.writer.set_rate(Rational::new(hz, 1).unwrap(), self.rate);
        let mut next = 0;
        (0..frames)
            .map(|tick| {
                self.fill(&mut next, hz);
                self.reader.advance();
                // Ticks tremble by a few hundred microseconds.
                let tremble = [0, 300_000, 100_000, 500_000][tick % 4];
                let due = NANOS_PER_SECOND + self.rate.instant_ns(tick as u64 + 1) + tremble;
                self.clock.sleep_until(Nanos(due));
                self.shown().unwrap()
            })
            .collect()
    }
}

#[test]
fn live_pictures_overtake_each_other_and_are_counted() {
    let mut bench = Bench::new(Due::Newest, 60);
    assert_eq!(bench.reader.advance(), Advance::default(), "nothing yet");
    assert!(bench.reader.view().is_none() && bench.reader.arrived().is_none(), "nothing to show");
    for number in 0..5 {
        bench.publish(number, 60);
    }
    assert_eq!(bench.reader.advance(), Advance { is_new: true, skipped: 4 });
    assert_eq!(bench.shown(), Some(4));
    assert_eq!(bench.reader.advance(), Advance::default(), "the picture stays");
    assert_eq!(bench.shown(), Some(4));
}

#[test]
fn in_turn_every_picture_is_shown_once() {
    let mut bench = Bench::new(Due::InTurn, 60);
    assert_eq!(bench.show(50, 24), (0..50).collect::<Vec<u8>>());
}

#[test]
fn paced_pictures_keep_their_own_time() {
    let equal = Bench::new(Due::Elapsed, 60).show(100, 60);
    assert_eq!(equal, (0..100).collect::<Vec<u8>>(), "60 on 60: none lost, none twice");
    let film = Bench::new(Due::Elapsed, 60).show(120, 24);
    for (tick, shown) in film.iter().enumerate() {
        // Two pictures in five ticks; one that is due within a quarter of a tick counts as due.
        let ideal = u8::try_from((tick * 40 + 11) / 100).unwrap();
        assert_eq!(*shown, ideal, "24 on 60 at tick {tick}");
    }
    let fast = Bench::new(Due::Elapsed, 30).show(40, 120);
    for (tick, shown) in fast.iter().enumerate() {
        let ideal = u8::try_from(tick * 4).unwrap();
        assert!(shown.abs_diff(ideal) <= 1, "120 on 30 at tick {tick}: {shown}");
    }
}

#[test]
fn a_stalled_source_goes_on_where_it_was() {
    let mut bench = Bench::new(Due::Elapsed, 60);
    let period = bench.rate.period_ns();
    bench.publish(0, 60);
    bench.reader.advance();
    for _ in 0..60 {
        bench.clock.advance(period);
        assert!(!bench.reader.advance().is_new, "nothing comes for a second");
    }
    bench.publish(1, 60);
    bench.publish(2, 60);
    assert!(bench.reader.advance().is_new);
    assert_eq!(bench.shown(), Some(1), "nothing is skipped to make up for it");
    bench.clock.advance(period);
    bench.reader.advance();
    assert_eq!(bench.shown(), Some(2), "and it goes on at its own pace");
}

#[test]
fn a_new_run_starts_its_own_time() {
    let mut bench = Bench::new(Due::Elapsed, 60);
    let period = bench.rate.period_ns();
    let shown: Vec<_> = [0, 1, 2, 0, 1]
        .map(|number| {
            bench.publish(number, 60);
            bench.clock.advance(period);
            bench.reader.advance();
            bench.shown()
        })
        .to_vec();
    assert_eq!(shown, [0, 1, 2, 0, 1].map(Some), "the second run is shown like the first");
}

#[test]
fn memory_goes_round() {
    for due in [Due::Newest, Due::Elapsed, Due::InTurn] {
        let mut bench = Bench::new(due, 60);
        let mut places = BTreeSet::new();
        let mut next = 0;
        for _ in 0..60 {
            bench.fill(&mut next, 60);
            bench.reader.advance();
            places.insert(bench.reader.view().unwrap().planes()[0].data.as_ptr() as usize);
            bench.clock.advance(bench.rate.period_ns());
        }
        assert!(places.len() <= 4, "{due:?} uses {} places for 60 pictures", places.len());
    }
}

#[test]
fn another_size_is_another_picture() {
    let mut bench = Bench::new(Due::InTurn, 60);
    for (width, height) in [(4, 2), (640, 360), (1, 1)] {
        let shape = SourceShape { size: PixelSize::new(width, height), ..TINY };
        let frame = bench.writer.begin(shape).unwrap().unwrap();
        bench.writer.publish(frame);
        bench.reader.advance();
        assert_eq!(bench.reader.view().unwrap().shape().size, shape.size);
    }
}

#[test]
fn nobody_waits_for_a_reader_that_is_gone() {
    let Bench { mut writer, reader, .. } = Bench::new(Due::InTurn, 60);
    let thread = std::thread::Builder::new().spawn(move || {
        let mut pictures = 0;
        while let Some(frame) = writer.begin(TINY).unwrap() {
            writer.publish(frame);
            pictures += 1;
        }
        pictures
    });
    std::thread::sleep(Duration::from_millis(20));
    drop(reader);
    let pictures: u32 = thread.unwrap().join().unwrap();
    assert!(pictures <= 4, "back-pressure held: {pictures}");
}

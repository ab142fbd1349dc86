//! A thread that plays the cards of a wall: frames come in over links, the light that they make goes out as pictures.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use ocp809_sender::emulator::{CardDetail, CardServer, CardStatus, LightMean, VirtualCards, VirtualWall};
use ocp809_sender::ids::ScreenIndex;
use ocp809_sender::time::{Clock, NANOS_PER_SECOND, Nanos};
use ocp809_sender::wall::Wall;

use crate::control::status::CardStatus as ReportedCard;
use crate::engine::SharedCards;
use crate::picture::{ScreenPicture, WallFeed, WallPicture};

/// How long the thread waits for a frame before it lets time pass for the cards.
const WAIT: Duration = Duration::from_micros(500);

/// Pictures for a window, per second.
const PICTURE_PERIOD_NS: u64 = NANOS_PER_SECOND / 30;

/// After a look at the light, so many times as long is left to the cards.
const REST: u64 = 4;

/// After a flip is seen, all cards of the wall have had their latch by then.
const SETTLE_NS: u64 = 1_500_000;

/// Jobs that may wait for the cards' thread.
const JOBS: usize = 8;

/// Cards that have not flipped for so long have shown all that was sent.
const QUIET: Duration = Duration::from_millis(150);

/// How often cards are looked at that are waited for.
const LOOK: Duration = Duration::from_millis(5);

/// How long a request for a still may take before its wall counts as dark.
const STILL_PATIENCE: Duration = Duration::from_secs(5);

/// The cards' thread, and what it shows.
#[derive(Debug)]
pub struct VirtualHost {
    shared: Arc<Shared>,
    jobs: SyncSender<Job>,
    thread: Option<JoinHandle<()>>,
}

/// What windows and reports read.
#[derive(Debug)]
struct Shared {
    wall: Arc<Wall>,
    newest: ArcSwapOption<WallPicture>,
    delivered: AtomicU64,
    stop: AtomicBool,
    still: Mutex<Option<StillRequest>>,
}

/// Something to do to the cards, on their own thread.
type Job = Box<dyn FnOnce(&mut VirtualWall) + Send>;

/// Somebody wants the mean light over some frames.
#[derive(Debug)]
struct StillRequest {
    frames: u32,
    answer: SyncSender<Vec<ScreenPicture>>,
}

/// Cards with buffers to spare: a thread that is late meets several frames at one instant, which no cable would bring.
#[must_use]
pub fn patient_cards() -> VirtualCards {
    VirtualCards { buffers: 4, ..VirtualCards::default() }
}

impl VirtualHost {
    /// Starts to play cards; their status goes to `cards`.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(wall: Arc<Wall>, server: CardServer, clock: Arc<dyn Clock>, cards: SharedCards) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            wall,
            newest: ArcSwapOption::empty(),
            delivered: AtomicU64::new(0),
            stop: AtomicBool::new(false),
            still: Mutex::new(None),
        });
        let (jobs, waiting) = sync_channel(JOBS);
        let player = Player {
            jobs: waiting,
            meter: Meter::new(shared.wall.screens().len(), clock.now()),
            still: None,
            shared: Arc::clone(&shared),
            server,
            clock,
            cards,
        };
        let thread = std::thread::Builder::new().name("cards".to_owned()).spawn(move || player.run())?;
        Ok(Self { shared, jobs, thread: Some(thread) })
    }

    /// What windows look at.
    #[must_use]
    pub fn feed(&self) -> Arc<dyn WallFeed> {
        Arc::new(Feed(Arc::clone(&self.shared)))
    }

    /// The mean light over `frames` consecutive frames, one picture per screen; `None` when no frames come.
    #[must_use]
    pub fn still(&self, frames: u32) -> Option<Vec<ScreenPicture>> {
        let (answer, pictures) = sync_channel(1);
        let request = StillRequest { frames: frames.max(1), answer };
        *self.shared.still.lock().unwrap_or_else(PoisonError::into_inner) = Some(request);
        pictures.recv_timeout(STILL_PATIENCE).ok()
    }

    /// Waits until every card has shown `frames` more frames, or all that was sent.
    pub fn settle(&self, frames: u64) {
        let flips = || self.with_cards(|wall| wall.statuses().map(|card| flips(&card)).collect::<Vec<_>>()).unwrap_or_default();
        let least = |flips: &[u64]| flips.iter().copied().min().unwrap_or(0);
        let mut newest = flips();
        let enough = least(&newest).saturating_add(frames);
        let mut quiet = Duration::ZERO;
        while least(&newest) < enough && quiet < QUIET {
            std::thread::sleep(LOOK);
            let now = flips();
            quiet = if now == newest { quiet + LOOK } else { Duration::ZERO };
            newest = now;
        }
    }

    /// Does something to the cards between two of their turns, and waits for the result: pulling a cable, replacing a card,
    /// looking at codes. `None` when the cards' thread has ended.
    pub fn with_cards<T: Send + 'static>(&self, job: impl FnOnce(&mut VirtualWall) -> T + Send + 'static) -> Option<T> {
        let (answer, result) = sync_channel(1);
        let job: Job = Box::new(move |wall| {
            // Whoever asked may have given up.
            let _gone = answer.try_send(job(wall));
        });
        self.jobs.send(job).ok()?;
        result.recv().ok()
    }

    /// Frames that reached the cards since the start.
    #[must_use]
    pub fn delivered(&self) -> u64 {
        self.shared.delivered.load(Ordering::Relaxed)
    }
}

impl Drop for VirtualHost {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so on stderr.
            let _panicked = thread.join();
        }
    }
}

#[derive(Debug)]
struct Feed(Arc<Shared>);

impl WallFeed for Feed {
    fn wall(&self) -> Arc<Wall> {
        Arc::clone(&self.0.wall)
    }

    fn latest(&self) -> Option<Arc<WallPicture>> {
        self.0.newest.load_full()
    }
}

/// The thread's own state.
struct Player {
    shared: Arc<Shared>,
    server: CardServer,
    clock: Arc<dyn Clock>,
    cards: SharedCards,
    jobs: Receiver<Job>,
    meter: Meter,
    still: Option<(StillRequest, Vec<LightMean>, u32)>,
}

/// Looks at the wall's light now and then.
struct Meter {
    means: Vec<LightMean>,
    samples: u32,
    light: Vec<[f32; 3]>,
    generation: u64,
    picture_at: Nanos,
    shown: u64,
    /// Nothing is looked at before.
    rests_until: Nanos,
    /// When the flip that is seen has reached all cards.
    due: Option<Nanos>,
}

impl Meter {
    fn new(screens: usize, now: Nanos) -> Self {
        Self {
            means: vec![LightMean::new(); screens],
            samples: 0,
            light: Vec::new(),
            generation: 0,
            picture_at: now,
            shown: 0,
            rests_until: now,
            due: None,
        }
    }
}

impl Player {
    fn run(mut self) {
        while !self.shared.stop.load(Ordering::Relaxed) {
            // A link that fails is shown by its port; the cards go on.
            let _waited = self.server.wait(WAIT);
            let now = self.clock.now();
            let turn = self.server.turn(now, self.clock.tai());
            self.shared.delivered.fetch_add(turn.delivered, Ordering::Relaxed);
            if let Ok(job) = self.jobs.try_recv() {
                job(self.server.wall_mut());
            }
            self.watch(now);
        }
    }

    /// Notices flips, samples the light once they are through, and publishes.
    fn watch(&mut self, now: Nanos) {
        if now < self.meter.rests_until {
            return;
        }
        self.look(now);
        // Looking at a large wall must not starve its cards; a mean that was asked for misses no frame all the same.
        if self.still.is_none() {
            let cost_ns = self.clock.now().since(now);
            self.meter.rests_until = now.after((REST + 1) * cost_ns);
        }
    }

    fn look(&mut self, now: Nanos) {
        if self.meter.due.is_none() && self.take_flip() {
            self.meter.due = Some(now.after(SETTLE_NS));
        }
        if self.meter.due.is_some_and(|due| now >= due) {
            self.meter.due = None;
            self.sample();
        }
        if now.since(self.meter.picture_at) >= PICTURE_PERIOD_NS {
            self.meter.picture_at = now;
            if self.meter.samples == 0 {
                self.sample();
            }
            self.publish();
        }
    }

    fn take_flip(&mut self) -> bool {
        let shown = self.server.wall().statuses().map(|card| flips(&card)).sum();
        std::mem::replace(&mut self.meter.shown, shown) != shown
    }

    fn sample(&mut self) {
        if self.still.is_none() {
            let request = self.shared.still.lock().unwrap_or_else(PoisonError::into_inner).take();
            self.still = request.map(|request| (request, vec![LightMean::new(); self.meter.means.len()], 0));
        }
        let Self { server, meter, still, .. } = self;
        for (index, mean) in meter.means.iter_mut().enumerate() {
            let screen = ScreenIndex(u16::try_from(index).unwrap_or(u16::MAX));
            server.wall_mut().light(screen, &mut meter.light);
            mean.add(&meter.light);
            if let Some(mean) = still.as_mut().and_then(|(_, means, _)| means.get_mut(index)) {
                mean.add(&meter.light);
            }
        }
        meter.samples += 1;
        if let Some((request, means, taken)) = still {
            *taken += 1;
            if *taken >= request.frames {
                // Whoever asked may have given up.
                let _gone = request.answer.try_send(pictures(&self.shared.wall, means));
                *still = None;
            }
        }
    }

    fn publish(&mut self) {
        self.meter.generation += 1;
        let screens = pictures(&self.shared.wall, &self.meter.means);
        self.shared.newest.store(Some(Arc::new(WallPicture { generation: self.meter.generation, screens })));
        self.meter.means.fill(LightMean::new());
        self.meter.samples = 0;
        let wall = &self.shared.wall;
        self.cards.store(self.server.wall().statuses().map(|card| reported(wall, &card)).collect());
    }
}

fn pictures(wall: &Wall, means: &[LightMean]) -> Vec<ScreenPicture> {
    let picture = |(screen, mean): (&ocp809_sender::wall::Screen, &LightMean)| {
        let mut rgb = Vec::new();
        mean.srgb8(&mut rgb);
        ScreenPicture::new(screen.size, rgb).ok()
    };
    wall.screens().iter().zip(means).filter_map(picture).collect()
}

/// Frames that a card has shown.
fn flips(card: &CardStatus) -> u64 {
    match &card.detail {
        CardDetail::Ocp809(detail) => detail.counters.frames.shown,
        CardDetail::Colorlight { counters, .. } => counters.shown,
    }
}

/// A virtual card as the status lists cards.
fn reported(wall: &Wall, card: &CardStatus) -> ReportedCard {
    let cabinet = wall.cabinets().get(card.cabinet.index());
    let port = wall.ports().get(card.port.index());
    let mut reported = ReportedCard {
        cabinet: cabinet.map(|cabinet| cabinet.id.to_string()).unwrap_or_default(),
        port: port.map(|port| port.id.to_string()).unwrap_or_default(),
        place: card.place,
        online: card.linked.iter().any(|&linked| linked),
        shown: flips(card),
        ..ReportedCard::default()
    };
    if let CardDetail::Ocp809(detail) = &card.detail {
        let counters = &detail.counters;
        reported.serial.clone_from(&detail.serial);
        (reported.held, reported.late) = (counters.frames.held, counters.frames.late);
        for port in &counters.ports {
            reported.lost += port.lost;
            reported.bad_crc += port.bad_crc;
            reported.duplicates += port.duplicates;
            reported.repaired += port.repaired;
            reported.unlatched += port.frames_missed;
        }
    }
    reported
}

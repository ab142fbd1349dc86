//! The window's end of the conversation with the show: commands out, events and values in.
//!
//! Drawing never waits: commands are posted, and what has to be waited for happens on a thread of its own.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::control::client::SubscriptionEnded;
use crate::control::{
    Action, Assignment, Client, Command, Event, EventKind, Outcome, PropertyId, PropertyPath, Reading, Request, Status,
    Subscription, Value,
};
use crate::picture::WallFeed;

/// How the window names itself in events and in the log.
pub(super) const CLIENT: &str = "window";

/// Events that wait to be drawn; beyond, the oldest give way.
const MAX_WAITING: usize = 512;

/// From a request to the drawing.
const SOON: Duration = Duration::from_millis(1);

/// Longest time between a new picture and the request to draw it.
const LOOK: Duration = Duration::from_millis(15);

/// What came in and waits for the next drawing.
#[derive(Debug, Default)]
struct Inbox {
    events: Mutex<VecDeque<Arc<Event>>>,
    readings: Mutex<HashMap<PropertyPath, Reading>>,
    ended: AtomicBool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every critical section leaves its data consistent, so a panic elsewhere does not make it unusable.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sends commands and hands out what came in.
pub(super) struct Link {
    client: Arc<dyn Client>,
    inbox: Arc<Inbox>,
    sent: AtomicU64,
}

impl Link {
    /// A link to the show of `client`, and the pump that fills it.
    pub(super) fn new(client: Arc<dyn Client>) -> (Self, Pump) {
        let inbox = Arc::new(Inbox::default());
        // Subscribed before the first reading, so that no change falls between the two.
        let subscription = client.subscribe();
        let pump = Pump { client: Arc::clone(&client), subscription, inbox: Arc::clone(&inbox), lost: 0, read: false };
        (Self { client, inbox, sent: AtomicU64::new(0) }, pump)
    }

    /// Asks for an action.
    pub(super) fn act(&self, action: Action) {
        self.post(Request::Do(action));
    }

    /// Asks for a new value of a property of the whole wall.
    pub(super) fn set(&self, property: PropertyId, value: Value) {
        self.post(Request::Set(vec![Assignment { path: PropertyPath::wall(property), value, fade_ms: 0 }]));
    }

    fn post(&self, request: Request) {
        let id = self.sent.fetch_add(1, Ordering::Relaxed) + 1;
        self.client.post(Command { id, ..Command::new(CLIENT, request) });
    }

    /// The newest snapshot.
    pub(super) fn status(&self) -> Arc<Status> {
        self.client.status()
    }

    /// The events since the last call.
    pub(super) fn events(&self) -> VecDeque<Arc<Event>> {
        std::mem::take(&mut *lock(&self.inbox.events))
    }

    /// Asked and actual value of a property of the whole wall, once known.
    pub(super) fn reading(&self, property: PropertyId) -> Option<Reading> {
        lock(&self.inbox.readings).get(&PropertyPath::wall(property)).cloned()
    }

    /// Whether the show has ended, so that what is drawn is the last that was heard.
    pub(super) fn has_ended(&self) -> bool {
        self.inbox.ended.load(Ordering::Relaxed)
    }
}

/// Fills a [`Link`]'s inbox.
pub(super) struct Pump {
    client: Arc<dyn Client>,
    subscription: Subscription,
    inbox: Arc<Inbox>,
    lost: u64,
    read: bool,
}

impl Pump {
    /// Takes in what has happened, waiting at most `timeout` for something to happen; true when there is something new.
    pub(super) fn pass(&mut self, timeout: Duration) -> bool {
        if !self.read || self.subscription.lost() > self.lost {
            self.lost = self.subscription.lost();
            self.read = self.read_all();
        }
        match self.subscription.next_within(timeout) {
            Ok(None) => false,
            Ok(Some(first)) => {
                self.take_in(first);
                while let Some(event) = self.subscription.try_next() {
                    self.take_in(event);
                }
                true
            }
            Err(SubscriptionEnded) => {
                self.inbox.ended.store(true, Ordering::Relaxed);
                true
            }
        }
    }

    fn take_in(&self, event: Arc<Event>) {
        if let EventKind::Property { path, asked, actual } = &event.kind {
            let reading = Reading { path: path.clone(), asked: asked.clone(), actual: actual.clone() };
            lock(&self.inbox.readings).insert(path.clone(), reading);
        }
        let mut events = lock(&self.inbox.events);
        if events.len() >= MAX_WAITING {
            events.pop_front();
        }
        events.push_back(event);
    }

    /// Reads all properties: at first, and after events were lost.
    fn read_all(&self) -> bool {
        let reply = self.client.send(Command::new(CLIENT, Request::Get(Vec::new())));
        let Outcome::Done(readings) = reply.outcome else {
            return false;
        };
        let mut known = lock(&self.inbox.readings);
        known.extend(readings.into_iter().map(|reading| (reading.path.clone(), reading)));
        true
    }
}

/// A thread that pumps and asks for a drawing whenever something new is there to see. It ends when dropped.
pub(super) struct Watcher {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Watcher {
    /// Starts watching.
    pub(super) fn start(pump: Pump, feed: Arc<dyn WallFeed>, context: egui::Context) -> io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::Builder::new()
            .name("window-watch".to_owned())
            .spawn(move || watch(pump, feed.as_ref(), &context, &stopped))?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A watcher that panicked has nothing left to clean up.
            let _ended = thread.join();
        }
    }
}

/// What a drawing shows: the picture's number and the snapshot's age.
type Drawn = (Option<u64>, u64);

fn watch(mut pump: Pump, feed: &dyn WallFeed, context: &egui::Context, stop: &AtomicBool) {
    let mut drawn: Drawn = (None, 0);
    while !stop.load(Ordering::Relaxed) {
        let happened = pump.pass(LOOK);
        if pump.inbox.ended.load(Ordering::Relaxed) {
            // An ended subscription no longer waits by itself.
            std::thread::sleep(LOOK);
        }
        let now = (feed.latest().map(|picture| picture.generation), pump.client.status().uptime_ns);
        if happened || now != drawn {
            drawn = now;
            // A request for "at once" would draw twice.
            context.request_repaint_after(SOON);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::fake::{self, FakeShow};

    /// Waits until the count is above `seen`, at most two seconds.
    fn grows_beyond(count: &AtomicU64, seen: u64) -> bool {
        (0..400).any(|_| {
            std::thread::sleep(Duration::from_millis(5));
            count.load(Ordering::SeqCst) > seen
        })
    }

    #[test]
    fn a_drawing_is_asked_for_when_something_is_new_and_only_then() {
        let mut show = FakeShow::new(fake::wall());
        let (context, asked) = (egui::Context::default(), Arc::new(AtomicU64::new(0)));
        let counter = Arc::clone(&asked);
        context.set_request_repaint_callback(move |_| {
            counter.fetch_add(1, Ordering::SeqCst);
        });
        let (link, pump) = Link::new(Arc::new(show.client.clone()));
        let _watcher = Watcher::start(pump, Arc::clone(&show.feed) as Arc<dyn WallFeed>, context.clone()).expect("a thread");
        while link.reading(PropertyId::FaultLoss).is_none() {
            show.answer();
        }
        // Whatever the start asked for is over by now.
        std::thread::sleep(LOOK * 6);
        let quiet = asked.load(Ordering::SeqCst);
        std::thread::sleep(LOOK * 6);
        assert_eq!(asked.load(Ordering::SeqCst), quiet, "nothing new, nothing drawn");
        show.advance();
        assert!(grows_beyond(&asked, quiet), "a new picture");

        // Until it has drawn, the window library passes no further request on.
        while context.has_requested_repaint() {
            let _drawn = context.run_ui(egui::RawInput::default(), |_| {});
        }
        let seen = asked.load(Ordering::SeqCst);
        link.set(PropertyId::FaultLoss, Value::Number(10.0));
        show.answer();
        assert!(grows_beyond(&asked, seen), "an event");
        let asked_value = link.reading(PropertyId::FaultLoss).map(|reading| reading.asked);
        assert_eq!(asked_value, Some(Value::Number(10.0)), "events keep the readings up to date");
    }
}

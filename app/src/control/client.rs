//! How anything talks to a running show: the window, the command line and scripts all use [`Client`], in the same process
//! or over a socket.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use super::command::{Command, Reply};
use super::event::Event;
use super::status::Status;

/// Events that wait for a client; what comes beyond is dropped and counted.
pub const EVENT_QUEUE: usize = 256;

/// One end of the conversation with a running show.
pub trait Client: Send + Sync {
    /// Sends a command and waits for its reply, at most a few seconds.
    fn send(&self, command: Command) -> Reply;

    /// Sends a command without waiting: for faders. A refusal comes as an event.
    fn post(&self, command: Command);

    /// The newest snapshot; never waits.
    fn status(&self) -> Arc<Status>;

    /// All events from now on.
    fn subscribe(&self) -> Subscription;
}

/// Events for one client. A slow client loses events, never the show.
#[derive(Debug)]
pub struct Subscription {
    events: Receiver<Arc<Event>>,
    lost: Arc<AtomicU64>,
}

/// The engine's end of a [`Subscription`].
#[derive(Debug)]
pub(crate) struct Subscriber {
    events: SyncSender<Arc<Event>>,
    lost: Arc<AtomicU64>,
}

pub(crate) fn subscription() -> (Subscriber, Subscription) {
    let (sender, receiver) = sync_channel(EVENT_QUEUE);
    let lost = Arc::new(AtomicU64::new(0));
    (Subscriber { events: sender, lost: Arc::clone(&lost) }, Subscription { events: receiver, lost })
}

impl Subscriber {
    /// Whether the other end still listens.
    pub(crate) fn publish(&self, event: &Arc<Event>) -> bool {
        match self.events.try_send(Arc::clone(event)) {
            Ok(()) => true,
            Err(TrySendError::Full(_)) => {
                self.lost.fetch_add(1, Ordering::Relaxed);
                true
            }
            Err(TrySendError::Disconnected(_)) => false,
        }
    }
}

impl Subscription {
    /// The next event, if one waits.
    #[must_use]
    pub fn try_next(&self) -> Option<Arc<Event>> {
        self.events.try_recv().ok()
    }

    /// The next event within `timeout`; [`SubscriptionEnded`] once no more can come.
    ///
    /// # Errors
    ///
    /// When the show has ended.
    pub fn next_within(&self, timeout: Duration) -> Result<Option<Arc<Event>>, SubscriptionEnded> {
        match self.events.recv_timeout(timeout) {
            Ok(event) => Ok(Some(event)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(SubscriptionEnded),
        }
    }

    /// Events that this client was too slow for.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

/// The show has ended; no more events can come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the show has ended")]
pub struct SubscriptionEnded;

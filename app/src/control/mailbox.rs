//! The engine's letter box: a bounded queue of commands in, snapshots and events out.
//!
//! A value that is still waiting gives way to a newer one for the same property, so that a fader never builds a queue.
//! Nothing that a client does can make the engine wait.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;

use super::client::{Client, Subscriber, Subscription, subscription};
use super::command::{Command, Failure, Outcome, Refusal, Reply, Request};
use super::event::Event;
use super::path::PropertyPath;
use super::status::Status;

/// Commands that wait for the engine; what comes beyond is refused.
pub const COMMAND_QUEUE: usize = 256;

/// Clients that listen to events at the same time.
const MAX_SUBSCRIBERS: usize = 256;

/// How long a client waits for the engine's reply.
const REPLY_WAIT: Duration = Duration::from_secs(2);

/// A new letter box: the client's end and the engine's end.
#[must_use]
pub fn mailbox() -> (InProcess, EngineEnd) {
    let shared = Arc::new(Shared {
        waiting: Mutex::new(VecDeque::with_capacity(COMMAND_QUEUE)),
        arrived: Condvar::new(),
        closed: AtomicBool::new(false),
        status: ArcSwap::from_pointee(Status::default()),
        subscribers: Mutex::new(Vec::new()),
    });
    (InProcess { shared: Arc::clone(&shared) }, EngineEnd { shared })
}

#[derive(Debug)]
struct Shared {
    waiting: Mutex<VecDeque<Pending>>,
    arrived: Condvar,
    closed: AtomicBool,
    status: ArcSwap<Status>,
    subscribers: Mutex<Vec<Subscriber>>,
}

/// A command that waits for the engine's answer.
#[derive(Debug)]
pub struct Pending {
    /// The command.
    pub command: Command,
    reply: Option<SyncSender<Reply>>,
}

impl Pending {
    /// Answers the command. A client that no longer waits is no error.
    pub fn answer(self, outcome: Outcome) {
        if let Some(reply) = self.reply {
            // The client may have given up waiting: nobody is left to tell.
            let _gone = reply.try_send(self.command.reply(outcome));
        }
    }

    /// The one property that the command sets, if that is all it does, at once.
    fn streamed_path(&self) -> Option<&PropertyPath> {
        match &self.command {
            Command { at: None, request: Request::Set(assignments), .. } => match assignments.as_slice() {
                [only] if only.fade_ms == 0 => Some(&only.path),
                _ => None,
            },
            _ => None,
        }
    }
}

/// The client's end, within one process. Clones talk to the same show.
#[derive(Debug, Clone)]
pub struct InProcess {
    shared: Arc<Shared>,
}

/// The engine's end.
#[derive(Debug)]
pub struct EngineEnd {
    shared: Arc<Shared>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every critical section leaves its data consistent, so a panic elsewhere does not make it unusable.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl InProcess {
    fn push(&self, pending: Pending) {
        if self.shared.closed.load(Ordering::SeqCst) {
            return pending.answer(Outcome::Failed(Failure::Unreachable { address: "this process".to_owned() }));
        }
        let mut waiting = lock(&self.shared.waiting);
        // The older value of a fader gives way; the newer one keeps its own place behind whatever came between.
        let superseded = pending
            .streamed_path()
            .and_then(|path| waiting.iter().position(|other| other.streamed_path() == Some(path)))
            .and_then(|position| waiting.remove(position));
        let refused = if waiting.len() < COMMAND_QUEUE {
            waiting.push_back(pending);
            None
        } else {
            Some((pending, u32::try_from(waiting.len()).unwrap_or(u32::MAX)))
        };
        drop(waiting);
        self.shared.arrived.notify_one();
        if let Some(older) = superseded {
            older.answer(Outcome::Accepted);
        }
        if let Some((pending, waiting)) = refused {
            pending.answer(Outcome::Rejected(Refusal::Busy { waiting }));
        }
    }

    fn wait(id: u64, replies: &Receiver<Reply>) -> Reply {
        let outcome = match replies.recv_timeout(REPLY_WAIT) {
            Ok(reply) => return reply,
            Err(RecvTimeoutError::Timeout) => {
                Failure::NoAnswer { waited_ms: u64::try_from(REPLY_WAIT.as_millis()).unwrap_or(u64::MAX) }
            }
            Err(RecvTimeoutError::Disconnected) => Failure::Unreachable { address: "this process".to_owned() },
        };
        Reply { id, outcome: Outcome::Failed(outcome) }
    }
}

impl Client for InProcess {
    fn send(&self, command: Command) -> Reply {
        let (sender, replies) = sync_channel(1);
        let id = command.id;
        self.push(Pending { command, reply: Some(sender) });
        Self::wait(id, &replies)
    }

    fn post(&self, command: Command) {
        self.push(Pending { command, reply: None });
    }

    fn status(&self) -> Arc<Status> {
        self.shared.status.load_full()
    }

    fn subscribe(&self) -> Subscription {
        let (subscriber, subscription) = subscription();
        let mut subscribers = lock(&self.shared.subscribers);
        // Beyond the bound the subscription is born ended.
        if subscribers.len() < MAX_SUBSCRIBERS && !self.shared.closed.load(Ordering::SeqCst) {
            subscribers.push(subscriber);
        }
        subscription
    }
}

impl EngineEnd {
    /// The next command, if one waits.
    #[must_use]
    pub fn next(&self) -> Option<Pending> {
        lock(&self.shared.waiting).pop_front()
    }

    /// The next command, waiting for one at most `timeout`.
    #[must_use]
    pub fn next_within(&self, timeout: Duration) -> Option<Pending> {
        let waiting = lock(&self.shared.waiting);
        let (mut waiting, _) = self
            .shared
            .arrived
            .wait_timeout_while(waiting, timeout, |waiting| waiting.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        waiting.pop_front()
    }

    /// Makes a snapshot the newest.
    pub fn publish_status(&self, status: Arc<Status>) {
        self.shared.status.store(status);
    }

    /// Hands an event to all who listen; who is too slow loses it.
    pub fn publish(&self, event: Event) {
        let event = Arc::new(event);
        lock(&self.shared.subscribers).retain(|subscriber| subscriber.publish(&event));
    }
}

impl Drop for EngineEnd {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::SeqCst);
        lock(&self.shared.subscribers).clear();
        // Dropping a pending command drops its reply channel, which ends its client's wait.
        lock(&self.shared.waiting).clear();
    }
}

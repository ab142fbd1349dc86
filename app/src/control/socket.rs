//! A client of a show in another process, over its control socket.

use std::collections::HashMap;
use std::io::{self, BufReader};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::Builder;
use std::time::Duration;

use arc_swap::ArcSwap;
use thiserror::Error;

use super::client::{Client, Subscriber, Subscription, subscription};
use super::command::{Command, Failure, Outcome, Reply};
use super::line::{Line, LineError, Subscribe, ToClient, ToServer, parse, read_line, write_line};
use super::status::Status;

/// How often the server sends a snapshot.
const STATUS_EVERY_MS: u32 = 100;

/// How long the first snapshot, and any reply, may take.
const REPLY_WAIT: Duration = Duration::from_secs(3);

/// How long a write may take before the show counts as gone.
const WRITE_TIMEOUT: Duration = Duration::from_millis(500);

/// Why there is no connection to a show.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// Nobody listens.
    #[error("no show is running behind {}: start one with `ocp809 run WALL`", path.display())]
    NotRunning {
        /// The socket.
        path: PathBuf,
    },
    /// The system refused.
    #[error("cannot connect to {}", path.display())]
    Io {
        /// The socket.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Somebody listens who is no show, or one that hangs.
    #[error("{} does not answer: is it the control socket of an `ocp809 run`?", path.display())]
    NoAnswer {
        /// The socket.
        path: PathBuf,
    },
    /// The show refuses another client.
    #[error("{} refuses: {reason}", path.display())]
    Refused {
        /// The socket.
        path: PathBuf,
        /// Its reason.
        reason: LineError,
    },
}

/// A connection to a running show.
#[derive(Debug)]
pub struct Socket {
    shared: Arc<Shared>,
    writer: Mutex<UnixStream>,
    next_id: AtomicU64,
}

#[derive(Debug)]
struct Shared {
    address: String,
    status: ArcSwap<Status>,
    /// Replies that are waited for, by number; `None` once the connection has ended.
    waiting: Mutex<Option<HashMap<u64, SyncSender<Reply>>>>,
    subscribers: Mutex<Vec<Subscriber>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Socket {
    /// Connects to the show that listens on `path` and waits for its first snapshot.
    ///
    /// # Errors
    ///
    /// When nobody listens there, or nobody that answers.
    pub fn connect(path: &Path) -> Result<Self, ConnectError> {
        let io_error = |source| ConnectError::Io { path: path.to_owned(), source };
        let stream = UnixStream::connect(path).map_err(|source| {
            let nobody = matches!(source.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused);
            if nobody { ConnectError::NotRunning { path: path.to_owned() } } else { io_error(source) }
        })?;
        stream.set_write_timeout(Some(WRITE_TIMEOUT)).map_err(io_error)?;
        let reader = stream.try_clone().map_err(io_error)?;
        let shared = Arc::new(Shared {
            address: path.display().to_string(),
            status: ArcSwap::from_pointee(Status::default()),
            waiting: Mutex::new(Some(HashMap::new())),
            subscribers: Mutex::new(Vec::new()),
        });
        let (for_thread, (first, arrived)) = (Arc::clone(&shared), sync_channel(1));
        Builder::new()
            .name("control-socket".into())
            .spawn(move || {
                // However the connection ended, its clients hear the same: there is no show any more.
                let _ended = receive(reader, &for_thread, &first);
                for_thread.end();
            })
            .map_err(io_error)?;
        let socket = Self { shared, writer: Mutex::new(stream), next_id: AtomicU64::new(1) };
        let subscribe = ToServer::Subscribe(Subscribe { status_every_ms: Some(STATUS_EVERY_MS) });
        // A server that refuses may have closed already; what it said explains more than a failed write.
        let written = socket.write(&subscribe);
        match (arrived.recv_timeout(REPLY_WAIT), written) {
            (Ok(Ok(())), _) => Ok(socket),
            (Ok(Err(reason)), _) => Err(ConnectError::Refused { path: path.to_owned(), reason }),
            (Err(_), Err(source)) => Err(io_error(source)),
            (Err(_), Ok(())) => Err(ConnectError::NoAnswer { path: path.to_owned() }),
        }
    }

    fn write(&self, message: &ToServer) -> io::Result<()> {
        let mut stream = lock(&self.writer);
        write_line(&mut *stream, message).inspect_err(|_| {
            let _closed = stream.shutdown(Shutdown::Both);
        })
    }

    fn unreachable(&self) -> Outcome {
        Outcome::Failed(Failure::Unreachable { address: self.shared.address.clone() })
    }

    /// Sends a command under a number of our own, so that replies find their way among several users of one connection.
    fn transmit(&self, mut command: Command, reply: Option<SyncSender<Reply>>) -> Result<u64, Outcome> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        command.id = id;
        match (lock(&self.shared.waiting).as_mut(), reply) {
            (None, _) => return Err(self.unreachable()),
            (Some(waiting), Some(reply)) => {
                waiting.insert(id, reply);
            }
            (Some(_), None) => {}
        }
        self.write(&ToServer::Command(command)).map_err(|_| self.unreachable())?;
        Ok(id)
    }

    fn forget(&self, id: u64) {
        if let Some(waiting) = lock(&self.shared.waiting).as_mut() {
            waiting.remove(&id);
        }
    }
}

impl Client for Socket {
    fn send(&self, command: Command) -> Reply {
        let asked_as = command.id;
        let (sender, replies) = sync_channel(1);
        let id = match self.transmit(command, Some(sender)) {
            Ok(id) => id,
            Err(outcome) => return Reply { id: asked_as, outcome },
        };
        let outcome = match replies.recv_timeout(REPLY_WAIT) {
            Ok(reply) => reply.outcome,
            Err(RecvTimeoutError::Disconnected) => self.unreachable(),
            Err(RecvTimeoutError::Timeout) => {
                self.forget(id);
                Outcome::Failed(Failure::NoAnswer { waited_ms: u64::try_from(REPLY_WAIT.as_millis()).unwrap_or(u64::MAX) })
            }
        };
        Reply { id: asked_as, outcome }
    }

    fn post(&self, command: Command) {
        // The end of the show reaches everybody as the end of their subscriptions.
        let _sent = self.transmit(command, None);
    }

    fn status(&self) -> Arc<Status> {
        self.shared.status.load_full()
    }

    fn subscribe(&self) -> Subscription {
        let (subscriber, subscription) = subscription();
        if lock(&self.shared.waiting).is_some() {
            lock(&self.shared.subscribers).push(subscriber);
        }
        subscription
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // Ends the receiving thread.
        let _closed = lock(&self.writer).shutdown(Shutdown::Both);
    }
}

impl Shared {
    fn end(&self) {
        // Dropping the senders ends every wait.
        *lock(&self.waiting) = None;
        lock(&self.subscribers).clear();
    }
}

fn receive(stream: UnixStream, shared: &Shared, first: &SyncSender<Result<(), LineError>>) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    while read_line(&mut reader, &mut line)? == Line::Whole {
        match parse::<ToClient>(&line) {
            Ok(ToClient::Reply(reply)) => {
                if let Some(waiting) = lock(&shared.waiting).as_mut().and_then(|waiting| waiting.remove(&reply.id)) {
                    let _gone = waiting.try_send(reply);
                }
            }
            Ok(ToClient::Status(status)) => {
                shared.status.store(Arc::from(status));
                let _not_first = first.try_send(Ok(()));
            }
            Ok(ToClient::Event(event)) => {
                let event = Arc::new(event);
                lock(&shared.subscribers).retain(|subscriber| subscriber.publish(&event));
            }
            Ok(ToClient::Error(reason)) => {
                let _not_first = first.try_send(Err(reason));
            }
            Ok(ToClient::Subscribed | ToClient::Lost(_)) => {}
            // A newer show may say things that this client does not know.
            Err(unknown) => tracing::debug!(%unknown, "a line of the show was not understood"),
        }
    }
    Ok(())
}

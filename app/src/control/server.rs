//! The control socket of a running show: a Unix stream socket on which clients write lines and read lines.
//!
//! Every client has threads of its own, bounded queues and a write timeout: a slow or hostile one loses its connection and
//! costs nobody else anything. Only the socket's owner can connect.

use std::fs;
use std::io::{self, BufReader};
use std::net::Shutdown;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use ocp809_sender::time::{Clock, SystemClock};
use thiserror::Error;
use tracing::{debug, warn};

use super::client::{Client, Subscription};
use super::line::{Line, LineError, MAX_LINE_BYTES, Subscribe, ToClient, ToServer, parse, read_line, write_line};

/// Clients at the same time.
pub const MAX_CLIENTS: usize = 64;

/// A client that does not take a line within this time is disconnected.
const WRITE_TIMEOUT: Duration = Duration::from_secs(1);

/// The shortest time between two snapshots to one subscriber.
const MIN_STATUS_PERIOD_MS: u32 = 20;

/// How often a quiet subscription looks whether it still has a listener.
const IDLE_PERIOD: Duration = Duration::from_millis(500);

/// Why the socket could not be opened.
#[derive(Debug, Error)]
pub enum ServerError {
    /// Another sender answers there.
    #[error("another show already listens on {}: stop it with `ocp809 do stop`, or give this one its own --socket", path.display())]
    InUse {
        /// The socket.
        path: PathBuf,
    },
    /// The system refused.
    #[error("cannot listen on {}", path.display())]
    Io {
        /// The socket.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// A listening control socket; dropping it closes all connections and removes the socket.
#[derive(Debug)]
pub struct Server {
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

struct Shared {
    path: PathBuf,
    client: Arc<dyn Client>,
    is_closing: AtomicBool,
    connections: Mutex<Vec<(u64, UnixStream)>>,
    next_id: AtomicU64,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Server {
    /// Listens on `path` and serves `client` to whoever connects.
    ///
    /// # Errors
    ///
    /// When another show listens there, or the system refuses.
    pub fn start(path: &Path, client: Arc<dyn Client>) -> Result<Self, ServerError> {
        let io_error = |source| ServerError::Io { path: path.to_owned(), source };
        make_folder(path).map_err(io_error)?;
        if UnixStream::connect(path).is_ok() {
            return Err(ServerError::InUse { path: path.to_owned() });
        }
        // What is left there belongs to a show that was killed.
        if fs::symlink_metadata(path).is_ok_and(|metadata| is_socket(&metadata)) {
            fs::remove_file(path).map_err(io_error)?;
        }
        let listener = UnixListener::bind(path).map_err(io_error)?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(io_error)?;
        let shared = Arc::new(Shared {
            path: path.to_owned(),
            client,
            is_closing: AtomicBool::new(false),
            connections: Mutex::new(Vec::new()),
            next_id: AtomicU64::new(0),
        });
        let for_thread = Arc::clone(&shared);
        let acceptor =
            Builder::new().name("control-accept".into()).spawn(move || accept(&listener, &for_thread)).map_err(io_error)?;
        Ok(Self { shared, acceptor: Some(acceptor) })
    }

    /// Where it listens.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.shared.path
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.is_closing.store(true, Ordering::SeqCst);
        // A connection of its own wakes the acceptor, which then sees that it is to end.
        let woken = UnixStream::connect(&self.shared.path).is_ok();
        for (_, stream) in self.shared.connections().drain(..) {
            let _closed = stream.shutdown(Shutdown::Both);
        }
        if let (true, Some(acceptor)) = (woken, self.acceptor.take()) {
            let _ended = acceptor.join();
        }
        let _removed = fs::remove_file(&self.shared.path);
    }
}

impl Shared {
    fn connections(&self) -> MutexGuard<'_, Vec<(u64, UnixStream)>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters a connection into the list; `None` when the list is full.
    fn enter(&self, stream: &UnixStream) -> io::Result<Option<u64>> {
        let mut connections = self.connections();
        if connections.len() >= MAX_CLIENTS {
            return Ok(None);
        }
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        connections.push((id, stream.try_clone()?));
        Ok(Some(id))
    }

    fn leave(&self, id: u64) {
        self.connections().retain(|(other, _)| *other != id);
    }
}

fn is_socket(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt;
    metadata.file_type().is_socket()
}

/// Makes the socket's folder if it is missing, for its owner alone.
fn make_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() && !folder.exists() => {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
        }
        _ => Ok(()),
    }
}

fn accept(listener: &UnixListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.is_closing.load(Ordering::SeqCst) {
            return;
        }
        match stream.and_then(|stream| admit(stream, shared)) {
            Ok(()) => {}
            Err(error) => {
                warn!(%error, "a control client could not be admitted");
                // Out of file descriptors, most likely: give the system time instead of spinning.
                std::thread::sleep(Duration::from_millis(50));
            }
        }
    }
}

fn admit(stream: UnixStream, shared: &Arc<Shared>) -> io::Result<()> {
    stream.set_write_timeout(Some(WRITE_TIMEOUT))?;
    let Some(id) = shared.enter(&stream)? else {
        return write_line(&mut &stream, &ToClient::Error(LineError::TooManyClients { limit: MAX_CLIENTS }));
    };
    let for_thread = Arc::clone(shared);
    let spawned = Builder::new().name(format!("control-{id}")).spawn(move || {
        if let Err(error) = serve(&stream, &for_thread) {
            debug!(%error, client = id, "a control connection ended");
        }
        let _closed = stream.shutdown(Shutdown::Both);
        for_thread.leave(id);
    });
    if let Err(error) = spawned {
        shared.leave(id);
        return Err(error);
    }
    Ok(())
}

/// The writing half of a connection. Replies and events go through one lock, so that lines never mix.
#[derive(Debug)]
struct Out {
    stream: Mutex<UnixStream>,
    is_open: AtomicBool,
}

impl Out {
    fn write(&self, message: &ToClient) -> io::Result<()> {
        let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        write_line(&mut *stream, message).inspect_err(|_| {
            // Half a line may be out: nothing that follows could be understood.
            let _closed = stream.shutdown(Shutdown::Both);
        })
    }
}

fn serve(stream: &UnixStream, shared: &Shared) -> io::Result<()> {
    let out = Arc::new(Out { stream: Mutex::new(stream.try_clone()?), is_open: AtomicBool::new(true) });
    let ended = converse(stream, shared, &out);
    out.is_open.store(false, Ordering::SeqCst);
    ended
}

fn converse(stream: &UnixStream, shared: &Shared, out: &Arc<Out>) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    let mut is_subscribed = false;
    loop {
        match read_line(&mut reader, &mut line)? {
            Line::End => return Ok(()),
            Line::TooLong => return out.write(&ToClient::Error(LineError::TooLong { limit: MAX_LINE_BYTES })),
            Line::Whole if line.iter().all(u8::is_ascii_whitespace) => {}
            Line::Whole => match parse::<ToServer>(&line) {
                Err(error) => out.write(&ToClient::Error(error))?,
                Ok(ToServer::Command(command)) => out.write(&ToClient::Reply(shared.client.send(command)))?,
                Ok(ToServer::Status) => out.write(&status(&*shared.client))?,
                Ok(ToServer::Subscribe(wanted)) => {
                    // Before the answer, so that nothing that happens after it is missed.
                    let subscription = (!is_subscribed).then(|| shared.client.subscribe());
                    out.write(&ToClient::Subscribed)?;
                    if let Some(subscription) = subscription {
                        start_pump(out, shared, subscription, wanted)?;
                        is_subscribed = true;
                    }
                }
            },
        }
    }
}

fn status(client: &dyn Client) -> ToClient {
    ToClient::Status(Box::new(client.status().as_ref().clone()))
}

fn start_pump(out: &Arc<Out>, shared: &Shared, subscription: Subscription, wanted: Subscribe) -> io::Result<()> {
    let (out, client) = (Arc::clone(out), Arc::clone(&shared.client));
    Builder::new().name("control-events".into()).spawn(move || {
        if let Err(error) = pump(&out, &*client, &subscription, wanted) {
            debug!(%error, "a control subscriber is gone");
        }
    })?;
    Ok(())
}

/// Writes events, and snapshots if wanted, until the client or the show is gone.
fn pump(out: &Out, client: &dyn Client, subscription: &Subscription, wanted: Subscribe) -> io::Result<()> {
    let clock = SystemClock::new();
    let period_ns = wanted.status_every_ms.map(|ms| u64::from(ms.max(MIN_STATUS_PERIOD_MS)) * 1_000_000);
    let mut next_status = clock.now();
    let mut lost = 0;
    while out.is_open.load(Ordering::SeqCst) {
        if let Some(period_ns) = period_ns.filter(|_| clock.now() >= next_status) {
            out.write(&status(client))?;
            next_status = clock.now().after(period_ns);
        }
        let until_status = period_ns.map(|_| Duration::from_nanos(next_status.since(clock.now())));
        let Ok(event) = subscription.next_within(until_status.unwrap_or(IDLE_PERIOD).min(IDLE_PERIOD)) else { break };
        if let Some(event) = event {
            out.write(&ToClient::Event(event.as_ref().clone()))?;
        }
        if subscription.lost() != lost {
            lost = subscription.lost();
            out.write(&ToClient::Lost(lost))?;
        }
    }
    // The show may have ended: its clients are to know at once.
    let _closed = out.stream.lock().unwrap_or_else(PoisonError::into_inner).shutdown(Shutdown::Both);
    Ok(())
}

//! The main job without a window: `run` drives a wall until it is stopped, `send` sends a given number of frames,
//! `emulate` plays the cards, `discover` asks who is there.

mod awaited;
pub mod bind;
mod claim;
mod discover;
mod emulate;
pub mod options;
mod send;
mod term;

use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ocp809_sender::session::adopt::AdoptError;
use ocp809_sender::session::{PortAddresses, Protection};
use ocp809_sender::slice::SlicePlan;
use ocp809_sender::time::{Clock, SystemClock};
use ocp809_sender::transport::pcap::CaptureError;
use ocp809_sender::transport::{TransportError, realtime};
use ocp809_sender::wall::Wall;
use ocp809_shaders::PathError;
use thiserror::Error;

pub use bind::{BindError, BindPolicy, Binder};
pub use discover::{DiscoverReport, adopt, discover};
pub use emulate::emulate;
pub use ocp809_sender::session::adopt::AdoptOptions;
pub use options::{DiscoverOptions, EmulateOptions, InterfaceChoice, RunOptions, SendOptions, SendTarget};
pub use send::{CardAnswers, SendReport, send};

use crate::capture::{ColorPolicy, NamedSources, OpenContext};
use crate::config::saved::{SavedState, read_state};
use crate::config::{
    LoadError, MachineSpec, Paths, SaveError, ShowSpec, edited, load_machine, load_site_key, open_wall_or_show, to_text,
    write_atomically,
};
use crate::control::desk::Start;
use crate::control::server::{Server, ServerError};
use crate::control::{Assignment, Client, Command, PropertyId, PropertyPath, Request, Saved, Value};
use crate::engine::{Engine, EngineError, EngineParts, PortLink, SessionCards, SessionOptions};
use crate::pixel_path;
use crate::virtual_show::VirtualShowError;

/// The host that a job runs on, and the people who watch it.
pub struct Host<'a> {
    /// Where this user keeps things.
    pub paths: &'a Paths,
    /// Where remarks for people go.
    pub out: &'a mut dyn Write,
    /// Hears how much of a job of known length is done.
    pub progress: &'a mut dyn FnMut(Progress),
}

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is done.
    pub done: u64,
    /// What is to be done.
    pub of: u64,
}

impl fmt::Debug for Host<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").field("paths", &self.paths).finish_non_exhaustive()
    }
}

/// How often a waiting run looks whether it was stopped.
const WATCH: Duration = Duration::from_millis(50);

/// Why a run fails.
#[derive(Debug, Error)]
pub enum RunError {
    /// A document is wrong.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A document cannot be written.
    #[error(transparent)]
    Save(#[from] SaveError),
    /// An interface cannot be used.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// Pixels cannot be computed as asked.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The engine does not start.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A virtual wall does not start.
    #[error(transparent)]
    Virtual(#[from] VirtualShowError),
    /// The control socket cannot be opened.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// A setting was refused.
    #[error("{0}")]
    Setting(String),
    /// The source gives no picture.
    #[error("{uri}: {reason}")]
    Source {
        /// The source.
        uri: String,
        /// Why.
        reason: String,
    },
    /// A source, card or interface is missing, and `--strict` was asked for.
    #[error("{0} (--strict: alarms end the run)")]
    Alarm(String),
    /// A capture cannot be written.
    #[error(transparent)]
    Capture(#[from] CaptureError),
    /// A file cannot be written.
    #[error("{}: {source}", .file.display())]
    Write {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another sender drives the wall.
    #[error("the wall: {0}")]
    Driven(String),
    /// No port takes a frame.
    #[error("no frame could be sent for {patience} s: {0}", patience = send::PATIENCE.as_secs())]
    Unfed(String),
    /// No wall file can be made of the cards that answer.
    #[error(transparent)]
    Adopt(#[from] AdoptError),
    /// An interface failed while cards were asked.
    #[error("interface {interface}: {source}")]
    Discover {
        /// The interface.
        interface: String,
        /// Why.
        source: TransportError,
    },
    /// A wall without a port.
    #[error("the wall has no port to send from")]
    NoPort,
    /// A signal came before the job was done.
    #[error("interrupted after {done} of {of} {unit}; {left}")]
    Interrupted {
        /// What was done.
        done: u64,
        /// What was to be done.
        of: u64,
        /// What is counted.
        unit: &'static str,
        /// What has become of the result.
        left: String,
    },
    /// Signals cannot be caught.
    #[error("signals cannot be caught")]
    Signals(#[source] io::Error),
}

/// A wall with what its show says about the start.
pub(crate) struct Opened {
    pub(crate) wall: Arc<Wall>,
    pub(crate) plan: Arc<SlicePlan>,
    /// The show; of nothing but the wall where a wall.toml was opened.
    pub(crate) show: ShowSpec,
    /// What the show's names of sources stand for.
    pub(crate) named: NamedSources,
}

/// Opens a wall.toml or a show.toml.
pub(crate) fn open_document(document: &Path) -> Result<Opened, RunError> {
    let opened = open_wall_or_show(document)?;
    let folder = document.parent().unwrap_or(Path::new(""));
    let named = opened.show.named_sources(folder).map_err(|error| RunError::Setting(error.to_string()))?;
    Ok(Opened { wall: Arc::new(opened.wall.wall), plan: Arc::new(opened.wall.plan), show: opened.show, named })
}

/// Runs a show until it is stopped by a client or a signal.
///
/// # Errors
/// [`RunError`].
pub fn run(options: &RunOptions, host: &mut Host<'_>) -> Result<(), RunError> {
    let (paths, out) = (host.paths, &mut *host.out);
    let opened = open_document(&options.document)?;
    let state_file = paths.state_of(&options.document);
    let mut machine = load_machine(&paths.machine())?;
    let protection = load_site_key(&machine)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let policy = BindPolicy { confirm: options.confirm, strict: options.strict };
    let links = Binder { wall: &opened.wall, machine: &mut machine.spec, policy, clock: Arc::clone(&clock) }.bind(
        &options.interfaces,
        &options.tails,
        out,
    )?;
    remember(paths, &machine.spec)?;
    let path = pixel_path::choose(options.gpu.as_ref().unwrap_or(&machine.spec.gpu))?;
    say(out, &format!("pixels: {}\n", path.name()));
    let (saved, start) = start_of(&opened.show, &state_file, out);
    let manner = CardsOptions { takes_over: options.take_over, protection };
    let cards = session(&opened.wall, &links, paths, manner, clock.as_ref());
    let engine = Engine::start(EngineParts {
        slice: Arc::clone(&opened.plan),
        links,
        sources: OpenContext { named: opened.named, ..open_context(&opened.wall, &clock, options.strict) },
        wall: opened.wall,
        clock,
        path,
        cards: Box::new(cards),
        saved,
        state_file: Some(state_file),
        start,
        faults: None,
        frame_limit: None,
        reader: crate::readers::read_text,
    })?;
    keep_in_memory();
    apply(&engine, options)?;
    let client = Arc::new(engine.client());
    let server = Server::start(&paths.socket, Arc::clone(&client) as Arc<dyn Client>)?;
    say(out, &format!("running; control socket {}\n", server.path().display()));
    watch(&engine, options.strict)
}

/// Locks what a running show needs into memory, where that is allowed.
fn keep_in_memory() {
    match realtime::lock_memory() {
        Ok(()) => tracing::info!("memory is locked"),
        Err(reason) => tracing::info!(%reason, "memory is not locked: frames may be late while it is short"),
    }
}

/// How the conversation with cards begins.
pub(crate) struct CardsOptions {
    /// Another sender that drives the wall is superseded instead of respected.
    pub(crate) takes_over: bool,
    /// The site's key, where it has one.
    pub(crate) protection: Option<Protection>,
}

/// The conversation with the cards behind `links`.
pub(crate) fn session(
    wall: &Arc<Wall>,
    links: &[PortLink],
    paths: &Paths,
    options: CardsOptions,
    clock: &dyn Clock,
) -> SessionCards {
    let address = |link: &PortLink| PortAddresses { head: link.source, tail: link.tail.as_ref().map(|(_, address)| *address) };
    let addresses = links.iter().map(address).collect();
    let CardsOptions { takes_over, protection } = options;
    let options = SessionOptions { addresses, takes_over, protection, claim: term::claims(&paths.state) };
    SessionCards::new(Arc::clone(wall), options, clock.now(), clock.tai())
}

/// How the sources of a live show are opened.
pub(crate) fn open_context(wall: &Arc<Wall>, clock: &Arc<dyn Clock>, strict: bool) -> OpenContext {
    OpenContext {
        wall: Arc::clone(wall),
        clock: Arc::clone(clock),
        rate: crate::engine::DEFAULT_RATE,
        color: ColorPolicy::default(),
        lossless: false,
        strict,
        named: NamedSources::default(),
    }
}

/// Confirmed interfaces are known the next time.
fn remember(paths: &Paths, machine: &MachineSpec) -> Result<(), RunError> {
    let file = paths.machine();
    let loaded = load_machine(&file)?;
    if loaded.spec != *machine {
        let is_new = loaded.text.trim().is_empty();
        let text = if is_new { to_text(machine)? } else { edited(&loaded.text, &loaded.spec, machine)? };
        write_atomically(&file, text.as_bytes())?;
    }
    Ok(())
}

/// What the show begins with, and whether its cards still show the picture of a sender before.
fn start_of(show: &ShowSpec, state_file: &Path, out: &mut dyn Write) -> (Saved, Start) {
    match read_state(state_file) {
        SavedState::Found(saved) => (show.later_start(saved), Start::Warm),
        SavedState::None => (show.first_start(), Start::Cold),
        SavedState::Unreadable { moved_to, reason } => {
            let moved_to = moved_to.display();
            say(out, &format!("the saved state could not be read ({reason}); it lies in {moved_to} now\n"));
            (show.first_start(), Start::Cold)
        }
    }
}

/// Source and settings of the command line.
fn apply(engine: &Engine, options: &RunOptions) -> Result<(), RunError> {
    let source = options.source.as_ref().map(|uri| (PropertyPath::wall(PropertyId::SourceUri), Value::text(uri)));
    set(engine, source.into_iter().chain(options.settings.iter().cloned()))
}

/// Sets values as an operator's client would.
pub(crate) fn set(engine: &Engine, values: impl IntoIterator<Item = (PropertyPath, Value)>) -> Result<(), RunError> {
    let assignments: Vec<_> = values.into_iter().map(|(path, value)| Assignment { path, value, fade_ms: 0 }).collect();
    if assignments.is_empty() {
        return Ok(());
    }
    let reply = engine.client().send(Command::new("command line", Request::Set(assignments)));
    reply.outcome.problem().map_or(Ok(()), |problem| Err(RunError::Setting(problem)))
}

/// Waits for the end: a client's stop, or a signal, which stops as a client would.
fn watch(engine: &Engine, strict: bool) -> Result<(), RunError> {
    let mut signals = crate::signals::Signals::new().map_err(RunError::Signals)?;
    let client = engine.client();
    while engine.is_running() {
        std::thread::sleep(WATCH);
        if signals.take() {
            client.post(Command::action("signal", crate::control::Action::Stop));
        }
        if strict && let Some(alarm) = grave_alarm(&client) {
            return Err(RunError::Alarm(alarm));
        }
    }
    Ok(())
}

fn grave_alarm(client: &dyn Client) -> Option<String> {
    use crate::control::Severity;
    let status = client.status();
    let grave = status.alarms.iter().find(|alarm| matches!(alarm.severity, Severity::Error | Severity::Critical));
    grave.map(|alarm| format!("{}: {}", alarm.source, alarm.text))
}

/// What nobody reads any more is no error.
pub(crate) fn say(out: &mut dyn Write, text: &str) {
    let _closed = out.write_all(text.as_bytes());
    let _closed = out.flush();
}

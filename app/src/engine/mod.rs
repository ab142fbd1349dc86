//! The engine: two threads that make a wall show a source, and the letter box through which everybody controls it.
//!
//! The *frame* thread owns pixel path and ports and waits for nobody. The *control* thread owns the show's state, builds
//! what the frame thread works by, and talks to clients. Clients hold an [`InProcess`] letter box, never the engine.

mod board;
mod cards;
mod control_loop;
mod frame_loop;
pub mod levels;
mod limit;
mod look;
mod luts;
mod output;
mod requests;
mod session_cards;
mod source_desk;
mod store;
mod wire;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use arc_swap::ArcSwap;
use ocp809_sender::session::{Outgoing, Streaming};
use ocp809_sender::slice::SlicePlan;
use ocp809_sender::stream::{LayoutError, Pacing, PortFrame, PortLayout, PortSender, assumed_residence_ns};
use ocp809_sender::time::{Clock, FrameClock};
use ocp809_sender::transport::Transport;
use ocp809_sender::transport::fault::FaultSwitch;
use ocp809_sender::wall::Wall;
use ocp809_sender::wire::ethernet::MacAddress;
use ocp809_sender::wire::ocp809::Epoch;
use ocp809_sender::wire::ocp809::auth::Signing;
use ocp809_shaders::PixelPath;

pub use cards::{Cards, SharedCards, UnaskedCards};
pub(crate) use requests::Requests;
pub use session_cards::{Claim, SessionCards, SessionOptions};
pub use source_desk::DEFAULT_RATE;

use crate::capture::{OpenContext, Picture};
use crate::control::check::TextReader;
use crate::control::desk::{Desk, Moment, Start};
use crate::control::facts::WallFacts;
use crate::control::{InProcess, Saved, mailbox};
use board::Board;
use control_loop::{Built, ControlLoop};
use frame_loop::{FrameLoop, NoPicture, Setup};
use levels::Levels;
use luts::Luts;
use output::Output;
use source_desk::SourceDesk;
use store::Store;

/// Records that may wait for the control thread: two seconds at 240 frames per second.
const REPORT_QUEUE: usize = 512;

/// Frames from and to cards that may wait.
pub(crate) const CARD_QUEUE: usize = 256;

/// One port's way out.
pub struct PortLink {
    /// The interface at the head of the cascade.
    pub head: Box<dyn Transport>,
    /// Its address.
    pub source: MacAddress,
    /// The interface at the far end of a loop, with its address.
    pub tail: Option<(Box<dyn Transport>, MacAddress)>,
}

/// Everything that an engine is made from.
pub struct EngineParts {
    /// The wall.
    pub wall: Arc<Wall>,
    /// How the wall is cut into packets.
    pub slice: Arc<SlicePlan>,
    /// One link per port, in the wall's order.
    pub links: Vec<PortLink>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Where pixels are computed.
    pub path: Box<dyn PixelPath>,
    /// Who knows the cards and says what may be sent to them.
    pub cards: Box<dyn Cards>,
    /// How sources are opened.
    pub sources: OpenContext,
    /// What the show begins with.
    pub saved: Saved,
    /// Where state is kept; `None` keeps none.
    pub state_file: Option<PathBuf>,
    /// What the cards show at the start.
    pub start: Start,
    /// The fault injector of a virtual wall; `None` on a real one.
    pub faults: Option<FaultSwitch>,
    /// Frames after which the frame thread ends; `None` goes on.
    pub frame_limit: Option<u64>,
    /// Reads sources and patterns for the desk.
    pub reader: TextReader,
}

impl fmt::Debug for PortLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tail = self.tail.as_ref().map(|(tail, _)| tail.name());
        f.debug_struct("PortLink").field("head", &self.head.name()).field("source", &self.source).field("tail", &tail).finish()
    }
}

impl fmt::Debug for EngineParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineParts").field("wall", &self.wall.name()).field("links", &self.links).finish_non_exhaustive()
    }
}

/// Why an engine does not start.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// A port without a link, or a link without a port.
    #[error("the wall has {ports} ports, but {links} links were given")]
    Links {
        /// Ports of the wall.
        ports: usize,
        /// Links given.
        links: usize,
    },
    /// A port's packets cannot be laid out.
    #[error("port {port}: {source}")]
    Layout {
        /// The port's id.
        port: String,
        /// Why.
        source: LayoutError,
    },
    /// The system gives no more threads.
    #[error("the thread `{name}` does not start")]
    Thread {
        /// Its name.
        name: &'static str,
        /// Why.
        source: std::io::Error,
    },
}

/// A running engine. Dropping it ends its threads at once; the cards go on showing their last picture.
#[derive(Debug)]
pub struct Engine {
    client: InProcess,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Engine {
    /// Starts the threads.
    ///
    /// # Errors
    /// [`EngineError`]; nothing has been sent then.
    pub fn start(parts: EngineParts) -> Result<Self, EngineError> {
        let stop = Arc::new(AtomicBool::new(false));
        let (client, end) = mailbox();
        let EngineParts { wall, slice, links, clock, path, cards, sources, .. } = parts;
        let transports: Vec<String> = links.iter().map(|link| link.head.name().to_owned()).collect();
        let signing = cards.signing();
        let facts = WallFacts {
            sources: sources.named.names().map(str::to_owned).collect(),
            has_site_key: signing.is_some(),
            ..WallFacts::of(&wall, parts.faults.is_some())
        };
        let output = Output::new(ports(&wall, &slice, links, signing.as_ref(), &clock)?);
        let store = Store::new(parts.state_file);
        let moment = Moment { now: clock.now(), tai: clock.tai() };
        let (desk, left_out) = Desk::new(facts, parts.reader, &parts.saved, parts.start, moment);
        for path in left_out {
            tracing::warn!(%path, "a saved value does not fit this wall and was left at its default");
        }
        let queues = Queues::new();
        let source = SourceDesk::new(sources, queues.pictures.0);
        let levels = Levels::split(&wall, &vec![0.0; wall.screens().len()], Vec::new());
        let setup = Arc::new(ArcSwap::from_pointee(Setup {
            clock: FrameClock::new(source.rate(desk.asked())),
            plan: None,
            latches: look::latches(&levels, Epoch::default(), 0),
            is_frozen: false,
            streaming: Streaming::none(wall.ports().len()),
        }));
        let path_name = path.name().to_owned();
        let frames = FrameLoop {
            clock: Arc::clone(&clock),
            setup: Arc::clone(&setup),
            output,
            path,
            picture: Box::new(NoPicture),
            new_pictures: queues.pictures.1,
            reports: queues.reports.0,
            replies: queues.replies.0,
            requests: Requests::new(queues.requests.1, &wall),
            limit: parts.frame_limit,
            stop: Arc::clone(&stop),
        };
        let control = ControlLoop {
            board: Board::new(Arc::clone(&wall), &transports, moment.now),
            clock,
            wall,
            slice,
            desk,
            end,
            setup,
            source,
            luts: Luts::default(),
            reports: queues.reports.1,
            replies: queues.replies.1,
            requests: queues.requests.0,
            cards,
            store,
            path_name,
            path_trouble: None,
            faults: parts.faults,
            stop: Arc::clone(&stop),
            built: Built::default(),
        };
        let threads = vec![thread("frame", move || frames.run())?, thread("control", move || control.run())?];
        Ok(Self { client, stop, threads })
    }

    /// A client of this engine.
    #[must_use]
    pub fn client(&self) -> InProcess {
        self.client.clone()
    }

    /// Whether both threads still run: the control thread until the action `stop` has faded to black, the frame thread
    /// until its limit.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.threads.iter().all(|thread| !thread.is_finished())
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // A thread that panicked has said so on stderr; there is nobody to pass it on to.
            let _panicked = thread.join();
        }
    }
}

/// Both ends of a bounded queue.
type Queue<T> = (SyncSender<T>, Receiver<T>);

/// The bounded queues between the two threads.
struct Queues {
    reports: Queue<frame_loop::Report>,
    replies: Queue<wire::ControlFrame>,
    requests: Queue<Outgoing>,
    pictures: Queue<Box<dyn Picture>>,
}

impl Queues {
    fn new() -> Self {
        Self {
            reports: sync_channel(REPORT_QUEUE),
            replies: sync_channel(CARD_QUEUE),
            requests: sync_channel(CARD_QUEUE),
            pictures: sync_channel(1),
        }
    }
}

/// Each port's sender with its packet memory.
fn ports(
    wall: &Wall,
    slice: &SlicePlan,
    links: Vec<PortLink>,
    signing: Option<&Signing>,
    clock: &Arc<dyn Clock>,
) -> Result<Vec<(PortSender, PortFrame)>, EngineError> {
    if links.len() != wall.ports().len() || slice.ports.len() != links.len() {
        return Err(EngineError::Links { ports: wall.ports().len(), links: links.len() });
    }
    let mut ports = Vec::with_capacity(links.len());
    for ((port, plan), link) in wall.ports().iter().zip(&slice.ports).zip(links) {
        let layout = PortLayout::new(wall, plan, link.source, None);
        let layout = layout.map_err(|source| EngineError::Layout { port: port.id.to_string(), source })?;
        let layout = Arc::new(layout);
        let pacing = Pacing::on_link(&port.link, &layout);
        let mut sender = PortSender::new(layout, &port.colorlight, link.head, pacing, Arc::clone(clock));
        if let Some((tail, source)) = link.tail {
            let transit_ns = port.cascade.len() as u64 * assumed_residence_ns(&port.link);
            sender = sender.with_tail(tail, source, transit_ns);
        }
        if let Some(signing) = signing {
            sender = sender.signed(signing.clone());
        }
        let frame = sender.new_frame();
        ports.push((sender, frame));
    }
    Ok(ports)
}

fn thread(name: &'static str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, EngineError> {
    std::thread::Builder::new().name(name.to_owned()).spawn(run).map_err(|source| EngineError::Thread { name, source })
}

//! A whole show without hardware: the real engine, the real packets, cables in memory, virtual cards.
//!
//! The demo, `send --to virtual` and tests all start from here.

use std::sync::Arc;

use ocp809_sender::emulator::{CardLink, CardServer, VirtualWall};
use ocp809_sender::ids::PortIndex;
use ocp809_sender::slice::{SliceError, SlicePlan};
use ocp809_sender::stream::FeedEnd;
use ocp809_sender::time::{Clock, SystemClock};
use ocp809_sender::transport::Transport;
use ocp809_sender::transport::fault::{FaultRates, FaultSwitch, Faulty};
use ocp809_sender::transport::memory::cable_of;
use ocp809_sender::wall::{Port, Wall};
use ocp809_sender::wire::ethernet::MacAddress;
use ocp809_sender::wire::ocp809::software_address;
use ocp809_shaders::PixelPath;
use thiserror::Error;

use crate::capture::{NamedSources, OpenContext};
use crate::control::Saved;
use crate::control::desk::Start;
use crate::engine::{Engine, EngineError, EngineParts, PortLink, SharedCards, UnaskedCards};
use crate::run::open_context;
use crate::virtual_host::{VirtualHost, patient_cards};

/// Packets that a cable in memory holds: two frames of a full gigabit port.
const CABLE_SLOTS: usize = 4_096;

/// An Ethernet header and a VLAN tag.
const FRAME_OVERHEAD: usize = 18;

/// The seed of injected faults: the same faults in every run.
const FAULT_SEED: u64 = 809;

/// A running show on virtual cards. Fields are dropped in order: the engine ends before its cards.
#[derive(Debug)]
pub struct VirtualShow {
    /// The engine.
    pub engine: Engine,
    /// The cards.
    pub host: VirtualHost,
    /// Faults on the cables.
    pub faults: FaultSwitch,
}

/// What a show begins with.
#[derive(Debug, Clone, Default)]
pub struct Beginning {
    /// Values and presets.
    pub saved: Saved,
    /// Sources that it knows by name.
    pub named: NamedSources,
}

/// Why a virtual show does not start.
#[derive(Debug, Error)]
pub enum VirtualShowError {
    /// The wall cannot be cut into packets.
    #[error(transparent)]
    Slice(#[from] SliceError),
    /// The engine does not start.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The cards' thread does not start.
    #[error("the thread of the virtual cards does not start")]
    Cards(#[source] std::io::Error),
}

impl VirtualShow {
    /// Starts a show of `wall` whose pixels `path` computes.
    ///
    /// # Errors
    /// [`VirtualShowError`].
    pub fn start(
        wall: &Arc<Wall>,
        path: Box<dyn PixelPath>,
        saved: Saved,
        frame_limit: Option<u64>,
    ) -> Result<Self, VirtualShowError> {
        Self::start_with(wall, path, Beginning { saved, named: NamedSources::default() }, frame_limit)
    }

    /// The same, of a show that knows sources by name.
    ///
    /// # Errors
    /// [`VirtualShowError`].
    pub fn start_with(
        wall: &Arc<Wall>,
        path: Box<dyn PixelPath>,
        begin: Beginning,
        frame_limit: Option<u64>,
    ) -> Result<Self, VirtualShowError> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let faults = FaultSwitch::new(FaultRates::default());
        let mut links = Vec::new();
        let mut cards = Vec::new();
        for (index, port) in wall.ports().iter().enumerate() {
            links.push(connect(port, index, &faults, &clock, &mut cards));
        }
        let shared = SharedCards::default();
        let server = CardServer::new(VirtualWall::with(wall, patient_cards(), clock.now()), cards);
        let host = VirtualHost::start(Arc::clone(wall), server, Arc::clone(&clock), shared.clone());
        let host = host.map_err(VirtualShowError::Cards)?;
        let engine = Engine::start(EngineParts {
            wall: Arc::clone(wall),
            slice: Arc::new(SlicePlan::build(wall)?),
            links,
            sources: OpenContext { named: begin.named, ..open_context(wall, &clock, false) },
            clock,
            path,
            cards: Box::new(UnaskedCards::new(shared, wall.ports().len())),
            saved: begin.saved,
            state_file: None,
            start: Start::Warm,
            frame_limit,
            faults: Some(faults.clone()),
            reader: crate::readers::read_text,
        })?;
        Ok(Self { engine, host, faults })
    }
}

/// A port's cables in memory: the sender's ends, while the cards' ends go to `cards`.
fn connect(port: &Port, index: usize, faults: &FaultSwitch, clock: &Arc<dyn Clock>, cards: &mut Vec<CardLink>) -> PortLink {
    let frame_bytes = usize::from(port.link.mtu) + FRAME_OVERHEAD;
    let index = PortIndex(u16::try_from(index).unwrap_or(u16::MAX));
    let mut cable = |end| -> Box<dyn Transport> {
        let (near, far) = cable_of(CABLE_SLOTS, frame_bytes);
        cards.push(CardLink { port: index, end, transport: Box::new(far) });
        let seed = FAULT_SEED + u64::from(index.0);
        Box::new(Faulty::new(near, faults.clone(), FaultSwitch::default(), seed, frame_bytes, Arc::clone(clock)))
    };
    let [_, number] = index.0.to_be_bytes();
    let head = cable(FeedEnd::Head);
    let tail = port.redundant.then(|| (cable(FeedEnd::Tail), tail_address(number)));
    PortLink { head, source: software_address(number), tail }
}

/// The address of the second interface of a loop.
fn tail_address(port: u8) -> MacAddress {
    let [head @ .., group, number] = software_address(port).0;
    let [first, second, third, fourth] = head;
    MacAddress([first, second, third, fourth, group | 0x01, number])
}

//! A given number of frames: into a capture, out of interfaces, or to virtual cards whose picture is saved.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ocp809_sender::stream::Pacing;
use ocp809_sender::time::{Clock, SystemClock};
use ocp809_sender::transport::Transport;
use ocp809_sender::transport::pcap::{CaptureInterface, CapturePort, create};
use ocp809_sender::wall::Port;
use ocp809_sender::wire::ocp809::software_address;
use serde::Serialize;

use super::options::{SendOptions, SendTarget};
use super::{BindPolicy, Binder, Opened, RunError, open_context, open_document, remember, set};
use crate::capture::OpenContext;
use crate::config::{GpuChoice, Paths, load_machine};
use crate::control::desk::Start;
use crate::control::status::{SourceState, Status};
use crate::control::{Client, PropertyId, PropertyPath, Saved, Value};
use crate::engine::{Cards, Engine, EngineParts, PortLink, SharedCards, UnaskedCards};
use crate::picture_file::save_screens;
use crate::pixel_path;
use crate::virtual_show::VirtualShow;

/// How long a source may take to its first picture.
const PATIENCE: Duration = Duration::from_secs(20);

/// What was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SendReport {
    /// Wall frames.
    pub frames: u64,
    /// Packets of all ports.
    pub packets: u64,
    /// Where they went, or what shows them.
    pub to: String,
}

/// Sends frames and ends.
///
/// # Errors
/// [`RunError`].
pub fn send(options: &SendOptions, out: &mut dyn Write) -> Result<SendReport, RunError> {
    let opened = open_document(&options.document)?;
    match &options.target {
        SendTarget::Virtual(picture) => send_virtual(options, &opened, picture.as_deref()),
        SendTarget::Pcap(file) => {
            let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
            let links = capture_links(&opened, file, &clock)?;
            let cards = UnaskedCards::new(SharedCards::default(), opened.wall.ports().len());
            let engine = engine(options, opened, links, Box::new(cards), clock)?;
            finish(options, &engine, &file.display().to_string())
        }
        SendTarget::Interfaces(choices) => {
            let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
            let paths = Paths::of_this_user();
            let mut machine = load_machine(&paths.machine())?;
            let policy = BindPolicy { confirm: options.confirm, strict: true };
            let links = Binder { wall: &opened.wall, machine: &mut machine.spec, policy, clock: Arc::clone(&clock) }.bind(
                choices,
                &[],
                out,
            )?;
            remember(&paths, &machine.spec)?;
            let names: Vec<_> = choices.iter().map(|choice| choice.interface.clone()).collect();
            let cards = super::session(&opened.wall, &links, &paths, false, clock.as_ref());
            let engine = engine(options, opened, links, Box::new(cards), clock)?;
            finish(options, &engine, &names.join(", "))
        }
    }
}

fn send_virtual(options: &SendOptions, opened: &Opened, picture: Option<&Path>) -> Result<SendReport, RunError> {
    let path = pixel_path::choose(&GpuChoice::Cpu)?;
    let show = VirtualShow::start(&opened.wall, path, saved(options), Some(options.frames))?;
    set(&show.engine, options.settings.iter().cloned())?;
    let mut report = finish(options, &show.engine, "virtual cards")?;
    if let Some(file) = picture
        && let Some(screens) = show.host.still(1)
    {
        let written = save_screens(&opened.wall, &screens, file);
        let files = written.map_err(|source| RunError::Write { file: file.to_owned(), source })?;
        report.to = files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", ");
    }
    Ok(report)
}

/// One interface of the capture per port, named after it.
fn capture_links(opened: &Opened, file: &Path, clock: &Arc<dyn Clock>) -> Result<Vec<PortLink>, RunError> {
    let interface = |(number, port): (u8, &Port)| CaptureInterface {
        name: port.id.to_string(),
        mac: software_address(number),
        rate_mbit: port.link.rate_mbit,
    };
    let interfaces: Vec<_> = (0_u8..=u8::MAX).zip(opened.wall.ports()).map(interface).collect();
    let ports = create(file, &interfaces, clock)?;
    let link = |(port, interface): (CapturePort, &CaptureInterface)| PortLink {
        head: Box::new(port) as Box<dyn Transport>,
        source: interface.mac,
        tail: None,
    };
    Ok(ports.into_iter().zip(&interfaces).map(link).collect())
}

fn engine(
    options: &SendOptions,
    opened: Opened,
    links: Vec<PortLink>,
    cards: Box<dyn Cards>,
    clock: Arc<dyn Clock>,
) -> Result<Engine, RunError> {
    let engine = Engine::start(EngineParts {
        slice: opened.plan,
        links,
        sources: OpenContext { lossless: true, ..open_context(&opened.wall, &clock, true) },
        wall: opened.wall,
        clock,
        path: pixel_path::choose(&GpuChoice::Cpu)?,
        cards,
        saved: saved(options),
        state_file: None,
        start: Start::Warm,
        faults: None,
        frame_limit: Some(options.frames),
        pacing: Pacing::BURST,
        reader: crate::readers::read_text,
    })?;
    set(&engine, options.settings.iter().cloned())?;
    Ok(engine)
}

/// The source is there from the first frame on.
fn saved(options: &SendOptions) -> Saved {
    let path = PropertyPath::wall(PropertyId::SourceUri).to_string();
    Saved { values: [(path, Value::text(&options.source))].into(), ..Saved::default() }
}

/// Waits until all frames are sent.
fn finish(options: &SendOptions, engine: &Engine, to: &str) -> Result<SendReport, RunError> {
    let client = engine.client();
    let mut waited = Duration::ZERO;
    while engine.is_running() {
        std::thread::sleep(super::WATCH);
        let status = client.status();
        // Frames before the first picture are black and do not count.
        waited = if status.source.size.is_some() { Duration::ZERO } else { waited + super::WATCH };
        if status.source.state == SourceState::Failed || waited > PATIENCE {
            return Err(RunError::Source { uri: options.source.clone(), reason: reason(&status) });
        }
    }
    // The frame thread's last counters become a status within this time.
    std::thread::sleep(2 * super::WATCH);
    let status = client.status();
    let packets = status.ports.iter().map(|port| port.packets).sum();
    Ok(SendReport { frames: options.frames, packets, to: to.to_owned() })
}

/// Why no picture comes, in the words of whoever knows.
fn reason(status: &Status) -> String {
    let alarm = || status.alarms.first().map(|alarm| alarm.text.clone());
    let detail = Some(status.source.detail.clone()).filter(|detail| !detail.is_empty());
    detail.or_else(alarm).unwrap_or_else(|| "it delivers no picture".to_owned())
}

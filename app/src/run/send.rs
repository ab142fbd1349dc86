//! A given number of frames: into a capture, out of interfaces, or to virtual cards whose picture is saved.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ocp809_sender::stream::Pacing;
use ocp809_sender::time::{Clock, SystemClock};
use ocp809_sender::transport::Transport;
use ocp809_sender::transport::pcap::{CaptureError, CaptureFile, CaptureInterface, CapturePort, create};
use ocp809_sender::wall::Port;
use ocp809_sender::wire::ocp809::software_address;
use serde::Serialize;

use super::options::{SendOptions, SendTarget};
use super::{BindPolicy, Binder, CardsOptions, Host, Opened, Progress, RunError, open_context, open_document, remember, set};
use crate::capture::OpenContext;
use crate::config::{GpuChoice, PartialFile, load_machine, load_site_key};
use crate::control::check::Checker;
use crate::control::desk::Start;
use crate::control::status::{SourceState, Status};
use crate::control::{Client, PropertyId, PropertyPath, Saved, Severity, Value, WallFacts};
use crate::engine::{Cards, Engine, EngineParts, PortLink, SharedCards, UnaskedCards};
use crate::picture_file::save_screens;
use crate::pixel_path;
use crate::signals::Signals;
use crate::virtual_show::{Beginning, VirtualShow};

/// How long a source may take to its first picture.
const PATIENCE: Duration = Duration::from_secs(20);

/// What was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SendReport {
    /// Wall frames.
    pub frames: u64,
    /// Packets of all ports, latches included.
    pub packets: u64,
    /// Wall frames that were left out or cut, because this host or a link was too slow.
    pub dropped: u64,
    /// How long it took, in milliseconds.
    pub milliseconds: u64,
    /// Where they went, or what shows them.
    pub to: String,
}

/// Sends frames and ends.
///
/// # Errors
/// [`RunError`]; a capture or picture that could not be finished is not there then.
pub fn send(options: &SendOptions, host: &mut Host<'_>) -> Result<SendReport, RunError> {
    let opened = open_document(&options.document)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    check_source(options, &opened)?;
    let mut signals = Signals::new().map_err(RunError::Signals)?;
    match &options.target {
        SendTarget::Virtual(picture) => send_virtual(options, &opened, picture.as_deref(), &mut signals, host),
        SendTarget::Pcap(file) => send_capture(options, opened, file, &clock, &mut signals, host),
        SendTarget::Interfaces(choices) => {
            let mut machine = load_machine(&host.paths.machine())?;
            let protection = load_site_key(&machine)?;
            let policy = BindPolicy { confirm: options.confirm, strict: true };
            let links = Binder { wall: &opened.wall, machine: &mut machine.spec, policy, clock: Arc::clone(&clock) }.bind(
                choices,
                &[],
                host.out,
            )?;
            remember(host.paths, &machine.spec)?;
            let manner = CardsOptions { takes_over: false, protection };
            let cards = super::session(&opened.wall, &links, host.paths, manner, clock.as_ref());
            let engine = engine(options, opened, links, Box::new(cards), clock)?;
            finish(options, &engine, &mut signals, host)
        }
    }
}

/// What is no source is said before anything is begun.
fn check_source(options: &SendOptions, opened: &Opened) -> Result<(), RunError> {
    let sources = opened.named.names().map(str::to_owned).collect();
    let facts = WallFacts { sources, ..WallFacts::default() };
    let checker = Checker { facts: &facts, reader: crate::readers::read_text };
    let source = checker.check(&PropertyPath::wall(PropertyId::SourceUri), &Value::text(&options.source));
    source.map(drop).map_err(|refusal| RunError::Setting(refusal.to_string()))
}

fn send_virtual(
    options: &SendOptions,
    opened: &Opened,
    picture: Option<&Path>,
    signals: &mut Signals,
    host: &mut Host<'_>,
) -> Result<SendReport, RunError> {
    let path = pixel_path::choose(&GpuChoice::Cpu)?;
    let begin = Beginning { saved: saved(options, opened), named: opened.named.clone() };
    let show = VirtualShow::start_with(&opened.wall, path, begin, Some(options.frames))?;
    set(&show.engine, options.settings.iter().cloned())?;
    let mut report = finish(options, &show.engine, signals, host)?;
    // The engine has ended; what it sent may still be on its way to the cards.
    show.host.settle(u64::MAX);
    if let Some(file) = picture
        && let Some(screens) = show.host.still(1)
    {
        let written = save_screens(&opened.wall, &screens, file);
        let files = written.map_err(|source| RunError::Write { file: file.to_owned(), source })?;
        report.to = files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", ");
    }
    Ok(report)
}

/// The capture appears under its name once it is whole.
fn send_capture(
    options: &SendOptions,
    opened: Opened,
    file: &Path,
    clock: &Arc<dyn Clock>,
    signals: &mut Signals,
    host: &mut Host<'_>,
) -> Result<SendReport, RunError> {
    let failed = |source| RunError::Write { file: file.to_owned(), source };
    let partial = PartialFile::beside(file).map_err(failed)?;
    let (links, capture) = capture_links(&opened, partial.path(), clock)?;
    let cards = UnaskedCards::new(SharedCards::default(), opened.wall.ports().len());
    let engine = engine(options, opened, links, Box::new(cards), Arc::clone(clock))?;
    let report = finish(options, &engine, signals, host)?;
    // The engine lets go of its ports before the file gets its name.
    drop(engine);
    if let Err(error) = capture.finish() {
        return Err(failed(cause(error)));
    }
    partial.keep().map_err(failed)?;
    Ok(report)
}

/// What the system said: the name of the file in the making is nobody's business.
fn cause(error: CaptureError) -> io::Error {
    if let CaptureError::Io { source, .. } = error { source } else { io::Error::other(error) }
}

/// One interface of the capture per port, named after it.
fn capture_links(opened: &Opened, file: &Path, clock: &Arc<dyn Clock>) -> Result<(Vec<PortLink>, CaptureFile), RunError> {
    let interface = |(number, port): (u8, &Port)| CaptureInterface {
        name: port.id.to_string(),
        mac: software_address(number),
        rate_mbit: port.link.rate_mbit,
    };
    let interfaces: Vec<_> = (0_u8..=u8::MAX).zip(opened.wall.ports()).map(interface).collect();
    let ports = create(file, &interfaces, clock)?;
    let capture = ports.first().map(CapturePort::file).ok_or(RunError::NoPort)?;
    let link = |(port, interface): (CapturePort, &CaptureInterface)| PortLink {
        head: Box::new(port) as Box<dyn Transport>,
        source: interface.mac,
        tail: None,
    };
    Ok((ports.into_iter().zip(&interfaces).map(link).collect(), capture))
}

fn engine(
    options: &SendOptions,
    opened: Opened,
    links: Vec<PortLink>,
    cards: Box<dyn Cards>,
    clock: Arc<dyn Clock>,
) -> Result<Engine, RunError> {
    let saved = saved(options, &opened);
    let engine = Engine::start(EngineParts {
        slice: opened.plan,
        links,
        sources: OpenContext { lossless: true, named: opened.named, ..open_context(&opened.wall, &clock, true) },
        wall: opened.wall,
        clock,
        path: pixel_path::choose(&GpuChoice::Cpu)?,
        cards,
        saved,
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

/// What the show starts with, and the source there from the first frame on.
fn saved(options: &SendOptions, opened: &Opened) -> Saved {
    let mut saved = opened.show.first_start();
    saved.values.insert(PropertyPath::wall(PropertyId::SourceUri).to_string(), Value::text(&options.source));
    saved
}

/// Waits until all frames are sent.
fn finish(options: &SendOptions, engine: &Engine, signals: &mut Signals, host: &mut Host<'_>) -> Result<SendReport, RunError> {
    let client = engine.client();
    let clock = SystemClock::new();
    let started = clock.now();
    let (mut waited, mut unfed) = (Duration::ZERO, Duration::ZERO);
    while engine.is_running() {
        std::thread::sleep(super::WATCH);
        let status = client.status();
        // Frames before the first picture are black and do not count.
        waited = if status.source.size.is_some() { Duration::ZERO } else { waited + super::WATCH };
        if status.source.state == SourceState::Failed || waited > PATIENCE {
            return Err(RunError::Source { uri: options.source.clone(), reason: reason(&status) });
        }
        if let Some(alarm) = status.alarms.iter().find(|alarm| alarm.severity == Severity::Critical && alarm.source == "wall") {
            return Err(RunError::Driven(alarm.text.clone()));
        }
        unfed = if status.frames.sent > 0 || status.frames.dropped > 0 { Duration::ZERO } else { unfed + super::WATCH };
        if unfed > PATIENCE {
            return Err(RunError::Unfed(reason(&status)));
        }
        let done = status.frames.sent.min(options.frames);
        (host.progress)(Progress { done, of: options.frames });
        if signals.take() && engine.is_running() {
            return Err(RunError::Interrupted { done, of: options.frames, unit: "frames", left: left(&options.target) });
        }
    }
    let milliseconds = clock.now().since(started) / 1_000_000;
    // The frame thread's last counters become a status within this time.
    std::thread::sleep(2 * super::WATCH);
    let status = client.status();
    let packets = status.ports.iter().map(|port| port.packets).sum();
    Ok(SendReport { frames: options.frames, packets, dropped: status.frames.dropped, milliseconds, to: to(&options.target) })
}

/// The target in words.
fn to(target: &SendTarget) -> String {
    match target {
        SendTarget::Virtual(_) => "virtual cards".to_owned(),
        SendTarget::Pcap(file) => file.display().to_string(),
        SendTarget::Interfaces(choices) => choices.iter().map(|choice| choice.interface.as_str()).collect::<Vec<_>>().join(", "),
    }
}

/// What an interrupted job leaves.
fn left(target: &SendTarget) -> String {
    match target {
        SendTarget::Virtual(Some(file)) | SendTarget::Pcap(file) => format!("{} was not written", file.display()),
        SendTarget::Virtual(None) => "nothing is left of it".to_owned(),
        SendTarget::Interfaces(_) => "the cards hold the last frame".to_owned(),
    }
}

/// Why no picture comes, in the words of whoever knows.
fn reason(status: &Status) -> String {
    let alarm = || status.alarms.first().map(|alarm| alarm.text.clone());
    let detail = Some(status.source.detail.clone()).filter(|detail| !detail.is_empty());
    detail.or_else(alarm).unwrap_or_else(|| "it delivers no picture".to_owned())
}

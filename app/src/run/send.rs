//! A given number of frames: into a capture, out of interfaces, or to virtual cards whose picture is saved.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ocp809_sender::time::{Clock, SystemClock};
use ocp809_sender::transport::Transport;
use ocp809_sender::transport::pcap::{CaptureError, CaptureFile, CaptureInterface, CapturePort, create};
use ocp809_sender::wall::{Port, ProtocolKind, Wall};
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

/// How long a source may take to its first picture, and the wall to its next frame.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

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
    /// Who heard them, where cards can say so.
    pub cards: Option<CardAnswers>,
}

/// How many cards answered: nobody else knows whether a frame was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct CardAnswers {
    /// Cards that answered.
    pub answered: usize,
    /// Cards of the wall that would answer.
    pub of: usize,
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
            let wall = Arc::clone(&opened.wall);
            let engine = engine(options, opened, links, Box::new(cards), clock)?;
            let report = finish(options, &engine, &mut signals, host)?;
            Ok(SendReport { cards: Some(answers(&wall, &engine.client().status())), ..report })
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

/// What a send waits for, and since when.
#[derive(Debug, Default)]
struct Waiting {
    picture: Duration,
    frame: Duration,
    sent: u64,
}

impl Waiting {
    /// Looks once more, after [`super::WATCH`]: what takes too long or cannot go on is an error.
    fn look(&mut self, status: &Status, source: &str) -> Result<(), RunError> {
        // Frames before the first picture are black and do not count.
        self.picture = if status.source.size.is_some() { Duration::ZERO } else { self.picture + super::WATCH };
        if status.source.state == SourceState::Failed || self.picture > PATIENCE {
            return Err(RunError::Source { uri: source.to_owned(), reason: reason(status) });
        }
        if let Some(alarm) = status.alarms.iter().find(|alarm| alarm.severity == Severity::Critical && alarm.source == "wall") {
            return Err(RunError::Driven(alarm.text.clone()));
        }
        let has_moved = status.frames.sent != self.sent;
        self.frame = if has_moved { Duration::ZERO } else { self.frame + super::WATCH };
        self.sent = status.frames.sent;
        if self.frame > PATIENCE { Err(RunError::Unfed(obstacle(status))) } else { Ok(()) }
    }
}

/// Waits until all frames are sent.
fn finish(options: &SendOptions, engine: &Engine, signals: &mut Signals, host: &mut Host<'_>) -> Result<SendReport, RunError> {
    let client = engine.client();
    let clock = SystemClock::new();
    let started = clock.now();
    let mut waiting = Waiting::default();
    while engine.is_running() {
        std::thread::sleep(super::WATCH);
        let status = client.status();
        waiting.look(&status, &options.source)?;
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
    let (frames, dropped, to) = (options.frames, status.frames.dropped, to(&options.target));
    Ok(SendReport { frames, packets, dropped, milliseconds, to, cards: None })
}

/// Cards that answered; Colorlight receivers need not.
fn answers(wall: &Wall, status: &Status) -> CardAnswers {
    let speaks = |port: &&Port| port.protocol == ProtocolKind::Ocp809;
    let ports: Vec<_> = wall.ports().iter().filter(speaks).map(|port| port.id.to_string()).collect();
    let cards = status.cards.iter().filter(|card| ports.contains(&card.port));
    CardAnswers { answered: cards.clone().filter(|card| card.online).count(), of: cards.count() }
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

/// What keeps frames from leaving: a cable before anything else.
fn obstacle(status: &Status) -> String {
    let port = status.alarms.iter().find(|alarm| alarm.source.starts_with("port "));
    port.map_or_else(|| reason(status), |alarm| format!("{}: {}", alarm.source, alarm.text))
}

#[cfg(test)]
mod tests {
    use ocp809_sender::geometry::PixelSize;
    use ocp809_sender::time::Tai;

    use super::*;
    use crate::control::status::{Alarm, FrameStatus, SourceStatus};

    #[test]
    fn a_wall_that_takes_no_frame_is_given_up_with_what_its_port_says() {
        let port = Alarm {
            severity: Severity::Error,
            source: "port 1".into(),
            text: "no carrier on eth0: check the cable".into(),
            since: Tai(0),
        };
        let source = SourceStatus { size: Some(PixelSize::new(1, 1)), ..SourceStatus::default() };
        let frames = |sent, dropped| FrameStatus { sent, dropped, ..FrameStatus::default() };
        let mut status = Status { source, alarms: vec![port], frames: frames(0, 0), ..Status::default() };
        let mut waiting = Waiting::default();
        let mut looks = |status: &mut Status, sends: u64| {
            (0..2_000_u64).find_map(|look| {
                status.frames = frames(look * sends, look);
                waiting.look(status, "pattern:white").err().map(|error| (look, error.to_string()))
            })
        };
        assert_eq!(looks(&mut status, 1), None, "frames that leave are waited for");
        let (look, error) = looks(&mut status, 0).expect("frames that are left out are none");
        assert!((400..410).contains(&look), "{look}");
        assert_eq!(error, "no frame could be sent for 20 s: port 1: no carrier on eth0: check the cable");
    }
}

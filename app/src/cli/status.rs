//! `ocp809 status`: how a running show is doing, once or for as long as one looks.

use std::fmt::Write as _;
use std::time::Duration;

use ocp809_sender::time::{NANOS_PER_SECOND, Tai};
use serde_json::json;

use super::{Console, connect};
use crate::control::status::{CardStatus, KeyStatus, LatencyStatus, PortLink, PortStatus, SourceStatus};
use crate::control::{Client, Event, EventKind, Severity, Status};
use crate::error::AppError;

/// Shows how a running show is doing
///
/// Exits with 0 while all is well and with 1 while an alarm of severity error or critical is on, so that monitoring can
/// watch a show with this line alone; notices and warnings do not count. With --follow it goes on until it is interrupted.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  ocp809 status
  ocp809 status --follow
  ocp809 status --json | jq .frames.first_packet")]
pub(super) struct Args {
    /// Goes on with events as they happen, and a summary every second
    #[arg(long)]
    follow: bool,
}

/// How often `--follow` writes a summary.
const FOLLOW_PERIOD: Duration = Duration::from_secs(1);

/// The longest silence in which it waits for one event.
const SLICE: Duration = Duration::from_millis(50);

pub(super) fn run(args: &Args, console: &mut Console<'_>) -> Result<(), AppError> {
    let show = connect(console)?;
    let status = show.status();
    if args.follow {
        return follow(&show, console);
    }
    if console.json { console.document(&*status) } else { console.print(text(&status)) }?;
    match status.alarms.iter().filter(|alarm| alarm.severity >= Severity::Error).count() {
        0 => Ok(()),
        grave => Err(AppError::Alarms { grave }),
    }
}

fn follow(show: &dyn Client, console: &mut Console<'_>) -> Result<(), AppError> {
    let events = show.subscribe();
    loop {
        let status = show.status();
        if console.json {
            console.document_line(&json!({ "status": *status }))?;
        } else {
            console.line(summary(&status))?;
            console.flush()?;
        }
        // Whatever comes within the period is written as it comes; the waits together are the period.
        let mut left = FOLLOW_PERIOD;
        while !left.is_zero() {
            match events.next_within(SLICE) {
                Err(_ended) => return Err(AppError::ShowEnded),
                Ok(Some(event)) if console.json => console.document_line(&json!({ "event": *event }))?,
                Ok(Some(event)) => {
                    console.line(event_line(&event))?;
                    console.flush()?;
                }
                Ok(None) => left = left.saturating_sub(SLICE),
            }
        }
    }
}

/// One line for one look.
fn summary(status: &Status) -> String {
    let frames = &status.frames;
    let cards_online = status.cards.iter().filter(|card| card.online).count();
    let mut line = format!(
        "{} {}  {:.2} fps  sent {}  dropped {}  late {}  first packet {} us  cards {}/{}",
        time_of_day(status.tai),
        status.mode.word(),
        frames.measured_hz,
        frames.sent,
        frames.dropped,
        frames.late,
        frames.first_packet.p50_us,
        cards_online,
        status.cards.len()
    );
    if let Some(alarm) = status.alarms.first() {
        // Writing into a string cannot fail.
        let _written = write!(line, "  {}: {}", severity(alarm.severity), alarm.text);
    }
    line
}

fn event_line(event: &Event) -> String {
    let time = time_of_day(event.tai);
    let origin = &event.origin;
    match &event.kind {
        EventKind::Property { path, asked, actual } => {
            let property = path.property.property();
            let limited = if asked == actual { String::new() } else { format!(", in effect {}", property.display(actual)) };
            format!("{time} {origin}: {path} = {}{limited}", property.display(asked))
        }
        EventKind::Done { action } => format!("{time} {origin}: {} done", action.name()),
        EventKind::Refused { reason, .. } => format!("{time} {origin}: refused: {reason}"),
        EventKind::CardReplaced { cabinet, old, new } => format!("{time} cabinet {cabinet}: card {new} took the place of {old}"),
        EventKind::KeyInstalled { cards, of } => format!("{time} {cards} of {of} cards have the site's key"),
        EventKind::CardsSaved { cards, of } => format!("{time} {cards} of {of} cards stored their settings"),
        EventKind::AlarmRaised { alarm } => format!("{time} {}: {}: {}", severity(alarm.severity), alarm.source, alarm.text),
        EventKind::AlarmCleared { alarm } => format!("{time} cleared: {}: {}", alarm.source, alarm.text),
    }
}

const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Notice => "notice",
        Severity::Warning => "WARNING",
        Severity::Error => "ERROR",
        Severity::Critical => "CRITICAL",
    }
}

/// Hours, minutes and seconds of UTC.
fn time_of_day(tai: Tai) -> String {
    let seconds = (tai.0 / NANOS_PER_SECOND).saturating_sub(ocp809_sender::time::TAI_MINUS_UTC_S) % 86_400;
    format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

/// How long something has been so.
fn duration(now: Tai, since: Tai) -> String {
    let seconds = now.0.saturating_sub(since.0) / NANOS_PER_SECOND;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{}:{:02} min", seconds / 60, seconds % 60),
        _ => format!("{}:{:02} h", seconds / 3_600, seconds / 60 % 60),
    }
}

/// The whole snapshot for people.
pub(super) fn text(status: &Status) -> String {
    let mut lines = vec![head(status), source(&status.source, status)];
    let frames = &status.frames;
    lines.push(format!(
        "frames   {:.2} of {:.2} fps; sent {}, repeated {}, source pictures skipped {}, dropped {}, late {}",
        frames.measured_hz, frames.rate_hz, frames.sent, frames.repeated, frames.skipped, frames.dropped, frames.late
    ));
    lines.push(format!("latency  first packet {}, last packet {}", latency(frames.first_packet), latency(frames.last_packet)));
    for screen in &status.screens {
        let nits = screen.actual_nits.map(|nits| format!(", {nits:.0} nit")).unwrap_or_default();
        let (actual, asked, limit) = (screen.actual_percent, screen.asked_percent, screen.limit_percent);
        let held = if actual < asked { format!(" (asked {asked:.1} %, limit {limit:.1} %)") } else { String::new() };
        lines.push(format!("screen   {}: {actual:.1} %{nits}{held}", screen.id));
    }
    lines.extend(status.ports.iter().map(port));
    lines.extend(cards(&status.cards));
    lines.extend(status.presets.iter().map(|preset| format!("preset   {} {}", preset.number, preset.name)));
    for alarm in &status.alarms {
        let since = duration(status.tai, alarm.since);
        lines.push(format!("{:<8} {}: {} ({since})", severity(alarm.severity), alarm.source, alarm.text));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn head(status: &Status) -> String {
    let mut parts = vec![format!("{}: {}", status.wall, status.mode.word())];
    parts.extend(status.locked.then(|| "LOCKED".to_owned()));
    parts.extend(status.pattern.as_ref().map(|pattern| format!("test pattern {pattern}")));
    parts.extend(status.identify.as_ref().map(|cabinet| format!("cabinet {cabinet} marks itself")));
    if !status.pixel_path.is_empty() {
        parts.push(format!("pixels on {}", status.pixel_path));
    }
    parts.join(", ")
}

fn source(source: &SourceStatus, status: &Status) -> String {
    let size = source.size.map(|size| format!(" {}x{}", size.width, size.height)).unwrap_or_default();
    // The word that sockets and scripts use for it.
    let state = serde_json::to_value(source.state).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default();
    let detail = if source.detail.is_empty() { String::new() } else { format!(" ({})", source.detail) };
    let since = duration(status.tai, source.since);
    format!("source   {}: {state} for {since}{size} {} {:.2} fps{detail}", source.uri, source.format, source.fps)
}

fn latency(latency: LatencyStatus) -> String {
    format!("{}/{}/{} us (p50/p99/max)", latency.p50_us, latency.p99_us, latency.max_us)
}

fn port(port: &PortStatus) -> String {
    let link = match port.link {
        PortLink::Unknown => String::new(),
        PortLink::Down => ", NO CARRIER".to_owned(),
        PortLink::Unbound => ", bound to no interface here".to_owned(),
        PortLink::Up { rate_mbit: Some(rate) } => format!(", {rate} Mbit/s"),
        PortLink::Up { rate_mbit: None } => ", carrier".to_owned(),
    };
    let errors = if port.errors > 0 { format!(", {} send errors", port.errors) } else { String::new() };
    let sending = port.sending.as_ref().map(|sending| format!("; {}", sending.text)).unwrap_or_default();
    format!(
        "port     {}: {}{link}; load {:.1} %, {} packets/s, cards {}/{}{errors}{sending}",
        port.id, port.transport, port.load_percent, port.packets_per_second, port.cards_online, port.cards
    )
}

/// One line for all cards, and one for each that needs a look or whose key is known.
fn cards(cards: &[CardStatus]) -> Vec<String> {
    let online = cards.iter().filter(|card| card.online).count();
    let mut lines = vec![format!("cards    {online} of {} answer", cards.len())];
    let counters = |card: &CardStatus| card.held + card.late + card.lost + card.bad_crc + card.repaired;
    let is_listed = |card: &&CardStatus| !card.online || counters(card) > 0 || card.key != KeyStatus::Unknown;
    lines.extend(cards.iter().filter(is_listed).map(|card| {
        let state = if card.online { "" } else { ", NO ANSWER" };
        format!(
            "card     {} (port {}, card {}){state}: shown {}, held {}, late {}, lost {}, bad {}, repaired {}{}",
            card.cabinet,
            card.port,
            // People count from 1, as the window and the test pattern do; `place` in JSON and wall.toml counts from 0.
            u32::from(card.place) + 1,
            card.shown,
            card.held,
            card.late,
            card.lost,
            card.bad_crc,
            card.repaired,
            key(card.key)
        )
    }));
    lines
}

/// Whether a card has this site's key, at the end of its line.
const fn key(key: KeyStatus) -> &'static str {
    match key {
        KeyStatus::Unknown => "",
        KeyStatus::None => ", no key",
        KeyStatus::Installed => ", key installed",
        KeyStatus::Foreign => ", FOREIGN KEY",
    }
}

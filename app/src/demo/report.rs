//! What a run on a virtual wall came to, for people and for machines.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::control::status::{CardStatus, FrameStatus, PortStatus};
use crate::control::{Client, PropertyPath, Value};
use crate::virtual_show::VirtualShow;

/// Results of a run.
#[derive(Debug, Clone, Serialize)]
pub struct DemoReport {
    /// The wall's name.
    pub wall: String,
    /// Where pixels were computed.
    pub pixel_path: String,
    /// What was set, as `path = value`.
    pub settings: Vec<String>,
    /// From the engine's start to the first picture on every card, in milliseconds; 0 in a window.
    pub first_picture_ms: u64,
    /// Frames and latencies.
    pub frames: FrameStatus,
    /// Ports.
    pub ports: Vec<PortStatus>,
    /// Cards.
    pub cards: Vec<CardStatus>,
    /// Packets that were lost on purpose.
    pub packets_lost_on_purpose: u64,
    /// Pictures that were written.
    pub pictures: Vec<PathBuf>,
}

impl DemoReport {
    /// The report of a show as it is now.
    pub(super) fn of(show: &VirtualShow, settings: &[(PropertyPath, Value)]) -> Self {
        let status = show.engine.client().status();
        Self {
            wall: status.wall.clone(),
            pixel_path: status.pixel_path.clone(),
            settings: settings.iter().map(|(path, value)| format!("{path} = {value}")).collect(),
            first_picture_ms: 0,
            frames: status.frames,
            ports: status.ports.clone(),
            cards: status.cards.clone(),
            packets_lost_on_purpose: show.faults.counts().lost,
            pictures: Vec::new(),
        }
    }

    /// The report for a terminal.
    pub(super) fn summary(&self, file: &Path) -> String {
        let frames = &self.frames;
        let mut text = format!(
            "{}: {} frames at {:.2} Hz, {} repeated, {} dropped, {} late; first picture after {} ms\n",
            self.wall, frames.sent, frames.measured_hz, frames.repeated, frames.dropped, frames.late, self.first_picture_ms
        );
        let first = frames.first_packet;
        // Writing to a String cannot fail.
        let _ok = writeln!(
            text,
            "picture in memory to first packet: p50 {} us, p99 {} us; pixels on {}",
            first.p50_us, first.p99_us, self.pixel_path
        );
        if self.packets_lost_on_purpose > 0 {
            let _ok = writeln!(text, "{} packets were lost on purpose", self.packets_lost_on_purpose);
        }
        for card in &self.cards {
            let _ok = writeln!(
                text,
                "  cabinet {:<8} {} card {:<3} shown {:<7} held {:<5} late {:<5} lost {}",
                card.cabinet,
                card.port,
                card.place + 1,
                card.shown,
                card.held,
                card.late,
                card.lost
            );
        }
        for picture in &self.pictures {
            let _ok = writeln!(text, "picture: {}", picture.display());
        }
        let _ok = writeln!(text, "report:  {}", file.display());
        text
    }
}

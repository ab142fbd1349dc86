//! The source that was asked for: opened, replaced, watched. The frame thread owns its pictures; this is the other half.

use std::num::NonZeroU32;
use std::sync::mpsc::SyncSender;

use ocp809_sender::time::{NANOS_PER_SECOND, Nanos, Rational};
use ocp809_sender::wall::Wall;
use ocp809_shaders::frame::{Range, SignalColor, SignalPrimaries, SourceShape, YuvMatrix};

use super::look::{SourceLook, canvas};
use crate::capture::{Monitor, OpenContext, Picture, open};
use crate::control::PropertyId;
use crate::control::rate::exact_rate;
use crate::control::state::ShowState;
use crate::control::status::SourceStatus;

/// A source that cannot be opened is tried again after this long.
const RETRY_NS: u64 = NANOS_PER_SECOND;

/// Frames per second where neither show nor source says it.
pub const DEFAULT_RATE: Rational = match Rational::new(60, 1) {
    Some(rate) => rate,
    None => Rational::whole(NonZeroU32::MIN),
};

/// Opens sources and hands their pictures to the frame thread.
pub(super) struct SourceDesk {
    context: OpenContext,
    to_frames: SyncSender<Box<dyn Picture>>,
    /// Pictures that the frame thread had no room for yet.
    waiting: Option<Box<dyn Picture>>,
    current: Option<(String, Monitor)>,
    /// Sources that were opened.
    opened: u64,
    failed: Option<Failed>,
}

/// A source that could not be opened.
struct Failed {
    uri: String,
    reason: String,
    retry_at: Nanos,
}

impl SourceDesk {
    pub(super) const fn new(context: OpenContext, to_frames: SyncSender<Box<dyn Picture>>) -> Self {
        Self { context, to_frames, waiting: None, current: None, opened: 0, failed: None }
    }

    /// Makes the asked source the present one. While it cannot be opened, the one before stays.
    pub(super) fn follow(&mut self, asked: &ShowState) {
        self.hand_over();
        let wanted = wanted(asked);
        if self.current.as_ref().is_some_and(|(uri, _)| *uri == wanted) {
            self.failed = None;
            return;
        }
        let now = self.context.clock.now();
        if self.failed.as_ref().is_some_and(|failed| failed.uri == wanted && now < failed.retry_at) {
            return;
        }
        let opened = self.context.named.resolve(&wanted).map_err(|error| error.to_string());
        match opened.and_then(|uri| open(&uri, &self.context).map_err(|error| error.to_string())) {
            Ok((picture, monitor)) => {
                self.opened += 1;
                self.waiting = Some(picture);
                self.current = Some((wanted, monitor));
                self.failed = None;
                self.hand_over();
            }
            Err(reason) => self.failed = Some(Failed { uri: wanted, reason, retry_at: now.after(RETRY_NS) }),
        }
    }

    fn hand_over(&mut self) {
        if let Some(picture) = self.waiting.take()
            && let Err(full) = self.to_frames.try_send(picture)
        {
            let (std::sync::mpsc::TrySendError::Full(picture) | std::sync::mpsc::TrySendError::Disconnected(picture)) = full;
            self.waiting = Some(picture);
        }
    }

    /// The shape of its pictures with the overrides that were asked for, once one has come.
    pub(super) fn look(&self, state: &ShowState) -> Option<SourceLook> {
        let (_, monitor) = self.current.as_ref()?;
        let shape = monitor.shape()?;
        let color = overridden(shape.color, state);
        Some(SourceLook { shape: SourceShape { color, ..shape }, light_limit: monitor.light_limit() })
    }

    /// How many sources were opened up to the present one: the number that frames carry once they show it.
    pub(super) const fn opened(&self) -> u64 {
        self.opened
    }

    /// Wall frames per second: what was asked, else the source's own, else 60.
    pub(super) fn rate(&self, state: &ShowState) -> Rational {
        let asked = state.number(PropertyId::FrameRate).and_then(exact_rate);
        let own = || self.current.as_ref().and_then(|(_, monitor)| monitor.declared_rate());
        asked.or_else(own).unwrap_or(DEFAULT_RATE)
    }

    pub(super) fn status(&self) -> SourceStatus {
        self.current.as_ref().map(|(_, monitor)| monitor.status()).unwrap_or_default()
    }

    /// Why the asked source is not shown.
    pub(super) fn problem(&self) -> Option<String> {
        self.failed
            .as_ref()
            .map(|failed| failed.reason.clone())
            .or_else(|| self.current.as_ref()?.1.failure().map(|error| error.to_string()))
    }

    /// What to say when pictures are not of the wall's size: larger ones are cropped, others stretched.
    pub(super) fn misfit(&self, wall: &Wall) -> Option<String> {
        let shape = self.current.as_ref()?.1.shape()?;
        let canvas = canvas(wall);
        let (size, is_pattern) = (shape.size, self.current.as_ref()?.0.starts_with("pattern:"));
        let sizes = format!("of {} x {}", size.width, size.height);
        let own = format!("{} x {}", canvas.width, canvas.height);
        if canvas.width > size.width || canvas.height > size.height {
            return Some(format!(
                "pictures {sizes} are stretched to the wall's canvas of {own}; for 1:1 send that size, or change the screens' \
                 source rectangles"
            ));
        }
        (size != canvas && !is_pattern).then(|| {
            format!(
                "pictures {sizes} are shown 1:1, of which the screens take their source rectangles within {own} from the top left; \
                 to show all of them, send that size, or change the rectangles"
            )
        })
    }
}

/// The source that the state asks for: a test pattern stands in front of it.
fn wanted(state: &ShowState) -> String {
    match state.text(PropertyId::Pattern) {
        Some(pattern) => format!("pattern:{pattern}"),
        None => state.text(PropertyId::SourceUri).unwrap_or("pattern:black").to_owned(),
    }
}

fn overridden(declared: SignalColor, state: &ShowState) -> SignalColor {
    let range = match state.text(PropertyId::SourceRange) {
        Some("full") => Range::Full,
        Some("limited") => Range::Limited,
        _ => declared.range,
    };
    let matrix = match state.text(PropertyId::SourceMatrix) {
        Some("bt601") => YuvMatrix::Bt601,
        Some("bt709") => YuvMatrix::Bt709,
        Some("bt2020") => YuvMatrix::Bt2020,
        _ => declared.matrix,
    };
    let primaries = match state.text(PropertyId::SourcePrimaries) {
        Some("bt709") => SignalPrimaries::Bt709,
        Some("p3-d65") => SignalPrimaries::P3D65,
        Some("bt2020") => SignalPrimaries::Bt2020,
        _ => declared.primaries,
    };
    SignalColor { range, matrix, primaries, ..declared }
}

//! Coefficients on their way into one card: announced, sent window by window, asked after, switched on whole
//! (PROTOCOL.md, calibration). What is lost is sent again; a card that starts anew gets everything anew.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::time::Nanos;
use crate::wire::ocp809::control::{
    CalChunk, CalibrationKind, NackReason, Request, Response, SERIAL_ANY, UPLOAD_CHUNK_LEN, UPLOAD_WINDOW, Upload, UploadId,
};

/// What is held of a window is asked after this time without an answer: chunks wait for their share of the link.
const PATIENCE_NS: u64 = 150_000_000;

/// Questions after a window without an answer, before the upload is begun again.
const POLLS: u8 = 10;

/// Times that an upload is begun before it counts as failed.
const BEGINS: u8 = 3;

/// Coefficients for a module of a card, or for all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalibrationUpload {
    /// The module's position in the card's module map, or [`crate::wire::ocp809::control::MODULE_ALL`].
    pub module: u16,
    /// Form of the coefficients.
    pub kind: CalibrationKind,
    /// The coefficients as the card stores them, at most 65,535 chunks.
    pub bytes: Arc<[u8]>,
}

/// An upload that is under way.
#[derive(Debug)]
pub(super) struct UploadRun {
    upload: CalibrationUpload,
    announced: Upload,
    step: Step,
    begins: u8,
    polls: u8,
    due: Nanos,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// The card erases its staging bank.
    Begin,
    /// Chunks of the window from `base` on; bits of `held` are there.
    Window { id: u32, base: u16, held: u32, is_sent: bool },
    /// All are there.
    Commit { id: u32 },
}

/// What an answer or a refusal leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UploadStep {
    /// It goes on.
    GoesOn,
    /// The new bank acts.
    Done,
    /// The card does not take it.
    Failed(NackReason),
}

impl UploadRun {
    pub(super) fn new(upload: CalibrationUpload) -> Self {
        let announced = Upload {
            module: upload.module,
            kind: upload.kind,
            bytes: u32::try_from(upload.bytes.len()).unwrap_or(u32::MAX),
            module_serial: SERIAL_ANY,
            sha256: Sha256::digest(&upload.bytes).into(),
        };
        Self { upload, announced, step: Step::Begin, begins: 0, polls: 0, due: Nanos(0) }
    }

    pub(super) const fn upload(&self) -> &CalibrationUpload {
        &self.upload
    }

    /// From the beginning: the card has forgotten.
    pub(super) const fn begin_again(&mut self) {
        (self.step, self.polls) = (Step::Begin, 0);
    }

    fn chunks(&self) -> u16 {
        u16::try_from(self.upload.bytes.len().div_ceil(UPLOAD_CHUNK_LEN)).unwrap_or(u16::MAX)
    }

    /// The request that is to be made next and is answered, if it is time for one.
    pub(super) fn request(&self, now: Nanos) -> Option<Request> {
        match self.step {
            Step::Begin if now >= self.due => Some(Request::CalBegin(self.announced.clone())),
            Step::Commit { id } => Some(Request::CalCommit(UploadId { upload_id: id })),
            Step::Begin | Step::Window { .. } => None,
        }
    }

    /// The chunks that are to be sent now, with the transaction that they carry; the last of them asks for an answer.
    pub(super) fn window(&mut self, now: Nanos) -> Option<(u32, Vec<CalChunk>)> {
        let Step::Window { id, base, held, is_sent } = self.step else { return None };
        if now < self.due {
            return None;
        }
        self.due = now.after(PATIENCE_NS);
        let count = self.chunks();
        if !is_sent {
            self.step = Step::Window { id, base, held, is_sent: true };
            return Some((id, self.missing(base, held, count)));
        }
        self.polls += 1;
        if self.polls > POLLS {
            self.begin_again();
            return None;
        }
        Some((id, vec![CalChunk { index: base, count, data: Vec::new() }]))
    }

    /// Chunks of a window that the card does not have. The last one of a window asks by itself; else a question follows.
    fn missing(&self, base: u16, held: u32, count: u16) -> Vec<CalChunk> {
        let end = base.saturating_add(UPLOAD_WINDOW).min(count);
        let is_missing = |index: &u16| held & 1 << (index - base) == 0;
        let chunk = |index: u16| {
            let start = usize::from(index) * UPLOAD_CHUNK_LEN;
            let stop = (start + UPLOAD_CHUNK_LEN).min(self.upload.bytes.len());
            CalChunk { index, count, data: self.upload.bytes.get(start..stop).unwrap_or_default().to_vec() }
        };
        let mut chunks: Vec<CalChunk> = (base..end).filter(is_missing).map(chunk).collect();
        if !chunks.last().is_some_and(CalChunk::asks_for_answer) {
            chunks.push(CalChunk { index: base, count, data: Vec::new() });
        }
        chunks
    }

    /// Takes an answer.
    pub(super) fn answer(&mut self, response: &Response, now: Nanos) -> UploadStep {
        if let (Response::CalBegin(id), Step::Begin) = (response, self.step) {
            self.step = Step::Window { id: id.upload_id, base: 0, held: 0, is_sent: false };
            self.due = now;
        } else if let (Response::CalChunk(window), Step::Window { id, base, .. }) = (response, self.step) {
            if window.base == base {
                self.advance(id, base, window.held, now);
            }
        } else if let (Response::CalCommit(_), Step::Commit { .. }) = (response, self.step) {
            return UploadStep::Done;
        }
        UploadStep::GoesOn
    }

    /// The card holds these chunks of a window.
    fn advance(&mut self, id: u32, base: u16, held: u32, now: Nanos) {
        let count = self.chunks();
        let length = count.saturating_sub(base).min(UPLOAD_WINDOW);
        let all = if length >= 32 { u32::MAX } else { (1 << length) - 1 };
        let next = base.saturating_add(UPLOAD_WINDOW);
        (self.polls, self.due) = (0, now);
        self.step = if held & all != all {
            Step::Window { id, base, held, is_sent: false }
        } else if next < count {
            Step::Window { id, base: next, held: 0, is_sent: false }
        } else {
            Step::Commit { id }
        };
    }

    /// Takes a refusal.
    pub(super) fn refused(&mut self, reason: NackReason, now: Nanos) -> UploadStep {
        if let NackReason::Busy { retry_ms } = reason {
            self.due = now.after(u64::from(retry_ms) * 1_000_000);
            return UploadStep::GoesOn;
        }
        if let (NackReason::Incomplete { first_missing }, Step::Commit { id }) = (reason, self.step) {
            let base = first_missing - first_missing % UPLOAD_WINDOW;
            (self.step, self.due) = (Step::Window { id, base, held: 0, is_sent: false }, now);
            return UploadStep::GoesOn;
        }
        let is_forgotten = matches!(reason, NackReason::NoUpload | NackReason::HashMismatch);
        self.begins += 1;
        if is_forgotten && self.begins < BEGINS {
            self.begin_again();
            return UploadStep::GoesOn;
        }
        UploadStep::Failed(reason)
    }
}

//! Calibration uploads: a staging bank that BEGIN's hash binds, filled by chunks in any order, switched on whole.

use sha2::{Digest, Sha256};

use crate::emulator::bits::BitSet;
use crate::emulator::card::Card;
use crate::emulator::card::calibration::Correction;
use crate::time::Nanos;
use crate::wire::ocp809::control::{
    CalChunk, CalibrationKind, MODULE_ALL, NackReason, SERIAL_ANY, Serial, UPLOAD_CHUNK_LEN, UPLOAD_WINDOW, Upload as Announced,
    UploadId, UploadReport, UploadWindow, Value,
};

/// How long a card erases its staging bank.
const ERASE_NS: u64 = 50_000_000;

/// An upload of which nothing was heard for this long is aborted.
const SILENCE_NS: u64 = 10_000_000_000;

/// An upload that was begun.
#[derive(Debug)]
pub(super) struct Upload {
    announced: Announced,
    /// The transaction of its chunks.
    id: u32,
    data: Vec<u8>,
    held: BitSet,
    ready_at: Nanos,
    heard: Nanos,
}

impl Upload {
    fn chunks(&self) -> usize {
        self.data.len().div_ceil(UPLOAD_CHUNK_LEN)
    }

    fn is_alive(&self, now: Nanos) -> bool {
        now.since(self.heard) < SILENCE_NS
    }

    /// Keeps a chunk of the right length.
    fn keep(&mut self, chunk: &CalChunk) {
        let start = usize::from(chunk.index) * UPLOAD_CHUNK_LEN;
        let end = (start + UPLOAD_CHUNK_LEN).min(self.data.len());
        if let Some(place) = self.data.get_mut(start..end).filter(|place| place.len() == chunk.data.len()) {
            place.copy_from_slice(&chunk.data);
            self.held.insert(usize::from(chunk.index));
        }
    }

    /// What is held of the window from `base` on.
    fn window(&self, base: u16) -> UploadWindow {
        let bit = |i: u16| u32::from(self.held.contains(usize::from(base) + usize::from(i))) << i;
        UploadWindow { base, held: (0..UPLOAD_WINDOW).map(bit).fold(0, |held, bit| held | bit) }
    }
}

impl Card {
    /// The serial number of a module: virtual modules are numbered within their card.
    fn module_serial(&self, module: u16) -> Serial {
        format!("{:.12}-{module:03}", self.identity.serial.to_string()).parse().unwrap_or_default()
    }

    /// A new upload aborts the old one; while its bank is erased, the answer is BUSY.
    pub(super) fn begin_upload(&mut self, announced: Announced, now: Nanos) -> Result<UploadId, NackReason> {
        self.check(&announced)?;
        if let Some(upload) = self.control.upload.as_mut().filter(|upload| upload.announced == announced && upload.is_alive(now))
        {
            upload.heard = now;
            return answer(upload, now);
        }
        let length = announced.bytes as usize;
        let id = self.control.next_upload_id;
        self.control.next_upload_id = id.wrapping_add(1).max(1);
        let upload = self.control.upload.insert(Upload {
            announced,
            id,
            data: vec![0; length],
            held: BitSet::default(),
            ready_at: now.after(ERASE_NS),
            heard: now,
        });
        answer(upload, now)
    }

    /// Keeps a chunk; what is held of its window, where it asks for that.
    pub(super) fn take_chunk(&mut self, id: u32, chunk: &CalChunk, now: Nanos) -> Result<Option<UploadWindow>, NackReason> {
        let alive = |upload: &&mut Upload| upload.id == id && upload.is_alive(now) && now >= upload.ready_at;
        let Some(upload) = self.control.upload.as_mut().filter(alive) else {
            return if chunk.asks_for_answer() { Err(NackReason::NoUpload) } else { Ok(None) };
        };
        upload.heard = now;
        upload.keep(chunk);
        Ok(chunk.asks_for_answer().then(|| upload.window(chunk.window_base())))
    }

    /// Checks an upload and switches it on.
    pub(super) fn commit_upload(&mut self, id: u32, now: Nanos) -> Result<UploadReport, NackReason> {
        let alive = |upload: &mut Upload| upload.id == id && upload.is_alive(now);
        let upload = self.control.upload.take_if(alive).ok_or(NackReason::NoUpload)?;
        if let Some(missing) = upload.held.first_absent(0..upload.chunks()) {
            let first_missing = u16::try_from(missing).unwrap_or(u16::MAX);
            self.control.upload = Some(upload);
            return Err(NackReason::Incomplete { first_missing });
        }
        let sha256: [u8; 32] = Sha256::digest(&upload.data).into();
        if sha256 != upload.announced.sha256 {
            return Err(NackReason::HashMismatch);
        }
        let Announced { module, kind, .. } = upload.announced;
        let sizes = self.module_bytes(module, kind).ok_or(NackReason::Unsupported)?;
        let mut rest = upload.data.as_slice();
        let pieces = sizes.iter().map_while(|&size| {
            let (piece, after) = rest.split_at_checked(size)?;
            rest = after;
            Some(piece)
        });
        let first = if module == MODULE_ALL { 0 } else { usize::from(module) };
        self.calibration.commit(first, kind, pieces).ok_or(NackReason::Unsupported)?;
        Ok(self.calibration.report(self.settings.modules.len()))
    }

    /// Bytes of coefficients of a module, or of each module of the card; `None` for a kind that the card does not have.
    fn module_bytes(&self, module: u16, kind: CalibrationKind) -> Option<Vec<usize>> {
        let per_pixel = Correction::bytes_per_pixel(kind)?;
        let modules = &self.settings.modules;
        let one = usize::from(module);
        let meant = if module == MODULE_ALL { modules.as_slice() } else { modules.get(one..one + 1).unwrap_or_default() };
        Some(meant.iter().map(|module| module.pixels() * per_pixel).collect())
    }

    /// Whether an announced upload fits its module.
    fn check(&self, announced: &Announced) -> Result<(), NackReason> {
        let sizes = self.module_bytes(announced.module, announced.kind).ok_or(NackReason::Unsupported)?;
        let bytes: usize = sizes.iter().sum();
        let serial = announced.module_serial;
        let known = serial == SERIAL_ANY || serial == self.module_serial(announced.module);
        let fits = bytes > 0 && announced.bytes as usize == bytes && u16::try_from(bytes.div_ceil(UPLOAD_CHUNK_LEN)).is_ok();
        if fits && known { Ok(()) } else { Err(NackReason::BadValue { tlv: Announced::DOC.kind }) }
    }
}

fn answer(upload: &Upload, now: Nanos) -> Result<UploadId, NackReason> {
    let wait = upload.ready_at.since(now).div_ceil(1_000_000);
    if wait == 0 {
        return Ok(UploadId { upload_id: upload.id });
    }
    Err(NackReason::Busy { retry_ms: u32::try_from(wait).unwrap_or(u32::MAX) })
}

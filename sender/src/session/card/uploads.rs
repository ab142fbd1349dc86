//! Coefficients for a card: what waits, what is under way, and what a successor gets too.

use super::{CardSlot, Heard, Stage};
use crate::session::ask::{Asked, Signature};
use crate::session::upload::{CalibrationUpload, UploadRun, UploadStep};
use crate::time::Nanos;
use crate::wire::ethernet::MacAddress;
use crate::wire::ocp809::control::Request;

impl CardSlot {
    /// Takes coefficients for the card; those that it has for the same module are replaced.
    pub(in crate::session) fn calibrate(&mut self, upload: CalibrationUpload) {
        self.calibration.retain(|known| known.module != upload.module);
        self.uploads.retain(|run| run.upload().module != upload.module);
        self.calibration.push(upload.clone());
        self.uploads.push_back(UploadRun::new(upload));
    }

    /// Uploads that are not done.
    pub(in crate::session) fn uploads(&self) -> usize {
        self.uploads.len()
    }

    /// The chunks of an upload that are to be sent now.
    pub(in crate::session) fn chunks(&mut self, now: Nanos) -> Vec<Asked> {
        if self.stage != Stage::Ready || self.must_look {
            return Vec::new();
        }
        let Some((id, chunks)) = self.uploads.front_mut().and_then(|upload| upload.window(now)) else { return Vec::new() };
        let to = self.addressee(true, Signature::None);
        chunks.into_iter().map(|chunk| Asked::new(id, Request::CalChunk(chunk), to, now)).collect()
    }

    /// Whether an answer about chunks comes from this card.
    pub(in crate::session) fn is_uploading_at(&self, address: MacAddress) -> bool {
        !self.uploads.is_empty() && self.known.as_ref().is_some_and(|known| known.address == address)
    }

    pub(super) fn uploaded(&mut self, step: UploadStep) -> Heard {
        let Some(module) = self.uploads.front().map(|run| run.upload().module) else { return Heard::Nothing };
        match step {
            UploadStep::GoesOn => Heard::Nothing,
            UploadStep::Done => {
                self.uploads.pop_front();
                Heard::Calibrated(module)
            }
            UploadStep::Failed(reason) => {
                self.uploads.pop_front();
                self.calibration.retain(|known| known.module != module);
                Heard::NotCalibrated(module, reason)
            }
        }
    }
}

//! A picture of the window itself, for documentation: taken once, then the window closes.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use egui::{ColorImage, Context, ScreenshotCallback, ViewportCommand};
use thiserror::Error;

/// When and where a picture of the window is saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Screenshot {
    /// The PNG file.
    pub file: PathBuf,
    /// How long after opening.
    pub after: Duration,
}

/// Why there is no picture of the window.
#[derive(Debug, Error)]
#[error("the picture of the window could not be saved as {}", .file.display())]
pub struct ScreenshotError {
    /// The file.
    pub file: PathBuf,
    /// Why.
    #[source]
    pub source: image::ImageError,
}

/// A picture that is to be taken.
pub(super) struct Shutter {
    wanted: Screenshot,
    result: SyncSender<Result<(), ScreenshotError>>,
    is_released: bool,
}

impl Shutter {
    /// A picture to take, and where its result arrives.
    pub(super) fn new(wanted: Screenshot) -> (Self, Receiver<Result<(), ScreenshotError>>) {
        let (result, arrives) = sync_channel(1);
        (Self { wanted, result, is_released: false }, arrives)
    }

    /// Takes the picture when its time has come; the window closes once it is saved.
    pub(super) fn pass(&mut self, context: &Context) {
        let open_for = Duration::from_secs_f64(context.input(|input| input.time).max(0.0));
        if self.is_released {
            return;
        }
        if let Some(left) = self.wanted.after.checked_sub(open_for).filter(|left| !left.is_zero()) {
            context.request_repaint_after(left);
            return;
        }
        self.is_released = true;
        let (file, result, closing) = (self.wanted.file.clone(), self.result.clone(), context.clone());
        let save = move |picture: Arc<ColorImage>| {
            // The receiver lives until the window has closed.
            let _received = result.try_send(save(&picture, &file));
            closing.send_viewport_cmd(ViewportCommand::Close);
            closing.request_repaint();
        };
        context.send_viewport_cmd(ViewportCommand::Screenshot(ScreenshotCallback::new(save)));
    }
}

fn save(picture: &ColorImage, file: &Path) -> Result<(), ScreenshotError> {
    let failed = |source| ScreenshotError { file: file.to_owned(), source };
    let side = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    let [width, height] = picture.size;
    let rgb: Vec<u8> = picture.pixels.iter().flat_map(|pixel| [pixel.r(), pixel.g(), pixel.b()]).collect();
    image::save_buffer(file, &rgb, side(width), side(height), image::ExtendedColorType::Rgb8).map_err(failed)
}

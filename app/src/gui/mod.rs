//! The window: a client of the control model like any other. It shows what the show says and asks for what is pressed; it
//! holds only view state, and closing it stops nothing.

mod display;
#[cfg(test)]
mod fake;
mod health;
mod history;
mod link;
mod log_line;
mod pages;
mod renderer;
mod screenshot;
#[cfg(test)]
mod tests;
mod text;
mod theme;
mod view_state;
mod widgets;

use std::sync::Arc;

use eframe::{CreationContext, NativeOptions};
use egui::ViewportBuilder;
use thiserror::Error;

pub use display::{Display, MissingLibrary, NoDisplay, probe};
pub use renderer::Renderer;
pub use screenshot::{Screenshot, ScreenshotError};

use self::link::{Link, Pump, Watcher};
use self::screenshot::Shutter;
use self::view_state::{Shown, ViewState};
use self::widgets::wall_view::WallTextures;
use crate::control::Client;
use crate::picture::WallFeed;

/// How the window opens.
#[derive(Debug, Clone, PartialEq)]
pub struct WindowOptions {
    /// Width and height in points.
    pub size: [f32; 2],
    /// What draws it.
    pub renderer: Renderer,
    /// A picture of the window to save; the window then closes.
    pub screenshot: Option<Screenshot>,
}

impl Default for WindowOptions {
    fn default() -> Self {
        Self { size: [1600.0, 1000.0], renderer: Renderer::Auto, screenshot: None }
    }
}

/// The smallest window in which everything has its place, in points.
const LEAST_SIZE: [f32; 2] = [1250.0, 720.0];

/// Why the window did not open or did not do its work.
#[derive(Debug, Error)]
pub enum WindowError {
    /// There is no display.
    #[error(transparent)]
    NoDisplay(#[from] NoDisplay),
    /// No renderer could draw.
    #[error("no window: {renderer} cannot draw on this display; install libgl1 and libegl1 (names of Debian and Ubuntu)")]
    NoRenderer {
        /// The last that was tried.
        renderer: &'static str,
        /// What it says.
        #[source]
        source: eframe::Error,
    },
    /// The picture of the window was not saved.
    #[error(transparent)]
    Screenshot(#[from] ScreenshotError),
}

/// Opens the window and returns when it is closed. Must be called from the main thread.
///
/// # Errors
/// When there is no display, when nothing can draw on it, or when a wanted screenshot cannot be saved.
#[expect(clippy::needless_pass_by_value, reason = "the window takes its share of the show for itself")]
pub fn run(client: Arc<dyn Client>, feed: Arc<dyn WallFeed>, options: WindowOptions) -> Result<(), WindowError> {
    let found = display::find()?;
    let mut result = Ok(());
    for renderer in options.renderer.candidates() {
        result = open(found.display, *renderer, (&client, &feed), &options);
        // Whatever a graphics card's driver cannot do, OpenGL may.
        if !matches!(result, Err(WindowError::NoRenderer { .. })) {
            break;
        }
    }
    result
}

fn open(
    display: Display,
    renderer: eframe::Renderer,
    (client, feed): (&Arc<dyn Client>, &Arc<dyn WallFeed>),
    options: &WindowOptions,
) -> Result<(), WindowError> {
    let (shutter, saved) = match options.screenshot.clone().map(Shutter::new) {
        Some((shutter, saved)) => (Some(shutter), Some(saved)),
        None => (None, None),
    };
    let (client, feed) = (Arc::clone(client), Arc::clone(feed));
    let creator = Box::new(move |context: &CreationContext<'_>| {
        let mut window = ControlWindow::new(&context.egui_ctx, client, feed)?;
        window.shutter = shutter;
        Ok(Box::new(window) as Box<dyn eframe::App>)
    });
    eframe::run_native("OCP-809", native_options(display, renderer, options), creator)
        .map_err(|source| WindowError::NoRenderer { renderer: name(renderer), source })?;
    match saved.and_then(|saved| saved.try_recv().ok()) {
        Some(result) => result.map_err(WindowError::from),
        None => Ok(()),
    }
}

const fn name(renderer: eframe::Renderer) -> &'static str {
    match renderer {
        eframe::Renderer::Wgpu => "wgpu",
        eframe::Renderer::Glow => "OpenGL",
    }
}

fn native_options(display: Display, renderer: eframe::Renderer, options: &WindowOptions) -> NativeOptions {
    NativeOptions {
        viewport: ViewportBuilder::default()
            .with_title("OCP-809")
            .with_app_id("ocp809")
            .with_inner_size(options.size)
            .with_min_inner_size(LEAST_SIZE),
        renderer,
        wgpu_options: options.renderer.wgpu_options(),
        centered: true,
        // The wall's codes are shown as they are, and a software renderer has better things to do.
        dithering: false,
        event_loop_builder: display::event_loop_hook(display),
        ..NativeOptions::default()
    }
}

/// The window as the event loop sees it.
struct ControlWindow {
    link: Link,
    feed: Arc<dyn WallFeed>,
    view: ViewState,
    textures: WallTextures,
    shutter: Option<Shutter>,
    /// Keeps the thread that asks for drawings alive; absent in tests, which draw by themselves.
    watcher: Option<Watcher>,
}

impl ControlWindow {
    /// A window that draws whenever something new is there to see.
    fn new(context: &egui::Context, client: Arc<dyn Client>, feed: Arc<dyn WallFeed>) -> std::io::Result<Self> {
        let (mut window, pump) = Self::unwatched(context, client, feed);
        window.watcher = Some(Watcher::start(pump, Arc::clone(&window.feed), context.clone())?);
        Ok(window)
    }

    /// A window that is drawn by hand; what comes in is pumped by hand.
    fn unwatched(context: &egui::Context, client: Arc<dyn Client>, feed: Arc<dyn WallFeed>) -> (Self, Pump) {
        theme::apply(context);
        let (link, pump) = Link::new(client);
        let (view, textures) = (ViewState::default(), WallTextures::default());
        (Self { link, feed, view, textures, shutter: None, watcher: None }, pump)
    }
}

impl ControlWindow {
    /// Takes in what came since the last drawing.
    fn take_in(&mut self, context: &egui::Context) {
        let now_s = context.input(|input| input.time);
        self.view.take_in(&self.link, &self.link.status(), now_s);
    }

    /// Acts on keys and draws.
    fn draw(&mut self, ui: &mut egui::Ui) {
        if let Some(picture) = self.feed.latest() {
            self.textures.update(ui.ctx(), &picture);
        }
        let (status, wall) = (self.link.status(), self.feed.wall());
        let health = self.view.history.health(&status);
        let before = self.view.history.before().cloned();
        let shown = Shown { status: &status, wall: &wall, health: &health, before: before.as_deref(), link: &self.link };
        pages::live::keys(ui.ctx(), &shown, &mut self.view);
        pages::live::show(ui, &shown, &mut self.view, &self.textures);
    }
}

impl eframe::App for ControlWindow {
    fn logic(&mut self, context: &egui::Context, _: &mut eframe::Frame) {
        self.take_in(context);
        if let Some(shutter) = &mut self.shutter {
            shutter.pass(context);
        }
    }

    fn raw_input_hook(&mut self, _: &egui::Context, input: &mut egui::RawInput) {
        if self.shutter.is_some() {
            // A pointer that happens to lie over the window has no business in its picture.
            input.events.retain(|event| !matches!(event, egui::Event::PointerMoved(_)));
        }
    }

    fn ui(&mut self, ui: &mut egui::Ui, _: &mut eframe::Frame) {
        self.draw(ui);
    }
}

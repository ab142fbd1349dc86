//! The wall as its cards show it, LED by LED, with what is known about it drawn over it on demand.

use egui::{
    Align2, Button, Color32, ColorImage, Context, CornerRadius, FontId, Key, Rect, Response, RichText, Role, Sense, Stroke,
    StrokeKind, TextureFilter, TextureHandle, TextureOptions, Ui, WidgetInfo, pos2, vec2,
};
use ocp809_sender::wall::Wall;

use super::wall_layout::{Projection, WallLayout};
use super::wall_overlay;
use crate::control::OutputMode;
use crate::gui::health::CardHealth;
use crate::gui::view_state::{Layers, Shown, ViewState, Viewport};
use crate::gui::{text, theme};
use crate::picture::{ScreenPicture, WallPicture};

/// Space between the wall and the edge of its place, in points.
const MARGIN: f32 = 28.0;

/// Names and keys of the layers.
const NUMBERS: (&str, Key) = ("Numbers", Key::O);
const CABLE: (&str, Key) = ("Cable", Key::C);
const HEALTH: (&str, Key) = ("Health", Key::H);

/// LEDs are squares, not clouds; seen from afar they melt together.
const SAMPLING: TextureOptions = TextureOptions {
    magnification: TextureFilter::Nearest,
    minification: TextureFilter::Linear,
    wrap_mode: egui::TextureWrapMode::ClampToEdge,
    mipmap_mode: None,
};

/// The newest picture as the window's renderer holds it.
#[derive(Default)]
pub(in crate::gui) struct WallTextures {
    generation: Option<u64>,
    screens: Vec<TextureHandle>,
}

impl WallTextures {
    /// Hands a picture to the renderer, unless it has it already.
    pub(in crate::gui) fn update(&mut self, context: &Context, picture: &WallPicture) {
        if self.generation == Some(picture.generation) {
            return;
        }
        self.generation = Some(picture.generation);
        let texture_side = context.input(|input| input.max_texture_side);
        self.screens.truncate(picture.screens.len());
        for (index, screen) in picture.screens.iter().enumerate() {
            let image = image_of(screen, texture_side);
            match self.screens.get_mut(index) {
                Some(texture) => texture.set(image, SAMPLING),
                None => self.screens.push(context.load_texture(format!("screen {index}"), image, SAMPLING)),
            }
        }
    }
}

/// A picture as the renderer takes it, thinned where it is larger than a texture can be.
fn image_of(picture: &ScreenPicture, largest: usize) -> ColorImage {
    let longest = picture.size().width.max(picture.size().height);
    let step = longest.div_ceil(u32::try_from(largest.max(1)).unwrap_or(u32::MAX));
    let image = |picture: &ScreenPicture| {
        let size = picture.size();
        ColorImage::from_rgb([size.width as usize, size.height as usize], picture.rgb())
    };
    if step > 1 { image(&picture.thinned(step)) } else { image(picture) }
}

/// Draws the wall's heading, its layer switches, and the wall.
pub(in crate::gui) fn show(ui: &mut Ui, shown: &Shown<'_>, view: &mut ViewState, textures: &WallTextures) {
    toolbar(ui, view);
    let place = ui.available_rect_before_wrap();
    let response = ui.allocate_rect(place, Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, description(shown)));
    navigate(ui, &response, view);

    let layout = WallLayout::of(shown.wall);
    let projection = layout.project(place.shrink(MARGIN), view.viewport, ui.pixels_per_point());
    point(&response, shown.wall, view, &projection);

    let painter = ui.painter_at(place);
    painter.rect_filled(place, CornerRadius::ZERO, theme::ABYSS);
    screens(&painter, shown.wall, textures, &projection);
    wall_overlay::paint(&painter, shown, view, &projection);
    if textures.screens.is_empty() {
        let font = FontId::proportional(theme::NUMBER);
        painter.text(place.center(), Align2::CENTER_CENTER, "Waiting for the first picture", font, theme::WEAK);
    }
    mode_tag(&painter, place, shown);
    let corner = place.left_bottom() + vec2(16.0, -8.0);
    let font = FontId::proportional(theme::CAPTION);
    painter.text(corner, Align2::LEFT_BOTTOM, size_words(shown.wall), font, theme::WEAK);
    if view.pointed.is_some() && response.hovered() {
        response.on_hover_ui_at_pointer(|ui| pointed(ui, shown, view));
    }
}

fn toolbar(ui: &mut Ui, view: &mut ViewState) {
    egui::Frame::new().inner_margin(egui::Margin::symmetric(16, 8)).show(ui, |ui| {
        super::heading(ui, "The wall, as its cards show it", |ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            let fit = ui.add_enabled(view.viewport != Viewport::default(), Button::new("Fit"));
            if fit.on_hover_text("The whole wall. Zoom with the wheel, move by dragging. Double click does the same.").clicked() {
                view.viewport = Viewport::default();
            }
            let Layers { cabinets, cable, health } = &mut view.layers;
            layer(ui, health, HEALTH, "The state of each card.");
            layer(ui, cable, CABLE, "The way of the cable from card to card, in its port's colour.");
            layer(ui, cabinets, NUMBERS, "Outlines and numbers of the cabinets.");
        });
    });
}

fn layer(ui: &mut Ui, is_on: &mut bool, (label, key): (&str, Key), help: &str) {
    let hint = RichText::new(key.name()).size(theme::CAPTION).color(if *is_on { theme::TEXT } else { theme::WEAK });
    let button = Button::selectable(*is_on, label).right_text(hint).frame_when_inactive(true);
    if ui.add(button).accessible_name(label).on_hover_text(help).clicked() {
        *is_on = !*is_on;
    }
}

/// Acts on the keys of the layers, unless text is being typed.
pub(in crate::gui) fn keys(context: &Context, layers: &mut Layers) {
    if context.text_edit_focused() {
        return;
    }
    context.input(|input| {
        let pressed = |key| input.modifiers.is_none() && input.key_pressed(key);
        layers.cabinets ^= pressed(NUMBERS.1);
        layers.cable ^= pressed(CABLE.1);
        layers.health ^= pressed(HEALTH.1);
    });
}

fn size_words(wall: &Wall) -> String {
    let sizes: Vec<String> = wall
        .screens()
        .iter()
        .map(|screen| format!("{} x {}, {} mm", screen.size.width, screen.size.height, screen.pitch_mm))
        .collect();
    format!("{}  ·  {}", sizes.join("  +  "), text::plural(wall.cabinets().len(), "cabinet"))
}

/// The wall for those who hear it.
fn description(shown: &Shown<'_>) -> String {
    let troubled = shown.health.iter().filter(|health| **health != CardHealth::Showing).count();
    let state = if troubled == 0 { "all cards show every frame".to_owned() } else { format!("{troubled} need a look") };
    format!("Wall {}: {}, {state}", shown.wall.name(), text::plural(shown.wall.cabinets().len(), "cabinet"))
}

fn navigate(ui: &Ui, response: &Response, view: &mut ViewState) {
    if response.double_clicked() {
        view.viewport = Viewport::default();
    }
    if response.dragged() {
        view.viewport.drag(response.drag_delta());
    }
    if let Some(pointer) = response.hover_pos() {
        let (wheel, pinch) = ui.input(|input| (input.smooth_scroll_delta().y, input.zoom_delta()));
        let factor = pinch * (wheel / 240.0).exp();
        if (factor - 1.0).abs() > f32::EPSILON {
            view.viewport.zoom_at(factor, pointer, response.rect.center());
        }
    }
}

/// Finds the cabinet under the pointer; a click selects it.
fn point(response: &Response, wall: &Wall, view: &mut ViewState, projection: &Projection<'_>) {
    let Some(pointer) = response.hover_pos() else { return };
    view.pointed = wall
        .cabinets()
        .iter()
        .position(|cabinet| projection.pixels(cabinet.screen.index(), cabinet.rect).is_some_and(|rect| rect.contains(pointer)));
    if response.clicked() {
        view.selected = if view.selected == view.pointed { None } else { view.pointed };
    }
}

fn screens(painter: &egui::Painter, wall: &Wall, textures: &WallTextures, projection: &Projection<'_>) {
    let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
    for index in 0..wall.screens().len() {
        let Some(rect) = projection.screen(index) else { continue };
        painter.rect_filled(rect, CornerRadius::ZERO, Color32::BLACK);
        if let Some(texture) = textures.screens.get(index) {
            painter.image(texture.id(), rect, whole, Color32::WHITE);
        }
        painter.rect_stroke(rect, CornerRadius::ZERO, Stroke::new(1.0, theme::LINE), StrokeKind::Outside);
    }
}

/// Says why the wall is dark or stands still, so that nobody has to guess.
fn mode_tag(painter: &egui::Painter, place: Rect, shown: &Shown<'_>) {
    let (words, color) = match shown.status.mode {
        OutputMode::Normal => return,
        OutputMode::BlackOut => ("BLACK OUT  ·  the cards stay fed  ·  N brings the picture back", theme::FAULT),
        OutputMode::Freeze => ("FREEZE  ·  the last picture stands still  ·  N lets it move", theme::ACCENT),
    };
    super::tag(painter, place.min + vec2(16.0, 8.0), words, (color, theme::ON_BRIGHT));
}

fn pointed(ui: &mut Ui, shown: &Shown<'_>, view: &ViewState) {
    let Some(index) = view.pointed else { return };
    let (Some(cabinet), Some(health)) = (shown.wall.cabinets().get(index), shown.health.get(index)) else { return };
    let port = shown.wall.port(cabinet.port).map(|port| text::port_name(port.id.as_str())).unwrap_or_default();
    ui.label(format!("Cabinet {}  ·  {port}, place {}", cabinet.id, u32::from(cabinet.place) + 1));
    ui.label(RichText::new(health.help()).color(theme::WEAK));
}

//! Latency and loss over the last half minute, one above the other over the same time.

use egui::{Align, Color32, FontId, Layout, RichText, Sense, Stroke, Ui, vec2};
use egui_plot::{AxisHints, GridMark, HLine, Line, Plot, PlotPoint, PlotPoints};

use crate::gui::history::{SPAN_S, Sample};
use crate::gui::theme;
use crate::gui::view_state::{Shown, ViewState};

/// One curve.
struct Curve {
    label: &'static str,
    color: Color32,
    value: fn(&Sample) -> f64,
}

const LATENCY: [Curve; 3] = [
    Curve { label: "p50", color: theme::ACCENT, value: |sample| f64::from(sample.last_packet.p50_us) / 1000.0 },
    Curve { label: "p99", color: theme::GOOD, value: |sample| f64::from(sample.last_packet.p99_us) / 1000.0 },
    Curve { label: "max", color: theme::WARN, value: |sample| f64::from(sample.last_packet.max_us) / 1000.0 },
];

const LOSS: [Curve; 2] = [
    Curve { label: "packets lost", color: theme::FAULT, value: |sample| sample.lost_per_s },
    Curve { label: "frames held", color: theme::WARN, value: |sample| sample.held_per_s },
];

/// One plot.
struct Figure {
    title: &'static str,
    curves: &'static [Curve],
    /// Decimals of the values in the title.
    decimals: usize,
    height: f32,
    /// A line across, where there is a limit: its name and value.
    limit: Option<(&'static str, f64)>,
    has_time_axis: bool,
}

/// Height of the time axis, in points.
const TIME_AXIS: f32 = 20.0;
/// Height of a title with its space, in points.
const TITLE: f32 = 24.0;

/// Draws both plots into this height.
pub(in crate::gui) fn show(ui: &mut Ui, shown: &Shown<'_>, view: &ViewState, height: f32) {
    ui.spacing_mut().item_spacing.y = 4.0;
    let room = ((height - TIME_AXIS) / 2.0 - TITLE).max(30.0);
    let rate_hz = shown.status.frames.rate_hz;
    let limit = (rate_hz > 0.0).then(|| ("one frame", 1000.0 / rate_hz));
    let latency = Figure { title: "Last packet, ms", curves: &LATENCY, decimals: 1, height: room, limit, has_time_axis: false };
    let loss = Figure {
        title: "Loss per second",
        curves: &LOSS,
        decimals: 0,
        height: room + TIME_AXIS,
        limit: None,
        has_time_axis: true,
    };
    for figure in [latency, loss] {
        title(ui, view, &figure);
        plot(ui, view, &figure);
    }
}

/// The title, and at its end the curves' names with their newest values.
fn title(ui: &mut Ui, view: &ViewState, figure: &Figure) {
    super::low_line(ui, TITLE - 8.0, |ui| {
        super::caption(ui, figure.title);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            for curve in figure.curves.iter().rev() {
                let value = view.history.newest().map_or(0.0, curve.value);
                let words = format!("{} {value:.*}", curve.label, figure.decimals);
                ui.label(RichText::new(words).size(theme::CAPTION).color(theme::TEXT));
                let (swatch, _) = ui.allocate_exact_size(vec2(12.0, 3.0), Sense::hover());
                ui.painter().rect_filled(swatch, 1.5, curve.color);
            }
        });
    });
}

fn plot(ui: &mut Ui, view: &ViewState, figure: &Figure) {
    let now_s = view.history.newest().map_or(0.0, |sample| sample.at_s);
    let response = empty_plot(figure).show(ui, |plot| {
        if let Some((name, value)) = figure.limit {
            plot.hline(HLine::new(name, value).stroke(Stroke::new(1.0, theme::WEAK)));
        }
        for curve in figure.curves {
            let point = |sample: &Sample| PlotPoint::new(sample.at_s - now_s, (curve.value)(sample));
            let points = view.history.samples().map(point).collect();
            plot.line(Line::new(curve.label, PlotPoints::Owned(points)).color(curve.color).width(1.6));
        }
    });
    response.response.accessible_name(format!("{}, over the last {SPAN_S} s", figure.title));
}

fn empty_plot(figure: &Figure) -> Plot<'static> {
    let font = FontId::proportional(11.0);
    let seconds = |mark: GridMark, _: &std::ops::RangeInclusive<f64>| {
        if mark.value.abs() < 0.5 { "now".to_owned() } else { format!("{:.0} s", mark.value) }
    };
    Plot::new(figure.title)
        .height(figure.height)
        .min_size(vec2(120.0, 30.0))
        .allow_zoom(false)
        .allow_drag(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .default_x_bounds(-SPAN_S, 0.0)
        .auto_bounds([false, true])
        .include_y(0.0)
        .include_y(figure.limit.map_or(5.0, |(_, value)| value))
        .set_margin_fraction(vec2(0.0, 0.08))
        .show_background(false)
        .show_axes([figure.has_time_axis, true])
        .grid_color(theme::LINE)
        .custom_y_axes(vec![AxisHints::new_y().min_thickness(34.0).tick_label_font(font.clone()).tick_label_color(theme::WEAK)])
        .custom_x_axes(vec![AxisHints::new_x().formatter(seconds).tick_label_font(font).tick_label_color(theme::WEAK)])
}

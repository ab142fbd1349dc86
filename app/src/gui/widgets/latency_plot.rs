//! Latency and loss over the last half minute.

use egui::{Color32, Stroke, Ui, vec2};
use egui_plot::{AxisHints, HLine, Legend, Line, Plot, PlotPoint, PlotPoints};

use crate::gui::history::{SPAN_S, Sample};
use crate::gui::theme;
use crate::gui::view_state::{Shown, ViewState};

/// Draws both plots, one above the other, over the same time.
pub(in crate::gui) fn show(ui: &mut Ui, shown: &Shown<'_>, view: &ViewState) {
    let height = (ui.available_height() - 44.0) / 2.0;
    let rate_hz = shown.status.frames.rate_hz;
    let period_ms = if rate_hz > 0.0 { Some(1000.0 / rate_hz) } else { None };
    super::caption(ui, "Latency to the last packet, ms");
    plot(ui, view, "latency", height, period_ms, |sample| {
        [
            ("p50", theme::ACCENT, f64::from(sample.last_packet.p50_us) / 1000.0),
            ("p99", theme::GOOD, f64::from(sample.last_packet.p99_us) / 1000.0),
            ("max", theme::WARN, f64::from(sample.last_packet.max_us) / 1000.0),
        ]
    });
    super::caption(ui, "Per second, all cards");
    plot(ui, view, "loss", height, None, |sample| {
        [
            ("packets lost", theme::FAULT, sample.lost_per_s),
            ("frames held", theme::WARN, sample.held_per_s),
        ]
    });
}

fn plot<const LINES: usize>(
    ui: &mut Ui,
    view: &ViewState,
    name: &str,
    height: f32,
    limit: Option<f64>,
    values: impl Fn(&Sample) -> [(&'static str, Color32, f64); LINES],
) {
    let now_s = view.history.newest().map_or(0.0, |sample| sample.at_s);
    let mut lines: [(&str, Color32, Vec<PlotPoint>); LINES] = [const { ("", Color32::WHITE, Vec::new()) }; LINES];
    for sample in view.history.samples() {
        for (line, (label, color, value)) in lines.iter_mut().zip(values(sample)) {
            (line.0, line.1) = (label, color);
            line.2.push(PlotPoint::new(sample.at_s - now_s, value));
        }
    }
    let response = empty_plot(name, height).show(ui, |plot| {
        if let Some(limit) = limit {
            plot.hline(HLine::new("one frame", limit).stroke(Stroke::new(1.0, theme::WEAK)));
        }
        for (label, color, points) in lines {
            plot.line(Line::new(label, PlotPoints::Owned(points)).color(color).width(1.6));
        }
    });
    response.response.accessible_name(format!("Plot of {name} over the last {SPAN_S} s"));
}

fn empty_plot(name: &str, height: f32) -> Plot<'static> {
    Plot::new(name.to_owned())
        .height(height.max(40.0))
        .min_size(vec2(120.0, 40.0))
        .allow_zoom(false)
        .allow_drag(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .default_x_bounds(-SPAN_S, 0.0)
        .auto_bounds([false, true])
        .include_y(0.0)
        .include_y(1.0)
        .set_margin_fraction(vec2(0.0, 0.08))
        .show_background(false)
        .grid_color(theme::LINE)
        .legend(Legend::default().position(egui_plot::Corner::LeftTop).background_alpha(0.0).follow_insertion_order(true))
        .custom_y_axes(vec![AxisHints::new_y().min_thickness(36.0)])
        .custom_x_axes(vec![AxisHints::new_x().formatter(|mark, _| format!("{:.0} s", mark.value))])
}

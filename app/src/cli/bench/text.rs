//! A report as people read it.

use ocp809_sender::geometry::PixelSize;

use super::table::Table;
use crate::bench::{
    BenchReport, Calibration, GrowthReport, Input, LatchReport, LatencyReport, Machine, Order, PixelPathReport, Quantiles, Ratio,
    Spread, TransmitReport, Uhd60Report, UploadReport, WireReport, Work,
};

/// Everything that was measured.
pub(super) fn text(report: &BenchReport) -> String {
    let (rounds, seconds) = (report.rounds, report.seconds);
    let how = format!("{rounds} rounds in turn, {seconds} s for each part; figures are medians [smallest-largest]\n");
    let mut text = machine(&report.machine) + &how;
    let parts = [
        report.pixel_path.as_ref().map(pixel_path),
        report.growth.as_ref().map(growth),
        report.wire.as_ref().map(wire),
        report.latch.as_ref().map(latch),
        report.latency.as_ref().map(latency),
        report.upload.as_ref().map(upload),
        report.transmit.as_ref().map(transmit),
        report.uhd60.as_ref().map(uhd60),
    ];
    text.extend(parts.into_iter().flatten().map(|part| format!("\n{part}")));
    if !report.left_out.is_empty() {
        text += "\nLeft out\n";
    }
    text.extend(report.left_out.iter().map(|left| format!("  {}: {}\n", name(left.part), left.why)));
    text
}

fn name(part: crate::bench::Part) -> String {
    let value = clap::ValueEnum::to_possible_value(&part);
    value.map(|value| value.get_name().to_owned()).unwrap_or_default()
}

fn machine(machine: &Machine) -> String {
    let Machine { processor, cores, memory_bytes, kernel, vectors, version, date, load } = machine;
    let [one, five, fifteen] = load;
    format!(
        "ocp809 {version}, {date}\n{processor}, {cores} cores, {} of memory, kernel {kernel}\nvectors {}; load {one} {five} {fifteen}\n",
        bytes(*memory_bytes),
        vectors.join(", ")
    )
}

fn pixel_path(report: &PixelPathReport) -> String {
    let mut table =
        Table::new(2, &["frame", "by", "threads", "ms", "CPU ms", "Mpix/s", "Mpix/s per core", "bytes/px", "% of copy"]);
    for row in &report.rows {
        let cells: [&dyn std::fmt::Display; 9] = [
            &work(row.work),
            &row.device,
            &row.threads,
            &spread(row.wall_ms, 2),
            &spread(row.cpu_ms, 2),
            &whole(row.mpix_s),
            &whole(row.mpix_s_core),
            &format!("{:.1}", row.bytes_per_pixel),
            &whole(row.copy_share_percent),
        ];
        table.line(&cells);
    }
    let mut copies = Table::new(1, &["copy of memory beside", "threads", "GB/s copied"]);
    for copy in &report.copies {
        copies.line(&[&size(copy.beside), &copy.threads, &spread(copy.gb_s, 2)]);
    }
    format!(
        "Pixel path: a picture in memory to packets in memory\n{}{}{}  % of copy: bytes that must move (source, 12 bytes of matrix \
         per calibrated pixel, payload twice) over those that a copy reads and writes\n",
        table.text(),
        copies.text(),
        ratios(&report.ratios)
    )
}

/// What a work differs in from the plainest one.
fn work(work: Work) -> String {
    let Work { size: pixels, input, output_bits, linear, calibration, lut3d, order } = work;
    let correction = match calibration {
        Calibration::None => "uncalibrated",
        Calibration::Module => "per module",
        Calibration::ModuleLowGrey => "per module, low grey",
        Calibration::Pixel => "per pixel",
    };
    let source = match input {
        Input::Rgba8 => "",
        Input::Yuv420 => ", from 4:2:0",
        Input::Yuv444p10 => ", from 10-bit 4:4:4",
    };
    let lut = if lut3d { ", 3D table" } else { "" };
    let law = if linear { ", linear" } else { "" };
    let bits = if output_bits == 8 { String::new() } else { format!(", {output_bits} bits out") };
    let packets = if order == Order::Raster { ", raster order" } else { "" };
    format!("{} {correction}{source}{lut}{law}{bits}{packets}", size(pixels))
}

fn growth(report: &GrowthReport) -> String {
    let mut table = Table::new(2, &["size", "correction", "threads", "ms", "ns/px", "picture", "packets", "whole process"]);
    for row in &report.rows {
        let correction = if row.calibration == Calibration::Pixel { "per pixel" } else { "per module" };
        let cells: [&dyn std::fmt::Display; 8] = [
            &size(row.size),
            &correction,
            &row.threads,
            &spread(row.wall_ms, 3),
            &spread(row.ns_per_pixel, 2),
            &bytes(row.source_bytes),
            &bytes(row.packet_bytes),
            &bytes(row.resident_bytes),
        ];
        table.line(&cells);
    }
    format!("Growth: a frame's time and memory with the wall\n{}", table.text())
}

fn wire(report: &WireReport) -> String {
    let mut counted =
        Table::new(0, &["bits", "px at 60 Hz", "px sent", "packets", "bytes on the wire", "% of link", "paced over us"]);
    for row in report.rows.iter().filter(|row| (row.rate_hz - 60.0).abs() < 1e-9) {
        let cells: [&dyn std::fmt::Display; 7] = [
            &row.bits,
            &row.capacity,
            &row.sent_pixels,
            &row.packets,
            &row.wire_bytes,
            &format!("{:.2}", row.load_percent),
            &whole(row.paced_us),
        ];
        counted.line(&cells);
    }
    let mut all = Table::new(0, &["Hz", "bits", "px per port", "% of link when sent"]);
    for row in &report.rows {
        all.line(&[&format!("{:.3}", row.rate_hz), &row.bits, &row.capacity, &format!("{:.2}", row.load_percent)]);
    }
    let sent = "Wire: a gigabit port at MTU 1500, counted at the far end of a cable in memory";
    format!("{sent}\n{}{}", counted.text(), all.text())
}

fn latch(report: &LatchReport) -> String {
    let mut table = Table::new(2, &["waiting", "real time", "Hz", "late us p50/p99/max", "interval jitter us p50/p99/max"]);
    for row in &report.rows {
        let real_time = if row.real_time { "yes" } else { "no" };
        table.line(&[&row.way, &real_time, &row.rate, &quantiles(row.late), &quantiles(row.interval_jitter)]);
    }
    format!("Latch: how evenly deadlines are met\n{}{}", table.text(), ratios(&report.ratios))
}

fn latency(report: &LatencyReport) -> String {
    let heading =
        ["cable", "sent by", "threads", "first packet", "last packet", "latch sent", "latch at the card", "frames", "lost"];
    let mut table = Table::new(2, &heading);
    for row in &report.rows {
        let cells: [&dyn std::fmt::Display; 9] = [
            &row.cable,
            &row.sent_by,
            &row.threads,
            &quantiles(row.first_packet),
            &quantiles(row.last_packet),
            &quantiles(row.latch_sent),
            &quantiles(row.latch_at_card),
            &row.frames,
            &row.frames_lost,
        ];
        table.line(&cells);
    }
    format!("Latency: us from a picture in memory, 1920x1080 at 60 Hz in one burst, p50/p99/max\n{}", table.text())
}

fn upload(report: &UploadReport) -> String {
    let mut table = Table::new(3, &["cable", "card", "link", "loss %", "bytes", "s", "kB/s", "packets"]);
    for row in &report.rows {
        let link = if row.beside_stream { "beside a stream" } else { "idle" };
        let cells: [&dyn std::fmt::Display; 8] = [
            &row.cable,
            &size(row.card),
            &link,
            &row.loss_percent,
            &row.bytes,
            &format!("{:.2}", row.seconds),
            &whole(row.bytes_per_s / 1e3),
            &row.packets,
        ];
        table.line(&cells);
    }
    format!("Upload: coefficients of 18 bytes per pixel into a virtual card on a gigabit link\n{}", table.text())
}

fn transmit(report: &TransmitReport) -> String {
    let mut table = Table::new(2, &["way", "device", "bytes", "CPU ns/packet", "ns/packet", "Gbit/s", "calls/packet"]);
    for row in &report.rows {
        let counted = row.calls_per_packet.map_or_else(|| "-".to_owned(), |calls| format!("{calls:.4}"));
        let cells: [&dyn std::fmt::Display; 7] = [
            &row.way,
            &row.device,
            &row.packet_bytes,
            &spread(row.cpu_ns, 0),
            &spread(row.wall_ns, 0),
            &format!("{:.2}", row.gbit_s),
            &counted,
        ];
        table.line(&cells);
    }
    let mut proofs = Table::new(1, &["over a cable at a steady rate", "packets/s", "sent", "lost", "corrupt"]);
    for row in &report.proofs {
        proofs.line(&[&row.way, &row.rate, &row.sent, &row.lost, &row.corrupt]);
    }
    format!(
        "Transmit: packets in memory to a device\n{}{}{}  calls counted {}\n",
        table.text(),
        proofs.text(),
        ratios(&report.ratios),
        report.calls_counted
    )
}

fn uhd60(report: &Uhd60Report) -> String {
    let Uhd60Report { sent_by, threads, ports, packets, seconds, due, in_time, late, missed, reached_hz, frame_time, busy_cores } =
        report;
    format!(
        "4K at 60 Hz, per pixel, {threads} threads, {ports} ports of {sent_by} into null devices, {packets} packets of up to 9000 bytes\n  \
         {reached_hz:.2} Hz over {seconds:.1} s: of {due} frames {in_time} in time, {late} late, {missed} missed\n  \
         frame us p50/p99/max {}; {busy_cores:.2} cores busy\n",
        quantiles(*frame_time)
    )
}

fn ratios(ratios: &[Ratio]) -> String {
    if ratios.is_empty() {
        return String::new();
    }
    let mut table = Table::new(1, &["ratio, round by round", "value", "goal"]);
    for ratio in ratios {
        let goal = ratio.at_least.map_or_else(|| "-".to_owned(), |goal| format!(">= {goal}"));
        table.line(&[&ratio.name, &spread(ratio.value, 2), &goal]);
    }
    table.text()
}

fn spread(spread: Spread, digits: usize) -> String {
    let Spread { min, median, max, .. } = spread;
    format!("{median:.digits$} [{min:.digits$}-{max:.digits$}]")
}

fn quantiles(quantiles: Quantiles) -> String {
    let Quantiles { p50_us, p99_us, max_us, .. } = quantiles;
    format!("{p50_us:.0}/{p99_us:.0}/{max_us:.0}")
}

fn size(size: PixelSize) -> String {
    format!("{}x{}", size.width, size.height)
}

fn whole(number: f64) -> String {
    format!("{number:.0}")
}

#[expect(clippy::cast_precision_loss, reason = "a size for display")]
fn bytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

//! What is measured of the running chain: at its far end, by the sender itself, and by the system.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use ocp809_app::control::status::{LatencyStatus, Status};
use ocp809_sender::time::{Clock, SystemClock};
use ocp809_tests::PortCounts;

use super::rig::Rig;

/// The sender's latencies are those of windows of five seconds.
const WINDOW: Duration = Duration::from_secs(5);

/// Ticks per second of the times in /proc (`USER_HZ`, the same on every Linux).
const TICKS: f64 = 100.0;

/// The figures of one run.
pub(super) struct Figures {
    seconds: f64,
    /// What the far end saw.
    pub(super) ports: BTreeMap<String, PortCounts>,
    /// Frames that the sender sent.
    sent: u64,
    /// Frames that it left out.
    pub(super) dropped: u64,
    /// Frames that repeated the picture before.
    repeated: u64,
    /// Pictures that no frame showed.
    pub(super) skipped: u64,
    /// Latencies of the worst window.
    pub(super) first_packet: LatencyStatus,
    last_packet: LatencyStatus,
    /// Share of one core that the sender used, in percent: in its own code, in the kernel.
    sender_cpu: [f64; 2],
    /// Share of the whole machine that was busy, in percent.
    machine_busy: f64,
    /// Most memory that the sender ever held, in KiB.
    peak_rss_kib: u64,
    load: String,
}

impl Figures {
    /// Measures for `duration`.
    pub(super) fn of(rig: &mut Rig, duration: Duration) -> Self {
        let clock = SystemClock::new();
        let (before, process, machine, started) = (status(rig), process_times(rig), machine_times(), clock.now());
        let elapsed = || Duration::from_nanos(clock.now().since(started));
        rig.far_end_counts();
        let (mut first_packet, mut last_packet) = (LatencyStatus::default(), LatencyStatus::default());
        let mut after = before.clone();
        while elapsed() < duration {
            std::thread::sleep(WINDOW.min(duration.saturating_sub(elapsed())));
            after = status(rig);
            worse(&mut first_packet, after.frames.first_packet);
            worse(&mut last_packet, after.frames.last_packet);
        }
        let ports = rig.far_end_counts();
        let seconds = elapsed().as_secs_f64();
        let (process_after, machine_after) = (process_times(rig), machine_times());
        let share = |index: usize| {
            let ticks = |times: [u64; 2]| times.get(index).copied().unwrap_or(0);
            ratio(ticks(process_after) - ticks(process), 1) / TICKS / seconds * 100.0
        };
        let [all, idle] = [machine_after[0] - machine[0], machine_after[1] - machine[1]];
        Self {
            seconds,
            ports,
            sent: after.frames.sent - before.frames.sent,
            dropped: after.frames.dropped - before.frames.dropped,
            repeated: after.frames.repeated - before.frames.repeated,
            skipped: after.frames.skipped - before.frames.skipped,
            first_packet,
            last_packet,
            sender_cpu: [share(0), share(1)],
            machine_busy: 100.0 - ratio(idle, all) * 100.0,
            peak_rss_kib: peak_rss_kib(rig),
            load: std::fs::read_to_string("/proc/loadavg").unwrap_or_default().trim().to_owned(),
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seconds, ports, sent, dropped, repeated, skipped, first_packet, last_packet, .. } = self;
        writeln!(f, "1920x1080 at 60 Hz, Y4M pipe, CPU path, four AF_PACKET ports, {seconds:.1} s")?;
        writeln!(f, "  sender: {sent} frames sent, {dropped} left out; {repeated} pictures repeated, {skipped} skipped")?;
        for (port, counts) in ports {
            let PortCounts { whole, lost, short, wrong, bad_crc, malformed, packets, kernel_drops } = counts;
            writeln!(
                f,
                "  {port}: {whole} frames whole, {lost} lost, {short} short, {wrong} wrong; {packets} packets, {bad_crc} with a bad \
                 CRC, {malformed} malformed, {kernel_drops} dropped in front of the receiver"
            )?;
        }
        for (name, latency) in [("first", first_packet), ("last", last_packet)] {
            let LatencyStatus { p50_us, p99_us, max_us } = latency;
            writeln!(f, "  picture in memory to {name} packet: p50 {p50_us} us, p99 {p99_us} us, max {max_us} us (worst 5 s)")?;
        }
        let [user, kernel] = self.sender_cpu;
        writeln!(f, "  sender: {user:.0} % + {kernel:.0} % (kernel) of one core, peak RSS {} KiB", self.peak_rss_kib)?;
        write!(f, "  machine: {:.0} % busy, load {}", self.machine_busy, self.load)
    }
}

fn status(rig: &Rig) -> Status {
    serde_json::from_value(rig.status()).expect("the status of the same version")
}

/// Keeps the worst of all windows.
fn worse(worst: &mut LatencyStatus, new: LatencyStatus) {
    worst.p50_us = worst.p50_us.max(new.p50_us);
    worst.p99_us = worst.p99_us.max(new.p99_us);
    worst.max_us = worst.max_us.max(new.max_us);
}

/// Ticks that the sender has spent in its own code and in the kernel (proc(5), fields 14 and 15 of stat).
fn process_times(rig: &Rig) -> [u64; 2] {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", rig.sender_id())).expect("the sender runs");
    let (_, fields) = stat.rsplit_once(')').expect("a name in brackets");
    let field = |index: usize| fields.split_whitespace().nth(index).and_then(|ticks| ticks.parse().ok()).expect("a number");
    [field(11), field(12)]
}

/// Ticks of all cores, and those of them that were idle.
fn machine_times() -> [u64; 2] {
    let stat = std::fs::read_to_string("/proc/stat").expect("Linux");
    let line = stat.lines().next().expect("the sum of all cores");
    let ticks: Vec<u64> = line.split_whitespace().skip(1).take(8).filter_map(|ticks| ticks.parse().ok()).collect();
    [ticks.iter().sum(), ticks.iter().skip(3).take(2).sum()]
}

fn peak_rss_kib(rig: &Rig) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", rig.sender_id())).expect("the sender runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a process with memory");
    line.split_whitespace().next().and_then(|kib| kib.parse().ok()).expect("a number")
}

#[expect(clippy::cast_precision_loss, reason = "ticks of minutes")]
fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64
}

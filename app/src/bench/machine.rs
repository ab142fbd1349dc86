//! The machine that figures were measured on, as it says itself.

use std::fs;
use std::num::NonZeroUsize;
use std::time::{SystemTime, UNIX_EPOCH};

use ocp809_shaders::Vectors;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a figure means nothing without.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Machine {
    /// The processor's name.
    pub processor: String,
    /// Threads that it runs at once, as far as this process may use them.
    pub cores: usize,
    /// Main memory in bytes; 0 where the system does not say.
    pub memory_bytes: u64,
    /// The kernel's release.
    pub kernel: String,
    /// Vector instructions that the pixel path can use here, the widest first.
    pub vectors: Vec<String>,
    /// Version of this program.
    pub version: String,
    /// When measuring began, UTC, as 2026-11-27T18:00:00Z.
    pub date: String,
    /// Runnable threads as a mean over 1, 5 and 15 minutes when measuring began: others of a machine that is not quiet
    /// spoil every figure.
    pub load: [f64; 3],
}

impl Machine {
    /// This machine, now.
    #[must_use]
    pub fn here() -> Self {
        let read = |file: &str| fs::read_to_string(file).unwrap_or_default();
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Self {
            processor: entry(&read("/proc/cpuinfo"), "model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
            cores: std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
            memory_bytes: entry(&read("/proc/meminfo"), "MemTotal").and_then(|text| kilobytes(&text)).unwrap_or(0),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            vectors: Vectors::available().iter().map(|vectors| format!("{vectors:?}")).collect(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            date: date(seconds),
            load: load(&read("/proc/loadavg")),
        }
    }
}

/// Memory of this process that is in use, in bytes; 0 where the system does not say.
pub(super) fn resident_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    entry(&status, "VmRSS").and_then(|text| kilobytes(&text)).unwrap_or(0)
}

/// The value of a `key : value` line.
fn entry(text: &str, key: &str) -> Option<String> {
    let line = text.lines().find(|line| line.split(':').next().is_some_and(|name| name.trim() == key))?;
    line.split_once(':').map(|(_, value)| value.trim().to_owned())
}

/// `1234 kB` in bytes.
fn kilobytes(text: &str) -> Option<u64> {
    text.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
}

fn load(text: &str) -> [f64; 3] {
    let mut numbers = text.split_whitespace().map(|word| word.parse().unwrap_or(0.0));
    [0; 3].map(|_| numbers.next().unwrap_or(0.0))
}

/// Seconds since 1970 as a date of the Gregorian calendar (days counted in years that begin in March, so that a leap day is
/// a year's last).
fn date(seconds: u64) -> String {
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let day = days + 719_468;
    let (era, day) = (day / 146_097, day % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let year = year + era * 400 + next;
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", second / 3_600, second / 60 % 60, second % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_251_199, "2024-02-29T23:59:59Z"),
            (1_709_251_200, "2024-03-01T00:00:00Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(date(seconds), expected);
        }
    }

    #[test]
    fn the_kernels_tables_are_read() {
        let table = "processor\t: 0\nmodel name\t: Some: CPU\nMemTotal:   2048 kB\n";
        assert_eq!(entry(table, "model name").as_deref(), Some("Some: CPU"));
        assert_eq!(entry(table, "MemTotal").and_then(|text| kilobytes(&text)), Some(2_097_152));
        assert_eq!(entry(table, "model"), None, "names are whole");
        assert_eq!(format!("{:?}", load("0.25 1.5 2 1/99 3537")), "[0.25, 1.5, 2.0]");
        assert_eq!(format!("{:?}", load("")), "[0.0, 0.0, 0.0]");
    }

    #[test]
    fn this_machine_knows_itself() {
        let here = Machine::here();
        assert!(here.cores > 0 && !here.kernel.is_empty() && here.memory_bytes > 1 << 20, "{here:?}");
        assert_eq!(here.vectors.last().map(String::as_str), Some("Baseline"), "{here:?}");
        let resident = resident_bytes();
        assert!(resident > 1 << 20 && resident < here.memory_bytes, "{resident}");
    }
}

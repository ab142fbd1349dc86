//! Numbers as people read them: grouped thousands, milliseconds, fixed decimals, so that columns stand still.

use core::fmt::Write as _;

/// Between groups of three digits.
const THIN_SPACE: char = '\u{2009}';

/// A count with its thousands set apart: 1 234 567.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(THIN_SPACE);
        }
        text.push(digit);
    }
    text
}

/// Microseconds as milliseconds with two decimals.
pub(super) fn milliseconds(us: u32) -> String {
    format!("{:.2}", f64::from(us) / 1000.0)
}

/// A percentage with one decimal.
pub(super) fn percent(value: f64) -> String {
    format!("{value:.1} %")
}

/// A small percentage with as many decimals as it needs to be seen.
pub(super) fn fine_percent(value: f64) -> String {
    if value > 0.0 && value < 0.1 { format!("{value:.3} %") } else { format!("{value:.2} %") }
}

/// A span of time as hours, minutes and seconds.
pub(super) fn span(ns: u64) -> String {
    let seconds = ns / 1_000_000_000;
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    let mut text = String::new();
    if hours > 0 {
        // Writing to a String cannot fail.
        let _infallible = write!(text, "{hours}:");
    }
    let _infallible = write!(text, "{minutes:02}:{:02}", seconds % 60);
    text
}

/// A link's speed.
pub(super) fn link_rate(rate_mbit: u32) -> String {
    if rate_mbit >= 1000 { format!("{} Gbit/s", f64::from(rate_mbit) / 1000.0) } else { format!("{rate_mbit} Mbit/s") }
}

/// A port by name: many are called `port 1` already.
pub(super) fn port_name(id: &str) -> String {
    if id.to_ascii_lowercase().starts_with("port") { id.to_owned() } else { format!("port {id}") }
}

/// `1 cabinet`, `4 cabinets`.
pub(super) fn plural(number: usize, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart_from_the_right() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_234_567), "1\u{2009}234\u{2009}567");
    }

    #[test]
    fn spans_read_like_a_clock() {
        assert_eq!(span(0), "00:00");
        assert_eq!(span(61_900_000_000), "01:01");
        assert_eq!(span(3_723_000_000_000), "1:02:03");
    }

    #[test]
    fn speeds_are_named_by_their_usual_unit() {
        assert_eq!(link_rate(100), "100 Mbit/s");
        assert_eq!(link_rate(2500), "2.5 Gbit/s");
    }
}

//! Any Ethernet frame as text: one line that says what it is, and with `{:#}` every field below it, indented.
//!
//! For `inspect`, traces and fuzzing: it accepts any bytes and reads whatever the parsers can read.

mod colorlight;
mod ocp809;

use core::fmt;

use super::colorlight::is_colorlight;
use super::ethernet::{EtherType, EthernetFrame};

/// A frame that can be shown.
#[derive(Debug, Clone, Copy)]
pub struct Print<'a> {
    frame: &'a [u8],
}

impl<'a> Print<'a> {
    /// Shows `frame`, a whole Ethernet frame without its FCS.
    #[must_use]
    pub const fn new(frame: &'a [u8]) -> Self {
        Self { frame }
    }
}

impl fmt::Display for Print<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Colorlight has no Ethernet type: its cards' address decides first.
        if is_colorlight(self.frame) {
            return colorlight::print(self.frame, f);
        }
        match EthernetFrame::new_checked(self.frame) {
            Ok(frame) => print_frame(&frame, self.frame.len(), f),
            Err(error) => write!(f, "{} bytes: {error}", self.frame.len()),
        }
    }
}

fn print_frame(frame: &EthernetFrame<'_>, length: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let header = frame.header();
    write!(f, "{} > {} ", header.source, header.destination)?;
    match header.ethertype {
        EtherType::OCP809_STREAM => ocp809::print_stream(frame, f),
        EtherType::OCP809_CONTROL => ocp809::print_control(frame, f),
        EtherType(other) => write!(f, "Ethernet type {other:#06x}, {length} bytes"),
    }?;
    match header.tag {
        Some(tag) if f.alternate() => field(f, "802.1Q tag", format_args!("{tag:#06x}")),
        _ => Ok(()),
    }
}

/// Writes one line of a field list.
fn field(f: &mut fmt::Formatter<'_>, name: &str, value: fmt::Arguments<'_>) -> fmt::Result {
    write!(f, "\n    {name:<26}{value}")
}

/// Writes the first bytes of a payload.
fn bytes(f: &mut fmt::Formatter<'_>, name: &str, payload: &[u8]) -> fmt::Result {
    const SHOWN: usize = 24;
    write!(f, "\n    {name:<26}{} bytes", payload.len())?;
    payload.iter().take(SHOWN).try_for_each(|byte| write!(f, " {byte:02x}"))?;
    f.write_str(if payload.len() > SHOWN { " .." } else { "" })
}

#[cfg(test)]
mod tests;

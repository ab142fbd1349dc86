//! What `run`, `send`, `emulate` and `discover` are asked to do, once the command line was read.

use std::path::PathBuf;

use crate::config::GpuChoice;
use crate::control::{PropertyPath, Value};

/// Which interface feeds a port, as people name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InterfaceChoice {
    /// The port's id; `None`: the wall's only port.
    pub port: Option<String>,
    /// The interface's present name.
    pub interface: String,
}

/// The headless main job.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// A wall.toml or a show.toml.
    pub document: PathBuf,
    /// The source to start with; `None` goes on with the saved one.
    pub source: Option<String>,
    /// Interfaces named on the command line, in front of those of machine.toml.
    pub interfaces: Vec<InterfaceChoice>,
    /// Interfaces at the far ends of loops, likewise.
    pub tails: Vec<InterfaceChoice>,
    /// The interfaces may be used although somebody's network may hang on them.
    pub confirm: bool,
    /// A missing interface, card or source ends the run instead of raising an alarm.
    pub strict: bool,
    /// Another sender may be pushed from the wall.
    pub take_over: bool,
    /// Values to set at the start.
    pub settings: Vec<(PropertyPath, Value)>,
    /// Where pixels are computed; `None` is what machine.toml says.
    pub gpu: Option<GpuChoice>,
}

/// Where `send` sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendTarget {
    /// `pcap:FILE`: a capture.
    Pcap(PathBuf),
    /// `if:NAME` or `if:PORT=NAME,..`: real interfaces.
    Interfaces(Vec<InterfaceChoice>),
    /// `virtual` or `virtual:PNG`: virtual cards, and the picture that they show in the end.
    Virtual(Option<PathBuf>),
}

/// A given number of frames.
#[derive(Debug, Clone)]
pub struct SendOptions {
    /// A wall.toml or a show.toml.
    pub document: PathBuf,
    /// The source.
    pub source: String,
    /// How many wall frames.
    pub frames: u64,
    /// Where to.
    pub target: SendTarget,
    /// As in [`RunOptions::confirm`].
    pub confirm: bool,
    /// Values to set at the start.
    pub settings: Vec<(PropertyPath, Value)>,
}

/// Virtual cards on real interfaces.
#[derive(Debug, Clone)]
pub struct EmulateOptions {
    /// The wall whose cards are played.
    pub wall: PathBuf,
    /// Interfaces that the cards listen on.
    pub interfaces: Vec<InterfaceChoice>,
    /// The interface of a loop's far end.
    pub tails: Vec<InterfaceChoice>,
    /// A picture of what the cards show, written once per second and at the end.
    pub out: Option<PathBuf>,
    /// Ends after this many seconds; `None` runs until it is interrupted.
    pub seconds: Option<f64>,
    /// As bare as from the factory instead of configured for the wall.
    pub bare: bool,
}

/// Who answers on an interface.
#[derive(Debug, Clone)]
pub struct DiscoverOptions {
    /// The interfaces; empty asks on all that have a cable and no concern.
    pub interfaces: Vec<String>,
    /// As in [`RunOptions::confirm`].
    pub confirm: bool,
    /// How long answers are waited for, in milliseconds.
    pub wait_ms: u32,
}

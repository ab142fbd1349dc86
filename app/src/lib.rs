//! OCP-809: the LED wall sender as a library, so that the binary is tiny and tests can call everything.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::missing_assert_message,
        reason = "tests fail by panicking"
    )
)]

pub mod bench;
pub mod capture;
pub mod cli;
pub mod config;
pub mod control;
pub mod demo;
pub mod engine;
pub mod error;
#[doc(hidden)]
pub mod fuzz;
pub mod gui;
pub mod logging;
pub mod picture;
pub mod picture_file;
pub mod pixel_path;
pub mod readers;
pub mod run;
pub mod signals;
pub mod virtual_host;
pub mod virtual_show;

use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::process::ExitCode;

use cli::Console;
use config::Paths;

/// The program: what `main` calls with the words of its command line.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let (mut out, mut err) = (io::stdout(), io::stderr());
    let mut console = Console::new(&mut out, &mut err, Paths::of_this_user());
    console.err_is_terminal = io::stderr().is_terminal();
    ExitCode::from(cli::run(args, &mut console, true))
}

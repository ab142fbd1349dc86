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

pub mod cli;
pub mod config;
pub mod control;
pub mod error;
pub mod gui;
pub mod logging;
pub mod picture;
pub mod run;

use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::process::ExitCode;

use cli::Console;
use config::Paths;

/// The program: what `main` calls with the words of its command line.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut console = Console {
        out: &mut io::stdout().lock(),
        err: &mut io::stderr(),
        err_is_terminal: io::stderr().is_terminal(),
        json: false,
        paths: Paths::of_this_user(),
    };
    ExitCode::from(cli::run(args, &mut console, true))
}

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

pub mod capture;
pub mod config;
pub mod control;
pub mod demo;
pub mod engine;
pub mod gui;
pub mod picture;
pub mod picture_file;
pub mod pixel_path;
pub mod readers;
pub mod run;
pub mod signals;
pub mod virtual_host;
pub mod virtual_show;

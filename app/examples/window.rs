//! The window with a stand-in show behind it: for working on the window without an engine.
//!
//! `cargo run --release -p ocp809-app --example window -- [--loss PERMILLE] [--brightness PERCENT] [--screenshot FILE]
//! [--seconds N] [--size WxH] [--wgpu] [--still]`
#![allow(
    dead_code,
    unreachable_pub,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a tool of developers that shares its stand-in with the window's tests"
)]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ocp809_app::gui::{Renderer, Screenshot, WindowOptions};
// The stand-in names these as its own crate's.
use ocp809_app::{control, picture};

#[path = "../src/gui/fake.rs"]
mod fake;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1).cloned()
    };
    let number = |name: &str, otherwise: f64| value(name).and_then(|text| text.parse().ok()).unwrap_or(otherwise);
    let mut options = WindowOptions::default();
    if let Some((width, height)) = value("--size").as_deref().and_then(|size| size.split_once('x')) {
        options.size = [width.parse()?, height.parse()?];
    }
    if arguments.iter().any(|argument| argument == "--wgpu") {
        options.renderer = Renderer::Wgpu;
    }
    let is_still = arguments.iter().any(|argument| argument == "--still");
    let after = Duration::from_secs_f64(number("--seconds", 8.0));
    options.screenshot = value("--screenshot").map(|file| Screenshot { file: PathBuf::from(file), after });

    let mut show = fake::FakeShow::new(fake::grid(4, 2, 2, "Foyer"));
    let (client, feed) = (show.client.clone(), Arc::clone(&show.feed));
    let ask = |id, value| control::Client::post(&client, control::Command::set("cli", control::PropertyPath::wall(id), value));
    ask(control::PropertyId::BrightnessPercent, control::Value::Number(number("--brightness", 60.0)));
    ask(control::PropertyId::FaultLoss, control::Value::Number(number("--loss", 0.0)));
    std::thread::Builder::new().name("stand-in".to_owned()).spawn(move || {
        loop {
            show.answer();
            let pause_ms = if is_still { 250 } else { 33 };
            if is_still {
                show.let_pass(pause_ms * 1_000_000);
            } else {
                show.advance();
            }
            std::thread::sleep(Duration::from_millis(pause_ms));
        }
    })?;
    ocp809_app::gui::run(Arc::new(client), feed, options)?;
    Ok(())
}

//! What stands at the other end of a cable in tests on real interfaces: a program that a test runs in a network namespace and
//! talks to line by line.
//!
//! `relay NEAR FAR SEED` carries frames between two interfaces, with faults towards FAR; `cards WALL END..` plays a wall's
//! cards and looks at every flip, an END being `PORT=NAME`, or `PORT<NAME` at the far end of a loop; `coverage WALL END..` only
//! looks whether every pixel of every frame comes. Each line from standard input is answered by one line of JSON; all end when
//! it is closed.

mod cards;
mod coverage;
mod relay;

use std::io::{BufRead, Write};
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, sync_channel};

use serde_json::Value;

/// Why the program cannot do its work, in the words of whoever found out.
type Failure = Box<dyn std::error::Error>;

/// Orders that may wait: a test waits for each answer.
const ORDERS: usize = 8;

/// What a test asks for, word by word.
struct Orders {
    lines: Receiver<String>,
}

/// What came from the test since the last look.
enum Order {
    Words(Vec<String>),
    None,
    End,
}

impl Orders {
    fn from_standard_input() -> std::io::Result<Self> {
        let (line, lines) = sync_channel(ORDERS);
        std::thread::Builder::new().name("orders".to_owned()).spawn(move || {
            for order in std::io::stdin().lock().lines().map_while(Result::ok) {
                if line.send(order).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { lines })
    }

    fn next(&self) -> Order {
        match self.lines.try_recv() {
            Ok(line) => Order::Words(line.split_whitespace().map(str::to_owned).collect()),
            Err(std::sync::mpsc::TryRecvError::Empty) => Order::None,
            Err(std::sync::mpsc::TryRecvError::Disconnected) => Order::End,
        }
    }
}

fn answer(value: &Value) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{value}")?;
    out.flush()
}

#[expect(clippy::print_stderr, reason = "the test that runs it shows what went wrong")]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match play(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("test peer: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// Plays the part that the first word names.
fn play(words: &[&str]) -> Result<(), Failure> {
    let orders = Orders::from_standard_input()?;
    match words {
        ["relay", near, far, seed] => relay::run(near, far, seed, &orders),
        ["cards", wall, ends @ ..] => cards::run(wall, ends, &orders),
        ["coverage", wall, ends @ ..] => coverage::run(wall, ends, &orders),
        _ => Err("expected: relay NEAR FAR SEED, cards WALL END.., or coverage WALL END..".into()),
    }
}

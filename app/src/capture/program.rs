//! A program whose output is a source: started without a shell, listened to on standard error, and never left behind.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::error::SourceError;
use super::mailbox::Writer;
use super::stream::{Ending, StreamReader};

/// Lines of standard error that an error shows.
const LAST_LINES: usize = 4;

/// Bytes of a line that are kept.
const LINE_BYTES: usize = 200;

/// How long a program may take to end once its output has.
const GRACE: Duration = Duration::from_secs(2);

/// How long an error waits for the program's last words.
const LAST_WORDS: Duration = Duration::from_millis(300);

/// From look to look whether a program has ended.
const LOOK: Duration = Duration::from_millis(5);

/// Bytes read ahead for header lines; pictures are read past it, straight into their frame.
const READ_AHEAD: usize = 16 << 10;

/// The program that runs now, where the source's owner can end it.
#[derive(Debug, Default)]
pub(super) struct ProgramSlot(Mutex<Slot>);

#[derive(Debug, Default)]
struct Slot {
    child: Option<Child>,
    is_closed: bool,
}

impl ProgramSlot {
    fn lock(&self) -> MutexGuard<'_, Slot> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the program, now and for good.
    pub(super) fn close(&self) {
        let mut slot = self.lock();
        slot.is_closed = true;
        end(&mut slot);
    }

    fn hold(&self, child: Child) {
        let mut slot = self.lock();
        slot.child = Some(child);
        if slot.is_closed {
            end(&mut slot);
        }
    }

    /// How the program ended, if it did.
    fn ended(&self) -> Option<ExitStatus> {
        let mut slot = self.lock();
        let status = slot.child.as_mut()?.try_wait().ok().flatten()?;
        slot.child = None;
        Some(status)
    }

    /// Ends the program.
    fn end(&self) {
        end(&mut self.lock());
    }
}

/// Kills and reaps; a program that is gone already is only reaped.
fn end(slot: &mut Slot) {
    if let Some(mut child) = slot.child.take() {
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// Runs the program once and shows its pictures.
pub(super) fn run(words: &[String], stream: &mut StreamReader, writer: &mut Writer) -> Result<Ending, SourceError> {
    let Some((program, arguments)) = words.split_first() else { return Ok(Ending::Finished) };
    let spawn = |source| SourceError::Spawn { program: program.clone(), source };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(spawn)?;
    let (output, errors) = (child.stdout.take(), child.stderr.take());
    writer.program().hold(child);
    let last_words = errors.map(listen).transpose().map_err(SourceError::Thread)?;
    let Some(output) = output else { return Ok(Ending::Finished) };

    let before = writer.shared().pictures();
    let ending = stream.read(&mut BufReader::with_capacity(READ_AHEAD, output), writer);
    if matches!(ending, Ok(Ending::Unwanted)) {
        writer.program().end();
        return ending;
    }
    let status = wait(writer);
    let said = last_words.map_or_else(Vec::new, |words| words.recv_timeout(LAST_WORDS).unwrap_or_default());
    let pictures = writer.shared().pictures() - before;
    let program = program.clone();
    match (ending, status) {
        (_, Some(status)) if !status.success() => Err(SourceError::Exit { program, status, pictures, said }),
        (Err(source), _) => Err(SourceError::Output { program, said, source: Box::new(source) }),
        (Ok(ending), _) => Ok(ending),
    }
}

/// Gives the program time to end by itself, then ends it; its status where it ended by itself.
fn wait(writer: &Writer) -> Option<ExitStatus> {
    let mut left = GRACE;
    loop {
        let status = writer.program().ended();
        if status.is_some() {
            return status;
        }
        if left.is_zero() || writer.mailbox().pause(LOOK) {
            writer.program().end();
            return None;
        }
        left = left.saturating_sub(LOOK);
    }
}

/// Collects the last lines of standard error until it ends.
fn listen(errors: ChildStderr) -> std::io::Result<Receiver<Vec<String>>> {
    let (tell, told) = sync_channel(1);
    let collect = move || {
        let _ = tell.send(last_lines(BufReader::new(errors)));
    };
    std::thread::Builder::new().name("source-errors".to_owned()).spawn(collect)?;
    Ok(told)
}

/// The last lines that say something, each cut to a bearable length, read without ever holding more.
fn last_lines(mut reader: impl BufRead) -> Vec<String> {
    let mut lines = VecDeque::with_capacity(LAST_LINES + 1);
    let mut line = Vec::with_capacity(LINE_BYTES);
    loop {
        line.clear();
        match (&mut reader).take(LINE_BYTES as u64).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return lines.into(),
            Ok(_) => {}
        }
        // ffmpeg rewrites its progress line with carriage returns: its last state is what counts.
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end().rsplit('\r').next().unwrap_or_default().trim();
        if !text.is_empty() {
            tracing::debug!(line = text, "program");
            lines.push_back(text.to_owned());
        }
        if lines.len() > LAST_LINES {
            lines.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_kept_and_long_ones_cut() {
        let long = "x".repeat(3 * LINE_BYTES);
        let text = format!("one\ntwo\n\nthree\nframe=1\rframe=2\n{long}");
        let lines = last_lines(text.as_bytes());
        assert_eq!(lines.len(), LAST_LINES);
        assert_eq!(lines[0], "frame=2");
        assert!(lines[1..].iter().all(|line| line.len() <= LINE_BYTES));
    }
}

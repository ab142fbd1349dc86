//! A running show for tests: a desk behind a mailbox behind a socket, served by a thread as an engine would.

use std::io::BufReader;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use ocp809_sender::time::{Nanos, Tai};

use super::check::any_text;
use super::{CabinetFacts, Desk, Moment, Saved, ScreenFacts, Server, Start, Status, WallFacts, mailbox};

/// Two screens: the left one limited to 60 %.
pub(crate) fn facts() -> WallFacts {
    let screen = |id: &str, limit, peak_nits| ScreenFacts { id: id.into(), brightness_limit: limit, peak_nits };
    let cabinet = |id: &str, groups: &[&str]| CabinetFacts {
        id: id.into(),
        screen: "left".into(),
        groups: groups.iter().map(ToString::to_string).collect(),
    };
    WallFacts {
        screens: vec![screen("left", 0.6, Some(1000.0)), screen("right", 1.0, Some(2000.0))],
        groups: vec!["stage".into()],
        ports: vec!["1".into()],
        sources: vec![],
        cabinets: vec![cabinet("A1", &[]), cabinet("B3", &["stage"])],
        is_virtual: false,
        has_site_key: true,
    }
}

/// So many milliseconds after the start, on both clocks.
pub(crate) fn at(ms: u64) -> Moment {
    Moment { now: Nanos(ms * 1_000_000), tai: Tai(ms * 1_000_000) }
}

/// The running show; it ends when it is dropped.
pub(crate) struct Show {
    _folder: tempfile::TempDir,
    server: Option<Server>,
    ends: Arc<AtomicBool>,
    engine: Option<JoinHandle<()>>,
}

impl Show {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (client, engine) = mailbox();
        let server = Server::start(&folder.path().join("show/control.sock"), Arc::new(client)).expect("listens");
        let ends = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&ends);
        let thread = Builder::new().spawn(move || {
            let mut desk = Desk::new(facts(), any_text, &Saved::default(), Start::Warm, at(0)).0;
            engine.publish_status(Arc::new(Status { wall: "Test wall".into(), ..Status::default() }));
            while !until.load(Ordering::SeqCst) {
                if let Some(pending) = engine.next_within(Duration::from_millis(20)) {
                    let outcome = desk.handle(&pending.command, at(1));
                    desk.take_events().into_iter().for_each(|event| engine.publish(event));
                    pending.answer(outcome);
                }
            }
        });
        Self { _folder: folder, server: Some(server), ends, engine: thread.ok() }
    }

    pub(crate) fn path(&self) -> &Path {
        self.server.as_ref().expect("listening").path()
    }

    pub(crate) fn raw(&self) -> (UnixStream, BufReader<UnixStream>) {
        let stream = UnixStream::connect(self.path()).expect("connects");
        stream.set_read_timeout(Some(Duration::from_secs(5))).expect("is set");
        let reader = BufReader::new(stream.try_clone().expect("clones"));
        (stream, reader)
    }

    pub(crate) fn end(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        if let Some(engine) = self.engine.take() {
            engine.join().expect("ends");
        }
        self.server = None;
    }
}

impl Drop for Show {
    fn drop(&mut self) {
        self.end();
    }
}

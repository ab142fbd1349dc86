//! No frame allocates: source, pixel path, engine, stream and transport at work together, under an allocator that counts for
//! every thread by itself.
#![expect(unsafe_code, reason = "an allocator that counts is an allocator, and a named pipe is made by a system call")]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::ffi::CString;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use ocp809_app::capture::{ColorPolicy, NamedSources, OpenContext};
use ocp809_app::control::desk::Start;
use ocp809_app::control::{Client, PropertyId, PropertyPath, Saved, Value};
use ocp809_app::engine::{DEFAULT_RATE, Engine, EngineParts, PortLink, SharedCards, UnaskedCards};
use ocp809_app::readers;
use ocp809_sender::geometry::PixelSize;
use ocp809_sender::slice::SlicePlan;
use ocp809_sender::time::{Clock, SystemClock};
use ocp809_sender::transport::Transport;
use ocp809_sender::transport::memory::{MemoryEnd, cable};
use ocp809_sender::wall::Wall;
use ocp809_sender::wall::layout::{Grid, raster};
use ocp809_sender::wire::ocp809::software_address;
use ocp809_shaders::CpuPath;

/// Threads that can be told apart.
const THREADS: usize = 256;

/// Frames per second of the wall: many frames in little time.
const RATE: u32 = 120;

/// From the start until buffers have grown, sources run and plans are in use.
const WARM_UP: Duration = Duration::from_secs(2);

/// How long allocations are counted: about 360 frames, several times what a queue of 63 entries per block would hide.
const COUNTED: Duration = Duration::from_secs(3);

struct Counting;

static NEXT: AtomicUsize = AtomicUsize::new(0);
static COUNTS: [AtomicU64; THREADS] = [const { AtomicU64::new(0) }; THREADS];
static IDS: [AtomicI32; THREADS] = [const { AtomicI32::new(0) }; THREADS];

thread_local! {
    static SLOT: Cell<usize> = const { Cell::new(usize::MAX) };
}

fn count() {
    let slot = SLOT.try_with(|slot| {
        if slot.get() == usize::MAX {
            let new = NEXT.fetch_add(1, Ordering::Relaxed);
            slot.set(new);
            if let Some(id) = IDS.get(new) {
                // SAFETY: gettid takes nothing and cannot fail.
                id.store(unsafe { libc::gettid() }, Ordering::Relaxed);
            }
        }
        slot.get()
    });
    if let Some(count) = slot.ok().and_then(|slot| COUNTS.get(slot)) {
        count.fetch_add(1, Ordering::Relaxed);
    }
}

// SAFETY: everything is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract.
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations so far of each living thread, by name and id.
fn allocations() -> BTreeMap<(String, i32), u64> {
    let known = NEXT.load(Ordering::Relaxed).min(THREADS);
    let name = |id: i32| std::fs::read_to_string(format!("/proc/self/task/{id}/comm")).ok();
    let ids = IDS.iter().zip(&COUNTS).take(known).map(|(id, count)| (id.load(Ordering::Relaxed), count.load(Ordering::Relaxed)));
    ids.filter_map(|(id, count)| Some(((name(id)?.trim().to_owned(), id), count))).collect()
}

/// An engine that shows `source` on a wall with two ports, and whoever empties its cables.
struct Show {
    engine: Engine,
    ended: Arc<AtomicBool>,
    cards: Option<std::thread::JoinHandle<()>>,
}

impl Show {
    fn start(source: &str) -> Self {
        let mut grid = Grid::new(4, 2, PixelSize::new(160, 180));
        grid.ports = 2;
        let wall = Arc::new(Wall::from_spec(&raster(&grid).unwrap()).unwrap());
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let (mut links, mut far) = (Vec::new(), Vec::new());
        for number in 0..2 {
            let (near, end) = cable(4096);
            links.push(PortLink { head: Box::new(near), source: software_address(number), tail: None });
            far.push(end);
        }
        let ended = Arc::new(AtomicBool::new(false));
        let cards = Some(empty(far, Arc::clone(&ended)));
        let values = [
            (PropertyPath::wall(PropertyId::SourceUri).to_string(), Value::text(source)),
            (PropertyPath::wall(PropertyId::FrameRate).to_string(), Value::Number(f64::from(RATE))),
        ];
        let sources = OpenContext {
            wall: Arc::clone(&wall),
            clock: Arc::clone(&clock),
            rate: DEFAULT_RATE,
            color: ColorPolicy::default(),
            lossless: false,
            strict: false,
            named: NamedSources::default(),
        };
        let engine = Engine::start(EngineParts {
            slice: Arc::new(SlicePlan::build(&wall).unwrap()),
            wall,
            links,
            clock,
            path: Box::new(CpuPath::new(2).unwrap()),
            cards: Box::new(UnaskedCards::new(SharedCards::default(), 2)),
            sources,
            saved: Saved { values: values.into(), ..Saved::default() },
            state_file: None,
            start: Start::Warm,
            faults: None,
            frame_limit: None,
            reader: readers::read_text,
        });
        Self { engine: engine.unwrap(), ended, cards }
    }
}

impl Drop for Show {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        if let Some(cards) = self.cards.take() {
            cards.join().unwrap();
        }
    }
}

/// Takes every packet off the cables until the show has ended.
fn empty(mut cables: Vec<MemoryEnd>, ended: Arc<AtomicBool>) -> std::thread::JoinHandle<()> {
    let work = move || {
        let mut buffer = [0; 2048];
        while !ended.load(Ordering::Relaxed) {
            for cable in &mut cables {
                while cable.receive(&mut buffer).unwrap().is_some() {}
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    };
    std::thread::Builder::new().name("cards".to_owned()).spawn(work).unwrap()
}

/// Shows `source` and expects that no thread which a frame passes through allocates.
fn expect_none(source: &str, threads: &[&str]) {
    let show = Show::start(source);
    std::thread::sleep(WARM_UP);
    let sent = show.engine.client().status().frames;
    let before = allocations();
    std::thread::sleep(COUNTED);
    let after = allocations();
    let frames = show.engine.client().status().frames.sent - sent.sent;
    assert!(frames > 63, "{source}: {frames} frames in {COUNTED:?} are too few to tell anything");
    assert!(sent.repeated < sent.sent, "{source}: pictures came");
    let new = |(key, count): (&(String, i32), &u64)| (key.0.clone(), count - before.get(key).copied().unwrap_or(0));
    let new: Vec<(String, u64)> = after.iter().map(new).collect();
    for thread in threads {
        assert!(new.iter().any(|(name, _)| name.starts_with(thread)), "{source}: the thread {thread} is counted: {new:?}");
        for (name, count) in new.iter().filter(|(name, _)| name.starts_with(thread)) {
            assert_eq!(*count, 0, "{source}: allocations of the thread {name} in {frames} frames");
        }
    }
    let control = new.iter().find(|(name, _)| name == "control");
    assert!(
        control.is_some_and(|(_, count)| *count > 0),
        "whoever is not on a frame's way may allocate, and is counted: {new:?}"
    );
}

/// Writes pictures into a named pipe until its reader goes.
fn write_y4m(path: &Path) {
    let (width, height) = (640, 360);
    let picture = vec![0x70_u8; width * height * 3 / 2];
    let mut pipe = std::fs::OpenOptions::new().write(true).open(path).expect("a reader");
    let mut stream = || -> std::io::Result<()> {
        writeln!(pipe, "YUV4MPEG2 W{width} H{height} F{RATE}:1 Ip A1:1 C420jpeg")?;
        loop {
            pipe.write_all(b"FRAME\n")?;
            pipe.write_all(&picture)?;
        }
    };
    let ended = stream().expect_err("only the reader ends it");
    assert_eq!(ended.kind(), std::io::ErrorKind::BrokenPipe, "the reader is gone");
}

#[test]
fn no_frame_allocates_from_the_source_to_the_cable() {
    // One test for both sources, because frames of another engine would only take time from this one.
    expect_none("pattern:moving-bars?full", &["frame", "pixels-", "source"]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pictures");
    let name = CString::new(path.to_str().unwrap()).unwrap();
    // SAFETY: `name` is a C string that outlives the call.
    assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0, "a named pipe");
    let writer = {
        let path = path.clone();
        std::thread::Builder::new().name("writer".to_owned()).spawn(move || write_y4m(&path)).unwrap()
    };
    expect_none(&format!("pipe:{}", path.display()), &["frame", "pixels-", "source"]);
    writer.join().unwrap();
}

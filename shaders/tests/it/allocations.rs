//! No frame allocates on the CPU path: counted on every thread that takes part. On the GPU path wgpu allocates while it
//! records commands; that is counted, printed, and must not grow.
#![expect(unsafe_code, reason = "an allocator that counts can only be written with it")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use ocp809_shaders::{CpuPath, FrameView, GpuPath, PixelPath};

use crate::gpu::gpu;
use crate::scenario::scenario;

/// Allocations on threads that are watched.
static COUNT: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static WATCHED: Cell<bool> = const { Cell::new(false) };
}

struct Counting;

fn count() {
    if WATCHED.try_with(Cell::get).unwrap_or(false) {
        COUNT.fetch_add(1, Ordering::Relaxed);
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

/// Allocations of 200 frames after ten: of the first hundred, and of the second.
fn allocations(path: &mut dyn PixelPath, seed: u64) -> [usize; 2] {
    let own = scenario(seed);
    path.configure(own.rig.plan(&own.spec, own.shape)).unwrap();
    let frame = FrameView::packed(own.shape, &own.data).unwrap();
    let mut memories: Vec<Vec<u8>> = own.rig.slice.ports.iter().map(|port| vec![0; port.memory_bytes()]).collect();
    let mut out: Vec<&mut [u8]> = memories.iter_mut().map(Vec::as_mut_slice).collect();
    let mut frames = |phases: core::ops::Range<u64>| {
        let before = COUNT.load(Ordering::Relaxed);
        for phase in phases {
            path.process(&frame, phase, &mut out, &mut |_, _, _| {}).unwrap();
        }
        COUNT.load(Ordering::Relaxed) - before
    };
    frames(0..10);
    [frames(10..110), frames(110..210)]
}

/// Set for the process that counts.
const ALONE: &str = "OCP809_COUNT_ALLOCATIONS";

#[test]
fn frames_allocate_nothing() {
    if std::env::var_os(ALONE).is_some() {
        return count_all();
    }
    // In a process of its own: pools of other tests that end are collected by the threads of this one's.
    let mut alone = Command::new(std::env::current_exe().unwrap());
    alone.args(["allocations::frames_allocate_nothing", "--exact", "--nocapture"]).env(ALONE, "1");
    let output = alone.output().unwrap();
    println!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "see above");
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"), "it ran");
}

/// One test for all, because the count is shared.
fn count_all() {
    let watch = || WATCHED.with(|watched| watched.set(true));
    watch();
    drop(vec![1_u8; 100]);
    assert!(COUNT.load(Ordering::Relaxed) > 0, "the count works");
    let mut alone = CpuPath::new(1).unwrap();
    for seed in 0..24 {
        assert_eq!(allocations(&mut alone, seed), [0, 0], "seed {seed}, one worker");
    }
    let mut path = CpuPath::new(2).unwrap();
    let host = path.host();
    host.on_each_worker(watch);
    // As the frame thread does: the loop runs on a worker of the pool.
    host.run(|| {
        for seed in 0..24 {
            assert_eq!(allocations(&mut path, seed), [0, 0], "seed {seed}, two workers");
        }
    });
    if let Some(gpu) = gpu() {
        let [first, second] = allocations(&mut GpuPath::new(gpu), 0);
        println!("the GPU path allocates {} times per frame", first.div_ceil(100));
        assert!(second <= first + 10, "and no more as time goes on: {first} in a hundred frames, then {second}");
    }
}

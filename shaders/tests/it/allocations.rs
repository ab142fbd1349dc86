//! No frame allocates on the CPU path: counted on every thread that takes part.
#![expect(unsafe_code, reason = "an allocator that counts can only be written with it")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

use ocp809_shaders::{CpuPath, FrameView, PixelPath};

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

/// Allocations of 200 frames after ten.
fn allocations(path: &mut CpuPath, seed: u64) -> usize {
    let own = scenario(seed);
    path.configure(own.rig.plan(&own.spec, own.shape)).unwrap();
    let frame = FrameView::packed(own.shape, &own.data).unwrap();
    let mut memories: Vec<Vec<u8>> = own.rig.slice.ports.iter().map(|port| vec![0; port.memory_bytes()]).collect();
    let mut out: Vec<&mut [u8]> = memories.iter_mut().map(Vec::as_mut_slice).collect();
    let mut before = 0;
    for phase in 0..210 {
        if phase == 10 {
            before = COUNT.load(Ordering::Relaxed);
        }
        path.process(&frame, phase, &mut out, &mut |_, _, _| {}).unwrap();
    }
    COUNT.load(Ordering::Relaxed) - before
}

#[test]
fn frames_allocate_nothing() {
    // One test for both, because the count is shared.
    let watch = || WATCHED.with(|watched| watched.set(true));
    watch();
    drop(vec![1_u8; 100]);
    assert!(COUNT.load(Ordering::Relaxed) > 0, "the count works");
    let mut alone = CpuPath::new(1).unwrap();
    for seed in 0..24 {
        assert_eq!(allocations(&mut alone, seed), 0, "seed {seed}, one worker");
    }
    let mut path = CpuPath::new(2).unwrap();
    let host = path.host();
    host.on_each_worker(watch);
    // As the frame thread does: the loop runs on a worker of the pool.
    host.run(|| {
        for seed in 0..24 {
            assert_eq!(allocations(&mut path, seed), 0, "seed {seed}, two workers");
        }
    });
}

//! A GPU that goes and comes, played by the software rasteriser: it needs a Vulkan driver such as lavapipe.

use std::sync::Mutex;

use ocp809_sender::geometry::PixelSize;
use ocp809_sender::slice::SlicePlan;
use ocp809_sender::time::{Clock, NANOS_PER_SECOND, SystemClock};
use ocp809_sender::wall::Wall;
use ocp809_sender::wall::layout::{Grid, raster};
use ocp809_shaders::format::PixelFormat;
use ocp809_shaders::frame::SignalColor;
use ocp809_shaders::{AdapterKind, PathSpec, SourceShape};

use super::*;

const SIZE: PixelSize = PixelSize::new(32, 16);

/// A device, if there is one; without one the test is skipped aloud, and fails in CI.
#[expect(clippy::print_stdout, reason = "a test that is skipped says so")]
fn software() -> Option<Gpu> {
    match Gpu::open(AdapterKind::Software) {
        Ok(gpu) => Some(gpu),
        Err(error) => {
            assert!(std::env::var_os("OCP809_CI").is_none(), "{error}");
            println!("skipped: {error}");
            None
        }
    }
}

fn plan(brightness: f64) -> Arc<PathPlan> {
    let wall = Wall::from_spec(&raster(&Grid::new(2, 1, PixelSize::new(16, 16))).unwrap()).unwrap();
    let slice = SlicePlan::build(&wall).unwrap();
    let mut spec = PathSpec::of_wall(&wall);
    spec.screens[0].brightness = brightness;
    let shape = SourceShape { format: PixelFormat::Rgba8, size: SIZE, color: SignalColor::default() };
    Arc::new(PathPlan::build(&wall, &slice, &spec, shape).unwrap())
}

/// The payloads of a frame.
fn frame(path: &mut dyn PixelPath, plan: &PathPlan) -> Vec<Vec<u8>> {
    let picture: Vec<u8> = (0..=255).cycle().take(plan.source().format.frame_bytes(SIZE)).collect();
    let view = FrameView::packed(*plan.source(), &picture).unwrap();
    let mut memories: Vec<Vec<u8>> = plan.slice().ports.iter().map(|port| vec![0; port.memory_bytes()]).collect();
    let mut out: Vec<&mut [u8]> = memories.iter_mut().map(Vec::as_mut_slice).collect();
    path.process(&view, 5, &mut out, &mut |_, _, _| {}).expect("no frame fails");
    memories
}

#[test]
fn a_gpu_that_goes_costs_no_frame_and_is_taken_back() {
    let Some(first) = software() else { return };
    let opened: Arc<Mutex<Vec<Gpu>>> = Arc::default();
    let log = Arc::clone(&opened);
    let open: Open = Arc::new(move || {
        let gpu = Gpu::open(AdapterKind::Software)?;
        let mut opened = log.lock().unwrap();
        opened.push(gpu.clone());
        // The first time the device goes again at once: it must not be trusted.
        if opened.len() == 1 {
            gpu.destroy();
        }
        Ok(gpu)
    });
    let (bright, dim) = (plan(1.0), plan(0.3));
    let mut cpu = CpuPath::new(1).unwrap();
    let mut expected = |plan: &Arc<PathPlan>| {
        cpu.configure(Arc::clone(plan)).unwrap();
        frame(&mut cpu, plan)
    };
    let (bright_bytes, dim_bytes) = (expected(&bright), expected(&dim));
    assert_ne!(bright_bytes, dim_bytes, "the plans differ");

    let mut path = Guarded::new(open, first.clone(), CpuPath::new(1).unwrap());
    path.configure(Arc::clone(&bright)).unwrap();
    assert_eq!((frame(&mut path, &bright), path.name()), (bright_bytes.clone(), first.name()), "the GPU computes");
    assert_eq!(path.trouble(), None, "as wanted");

    first.destroy();
    assert_eq!((frame(&mut path, &bright), path.name()), (bright_bytes, "CPU"), "the frame that failed is the CPU's");
    let trouble = path.trouble().expect("it says so");
    assert!(trouble.contains(first.name()) && trouble.contains("until it answers again"), "{trouble}");

    // The plan changes while the GPU is away.
    path.configure(Arc::clone(&dim)).unwrap();
    let clock = SystemClock::new();
    let begun = clock.now();
    while path.name() == "CPU" {
        assert_eq!(frame(&mut path, &dim), dim_bytes, "the CPU goes on");
        assert!(clock.now().since(begun) < 60 * NANOS_PER_SECOND, "it is found within its third try");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!((frame(&mut path, &dim), path.trouble()), (dim_bytes, None), "the GPU computes the newest plan");
    assert_eq!(opened.lock().unwrap().len(), 2, "the one that went at once was not taken");
}

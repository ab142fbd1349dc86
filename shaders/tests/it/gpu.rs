//! The GPU path returns the reference's bytes, and a GPU that is gone is an error and not a panic.

use ocp809_shaders::device::GpuError;
use ocp809_shaders::reference::Reference;
use ocp809_shaders::{AdapterKind, FrameView, Gpu, GpuPath, PathError, PixelPath};
use proptest::prelude::*;
use proptest::test_runner::{TestError, TestRunner};

use crate::scenario::scenario;

/// A GPU, or a software rasteriser, or the reason why a test is left out; CI must have one of them.
pub(crate) fn gpu() -> Option<Gpu> {
    let opened = Gpu::open(AdapterKind::Hardware).or_else(|_| Gpu::open(AdapterKind::Software));
    match opened {
        Ok(gpu) => Some(gpu),
        Err(error) if std::env::var_os("OCP809_CI").is_some() => {
            panic!("CI needs a Vulkan driver (mesa-vulkan-drivers): {error}")
        }
        Err(error) => {
            println!("left out: {error}");
            None
        }
    }
}

#[test]
fn the_gpu_path_returns_the_references_bytes() {
    let Some(gpu) = gpu() else { return };
    let path = std::cell::RefCell::new(GpuPath::new(gpu));
    let mut runner = TestRunner::new(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(120) });
    let outcome = runner.run(&any::<u64>(), |seed| {
        let own = scenario(seed);
        let plan = own.rig.plan(&own.spec, own.shape);
        let frame = FrameView::packed(own.shape, &own.data).unwrap();
        let mut reference = Reference::new();
        let mut gpu = path.borrow_mut();
        reference.configure(plan.clone()).unwrap();
        gpu.configure(plan).unwrap();
        for phase in [own.phase, own.phase + 7] {
            let expected = own.rig.run(&mut reference, &frame, phase);
            let got = own.rig.run(&mut *gpu, &frame, phase);
            for (port, (expected, got)) in expected.iter().zip(&got).enumerate() {
                let first = expected.iter().zip(got).position(|(a, b)| a != b);
                prop_assert!(first.is_none(), "seed {seed}, port {port}: the first difference is at byte {first:?}");
            }
        }
        Ok(())
    });
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(why, seed)) => panic!("seed {seed}: {why}"),
        Err(TestError::Abort(why)) => panic!("{why}"),
    }
}

#[test]
fn a_lost_gpu_is_an_error() {
    let Some(gpu) = gpu() else { return };
    let own = scenario(1);
    let mut path = GpuPath::new(gpu.clone());
    path.configure(own.rig.plan(&own.spec, own.shape)).unwrap();
    let frame = FrameView::packed(own.shape, &own.data).unwrap();
    own.rig.run(&mut path, &frame, 0);
    gpu.destroy();
    let mut memories: Vec<Vec<u8>> = own.rig.slice.ports.iter().map(|port| vec![0; port.memory_bytes()]).collect();
    let mut out: Vec<&mut [u8]> = memories.iter_mut().map(Vec::as_mut_slice).collect();
    for _ in 0..2 {
        let outcome = path.process(&frame, 1, &mut out, &mut |_, _, _| {});
        assert!(matches!(outcome, Err(PathError::Gpu(GpuError::Lost { .. }))), "{outcome:?}");
    }
    assert!(gpu.is_lost(), "the device says so too");
}

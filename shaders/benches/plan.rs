//! What a change of settings costs for a full HD wall on four gigabit ports: a plan built anew, and one that follows a fade.
#![expect(clippy::unwrap_used, reason = "criterion makes functions without documentation; a bench fails by panicking")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use ocp809_sender::geometry::PixelSize;
use ocp809_sender::slice::SlicePlan;
use ocp809_sender::wall::Wall;
use ocp809_sender::wall::layout::{self, Grid};
use ocp809_shaders::format::{Chroma, PixelFormat, SampleBits};
use ocp809_shaders::frame::SignalColor;
use ocp809_shaders::{CpuPath, PathPlan, PathSpec, PixelPath, SourceShape};

/// Sixteen cabinets of four modules, four cabinets per port.
fn wall() -> Wall {
    let mut grid = Grid::new(4, 4, PixelSize::new(240, 135));
    grid.modules = PixelSize::new(2, 2);
    grid.ports = 4;
    Wall::from_spec(&layout::raster(&grid).unwrap()).unwrap()
}

fn plan(criterion: &mut Criterion) {
    let wall = wall();
    let slice = SlicePlan::build(&wall).unwrap();
    let spec = PathSpec::of_wall(&wall);
    let format = PixelFormat::Planar(Chroma::C420, SampleBits::EIGHT);
    let shape = SourceShape { format, size: PixelSize::new(1_920, 1_080), color: SignalColor::default() };
    let plan = PathPlan::build(&wall, &slice, &spec, shape).unwrap();
    let dimmed = |step: u32| {
        let mut dimmed = spec.clone();
        dimmed.screens[0].brightness = f64::from(step % 1_000) / 1_000.0;
        dimmed
    };
    let mut group = criterion.benchmark_group("plan, full HD wall");
    group.sample_size(20);
    let mut step = 0;
    let mut next = || {
        step += 1;
        dimmed(step)
    };
    group.bench_function("built anew", |bencher| {
        bencher.iter_batched(&mut next, |spec| PathPlan::build(&wall, &slice, &spec, shape).unwrap(), BatchSize::PerIteration);
    });
    group.bench_function("with new levels", |bencher| {
        bencher.iter_batched(&mut next, |spec| plan.with_levels(&spec).unwrap().unwrap(), BatchSize::PerIteration);
    });
    let mut path = CpuPath::new(2).unwrap();
    let anew = |spec| Arc::new(PathPlan::build(&wall, &slice, &spec, shape).unwrap());
    group.bench_function("built anew and taken into use", |bencher| {
        bencher.iter_batched(&mut next, |spec| path.configure(black_box(anew(spec))).unwrap(), BatchSize::PerIteration);
    });
    let plan = Arc::new(plan);
    path.configure(Arc::clone(&plan)).unwrap();
    group.bench_function("with new levels and taken into use", |bencher| {
        let levels = |spec| Arc::new(plan.with_levels(&spec).unwrap().unwrap());
        bencher.iter_batched(&mut next, |spec| path.configure(black_box(levels(spec))).unwrap(), BatchSize::PerIteration);
    });
    group.finish();
}

criterion_group!(benches, plan);
criterion_main!(benches);

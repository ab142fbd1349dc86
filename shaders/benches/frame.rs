//! One frame of a full HD wall, from the picture in memory to four cables in memory: pixel path, sealing, sending, latch.
//!
//! The cables are emptied between two frames, outside of the measured time.
#![expect(clippy::unwrap_used, reason = "criterion makes functions without documentation; a bench fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ocp809_sender::geometry::PixelSize;
use ocp809_sender::slice::SlicePlan;
use ocp809_sender::stream::{FrameStart, Pacing, PortFrame, PortLayout, PortSender, latch_together, send_rest};
use ocp809_sender::time::{Clock, SystemClock};
use ocp809_sender::transport::Transport;
use ocp809_sender::transport::memory::{MemoryEnd, cable};
use ocp809_sender::wall::Wall;
use ocp809_sender::wall::layout::{self, Grid};
use ocp809_sender::wire::ocp809::{EPOCH_WITHOUT_CARDS, FrameId, Latch, software_address};
use ocp809_shaders::format::{Chroma, PixelFormat, SampleBits};
use ocp809_shaders::frame::SignalColor;
use ocp809_shaders::{CpuPath, FrameView, PathPlan, PathSpec, PixelPath, SourceShape};

const SIZE: PixelSize = PixelSize::new(1_920, 1_080);

/// Packets of a port's frame, and some.
const SLOTS: usize = 1_200;

/// All that a frame passes through.
struct Chain {
    clock: Arc<dyn Clock>,
    path: CpuPath,
    frames: Vec<PortFrame>,
    senders: Vec<PortSender>,
    far: Vec<MemoryEnd>,
    latches: Vec<Latch>,
    number: u16,
}

impl Chain {
    fn new(workers: usize, shape: SourceShape) -> Self {
        let mut grid = Grid::new(4, 4, PixelSize::new(240, 135));
        grid.modules = PixelSize::new(2, 2);
        grid.ports = 4;
        let wall = Wall::from_spec(&layout::raster(&grid).unwrap()).unwrap();
        let slice = SlicePlan::build(&wall).unwrap();
        let mut path = CpuPath::new(workers).unwrap();
        path.configure(Arc::new(PathPlan::build(&wall, &slice, &PathSpec::of_wall(&wall), shape).unwrap())).unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let latches = vec![Latch::neutral(EPOCH_WITHOUT_CARDS); slice.ports.len()];
        let mut chain = Self { clock, path, frames: Vec::new(), senders: Vec::new(), far: Vec::new(), latches, number: 0 };
        for (plan, port) in slice.ports.iter().zip(wall.ports()) {
            let (near, far) = cable(SLOTS);
            let layout = Arc::new(PortLayout::new(&wall, plan, software_address(0), None).unwrap());
            let clock = Arc::clone(&chain.clock);
            chain.frames.push(PortFrame::new(Arc::clone(&layout)));
            chain.senders.push(PortSender::new(layout, &port.colorlight, Box::new(near), Pacing::BURST, clock));
            chain.far.push(far);
        }
        chain
    }

    fn show(&mut self, picture: &FrameView<'_>) {
        let Self { clock, path, frames, senders, latches, number, .. } = self;
        *number = number.wrapping_add(1);
        let start = clock.now();
        let start = FrameStart { frame_id: FrameId(*number), start, period_ns: 16_666_666, deadline: start.after(16_666_666) };
        for (sender, latch) in senders.iter_mut().zip(latches.iter()) {
            assert!(sender.begin(&start, latch), "the cable is plugged");
        }
        let mut memories: Vec<&mut [u8]> = frames.iter_mut().map(PortFrame::memory_mut).collect();
        let phase = u64::from(*number);
        let sent = path.process(picture, phase, &mut memories, &mut |port, packets, memory| {
            senders[port.index()].offer(memory, packets);
        });
        sent.unwrap();
        send_rest(senders, frames);
        latch_together(senders, latches, clock.now(), &mut |_, _| {});
    }

    fn empty(&mut self) {
        let mut buffer = [0; 2_048];
        for end in &mut self.far {
            while end.receive(&mut buffer).unwrap().is_some() {}
        }
    }
}

fn frame(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("frame, 1920x1080, to four cables in memory");
    group.throughput(Throughput::Elements(SIZE.area())).sample_size(20);
    let formats = [("I420", PixelFormat::Planar(Chroma::C420, SampleBits::EIGHT)), ("RGB24", PixelFormat::Rgb24)];
    for (name, format) in formats {
        let shape = SourceShape { format, size: SIZE, color: SignalColor::default() };
        let data: Vec<u8> = (0..format.frame_bytes(SIZE)).map(|at| u8::try_from(at * 7 % 251).unwrap()).collect();
        let picture = FrameView::packed(shape, &data).unwrap();
        for workers in [1, 2] {
            let mut chain = Chain::new(workers, shape);
            group.bench_function(BenchmarkId::new(name, workers), |bencher| {
                bencher.iter_custom(|frames| {
                    let mut spent = 0;
                    for _ in 0..frames {
                        chain.empty();
                        let before = chain.clock.now();
                        chain.show(&picture);
                        spent += chain.clock.now().since(before);
                    }
                    Duration::from_nanos(spent)
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, frame);
criterion_main!(benches);

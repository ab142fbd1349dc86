//! A wall with its slice plan, on which paths are run and whose packets are read back by bit positions alone.

use std::sync::Arc;

use ocp809_sender::slice::SlicePlan;
use ocp809_sender::wall::{Wall, WallSpec};
use ocp809_shaders::{FrameView, PathPlan, PathSpec, PixelPath, SourceShape};

pub(crate) struct Rig {
    pub(crate) wall: Wall,
    pub(crate) slice: SlicePlan,
}

/// Packet memory of every port.
pub(crate) type Memories = Vec<Vec<u8>>;

impl Rig {
    pub(crate) fn new(spec: &WallSpec) -> Self {
        let wall = Wall::from_spec(spec).unwrap_or_else(|problems| panic!("{problems:?}"));
        let slice = SlicePlan::build(&wall).unwrap();
        Self { wall, slice }
    }

    pub(crate) fn plan(&self, spec: &PathSpec, source: SourceShape) -> Arc<PathPlan> {
        Arc::new(PathPlan::build(&self.wall, &self.slice, spec, source).unwrap())
    }

    /// Runs one frame into memories filled with 0xa5, and checks that each packet is reported exactly once.
    pub(crate) fn run(&self, path: &mut dyn PixelPath, frame: &FrameView<'_>, phase: u64) -> Memories {
        let mut memories: Memories = self.slice.ports.iter().map(|port| vec![0xa5; port.memory_bytes()]).collect();
        let mut slices: Vec<&mut [u8]> = memories.iter_mut().map(Vec::as_mut_slice).collect();
        let mut next = vec![0; self.slice.ports.len()];
        path.process(frame, phase, &mut slices, &mut |port, packets, memory| {
            assert_eq!(packets.start, next[port.index()], "packets are reported in order");
            assert!(memory.len() >= packets.end * self.slice.ports[port.index()].slot_stride as usize, "the port's memory");
            next[port.index()] = packets.end;
        })
        .unwrap();
        for (port, next) in self.slice.ports.iter().zip(next) {
            assert_eq!(next, port.packets.len(), "every packet of port {:?} is reported", port.port);
        }
        for (port, memory) in self.slice.ports.iter().zip(&memories) {
            assert_payloads_only(port, memory, path.name());
        }
        memories
    }

    /// The codes of every screen pixel in raster order; `None` where no module is.
    pub(crate) fn codes(&self, memories: &Memories) -> Vec<Vec<Option<[u16; 3]>>> {
        let mut screens: Vec<Vec<_>> = self.wall.screens().iter().map(|s| vec![None; s.size.area() as usize]).collect();
        for (port, memory) in self.slice.ports.iter().zip(memories) {
            let bits = port.format.bits() as usize;
            for run in &port.runs {
                let payload = &memory[port.payload_range(run.packet as usize)];
                let sample = |index: usize| {
                    let bit = |at: usize| u16::from(payload[at / 8] >> (7 - at % 8) & 1);
                    (index * bits..(index + 1) * bits).fold(0, |code, at| (code << 1) | bit(at))
                };
                for pixel in 0..usize::from(run.length) {
                    let index = (usize::from(run.first_pixel) + pixel) * 3;
                    let wire = [sample(index), sample(index + 1), sample(index + 2)];
                    if run.module.is_none() {
                        assert_eq!(wire, [0; 3], "pixels without LEDs are black");
                        continue;
                    }
                    let mut codes = [0; 3];
                    run.color_order.channels().iter().zip(wire).for_each(|(&channel, code)| codes[usize::from(channel)] = code);
                    let x = i64::from(run.x) + i64::from(run.step_x) * pixel as i64;
                    let y = i64::from(run.y) + i64::from(run.step_y) * pixel as i64;
                    let screen = &mut screens[run.screen.index()];
                    let at = y as usize * self.wall.screens()[run.screen.index()].size.width as usize + x as usize;
                    assert!(screen[at].replace(codes).is_none(), "pixel {x}, {y} is sent twice");
                }
            }
        }
        screens
    }
}

/// Headers and unused room of the slots keep their 0xa5.
fn assert_payloads_only(port: &ocp809_sender::slice::PortPlan, memory: &[u8], name: &str) {
    let mut end = 0;
    for index in 0..port.packets.len() {
        let payload = port.payload_range(index);
        assert!(memory[end..payload.start].iter().all(|&b| b == 0xa5), "{name} wrote outside of the payload of packet {index}");
        end = payload.end;
    }
}

//! All paths return the same bytes.

use ocp809_shaders::reference::Reference;
use ocp809_shaders::{CpuPath, FrameView, PixelPath};
use proptest::prelude::*;

use crate::scenario::scenario;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_cpu_path_returns_the_references_bytes(seed in any::<u64>(), workers in 1_usize..4) {
        let own = scenario(seed);
        let plan = own.rig.plan(&own.spec, own.shape);
        let frame = FrameView::packed(own.shape, &own.data).unwrap();
        let mut reference = Reference::new();
        let mut cpu = CpuPath::new(workers).unwrap();
        reference.configure(plan.clone()).unwrap();
        cpu.configure(plan).unwrap();
        for phase in [own.phase, own.phase + 1] {
            let expected = own.rig.run(&mut reference, &frame, phase);
            let got = own.rig.run(&mut cpu, &frame, phase);
            for (port, (expected, got)) in expected.iter().zip(&got).enumerate() {
                let first = expected.iter().zip(got).position(|(a, b)| a != b);
                prop_assert!(first.is_none(), "seed {seed}, port {port}: the first difference is at byte {first:?}");
            }
        }
    }
}

//! All paths return the same bytes, whatever vector instructions they use.

use ocp809_shaders::reference::Reference;
use ocp809_shaders::{CpuPath, FrameView, PixelPath, Vectors};
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
        reference.configure(plan.clone()).unwrap();
        let phases = [own.phase, own.phase + 1];
        let expected = phases.map(|phase| own.rig.run(&mut reference, &frame, phase));
        for vectors in Vectors::available() {
            let mut cpu = CpuPath::new(workers).unwrap().with_vectors(vectors);
            cpu.configure(plan.clone()).unwrap();
            for (phase, expected) in phases.into_iter().zip(&expected) {
                let got = own.rig.run(&mut cpu, &frame, phase);
                for (port, (expected, got)) in expected.iter().zip(&got).enumerate() {
                    let first = expected.iter().zip(got).position(|(a, b)| a != b);
                    prop_assert!(first.is_none(), "seed {seed}, port {port}, {vectors:?}: byte {first:?} is the first that differs");
                }
            }
        }
    }
}

//! A plan that follows a fade gives the bytes of a plan that was built anew.

use std::sync::Arc;

use ocp809_shaders::reference::Reference;
use ocp809_shaders::spec::{DitherPeriod, ModulePath};
use ocp809_shaders::{CpuPath, FrameView, PathPlan, PathSpec, PixelPath, PlanError};
use proptest::prelude::*;

use crate::rig::Rig;
use crate::scenario::{Dice, Scenario, scenario};

/// Something done to settings.
type Change = fn(&mut PathSpec);

/// The same settings at other levels: now and then at none, or at those where codes may pass.
fn relevelled(dice: &mut Dice, rig: &Rig, spec: &PathSpec) -> PathSpec {
    let mut spec = spec.clone();
    let neutral = dice.chance(3);
    let mut level = |low: f64, high: f64| if neutral || dice.chance(3) { 1.0 } else { dice.real(low, high) };
    for screen in &mut spec.screens {
        screen.brightness = level(0.0, 1.0);
        screen.gains = [level(0.0, 2.0), level(0.0, 2.0), level(0.0, 2.0)];
    }
    spec.ports.iter_mut().for_each(|port| port.level = level(0.0, 2.0));
    if spec.modules.is_empty() && level(0.0, 1.0) < 0.5 {
        spec.modules = vec![ModulePath::default(); rig.wall.modules().len()];
    }
    for module in &mut spec.modules {
        module.level = level(0.0, 2.0);
        module.gains = [level(0.0, 2.0), level(0.0, 2.0), level(0.0, 2.0)];
    }
    spec
}

fn built(own: &Scenario, spec: &PathSpec) -> Arc<PathPlan> {
    own.rig.plan(spec, own.shape)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn new_levels_give_the_bytes_of_a_new_plan(seed in any::<u64>(), workers in 1_usize..3) {
        let own = scenario(seed);
        let mut dice = Dice::new(!seed);
        let frame = FrameView::packed(own.shape, &own.data).unwrap();
        let mut cpu = CpuPath::new(workers).unwrap();
        let first = built(&own, &own.spec);
        let mut plan = first.clone();
        cpu.configure(plan.clone()).unwrap();
        // Several in a row: what one step leaves behind must not show in the next.
        for phase in 0..3 {
            let spec = relevelled(&mut dice, &own.rig, &own.spec);
            let before = if dice.chance(3) { &first } else { &plan };
            plan = Arc::new(before.with_levels(&spec).expect("only levels differ").unwrap());
            let mut expected = Reference::new();
            expected.configure(built(&own, &spec)).unwrap();
            let expected = own.rig.run(&mut expected, &frame, phase);
            let mut reference = Reference::new();
            reference.configure(plan.clone()).unwrap();
            prop_assert!(own.rig.run(&mut reference, &frame, phase) == expected, "seed {seed}: the plan itself");
            cpu.configure(plan.clone()).unwrap();
            prop_assert!(own.rig.run(&mut cpu, &frame, phase) == expected, "seed {seed}: the CPU path, from level to level");
            let mut fresh = CpuPath::new(1).unwrap();
            fresh.configure(plan.clone()).unwrap();
            prop_assert!(own.rig.run(&mut fresh, &frame, phase) == expected, "seed {seed}: a fresh CPU path");
        }
    }
}

#[test]
fn anything_but_levels_needs_a_new_plan() {
    let own = scenario(7);
    let plan = built(&own, &own.spec);
    assert!(plan.with_levels(&own.spec).is_some(), "nothing differs");
    let changes: [(&str, Change); 6] = [
        ("knee", |spec| spec.screens[0].knee.peak += 1.0),
        ("gamut", |spec| spec.screens[0].gamut[0][0] -= 0.01),
        ("crop", |spec| spec.screens[0].crop.width -= 1),
        ("dither", |spec| {
            spec.ports[0].dither = if spec.ports[0].dither.is_none() { Some(DitherPeriod::default()) } else { None }
        }),
        ("port", |spec| drop(spec.ports.pop())),
        ("low grey", |spec| spec.modules = vec![ModulePath { low_grey: [0.5; 3], ..ModulePath::default() }; 4]),
    ];
    for (name, change) in changes {
        let mut spec = own.spec.clone();
        change(&mut spec);
        assert!(plan.with_levels(&spec).is_none(), "{name}");
    }
    let mut spec = own.spec.clone();
    spec.screens[0].brightness = 1.5;
    assert!(matches!(plan.with_levels(&spec), Some(Err(PlanError::Range { .. }))), "levels are checked");
}

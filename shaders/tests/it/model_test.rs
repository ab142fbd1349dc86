//! The integer chain stays within one code of the model.

use ocp809_sender::ids::ModuleIndex;
use ocp809_shaders::frame::InputTransfer;
use ocp809_shaders::reference::Reference;
use ocp809_shaders::spec::{IDENTITY, OutputTransfer};
use ocp809_shaders::{FrameView, PixelPath};
use proptest::prelude::*;

use crate::model::Model;
use crate::scenario::scenario;

/// Error of light that the path's fixed point may add before a code is chosen: what follows from its documented
/// roundings, as a share of the pixel's light and as a share of white. Levels and a filter's weights have 16 bits,
/// a code value is exact to half of a 16-bit code, which near black is much light for a source without gamma, and a matrix
/// carries the error of a bright channel into a dark one. A 16-bit code of
/// PQ is a step of 0.05 % of light, and YUV matrices are exact to about two of them.
const RELATIVE: f64 = 4e-4;
const RELATIVE_PQ: f64 = 2e-3;
const LEVEL: f64 = 1.0 / 65_536.0;
const ABSOLUTE: f64 = 1e-6;
const ABSOLUTE_LINEAR: f64 = 2e-5;
const MIXED: f64 = 0.05;
const SCALED: f64 = 3e-5;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(160))]

    #[test]
    fn the_whole_chain_stays_within_one_code_of_real_numbers(seed in any::<u64>()) {
        let own = scenario(seed);
        let plan = own.rig.plan(&own.spec, own.shape);
        let frame = FrameView::packed(own.shape, &own.data).unwrap();
        let mut reference = Reference::new();
        reference.configure(plan).unwrap();
        let codes = own.rig.codes(&own.rig.run(&mut reference, &frame, own.phase));
        let model = Model { own: &own };
        for (index, module) in own.rig.wall.modules().iter().enumerate() {
            let port = own.rig.wall.cabinets()[module.cabinet.index()].port.index();
            let screen = module.screen.index();
            let top = f64::from((1_u32 << own.rig.wall.ports()[port].link.format.bits()) - 1);
            let input = own.spec.screens[screen].transfer.unwrap_or(own.shape.color.transfer);
            let hdr = matches!(input, InputTransfer::Hlg | InputTransfer::Pq);
            if hdr && own.spec.ports[port].transfer == OutputTransfer::Source {
                // Such a code says nothing alone: HLG's light depends on all three, and PQ's passes above white.
                continue;
            }
            let level = model.level(ModuleIndex(index as u32), screen, port);
            let relative = LEVEL / level + if input == InputTransfer::Pq { RELATIVE_PQ } else { RELATIVE };
            let steep = match input {
                InputTransfer::Linear => true,
                InputTransfer::Power(gamma) => gamma < 1.5,
                _ => false,
            };
            let absolute = if steep { ABSOLUTE_LINEAR } else { ABSOLUTE };
            let mixed = own.spec.screens[screen].gamut != IDENTITY || !own.spec.modules.is_empty();
            let scaled = own.spec.screens[screen].crop.size() != own.rig.wall.screens()[screen].size;
            let width = own.rig.wall.screens()[screen].size.width as usize;
            for y in module.rect.y as usize..module.rect.bottom() as usize {
                for x in module.rect.x as usize..module.rect.right() as usize {
                    let exact = model.light(ModuleIndex(index as u32), module, port, x, y);
                    let shown = codes[screen][y * width + x].expect("every pixel of a module is sent");
                    for channel in 0..3 {
                        let code = f64::from(shown[channel]);
                        let light = |code: f64| model.link(screen, port, (code / top).clamp(0.0, 1.0));
                        let slack = exact.into_iter().fold(0.0, f64::max) * relative + if scaled { SCALED } else { 0.0 } + absolute + if mixed { relative * MIXED } else { 0.0 };
                        let (low, high) = (light(code - 1.0) - slack, light(code + 1.0) + slack);
                        // A source function that ends above white clips: its whites are all the same.
                        let clipped = exact[channel] >= 1.0 - slack && high >= 1.0;
                        prop_assert!(
                            (low..=high).contains(&exact[channel]) || clipped,
                            "seed {seed}: pixel {x}, {y} channel {channel}: code {code} of {top} for light {:.9}, \
                             neighbours give {:.9} to {:.9}", exact[channel], light(code - 1.0), light(code + 1.0)
                        );
                    }
                }
            }
        }
    }
}

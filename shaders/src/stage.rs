//! The dispatches of a frame as data: name, entry point and the files that its WGSL is put together from.

use crate::abi;

/// A dispatch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stage {
    /// Name for people and for GPU debuggers, and the entry point.
    pub(crate) entry: &'static str,
    /// Its own file.
    wgsl: &'static str,
}

/// Shared files, in the order in which the pixel path runs.
const SHARED: [&str; 9] = [
    include_str!("../wgsl/shared/bindings.wgsl"),
    include_str!("../wgsl/shared/fixed.wgsl"),
    include_str!("../wgsl/shared/ingest.wgsl"),
    include_str!("../wgsl/shared/lut3d.wgsl"),
    include_str!("../wgsl/shared/transfer.wgsl"),
    include_str!("../wgsl/shared/gamut.wgsl"),
    include_str!("../wgsl/shared/correct.wgsl"),
    include_str!("../wgsl/shared/dither.wgsl"),
    include_str!("../wgsl/shared/pack.wgsl"),
];

/// Source to scaled light; runs only for screens that are not shown 1:1.
pub(crate) const SCALE: Stage = Stage { entry: "scale", wgsl: include_str!("../wgsl/scale.wgsl") };

/// Source or scaled light to packets.
pub(crate) const FRAME: Stage = Stage { entry: "main", wgsl: include_str!("../wgsl/frame.wgsl") };

impl Stage {
    /// The whole text of the shader.
    pub(crate) fn source(&self) -> String {
        let mut text = abi::preamble();
        SHARED.into_iter().chain([self.wgsl]).for_each(|part| {
            text.push_str(part);
            text.push('\n');
        });
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shader_is_valid_without_a_gpu() {
        for stage in [SCALE, FRAME] {
            let source = stage.source();
            let module = naga::front::wgsl::parse_str(&source)
                .unwrap_or_else(|error| panic!("{}: {}", stage.entry, error.emit_to_string(&source)));
            let flags = naga::valid::ValidationFlags::all();
            let mut validator = naga::valid::Validator::new(flags, naga::valid::Capabilities::empty());
            let outcome = validator.validate(&module);
            assert!(outcome.is_ok(), "{}: {}", stage.entry, outcome.unwrap_err().emit_to_string(&source));
            assert!(module.entry_points.iter().any(|entry| entry.name == stage.entry), "entry point {}", stage.entry);
        }
    }

    #[test]
    fn no_dispatch_needs_more_storage_buffers_than_webgpu_promises() {
        let module = naga::front::wgsl::parse_str(&FRAME.source()).expect("valid");
        let storage = |global: &naga::GlobalVariable| matches!(global.space, naga::AddressSpace::Storage { .. });
        assert!(module.global_variables.iter().filter(|(_, global)| storage(global)).count() <= 8, "storage buffers");
    }
}

//! What draws the window: wgpu where a graphics card serves it, OpenGL otherwise. A software Vulkan would work too, but
//! OpenGL's software renderer is several times faster than it.

use std::sync::Arc;

use eframe::egui_wgpu::{WgpuConfiguration, WgpuSetup, WgpuSetupCreateNew};
use wgpu::{Adapter, Backends, DeviceType, Surface};

/// What draws the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Renderer {
    /// wgpu where a graphics card serves it, else OpenGL.
    #[default]
    Auto,
    /// wgpu, on a software adapter too.
    Wgpu,
    /// OpenGL.
    Glow,
}

impl Renderer {
    /// The renderers to try, best first.
    pub(super) fn candidates(self) -> &'static [eframe::Renderer] {
        match self {
            Self::Auto if has_graphics_card() => &[eframe::Renderer::Wgpu, eframe::Renderer::Glow],
            Self::Auto | Self::Glow => &[eframe::Renderer::Glow],
            Self::Wgpu => &[eframe::Renderer::Wgpu],
        }
    }

    /// The settings of wgpu: graphics cards first; a software adapter only where wgpu was asked for by name.
    pub(super) fn wgpu_options(self) -> WgpuConfiguration {
        let software_too = self == Self::Wgpu;
        let mut setup = WgpuSetupCreateNew::without_display_handle();
        setup.instance_descriptor.backends = Backends::PRIMARY;
        setup.native_adapter_selector = Some(Arc::new(move |adapters, surface| {
            choose(adapters, surface, software_too).ok_or_else(|| "no adapter can draw on this window".to_owned())
        }));
        WgpuConfiguration { wgpu_setup: WgpuSetup::CreateNew(setup), ..WgpuConfiguration::default() }
    }
}

/// How much an adapter is worth; `None` for one that computes on the CPU.
const fn worth(kind: DeviceType) -> Option<u8> {
    match kind {
        DeviceType::DiscreteGpu => Some(3),
        DeviceType::IntegratedGpu => Some(2),
        DeviceType::VirtualGpu => Some(1),
        DeviceType::Cpu | DeviceType::Other => None,
    }
}

fn choose(adapters: &[Adapter], surface: Option<&Surface<'_>>, software_too: bool) -> Option<Adapter> {
    adapters
        .iter()
        .filter(|adapter| surface.is_none_or(|surface| adapter.is_surface_supported(surface)))
        .filter_map(|adapter| {
            let worth = worth(adapter.get_info().device_type).or(software_too.then_some(0))?;
            Some((worth, adapter))
        })
        .max_by_key(|(worth, _)| *worth)
        .map(|(_, adapter)| adapter.clone())
}

fn has_graphics_card() -> bool {
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
    descriptor.backends = Backends::PRIMARY;
    let adapters = pollster::block_on(wgpu::Instance::new(descriptor).enumerate_adapters(Backends::PRIMARY));
    choose(&adapters, None, false).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_software_adapter_is_no_graphics_card() {
        assert_eq!(worth(DeviceType::Cpu), None);
        assert!(worth(DeviceType::DiscreteGpu) > worth(DeviceType::IntegratedGpu), "the faster one first");
        assert!(worth(DeviceType::VirtualGpu) > Some(0), "a passed-through card is a card");
    }

    #[test]
    fn a_renderer_that_was_asked_for_is_not_replaced() {
        assert_eq!(Renderer::Glow.candidates(), [eframe::Renderer::Glow]);
        assert_eq!(Renderer::Wgpu.candidates(), [eframe::Renderer::Wgpu]);
    }
}

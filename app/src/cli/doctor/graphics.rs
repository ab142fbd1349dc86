//! Where pixels are computed and whether a window can be opened. Neither is needed to drive a wall.

use super::Finding;
use crate::gui;

pub(super) fn findings() -> Vec<Finding> {
    vec![gpu(), window()]
}

/// A hardware adapter, if there is one.
fn gpu() -> Finding {
    let subject = "GPU";
    // Without OpenGL, which only draws windows and would talk to the display, and complain on stderr where there is none.
    let mut wanted = wgpu::InstanceDescriptor::new_without_display_handle();
    wanted.backends = wgpu::Backends::PRIMARY;
    let adapters = pollster::block_on(wgpu::Instance::new(wanted).enumerate_adapters(wgpu::Backends::PRIMARY));
    let hardware = adapters.iter().map(wgpu::Adapter::get_info).find(|info| info.device_type != wgpu::DeviceType::Cpu);
    match hardware {
        Some(info) => Finding::ok(subject, format!("{} ({})", info.name, info.backend)),
        None => Finding::advice(
            subject,
            "no hardware GPU answers: pixels are computed on the processor, bit for bit the same",
            "for a built-in GPU: sudo apt install mesa-vulkan-drivers; for others the vendor's driver",
        ),
    }
}

fn window() -> Finding {
    match gui::probe() {
        Ok(display) => Finding::ok("window", format!("can be opened ({display:?})")),
        Err(reason) => Finding::advice("window", reason.to_string(), "without a window, use `ocp809 run` and `ocp809 do`"),
    }
}

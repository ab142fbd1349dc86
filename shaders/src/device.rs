//! Finding a GPU and opening it. Adapters are chosen by their type: a software rasteriser is never taken for a GPU.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use thiserror::Error;

/// How long a frame may take before a GPU counts as lost: within a second the CPU shall have taken over.
const TIMEOUT: Duration = Duration::from_millis(500);

/// The same for a software rasteriser, which shares a busy machine and compiles shaders when they first run.
const SOFTWARE_TIMEOUT: Duration = Duration::from_mins(1);

/// Why the GPU cannot compute frames.
#[derive(Debug, Error)]
pub enum GpuError {
    /// No adapter of the wanted kind.
    #[error("no {wanted} adapter was found among {found}; use the CPU path")]
    NoAdapter {
        /// What was asked for.
        wanted: AdapterKind,
        /// Adapters that were found, of any kind.
        found: usize,
    },
    /// No adapter of the wanted name.
    #[error("no adapter is called {wanted:?}; there are {found:?}")]
    NoSuchName {
        /// What was asked for.
        wanted: String,
        /// Names of all adapters.
        found: Vec<String>,
    },
    /// The adapter gives no device.
    #[error("the adapter {name} gives no device")]
    Request {
        /// The adapter.
        name: String,
        /// Why.
        #[source]
        source: wgpu::RequestDeviceError,
    },
    /// A buffer of the plan is larger than the device can bind.
    #[error("{buffer} needs {bytes} bytes, the device binds at most {limit}; use the CPU path or split the wall")]
    TooLarge {
        /// Name of the buffer.
        buffer: &'static str,
        /// Its size.
        bytes: u64,
        /// The device's limit.
        limit: u64,
    },
    /// The device was lost or did not answer; a new one must be opened.
    #[error("the GPU {name} was lost ({reason}); open it again, and use the CPU path meanwhile")]
    Lost {
        /// The adapter.
        name: String,
        /// What its driver said.
        reason: String,
    },
}

/// Which adapters are acceptable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AdapterKind {
    /// A discrete, integrated or virtual GPU: what the product uses.
    #[default]
    Hardware,
    /// A software rasteriser: exact but slower than the CPU path, for tests only.
    Software,
}

impl AdapterKind {
    fn accepts(self, kind: wgpu::DeviceType) -> bool {
        match kind {
            wgpu::DeviceType::Cpu => self == Self::Software,
            wgpu::DeviceType::DiscreteGpu | wgpu::DeviceType::IntegratedGpu | wgpu::DeviceType::VirtualGpu => {
                self == Self::Hardware
            }
            // Drivers that do not say what they are may be anything, and a slow guess would cost frames.
            wgpu::DeviceType::Other => false,
        }
    }
}

impl core::fmt::Display for AdapterKind {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Hardware => "hardware",
            Self::Software => "software",
        })
    }
}

/// All adapters of this machine. GL adapters of old drivers count as discrete GPUs without being any; Vulkan, Metal and
/// DX12 do not.
fn adapters() -> Vec<wgpu::Adapter> {
    // Only these backends are opened at all: looking for GL makes its libraries complain on machines without a display.
    let backends = wgpu::Backends::PRIMARY;
    let descriptor = wgpu::InstanceDescriptor { backends, ..wgpu::InstanceDescriptor::new_without_display_handle() };
    pollster::block_on(wgpu::Instance::new(descriptor).enumerate_adapters(backends))
}

/// An open GPU.
#[derive(Debug, Clone)]
pub struct Gpu {
    pub(crate) device: wgpu::Device,
    pub(crate) queue: wgpu::Queue,
    name: String,
    timeout: Duration,
    /// What the driver said when the device was lost; empty while it lives.
    lost: Arc<OnceLock<String>>,
}

impl Gpu {
    /// Opens the best adapter of a kind: discrete before integrated before virtual.
    ///
    /// # Errors
    /// [`GpuError::NoAdapter`] and [`GpuError::Request`].
    pub fn open(kind: AdapterKind) -> Result<Self, GpuError> {
        let adapters = adapters();
        let found = adapters.len();
        let rank = |adapter: &wgpu::Adapter| match adapter.get_info().device_type {
            wgpu::DeviceType::DiscreteGpu => 0,
            wgpu::DeviceType::IntegratedGpu => 1,
            wgpu::DeviceType::VirtualGpu => 2,
            wgpu::DeviceType::Cpu | wgpu::DeviceType::Other => 3,
        };
        let adapter = adapters.into_iter().filter(|a| kind.accepts(a.get_info().device_type)).min_by_key(rank);
        Self::of_adapter(&adapter.ok_or(GpuError::NoAdapter { wanted: kind, found })?)
    }

    /// Opens the adapter, of whatever kind, whose name contains `wanted`, whatever its case.
    ///
    /// # Errors
    /// [`GpuError::NoSuchName`] and [`GpuError::Request`].
    pub fn open_named(wanted: &str) -> Result<Self, GpuError> {
        let adapters = adapters();
        let has_name = |adapter: &&wgpu::Adapter| adapter.get_info().name.to_lowercase().contains(&wanted.to_lowercase());
        match adapters.iter().find(has_name) {
            Some(adapter) => Self::of_adapter(adapter),
            None => Err(GpuError::NoSuchName {
                wanted: wanted.to_owned(),
                found: adapters.iter().map(|adapter| adapter.get_info().name).collect(),
            }),
        }
    }

    fn of_adapter(adapter: &wgpu::Adapter) -> Result<Self, GpuError> {
        let name = adapter.get_info().name;
        // Never ask for more than the adapter has, nor rely on more than WebGPU's defaults: 8 storage buffers of 128 MiB.
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("pixel path"),
            required_limits: wgpu::Limits::default().using_resolution(adapter.limits()),
            ..wgpu::DeviceDescriptor::default()
        };
        let opened = pollster::block_on(adapter.request_device(&descriptor));
        let (device, queue) = opened.map_err(|source| GpuError::Request { name: name.clone(), source })?;
        let lost = Arc::new(OnceLock::new());
        let cell = lost.clone();
        device.set_device_lost_callback(move |_, message| {
            // Only the first reason counts.
            let _first = cell.set(message);
        });
        let cell = lost.clone();
        // Without a handler wgpu panics. After an error that no scope caught the device's state is unknown.
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
            let _first = cell.set(error.to_string());
        }));
        let software = adapter.get_info().device_type == wgpu::DeviceType::Cpu;
        let timeout = if software { SOFTWARE_TIMEOUT } else { TIMEOUT };
        Ok(Self { device, queue, name, timeout, lost })
    }

    /// The adapter's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the device is gone.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.lost.get().is_some()
    }

    /// The error that says why the device is gone; `reason` unless the driver gave one.
    pub(crate) fn lost(&self, reason: &str) -> GpuError {
        GpuError::Lost { name: self.name.clone(), reason: self.lost.get_or_init(|| reason.to_owned()).clone() }
    }

    /// Waits until everything submitted so far is done, and its callbacks are.
    pub(crate) fn wait(&self, submission: wgpu::SubmissionIndex) -> Result<(), GpuError> {
        let wait = wgpu::PollType::Wait { submission_index: Some(submission), timeout: Some(self.timeout) };
        match self.device.poll(wait) {
            Ok(_) if !self.is_lost() => Ok(()),
            Ok(_) => Err(self.lost("the device is gone")),
            Err(error) => Err(self.lost(&error.to_string())),
        }
    }

    /// Gives the device up, as a driver reset does: for tests of what happens then.
    pub fn destroy(&self) {
        self.device.destroy();
    }
}

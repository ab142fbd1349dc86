//! The GPU and what can go wrong with it.

use thiserror::Error;

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
    /// The device was lost or timed out; a new one must be made.
    #[error("the GPU was lost; open it again, and use the CPU path meanwhile")]
    Lost,
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

impl core::fmt::Display for AdapterKind {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Hardware => "hardware",
            Self::Software => "software",
        })
    }
}

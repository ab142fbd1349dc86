//! SIGINT and SIGTERM as a flag: the first asks for an orderly end, the second ends the process.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag::{register, register_conditional_shutdown};

use crate::error::EXIT_INTERRUPTED;

/// The flag.
#[derive(Debug)]
pub struct Signals {
    raised: Arc<AtomicBool>,
}

impl Signals {
    /// Catches both signals from now on.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn new() -> io::Result<Self> {
        let raised = Arc::new(AtomicBool::new(false));
        let armed = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // In this order the first signal arms the second.
            register_conditional_shutdown(signal, EXIT_INTERRUPTED.into(), Arc::clone(&armed))?;
            register(signal, Arc::clone(&armed))?;
            register(signal, Arc::clone(&raised))?;
        }
        Ok(Self { raised })
    }

    /// Whether a signal came since the last call.
    pub fn take(&mut self) -> bool {
        self.raised.swap(false, Ordering::Relaxed)
    }
}

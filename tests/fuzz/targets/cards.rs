//! See `ocp809_sender::fuzz::cards`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ocp809_sender::fuzz::cards(data));

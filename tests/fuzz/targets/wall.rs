//! See `ocp809_app::fuzz::wall`; the sample walls are its corpus: `cargo +nightly fuzz run wall corpus/wall ../../assets/walls`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ocp809_app::fuzz::wall(data));

//! libFuzzer's entry to `fuzz::simulate`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::simulate(data));

//! libFuzzer's entry to `fuzz::explain`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::explain(data));

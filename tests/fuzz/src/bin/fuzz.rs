//! Runs one target under libFuzzer, which finds inputs by what code they reach: `make fuzz`.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use vestibule_fuzz::Target;

static CHOSEN: LazyLock<Target> = LazyLock::new(vestibule_fuzz::chosen);

fuzz_target!(|data: &[u8]| (CHOSEN.run)(data));

//! What the program of the function refuses to start with.

use std::process::Command;

/// With `DEBUG` a fixed code may pass for a second factor: nothing that is deployed may have it.
#[test]
fn it_does_not_start_with_debug() {
    let program = Command::new(env!("CARGO_BIN_EXE_mfa"))
        .env_clear()
        .envs([
            ("DEBUG", "true"),
            ("SECRET_KEY", "a-secret-that-only-these-tests-know"),
            ("AWS_REGION", "local"),
            ("AWS_ACCESS_KEY_ID", "local"),
            ("AWS_SECRET_ACCESS_KEY", "local"),
            ("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:9"),
        ])
        .output()
        .expect("the program runs");
    assert!(!program.status.success());
    let logged = String::from_utf8_lossy(&program.stdout);
    assert!(logged.contains("DEBUG must not be true"), "{logged}");
}

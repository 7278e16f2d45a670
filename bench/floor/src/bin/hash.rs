//! Says that it is ready, then verifies a password for each line that it reads, and nothing else: what a login costs before any of our code runs.
//!
//! The arguments are the password and its hash, which says what it costs.

use std::error::Error;
use std::io::{BufRead as _, Write as _, stdin, stdout};

use argon2::Argon2;
use argon2::password_hash::PasswordVerifier as _;
use argon2::password_hash::phc::PasswordHash;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, password, hash] = arguments.as_slice() else {
        return Err("a password and its hash are needed".into());
    };
    writeln!(stdout(), "ready")?;
    for line in stdin().lock().lines() {
        line?;
        Argon2::default().verify_password(password.as_bytes(), &PasswordHash::new(hash)?)?;
        writeln!(stdout(), "verified")?;
    }
    Ok(())
}

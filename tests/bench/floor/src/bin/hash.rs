//! Verifies a password for each line that it reads, and nothing else: what a login costs before any of our code runs.
//!
//! The arguments are the memory in KiB, the passes over it, and the lanes.

use std::error::Error;
use std::io::{BufRead as _, Write as _, stdin, stdout};

use argon2::password_hash::phc::{PasswordHash, Salt};
use argon2::password_hash::{CustomizedPasswordHasher, PasswordVerifier};
use argon2::{Argon2, Params};

const PASSWORD: &[u8] = b"correct horse battery staple";

fn main() -> Result<(), Box<dyn Error>> {
    let [memory_kib, iterations, lanes] = cost()?;
    let params = Params::new(memory_kib, iterations, lanes, None)?;
    let salt = Salt::new(b"sixteen bytes of")?;
    let hash = Argon2::default().hash_password_customized(PASSWORD, &salt, None, None, params)?.to_string();
    for line in stdin().lock().lines() {
        line?;
        Argon2::default().verify_password(PASSWORD, &PasswordHash::new(&hash)?)?;
        writeln!(stdout(), "verified")?;
    }
    Ok(())
}

fn cost() -> Result<[u32; 3], Box<dyn Error>> {
    let numbers: Vec<u32> =
        std::env::args().skip(1).map(|number| number.parse()).collect::<Result<_, _>>()?;
    numbers.try_into().map_err(|_| "three numbers are needed: memory in KiB, passes, lanes".into())
}

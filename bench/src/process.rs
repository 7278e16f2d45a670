//! A program under measurement: how it is started, what it says when it fails, and the CPU time that it has used.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::process::{Child, Command};

/// After this long without work to do, a process sleeps, and the kernel's account of it is complete.
const SETTLES_IN: Duration = Duration::from_millis(1);

/// A process, ended when this is dropped.
pub struct FunctionProcess {
    pub child: Child,
    log: PathBuf,
}

impl FunctionProcess {
    /// Starts a program with these variables and no others. What it writes goes to a file, as on Lambda to a pipe
    /// that somebody else reads.
    pub fn start(
        mut command: Command,
        variables: &HashMap<String, String>,
        directory: &Path,
    ) -> io::Result<Self> {
        let log = directory.join("log");
        let file = File::create(&log)?;
        command.env_clear().envs(variables).stderr(file.try_clone()?).kill_on_drop(true);
        if command.as_std().get_args().len() == 0 {
            command.stdin(Stdio::null()).stdout(file);
        }
        Ok(Self { child: command.spawn()?, log })
    }

    /// What it has written.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Kills it, and waits until it is gone.
    pub async fn end(mut self) -> io::Result<()> {
        self.child.kill().await
    }

    /// The memory that it has in use, in KiB.
    pub fn memory(&self) -> io::Result<u64> {
        let Some(id) = self.child.id() else { return Err(io::ErrorKind::NotFound.into()) };
        let status = fs::read_to_string(format!("/proc/{id}/status"))?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next());
        resident.and_then(|number| number.parse().ok()).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    /// The CPU time of all its threads until now, in nanoseconds; for a process that waits for work.
    pub async fn cpu_time(&self) -> io::Result<u64> {
        tokio::time::sleep(SETTLES_IN).await;
        let Some(id) = self.child.id() else { return Err(io::ErrorKind::NotFound.into()) };
        let mut sum = 0;
        for task in fs::read_dir(format!("/proc/{id}/task"))? {
            // Run time, waiting time, time slices.
            let numbers = fs::read_to_string(task?.path().join("schedstat"))?;
            let run_time = numbers.split(' ').next().and_then(|number| number.parse::<u64>().ok());
            sum += run_time.ok_or(io::ErrorKind::InvalidData)?;
        }
        Ok(sum)
    }
}

/// Wall time, which is what is measured.
#[expect(clippy::disallowed_methods, reason = "a stopwatch needs the real time")]
pub fn now() -> Instant {
    Instant::now()
}

//! The processes of the functions: they start when they are first needed, and lose what they know when they die. Where two
//! releases run side by side, each process is of one of them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use vestibule_simulator_kernel::{Birth, Dice, Kernel, Process, Release};

/// How far the clock of a process can be from the right time, in milliseconds.
pub const MOST_SKEW: i64 = 2000;

/// The releases that run side by side.
pub type Releases = [Arc<dyn Release>];

/// Which process: the name of its function, and which of the two it is.
pub type ProcessId = (&'static str, usize);

/// All processes.
pub struct Processes {
    kernel: Arc<Kernel>,
    releases: Vec<Arc<dyn Release>>,
    variables: HashMap<String, String>,
    seed: u64,
    started: u64,
    running: BTreeMap<ProcessId, Arc<dyn Process>>,
}

impl Processes {
    /// None is running.
    pub fn new(
        kernel: &Arc<Kernel>,
        releases: &Releases,
        variables: HashMap<String, String>,
        seed: u64,
    ) -> Self {
        let (kernel, releases) = (Arc::clone(kernel), releases.to_vec());
        Self { kernel, releases, variables, seed, started: 0, running: BTreeMap::new() }
    }

    /// The function that answers a path.
    pub fn function(&self, path: &str) -> &'static str {
        self.releases[0].function(path)
    }

    /// A process.
    pub fn get(&mut self, id: ProcessId) -> Arc<dyn Process> {
        if let Some(process) = self.running.get(&id) {
            return Arc::clone(process);
        }
        let process = self.start(id.0);
        self.running.insert(id, Arc::clone(&process));
        process
    }

    /// Ends a process, with all that it knows.
    pub fn kill(&mut self, id: ProcessId) {
        self.running.remove(&id);
    }

    /// Ends all processes.
    pub fn kill_all(&mut self) {
        self.running.clear();
    }

    fn start(&mut self, function: &'static str) -> Arc<dyn Process> {
        self.started += 1;
        let mut dice = Dice::new(self.seed, "process", &[self.started]);
        let release = Dice::new(self.seed, "release", &[self.started]).below(self.releases.len());
        let skew = i64::try_from(dice.draw() % (2 * MOST_SKEW.unsigned_abs())).unwrap_or_default();
        let birth = Birth {
            kernel: Arc::clone(&self.kernel),
            variables: self.variables.clone(),
            skew: skew - MOST_SKEW,
            region: format!("region-{}", unique()),
            dice,
        };
        self.releases[release].start(function, birth)
    }
}

/// A number that no other process of this program has.
fn unique() -> u64 {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    COUNT.fetch_add(1, Ordering::Relaxed)
}

//! What the functions of a stack ask of AWS: what they may not do fails the test, and what they may and do is written down
//! for the whole suite.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use vestibule_cli::iam::{Refusal, Watch};

/// Which permissions this program has used so far.
static USED: LazyLock<Mutex<BTreeSet<String>>> = LazyLock::new(Mutex::default);

/// What the roles of a stack's functions did not allow. Unless a test asks for it, it fails the test.
#[derive(Debug, Default)]
pub struct Refusals(Arc<Mutex<Vec<Refusal>>>);

impl Refusals {
    /// What notes them, and notes which permissions are used.
    pub(crate) fn watch(&self) -> Watch {
        let refusals = Arc::clone(&self.0);
        Arc::new(move |verdict| match verdict {
            Ok(permissions) => permissions.iter().for_each(|permission| note(&permission.to_string())),
            Err(refusal) => {
                refusals.lock().unwrap_or_else(PoisonError::into_inner).push(refusal.clone());
            }
        })
    }

    /// What was refused since it was last asked, each with the function, the action and the key.
    pub fn take(&self) -> Vec<String> {
        let refusals = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        refusals.iter().map(Refusal::explanation).collect()
    }
}

impl Drop for Refusals {
    fn drop(&mut self) {
        let refused = self.take();
        if refused.is_empty() {
            return;
        }
        let text = format!("access denied:\n{}", refused.join("\n"));
        if std::thread::panicking() {
            eprintln!("{text}");
        } else {
            panic!("{text}");
        }
    }
}

/// Writes a permission down when it is first used. Many programs may do so at once: lines are appended.
fn note(permission: &str) {
    if !USED.lock().unwrap_or_else(PoisonError::into_inner).insert(permission.to_owned()) {
        return;
    }
    let mut file = OpenOptions::new().create(true).append(true).open(used_permissions()).unwrap();
    file.write_all(format!("{permission}\n").as_bytes()).unwrap();
}

/// The file with the permissions that tests have used since it was last removed, one a line.
pub fn used_permissions() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"), PathBuf::from);
    target.join("used-permissions.txt")
}

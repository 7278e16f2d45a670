//! The directory that a local stack keeps its data in: one stack at a time.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use vestibule::random::Random;

/// The file of the token that the operators' API takes, as long as it runs.
pub const OPERATOR_TOKEN: &str = "operator-token";

/// The file of the database.
pub const DATABASE: &str = "dynamodb.sqlite";

/// Where the parts of a running stack are, as `endpoints.json` tells other programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoints {
    /// The HTTP API.
    pub api: String,
    /// The proxy in front of it, if there is one: what the browser is to know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public: Option<String>,
    /// The inbox: its page, Mailpit's API, SES and SNS.
    pub inbox: String,
    /// DynamoDB.
    pub dynamodb: String,
    /// The playground, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub playground: Option<String>,
    /// The operators' API, if there is one; the file `operator-token` has its token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    /// The console, if there is one. Its link has a secret, which is not in here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub console: Option<String>,
    /// The table's name.
    pub table: String,
    /// The region that the table is in.
    pub region: String,
    /// The stack's process.
    pub process: u32,
}

/// A data directory that this process has for itself.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    /// The operating system takes the lock back when the process ends, however it ends.
    _lock: File,
}

/// Why a data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// It cannot be read or written.
    #[error("{}: {reason}. Choose another directory with --data-dir (VESTIBULE_DATA_DIR)", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the operating system says.
        reason: io::Error,
    },
    /// Another stack runs on it.
    #[error(
        "a stack is running on {} already{known}. Stop it, or give this one a directory of its own \
         with --data-dir (VESTIBULE_DATA_DIR)",
        path.display()
    )]
    InUse {
        /// The directory.
        path: PathBuf,
        /// What the other stack has told about itself.
        known: String,
    },
    /// No stack runs on it.
    #[error(
        "no local stack is running on {}. Start one with `vestibule serve`, name its directory with \
         --data-dir (VESTIBULE_DATA_DIR), or set TABLE_NAME and the AWS variables of a deployed one",
        .0.display()
    )]
    NotRunning(PathBuf),
    /// A local stack is named, and a table as well.
    #[error(
        "TABLE_NAME ({table}) names a table, and --data-dir (VESTIBULE_DATA_DIR, {}) a local stack: give one of them",
        path.display()
    )]
    TwoTables {
        /// The table.
        table: String,
        /// The directory.
        path: PathBuf,
    },
    /// The data is there, but the key that it was sealed with is not.
    #[error(
        "{}: there is no secret-key, but data that was sealed with one: another key would open none of it. \
         Put the file back, set SECRET_KEY to the key, or choose another directory with --data-dir (VESTIBULE_DATA_DIR)",
        .0.display()
    )]
    LostKey(PathBuf),
}

impl DataDir {
    /// Makes the directory if need be, and locks it.
    pub fn open(path: &Path) -> Result<Self, DataDirError> {
        let failed = |file: &Path| {
            let path = file.to_owned();
            move |reason| DataDirError::Io { path, reason }
        };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed(path))?;
        let lock_path = path.join("lock");
        let lock = private().create(true).append(true).open(&lock_path).map_err(failed(&lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(in_use(path)),
            Err(TryLockError::Error(reason)) => return Err(failed(&lock_path)(reason)),
        }
        let own = Self { path: path.to_owned(), _lock: lock };
        // Somebody who tries the stack inside a repository shall not commit its secrets.
        own.replace(".gitignore", b"*\n")?;
        own.forget_endpoints();
        Ok(own)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// A file in it that only its owner can read; made empty if need be.
    pub fn private_file(&self, name: &str) -> Result<PathBuf, DataDirError> {
        let path = self.file(name);
        match private().create(true).append(true).open(&path) {
            Ok(_) => Ok(path),
            Err(reason) => Err(DataDirError::Io { path, reason }),
        }
    }

    /// The key that signs links and seals messages: made on the first run, and the same ever after.
    /// A new one is of no use to data that is there already.
    pub fn secret_key(&self, random: &Random) -> Result<String, DataDirError> {
        match self.find("secret-key")? {
            Some(key) => Ok(key),
            None if self.has_data() => Err(DataDirError::LostKey(self.path.clone())),
            None => self.kept("secret-key", || random.secret()),
        }
    }

    fn has_data(&self) -> bool {
        fs::metadata(self.file(DATABASE)).is_ok_and(|file| file.len() > 0)
    }

    fn find(&self, name: &str) -> Result<Option<String>, DataDirError> {
        let path = self.file(name);
        match fs::read_to_string(&path) {
            Ok(secret) => Ok(Some(secret.trim().to_owned()).filter(|secret| !secret.is_empty())),
            Err(reason) if reason.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(reason) => Err(DataDirError::Io { path, reason }),
        }
    }

    /// A secret that was made on the first run that asked for it.
    pub fn kept(&self, name: &str, make: impl FnOnce() -> String) -> Result<String, DataDirError> {
        if let Some(secret) = self.find(name)? {
            return Ok(secret);
        }
        let secret = make();
        self.replace(name, secret.as_bytes())?;
        Ok(secret)
    }

    /// Tells other programs that the stack is ready, and where.
    pub fn tell_endpoints(&self, endpoints: &Endpoints) -> Result<(), DataDirError> {
        let text = serde_json::to_string_pretty(endpoints).unwrap_or_default();
        self.replace("endpoints.json", text.as_bytes())
    }

    /// A token for the operators' API of this run.
    pub fn new_operator_token(&self, random: &Random) -> Result<String, DataDirError> {
        let token = random.secret();
        self.replace(OPERATOR_TOKEN, token.as_bytes())?;
        Ok(token)
    }

    /// Tells nothing any more.
    pub fn forget_endpoints(&self) {
        for file in ["endpoints.json", OPERATOR_TOKEN] {
            // A file that stays is harmless: readers look at the lock too, and the next run has another token.
            let _ = fs::remove_file(self.file(file));
        }
    }

    /// Readers see the old content or the new, even if the process dies on the way.
    fn replace(&self, name: &str, content: &[u8]) -> Result<(), DataDirError> {
        let path = self.file(name);
        let new = self.file(&format!("{name}.new"));
        let write = || {
            let mut file = private().create(true).write(true).truncate(true).open(&new)?;
            file.write_all(content)?;
            file.sync_all()?;
            fs::rename(&new, &path)
        };
        write().map_err(|reason| DataDirError::Io { path: path.clone(), reason })
    }
}

/// Where the stack is that runs on a directory.
pub fn running(path: &Path) -> Result<Endpoints, DataDirError> {
    let not_running = || DataDirError::NotRunning(path.to_owned());
    let lock = File::open(path.join("lock")).map_err(|_| not_running())?;
    if lock.try_lock_shared().is_ok() {
        return Err(not_running());
    }
    told(path).ok_or_else(not_running)
}

/// The key that the stack on a directory keeps there; none if it has another one, or none yet.
pub fn kept_key(path: &Path) -> Option<String> {
    let key = fs::read_to_string(path.join("secret-key")).ok()?;
    Some(key.trim().to_owned()).filter(|key| !key.is_empty())
}

fn told(path: &Path) -> Option<Endpoints> {
    serde_json::from_slice(&fs::read(path.join("endpoints.json")).ok()?).ok()
}

fn in_use(path: &Path) -> DataDirError {
    let known = told(path).map(|it| format!(" ({}, process {})", it.api, it.process)).unwrap_or_default();
    DataDirError::InUse { path: path.to_owned(), known }
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn endpoints() -> Endpoints {
        Endpoints {
            api: "http://localhost:8000".to_owned(),
            inbox: "http://localhost:8025".to_owned(),
            dynamodb: "http://127.0.0.1:8001".to_owned(),
            playground: Some("http://localhost:3000".to_owned()),
            operator: Some("http://127.0.0.1:8027".to_owned()),
            console: Some("http://127.0.0.1:8026".to_owned()),
            table: "vestibule".to_owned(),
            region: "local".to_owned(),
            process: 7,
            public: None,
        }
    }

    #[test]
    fn one_stack_at_a_time() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a/b");
        assert!(matches!(running(&path), Err(DataDirError::NotRunning(_))));

        let first = DataDir::open(&path).unwrap();
        assert!(matches!(running(&path), Err(DataDirError::NotRunning(_))), "not ready yet");
        first.tell_endpoints(&endpoints()).unwrap();
        assert_eq!(running(&path).unwrap(), endpoints());
        let error = DataDir::open(&path).unwrap_err().to_string();
        assert!(error.contains("already (http://localhost:8000, process 7). Stop it"), "{error}");

        drop(first);
        assert!(matches!(running(&path), Err(DataDirError::NotRunning(_))), "told, but gone");
        let second = DataDir::open(&path).unwrap();
        assert!(!second.file("endpoints.json").exists(), "what the first one told is void");
    }

    #[test]
    fn the_key_stays_and_is_private() {
        let home = tempfile::tempdir().unwrap();
        let data = DataDir::open(home.path()).unwrap();
        let key = data.secret_key(&Random::system()).unwrap();
        assert_eq!(key.len(), 43);
        assert_eq!(data.secret_key(&Random::system()).unwrap(), key);
        fs::write(data.file(DATABASE), "data").unwrap();
        assert_eq!(data.secret_key(&Random::system()).unwrap(), key);
        let mode = fs::metadata(data.file("secret-key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        for lose in
            [|path: &Path| fs::write(path, " ").unwrap(), |path: &Path| fs::remove_file(path).unwrap()]
        {
            lose(&data.file("secret-key"));
            let error = data.secret_key(&Random::system()).unwrap_err();
            assert!(matches!(error, DataDirError::LostKey(_)), "{error}");
        }
        data.private_file(DATABASE).unwrap();
        fs::write(data.file(DATABASE), "").unwrap();
        assert_ne!(data.secret_key(&Random::system()).unwrap(), key, "nothing was written yet");
    }
}

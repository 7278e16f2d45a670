//! `vestibule settings …`: the settings that are deployed in a file, beside the program of each function.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use tracing::warn;
use vestibule::settings::{Errors, Settings};

use crate::arguments::SettingsCommand;
use crate::serve::TEMPLATE;
use crate::template::{Template, TemplateError};

/// The name of the file in a package, as `SETTINGS_FILE` has it in the template.
const NAME: &str = "settings.json";

/// Stands for each parameter that has no default: its value is known at deployment only.
const REQUIRED: [(&str, &str); 3] = [
    ("FrontendUrl", "https://frontend.invalid"),
    ("AllowedOrigins", "https://frontend.invalid"),
    ("SenderAddress", "sender@frontend.invalid"),
];

/// Why the file cannot be deployed.
#[derive(Debug, thiserror::Error)]
pub enum SettingsFileError {
    /// It cannot be read.
    #[error("{}: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        error: io::Error,
    },
    /// Its settings are wrong: all of them are listed.
    #[error("{}:\n{errors}", path.display())]
    Settings {
        /// The file.
        path: PathBuf,
        /// All errors.
        errors: Errors,
    },
    /// The template cannot be used.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// It cannot be written into a package.
    #[error("{}: {error}; infra/build.sh makes the packages", path.display())]
    Write {
        /// Where it should be.
        path: PathBuf,
        /// What the operating system says.
        error: io::Error,
    },
}

/// Runs a command, and returns what to print.
pub fn run(command: &SettingsCommand) -> Result<String, SettingsFileError> {
    match command {
        SettingsCommand::Check(settings) => {
            check(&settings.file, &template(&[])?)?;
            Ok(format!("{}: no errors", settings.file.display()))
        }
        SettingsCommand::Pack(pack) => {
            let text = check(&pack.settings.file, &template(&[])?)?;
            // The functions `keys` and `probe` exist with these only.
            let functions =
                template(&[("TokenStrategy", "jwt"), ("ProbeEmail", "probe@localhost")])?.functions;
            for function in &functions {
                let path = pack.into.join(&function.program).join(NAME);
                std::fs::write(&path, &text).map_err(|error| SettingsFileError::Write { path, error })?;
            }
            let count = functions.len();
            Ok(format!("{}: written into {count} packages", pack.settings.file.display()))
        }
    }
}

/// The file, unless something is wrong with it.
fn check(path: &Path, template: &Template) -> Result<String, SettingsFileError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| SettingsFileError::Read { path: path.to_owned(), error })?;
    let hints = Settings::check_file(&template.variables, &text)
        .map_err(|errors| SettingsFileError::Settings { path: path.to_owned(), errors })?;
    for hint in hints {
        warn!("{hint}");
    }
    Ok(text)
}

fn template(parameters: &[(&str, &str)]) -> Result<Template, TemplateError> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let parameters: BTreeMap<_, _> = REQUIRED.iter().chain(parameters).map(owned).collect();
    Template::read(TEMPLATE, &parameters)
}

//! `vestibule settings …`: the settings that are deployed in a file, beside the program of each function.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};

use tracing::warn;
use vestibule::environment::beside;
use vestibule::settings::{Errors, LoadedSettings, Settings};
use vestibule::texts::LanguageFaults;

use crate::arguments::SettingsCommand;
use crate::languages;
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
    /// Texts of the site's own languages are wrong: all of them are listed.
    #[error("{}: {faults}", path.display())]
    Languages {
        /// The file.
        path: PathBuf,
        /// All errors.
        faults: LanguageFaults,
    },
    /// The folder of languages is not where a package could have it.
    #[error(
        "{}: LANGUAGES_DIR={folder}: must be the name of a folder beside this file, such as translations: it is \
         copied into the functions' packages",
        path.display()
    )]
    LanguagesDir {
        /// The file.
        path: PathBuf,
        /// The value.
        folder: String,
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
            let Checked { text, languages } = check(&pack.settings.file, &template(&[])?)?;
            // The functions `keys`, `probe` and `events` exist with these only.
            let parameters =
                [("TokenStrategy", "jwt"), ("ProbeEmail", "probe@localhost"), ("DeliverEvents", "true")];
            let functions = template(&parameters)?.functions;
            for function in &functions {
                let package = pack.into.join(&function.program);
                let path = package.join(NAME);
                std::fs::write(&path, &text).map_err(|error| SettingsFileError::Write { path, error })?;
                if let Some(folder) = &languages {
                    let (from, path) = (beside(&pack.settings.file, folder), package.join(folder));
                    copy(Path::new(&from), &path)
                        .map_err(|error| SettingsFileError::Write { path, error })?;
                }
            }
            let count = functions.len();
            Ok(format!("{}: written into {count} packages", pack.settings.file.display()))
        }
    }
}

/// A file without errors.
struct Checked {
    text: String,
    /// The folder of languages beside it.
    languages: Option<String>,
}

/// The file, unless something is wrong with it, or with the languages that it names.
fn check(path: &Path, template: &Template) -> Result<Checked, SettingsFileError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| SettingsFileError::Read { path: path.to_owned(), error })?;
    let wrong = |errors| SettingsFileError::Settings { path: path.to_owned(), errors };
    for hint in Settings::check_file(&template.variables, &text).map_err(wrong)? {
        warn!("{hint}");
    }
    let variables = Settings::with_file(template.variables.clone(), &text).map_err(wrong)?;
    let LoadedSettings { mut settings, .. } = Settings::read(variables).map_err(wrong)?;
    let folder = settings.languages_dir.take();
    if let Some(folder) = &folder {
        if !matches!(Path::new(folder).components().collect::<Vec<_>>().as_slice(), [Component::Normal(_)]) {
            return Err(SettingsFileError::LanguagesDir { path: path.to_owned(), folder: folder.clone() });
        }
        settings.languages_dir = Some(beside(path, folder));
    }
    let wrong = |faults| SettingsFileError::Languages { path: path.to_owned(), faults };
    languages::check(&settings).map_err(wrong)?;
    Ok(Checked { text, languages: folder })
}

/// Copies a folder with all that is in it, in place of what was there.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => std::fs::create_dir_all(to)?,
    }
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() { copy(&from, &to)? } else { std::fs::copy(&from, &to).map(|_| ())? }
    }
    Ok(())
}

fn template(parameters: &[(&str, &str)]) -> Result<Template, TemplateError> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let parameters: BTreeMap<_, _> = REQUIRED.iter().chain(parameters).map(owned).collect();
    Template::read(TEMPLATE, &parameters)
}

//! The environment of a process: its variables, and the settings of the file that one of them names.

use std::collections::HashMap;
use std::path::Path;

use crate::settings::{Errors, LANGUAGES_DIR, SETTINGS_FILE, Settings};

/// Adds the settings of the file that `SETTINGS_FILE` names, if any. A folder of languages that the file names is beside
/// it, in a package as in a checkout.
pub fn complete(variables: HashMap<String, String>) -> Result<HashMap<String, String>, Errors> {
    let Some(path) = variables.get(SETTINGS_FILE).filter(|path| !path.trim().is_empty()) else {
        return Ok(variables);
    };
    match std::fs::read_to_string(path) {
        Ok(text) => {
            let (path, mut all) = (path.clone(), Settings::with_file(variables.clone(), &text)?);
            if let Some(folder) =
                all.get_mut(LANGUAGES_DIR).filter(|it| variables.get(LANGUAGES_DIR) != Some(it))
            {
                *folder = beside(Path::new(&path), folder);
            }
            Ok(all)
        }
        Err(error) => {
            let remedy = format!("{error}; `vestibule settings pack` writes it into the functions' packages");
            Err(Errors::of(SETTINGS_FILE, Some(path.clone()), remedy))
        }
    }
}

/// A path that a settings file names, as the process finds it.
pub fn beside(settings_file: &Path, path: &str) -> String {
    settings_file.parent().unwrap_or(Path::new("")).join(path).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(path: &str) -> HashMap<String, String> {
        HashMap::from([(SETTINGS_FILE.to_owned(), path.to_owned())])
    }

    #[test]
    fn the_settings_of_a_file_are_added() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.json").display().to_string();
        std::fs::write(&path, r#"{"SITE_NAME": "Example"}"#).unwrap();
        assert_eq!(complete(variables(&path)).unwrap()["SITE_NAME"], "Example");
        assert_eq!(complete(variables(" ")).unwrap(), variables(" "));
    }

    #[test]
    fn a_folder_of_languages_is_beside_the_file_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.json").display().to_string();
        let complete = |text: &str, given: Option<&str>| {
            std::fs::write(&path, text).unwrap();
            let mut variables = variables(&path);
            variables.extend(given.map(|given| (LANGUAGES_DIR.to_owned(), given.to_owned())));
            complete(variables).unwrap().get(LANGUAGES_DIR).cloned()
        };
        let relative = r#"{"LANGUAGES_DIR": "translations"}"#;
        assert_eq!(complete(relative, None), Some(folder.path().join("translations").display().to_string()));
        assert_eq!(complete(relative, Some("elsewhere")).as_deref(), Some("elsewhere"));
        assert_eq!(complete(r#"{"LANGUAGES_DIR": "/opt/texts"}"#, None).as_deref(), Some("/opt/texts"));
        assert_eq!(complete("{}", None), None);
    }

    #[test]
    fn a_missing_file_stops_the_start() {
        let error = complete(variables("/nowhere/settings.json")).unwrap_err().to_string();
        assert!(error.starts_with("SETTINGS_FILE=/nowhere/settings.json: No such file"), "{error}");
        assert!(error.contains("vestibule settings pack"), "{error}");
    }
}

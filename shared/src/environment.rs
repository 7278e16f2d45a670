//! The environment of a process: its variables, and the settings of the file that one of them names.

use std::collections::HashMap;

use crate::settings::{Errors, SETTINGS_FILE, Settings};

/// Adds the settings of the file that `SETTINGS_FILE` names, if any.
pub fn complete(variables: HashMap<String, String>) -> Result<HashMap<String, String>, Errors> {
    let Some(path) = variables.get(SETTINGS_FILE).filter(|path| !path.trim().is_empty()) else {
        return Ok(variables);
    };
    match std::fs::read_to_string(path) {
        Ok(text) => Settings::with_file(variables, &text),
        Err(error) => {
            let remedy = format!("{error}; `vestibule settings pack` writes it into the functions' packages");
            Err(Errors::of(SETTINGS_FILE, Some(path.clone()), remedy))
        }
    }
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
    fn a_missing_file_stops_the_start() {
        let error = complete(variables("/nowhere/settings.json")).unwrap_err().to_string();
        assert!(error.starts_with("SETTINGS_FILE=/nowhere/settings.json: No such file"), "{error}");
        assert!(error.contains("vestibule settings pack"), "{error}");
    }
}

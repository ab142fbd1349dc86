//! Whether a text can be read as what a property says it is: sources, patterns, files. The desk refuses what cannot.

use std::path::Path;

use ocp809_calibration::pattern::Pattern;

use crate::capture::SourceUri;
use crate::control::property::TextForm;

/// Reads a text and forgets the result.
///
/// # Errors
/// What its reader has against it.
pub fn read_text(form: TextForm, text: &str) -> Result<(), String> {
    match form {
        TextForm::SourceUri => text.parse::<SourceUri>().map(drop).map_err(|error| error.to_string()),
        TextForm::Pattern => text.parse::<Pattern>().map(drop).map_err(|error| error.to_string()),
        TextForm::File if Path::new(text).is_file() => Ok(()),
        TextForm::File => Err("there is no such file".to_owned()),
        // The desk knows the wall's cabinets itself.
        TextForm::Cabinet => Ok(()),
    }
}

//! 3D tables from .cube files, read once per file and blended with their strength.

use std::path::Path;
use std::sync::Arc;

use ocp809_calibration::lut::Lut3d;
use ocp809_sender::wall::Wall;

use super::look::ScreenLuts;
use crate::control::PropertyId;
use crate::control::state::ShowState;

/// Largest .cube file that is read: side 128 in text is about 60 MiB.
const MAX_FILE_BYTES: u64 = 64 << 20;

/// Tables in use.
#[derive(Default)]
pub(super) struct Luts {
    screens: Vec<ScreenLut>,
    problem: Option<String>,
}

/// One screen's table.
#[derive(Default)]
struct ScreenLut {
    /// File and strength in percent.
    wanted: Option<(String, f64)>,
    /// What they gave.
    table: Option<Arc<Lut3d>>,
}

impl Luts {
    /// Each screen's table. Files are read when a screen's file or strength changes.
    pub(super) fn of(&mut self, wall: &Wall, state: &ShowState) -> ScreenLuts {
        self.screens.resize_with(wall.screens().len(), Default::default);
        let mut problem = None;
        let mut changed = false;
        for (screen, own) in wall.screens().iter().zip(&mut self.screens) {
            let id = screen.id.as_str();
            let strength = state.number_on(id, PropertyId::LutStrength).unwrap_or(100.0);
            let wanted = state.text_on(id, PropertyId::LutFile).map(|file| (file.to_owned(), strength));
            if own.wanted != wanted {
                changed = true;
                own.table = match wanted.as_ref().map(|(file, strength)| read(Path::new(file), *strength)).transpose() {
                    Ok(read) => read.map(Arc::new),
                    Err(reason) => {
                        problem = Some(reason);
                        None
                    }
                };
                own.wanted = wanted;
            }
        }
        if changed {
            self.problem = problem;
        }
        self.screens.iter().map(|own| own.table.clone()).collect()
    }

    /// Why a screen goes without its table.
    pub(super) fn problem(&self) -> Option<String> {
        self.problem.clone()
    }
}

fn read(file: &Path, strength: f64) -> Result<Lut3d, String> {
    let shown = file.display();
    let bytes = std::fs::metadata(file).map_err(|error| format!("{shown}: {error}"))?.len();
    if bytes > MAX_FILE_BYTES {
        return Err(format!("{shown}: {bytes} bytes are more than any .cube file needs ({MAX_FILE_BYTES})"));
    }
    let text = std::fs::read_to_string(file).map_err(|error| format!("{shown}: {error}"))?;
    let lut = Lut3d::from_cube(&text).map_err(|error| format!("{shown}: {error}"))?;
    Ok(lut.blended(strength / 100.0))
}

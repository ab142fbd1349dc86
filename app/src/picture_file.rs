//! Pictures of a wall as files.

use std::path::{Path, PathBuf};
use std::{fs, io};

use image::{ImageFormat, RgbImage};
use ocp809_sender::wall::Wall;

use crate::config::PartialFile;
use crate::picture::ScreenPicture;

/// Writes one picture per screen, in the format of the file's ending: `file` itself for a wall of one screen, else
/// `STEM-SCREEN.ENDING` for each. Each is there whole or not at all. Returns what was written.
///
/// # Errors
/// When a file cannot be written, or its ending names no picture format.
pub fn save_screens(wall: &Wall, screens: &[ScreenPicture], file: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for (screen, picture) in wall.screens().iter().zip(screens) {
        let file = if screens.len() == 1 { file.to_owned() } else { of_screen(file, screen.id.as_str()) };
        let size = picture.size();
        let image = RgbImage::from_raw(size.width, size.height, picture.rgb().to_vec());
        let image = image.ok_or_else(|| io::Error::other("a picture of another size than its screen"))?;
        save(&image, &file)?;
        files.push(file);
    }
    Ok(files)
}

/// Writes a picture in the format of the file's ending: whole or not at all.
///
/// # Errors
/// When the file cannot be written, or its ending names no picture format.
pub fn save(image: &RgbImage, file: &Path) -> io::Result<()> {
    let format = ImageFormat::from_path(file).map_err(io::Error::other)?;
    let mut bytes = Vec::new();
    image.write_to(&mut io::Cursor::new(&mut bytes), format).map_err(io::Error::other)?;
    let partial = PartialFile::beside(file)?;
    fs::write(partial.path(), &bytes)?;
    partial.keep()
}

fn of_screen(file: &Path, screen: &str) -> PathBuf {
    let stem = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let ending = file.extension().map_or_else(|| "png".to_owned(), |ending| ending.to_string_lossy().into_owned());
    // Ids are people's: a slash in one must not lead into another folder.
    let screen: String = screen.chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
    file.with_file_name(format!("{stem}-{screen}.{ending}"))
}

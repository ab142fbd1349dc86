//! What light means: colour science, the tables of the pixel path, and what to show in order to see or measure a wall.

pub mod color;
pub mod pattern;

//! Documents on disk: wall.toml, show.toml and machine.toml with all their problems at once, and saves that are whole and
//! keep comments.

pub mod document;
pub mod kind;
pub mod load;
pub mod machine;
pub mod paths;
pub mod place;
pub mod problem;
pub mod save;
pub mod saved;
pub mod schema;
pub mod show;
pub mod site_key;

pub use kind::{DocumentKind, Opened, open_wall_or_show};
pub use load::{LoadError, Loaded, LoadedWall, load_machine, load_show, load_wall, load_wall_spec, parse_wall};
pub use machine::{BackendChoice, Confirmation, ConfirmedInterface, GpuChoice, InterfaceIdentity, MachineSpec, PortBinding};
pub use paths::Paths;
pub use problem::{DocumentProblems, Problem, ProblemReport};
pub use save::{PartialFile, SaveError, edited, to_text, write_atomically};
pub use saved::{SavedState, read_state, write_state};
pub use show::{PresetSpec, Setting, Settings, ShowSpec, SourceSpec};
pub use site_key::{SiteKeySpec, generate_site_key, load_site_key};

#[cfg(test)]
mod tests;

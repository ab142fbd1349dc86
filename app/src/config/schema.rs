//! JSON Schemas of the documents, made from the types that read them: editors complete and check files with them.

use ocp809_sender::wall::WallSpec;
use schemars::schema_for;
use serde_json::Value;

use super::machine::MachineSpec;
use super::show::ShowSpec;
use crate::bench::BenchReport;
use crate::control::{Command, Status};

/// What a schema can be made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum SchemaOf {
    /// wall.toml
    Wall,
    /// show.toml
    Show,
    /// machine.toml
    Machine,
    /// A command on the control socket
    Command,
    /// A snapshot on the control socket
    Status,
    /// What `ocp809 bench --json` writes
    Bench,
}

/// The schema of a document (draft 2020-12).
#[must_use]
pub fn schema(of: SchemaOf) -> Value {
    match of {
        SchemaOf::Wall => schema_for!(WallSpec),
        SchemaOf::Show => schema_for!(ShowSpec),
        SchemaOf::Machine => schema_for!(MachineSpec),
        SchemaOf::Command => schema_for!(Command),
        SchemaOf::Status => schema_for!(Status),
        SchemaOf::Bench => schema_for!(BenchReport),
    }
    .to_value()
}

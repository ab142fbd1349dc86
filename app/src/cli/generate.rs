//! `ocp809 generate`: what packagers and editors want, made from the same definitions as the program; and keys.

use std::io;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use clap_complete::Shell;

use super::{Console, command};
use crate::config::schema::{SchemaOf, schema};
use crate::config::{SaveError, generate_site_key, write_atomically};
use crate::error::AppError;

/// Makes shell completions, manual pages, JSON Schemas and site keys
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  ocp809 generate completions bash > /usr/share/bash-completion/completions/ocp809
  ocp809 generate man --out /usr/share/man/man1
  ocp809 generate schema wall > wall.schema.json
  ocp809 generate site-key ~/.config/ocp809/site.key")]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Completions for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Manual pages: the first to stdout, or all into a folder
    Man {
        /// The folder for all pages
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// The JSON Schema of a document
    Schema {
        /// The document
        of: SchemaOf,
    },
    /// A new site key, for machine.toml; never in the place of a file that is there
    SiteKey {
        /// The file; its owner alone can read it
        file: PathBuf,
    },
}

pub(super) fn run(args: &Args, console: &mut Console<'_>) -> Result<(), AppError> {
    match &args.what {
        What::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut command(), "ocp809", &mut script);
            Ok(console.out.write_all(&script)?)
        }
        What::Man { out: None } => Ok(clap_mangen::Man::new(command()).render(console.out)?),
        What::Man { out: Some(folder) } => {
            let mut root = command();
            // Names the pages of subcommands after their whole line: ocp809-wall-new.
            root.build();
            pages(&root, folder, console)
        }
        What::Schema { of } => console.document(&schema(*of)),
        What::SiteKey { file } => site_key(file, console),
    }
}

/// A new key, and how it comes into use.
fn site_key(file: &Path, console: &mut Console<'_>) -> Result<(), AppError> {
    generate_site_key(file).map_err(|source| {
        if source.kind() == io::ErrorKind::AlreadyExists {
            let problem = format!("{} exists already, and may be a key that cards have", file.display());
            return AppError::Usage { problem, way_out: "name another file".to_owned() };
        }
        AppError::Save(SaveError::Io { path: file.to_owned(), source })
    })?;
    console.line(file.display())?;
    if !console.quiet {
        console.note(format_args!("keep a copy where only you get at it, and name it in {}:", console.paths.machine().display()));
        let whole = file.canonicalize().unwrap_or_else(|_| file.to_owned());
        console.note(format_args!("[site_key]\nid = 1\nfile = {:?}", whole.display().to_string()));
    }
    Ok(())
}

/// One page for a command and for each below it.
fn pages(command: &clap::Command, folder: &Path, console: &mut Console<'_>) -> Result<(), AppError> {
    let page = clap_mangen::Man::new(command.clone());
    let mut text = Vec::new();
    page.render(&mut text)?;
    let file = folder.join(page.get_filename());
    write_atomically(&file, &text)?;
    console.line(file.display())?;
    let below = command.get_subcommands().filter(|sub| sub.get_name() != "help");
    below.into_iter().try_for_each(|sub| pages(sub, folder, console))
}

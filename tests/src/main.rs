//! The product's binary under another name: `CARGO_BIN_EXE_*` exists only for binaries of the tests' own package.

fn main() -> std::process::ExitCode {
    ocp809_app::main(std::env::args_os())
}

//! The binary: everything is in the library.

fn main() -> std::process::ExitCode {
    ocp809_app::main(std::env::args_os())
}

//! Bring-up.
fn main() {
    let headless = std::env::args().any(|a| a == "--headless");
    let shot = std::env::args().skip_while(|a| a != "--screenshot").nth(1);
    let options = ocp809_app::demo::DemoOptions {
        wall: std::env::args().skip_while(|a| a != "--wall").nth(1).map(Into::into),
        settings: vec![],
        headless,
        seconds: 3.0,
        out: "/tmp/demo".into(),
        screenshot: shot.map(|f| ocp809_app::gui::Screenshot { file: f.into(), after: std::time::Duration::from_secs(3) }),
    };
    match ocp809_app::demo::run(&options, &mut std::io::stdout()) {
        Ok(_) => {}
        Err(e) => eprintln!("{e}"),
    }
}

//! The command line as people and scripts meet it: what is typed, what comes out, and the exit code.

mod bench;
mod shows;

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{Console, command, run};
use crate::config::Paths;
use crate::control::fixture::Show;
use crate::control::status::{CardStatus, KeyStatus};
use crate::control::{ACTIONS, PROPERTIES, Status};

/// A folder of its own and everything that the program keeps for its user in it.
struct Desk {
    folder: tempfile::TempDir,
    paths: Paths,
}

/// What a command came to.
#[derive(Debug)]
struct Done {
    code: u8,
    out: String,
    err: String,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let paths = Paths::below(folder.path());
        Self { folder, paths }
    }

    fn at(show: &Show) -> Self {
        let mut desk = Self::new();
        desk.paths.socket = show.path().to_owned();
        desk
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a line; words beginning with `@` are files in the desk's folder.
    fn run(&self, line: &str) -> Done {
        let word = |word: &str| match word.strip_prefix('@') {
            Some(name) => self.file(name).into_os_string(),
            None => OsString::from(word),
        };
        let args = std::iter::once(OsString::from("ocp809")).chain(line.split_whitespace().map(word));
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut console = Console::new(&mut out, &mut err, self.paths.clone());
        let code = run(args, &mut console, false);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        // Folders differ from run to run.
        let folder = self.folder.path().display().to_string();
        Done { code, out: text(out).replace(&folder, "DIR"), err: text(err).replace(&folder, "DIR") }
    }

    fn json(&self, line: &str) -> serde_json::Value {
        let done = self.run(line);
        assert_eq!(done.code, 0, "{done:?}");
        serde_json::from_str(&done.out).unwrap_or_else(|error| panic!("{error}: {done:?}"))
    }
}

fn golden(name: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/cli").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some_and(|value| value == "1") {
        fs::create_dir_all(file.parent().expect("a folder")).expect("is made");
        fs::write(&file, text).expect("writes");
    }
    let expected = fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(text, expected, "{name} differs from its golden file: UPDATE_GOLDEN=1 writes it anew");
}

#[test]
fn every_help_text_is_as_it_was_agreed() {
    let mut root = command().term_width(100);
    root.build();
    let mut pending = vec![(String::from("ocp809"), root)];
    let mut all = String::new();
    while let Some((name, mut command)) = pending.pop() {
        let below: Vec<_> = command.get_subcommands().filter(|sub| sub.get_name() != "help").cloned().collect();
        pending.extend(below.into_iter().rev().map(|sub| (format!("{name} {}", sub.get_name()), sub)));
        let help = command.render_long_help().to_string();
        all.extend(["$ ", &name, " --help\n", help.trim_end(), "\n\n"]);
        assert!(command.get_about().is_some(), "{name} says what it does");
    }
    golden("help.txt", &all);
}

#[test]
fn actions_on_the_command_line_are_those_of_the_table() {
    let command = command();
    let words: Vec<_> =
        command.find_subcommand("do").expect("is there").get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    assert_eq!(words, ACTIONS.iter().map(|action| action.name).collect::<Vec<_>>());
    let show = Show::start();
    let desk = Desk::at(&show);
    for action in ACTIONS.iter().filter(|action| action.name != "stop") {
        let done = desk.run(&format!("do {}", action.example));
        let refused_for_good_reason = done.err.contains("there is no preset 3");
        assert!(done.code == 0 || refused_for_good_reason, "{}: {done:?}", action.example);
    }
}

#[test]
fn help_and_version_are_results_and_mistakes_are_not() {
    let desk = Desk::new();
    let help = desk.run("--help");
    assert_eq!((help.code, help.err.as_str()), (0, ""));
    assert!(help.out.contains("Exit codes: 0 done"), "{}", help.out);
    assert_eq!(desk.run("--version").out, format!("ocp809 {}\n", env!("CARGO_PKG_VERSION")));
    for wrong in
        ["", "dmeo", "run", "wall", "do brightness bright", "set color.gama=2", "wall check --rate fast @x", "get --list x"]
    {
        let done = desk.run(wrong);
        assert_eq!((done.code, done.out.as_str()), (2, ""), "{wrong}: {done:?}");
        assert!(!done.err.is_empty(), "{wrong}");
    }
    assert!(desk.run("set color.gama=2").err.contains("did you mean color.gamma"));
    assert!(desk.run("dmeo").err.contains("demo"), "{:?}", desk.run("dmeo"));
}

#[test]
fn mistakes_on_the_command_line_are_json_too_where_errors_are() {
    let desk = Desk::new();
    for (wrong, said) in [
        ("demo --headless --seconds x --json", "invalid value 'x' for '--seconds <S>': write seconds from 0 to 86400"),
        ("--json dmeo", "unrecognized subcommand 'dmeo' tip: a similar subcommand exists: 'demo'"),
        ("wall --json", "'ocp809 wall' requires a subcommand but one was not provided"),
        ("run --json", "the following required arguments were not provided: <WALL|SHOW>"),
    ] {
        let done = desk.run(wrong);
        assert_eq!((done.code, done.out.as_str()), (2, ""), "{wrong}: {done:?}");
        let error: serde_json::Value = serde_json::from_str(&done.err).unwrap_or_else(|error| panic!("{error}: {done:?}"));
        assert_eq!(error["exit_code"], 2, "{wrong}");
        assert!(error["error"].as_str().is_some_and(|text| text.starts_with(said)), "{wrong}: {error}");
    }
    assert!(desk.run("demo --json --help").out.contains("Examples:"));
}

#[test]
fn a_running_show_is_controlled_from_the_command_line() {
    let show = Show::start();
    let desk = Desk::at(&show);
    let limited = desk.run("do brightness 80%");
    assert_eq!((limited.code, limited.out.as_str()), (0, ""), "the right screen reaches it");
    let done = desk.run("set screen:left/brightness.percent=80");
    assert_eq!(done.out, "screen:left/brightness.percent: 80% was asked, 60% is in effect\n");
    assert_eq!(desk.run("get screen:left/brightness.percent").out, "screen:left/brightness.percent = 80%, in effect 60%\n");
    assert_eq!(desk.run("get color.temperature_k output.mode").out, "color.temperature_k = native\noutput.mode = normal\n");
    let all = desk.run("get").out;
    assert_eq!(all.lines().count(), PROPERTIES.len() + 1, "the wall's values and the screen's own: {all}");
    let readings = desk.json("get brightness.percent --json");
    assert_eq!(readings[0]["path"], "brightness.percent");
    assert_eq!(desk.json("do black-out --fade 10 --json"), "accepted");
    assert_eq!(desk.json("status --json")["wall"], "Test wall");
}

#[test]
fn a_refusal_has_an_exit_code_a_reason_and_a_way_out() {
    let show = Show::start();
    let desk = Desk::at(&show);
    assert_eq!(desk.run("do lock").code, 0);
    let refused = desk.run("set color.gamma=2.2");
    assert_eq!((refused.code, refused.out.as_str()), (1, ""));
    assert_eq!(refused.err, "error: color.gamma is locked for the show: `ocp809 do unlock` first\n");
    let as_json: serde_json::Value = serde_json::from_str(&desk.run("do source pattern:bars --json").err).expect("JSON");
    assert_eq!(as_json["exit_code"], 1);
    assert!(as_json["error"].as_str().is_some_and(|text| text.contains("locked")), "{as_json}");
}

#[test]
fn what_cards_are_only_asked_for_is_said_so() {
    let show = Show::start();
    let desk = Desk::at(&show);
    for action in ["install-key", "save-cards"] {
        let done = desk.run(&format!("do {action}"));
        assert_eq!(done.out, "asked; `ocp809 status --follow` tells what becomes of it\n", "{done:?}");
        assert_eq!(desk.run(&format!("do {action} --quiet")).out, "");
        assert!(desk.json(&format!("do {action} --json")).is_object(), "nothing but JSON");
    }
}

#[test]
fn cards_are_counted_from_one_and_tell_their_keys() {
    let card = |cabinet: &str, place, key| CardStatus {
        cabinet: cabinet.into(),
        port: "port-1".into(),
        place,
        online: true,
        key,
        ..CardStatus::default()
    };
    let keys = [KeyStatus::Unknown, KeyStatus::None, KeyStatus::Installed, KeyStatus::Foreign];
    let cards = (0..).zip(keys).map(|(place, key)| card("A1", place, key)).collect();
    let text = super::status::text(&Status { cards, ..Status::default() });
    assert!(!text.contains("port-1, card 1)"), "a card without a fault and without a key needs no line: {text}");
    for (place, key) in [(2, "no key"), (3, "key installed"), (4, "FOREIGN KEY")] {
        let line = text.lines().find(|line| line.contains(&format!("(port port-1, card {place})")));
        assert!(line.is_some_and(|line| line.ends_with(key)), "{text}");
    }
}

#[test]
fn without_a_show_commands_say_how_to_start_one() {
    let desk = Desk::new();
    for line in ["status", "get", "do freeze", "set lock=on", "status --follow"] {
        let done = desk.run(line);
        assert_eq!(done.code, 2, "{line}: {done:?}");
        assert_eq!(done.err, "error: no show is running behind DIR/control.sock: start one with `ocp809 run WALL`\n");
    }
}

#[test]
fn following_ends_when_the_show_ends() {
    let mut show = Show::start();
    let desk = Desk::at(&show);
    let done = std::thread::scope(|scope| {
        let follower = scope.spawn(|| desk.run("status --follow --json"));
        // The follower may connect late: events until it has seen one, then the end.
        std::thread::sleep(std::time::Duration::from_millis(300));
        desk.run("do freeze");
        std::thread::sleep(std::time::Duration::from_millis(300));
        show.end();
        follower.join().expect("ends")
    });
    assert_eq!(done.code, 1, "{done:?}");
    assert!(done.err.contains("the show has ended"), "{done:?}");
    let lines: Vec<serde_json::Value> = done.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines[0]["status"]["wall"], "Test wall");
    assert!(lines.iter().any(|line| line["event"]["action"] == "freeze"), "{lines:#?}");
}

#[test]
fn a_wall_is_made_checked_drawn_and_edited() {
    let desk = Desk::new();
    let made = desk.run("wall new @stage.toml --cabinets 2x2 --module 64x64 --modules 2x2 --name Stage");
    assert_eq!((made.code, made.out.as_str()), (0, "DIR/stage.toml: 4 cabinets, 65536 pixels\n"), "{made:?}");
    let again = desk.run("wall new @stage.toml --cabinets 1x1 --module 64x64");
    assert_eq!((again.code, again.err.as_str()), (2, "error: DIR/stage.toml exists already: --force replaces it\n"));

    let checked = desk.run("wall check @stage.toml");
    assert_eq!(checked.code, 0, "{checked:?}");
    assert!(checked.out.starts_with("DIR/stage.toml: Stage; 1 screen, 4 cabinets, 1 port, 65536 pixels\n"), "{}", checked.out);
    let json = desk.json("wall check @stage.toml --json");
    assert_eq!(json["ports"][0]["pixels"], 65_536);
    let too_fast = desk.run("wall check @stage.toml --rate 2000");
    assert_eq!(too_fast.code, 1, "{too_fast:?}");
    assert!(too_fast.out.contains("it would fit with"), "{}", too_fast.out);

    let drawn = desk.run("wall show @stage.toml --size 400 --out @stage.png");
    assert_eq!(drawn.code, 0, "{drawn:?}");
    assert!(image::open(desk.file("stage.png")).is_ok());

    let commented = fs::read_to_string(desk.file("stage.toml")).expect("reads") + "\n# hung by Kim\n";
    fs::write(desk.file("stage.toml"), &commented).expect("writes");
    let dry = desk.run("wall edit @stage.toml --row 2 --rotate 180 --dry-run");
    assert_eq!(dry.out.lines().count(), 2, "{dry:?}");
    assert_eq!(fs::read_to_string(desk.file("stage.toml")).expect("reads"), commented);
    let turned = desk.run("wall edit @stage.toml --row 2 --rotate 180");
    assert_eq!(turned.code, 0, "{turned:?}");
    let text = fs::read_to_string(desk.file("stage.toml")).expect("reads");
    assert_eq!(text.matches("rotation = 180").count(), 2, "{text}");
    assert!(text.contains("# hung by Kim"));
}

#[test]
fn a_wall_that_cannot_be_made_has_no_lines() {
    let desk = Desk::new();
    let refused = desk.run("wall new @n.toml --cabinets 2x1 --module 64x64 --pitch 0");
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.err.starts_with("error: no such wall is possible: "), "{}", refused.err);
    assert!(refused.err.lines().count() == 1 && !desk.file("n.toml").exists(), "{}", refused.err);
}

#[test]
fn a_colorlight_port_explains_its_figures_and_more_than_receivers_show() {
    let desk = Desk::new();
    desk.run("wall new @c.toml --cabinets 2x2 --module 64x32 --modules 1x2 --protocol colorlight");
    let checked = desk.run("wall check @c.toml --rate 50").out;
    assert!(checked.contains("note: Colorlight (port-1): shares") && !checked.contains("at most"), "{checked}");
    let fast = desk.run("wall check @c.toml --rate 240").out;
    assert!(fast.contains("240.00 Hz") && fast.contains("50 Hz at most"), "{fast}");
    assert_eq!(desk.json("wall check @c.toml --rate 240 --json")["notes"].as_array().map(Vec::len), Some(2));
    desk.run("wall new @o.toml --cabinets 2x1 --module 64x64");
    assert!(!desk.run("wall check @o.toml").out.contains("Colorlight"));
}

#[test]
fn an_edit_that_would_break_a_wall_is_not_written() {
    let desk = Desk::new();
    desk.run("wall new @stage.toml --cabinets 2x1 --module 64x64");
    let before = fs::read_to_string(desk.file("stage.toml")).expect("reads");
    let broken = desk.run("wall edit @stage.toml --cabinet A2 --move -32,0");
    assert_eq!(broken.code, 2, "{broken:?}");
    assert!(broken.err.contains("overlaps"), "{}", broken.err);
    assert_eq!(fs::read_to_string(desk.file("stage.toml")).expect("reads"), before);
    for (line, reason) in [
        ("--row 3 --rotate 90", "has 1 rows"),
        ("--cabinet Z9 --mirror", "no cabinet \"Z9\""),
        ("--row 1 --serial X", "about one cabinet"),
        ("--rotate 90", "required"),
        ("--row 1", "required"),
        ("--row 1 --rotate 45", "90, 180 or 270"),
    ] {
        let refused = desk.run(&format!("wall edit @stage.toml {line}"));
        assert_eq!(refused.code, 2, "{line}: {refused:?}");
        assert!(refused.err.contains(reason), "{line}: {}", refused.err);
    }
}

#[test]
fn a_wrong_wall_is_shown_with_its_lines() {
    let desk = Desk::new();
    desk.run("wall new @stage.toml --cabinets 2x1 --module 64x64");
    let text = fs::read_to_string(desk.file("stage.toml")).expect("reads");
    let wrong = text.replacen("x = 64", "x = 32", 1).replacen("pitch_mm = 2.6", "pitch_mm = -1.0", 1);
    fs::write(desk.file("stage.toml"), wrong).expect("writes");
    let done = desk.run("wall check @stage.toml");
    assert_eq!((done.code, done.out.as_str()), (2, ""));
    golden("wrong-wall.txt", &done.err);
    let json: serde_json::Value = serde_json::from_str(&desk.run("wall check @stage.toml --json").err).expect("JSON");
    assert_eq!(json["problems"].as_array().map(Vec::len), Some(2), "{json:#}");
    assert!(json["problems"][0]["line"].as_u64().is_some_and(|line| line > 1), "{json:#}");
    let missing = desk.run("wall check @gone.toml");
    assert_eq!(missing.code, 2);
    assert!(missing.err.starts_with("error: cannot read DIR/gone.toml\n  because:"), "{}", missing.err);
}

#[test]
fn what_packagers_want_is_generated() {
    let desk = Desk::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let done = desk.run(&format!("generate completions {shell}"));
        assert!(done.code == 0 && done.out.contains("black-out"), "{shell}: {}", done.err);
    }
    assert!(desk.run("generate man").out.contains(".TH ocp809 1"));
    let pages = desk.run("generate man --out @man");
    assert!(pages.out.contains("DIR/man/ocp809-wall-new.1\n"), "{pages:?}");
    assert!(fs::read_to_string(desk.file("man/ocp809-do-black-out.1")).is_ok_and(|page| page.contains("LEDs dark")));
    for of in ["wall", "show", "machine", "command", "status", "bench"] {
        let schema = desk.json(&format!("generate schema {of}"));
        assert!(schema["$schema"].as_str().is_some_and(|text| text.contains("2020-12")), "{of}");
    }
}

#[test]
fn a_site_key_is_made_once_and_its_use_is_told() {
    let desk = Desk::new();
    let made = desk.run("generate site-key @site.key");
    assert_eq!((made.code, made.out.as_str()), (0, "DIR/site.key\n"), "{made:?}");
    assert!(made.err.contains("[site_key]\nid = 1\nfile = \"DIR/site.key\"\n"), "{made:?}");
    let key = fs::read_to_string(desk.file("site.key")).expect("reads");
    assert!(!made.err.contains(key.trim()), "the key itself is shown nowhere");
    let again = desk.run("generate site-key @site.key");
    assert_eq!((again.code, again.err.contains("exists already")), (2, true), "{again:?}");
    assert_eq!(fs::read_to_string(desk.file("site.key")).expect("reads"), key, "and stays as it was");

    fs::create_dir_all(&desk.paths.config).expect("made");
    let table = format!("schema_version = 1\n[site_key]\nid = 1\nfile = {:?}\n", desk.file("site.key").display().to_string());
    fs::write(desk.paths.machine(), table).expect("writes");
    let finding = |desk: &Desk| {
        let findings: serde_json::Value = serde_json::from_str(&desk.run("doctor --json").out).expect("JSON");
        let found = findings.as_array().and_then(|all| all.iter().find(|finding| finding["subject"] == "site key")).cloned();
        found.expect("the doctor looks at the key")
    };
    assert_eq!((&finding(&desk)["state"], &finding(&desk)["text"]), (&"ok".into(), &"id 1".into()));
    fs::remove_file(desk.file("site.key")).expect("removed");
    assert_eq!(finding(&desk)["state"], "fault");
    assert!(finding(&desk)["fix"].as_str().is_some_and(|fix| fix.contains("generate site-key")), "{}", finding(&desk));
}

#[test]
fn patterns_and_properties_are_listed_with_their_help() {
    let desk = Desk::new();
    let all = desk.run("patterns").out;
    assert!(all.contains("white") && all.contains("when left out") && all.contains("full"), "{all}");
    assert_eq!(desk.json("patterns white --json")[0]["name"], "white");
    let wrong = desk.run("patterns whit");
    assert_eq!((wrong.code, wrong.err.contains("did you mean white")), (2, true), "{wrong:?}");
    let listed = desk.run("get --list").out;
    assert_eq!(listed.lines().count(), 2 * PROPERTIES.len());
    assert!(listed.contains("color.temperature_k  1000 to 20000 K or native, at first native\n"), "{listed}");
}

#[test]
fn the_doctor_has_a_fix_for_everything_that_it_finds() {
    let desk = Desk::new();
    let done = desk.run("doctor --json");
    assert!(done.code <= 1, "{done:?}");
    let findings: serde_json::Value = serde_json::from_str(&done.out).expect("JSON");
    let findings = findings.as_array().expect("a list");
    for subject in ["raw packets", "real-time priority", "locked memory", "GPU", "window", "state folder", "ffmpeg"] {
        assert!(findings.iter().any(|finding| finding["subject"] == subject), "{subject}: {done:?}");
    }
    for finding in findings {
        let has_fix = finding["fix"].as_str().is_some_and(|fix| !fix.is_empty());
        assert_eq!(has_fix, finding["state"] != "ok", "{finding:#}");
    }
    let faults = findings.iter().filter(|finding| finding["state"] == "fault").count();
    assert_eq!(done.code, u8::from(faults > 0));
}

#[test]
fn captures_that_cannot_be_read_are_refused() {
    let desk = Desk::new();
    fs::write(desk.file("noise.pcap"), b"no capture").expect("writes");
    let done = desk.run("inspect @noise.pcap");
    assert_eq!(done.code, 1, "{done:?}");
    assert!(done.err.contains("is no capture"), "{}", done.err);
    assert_eq!(desk.run("inspect @gone.pcap").code, 2, "as every file that is missing");
}

/// A reader that has gone away.
struct Gone(io::ErrorKind);

impl Write for Gone {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::Error::from(self.0))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_reader_that_goes_away_ends_a_command_in_peace_and_a_full_disk_does_not() {
    let desk = Desk::new();
    let run_into = |kind: io::ErrorKind| {
        let mut err = Vec::new();
        let mut out = Gone(kind);
        let mut console = Console::new(&mut out, &mut err, desk.paths.clone());
        let code = run(["ocp809", "get", "--list"].map(OsString::from), &mut console, false);
        (code, String::from_utf8(err).expect("text"))
    };
    assert_eq!(run_into(io::ErrorKind::BrokenPipe), (0, String::new()));
    let (code, err) = run_into(io::ErrorKind::StorageFull);
    assert!(code == 2 && err.contains("cannot write the output"), "{code} {err}");
}

#[test]
fn captures_of_real_senders_are_read_in_words() {
    let desk = Desk::new();
    let capture = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden/colorlight/panelplayer_64x32_b255.pcap");
    let done = desk.run(&format!("inspect {capture} --limit 3"));
    assert_eq!(done.code, 0, "{done:?}");
    golden("inspect-colorlight.txt", &done.out);
    let lines = desk.run(&format!("inspect {capture} --json")).out;
    let documents: Vec<serde_json::Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert!(documents.len() > 30, "one row each, brightness and sync: {}", documents.len());
    assert_eq!(documents[0]["number"], 1);
    // A file that ends in the middle of a packet is shown up to there.
    let bytes = fs::read(capture).expect("reads");
    fs::write(desk.file("cut.pcap"), &bytes[..bytes.len() - 7]).expect("writes");
    let cut = desk.run("inspect @cut.pcap");
    assert_eq!((cut.code, cut.out.lines().count()), (1, documents.len() - 1), "{}", cut.err);
    assert!(cut.err.contains("ends in the middle of packet"), "{}", cut.err);
}

//! Documents as people write them, break them and save them.

use std::path::Path;

use ocp809_sender::geometry::PixelSize;
use ocp809_sender::transport::Preference;
use ocp809_sender::wall::layout::{Grid, serpentine};
use proptest::prelude::*;

use super::*;

fn wall_text() -> String {
    let spec = serpentine(&Grid::new(2, 2, PixelSize::new(128, 128))).expect("a wall");
    to_text(&spec).expect("is text")
}

fn problems(text: &str) -> Vec<ProblemReport> {
    let error = parse_wall("wall.toml", text).expect_err("is refused");
    let LoadError::Problems(problems) = error else { panic!("{error}") };
    problems.reports()
}

#[test]
fn a_wall_survives_text_and_back() {
    let spec = serpentine(&Grid::new(3, 2, PixelSize::new(64, 64))).expect("a wall");
    let text = to_text(&spec).expect("is text");
    assert!(text.contains("[[cabinet]]"), "as people write it:\n{text}");
    let (again, _) = parse_wall("wall.toml", &text).expect("loads");
    assert_eq!(again, spec);
}

#[test]
fn all_mistakes_of_keys_and_types_are_reported_at_once_with_their_lines() {
    let text = wall_text()
        .replacen("pitch_mm = 2.6", "pich_mm = 2.6", 1)
        .replacen("place = 1", "place = \"one\"", 1)
        .replacen("place = 2\n", "", 1)
        .replacen("protocol = \"ocp809\"", "protocol = \"ocp8o9\"", 1);
    let found = problems(&text);
    let line_of = |part: &str| text.lines().position(|line| line.contains(part)).map_or(0, |index| index + 1);
    let at = |line: usize| found.iter().find(|problem| problem.line == line).unwrap_or_else(|| panic!("line {line}: {found:#?}"));
    assert!(at(line_of("pich_mm")).help.contains("did you mean `pitch_mm`"), "{found:#?}");
    assert!(at(line_of("ocp8o9")).help.contains("did you mean `ocp809`"), "{found:#?}");
    assert!(at(line_of("\"one\"")).text.contains("wrong kind of value"), "{found:#?}");
    assert_eq!(found.iter().filter(|problem| problem.text == "`place` is missing").count(), 1, "{found:#?}");
    assert_eq!(found.len(), 4, "{found:#?}");
}

#[test]
fn mistakes_of_meaning_point_at_both_places() {
    let text = wall_text().replacen("id = \"A2\"", "id = \"A1\"", 1).replacen("place = 3", "place = 2", 1);
    let error = parse_wall("wall.toml", &text).expect_err("is refused");
    let LoadError::Problems(problems) = error else { panic!("{error}") };
    assert!(problems.problems().len() >= 2, "{problems:#?}");
    let twice = problems.problems().iter().find(|problem| problem.text.contains("A1")).expect("the second A1");
    assert_eq!(&text[twice.span.clone()], "\"A1\"");
    let (first, _) = twice.other.clone().expect("the first A1");
    assert!(first.start < twice.span.start);
}

#[test]
fn versions_that_cannot_be_read_are_the_only_problem_that_is_named() {
    let newer = problems("schema_version = 99\nunknown = true\n");
    assert_eq!((newer.len(), newer[0].line), (1, 1));
    assert!(newer[0].help.contains("newer program"), "{newer:?}");
    assert!(problems("name = \"x\"\n")[0].help.contains("schema_version = 1"));
}

#[test]
fn every_truncation_of_a_wall_loads_or_is_refused_with_a_place() {
    let text = wall_text();
    let mut loads = 0;
    for length in (0..text.len()).filter(|&length| text.is_char_boundary(length)) {
        let cut = &text[..length];
        match parse_wall("cut.toml", cut) {
            Ok(_) => loads += 1,
            Err(LoadError::Problems(problems)) => {
                let reports = problems.reports();
                assert!(!reports.is_empty(), "{length}: refused without a reason");
                for report in reports {
                    assert!(report.line >= 1 && report.line <= cut.lines().count() + 1, "{length}: {report:?}");
                }
                let _shown: Vec<_> = problems.diagnostics().iter().map(ToString::to_string).collect();
            }
            Err(other) => panic!("{length}: {other}"),
        }
    }
    assert!(loads <= text.len() / 10, "most of a wall is needed: {loads}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_a_document_panic(at in 0.0_f64..1.0, with in proptest::collection::vec(any::<u8>(), 0..8)) {
        let mut bytes = wall_text().into_bytes();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a position")]
        let position = (at * bytes.len() as f64) as usize;
        bytes.splice(position..(position + with.len()).min(bytes.len()), with);
        let text = String::from_utf8_lossy(&bytes);
        if let Err(LoadError::Problems(problems)) = parse_wall("noise.toml", &text) {
            prop_assert!(!problems.reports().is_empty());
        }
    }
}

const COMMENTED: &str = include_str!("../../../tests/golden/config/wall-v1.toml");

#[test]
fn a_save_touches_only_what_has_changed() {
    let (old, _) = parse_wall("wall.toml", COMMENTED).expect("loads");
    assert_eq!(edited(COMMENTED, &old, &old).expect("is text"), COMMENTED, "nothing has changed");

    let mut new = old.clone();
    new.cabinets[1].rotation = 180;
    new.screens[0].size.width = 300;
    new.name = "Main stage".into();
    let text = edited(COMMENTED, &old, &new).expect("is text");
    let expected = COMMENTED
        .replace("name = \"Stage\"", "name = \"Main stage\"")
        .replace("width = 256", "width = 300")
        .replace("place = 1\n", "place = 1\nrotation = 180\n");
    assert_eq!(text, expected);
    assert_eq!(parse_wall("wall.toml", &text).expect("loads").0, new);
}

#[test]
fn cabinets_come_and_go_with_their_own_comments() {
    let (old, _) = parse_wall("wall.toml", COMMENTED).expect("loads");
    let mut new = old.clone();
    let mut added = new.cabinets.remove(0);
    new.cabinets[0].place = 0;
    added.id = "B1".into();
    added.place = 1;
    new.cabinets.push(added);
    let text = edited(COMMENTED, &old, &new).expect("is text");
    assert!(!text.contains("over the door") && text.contains("# Right.") && text.contains("# next to it"), "{text}");
    assert_eq!(toml::from_str::<ocp809_sender::wall::WallSpec>(&text).expect("reads"), new, "{text}");
}

#[test]
fn another_order_is_saved_too() {
    let (old, _) = parse_wall("wall.toml", COMMENTED).expect("loads");
    let mut new = old.clone();
    new.cabinets.reverse();
    let text = edited(COMMENTED, &old, &new).expect("is text");
    assert_eq!(toml::from_str::<ocp809_sender::wall::WallSpec>(&text).expect("reads"), new, "{text}");
    assert!(text.starts_with("# The stage wall."), "{text}");
}

#[test]
fn a_failed_save_leaves_the_old_file_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("wall.toml");
    write_atomically(&file, b"old").expect("saves");
    write_atomically(&file, b"new").expect("saves again");
    assert_eq!(std::fs::read(&file).expect("reads"), b"new");
    let listing = || std::fs::read_dir(folder.path()).expect("lists").count();
    assert_eq!(listing(), 1, "no scratch file is left");
    // The target is a folder: the last step fails after everything was written.
    let taken = folder.path().join("taken");
    std::fs::create_dir_all(taken.join("inner")).expect("is made");
    assert!(matches!(write_atomically(&taken, b"x"), Err(SaveError::Io { .. })));
    assert_eq!(listing(), 2, "the scratch file is gone");
}

#[test]
fn a_link_stays_a_link_and_permissions_stay() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let (file, link) = (folder.path().join("real.toml"), folder.path().join("link.toml"));
    std::fs::write(&file, "old").expect("writes");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).expect("sets");
    std::os::unix::fs::symlink(&file, &link).expect("links");
    write_atomically(&link, b"new").expect("saves");
    assert!(std::fs::symlink_metadata(&link).expect("is there").file_type().is_symlink());
    assert_eq!(std::fs::read(&file).expect("reads"), b"new");
    assert_eq!(std::fs::metadata(&file).expect("is there").permissions().mode() & 0o777, 0o640);
}

const SHOW: &str = include_str!("../../../tests/golden/config/show-v1.toml");

fn show(text: &str) -> Result<ShowSpec, LoadError> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("show.toml");
    std::fs::write(&file, text).expect("writes");
    load_show(&file).map(|loaded| loaded.spec)
}

#[test]
fn a_show_gives_its_first_state_and_presets() {
    let show = show(SHOW).expect("loads");
    let first = show.first_start();
    assert_eq!(first.values["brightness.percent"], crate::control::Value::Number(35.0));
    assert_eq!(first.values["color.gain.red"], crate::control::Value::Number(98.5));
    assert_eq!(first.values["screen:main/color.gamma"], crate::control::Value::Number(2.2));
    assert_eq!(first.presets[&1].values.len(), 2);
    let named = show.named_sources(Path::new("/shows")).expect("are sources");
    assert_eq!(named.resolve("camera"), "cmd:ffmpeg -i /dev/video0 -f yuv4mpegpipe -".parse());
    let saved = crate::control::Saved::default();
    assert!(show.later_start(saved).values.is_empty(), "the last state rules, and it had no values");
}

#[test]
fn mistakes_of_a_show_are_reported_at_once() {
    let text = SHOW
        .replace("percent = 35", "percent = 350")
        .replace("red = 98.5", "rot = 98.5")
        .replace("\"native\"", "\"warm\"")
        .replace("id = \"camera\"", "id = \"cam:era\"");
    let Err(LoadError::Problems(found)) = show(&text) else { panic!("is refused") };
    let lines: Vec<_> = found.reports().iter().map(|report| report.line).collect();
    assert_eq!(lines, [6, 7, 11, 17], "{:#?}", found.reports());
    assert!(found.reports()[1].text.contains("did you mean color.gain.red"), "{:#?}", found.reports());
}

#[test]
fn a_machine_names_its_interfaces_by_what_does_not_change() {
    let folder = tempfile::tempdir().expect("a folder");
    let paths = Paths::below(folder.path());
    let mut loaded = load_machine(&paths.machine()).expect("a missing one is empty");
    assert_eq!(loaded.spec, MachineSpec::default());
    let mac = |n: u8| InterfaceIdentity::Mac(format!("02:00:00:00:00:0{n}"));
    loaded.spec.bind(PortBinding { wall: None, id: "1".into(), interface: mac(1), tail: None, backend: BackendChoice::Auto });
    loaded.spec.bind(PortBinding {
        wall: Some("Stage".into()),
        id: "1".into(),
        interface: mac(2),
        tail: Some(mac(3)),
        backend: BackendChoice::Ring,
    });
    let seen = ConfirmedInterface { mac: "02:00:00:00:00:0A".into(), name: "enp3s0".into(), confirmed: Confirmation::Listened };
    assert!(loaded.spec.confirm(seen.clone()) && !loaded.spec.confirm(seen));
    write_atomically(&loaded.path, to_text(&loaded.spec).expect("is text").as_bytes()).expect("saves");
    let again = load_machine(&loaded.path).expect("loads").spec;
    assert_eq!(again, loaded.spec);
    assert_eq!(again.binding("Stage", "1").map(|b| &b.interface), Some(&mac(2)));
    assert_eq!(again.binding("Foyer", "1").map(|b| &b.interface), Some(&mac(1)));
    assert_eq!(again.binding("Stage", "2"), None);
    assert!(again.is_confirmed("02:00:00:00:00:0a"));
}

#[test]
fn a_port_names_its_backend_and_only_quiet_interfaces_get_the_fastest_unasked() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("machine.toml");
    let load = |backend: &str| {
        let text = format!(
            "schema_version = 1\n\n[[port]]\nid = \"1\"\nmac = \"02:00:00:00:00:01\"\n{backend}\n\
             [[interface]]\nmac = \"02:00:00:00:00:0a\"\nconfirmed = \"listened\"\n\n\
             [[interface]]\nmac = \"02:00:00:00:00:0b\"\nconfirmed = \"by-hand\"\n"
        );
        std::fs::write(&file, text).expect("writes");
        load_machine(&file)
    };
    for (line, expected) in [
        ("", BackendChoice::Auto),
        ("backend = \"auto\"", BackendChoice::Auto),
        ("backend = \"xdp\"", BackendChoice::Xdp),
        ("backend = \"ring\"", BackendChoice::Ring),
        ("backend = \"sendmmsg\"", BackendChoice::Sendmmsg),
        ("backend = \"pnet\"", BackendChoice::Pnet),
    ] {
        let machine = load(line).expect("loads").spec;
        assert_eq!(machine.binding("Stage", "1").map(|binding| binding.backend), Some(expected), "{line}");
    }
    let Err(LoadError::Problems(found)) = load("backend = \"dpdk\"") else { panic!("is refused") };
    let [report] = &found.reports()[..] else { panic!("{found:?}") };
    assert!(report.line == 6 && report.text.contains("dpdk"), "{report:?}");
    assert!(report.help.contains("auto, xdp, ring, sendmmsg, pnet"), "{report:?}");
    let machine = load("").expect("loads").spec;
    let preferences = ["02:00:00:00:00:0A", "02:00:00:00:00:0b", "02:00:00:00:00:0c"]
        .map(|mac| BackendChoice::Auto.preference(machine.is_quiet(mac)));
    assert_eq!(preferences, [Preference::Exclusive, Preference::Automatic, Preference::Automatic], "heard, told, unknown");
    assert_eq!(BackendChoice::Ring.preference(true), Preference::Ring, "what is asked for is taken");
}

#[test]
fn a_saved_machine_keeps_its_site_key_with_the_comments_around_it() {
    let text = "schema_version = 1\n\n# Installed on 3 May.\n[site_key]\nid = 4 # the second one\nfile = \"site.key\"\nlock_cards = true\n";
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("machine.toml");
    std::fs::write(&file, text).expect("writes");
    let loaded = load_machine(&file).expect("loads");
    let mut changed = loaded.spec.clone();
    changed.confirm(ConfirmedInterface { mac: "02:00:00:00:00:0a".into(), name: String::new(), confirmed: Confirmation::ByHand });
    let saved = edited(&loaded.text, &loaded.spec, &changed).expect("is text");
    assert!(saved.starts_with(text.trim_end()), "{saved}");
    std::fs::write(&file, &saved).expect("writes");
    let again = load_machine(&file).expect("loads").spec;
    assert_eq!(again.site_key, Some(SiteKeySpec { id: 4, file: "site.key".into(), lock_cards: true }), "{saved}");
    assert!(again.is_confirmed("02:00:00:00:00:0a"), "{saved}");
}

#[test]
fn a_broken_state_is_set_aside_and_a_good_one_comes_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = Paths::below(folder.path()).state_of(Path::new("wall.toml"));
    assert_eq!(read_state(&file), SavedState::None);
    let mut saved = crate::control::Saved::default();
    saved.values.insert("output.mode".into(), crate::control::Value::text("black-out"));
    write_state(&file, &saved).expect("saves");
    let json = std::fs::read(&file).expect("reads");
    assert_eq!(read_state(&file), SavedState::Found(saved));
    for length in 0..json.len() - 1 {
        std::fs::write(&file, &json[..length]).expect("writes");
        let SavedState::Unreadable { moved_to, .. } = read_state(&file) else { panic!("{length} bytes are no state") };
        assert!(moved_to.exists() && !file.exists(), "{length}");
    }
}

#[test]
fn schemas_are_made_of_the_types_that_read() {
    let wall = schema::schema(schema::SchemaOf::Wall);
    assert_eq!(wall["properties"]["cabinet"]["type"], "array", "{wall}");
    assert_eq!(wall["additionalProperties"], false, "unknown keys are mistakes in an editor too");
    assert!(schema::schema(schema::SchemaOf::Command).to_string().contains("brightness.percent"));
    let machine = schema::schema(schema::SchemaOf::Machine);
    let key = &machine["$defs"]["SiteKeySpec"];
    assert_eq!((&key["properties"]["lock_cards"]["type"], &key["additionalProperties"]), (&"boolean".into(), &false.into()));
    assert!(!machine["required"].to_string().contains("site_key"), "a host without a key is one as before");
}

#[test]
fn documents_of_every_version_open() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/config");
    assert_eq!(load_wall(&golden.join("wall-v1.toml")).expect("opens").wall.name(), "Stage");
    assert_eq!(load_show(&golden.join("show-v1.toml")).expect("opens").spec.name, "Evening");
    let machine = load_machine(&golden.join("machine-v1.toml")).expect("opens").spec;
    assert_eq!(machine.gpu, GpuChoice::Cpu);
    assert!(machine.binding("Stage", "1").is_some_and(|binding| binding.tail.is_some()));
}

#[test]
fn every_sample_wall_opens() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/walls");
    let files: Vec<_> = std::fs::read_dir(samples).expect("is there").map(|entry| entry.expect("is listed").path()).collect();
    assert!(files.len() >= 5, "{files:?}");
    for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "toml")) {
        load_wall(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }
}

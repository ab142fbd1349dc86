//! Shows and their sources on the command line.

use super::*;

/// A wall and a show on it that knows a source by name.
fn desk_with_a_show() -> Desk {
    let desk = Desk::new();
    assert_eq!(desk.run("wall new @w.toml --cabinets 2x1 --module 16x16").code, 0);
    let show = "schema_version = 1\nwall = \"w.toml\"\n[[source]]\nid = \"logo\"\nuri = \"image:logo.png\"\n";
    fs::write(desk.file("s.toml"), show).expect("writes");
    image::RgbImage::from_pixel(32, 16, image::Rgb([200, 100, 50])).save(desk.file("logo.png")).expect("a picture");
    desk
}

#[test]
fn a_show_sends_the_source_that_it_names() {
    let desk = desk_with_a_show();
    let target = format!("virtual:{}", desk.file("shown.png").display());
    let sent = desk.run(&format!("send @s.toml --source logo --frames 2 --to {target} --set brightness.percent=100"));
    assert_eq!((sent.code, sent.err.as_str()), (0, ""), "{sent:?}");
    assert!(sent.out.starts_with("2 frames in ") && sent.out.contains(" to DIR/shown.png within "), "{sent:?}");
    let shown = image::open(desk.file("shown.png")).expect("is written").to_rgb8();
    assert_eq!(shown.dimensions(), (32, 16), "the wall's raster");
    let [red, green, blue] = shown.get_pixel(9, 9).0;
    assert!(red.abs_diff(200) <= 2 && green.abs_diff(100) <= 2 && blue.abs_diff(50) <= 2, "{:?}", shown.get_pixel(9, 9));
}

#[test]
fn what_is_no_source_is_refused_before_anything_is_written() {
    let desk = desk_with_a_show();
    let target = format!("pcap:{}", desk.file("out.pcapng").display());
    for (document, source, said) in [
        ("@s.toml", "logoo", "names no source \"logoo\", only logo"),
        ("@w.toml", "logo", "expected pattern:NAME"),
        ("@w.toml", "pattern:plaid", "there is no pattern `plaid`"),
        ("@w.toml", "image:gone.png", "gone.png cannot be opened"),
    ] {
        let refused = desk.run(&format!("send {document} --source {source} --to {target}"));
        assert_eq!(refused.code, 2, "{source}: {refused:?}");
        assert!(refused.err.contains(said), "{source}: {refused:?}");
    }
    let mut left: Vec<_> = fs::read_dir(desk.folder.path()).expect("lists").map(|f| f.expect("is listed").file_name()).collect();
    left.sort();
    assert_eq!(left, ["logo.png", "s.toml", "w.toml"], "nothing half-written");
}

#[test]
fn a_document_in_the_wrong_place_is_named() {
    let desk = desk_with_a_show();
    let refused = desk.run("wall check @s.toml");
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.err.contains("this is a show.toml") && refused.err.contains("\"w.toml\": name that file"), "{refused:?}");
    fs::write(desk.file("n.toml"), "name = 'x'").expect("writes");
    assert!(desk.run("run @n.toml").err.contains("neither a wall.toml nor a show.toml"));
}

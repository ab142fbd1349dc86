//! What comes out of streams of bytes, whole, broken and hostile.

use std::sync::Arc;

use ocp809_sender::geometry::PixelSize;
use ocp809_sender::time::{Clock, ManualClock};
use ocp809_shaders::PixelFormat;
use proptest::prelude::*;

use super::super::Picture;
use super::super::mailbox::{Due, Reader, mailbox};
use super::super::monitor::Shared;
use super::*;

/// A stream that is read to its end by a reader that always takes the newest picture.
struct Read {
    result: Result<Ending, String>,
    pictures: u64,
    last: Reader,
}

fn read(format: StreamFormat, bytes: &[u8]) -> Read {
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::default());
    let shared = Shared::new("test:", &clock, Rational::new(60, 1).unwrap(), 1.0);
    let (mut writer, mut last) = mailbox(Due::Newest, &shared, &clock);
    let mut input = bytes;
    let result = StreamReader::new(format, ColorPolicy::default()).read(&mut input, &mut writer);
    last.advance();
    Read { result: result.map_err(|error| error.chain()), pictures: shared.pictures(), last }
}

fn y4m(bytes: &[u8]) -> Read {
    read(StreamFormat::Y4m, bytes)
}

#[test]
fn pictures_are_read_whole() {
    let read = y4m(b"YUV4MPEG2 W2 H2 F25:1 Cmono\nFRAME\nabcdFRAME Ip\nefgh");
    assert_eq!((read.result, read.pictures), (Ok(Ending::Finished), 2));
    let view = read.last.view().unwrap();
    assert_eq!((view.row(0, 0), view.row(0, 1)), (&b"ef"[..], &b"gh"[..]));
}

#[test]
fn alpha_is_left_out() {
    let read = y4m(b"YUV4MPEG2 W1 H1 C444alpha\nFRAME\nyuvAFRAME\nYUVA");
    assert_eq!((read.result, read.pictures), (Ok(Ending::Finished), 2));
    let view = read.last.view().unwrap();
    assert_eq!([0, 1, 2].map(|plane| view.row(plane, 0)[0]), *b"YUV");
}

#[test]
fn streams_one_after_the_other_may_differ() {
    let read = y4m(b"YUV4MPEG2 W2 H1 Cmono\nFRAME\nabYUV4MPEG2 W1 H3 Cmono\nFRAME\nxyz");
    assert_eq!((read.result, read.pictures), (Ok(Ending::Finished), 2));
    assert_eq!(read.last.view().unwrap().shape().size, PixelSize::new(1, 3));
}

#[test]
fn raw_streams_are_cut_into_pictures() {
    let size = PixelSize::new(2, 1);
    let format = StreamFormat::Raw { format: PixelFormat::Rgb24, size, rate: Rational::new(60, 1).unwrap() };
    let whole = read(format, b"rgbRGBabcABC");
    assert_eq!((whole.result, whole.pictures), (Ok(Ending::Finished), 2));
    assert_eq!(whole.last.view().unwrap().row(0, 0), b"abcABC");
    let cut = read(format, b"rgbRGBabc");
    assert_eq!(cut.result, Err("the stream ended within picture 2: 3 of 6 bytes came".to_owned()));
    assert_eq!(cut.last.view().unwrap().row(0, 0), b"rgbRGB", "the whole picture before stays");
    assert_eq!(read(format, b"").result, Err("the stream ended without a picture".to_owned()));
}

#[test]
fn broken_streams_are_named() {
    for (bytes, expected) in [
        (&b""[..], "ended without a picture"),
        (b"YUV4", "ended without a picture"),
        (b"YUV4MPEG2 W2 H2 Cmono\n", "ended without a picture"),
        (b"\x00\x00\x01\xba", "begins with \"\\\\x00\\\\x00\\\\x01\\\\xba\", not with YUV4MPEG2"),
        (b"YUV4MPEG2 W2 H2 Cmono\nFRAME\nabcdFRAM", "ended within picture 2"),
        (b"YUV4MPEG2 W2 H2 Cmono\nFRAME\nabcdFRAME\n", "ended within picture 2: 0 of 4 bytes"),
        (b"YUV4MPEG2 W2 H2 Cmono\nFRAME\nabcdFRAME\nab", "ended within picture 2: 2 of 4 bytes"),
        (b"YUV4MPEG2 W2 H2 Cmono\nFRAME\nabcdXXXXXX\nab", "picture 2 begins with \"XXXXXX\", not with FRAME"),
        (b"YUV4MPEG2 W2 H2 Cmono\nFRAMES\nabcd", "picture 1 begins with \"FRAMES\""),
    ] {
        let got = y4m(bytes).result.map_or_else(|error| error, |ending| format!("{ending:?}"));
        assert!(got.contains(expected), "{:?}: {got}", bytes.escape_ascii().to_string());
    }
    // Six bytes of luma and two rows of chroma with three bytes each where four belong.
    let odd = y4m(b"YUV4MPEG2 W3 H1 C422p10\nFRAME\n012345abcABCFRAME\n012345abcABCFRAME\n").result.unwrap_err();
    assert!(odd.contains("picture 2 does not begin where picture 1 ended") && odd.contains("pad the width"), "{odd}");
    let long = [b"YUV4MPEG2 X".as_slice(), &[b'x'; 9_000]].concat();
    assert!(y4m(&long).result.unwrap_err().contains("longer than 4096 bytes"));
}

proptest! {
    #[test]
    fn hostile_streams_never_panic(
        head in "YUV4MPEG2( [WH][0-9]{1,5}| C(mono|420jpeg|444alpha|422p10)| F[0-9]:[0-9]){0,6}\n?",
        body in prop::collection::vec(prop_oneof![Just(b"FRAME\n".to_vec()), prop::collection::vec(any::<u8>(), 0..40)], 0..8),
    ) {
        let bytes = [head.into_bytes(), body.concat()].concat();
        let _ = y4m(&bytes);
    }
}

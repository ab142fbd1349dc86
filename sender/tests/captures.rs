//! Captures, judged by tshark, capinfos and tcpdump, and hostile files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use common::capability::{program, require, root};
use ocp809_sender::stream::{Batch, Span};
use ocp809_sender::time::{Clock, ManualClock, NANOS_PER_SECOND, Nanos, TAI_MINUS_UTC_S};
use ocp809_sender::transport::pcap::{CaptureError, CaptureInterface, CapturePort, CaptureReader, Replay, ReplaySpeed, create};
use ocp809_sender::transport::{Transport, TransportError};
use ocp809_sender::wire::ethernet::MacAddress;
use proptest::prelude::*;

/// 2026-01-02 03:04:05.123456789 UTC as TAI.
const INSTANT: u64 = (1_767_323_045 + TAI_MINUS_UTC_S) * NANOS_PER_SECOND + 123_456_789;

fn packet(id: u8, length: usize) -> Vec<u8> {
    let mut packet = vec![3, 0x4f, 0x43, 0x50, 0x80, 0, 2, 0x4f, 0x43, 0x50, 0x80, id, 0x88, 0xb5];
    packet.extend((14..length).map(|at| id.wrapping_add(u8::try_from(at % 251).unwrap())));
    packet
}

fn send(port: &mut CapturePort, bytes: &[u8]) -> Result<usize, TransportError> {
    port.send(Batch::new(bytes, &[Span::new(0, bytes.len())]))
}

fn interfaces() -> Vec<CaptureInterface> {
    [("port-1", 1), ("port-2", 2)]
        .map(|(name, id)| CaptureInterface { name: name.into(), mac: MacAddress([2, 0, 0, 0, 0, id]), rate_mbit: 1000 })
        .to_vec()
}

/// Ten packets on two interfaces, 1 us apart.
fn write_sample(path: &Path) -> Vec<Vec<u8>> {
    let manual = Arc::new(ManualClock::at(Nanos(INSTANT)));
    let clock: Arc<dyn Clock> = manual.clone();
    let mut ports = create(path, &interfaces(), &clock).unwrap();
    let packets: Vec<_> = (0..10_u8).map(|id| packet(id, 14 + usize::from(id) * 33)).collect();
    for (index, packet) in packets.iter().enumerate() {
        assert_eq!(send(&mut ports[index % 2], packet).unwrap(), 1, "the disk takes it");
        manual.advance(1_000);
    }
    packets
}

/// Time, interface and bytes.
type Read = (u64, u32, Vec<u8>);

fn read_all(path: &Path) -> (Vec<Read>, Option<CaptureError>) {
    let mut packets = Vec::new();
    let mut reader = match CaptureReader::open(path) {
        Ok(reader) => reader,
        Err(error) => return (packets, Some(error)),
    };
    loop {
        match reader.next_packet() {
            Ok(Some(packet)) => packets.push((packet.utc_ns, packet.interface, packet.data.to_vec())),
            Ok(None) => return (packets, None),
            Err(error) => return (packets, Some(error)),
        }
    }
}

fn scratch() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("capture.pcapng");
    (folder, path)
}

fn output(command: &mut Command) -> String {
    let output = command.output().expect("it runs");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {out}{err}");
    out.into_owned()
}

#[test]
fn what_was_written_is_read_to_the_nanosecond() {
    let (_folder, path) = scratch();
    let packets = write_sample(&path);
    let (read, error) = read_all(&path);
    assert!(error.is_none(), "{error:?}");
    let utc_ns = INSTANT - TAI_MINUS_UTC_S * NANOS_PER_SECOND;
    for (index, ((time, interface, data), packet)) in read.iter().zip(&packets).enumerate() {
        assert_eq!((*time, *interface as usize), (utc_ns + index as u64 * 1_000, index % 2), "packet {index}");
        assert_eq!(data, packet, "packet {index}");
    }
    assert_eq!(read.len(), 10, "all of them");
}

#[test]
fn tshark_and_capinfos_read_what_was_written() {
    require!(program("tshark"), program("capinfos"));
    let (_folder, path) = scratch();
    let packets = write_sample(&path);
    let fields = ["-T", "fields", "-e", "frame.time_epoch", "-e", "frame.interface_name", "-e", "frame.len", "-e", "eth.src"];
    let listed = output(Command::new("tshark").env("TZ", "UTC").arg("-r").arg(&path).args(fields));
    let lines: Vec<&str> = listed.lines().collect();
    assert_eq!(lines.len(), 10, "{listed}");
    for (index, (line, packet)) in lines.iter().zip(&packets).enumerate() {
        let columns: Vec<&str> = line.split('\t').collect();
        assert_eq!(columns[0], format!("1767323045.{:09}", 123_456_789 + index * 1_000), "{line}");
        assert_eq!(columns[1], ["port-1", "port-2"][index % 2], "{line}");
        assert_eq!(columns[2], packet.len().to_string(), "{line}");
        assert_eq!(columns[3], format!("02:4f:43:50:80:{index:02x}"), "{line}");
    }
    let summary = output(Command::new("capinfos").arg(&path));
    for expected in ["pcapng", "Ethernet", "nanoseconds", "port-2", "Number of packets = 5", "Capture application: "] {
        assert!(summary.contains(expected), "{expected} in: {summary}");
    }
}

#[test]
fn captures_of_tcpdump_and_of_other_senders_are_read() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/colorlight/panelplayer_500x4_b255.pcap");
    let (read, error) = read_all(&golden);
    assert!(error.is_none(), "{error:?}");
    let lengths: Vec<usize> = read.iter().map(|(_, _, data)| data.len()).collect();
    assert_eq!(lengths, [1512, 30, 1512, 30, 1512, 30, 1512, 30, 112], "a classic pcap in microseconds");
    assert!(read.windows(2).all(|pair| pair[0].0 <= pair[1].0), "times rise");

    require!(program("tcpdump"), program("tshark"));
    let (folder, path) = scratch();
    write_sample(&path);
    let classic = folder.path().join("classic.pcap");
    output(Command::new("tcpdump").arg("--nano").arg("-r").arg(&path).arg("-w").arg(&classic));
    let strip = |packets: Vec<Read>| packets.into_iter().map(|(time, _, data)| (time, data)).collect::<Vec<_>>();
    let (ours, theirs) = (read_all(&path), read_all(&classic));
    assert!(theirs.1.is_none(), "{:?}", theirs.1);
    assert_eq!(strip(theirs.0), strip(ours.0), "nanoseconds survive tcpdump");
}

#[test]
fn a_capture_is_replayed_at_its_own_pace() {
    let (_folder, path) = scratch();
    let packets = write_sample(&path);
    let manual = Arc::new(ManualClock::at(Nanos(5_000)));
    let clock: Arc<dyn Clock> = manual.clone();
    let mut replay = Replay::open(&path, None, ReplaySpeed::Recorded, Arc::clone(&clock)).unwrap();
    let mut buffer = [0; 2048];
    for (index, packet) in packets.iter().enumerate() {
        let length = replay.receive(&mut buffer).unwrap().expect("due");
        assert_eq!((&buffer[..length], manual.now().0), (&packet[..], 5_000 + index as u64 * 1_000), "packet {index}");
        assert_eq!(replay.receive(&mut buffer).unwrap(), None, "the next one is not due");
        let more = replay.wait(Duration::from_secs(1)).unwrap();
        assert_eq!(more, index < 9, "one waits, but after the last");
    }
    assert!(replay.has_ended() && replay.link().is_down(), "at the end the link is down");

    let mut second = Replay::open(&path, Some(1), ReplaySpeed::Fastest, clock).unwrap();
    let mut count = 0;
    while let Some(length) = second.receive(&mut buffer).unwrap() {
        assert_eq!(buffer[..length], packets[count * 2 + 1][..], "only the second port");
        count += 1;
    }
    assert_eq!(count, 5, "all of it at once");
}

#[test]
fn a_full_disk_is_an_error_and_leaves_a_valid_file() {
    require!(root(), program("mount"));
    let folder = tempfile::tempdir().unwrap();
    output(Command::new("mount").args(["-t", "tmpfs", "-o", "size=3m", "tmpfs"]).arg(folder.path()));
    let path = folder.path().join("capture.pcapng");
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(Nanos(INSTANT)));
    let mut ports = create(&path, &interfaces(), &clock).unwrap();
    let (bytes, mut taken) = (packet(1, 1514), 0_u64);
    let error = loop {
        match send(&mut ports[0], &bytes) {
            Ok(_) if taken > 10_000 => panic!("3 MiB hold no 15 MB"),
            Ok(_) => taken += 1,
            Err(error) => break error,
        }
    };
    let TransportError::System { operation: "writing the capture", source } = &error else { panic!("{error:?}") };
    assert_eq!(source.kind(), std::io::ErrorKind::StorageFull, "{source}");
    assert!(send(&mut ports[1], &bytes).is_err(), "and it stays one, for every port");
    assert!(ports[0].file().finish().is_err(), "also at the end");
    drop(ports);
    let (read, damage) = read_all(&path);
    let copied = tempfile::NamedTempFile::new().unwrap();
    fs::copy(&path, copied.path()).unwrap();
    output(Command::new("umount").arg(folder.path()));
    assert!(damage.is_none(), "{damage:?}");
    assert!(read.len() > 1_500 && read.iter().all(|(_, _, data)| *data == bytes), "{} whole packets", read.len());
    require!(program("capinfos"));
    assert!(output(Command::new("capinfos").arg(copied.path())).contains("pcapng"), "capinfos agrees");
}

#[test]
fn unreadable_files_are_named_with_what_is_wrong() {
    let (folder, path) = scratch();
    let error = |path: &Path| read_all(path).1.expect("an error");
    assert!(matches!(error(&folder.path().join("missing")), CaptureError::Open { .. }), "no file");
    assert!(matches!(error(folder.path()), CaptureError::Open { .. }), "a folder");
    for nonsense in [&b""[..], b"\x0a", b"\x0a\x0d\x0d\x0a", b"not a capture at all, but long enough to look like one"] {
        fs::write(&path, nonsense).unwrap();
        let error = error(&path);
        assert!(matches!(error, CaptureError::NotACapture { .. }), "{error:?}");
        assert!(error.to_string().contains("capture.pcapng"), "{error}");
    }
    write_sample(&path);
    let whole = fs::read(&path).unwrap();
    for cut in (1..whole.len()).step_by(5) {
        fs::write(&path, &whole[..cut]).unwrap();
        let (packets, error) = read_all(&path);
        assert!(packets.len() <= 10, "no packet is invented");
        // Between two blocks the file is simply shorter.
        if let Some(error) = error {
            assert!(matches!(error, CaptureError::NotACapture { .. } | CaptureError::Truncated { .. }), "{cut}: {error:?}");
        }
    }
    let mut wifi = whole;
    // The first interface is described behind the section header, whose length is its second word.
    let first_interface = u32::from_ne_bytes(wifi[4..8].try_into().unwrap()) as usize;
    wifi[first_interface + 8..first_interface + 10].copy_from_slice(&105_u16.to_ne_bytes());
    fs::write(&path, wifi).unwrap();
    assert!(matches!(error(&path), CaptureError::NotEthernet { link_type: 105, .. }), "another kind of link");
}

proptest! {
    #[test]
    fn hostile_captures_never_panic(
        mut changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20), classic: bool,
    ) {
        let (_folder, path) = scratch();
        let mut bytes = if classic {
            fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/colorlight/panelplayer_64x32_b255.pcap")).unwrap()
        } else {
            write_sample(&path);
            fs::read(&path).unwrap()
        };
        for (at, value) in changes.drain(..) {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        fs::write(&path, &bytes).unwrap();
        let (packets, _) = read_all(&path);
        prop_assert!(packets.len() < 10_000);
    }
}

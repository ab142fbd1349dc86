//! One packet of each kind, with values that are easy to find again: for the worked examples of PROTOCOL.md, the
//! conformance vectors, the dissector's test and the fuzzers' first corpus.

use super::auth::{CardIdentity, Key, KeyRing};
use super::control::{
    AddressingMode, Announce, Assignment, BankChoice, BankReport, BankSelect, Blanking, Body, BrightnessLimit, Bytes,
    CARD_ID_BY_POSITION, CalChunk, CalibrationKind, Capabilities, CardAddressing, CardPort, Configuration, DataClock, DecodeLaw,
    Discover, Driver, DriverRegisters, Event, Features, Formats, FrameCounts, Geometry, Get, GrayBits, Hardware, Health,
    Identify, IdentifyMode, Ignored, KeyChange, KeyInstalled, LatchCounter, LatchTiming, LinkDecode, LinkReport, LinkState,
    LockedMode, LowGray, Master, Message, Model, ModuleMap, ModulePlace, ModulePresence, Nack, NackReason, OnSilence, Opcode,
    ProtocolVersions, Reboot, Refresh, Request, Response, Route, Scan, Seal, Serial, Set, SetReport, Setting, Signer,
    SilenceAction, Stats, Text, TimeMark, Upload, UploadId, UploadReport, UploadWindow, Wanted, configuration_hash,
};
use super::stream::{HEADER_LEN, LATCH_AUTH_LEN, LATCH_LEN, PARITY_PAYLOAD_MIN};
use super::{Epoch, FrameId, Latch, LatchFlags, StreamHeader, StreamKind, group_address, seal, software_address};
use crate::geometry::{Orientation, Rotation};
use crate::time::Tai;
use crate::wall::WireFormat;
use crate::wire::ethernet::{EtherType, EthernetHeader, MIN_FRAME_LEN, MacAddress};
use crate::wire::field::put_bytes;

/// The card of the examples.
pub const CARD: CardIdentity = CardIdentity { serial: Serial(*b"OCP809-000001\0\0\0"), boot_count: 7 };

/// Its address.
pub const CARD_ADDRESS: MacAddress = MacAddress([0x02, 0xca, 0x8d, 0x00, 0x00, 0x01]);

/// The sender's address: that of a sender without an interface, on port 1.
pub const SENDER_ADDRESS: MacAddress = software_address(1);

/// Id of the examples' site key.
pub const KEY_ID: u16 = 1;

/// The examples' site key: bytes 0 to 31.
pub const KEY: Key = Key::new([
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
]);

/// Counter of the authenticated examples.
pub const COUNTER: u64 = 0x0102_0304_0506_0708;

/// The epoch of the examples.
pub const EPOCH: Epoch = Epoch { term: 1, instance: 0xbeef };

const TRANSACTION: u32 = 0x0a0b_0c0d;

/// A named Ethernet frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// Its name, for headings and files.
    pub name: String,
    /// The frame, without FCS.
    pub frame: Vec<u8>,
}

/// All examples: the stream, then control without AUTH, then with it.
#[must_use]
pub fn all() -> Vec<Example> {
    let mut examples = stream();
    examples.extend(messages().iter().map(|(name, message)| control(name, message, false)));
    let signed = ["request-set", "response-set", "request-stats", "request-key"];
    let signed = messages().into_iter().filter(|(name, _)| signed.contains(name));
    examples.extend(signed.map(|(name, message)| control(&format!("{name}-auth"), &message, true)));
    let counted = Stats { latch_counter: Some(LatchCounter { highest: COUNTER }), ..stats() };
    let (name, answer) = message("response-stats-auth", Route::card(1), Body::Response(Response::Stats(counted)));
    examples.push(control(name, &answer, true));
    examples
}

/// PIXELS, PARITY and LATCH packets of one small frame.
#[must_use]
pub fn stream() -> Vec<Example> {
    let rgb8 = pixels(WireFormat::Rgb8, 0, 4, &[0xff, 0, 0, 0, 0xff, 0, 0, 0, 0xff, 0x10, 0x20, 0x30]);
    let rgb10 = pixels(WireFormat::Rgb10, 1, 3, &[0xff, 0xc0, 0, 0, 0, 0xff, 0xc0, 0, 0, 0, 0xff, 0xc0, 0, 0, 0]);
    let rgb12 = pixels(WireFormat::Rgb12, 2, 2, &[0xff, 0xf0, 0, 0, 0, 0, 0, 0x0f, 0xff]);
    let rgb16 = pixels(WireFormat::Rgb16, 3, 1, &[0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc]);
    let mut latch = [0; LATCH_LEN];
    let mut copy = [0; LATCH_LEN];
    LATCH.emit(FRAME, 4, false, &mut latch);
    LATCH.emit(FRAME, 4, true, &mut copy);
    let mut signed = [0; LATCH_AUTH_LEN];
    let mut ring = KeyRing::new();
    if ring.install(KEY_ID, KEY) {
        LATCH.emit_authenticated(FRAME, 4, false, SENDER_ADDRESS, (KEY_ID, COUNTER), &ring, &mut signed);
    }
    [
        ("pixels-rgb8", rgb8.as_slice()),
        ("pixels-rgb10", &rgb10),
        ("pixels-rgb12", &rgb12),
        ("pixels-rgb16", &rgb16),
        ("parity", &parity()),
        ("latch", &latch),
        ("latch-copy", &copy),
        ("latch-auth", &signed),
    ]
    .into_iter()
    .map(|(name, packet)| Example { name: name.to_owned(), frame: stream_frame(packet) })
    .collect()
}

/// A frame from the sender to the group of port 1, padded with zeros to the shortest length.
#[must_use]
pub fn stream_frame(packet: &[u8]) -> Vec<u8> {
    let header =
        EthernetHeader { destination: group_address(1), source: SENDER_ADDRESS, tag: None, ethertype: EtherType::OCP809_STREAM };
    let mut frame = vec![0; (header.len() + packet.len()).max(MIN_FRAME_LEN)];
    header.emit(&mut frame);
    put_bytes(&mut frame, header.len(), packet);
    frame
}

/// The frame of a message that fits into one.
#[must_use]
pub fn control(name: &str, message: &Message, auth: bool) -> Example {
    let from_card = !matches!(message.body, Body::Request(_));
    let (destination, source) = match (from_card, message.route.card_id) {
        (true, _) => (if matches!(message.body, Body::Event(_)) { group_address(1) } else { SENDER_ADDRESS }, CARD_ADDRESS),
        (false, super::CARD_ID_ALL | CARD_ID_BY_POSITION) => (group_address(1), SENDER_ADDRESS),
        (false, _) => (CARD_ADDRESS, SENDER_ADDRESS),
    };
    let signer = auth.then_some(Signer { card: CARD, key_id: KEY_ID, key: &KEY, counter: COUNTER });
    let frames = message.emit(&Seal { destination, source, frame_max: 1514, signer });
    Example { name: name.to_owned(), frame: frames.unwrap_or_default().into_iter().next().unwrap_or_default() }
}

const FRAME: FrameId = FrameId(0x1234);

const LATCH: Latch = Latch {
    present_at: Tai(1_800_000_000_000_000_000),
    epoch: EPOCH,
    brightness: 0x3333,
    gains: [0x8000, 0x7fff, 0x7800],
    refreshes: 64,
    pattern: 0,
    flags: LatchFlags { black_out: false, freeze: false, identify: false, test_pattern: false },
    sent_at: 0x89ab_cdef,
};

fn pixels(format: WireFormat, seq: u16, count: u16, payload: &[u8]) -> Vec<u8> {
    packet(StreamHeader::pixels(format, seq, 1, 4 * u32::from(seq), count), payload)
}

/// A PARITY of a group of two: their fields and payloads, one XOR the other.
fn parity() -> Vec<u8> {
    let mut payload = [0; PARITY_PAYLOAD_MIN];
    put_bytes(&mut payload, 0, &[0xff, 0xff, 0, 0, 0xff, 0xff]);
    let kind = StreamKind::Parity { log2_group: 1 };
    packet(StreamHeader { kind, frame_id: FRAME, seq: 0, target: 0, offset: 4, count: 6 }, &payload)
}

fn packet(header: StreamHeader, payload: &[u8]) -> Vec<u8> {
    let mut head = [0; HEADER_LEN];
    header.emit(&mut head);
    let mut packet = [&head[..], payload].concat();
    seal(&mut packet, FRAME);
    packet
}

/// One message of each kind and opcode.
#[must_use]
pub fn messages() -> Vec<(&'static str, Message)> {
    let mut messages = requests();
    messages.extend(responses());
    messages.extend(events_and_nacks());
    messages
}

fn message(name: &'static str, route: Route, body: Body) -> (&'static str, Message) {
    (name, Message { route, transaction: TRANSACTION, body })
}

fn requests() -> Vec<(&'static str, Message)> {
    let card = Route::card(1);
    let set = Set { apply_at: Some(FRAME), settings: settings(), unknown: Vec::new() };
    let key = Key::new([0x5a; 32]).wrapped(&KEY, &CARD, COUNTER);
    [
        ("request-discover", Route::to_all(), Request::Discover(Discover { padding: None })),
        ("request-assign-id", Route::to_place(2), Request::AssignId(Assignment { card_id: 3, path_delay_ns: 15_000 })),
        ("request-get", card, Request::Get(Get { wanted: Some(Wanted { kinds: vec![0x0101, 0x0103] }) })),
        ("request-set", card, Request::Set(set)),
        ("request-save", card, Request::Save),
        ("request-cal-begin", card, Request::CalBegin(upload())),
        ("request-cal-chunk", card, Request::CalChunk(CalChunk { index: 31, count: 52, data: vec![0xc5; 16] })),
        ("request-cal-poll", card, Request::CalChunk(CalChunk { index: 31, count: 52, data: Vec::new() })),
        ("request-cal-commit", card, Request::CalCommit(UploadId { upload_id: 9 })),
        ("request-cal-bank", card, Request::CalBank(BankSelect { choice: BankChoice::Previous })),
        ("request-stats", card, Request::Stats),
        ("request-identify", card, Request::Identify(Identify { mode: IdentifyMode::Number, duration_ms: 5_000 })),
        ("request-reboot", card, Request::Reboot(Reboot { delay_ms: 100 })),
        ("request-time", Route::to_all(), Request::Time(time())),
        ("request-key", card, Request::Key(KeyChange { new_key_id: 2, masked_key: *key.secret() })),
    ]
    .into_iter()
    .map(|(name, route, request)| message(name, route, Body::Request(request)))
    .collect()
}

fn responses() -> Vec<(&'static str, Message)> {
    let configuration = configuration_hash(&settings());
    let banks = UploadReport { acting: BankSelect { choice: BankChoice::Active }, banks: vec![bank()] };
    let ignored = Some(Ignored { kinds: vec![0x01ff] });
    [
        ("response-discover", Response::Discover(announce())),
        ("response-assign-id", Response::AssignId(CARD.into())),
        ("response-get", Response::Get(Configuration { settings: settings(), configuration: configuration.clone() })),
        ("response-set", Response::Set(SetReport { configuration, ignored })),
        ("response-save", Response::Save),
        ("response-cal-begin", Response::CalBegin(UploadId { upload_id: 9 })),
        ("response-cal-chunk", Response::CalChunk(UploadWindow { base: 0, held: 0xffff_fffe })),
        ("response-cal-commit", Response::CalCommit(banks.clone())),
        ("response-cal-bank", Response::CalBank(banks)),
        ("response-stats", Response::Stats(stats())),
        ("response-identify", Response::Identify),
        ("response-reboot", Response::Reboot),
        ("response-key", Response::Key(KeyInstalled { new_key_id: 2 })),
    ]
    .into_iter()
    .map(|(name, response)| message(name, Route::card(1), Body::Response(response)))
    .collect()
}

fn events_and_nacks() -> Vec<(&'static str, Message)> {
    let nack = |opcode: Opcode, reason| Body::Nack(Nack { opcode: opcode.code(), reason });
    [
        ("event-announce", Body::Event(Event::Announce(announce()))),
        ("event-stats", Body::Event(Event::Stats(stats()))),
        ("event-refused", Body::Event(Event::Refused(master()))),
        ("nack-version", nack(Opcode::Set, NackReason::Version { lowest: 1, highest: 1 })),
        ("nack-unknown-opcode", nack(Opcode::Firmware, NackReason::UnknownOpcode)),
        ("nack-malformed", nack(Opcode::AssignId, NackReason::Malformed { tlv: 0x0207 })),
        ("nack-bad-value", nack(Opcode::Set, NackReason::BadValue { tlv: 0x0104 })),
        ("nack-not-master", nack(Opcode::Set, NackReason::NotMaster { epoch: EPOCH, age_ms: 12 })),
        ("nack-auth-required", nack(Opcode::Set, NackReason::AuthRequired)),
        ("nack-bad-auth", nack(Opcode::Set, NackReason::BadAuth)),
        ("nack-stale", nack(Opcode::Set, NackReason::Stale { highest: COUNTER })),
        ("nack-busy", nack(Opcode::CalBegin, NackReason::Busy { retry_ms: 750 })),
        ("nack-incomplete", nack(Opcode::CalCommit, NackReason::Incomplete { first_missing: 17 })),
        ("nack-hash-mismatch", nack(Opcode::CalCommit, NackReason::HashMismatch)),
        ("nack-no-upload", nack(Opcode::CalChunk, NackReason::NoUpload)),
        ("nack-unsupported", nack(Opcode::CalBegin, NackReason::Unsupported)),
        ("nack-too-long", nack(Opcode::Set, NackReason::TooLong { limit: 4_096 })),
        ("nack-storage", nack(Opcode::Save, NackReason::Storage)),
        ("nack-not-to-all", nack(Opcode::Reboot, NackReason::NotToAll)),
    ]
    .into_iter()
    .map(|(name, body)| message(name, Route::card(1), body))
    .collect()
}

fn settings() -> Vec<Setting> {
    let turned = Orientation { mirror: true, rotation: Rotation::Deg90 };
    let place = |x, orientation| ModulePlace { width: 64, height: 32, x, y: 0, orientation };
    vec![
        Setting::Geometry(Geometry { width: 96, height: 64 }),
        Setting::ModuleMap(ModuleMap { modules: vec![place(0, Orientation::UPRIGHT), place(64, turned)] }),
        Setting::CardAddressing(CardAddressing {
            mode: AddressingMode::Canvas,
            canvas_width: 384,
            canvas_height: 64,
            x: 96,
            y: 0,
            width: 96,
            height: 64,
        }),
        Setting::Scan(Scan { phases: 16 }),
        Setting::Refresh(Refresh { refresh_mhz: 3_840_000 }),
        Setting::GrayBits(GrayBits { bits: 16 }),
        Setting::DataClock(DataClock { dclk_khz: 12_500 }),
        Setting::Driver(Driver { chip: Text::new("ICN2153") }),
        Setting::Blanking(Blanking { blanking_ns: 800 }),
        Setting::LowGray(LowGray { knee: 655, gains: [0x8800, 0x9000, 0x8000] }),
        Setting::DriverRegisters(DriverRegisters { registers: Bytes(vec![1, 2, 3, 4]) }),
        Setting::LinkDecode(LinkDecode { law: DecodeLaw::Power, gamma_milli: 2_800, table: Vec::new() }),
        Setting::BrightnessLimit(BrightnessLimit { limit: 0xc000 }),
        Setting::OnSilence(OnSilence { action: SilenceAction::Black, pattern: 0, after_ms: 10_000 }),
        Setting::LockedMode(LockedMode { locked: false }),
    ]
}

fn announce() -> Announce {
    Announce {
        identity: CARD.into(),
        model: Model { name: Text::new("Example 809") },
        hardware: Hardware { board_major: 1, board_minor: 2, firmware_major: 3, firmware_minor: 4, firmware_patch: 5 },
        protocol: ProtocolVersions::OWN,
        capabilities: Capabilities {
            features: Features::CANVAS.with(Features::DIMMER).with(Features::PARITY).with(Features::LOCK),
            mtu: 9_000,
            formats: WireFormat::ALL.into_iter().fold(Formats(0), |all, format| all.with(Formats::of(format))),
            buffers: 3,
            guard_ns: 260_416,
            residence_ns: 13_000,
            max_pixels: 262_144,
        },
        configuration: configuration_hash(&settings()),
        master: Some(master()),
        padding: None,
    }
}

fn master() -> Master {
    Master { epoch: EPOCH, age_ms: 12, macs: vec![SENDER_ADDRESS, software_address(2)] }
}

fn time() -> TimeMark {
    TimeMark { previous_departure: Tai(1_800_000_000_000_000_000), previous_transaction: TRANSACTION - 1 }
}

fn upload() -> Upload {
    Upload {
        module: 1,
        kind: CalibrationKind::Matrix,
        bytes: 73_728,
        module_serial: Serial(*b"MOD-0042\0\0\0\0\0\0\0\0"),
        sha256: [0x5a; 32],
    }
}

fn bank() -> BankReport {
    BankReport {
        module: 1,
        active_kind: CalibrationKind::Matrix,
        active_sha256: [0x5a; 32],
        previous_kind: CalibrationKind::None,
        previous_sha256: [0; 32],
    }
}

fn stats() -> Stats {
    let fed = LinkReport {
        port: CardPort::A,
        state: LinkState::Fed,
        rate_mbit: 1_000,
        received: 30_000,
        lost: 5,
        repaired: 4,
        frames_missed: 1,
        bad_crc: 1,
        bad_fcs: 1,
        duplicates: 7,
        short: 0,
    };
    let quiet = LinkReport { port: CardPort::B, state: LinkState::Up, received: 0, lost: 0, repaired: 0, ..fed.clone() };
    Stats {
        frames: FrameCounts {
            last_frame_id: FRAME,
            shown: 3_600,
            held: 1,
            frozen: 0,
            late: 2,
            clock: 0,
            overrun: 0,
            range: 0,
            missing: 1,
        },
        links: vec![fed, quiet],
        timing: LatchTiming { error_mean_ns: 40, error_max_ns: 260, synced: true, free_buffers: 1 },
        health: Health { temperature_decidegrees: 415, supply_mv: 4_980, uptime_s: 86_400 },
        modules: Some(ModulePresence::new(&[true, false, true])),
        master: Some(master()),
        latch_counter: None,
    }
}

//! Calibration uploads: lost chunks, wrong hashes, banks, and the light that changes between two frames.

use sha2::{Digest, Sha256};

use super::control::{master, refusal, request, response};
use super::rig::{MS, Rig, row_of_cards};
use crate::ids::ScreenIndex;
use crate::stream::FeedEnd;
use crate::wall::LinkTransfer;
use crate::wire::ocp809::auth::{CardIdentity, Key};
use crate::wire::ocp809::control::{
    BankChoice, BankSelect, CalChunk, CalibrationKind, Message, NackReason, Request, Response, Route, SERIAL_ANY, Seal, Signer,
    Upload, UploadId,
};

/// A rig with one card of 64x32 pixels whose light is proportional to its codes, and counters for AUTH.
struct Bench {
    rig: Rig,
    counter: u64,
    transaction: u32,
}

impl Bench {
    fn new() -> Self {
        let wall = row_of_cards(1, |spec| {
            spec.ports[0].link.transfer = LinkTransfer::Linear;
            let size = crate::geometry::PixelSize::new(64, 32);
            spec.module_models[0].size = size;
            spec.cabinet_models[0].size = size;
            spec.screens[0].size = size;
        });
        let mut rig = Rig::started(wall);
        rig.show_next();
        Self { rig, counter: 1_000, transaction: 1_000 }
    }

    fn seal(&mut self) -> Seal<'static> {
        self.counter += 1;
        let status = self.rig.card(0);
        let card = CardIdentity { serial: status.serial.parse().expect("printable"), boot_count: status.boot_count };
        Seal { signer: Some(Signer { card, key_id: 0, key: &Key::NONE, counter: self.counter }), ..master() }
    }

    fn message(&mut self, asked: Request) -> Message {
        self.transaction += 1;
        request(Route::card(1), self.transaction, asked)
    }

    fn ask(&mut self, asked: Request) -> Response {
        let (message, seal) = (self.message(asked), self.seal());
        response(&mut self.rig, &message, &seal)
    }

    fn refused(&mut self, asked: Request) -> NackReason {
        let (message, seal) = (self.message(asked), self.seal());
        refusal(&mut self.rig, &message, &seal)
    }

    /// Begins an upload, which is busy first.
    fn begin(&mut self, upload: &Upload) -> u32 {
        let busy = self.refused(Request::CalBegin(upload.clone()));
        assert!(matches!(busy, NackReason::Busy { retry_ms } if retry_ms > 0), "the bank is erased first: {busy:?}");
        self.rig.pass(60 * MS);
        match self.ask(Request::CalBegin(upload.clone())) {
            Response::CalBegin(id) => id.upload_id,
            other => panic!("{other:?}"),
        }
    }

    /// Sends chunks except some; what was answered.
    fn send(&mut self, id: u32, bytes: &[u8], except: &[u16]) -> Vec<(u16, u32)> {
        let mut windows = Vec::new();
        for chunk in CalChunk::split(bytes).filter(|chunk| !except.contains(&chunk.index)) {
            windows.extend(self.chunk(id, chunk));
        }
        windows
    }

    fn chunk(&mut self, id: u32, chunk: CalChunk) -> Option<(u16, u32)> {
        let seal = Seal { frame_max: 1_514, ..master() };
        let answers = self.rig.ask(&request(Route::card(1), id, Request::CalChunk(chunk)), &seal);
        answers.into_iter().find_map(|answer| match answer.body {
            crate::wire::ocp809::control::Body::Response(Response::CalChunk(window)) => Some((window.base, window.held)),
            _ => None,
        })
    }

    fn light(&mut self) -> Vec<[f32; 3]> {
        let mut light = Vec::new();
        self.rig.cards.light(ScreenIndex(0), &mut light);
        light
    }
}

fn upload(bytes: &[u8], kind: CalibrationKind) -> Upload {
    let sha256 = Sha256::digest(bytes).into();
    Upload { module: 0, kind, bytes: u32::try_from(bytes.len()).expect("small"), module_serial: SERIAL_ANY, sha256 }
}

/// Matrices that exchange red and green and halve blue.
fn matrices() -> Vec<u8> {
    let matrix: Vec<u8> = [0_i16, 8192, 0, 8192, 0, 0, 0, 0, 4096].iter().flat_map(|c| c.to_be_bytes()).collect();
    matrix.repeat(64 * 32)
}

#[test]
fn an_upload_survives_lost_chunks_and_changes_the_light_at_once() {
    let (mut bench, bytes) = (Bench::new(), matrices());
    let before = bench.light();
    let id = bench.begin(&upload(&bytes, CalibrationKind::Matrix));
    let windows = bench.send(id, &bytes, &[3]);
    assert_eq!(windows, [(0, 0x03ff_fff7)], "26 chunks, the last one is answered: chunk 3 is missing");
    assert_eq!(
        bench.refused(Request::CalCommit(UploadId { upload_id: id })),
        NackReason::Incomplete { first_missing: 3 },
        "not yet"
    );
    assert_eq!(bench.light(), before, "nothing acts before COMMIT");
    let missing = CalChunk::split(&bytes).nth(3).expect("chunk 3");
    assert_eq!(bench.chunk(id, missing), None, "a chunk in mid-window is not answered");
    let poll = CalChunk { index: 0, count: 26, data: Vec::new() };
    assert_eq!(bench.chunk(id, poll), Some((0, 0x03ff_ffff)), "a poll is");
    let Response::CalCommit(report) = bench.ask(Request::CalCommit(UploadId { upload_id: id })) else { panic!("COMMIT") };
    assert_eq!((report.acting.choice, report.banks[0].active_kind), (BankChoice::Active, CalibrationKind::Matrix), "it acts");
    for (was, is) in before.iter().zip(bench.light()) {
        let expected = [was[1], was[0], was[2] / 2.0];
        assert!(is.iter().zip(expected).all(|(is, expected)| (is - expected).abs() < 1e-4), "{was:?} became {is:?}");
    }
    let bypass = BankSelect { choice: BankChoice::Bypass };
    assert!(matches!(bench.ask(Request::CalBank(bypass)), Response::CalBank(_)), "bypass");
    assert_eq!(bench.light(), before, "identity");
    assert!(bench.rig.shows(1), "the codes never changed");
}

#[test]
fn wrong_hashes_sizes_and_silence_end_an_upload() {
    let (mut bench, bytes) = (Bench::new(), matrices());
    let mut wrong = upload(&bytes, CalibrationKind::Matrix);
    wrong.sha256[0] ^= 1;
    let id = bench.begin(&wrong);
    bench.send(id, &bytes, &[]);
    assert_eq!(bench.refused(Request::CalCommit(UploadId { upload_id: id })), NackReason::HashMismatch, "the bytes are others");
    assert_eq!(bench.refused(Request::CalCommit(UploadId { upload_id: id })), NackReason::NoUpload, "and it is over");
    let short = upload(&bytes[18..], CalibrationKind::Matrix);
    assert!(matches!(bench.refused(Request::CalBegin(short)), NackReason::BadValue { .. }), "a pixel too few");
    assert_eq!(
        bench.refused(Request::CalBegin(upload(&bytes, CalibrationKind::LowGray))),
        NackReason::Unsupported,
        "no such bank"
    );
    let id = bench.begin(&upload(&bytes, CalibrationKind::Matrix));
    for _ in 0..11 {
        bench.rig.pass(1_000 * MS);
        bench.rig.send_state();
    }
    bench.rig.heard(FeedEnd::Head);
    assert_eq!(
        bench.refused(Request::CalCommit(UploadId { upload_id: id })),
        NackReason::NoUpload,
        "ten silent seconds abort it"
    );
    let plain = bench.message(Request::CalBegin(upload(&bytes, CalibrationKind::Matrix)));
    assert_eq!(refusal(&mut bench.rig, &plain, &master()), NackReason::AuthRequired, "CAL_BEGIN always needs AUTH");
}

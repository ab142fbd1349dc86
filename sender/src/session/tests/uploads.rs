//! Coefficients on their way into virtual cards: loss, restarts, exchanged cards.

use sha2::{Digest, Sha256};

use super::*;
use crate::wire::ocp809::control::{CalibrationKind, MODULE_ALL};

/// Coefficients of all modules of a card of 8x8 pixels that differ from pixel to pixel.
fn coefficients(seed: u8, bytes: usize) -> CalibrationUpload {
    let bytes: Vec<u8> = (0..bytes).map(|i| u8::try_from(i % 251).unwrap() ^ seed).collect();
    CalibrationUpload { module: MODULE_ALL, kind: CalibrationKind::Matrix, bytes: bytes.into() }
}

fn active_hash(bench: &mut Bench, place: u16) -> [u8; 32] {
    let modules = bench.cards.card_mut(PortIndex(0), place).unwrap().settings().modules.len();
    let report = bench.cards.card_mut(PortIndex(0), place).unwrap().calibration().report(modules);
    report.banks[0].active_sha256
}

fn sha256(upload: &CalibrationUpload) -> [u8; 32] {
    Sha256::digest(&upload.bytes).into()
}

#[test]
fn coefficients_reach_their_cards_and_their_successors() {
    let mut bench = Bench::bare(wall(3, |_| {}));
    let mut sender = Sender::new(&bench, 1, false, None);
    bench.run(&mut [&mut sender], 500);
    let uploads: Vec<_> = (0..3).map(|seed| coefficients(seed, 8 * 8 * 18)).collect();
    for (upload, cabinet) in uploads.iter().zip(0..) {
        assert!(sender.session.calibrate(CabinetIndex(cabinet), upload.clone()), "there is a card");
    }
    bench.run(&mut [&mut sender], 2_000);
    for (upload, place) in uploads.iter().zip(0..) {
        assert_eq!(active_hash(&mut bench, place), sha256(upload), "card {place} corrects by its own");
    }
    assert_eq!(sender.session.take_notices().len(), 3, "each is reported");
    bench.cards.replace_card(PortIndex(0), 1).unwrap();
    bench.run(&mut [&mut sender], 2_000);
    assert_eq!(active_hash(&mut bench, 1), sha256(&uploads[1]), "the successor has them within two seconds");
}

#[test]
fn an_upload_of_many_windows_survives_loss_and_a_restart_of_its_card() {
    let mut bench = Bench::bare(wall(1, |spec| {
        let size = PixelSize::new(96, 64);
        (spec.module_models[0].size, spec.cabinet_models[0].size, spec.screens[0].size) = (size, size, size);
    }));
    let mut sender = Sender::new(&bench, 1, false, None);
    bench.run(&mut [&mut sender], 500);
    // 77 chunks: three windows, the last of them short.
    let upload = coefficients(5, 96 * 64 * 18);
    sender.session.calibrate(CabinetIndex(0), upload.clone());
    bench.losing = Some(7);
    bench.run(&mut [&mut sender], 400);
    bench.cards.power_cycle(PortIndex(0), 0);
    bench.run(&mut [&mut sender], 10_000);
    assert_eq!(active_hash(&mut bench, 0), sha256(&upload), "whole in the end");
}

#[test]
fn coefficients_that_do_not_fit_are_refused_in_words() {
    let mut bench = Bench::bare(wall(1, |_| {}));
    let mut sender = Sender::new(&bench, 1, false, None);
    bench.run(&mut [&mut sender], 500);
    sender.session.calibrate(CabinetIndex(0), coefficients(0, 100));
    bench.run(&mut [&mut sender], 500);
    let notices = sender.session.take_notices();
    assert!(matches!(notices.as_slice(), [Notice::NotCalibrated { module: MODULE_ALL, .. }]), "{notices:?}");
    assert!(!sender.session.calibrate(CabinetIndex(9), coefficients(0, 100)), "no such cabinet");
}

//! A short run of every part: what is measured is there and makes sense; how fast it was is nobody's matter here.

use super::*;

fn short(parts: &[Part]) -> BenchReport {
    let options = BenchOptions { parts: parts.to_vec(), seconds: 0.05, rounds: 2, threads: vec![1, 2], gpu: false };
    run(&options, &mut |_| {}).unwrap()
}

fn is_sound(spread: Spread, rounds: usize) -> bool {
    spread.rounds == rounds && spread.min > 0.0 && spread.min <= spread.median && spread.median <= spread.max
}

#[test]
fn the_pixel_path_is_measured_in_every_kind_and_beside_a_copy() {
    let whole = short(&[Part::PixelPath]);
    let report = whole.pixel_path.unwrap();
    for row in &report.rows {
        assert!(
            is_sound(row.wall_ms, 2) && is_sound(row.cpu_ms, 2) && row.mpix_s > 0.0 && row.copy_share_percent > 0.0,
            "{row:?}"
        );
    }
    let has = |is: &dyn Fn(&Work) -> bool| report.rows.iter().any(|row| is(&row.work));
    for calibration in [Calibration::None, Calibration::Module, Calibration::ModuleLowGrey, Calibration::Pixel] {
        assert!(has(&|work| work.calibration == calibration), "{calibration:?}");
    }
    for bits in [8, 10, 12, 16] {
        assert!(has(&|work| work.output_bits == bits), "{bits} bits out");
    }
    for input in [Input::Rgba8, Input::Yuv420, Input::Yuv444p10] {
        assert!(has(&|work| work.input == input), "{input:?}");
    }
    assert!(has(&|work| work.lut3d) && has(&|work| work.linear) && has(&|work| work.order == Order::Raster));
    for vectors in Machine::here().vectors {
        assert!(report.rows.iter().any(|row| row.device == vectors), "{vectors}");
    }
    assert!(report.copies.len() >= 2 && report.copies.iter().all(|copy| is_sound(copy.gb_s, 2)), "{:?}", report.copies);
    // Low grey and the packets' order, on one thread and on two.
    let ratios = report.ratios.iter().filter(|ratio| ratio.name.contains("1080 rows") && is_sound(ratio.value, 2)).count();
    assert_eq!(ratios, 4, "{:?}", report.ratios);
    // A machine that is slow to prepare says that 4K is missing.
    assert!(has(&|work| work.size == walls::UHD) || whole.left_out.iter().any(|left| left.why.contains("4K")));
}

#[test]
fn progress_counts_parts_and_parts_that_were_not_asked_for_are_missing() {
    let options = BenchOptions { parts: vec![Part::Latch], seconds: 0.05, rounds: 2, threads: Vec::new(), gpu: false };
    let mut heard = Vec::new();
    let report = run(&options, &mut |progress| heard.push((progress.done, progress.of))).unwrap();
    assert_eq!(heard, [(0, 1), (1, 1)]);
    assert!(report.pixel_path.is_none() && report.transmit.is_none() && report.left_out.is_empty(), "{report:?}");
    let rows = report.latch.unwrap().rows;
    assert_eq!(rows.iter().map(|row| row.rate).collect::<Vec<_>>(), [60, 60, 240, 240]);
    assert!(rows.iter().all(|row| row.late.count >= 4 && row.interval_jitter.count >= 2), "{rows:?}");
    assert!(rows.iter().all(|row| !row.real_time || row.way.contains("FIFO")), "{rows:?}");
}

#[test]
fn threads_and_time_are_made_usable() {
    let plan = |threads: &[usize]| {
        Plan::new(&BenchOptions { parts: Vec::new(), seconds: 2.0, rounds: 4, threads: threads.to_vec(), gpu: false })
    };
    assert_eq!(plan(&[4, 0, 1, 4]).threads, [1, 4]);
    let usual = plan(&[]);
    assert!(usual.threads.first() == Some(&1) && usual.threads.len() <= 2, "{:?}", usual.threads);
    assert_eq!((usual.time_ns(), usual.slice_ns(5)), (2_000_000_000, 100_000_000));
}

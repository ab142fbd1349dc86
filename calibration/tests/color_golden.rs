//! The colour functions against vectors that another implementation computed (tests/golden/color/ORIGIN.md).
#![cfg(test)]

use std::sync::LazyLock;

use ocp809_calibration::color::adaptation::bradford;
use ocp809_calibration::color::difference::{ciede2000, delta_e_itp};
use ocp809_calibration::color::ictcp::ICtCp;
use ocp809_calibration::color::lab::Lab;
use ocp809_calibration::color::temperature::{ColorTemperature, daylight};
use ocp809_calibration::color::transfer::{self, Bt1886, HlgOotf};
use ocp809_calibration::color::{Matrix3, Primaries, UvPrime, Xy};
use serde_json::Value;

static GOLDEN: LazyLock<Value> = LazyLock::new(|| {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden/color/golden.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
});

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(number).collect()
}

fn triple(value: &Value) -> [f64; 3] {
    numbers(value).try_into().unwrap()
}

fn triples(value: &Value) -> Vec<[f64; 3]> {
    value.as_array().unwrap().iter().map(triple).collect()
}

fn xy(value: &Value) -> Xy {
    Xy::new(number(&value[0]), number(&value[1]))
}

fn assert_near(what: &str, got: f64, expected: f64, tolerance: f64) {
    assert!((got - expected).abs() <= tolerance, "{what}: got {got}, expected {expected} +- {tolerance}");
}

fn assert_matrix(what: &str, got: Matrix3, expected: &Value) {
    for (row, expected) in got.0.iter().zip(triples(expected)) {
        for (value, expected) in row.iter().zip(expected) {
            assert_near(what, *value, expected, 1e-9);
        }
    }
}

/// 1e-6 relative; the file holds 12 decimals, so anything below 1e-6 is held to its last digit.
fn assert_transfer(name: &str, function: impl Fn(f64) -> f64) {
    let table = &GOLDEN["transfer"][name];
    let (inputs, outputs) = (numbers(&table["x"]), numbers(&table["y"]));
    assert!(inputs.len() > 50, "{name} is there");
    for (input, expected) in inputs.into_iter().zip(outputs) {
        assert_near(&format!("{name} of {input}"), function(input), expected, (1e-6 * expected.abs()).max(1e-12));
    }
}

#[test]
fn transfer_functions() {
    assert_transfer("srgb_eotf", transfer::srgb_eotf);
    assert_transfer("srgb_eotf_inverse", transfer::srgb_eotf_inverse);
    assert_transfer("bt709_oetf", transfer::bt709_oetf);
    for (name, gamma) in [("gamma22", 2.2), ("gamma24", 2.4), ("gamma28", 2.8)] {
        assert_transfer(name, |v| transfer::power_eotf(v, gamma));
    }
    for (name, white, black) in [("Lw100_Lb0", 100.0, 0.0), ("Lw100_Lb0p1", 100.0, 0.1), ("Lw1000_Lb0p05", 1000.0, 0.05)] {
        let display = Bt1886::new(white, black);
        assert_transfer(&format!("bt1886_{name}_cd_m2"), |v| display.eotf(v));
    }
    assert_transfer("pq_eotf_cd_m2", transfer::pq_eotf);
    assert_transfer("pq_eotf_inverse", transfer::pq_eotf_inverse);
    assert_transfer("hlg_oetf", transfer::hlg_oetf);
    assert_transfer("hlg_oetf_inverse", transfer::hlg_oetf_inverse);
}

#[test]
fn hlg_display_light() {
    for peak in [400.0, 1000.0, 2000.0] {
        let table = &GOLDEN["transfer"][format!("hlg_eotf_rgb_Lw{peak}_cd_m2")];
        let ootf = HlgOotf::new(peak);
        assert_near("system gamma", ootf.system_gamma(), number(&table["system_gamma"]), 1e-12);
        for (signal, expected) in triples(&table["x"]).into_iter().zip(triples(&table["y"])) {
            let light = ootf.apply(signal.map(transfer::hlg_oetf_inverse));
            for (got, expected) in light.into_iter().zip(expected) {
                assert_near("HLG light", got, expected, 1e-6 * expected + 1e-12);
            }
        }
    }
}

#[test]
fn matrices_of_primaries() {
    let spaces = GOLDEN["rgb_spaces"].as_object().unwrap();
    assert_eq!(spaces.len(), 5, "all spaces");
    for (name, space) in spaces {
        let [red, green, blue] = [0, 1, 2].map(|i| xy(&space["primaries"][i]));
        let primaries = Primaries { red, green, blue, white: xy(&space["white"]) };
        assert_matrix(name, primaries.rgb_to_xyz().unwrap(), &space["rgb_to_xyz"]);
        assert_matrix(name, primaries.xyz_to_rgb().unwrap(), &space["xyz_to_rgb"]);
        let named = match name.as_str() {
            "srgb_bt709" => Primaries::BT709,
            "bt2020" => Primaries::BT2020,
            "p3_d65" => Primaries::P3_D65,
            "p3_dci" => Primaries::P3_DCI,
            _ => primaries,
        };
        assert_eq!(named, primaries, "{name}");
    }
}

#[test]
fn bradford_adaptation() {
    let rows = GOLDEN["bradford"].as_array().unwrap();
    assert_eq!(rows.len(), 56, "all pairs of eight whites");
    for row in rows {
        let what = format!("{} to {}", row["src"], row["dst"]);
        assert_matrix(&what, bradford(xy(&row["src_xy"]), xy(&row["dst_xy"])), &row["matrix"]);
    }
}

#[test]
fn daylight_locus() {
    let table = &GOLDEN["cct_to_xy_daylight"];
    for (kelvin, expected) in numbers(&table["cct"]).into_iter().zip(table["xy"].as_array().unwrap()) {
        let got = daylight(kelvin).unwrap();
        assert_near(&format!("x at {kelvin} K"), got.x, xy(expected).x, 1e-9);
        assert_near(&format!("y at {kelvin} K"), got.y, xy(expected).y, 1e-9);
    }
}

#[test]
fn correlated_color_temperature() {
    let rows = GOLDEN["cct_duv_planck"]["rows"].as_array().unwrap();
    assert!(rows.len() > 190, "all rows");
    for row in rows.iter().map(numbers) {
        let [kelvin, duv, x, y] = row.try_into().unwrap();
        let got = ColorTemperature::from_xy(Xy::new(x, y)).unwrap();
        assert_near(&format!("CCT of ({x}, {y})"), got.kelvin, kelvin, (kelvin * 5e-4).max(2.0));
        assert_near(&format!("Duv of ({x}, {y})"), got.duv, duv, 2e-5);
        let back = ColorTemperature { kelvin, duv }.to_xy().unwrap();
        assert_near(&format!("x of {kelvin} K, {duv}"), back.x, x, 2e-5);
        assert_near(&format!("y of {kelvin} K, {duv}"), back.y, y, 2e-5);
    }
}

#[test]
fn lab() {
    let table = &GOLDEN["xyz_lab_luv"];
    let white = xy(&table["white_xy"]).to_xyz().map(|v| v * number(&table["white_Y"]));
    for (xyz, expected) in triples(&table["XYZ"]).into_iter().zip(triples(&table["Lab"])) {
        let got = Lab::from_xyz(xyz, white);
        for (got, expected) in [got.l, got.a, got.b].into_iter().zip(expected) {
            assert_near("Lab", got, expected, 1e-6);
        }
        for (back, xyz) in got.to_xyz(white).into_iter().zip(xyz) {
            assert_near("XYZ of Lab", back, xyz, 1e-9);
        }
    }
}

#[test]
fn u_v_prime() {
    let table = &GOLDEN["xyz_to_u_v_prime"];
    for (xyz, expected) in triples(&table["XYZ"]).into_iter().zip(table["uv"].as_array().unwrap()) {
        let got = UvPrime::from_xyz(xyz).unwrap();
        let expected = UvPrime { u: number(&expected[0]), v: number(&expected[1]) };
        assert!(got.distance(expected) < 1e-9, "{got:?} {expected:?}");
        let through_xy = UvPrime::from(Xy::from_xyz(xyz).unwrap());
        assert!(got.distance(through_xy) < 1e-12, "{got:?} {through_xy:?}");
    }
}

#[test]
fn ciede2000_pairs() {
    let rows = GOLDEN["ciede2000"]["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 104, "34 published pairs and 70 more");
    for row in rows.iter().map(numbers) {
        let first = Lab { l: row[0], a: row[1], b: row[2] };
        let second = Lab { l: row[3], a: row[4], b: row[5] };
        assert_near(&format!("{first:?} {second:?}"), ciede2000(first, second), row[6], 1e-4);
        assert_near("symmetry", ciede2000(second, first), row[6], 1e-4);
    }
}

#[test]
fn ictcp_and_delta_e_itp() {
    let table = &GOLDEN["delta_e_itp"];
    let first = triples(&table["rgb2020_a_cd_m2"]).into_iter().map(ICtCp::from_rgb2020_nits);
    let second = triples(&table["rgb2020_b_cd_m2"]).into_iter().map(ICtCp::from_rgb2020_nits);
    for (((first, second), expected), ictcp) in first.zip(second).zip(numbers(&table["dE"])).zip(triples(&table["ICtCp_a"])) {
        assert_near("dE ITP", delta_e_itp(first, second), expected, 1e-4);
        for (got, expected) in [first.i, first.ct, first.cp].into_iter().zip(ictcp) {
            assert_near("ICtCp", got, expected, 1e-9);
        }
    }
}

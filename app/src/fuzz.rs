//! Bodies of the fuzz targets of documents (tests/fuzz): plain functions over bytes, so that every test run replays them.
//!
//! A body panics when a promise is broken; a fuzzer looks for bytes that make it.

use ocp809_sender::slice::SlicePlan;
use ocp809_sender::wall::WallSpec;

use crate::config::{LoadError, parse_wall};

/// Any bytes as a wall.toml: a wall that can be sliced or refused with numbers, or problems that name their places.
pub fn wall(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match parse_wall("wall.toml", &text) {
        Ok((_, wall)) => {
            if let Ok(plan) = SlicePlan::build(&wall) {
                assert_eq!(plan.ports.len(), wall.ports().len(), "each port has its plan");
            }
        }
        Err(LoadError::Problems(found)) => {
            assert!(!found.problems().is_empty(), "a refused wall has a problem");
            let is_understood = toml::from_str::<WallSpec>(&text).is_ok();
            for problem in found.problems() {
                assert!(text.get(problem.span.clone()).is_some(), "a problem lies in its text: {problem:?}");
                assert!(!problem.text.is_empty(), "a problem says what is wrong: {problem:?}");
                assert!(!is_understood || !problem.key.is_empty(), "what a wall means has keys: {problem:?}");
            }
            assert!(found.reports().iter().all(|report| report.line > 0 && report.column > 0), "places count from 1");
        }
        // A document of an older version that does not keep to it says why in words.
        Err(error) => assert!(!error.to_string().is_empty(), "a refusal has words"),
    }
}

#[cfg(test)]
mod tests;

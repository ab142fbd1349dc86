//! Virtual walls fed with the packets of the product's own stream, over cables that lose, repeat, reorder and change them.

#![expect(clippy::float_cmp, reason = "full light, no light, and light that did not change at all are exact")]
#![expect(clippy::wildcard_enum_match_arm, reason = "a test wants one answer and fails on every other")]

mod control;
mod faults;
mod hostile;
mod latch_rule;
mod loops;
mod masters;
mod rig;
mod serving;
mod uploads;
mod walls;

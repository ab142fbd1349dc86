//! Virtual walls fed with the packets of the product's own stream, over cables that lose, repeat, reorder and change them.

mod faults;
mod hostile;
mod latch_rule;
mod loops;
mod masters;
mod rig;
mod walls;

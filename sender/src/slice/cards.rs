//! OCP-809 cards addressed by id: the memory of a card is its modules one after the other, each row by row in the module's
//! own orientation, so that a card neither turns nor mirrors anything.
//!
//! Packets of a card follow each other without a gap and are full but for the last one, whatever the wall's width.

use super::Run;
use super::build::{Cutter, Line};
use crate::geometry::PixelPoint;
use crate::ids::ModuleIndex;
use crate::wall::{Cabinet, Module, Port, Wall};

/// Cuts the memories of all cards of the port.
pub(super) fn cut(wall: &Wall, port: &Port, cutter: &mut Cutter) {
    for cabinet in wall.cascade(port) {
        cut_card(wall, cabinet, cutter);
        cutter.close();
    }
}

fn cut_card(wall: &Wall, cabinet: &Cabinet, cutter: &mut Cutter) {
    let target = Wall::card_id(cabinet);
    for (module, index) in wall.modules_of(cabinet).iter().zip(cabinet.modules.start..) {
        for row in 0..module.size.height {
            let offset = module.memory_offset + row * module.size.width;
            cutter.append(target, offset, row_of(module, ModuleIndex(index), row));
        }
    }
}

/// A row of the module, in its own orientation, as a line on the screen.
fn row_of(module: &Module, index: ModuleIndex, row: u32) -> Line {
    let first = module.orientation.place(PixelPoint::new(0, row), module.size);
    let (step_x, step_y) = module.orientation.step_along_row();
    let like = Run {
        screen: module.screen,
        module: Some(index),
        x: module.rect.x + first.x,
        y: module.rect.y + first.y,
        step_x,
        step_y,
        color_order: module.color_order,
        length: 0,
        packet: 0,
        first_pixel: 0,
    };
    Line { like, length: module.size.width }
}

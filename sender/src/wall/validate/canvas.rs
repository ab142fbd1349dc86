//! Canvas ports: every card cuts an upright rectangle full of LEDs out of one picture, the port's canvas.
//!
//! The canvas is the bounding rectangle of the port's cabinets on their screen.

use super::cabinets::Placed;
use crate::geometry::{Orientation, PixelPoint, PixelSize};
use crate::wall::limits::MAX_RASTER;
use crate::wall::path::DocPath;
use crate::wall::problem::{Problems, WallFault};
use crate::wall::{Addressing, Cabinet, Module, Port, Screen};

/// Gives each canvas port its canvas and each of its cabinets a place on it.
pub(in crate::wall) fn resolve(ports: &mut [Port], screens: &[Screen], placed: &mut Placed, problems: &mut Problems) {
    let mut members: Vec<Vec<&mut (usize, Cabinet)>> = ports.iter().map(|_| Vec::new()).collect();
    for entry in &mut placed.cabinets {
        if let Some(list) = members.get_mut(entry.1.port.index()) {
            list.push(entry);
        }
    }
    for (index, (port, mut members)) in ports.iter_mut().zip(members).enumerate() {
        if port.addressing == Addressing::Id {
            continue;
        }
        for (position, cabinet) in members.iter().map(|m| (m.0, &m.1)) {
            let modules = placed.modules.get(cabinet.modules.start as usize..cabinet.modules.end as usize);
            check_cabinet(port, cabinet, modules.unwrap_or_default(), &DocPath::entry("cabinet", position), problems);
        }
        check_screens(port, screens, &members, problems);
        place_on_canvas(port, &mut members);
        if port.canvas.width > MAX_RASTER || port.canvas.height > MAX_RASTER {
            let fault = WallFault::CanvasTooLarge { port: port.id.clone(), size: port.canvas, limit: MAX_RASTER };
            problems.push(DocPath::entry("port", index), fault);
        }
    }
}

fn check_cabinet(port: &Port, cabinet: &Cabinet, modules: &[Module], here: &DocPath, problems: &mut Problems) {
    if let Some(turned) = modules.iter().find(|m| m.orientation != Orientation::UPRIGHT) {
        let fault = WallFault::CanvasTurned {
            port: port.id.clone(),
            cabinet: cabinet.id.clone(),
            module: turned.position,
            orientation: turned.orientation,
        };
        problems.push(here.clone(), fault);
    }
    // Modules neither overlap nor leave the cabinet, so equal areas mean that they fill it.
    let missing = cabinet.rect.size().area().saturating_sub(u64::from(cabinet.memory_pixels));
    if missing > 0 {
        let fault = WallFault::CanvasHole { port: port.id.clone(), cabinet: cabinet.id.clone(), missing };
        problems.push(here.clone(), fault);
    }
}

fn check_screens(port: &Port, screens: &[Screen], members: &[&mut (usize, Cabinet)], problems: &mut Problems) {
    let Some(first) = members.first().map(|m| m.1.screen) else { return };
    let Some(other) = members.iter().find(|m| m.1.screen != first) else { return };
    let id = |index: usize| screens.get(index).map(|s| s.id.clone()).unwrap_or_default();
    let fault = WallFault::CanvasScreens { port: port.id.clone(), first: id(first.index()), second: id(other.1.screen.index()) };
    problems.push(DocPath::entry("cabinet", other.0).key("screen"), fault);
}

fn place_on_canvas(port: &mut Port, members: &mut [&mut (usize, Cabinet)]) {
    let rects = || members.iter().map(|m| m.1.rect);
    let left = rects().map(|r| r.x).min().unwrap_or(0);
    let top = rects().map(|r| r.y).min().unwrap_or(0);
    // Cabinets lie on their screens, so that these differences fit.
    let right = rects().map(|r| r.x + r.width).max().unwrap_or(0);
    let bottom = rects().map(|r| r.y + r.height).max().unwrap_or(0);
    port.canvas = PixelSize::new(right - left, bottom - top);
    for member in members {
        let rect = member.1.rect;
        member.1.canvas_origin = PixelPoint::new(rect.x - left, rect.y - top);
    }
}

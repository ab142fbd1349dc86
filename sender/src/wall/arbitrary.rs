//! Random consistent walls for property tests: mixed orientations, holes, jitter, half tiles, screens, formats, protocols.
//!
//! A wall is read off a tape of random numbers, so that proptest shrinks it by shortening and zeroing the tape.

#![expect(clippy::cast_possible_truncation, reason = "all numbers of these walls are small")]

use proptest::prelude::*;

use super::spec::*;
use crate::geometry::{Orientation, PixelRect, PixelSize, Rotation};
use crate::ids::{CabinetId, CabinetModelId, GroupId, ModuleModelId, PortId, ScreenId};

/// Random consistent documents.
pub(crate) fn walls() -> impl Strategy<Value = WallSpec> {
    prop::collection::vec(any::<u16>(), 0..400).prop_map(|tape| Tape { tape, at: 0 }.wall())
}

/// Ports that address by id; each screen adds one canvas port of either protocol.
const ID_PORTS: usize = 2;

struct Tape {
    tape: Vec<u16>,
    at: usize,
}

impl Tape {
    /// A number below `n`; 0 once the tape has ended.
    fn pick(&mut self, n: u32) -> u32 {
        let value = self.tape.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        u32::from(value) % n
    }

    fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.pick(u32::try_from(choices.len()).unwrap()) as usize]
    }

    fn orientation(&mut self) -> Orientation {
        Orientation { mirror: self.pick(2) == 1, rotation: Rotation::from_quarter_turns(self.pick(4) as u8) }
    }

    fn wall(mut self) -> WallSpec {
        let module_models: Vec<_> = (0..=self.pick(3)).map(|i| self.module_model(i)).collect();
        let mut cabinet_models: Vec<_> = (0..=self.pick(2)).map(|i| self.tiled_model(i, &module_models)).collect();
        let tiled = cabinet_models.len();
        cabinet_models.extend((0..self.pick(3)).map(|i| self.mixed_model(i, &module_models)));
        let screens = 1 + self.pick(3);
        let mut ports: Vec<_> = (0..ID_PORTS).map(|i| self.port(&format!("id-{i}"), false)).collect();
        ports.extend((0..screens).map(|i| self.port(&format!("canvas-{i}"), true)));
        let mut spec = WallSpec {
            schema_version: WALL_SCHEMA_VERSION,
            name: "random".to_owned(),
            screens: Vec::new(),
            module_models,
            cabinet_models,
            ports,
            cabinets: Vec::new(),
            groups: vec![GroupSpec { id: GroupId::from("left"), name: String::new() }],
        };
        for screen in 0..screens {
            self.screen(&mut spec, screen, tiled);
        }
        number_places(&mut spec);
        spec
    }

    fn module_model(&mut self, i: u32) -> ModuleModelSpec {
        ModuleModelSpec {
            id: ModuleModelId(format!("module-{i}")),
            size: PixelSize::new(1 + self.pick(13), 1 + self.pick(11)),
            scan: 1,
            data_groups: 1,
            color_order: self.one_of(&ColorOrder::ALL),
            gray_bits: 16,
        }
    }

    /// Equal modules that fill the cabinet, all turned alike: hung the other way round they fit a canvas.
    fn tiled_model(&mut self, i: u32, modules: &[ModuleModelSpec]) -> CabinetModelSpec {
        let module = &modules[self.pick(modules.len() as u32) as usize];
        let orientation = self.orientation();
        let placed = orientation.placed_size(module.size);
        let (columns, rows) = (1 + self.pick(5), 1 + self.pick(4));
        CabinetModelSpec {
            id: CabinetModelId(format!("tiled-{i}")),
            size: PixelSize::new(columns * placed.width, rows * placed.height),
            modules: vec![ModulePlaceSpec {
                model: module.id.clone(),
                x: 0,
                y: 0,
                rotation: orientation.rotation.degrees(),
                mirror: orientation.mirror,
                columns,
                rows,
            }],
        }
    }

    /// Different modules in a grid of slots, some empty, each turned its own way.
    fn mixed_model(&mut self, i: u32, modules: &[ModuleModelSpec]) -> CabinetModelSpec {
        let slot = modules.iter().map(|m| m.size.width.max(m.size.height)).max().unwrap_or(1);
        let (columns, rows) = (1 + self.pick(3), 1 + self.pick(3));
        let mut places = Vec::new();
        for cell in 0..columns * rows {
            if self.pick(4) == 1 && cell > 0 {
                continue;
            }
            let module = &modules[self.pick(modules.len() as u32) as usize];
            let orientation = self.orientation();
            places.push(ModulePlaceSpec {
                model: module.id.clone(),
                x: cell % columns * slot,
                y: cell / columns * slot,
                rotation: orientation.rotation.degrees(),
                mirror: orientation.mirror,
                columns: 1,
                rows: 1,
            });
        }
        let size = PixelSize::new(columns * slot, rows * slot);
        CabinetModelSpec { id: CabinetModelId(format!("mixed-{i}")), size, modules: places }
    }

    fn port(&mut self, id: &str, canvas: bool) -> PortSpec {
        let colorlight = canvas && self.pick(2) == 1;
        let protocol = if colorlight { ProtocolKind::Colorlight } else { ProtocolKind::Ocp809 };
        let link = if colorlight {
            LinkSpec::default()
        } else {
            LinkSpec { mtu: self.one_of(&[1500, 1501, 2000, 9000]), format: self.one_of(&WireFormat::ALL), ..LinkSpec::default() }
        };
        let color = self.one_of(&ColorOrder::ALL);
        PortSpec {
            id: PortId::from(id),
            protocol,
            link,
            addressing: if canvas { Addressing::Canvas } else { Addressing::Id },
            redundant: false,
            brightness_at: AppliedAt::Card,
            calibration_at: AppliedAt::Host,
            colorlight: colorlight.then(|| ColorlightSpec { color_order: color, ..ColorlightSpec::default() }),
        }
    }

    /// A screen as a grid of cells; a cell is empty or holds one cabinet, anywhere in it.
    fn screen(&mut self, spec: &mut WallSpec, number: u32, tiled: usize) {
        let cell = spec.cabinet_models.iter().map(|m| m.size.width.max(m.size.height)).max().unwrap_or(1);
        let (columns, rows) = (1 + self.pick(4), 1 + self.pick(3));
        let id = ScreenId(format!("screen-{number}"));
        for at in 0..columns * rows {
            // The very first cell is taken, because a wall has at least one cabinet.
            if self.pick(4) == 1 && number + at > 0 {
                continue;
            }
            let model = self.pick(spec.cabinet_models.len() as u32) as usize;
            let on_canvas = model < tiled && self.pick(2) == 1;
            let orientation = if on_canvas { undo(&spec.cabinet_models[model].modules[0]) } else { self.orientation() };
            let size = orientation.placed_size(spec.cabinet_models[model].size);
            let port = if on_canvas { ID_PORTS + number as usize } else { self.pick(ID_PORTS as u32) as usize };
            spec.cabinets.push(CabinetSpec {
                id: CabinetId(format!("c{}", spec.cabinets.len())),
                serial: None,
                asset_label: None,
                model: spec.cabinet_models[model].id.clone(),
                screen: id.clone(),
                x: at % columns * cell + self.pick(cell - size.width + 1),
                y: at / columns * cell + self.pick(cell - size.height + 1),
                rotation: orientation.rotation.degrees(),
                mirror: orientation.mirror,
                port: spec.ports[port].id.clone(),
                // A key for the order along the cable, until all are known.
                place: self.pick(1000) as u16,
                groups: if self.pick(2) == 1 { vec![GroupId::from("left")] } else { Vec::new() },
            });
        }
        spec.screens.push(ScreenSpec {
            id,
            size: PixelSize::new(columns * cell, rows * cell),
            pitch_mm: 2.6,
            source: Some(PixelRect::new(self.pick(50), self.pick(50), 1 + self.pick(900), 1 + self.pick(900))),
            brightness_limit_percent: 100.0,
            peak_nits: None,
            primaries: None,
        });
    }
}

/// The orientation of a cabinet in which modules that hang like `place` in it hang upright on the wall.
fn undo(place: &ModulePlaceSpec) -> Orientation {
    let module = Orientation { mirror: place.mirror, rotation: Rotation::from_degrees(place.rotation).unwrap() };
    Orientation::all().find(|&cabinet| module.inside(cabinet) == Orientation::UPRIGHT).unwrap()
}

/// Replaces the random keys by places 0, 1, 2 .. on each port.
fn number_places(spec: &mut WallSpec) {
    for port in &spec.ports {
        let mut members: Vec<_> = spec.cabinets.iter_mut().filter(|c| c.port == port.id).collect();
        members.sort_by_key(|c| c.place);
        for (place, cabinet) in members.into_iter().enumerate() {
            cabinet.place = u16::try_from(place).unwrap();
        }
    }
}

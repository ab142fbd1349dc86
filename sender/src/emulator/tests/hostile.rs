//! Bytes that no sender of this project sends: nothing panics, and the picture stands.

use proptest::prelude::*;

use super::rig::{Rig, row_of_cards};
use crate::stream::FeedEnd;
use crate::wall::layout::{Grid, raster};
use crate::wall::{ProtocolKind, Wall};
use crate::wire::ocp809::{FrameId, StreamHeader, StreamKind, seal};

/// A frame from the master with a good CRC and whatever header and payload.
fn well_signed(rig: &mut Rig, header: StreamHeader, payload: &[u8]) -> Vec<u8> {
    let mut frame = rig.packets(0, 1)[0][..14].to_vec();
    let mut head = [0; 18];
    header.emit(&mut head);
    frame.extend(head);
    frame.extend(payload);
    seal(&mut frame[14..], header.frame_id);
    frame
}

fn any_kind() -> impl Strategy<Value = StreamKind> {
    prop_oneof![
        4 => prop::sample::select(crate::wall::WireFormat::ALL.to_vec()).prop_map(StreamKind::Pixels),
        2 => any::<(bool, bool)>().prop_map(|(copy, auth)| StreamKind::Latch { copy, auth }),
        2 => (0_u8..16).prop_map(|log2_group| StreamKind::Parity { log2_group }),
        1 => (3_u8..16, any::<u8>()).prop_map(|(kind, detail)| StreamKind::Other { kind, detail }),
    ]
}

proptest! {
    #[test]
    fn arbitrary_frames_change_nothing(frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..100), 1..30)) {
        let mut rig = Rig::started(row_of_cards(2, |_| {}));
        rig.show_next();
        let own = rig.packets(0, 1)[0][..14].to_vec();
        for mut frame in frames {
            rig.deliver(0, FeedEnd::Head, &frame);
            frame.splice(..0, own.clone());
            rig.deliver(0, FeedEnd::Tail, &frame);
            rig.deliver(0, FeedEnd::Head, &frame);
            rig.pass(1_000);
        }
        prop_assert!(rig.shows(1), "the picture stands");
    }

    #[test]
    fn a_mad_master_breaks_nothing(
        headers in prop::collection::vec(
            (any_kind(), any::<(u16, u16)>(), 0_u16..4, any::<u32>(), 0_u16..90, prop::collection::vec(any::<u8>(), 28..300)), 1..60
        ),
        small: bool
    ) {
        let mut rig = Rig::started(row_of_cards(2, |_| {}));
        rig.show_next();
        for (kind, (frame_id, seq), target, offset, count, payload) in headers {
            let (frame_id, seq, offset) = if small { (frame_id % 5, seq % 9, offset % 40) } else { (frame_id, seq, offset) };
            let header = StreamHeader { kind, frame_id: FrameId(frame_id), seq, target, offset, count };
            let frame = well_signed(&mut rig, header, &payload);
            rig.deliver(0, FeedEnd::Head, &frame);
            rig.pass(50_000);
        }
        rig.pass(600_000_000);
        rig.latch.epoch.term = rig.card(0).master.map_or(1, |master| master.epoch.term.wrapping_add(1));
        rig.number = 0;
        rig.show_next();
        rig.show_next();
        prop_assert!(rig.shows(2), "a sane master has the wall at once");
    }

    #[test]
    fn receivers_of_the_other_protocol_take_anything(frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..40)) {
        let mut grid = Grid::new(2, 1, crate::geometry::PixelSize::new(8, 4));
        grid.protocol = ProtocolKind::Colorlight;
        let mut rig = Rig::started(Wall::from_spec(&raster(&grid).expect("a grid")).expect("consistent"));
        rig.show_next();
        prop_assert!(rig.shows(1), "a clean frame");
        let own = rig.packets(0, 1)[0][..12].to_vec();
        for (index, frame) in frames.into_iter().enumerate() {
            let kind = [0x01, 0x07, 0x0a, 0x55][index % 4];
            let frame: Vec<u8> = own.iter().copied().chain([kind]).chain(frame).collect();
            rig.deliver(0, FeedEnd::Head, &frame);
            rig.pass(1_000);
        }
        rig.latch.brightness = u16::MAX;
        rig.show_next();
        prop_assert!(rig.shows(2), "and a clean frame again");
    }
}

//! Whole walls: every pixel of the source lands on its LED, in every protocol, format and orientation.

use proptest::prelude::*;

use super::rig::{Rig, row_of_cards};
use crate::emulator::{CardDetail, LightMean, Shows};
use crate::geometry::PixelSize;
use crate::ids::{PortIndex, ScreenIndex};
use crate::time::Nanos;
use crate::wall::arbitrary::walls;
use crate::wall::layout::{Grid, column};
use crate::wall::{LinkTransfer, Wall};
use crate::wire::ocp809::TestPattern;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn codes_equal_the_source_on_random_walls(spec in walls()) {
        let mut rig = Rig::started(Wall::from_spec(&spec).expect("consistent"));
        for _ in 0..2 {
            rig.show_next();
            prop_assert!(rig.shows(rig.number), "frame {}", rig.number);
        }
    }
}

#[test]
fn sixty_four_cards_and_four_ports_latch_within_one_refresh() {
    let mut grid = Grid::new(16, 16, PixelSize::new(8, 4));
    grid.ports = 4;
    let mut rig = Rig::started(Wall::from_spec(&column(&grid).expect("a grid")).expect("consistent"));
    rig.show_next();
    assert!(rig.shows(1), "256 cards show one picture");
    let start = rig.now;
    rig.number = 2;
    for port in 0..4 {
        for packet in rig.packets(port, 2) {
            rig.deliver(port, crate::stream::FeedEnd::Head, &packet);
        }
    }
    rig.pass(10_000_000);
    rig.latch.present_at = crate::time::Tai(rig.tai().0 + 1_000_000);
    for port in 0..4 {
        for packet in rig.latch_packets(port, 2) {
            rig.deliver(port, crate::stream::FeedEnd::Head, &packet);
        }
    }
    rig.pass(999_999);
    assert!(rig.shows(1), "not yet, {} ns after the start", rig.now - start);
    rig.pass(260_417);
    assert!(rig.shows(2), "one refresh at 3840 Hz after the present instant all cards have flipped");
}

#[test]
fn light_follows_transfer_brightness_gain_and_gray_depth() {
    let wall = row_of_cards(1, |spec| {
        spec.ports[0].link.transfer = LinkTransfer::Linear;
        spec.module_models[0].gray_bits = 12;
    });
    let mut rig = Rig::started(wall);
    rig.latch.brightness = 0x8000;
    rig.latch.gains = [0x8000, 0x4000, 0xffff];
    rig.show_next();
    let mut light = Vec::new();
    rig.cards.light(ScreenIndex(0), &mut light);
    for (pixel, light) in rig.codes(0).into_iter().zip(light) {
        for channel in 0..3 {
            let linear = f64::from(pixel[channel]) / 255.0;
            let dimmed = linear * f64::from(0x8000_u16) / 65_535.0 * [1.0, 0.5, f64::from(0xffff_u16) / 32_768.0][channel];
            let expected = (dimmed.min(1.0) * 4_095.0).round() / 4_095.0;
            assert!((f64::from(light[channel]) - expected).abs() < 1e-4, "{pixel:?} {channel}: {light:?} {expected}");
        }
    }
    let mut mean = LightMean::new();
    rig.cards.light(ScreenIndex(0), &mut Vec::new());
    mean.add(&[[0.5; 3]]);
    assert_eq!(mean.frames(), 1, "the mean counts frames");
}

#[test]
fn patterns_black_out_and_identify_replace_the_picture_and_give_it_back() {
    let mut rig = Rig::started(row_of_cards(2, |_| {}));
    rig.show_next();
    let shows = |rig: &Rig| rig.cards.statuses().map(|status| status.shows).collect::<Vec<_>>();
    let light = |rig: &mut Rig| {
        let mut light = Vec::new();
        rig.cards.light(ScreenIndex(0), &mut light);
        light
    };
    let picture = light(&mut rig);
    rig.latch.flags.test_pattern = true;
    rig.latch.pattern = TestPattern::Red.id();
    rig.send_state();
    assert_eq!(shows(&rig), [Shows::Pattern(TestPattern::Red); 2], "a pattern of the card's own");
    assert!(light(&mut rig).iter().all(|pixel| *pixel == [1.0, 0.0, 0.0]), "red at full code is full light");
    rig.latch.pattern = 200;
    rig.send_state();
    assert_eq!(light(&mut rig), picture, "an unknown pattern leaves the picture");
    rig.latch.flags.black_out = true;
    rig.send_state();
    assert!(light(&mut rig).iter().all(|pixel| *pixel == [0.0; 3]), "black out wins");
    rig.latch.flags = crate::wire::ocp809::LatchFlags { identify: true, ..Default::default() };
    rig.send_state();
    assert!(light(&mut rig)[0] == [1.0; 3], "identify frames the card");
    rig.latch.flags.identify = false;
    rig.send_state();
    assert_eq!(light(&mut rig), picture, "and the picture is back");
}

#[test]
fn a_card_that_was_off_is_black_and_a_replaced_one_is_bare() {
    let mut rig = Rig::started(row_of_cards(3, |_| {}));
    rig.show_next();
    rig.cards.power_cycle(PortIndex(0), 1);
    assert_eq!((rig.card(1).id, rig.card(1).boot_count), (0, 2), "its id is gone with the power");
    assert_eq!(rig.whole_picture_of(1, 1..2), Some(0), "and so is its picture");
    assert_eq!(rig.whole_picture_of(2, 1..2), Some(1), "its neighbour's is not");
    let spare = rig.cards.replace_card(PortIndex(0), 2).expect("a card stands there");
    assert_eq!((rig.card(2).serial, rig.card(2).id), (spare, 0), "another card");
    rig.show_next();
    assert_eq!(rig.whole_picture_of(0, 1..3), Some(2), "the rest plays on");
    assert_eq!(rig.whole_picture_of(2, 1..3), Some(0), "the new one has no pixels yet");
}

#[test]
fn statuses_come_in_the_order_of_cabinets_with_all_counters() {
    let mut rig = Rig::started(row_of_cards(3, |_| {}));
    rig.show_next();
    rig.pass(7_000_000);
    let statuses: Vec<_> = rig.cards.statuses().collect();
    assert_eq!(statuses.iter().map(|s| s.cabinet.0).collect::<Vec<_>>(), [0, 1, 2], "cabinets");
    for status in statuses {
        let CardDetail::Ocp809(detail) = status.detail else { panic!("an OCP-809 card") };
        let master = detail.master.expect("it obeys the sender");
        assert_eq!(master.epoch, rig.latch.epoch, "whom");
        assert!((16..=17).contains(&master.age_ms), "and since when: 17 ms less a few microseconds on the way");
        assert_eq!((detail.counters.frames.shown, detail.counters.frames.held), (1, 0), "one frame was shown");
        assert_eq!(
            detail.counters.ports[0].received,
            rig.packet_count(0) + 4,
            "all pixels, two latches, and two at the start passed"
        );
    }
    assert_eq!(rig.cards.cards().buffers, 2, "as asked");
    assert_eq!(rig.now, Nanos(rig.now).0, "time is the test's");
}

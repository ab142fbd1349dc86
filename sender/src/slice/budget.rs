//! What a port's frame costs on its link, which frame rates that allows, and what would make a wall fit that does not.
//!
//! A port may use 99 % of its link; the rest belongs to control. Loads are counted with both copies of the latch, so that a
//! port that fits here fits on the cable. Being too slow for 60 Hz is no mistake of a wall: it loads, runs at the rate that
//! fits, and [`check`] says what a higher rate needs.

use super::build::build_port;
use super::limits::{ETHERNET_HEADER_BYTES, ETHERNET_MIN_PAYLOAD_BYTES, header_bytes, packet_pixels_on, wire_bytes};
use super::{PortPlan, SliceError, SlicePlan};
use crate::ids::{PortId, PortIndex};
use crate::time::{NANOS_PER_SECOND, Rational};
use crate::wall::limits::LINK_RATES_MBIT;
use crate::wall::{ColorlightSpec, LinkSpec, Port, ProtocolKind, Wall, WireFormat};
use crate::wire::colorlight::{BRIGHTNESS_LEN, GAP_UP_TO_50_FPS_US, GAP_US, SYNC_LEN, Sequence, default_gap_us};
use crate::wire::ocp809::stream::LATCH_LEN;

/// Frame rates, in hertz, for which `wall check` states the load.
pub const STANDARD_RATES_HZ: [u32; 7] = [24, 25, 30, 50, 60, 100, 120];

/// Share of a link that frames may use, in percent.
pub const USABLE_PERCENT: u64 = 99;

/// The cost of one frame of a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortBudget {
    /// The port.
    pub port: PortIndex,
    /// Pixels that it carries per frame, black ones of a canvas included.
    pub pixels: u64,
    /// Pixel packets per frame.
    pub packets: u64,
    /// Bytes of samples per frame.
    pub payload_bytes: u64,
    /// Bytes on the link per frame: headers, Ethernet overhead and latch packets included.
    pub wire_bytes: u64,
    /// Link rate in Mbit/s.
    pub rate_mbit: u32,
    /// Silence that the protocol wants within a frame, by frame rate.
    gap: Gap,
}

/// Silence between the last row and the sync packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gap {
    None,
    Fixed { us: u64 },
    ByRate,
}

/// The load of a port at one frame rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateLoad {
    /// The frame rate.
    pub rate: Rational,
    /// Share of the link in percent, silence that the protocol wants included.
    pub load_percent: f64,
    /// Whether the port can run at this rate.
    pub fits: bool,
}

/// A port that cannot run at the rate that is asked for.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error(
    "port {port} carries {pixels} pixels, {load_percent:.1} % of its link at {:.2} Hz; about {capacity} pixels fit{}",
    .rate.hz(), WaysOut(.ways_out)
)]
pub struct PortFull {
    /// The port.
    pub port: PortId,
    /// Pixels per frame.
    pub pixels: u64,
    /// Pixels that fit at this rate when packets are full.
    pub capacity: u64,
    /// Load in percent of the link.
    pub load_percent: f64,
    /// The rate that was asked for.
    pub rate: Rational,
    /// What would make it fit, the least change first.
    pub ways_out: Vec<WayOut>,
}

/// One change that makes a full port fit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum WayOut {
    /// Largest packets: `mtu = 9000`.
    JumboFrames,
    /// Fewer bits per sample.
    Format(WireFormat),
    /// Its cabinets spread over this many ports in cable order.
    Ports {
        /// Ports, this one included.
        total: usize,
    },
    /// A faster link.
    LinkRate {
        /// Mbit/s.
        mbit: u32,
    },
    /// A lower frame rate.
    FrameRate {
        /// The highest that fits.
        hz: f64,
    },
}

impl PortBudget {
    /// The cost of a port's plan.
    #[must_use]
    pub fn of(port: &Port, plan: &PortPlan) -> Self {
        let header = header_bytes(port.protocol);
        let packets = plan.packets.iter().map(|p| u64::from(wire_bytes(header + u32::from(p.payload_bytes))));
        Self {
            port: plan.port,
            pixels: plan.pixels(),
            packets: plan.packets.len() as u64,
            payload_bytes: plan.packets.iter().map(|p| u64::from(p.payload_bytes)).sum(),
            wire_bytes: packets.sum::<u64>() + latch_bytes(port.protocol, &port.colorlight),
            rate_mbit: port.link.rate_mbit,
            gap: Gap::of(port),
        }
    }

    /// Nanoseconds that the frame's bytes occupy the link, rounded up; silence not included.
    #[must_use]
    pub fn wire_time_ns(&self) -> u64 {
        (self.wire_bytes * 8000).div_ceil(u64::from(self.rate_mbit).max(1))
    }

    /// The load at a frame rate.
    #[must_use]
    pub fn load(&self, rate: Rational) -> RateLoad {
        let gap_ns = self.gap.us(rate) * 1000;
        let share = |ns: u64| f64_of(ns) * rate.hz() / f64_of(NANOS_PER_SECOND);
        let wire = share(self.wire_time_ns());
        let load_percent = 100.0 * (wire + share(gap_ns));
        // Exactly: wire bits <= 99 % of the bits that pass in a period less the gap.
        let bits = u128::from(self.wire_bytes) * 8 * 100 * u128::from(rate.numerator()) * 1000;
        let period = u128::from(rate.denominator()) * u128::from(NANOS_PER_SECOND);
        let free = period.saturating_sub(u128::from(gap_ns) * u128::from(rate.numerator()));
        let fits = bits <= free * u128::from(self.rate_mbit) * u128::from(USABLE_PERCENT);
        RateLoad { rate, load_percent, fits }
    }

    /// The load at each of [`STANDARD_RATES_HZ`].
    pub fn loads(&self) -> impl Iterator<Item = RateLoad> {
        STANDARD_RATES_HZ.into_iter().filter_map(|hz| Rational::new(hz, 1)).map(|rate| self.load(rate))
    }

    /// The highest frame rate in hertz that fits; infinite on a port without packets and latch.
    #[must_use]
    pub fn max_rate_hz(&self) -> f64 {
        let usable_s = f64_of(self.wire_time_ns()) * 100.0 / (f64_of(USABLE_PERCENT) * f64_of(NANOS_PER_SECOND));
        let rate = |gap_us: u64| 1.0 / (usable_s + f64_of(gap_us) / 1e6);
        match self.gap {
            Gap::None => rate(0),
            Gap::Fixed { us } => rate(us),
            // The short gap counts only above 50 Hz.
            Gap::ByRate if rate(GAP_US.into()) > 50.0 => rate(GAP_US.into()),
            Gap::ByRate => rate(GAP_UP_TO_50_FPS_US.into()).min(50.0),
        }
    }
}

impl Gap {
    fn of(port: &Port) -> Self {
        match (port.protocol, port.colorlight.gap_us) {
            (ProtocolKind::Ocp809, _) => Self::None,
            (ProtocolKind::Colorlight, Some(us)) => Self::Fixed { us: u64::from(us) },
            (ProtocolKind::Colorlight, None) => Self::ByRate,
        }
    }

    fn us(self, rate: Rational) -> u64 {
        match self {
            Self::None => 0,
            Self::Fixed { us } => us,
            Self::ByRate => u64::from(default_gap_us(rate.period_ns())),
        }
    }
}

/// The costs of all ports, in the wall's order.
#[must_use]
pub fn of_wall(wall: &Wall, plan: &SlicePlan) -> Vec<PortBudget> {
    wall.ports().iter().zip(&plan.ports).map(|(port, plan)| PortBudget::of(port, plan)).collect()
}

/// All ports that cannot run at `rate`, each with its ways out.
///
/// # Errors
/// Never for a plan of this wall; [`SliceError`] where a way out cannot be cut.
pub fn check(wall: &Wall, plan: &SlicePlan, rate: Rational) -> Result<Vec<PortFull>, SliceError> {
    let mut full = Vec::new();
    for (port, budget) in wall.ports().iter().zip(of_wall(wall, plan)) {
        let load = budget.load(rate);
        if load.fits {
            continue;
        }
        full.push(PortFull {
            port: port.id.clone(),
            pixels: budget.pixels,
            capacity: capacity(port.protocol, &port.link, rate),
            load_percent: load.load_percent,
            rate,
            ways_out: Search { wall, port, rate }.ways_out(&budget)?,
        });
    }
    Ok(full)
}

/// Pixels of one frame that fit on a link at a frame rate when packets are full but for the last one, the latch included;
/// a Colorlight port's silence is not.
#[must_use]
pub fn capacity(protocol: ProtocolKind, link: &LinkSpec, rate: Rational) -> u64 {
    let header = header_bytes(protocol);
    let full = packet_pixels_on(protocol, link);
    let full_bytes = u64::from(wire_bytes(header + link.format.payload_bytes(full)));
    let latch = latch_bytes(protocol, &ColorlightSpec::default());
    let usable = bytes_per_frame(link.rate_mbit, rate).saturating_sub(latch);
    // The last packet takes what is left, if that holds the shortest frame.
    let rest = u32::try_from(usable % full_bytes).unwrap_or(0);
    let shortest = wire_bytes(0);
    let last = if rest < shortest {
        0
    } else {
        link.format.pixels_in(rest - (shortest - ETHERNET_MIN_PAYLOAD_BYTES) - header).min(full)
    };
    usable / full_bytes * u64::from(full) + u64::from(last)
}

/// Bytes that frames may occupy on a link in one frame period.
fn bytes_per_frame(rate_mbit: u32, rate: Rational) -> u64 {
    let bits = u128::from(rate_mbit) * 1_000_000 * u128::from(USABLE_PERCENT) * u128::from(rate.denominator());
    u64::try_from(bits / (800 * u128::from(rate.numerator()))).unwrap_or(u64::MAX)
}

/// Bytes on the link of the packets that latch a frame: two copies of an OCP-809 LATCH, or Colorlight's sequence.
fn latch_bytes(protocol: ProtocolKind, colorlight: &ColorlightSpec) -> u64 {
    let on_wire = |payload: usize| u64::from(wire_bytes(u32::try_from(payload).unwrap_or(u32::MAX)));
    match protocol {
        ProtocolKind::Ocp809 => 2 * on_wire(LATCH_LEN),
        ProtocolKind::Colorlight => {
            let sequence = Sequence::of(colorlight.firmware);
            let brightness = if colorlight.brightness_packet { sequence.brightness_copies } else { 0 };
            let header = ETHERNET_HEADER_BYTES as usize;
            u64::from(brightness) * on_wire(BRIGHTNESS_LEN - header)
                + u64::from(sequence.sync_copies) * on_wire(SYNC_LEN - header)
        }
    }
}

/// Tries changes of a port that is full, each by cutting the port anew.
struct Search<'a> {
    wall: &'a Wall,
    port: &'a Port,
    rate: Rational,
}

impl Search<'_> {
    fn ways_out(&self, budget: &PortBudget) -> Result<Vec<WayOut>, SliceError> {
        let mut ways = Vec::new();
        if self.port.protocol == ProtocolKind::Ocp809 {
            let link = &self.port.link;
            if link.mtu < 9000 && self.fits_on(LinkSpec { mtu: 9000, ..link.clone() })? {
                ways.push(WayOut::JumboFrames);
            }
            for format in WireFormat::ALL.into_iter().rev().filter(|f| f.bits() < link.format.bits()) {
                if self.fits_on(LinkSpec { format, ..link.clone() })? {
                    ways.push(WayOut::Format(format));
                    break;
                }
            }
        }
        ways.extend(self.fewest_ports()?.map(|total| WayOut::Ports { total }));
        if self.port.protocol == ProtocolKind::Ocp809 {
            let faster = LINK_RATES_MBIT.into_iter().filter(|&mbit| mbit > self.port.link.rate_mbit);
            let fitting = faster.map(|mbit| PortBudget { rate_mbit: mbit, ..budget.clone() }).find(|b| b.load(self.rate).fits);
            ways.extend(fitting.map(|b| WayOut::LinkRate { mbit: b.rate_mbit }));
        }
        ways.push(WayOut::FrameRate { hz: budget.max_rate_hz() });
        Ok(ways)
    }

    fn fits_on(&self, link: LinkSpec) -> Result<bool, SliceError> {
        self.fits(&Port { link, ..self.port.clone() })
    }

    fn fits(&self, port: &Port) -> Result<bool, SliceError> {
        let plan = build_port(self.wall, port, PortIndex::default())?;
        Ok(PortBudget::of(port, &plan).load(self.rate).fits)
    }

    /// The fewest ports over which the cabinets can be spread in cable order, each port filled before the next begins.
    fn fewest_ports(&self) -> Result<Option<usize>, SliceError> {
        let mut total = 0;
        let mut rest = self.port.cascade.as_slice();
        while !rest.is_empty() {
            let (mut fitting, mut too_many) = (0, rest.len() + 1);
            while fitting + 1 < too_many {
                let middle = usize::midpoint(fitting, too_many);
                let share = rest.get(..middle).unwrap_or_default().to_vec();
                if self.fits(&Port { cascade: share, ..self.port.clone() })? { fitting = middle } else { too_many = middle }
            }
            if fitting == 0 {
                return Ok(None);
            }
            rest = rest.get(fitting..).unwrap_or_default();
            total += 1;
        }
        Ok(Some(total))
    }
}

impl core::fmt::Display for WayOut {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::JumboFrames => f.write_str("link.mtu = 9000"),
            Self::Format(format) => write!(f, "link.format = \"rgb{}\"", format.bits()),
            Self::Ports { total } => write!(f, "{total} ports"),
            Self::LinkRate { mbit } => write!(f, "a link of {mbit} Mbit/s"),
            Self::FrameRate { hz } => write!(f, "at most {hz:.2} Hz"),
        }
    }
}

/// Ways out as the end of a sentence.
struct WaysOut<'a>(&'a [WayOut]);

impl core::fmt::Display for WaysOut<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        for (i, way) in self.0.iter().enumerate() {
            write!(f, "{}{way}", if i == 0 { "; it would fit with " } else { ", or " })?;
        }
        Ok(())
    }
}

#[expect(clippy::cast_precision_loss, reason = "times and rates for display")]
const fn f64_of(value: u64) -> f64 {
    value as f64
}

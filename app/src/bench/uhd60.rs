//! 4K at 60 Hz on the CPU alone: calibrated pixel by pixel, sealed and sent in jumbo frames into devices that drop them.

use ocp809_sender::stream::Histogram;
use ocp809_sender::time::{NANOS_PER_SECOND, Nanos};
use ocp809_sender::transport::laboratory::process_time_ns;
use ocp809_sender::transport::{Preference, Reception, Transport, open};
use ocp809_shaders::FrameView;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::chain::Chain;
use super::measure::{Quantiles, exact};
use super::network::Network;
use super::walls::{Calibration, Subject, UHD, Work, picture};
use super::{BenchError, Plan};

/// Frames per second that are asked for.
const RATE: u64 = 60;

/// Nanoseconds of a frame.
const PERIOD_NS: u64 = NANOS_PER_SECOND / RATE;

/// The link's MTU.
const MTU: u16 = 9_000;

/// Pictures in memory that are shown in turn, so that no cache holds what is read.
const PICTURES: usize = 2;

/// What came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Uhd60Report {
    /// How packets leave.
    pub sent_by: String,
    /// Threads that compute and send.
    pub threads: usize,
    /// Ports of 10 Gbit/s, each into a device of its own.
    pub ports: usize,
    /// Packets of a frame, over all ports.
    pub packets: u64,
    /// Seconds that it ran.
    pub seconds: f64,
    /// Frames that were due.
    pub due: u64,
    /// Frames that were out before the next one was due.
    pub in_time: u64,
    /// Frames that were out later.
    pub late: u64,
    /// Frames that were never begun, because the one before took too long, and those of which packets were not taken.
    pub missed: u64,
    /// Whole frames per second.
    pub reached_hz: f64,
    /// From when a frame was due to its latch.
    pub frame_time: Quantiles,
    /// Processors that were busy with it, as a mean.
    pub busy_cores: f64,
}

/// Runs for the part's whole time.
pub(super) fn measure(plan: &Plan) -> Result<Uhd60Report, BenchError> {
    Network::within(|network| {
        let work = Work { size: UHD, calibration: Calibration::Pixel, ..Work::PLAIN };
        let subject = Subject::on_jumbo_ports(work, MTU)?;
        let mut transports: Vec<Box<dyn Transport>> = Vec::new();
        for port in 0..subject.slice.ports.len() {
            let device = network.null_device(&format!("null{port}"), MTU.into())?;
            // Nobody reads what such a device drops, so that packets may leave in place.
            let opened = open(&device, Reception::Nothing, Preference::Ring);
            let opened = opened.or_else(|_| open(&device, Reception::Nothing, Preference::Automatic))?;
            transports.push(opened.transport);
        }
        let chain = Chain::new(&subject, plan.most_threads(), transports, &plan.clock)?;
        let sent_by = chain.sent_by();
        let data = picture(work);
        let pictures: Vec<Vec<u8>> = (0..PICTURES).map(|_| data.clone()).collect();
        let views = pictures.iter().map(|data| FrameView::packed(work.shape(), data).map_err(BenchError::unmade));
        let views = views.collect::<Result<Vec<_>, _>>()?;
        let tally = chain.host().run(|| show(plan, chain, &views))?;
        Ok(report(plan, &subject, sent_by, &tally))
    })
}

/// What is counted while it runs.
struct Tally {
    frame_time: Histogram,
    due: u64,
    begun: u64,
    in_time: u64,
    cut: u64,
    spent_ns: u64,
    processor_ns: u64,
}

fn show(plan: &Plan, mut chain: Chain, pictures: &[FrameView<'_>]) -> Result<Tally, BenchError> {
    let clock = &plan.clock;
    for picture in pictures {
        // The first frames touch memory for the first time, and announce the sender.
        chain.show(picture, clock.now(), NANOS_PER_SECOND)?;
    }
    let mut tally = Tally {
        frame_time: Histogram::new(),
        due: 0,
        begun: 0,
        in_time: 0,
        cut: 0,
        spent_ns: 0,
        processor_ns: process_time_ns(),
    };
    let (begun, due) = (clock.now(), (plan.time_ns() / PERIOD_NS).max(1));
    let mut number = 0;
    for picture in pictures.iter().cycle() {
        if number >= due {
            break;
        }
        let due_at = begun.after(number * PERIOD_NS);
        clock.sleep_until(due_at);
        let shown = chain.show(picture, clock.now(), PERIOD_NS)?;
        let out = shown.latched.unwrap_or(Nanos(u64::MAX)).since(due_at);
        tally.begun += 1;
        tally.cut += u64::from(!shown.is_whole);
        tally.in_time += u64::from(shown.is_whole && out <= PERIOD_NS);
        tally.frame_time.add(out);
        number = next_frame(number, clock.now().since(begun));
    }
    (tally.due, tally.spent_ns) = (due, clock.now().since(begun));
    tally.processor_ns = process_time_ns().saturating_sub(tally.processor_ns);
    Ok(tally)
}

/// The frame after `number` when so much time has passed: the next one, or the newest that is due.
const fn next_frame(number: u64, passed_ns: u64) -> u64 {
    let newest = passed_ns / PERIOD_NS;
    if newest > number { newest } else { number + 1 }
}

fn report(plan: &Plan, subject: &Subject, sent_by: String, tally: &Tally) -> Uhd60Report {
    let whole = tally.begun - tally.cut;
    // A run that ends with its last frame lasted until the next one would have been due.
    let lasted_ns = tally.spent_ns.max(tally.due * PERIOD_NS);
    Uhd60Report {
        sent_by,
        threads: plan.most_threads(),
        ports: subject.slice.ports.len(),
        packets: subject.slice.ports.iter().map(|port| port.packets.len() as u64).sum(),
        seconds: exact(lasted_ns) / 1e9,
        due: tally.due,
        in_time: tally.in_time,
        late: whole - tally.in_time,
        missed: tally.due.saturating_sub(whole),
        reached_hz: exact(whole) / (exact(lasted_ns) / 1e9),
        frame_time: Quantiles::of(&tally.frame_time),
        busy_cores: exact(tally.processor_ns) / exact(tally.spent_ns.max(1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_that_takes_too_long_costs_those_that_were_due_meanwhile() {
        assert_eq!(next_frame(4, 4 * PERIOD_NS + 1), 5, "in time");
        assert_eq!(next_frame(4, 5 * PERIOD_NS + 1), 5, "a little late: the next one begins at once");
        assert_eq!(next_frame(4, 7 * PERIOD_NS), 7, "two are missed");
    }
}

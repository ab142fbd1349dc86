//! Settings of a card as GET and SET carry them, and the judgement whether a card can live with them.

use std::sync::Arc;

use super::settings::{CardAddressing, CardIdentity, CardModule, CardSettings, CardTransfer, LowGray, OnSilence, SilenceAction};
use crate::geometry::{Orientation, PixelPoint, PixelRect, PixelSize};
use crate::wire::ocp809::control::{
    AddressingMode, Blanking, BrightnessLimit, Bytes, CardAddressing as AddressingValue, ConfigurationHash, DataClock, DecodeLaw,
    Driver, DriverRegisters, Geometry, GrayBits, LinkDecode, LockedMode, LowGray as LowGrayValue, ModuleMap, ModulePlace,
    NackReason, OnSilence as OnSilenceValue, Refresh, Scan, Setting, SilenceAction as SilenceValue, Text, Value,
    configuration_hash,
};

/// Slowest refresh, in millihertz.
const REFRESH_MIN_MHZ: u32 = 1_000;

impl CardSettings {
    /// All settings as SET carries them, by rising type.
    #[must_use]
    pub fn to_wire(&self) -> Vec<Setting> {
        let panel = &self.panel;
        vec![
            Setting::Geometry(Geometry { width: short(self.size.width), height: short(self.size.height) }),
            Setting::ModuleMap(ModuleMap { modules: self.modules.iter().copied().map(CardModule::to_wire).collect() }),
            Setting::CardAddressing(self.addressing.to_wire()),
            Setting::Scan(Scan { phases: panel.scan }),
            Setting::Refresh(Refresh { refresh_mhz: self.refresh_mhz }),
            Setting::GrayBits(GrayBits { bits: self.gray_bits }),
            Setting::DataClock(DataClock { dclk_khz: panel.data_clock_khz }),
            Setting::Driver(Driver { chip: Text::new(&panel.driver) }),
            Setting::Blanking(Blanking { blanking_ns: panel.blanking_ns }),
            Setting::LowGray(LowGrayValue { knee: self.low_gray.knee, gains: self.low_gray.gains }),
            Setting::DriverRegisters(DriverRegisters { registers: Bytes(panel.registers.clone()) }),
            Setting::LinkDecode(self.transfer.to_wire()),
            Setting::BrightnessLimit(BrightnessLimit { limit: self.brightness_limit }),
            Setting::OnSilence(self.on_silence.to_wire()),
            Setting::LockedMode(LockedMode { locked: self.locked }),
        ]
    }

    /// What a configuration is compared by.
    #[must_use]
    pub fn hash(&self) -> ConfigurationHash {
        configuration_hash(&self.to_wire())
    }

    /// These settings with others in the place of some; all or nothing.
    pub(in crate::emulator) fn with(&self, settings: &[Setting], identity: &CardIdentity) -> Result<Self, NackReason> {
        let mut changed = self.clone();
        for setting in settings {
            changed.take(setting)?;
        }
        changed.judge(identity)?;
        Ok(changed)
    }

    fn take(&mut self, setting: &Setting) -> Result<(), NackReason> {
        match setting {
            Setting::Geometry(geometry) => self.size = PixelSize::new(geometry.width.into(), geometry.height.into()),
            Setting::ModuleMap(map) => self.modules = map.modules.iter().map(CardModule::from_wire).collect(),
            Setting::CardAddressing(addressing) => {
                self.addressing =
                    addressing.canvas().map_or(CardAddressing::Id, |(canvas, rect)| CardAddressing::Canvas { canvas, rect });
            }
            Setting::Scan(scan) => self.panel.scan = checked(scan.phases, scan.phases > 0, setting)?,
            Setting::Refresh(refresh) => {
                self.refresh_mhz = checked(refresh.refresh_mhz, refresh.refresh_mhz >= REFRESH_MIN_MHZ, setting)?;
            }
            Setting::GrayBits(gray) => self.gray_bits = checked(gray.bits, (1..=16).contains(&gray.bits), setting)?,
            Setting::DataClock(clock) => self.panel.data_clock_khz = clock.dclk_khz,
            Setting::Driver(driver) => driver.chip.as_str().clone_into(&mut self.panel.driver),
            Setting::Blanking(blanking) => self.panel.blanking_ns = blanking.blanking_ns,
            Setting::LowGray(low) => self.low_gray = LowGray { knee: low.knee, gains: low.gains },
            Setting::DriverRegisters(registers) => self.panel.registers.clone_from(&registers.registers.0),
            Setting::LinkDecode(decode) => self.transfer = CardTransfer::from_wire(decode).ok_or_else(|| bad(setting))?,
            Setting::BrightnessLimit(limit) => self.brightness_limit = limit.limit,
            Setting::OnSilence(on_silence) => self.on_silence = OnSilence::from_wire(on_silence),
            Setting::LockedMode(locked) => self.locked = locked.locked,
        }
        Ok(())
    }

    /// Whether modules fit the card and its rectangle, and the rectangle its canvas.
    fn judge(&self, identity: &CardIdentity) -> Result<(), NackReason> {
        let whole = PixelRect::new(0, 0, self.size.width, self.size.height);
        let pixels: u64 = self.modules.iter().map(|module| module.size.area()).sum();
        let fits = |module: &CardModule| module.size.area() > 0 && whole.contains_rect(module.rect());
        if pixels > u64::from(identity.pixels_max) || !self.modules.iter().all(fits) {
            return Err(NackReason::BadValue { tlv: ModuleMap::DOC.kind });
        }
        if let CardAddressing::Canvas { rect, .. } = self.addressing {
            let upright = self.modules.iter().all(|module| module.orientation == Orientation::UPRIGHT);
            if rect.size() != self.size || !upright || rect.size().area() > u64::from(identity.pixels_max) {
                return Err(NackReason::BadValue { tlv: AddressingValue::DOC.kind });
            }
        }
        Ok(())
    }
}

impl CardModule {
    fn to_wire(self) -> ModulePlace {
        let [width, height, x, y] = [self.size.width, self.size.height, self.at.x, self.at.y].map(short);
        ModulePlace { width, height, x, y, orientation: self.orientation }
    }

    fn from_wire(place: &ModulePlace) -> Self {
        Self {
            size: PixelSize::new(place.width.into(), place.height.into()),
            at: PixelPoint::new(place.x.into(), place.y.into()),
            orientation: place.orientation,
        }
    }
}

impl CardAddressing {
    fn to_wire(self) -> AddressingValue {
        let Self::Canvas { canvas, rect } = self else { return AddressingValue::ID };
        AddressingValue {
            mode: AddressingMode::Canvas,
            canvas_width: short(canvas.width),
            canvas_height: short(canvas.height),
            x: short(rect.x),
            y: short(rect.y),
            width: short(rect.width),
            height: short(rect.height),
        }
    }
}

impl CardTransfer {
    fn to_wire(&self) -> LinkDecode {
        let plain = |law| LinkDecode { law, gamma_milli: 0, table: Vec::new() };
        match self {
            Self::Linear => plain(DecodeLaw::Linear),
            Self::Power { gamma_milli } => LinkDecode { gamma_milli: *gamma_milli, ..plain(DecodeLaw::Power) },
            Self::Srgb => plain(DecodeLaw::Srgb),
            Self::Table(points) => LinkDecode { table: points.to_vec(), ..plain(DecodeLaw::Table) },
        }
    }

    pub(in crate::emulator) fn from_wire(decode: &LinkDecode) -> Option<Self> {
        match decode.law {
            DecodeLaw::Linear => Some(Self::Linear),
            DecodeLaw::Power => (decode.gamma_milli > 0).then_some(Self::Power { gamma_milli: decode.gamma_milli }),
            DecodeLaw::Srgb => Some(Self::Srgb),
            DecodeLaw::Table => {
                (2..=1_025).contains(&decode.table.len()).then(|| Self::Table(Arc::from(decode.table.as_slice())))
            }
        }
    }
}

impl OnSilence {
    const fn to_wire(self) -> OnSilenceValue {
        let (action, pattern) = match self.action {
            SilenceAction::Hold => (SilenceValue::Hold, 0),
            SilenceAction::Black => (SilenceValue::Black, 0),
            SilenceAction::Pattern(id) => (SilenceValue::Pattern, id),
        };
        OnSilenceValue { action, pattern, after_ms: self.after_ms }
    }

    const fn from_wire(value: &OnSilenceValue) -> Self {
        let action = match value.action {
            SilenceValue::Hold => SilenceAction::Hold,
            SilenceValue::Black => SilenceAction::Black,
            SilenceValue::Pattern => SilenceAction::Pattern(value.pattern),
        };
        Self { action, after_ms: value.after_ms }
    }
}

/// What the 16-bit fields of SET hold; no card is larger.
fn short(value: u32) -> u16 {
    u16::try_from(value).unwrap_or(u16::MAX)
}

const fn bad(setting: &Setting) -> NackReason {
    NackReason::BadValue { tlv: setting.kind() }
}

fn checked<T>(value: T, good: bool, setting: &Setting) -> Result<T, NackReason> {
    if good { Ok(value) } else { Err(bad(setting)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(pixels_max: u32) -> CardIdentity {
        CardIdentity {
            serial: "T1".parse().expect("printable"),
            model: String::new(),
            address: crate::wire::ethernet::MacAddress([2; 6]),
            hardware_version: 1,
            firmware_version: 1,
            buffers: 2,
            residence_ns: 1,
            mtu: 1500,
            pixels_max,
            ptp: true,
        }
    }

    fn settings() -> CardSettings {
        let module = |x, orientation| CardModule { size: PixelSize::new(8, 4), at: PixelPoint::new(x, 0), orientation };
        CardSettings {
            size: PixelSize::new(16, 4),
            modules: vec![module(0, Orientation::UPRIGHT), module(8, Orientation { mirror: true, ..Orientation::UPRIGHT })],
            transfer: CardTransfer::Table(Arc::from([0, 9, 65_535].as_slice())),
            on_silence: OnSilence { action: SilenceAction::Pattern(7), after_ms: 5 },
            locked: true,
            gray_bits: 14,
            ..CardSettings::default()
        }
    }

    #[test]
    fn settings_survive_the_wire() {
        for settings in [settings(), CardSettings::default()] {
            let wire = settings.to_wire();
            assert!(wire.is_sorted_by_key(Setting::kind), "by rising type");
            let again = CardSettings::default().with(&wire, &identity(64)).expect("sound");
            assert_eq!((&again, again.hash()), (&settings, settings.hash()), "the same, with the same hash");
        }
        assert_ne!(settings().hash(), CardSettings::default().hash(), "the hash tells them apart");
    }

    #[test]
    fn what_a_card_cannot_do_changes_nothing() {
        let refused =
            |setting: Setting| settings().with(std::slice::from_ref(&setting), &identity(64)).err() == Some(bad(&setting));
        assert!(refused(Setting::GrayBits(GrayBits { bits: 17 })), "17 bits of gray");
        assert!(refused(Setting::Refresh(Refresh { refresh_mhz: 999 })), "a refresh slower than 1 Hz");
        assert!(refused(Setting::LinkDecode(LinkDecode { law: DecodeLaw::Table, gamma_milli: 0, table: vec![1] })), "one point");
        let canvas = AddressingValue {
            mode: AddressingMode::Canvas,
            canvas_width: 99,
            canvas_height: 99,
            x: 0,
            y: 0,
            width: 16,
            height: 4,
        };
        assert!(refused(Setting::CardAddressing(canvas)), "a mirrored module on a canvas");
        let many = settings().with(&[], &identity(63)).err();
        assert_eq!(many, Some(NackReason::BadValue { tlv: ModuleMap::DOC.kind }), "64 pixels on a card of 63");
    }
}

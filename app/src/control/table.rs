//! Every setting of a show, once.
//!
//! A row is all that a new setting needs: command line, window, presets, files and the socket derive from it.

use super::property::{Access, Choice, Kind, PresetPart, Property, Scope, TextForm, Unit};

macro_rules! properties {
    ($($(#[$doc:meta])* $id:ident = $path:literal, $label:literal, $kind:expr, $unit:ident, $scope:ident, $access:ident,
       fade: $fade:literal, part: $part:expr, $help:literal;)+) => {
        /// The identity of a setting.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum PropertyId {
            $($(#[$doc])* $id,)+
        }

        /// All settings, in the order in which lists show them.
        pub static PROPERTIES: &[Property] = &[$(Property {
            id: PropertyId::$id,
            path: $path,
            label: $label,
            help: $help,
            kind: $kind,
            unit: Unit::$unit,
            scope: Scope::$scope,
            access: Access::$access,
            fadeable: $fade,
            part: $part,
        },)+];
    };
}

const fn number(min: f64, max: f64, step: f64, default: f64) -> Kind {
    Kind::Number { min, max, step, default: Some(default), unset: None }
}

const fn optional_number(min: f64, max: f64, step: f64, unset: &'static str) -> Kind {
    Kind::Number { min, max, step, default: None, unset: Some(unset) }
}

const fn optional_text(form: TextForm, unset: &'static str) -> Kind {
    Kind::Text { form, default: None, unset: Some(unset) }
}

const fn choice(options: &'static [Choice], default: &'static str) -> Kind {
    Kind::Choice { options, default }
}

const fn word(word: &'static str, help: &'static str) -> Choice {
    Choice { word, help }
}

/// The word by which a choice leaves the decision to the source.
pub const AUTO: &str = "auto";

const INPUT_TRANSFERS: &[Choice] = &[
    word(AUTO, "What the source declares, else the power law of color.gamma"),
    word("power", "Light is the signal to the power color.gamma"),
    word("srgb", "IEC 61966-2-1, computer pictures"),
    word("bt1886", "ITU-R BT.1886, graded video"),
    word("pq", "SMPTE ST 2084, HDR in absolute nit"),
    word("hlg", "ITU-R BT.2100 HLG, HDR broadcast"),
];

const RANGES: &[Choice] = &[
    word(AUTO, "What the source declares"),
    word("full", "Black is code 0, white is the highest code"),
    word("limited", "Black is 16, white is 235 (of 8 bits)"),
];

const MATRICES: &[Choice] = &[
    word(AUTO, "What the source declares, else by picture height"),
    word("bt601", "ITU-R BT.601, standard definition"),
    word("bt709", "ITU-R BT.709, high definition"),
    word("bt2020", "ITU-R BT.2020 non-constant luminance, ultra high definition"),
];

const PRIMARIES: &[Choice] = &[
    word(AUTO, "What the source declares, else BT.709"),
    word("bt709", "ITU-R BT.709 and sRGB"),
    word("p3-d65", "Display P3"),
    word("bt2020", "ITU-R BT.2020"),
    word("native", "The wall's own LEDs: no gamut conversion"),
];

const MODES: &[Choice] = &[
    word("normal", "The source or the test pattern"),
    word("black-out", "All LEDs dark; the cards stay fed"),
    word("freeze", "The last picture stands still"),
];

const DITHER_PERIODS: &[Choice] = &[
    word("1", "No temporal dithering"),
    word("2", "Two frames"),
    word("4", "Four frames"),
    word("8", "Eight frames"),
    word("16", "Sixteen frames: the finest dark greys"),
];

properties! {
    /// How bright, as a share of full.
    BrightnessPercent = "brightness.percent", "Brightness", number(0.0, 100.0, 0.1, 20.0), Percent, Screen, Live,
        fade: true, part: Some(PresetPart::Brightness),
        "Brightness as a share of the wall's full light. A screen's limit in wall.toml caps it.";
    /// How bright, as luminance.
    BrightnessNits = "brightness.nits", "Brightness in nit", optional_number(0.0, 10_000.0, 1.0, "off"), Nits, Wall, Live,
        fade: true, part: Some(PresetPart::Brightness),
        "Luminance of white on every screen; each screen gets the share that its peak needs. Needs peak_nits in wall.toml. \
         Setting brightness.percent ends it.";
    /// EOTF of the input.
    InputTransfer = "color.input_transfer", "Input transfer", choice(INPUT_TRANSFERS, AUTO), None, Screen, Unlocked,
        fade: false, part: Some(PresetPart::Color),
        "How the source's code values become light (EOTF).";
    /// Exponent of the input's power law.
    Gamma = "color.gamma", "Gamma", number(1.0, 4.0, 0.01, 2.4), Exponent, Screen, Unlocked,
        fade: true, part: Some(PresetPart::Color),
        "Exponent of the power law that turns code values into light where color.input_transfer is power, or auto without a declaration.";
    /// Colour of white.
    TemperatureK = "color.temperature_k", "Colour temperature", optional_number(1_000.0, 20_000.0, 10.0, "native"), Kelvin, Screen,
        Unlocked, fade: true, part: Some(PresetPart::Color),
        "Correlated colour temperature of white; native leaves white as the LEDs make it.";
    /// Distance of white from the black-body locus.
    Duv = "color.duv", "Duv", number(-0.05, 0.05, 0.000_5, 0.0), Duv, Screen, Unlocked,
        fade: true, part: Some(PresetPart::Color),
        "Distance of white from the black-body locus, positive towards green. Acts together with color.temperature_k.";
    /// Share of red light.
    GainRed = "color.gain.red", "Red gain", number(0.0, 100.0, 0.1, 100.0), Percent, Screen, Unlocked,
        fade: true, part: Some(PresetPart::Color),
        "Share of the red light that is used.";
    /// Share of green light.
    GainGreen = "color.gain.green", "Green gain", number(0.0, 100.0, 0.1, 100.0), Percent, Screen, Unlocked,
        fade: true, part: Some(PresetPart::Color),
        "Share of the green light that is used.";
    /// Share of blue light.
    GainBlue = "color.gain.blue", "Blue gain", number(0.0, 100.0, 0.1, 100.0), Percent, Screen, Unlocked,
        fade: true, part: Some(PresetPart::Color),
        "Share of the blue light that is used.";
    /// Light of a part of the wall against the rest.
    TrimBrightness = "trim.brightness", "Trim", number(0.0, 200.0, 0.1, 100.0), Percent, Cabinet, Unlocked,
        fade: true, part: None,
        "Brightness of a group or cabinet against the rest of its screen. Trims of a cabinet and of all its groups multiply, up \
         to 200% and the screen's limit. 100% for the whole wall ends all trims; presets never change them.";
    /// Red light of a part of the wall against the rest.
    TrimRed = "trim.gain.red", "Red trim", number(0.0, 200.0, 0.1, 100.0), Percent, Cabinet, Unlocked,
        fade: true, part: None,
        "Red light of a group or cabinet against the rest of its screen. Multiplies with trim.brightness.";
    /// Green light of a part of the wall against the rest.
    TrimGreen = "trim.gain.green", "Green trim", number(0.0, 200.0, 0.1, 100.0), Percent, Cabinet, Unlocked,
        fade: true, part: None,
        "Green light of a group or cabinet against the rest of its screen. Multiplies with trim.brightness.";
    /// Blue light of a part of the wall against the rest.
    TrimBlue = "trim.gain.blue", "Blue trim", number(0.0, 200.0, 0.1, 100.0), Percent, Cabinet, Unlocked,
        fade: true, part: None,
        "Blue light of a group or cabinet against the rest of its screen. Multiplies with trim.brightness.";
    /// The 3D LUT's file.
    LutFile = "lut.file", "3D LUT", optional_text(TextForm::File, "none"), None, Screen, Unlocked,
        fade: false, part: Some(PresetPart::Color),
        "A .cube file that is applied to the source's code values; none switches it off.";
    /// How much of the LUT acts.
    LutStrength = "lut.strength", "3D LUT strength", number(0.0, 100.0, 1.0, 100.0), Percent, Screen, Unlocked,
        fade: true, part: Some(PresetPart::Color),
        "How far the picture goes from untouched (0 %) to the LUT's result (100 %).";
    /// What is shown.
    SourceUri = "source.uri", "Source",
        Kind::Text { form: TextForm::SourceUri, default: Some("pattern:black"), unset: None }, None, Wall, Unlocked,
        fade: false, part: Some(PresetPart::Source),
        "Where pictures come from: pattern:NAME, image:FILE, pipe:-, cmd:PROGRAM, or the id of a source in show.toml.";
    /// Override of the quantisation range.
    SourceRange = "source.range", "Range", choice(RANGES, AUTO), None, Wall, Unlocked,
        fade: false, part: Some(PresetPart::Source),
        "Quantisation range of the source (CTA-861), where its own declaration is wrong or missing.";
    /// Override of the YCbCr matrix.
    SourceMatrix = "source.matrix", "Matrix", choice(MATRICES, AUTO), None, Wall, Unlocked,
        fade: false, part: Some(PresetPart::Source),
        "Matrix of a YCbCr source, where its own declaration is wrong or missing.";
    /// Override of the primaries.
    SourcePrimaries = "source.primaries", "Primaries", choice(PRIMARIES, AUTO), None, Wall, Unlocked,
        fade: false, part: Some(PresetPart::Source),
        "Colour primaries of the source, where its own declaration is wrong or missing.";
    /// The test pattern in front of the source.
    Pattern = "pattern", "Test pattern", optional_text(TextForm::Pattern, "off"), None, Wall, Unlocked,
        fade: false, part: Some(PresetPart::Pattern),
        "A test pattern in front of the source, such as \"grey 20%\"; `ocp809 patterns` lists them; off shows the source.";
    /// Normal, black out or freeze.
    OutputMode = "output.mode", "Output", choice(MODES, "normal"), None, Wall, Live,
        fade: false, part: None,
        "Normal, black out or freeze. Presets never change it.";
    /// New wall frames per second.
    FrameRate = "output.frame_rate", "Frame rate", optional_number(1.0, 240.0, 0.001, AUTO), FramesPerSecond, Wall, Unlocked,
        fade: false, part: Some(PresetPart::Output),
        "New wall frames per second; 23.976, 29.97, 59.94 and their like mean the exact n*1000/1001; auto follows the source.";
    /// Frames of a dither cycle.
    DitherPeriod = "dither.period", "Dither period", choice(DITHER_PERIODS, "16"), Frames, Wall, Unlocked,
        fade: false, part: Some(PresetPart::Output),
        "Frames over which the dither's mean is exact. Links with transfer = \"source\" are never dithered.";
    /// The cabinet that marks itself.
    Identify = "identify", "Identify", optional_text(TextForm::Cabinet, "off"), None, Wall, Unlocked,
        fade: false, part: None,
        "The cabinet that marks itself on the wall; off ends it.";
    /// Show lock.
    Lock = "lock", "Show lock", Kind::Switch { default: false }, None, Wall, Live,
        fade: false, part: None,
        "While locked, only black out, freeze, normal, brightness, presets, stop and the lock itself can be changed.";
    /// Injected packet loss.
    FaultLoss = "fault.loss_permille", "Packet loss", number(0.0, 1_000.0, 1.0, 0.0), Permille, Wall, Unlocked,
        fade: false, part: None,
        "Packets that are lost on purpose, in thousandths. Virtual walls only.";
}

impl PropertyId {
    /// Its row.
    #[must_use]
    pub fn property(self) -> &'static Property {
        // The table is made from the same list as the ids, in the same order.
        &PROPERTIES[self as usize]
    }

    /// Its path.
    #[must_use]
    pub fn path(self) -> &'static str {
        self.property().path
    }
}

/// The property of this path, if there is one.
#[must_use]
pub fn property(path: &str) -> Option<&'static Property> {
    PROPERTIES.iter().find(|property| property.path == path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_property_has_help_a_unit_and_a_path_of_its_own() {
        let mut paths = HashSet::new();
        for (index, row) in PROPERTIES.iter().enumerate() {
            assert_eq!(row.id as usize, index, "{}: ids and rows are in one order", row.path);
            assert!(paths.insert(row.path), "{}: declared twice", row.path);
            assert!(row.help.len() > 20 && row.help.ends_with('.'), "{}: help is a sentence", row.path);
            assert!(!row.label.is_empty(), "{}: has a label", row.path);
            let is_number = matches!(row.kind, Kind::Number { .. });
            assert!(!is_number || row.unit != Unit::None, "{}: a number has a unit", row.path);
            assert!(!row.fadeable || is_number, "{}: only numbers fade", row.path);
        }
    }

    #[test]
    fn defaults_lie_in_their_ranges() {
        for row in PROPERTIES {
            match row.kind {
                Kind::Switch { .. } => {}
                Kind::Number { min, max, step, default, unset } => {
                    assert!(min < max && step > 0.0, "{}: range", row.path);
                    assert!(default.is_none_or(|d| (min..=max).contains(&d)), "{}: default", row.path);
                    assert!(default.is_some() || unset.is_some(), "{}: starts with something", row.path);
                }
                Kind::Choice { options, default } => {
                    assert!(options.iter().any(|o| o.word == default), "{}: default", row.path);
                    assert!(options.iter().all(|o| !o.help.is_empty()), "{}: each word has help", row.path);
                }
                Kind::Text { default, unset, .. } => {
                    assert!(default.is_some() || unset.is_some(), "{}: starts with something", row.path);
                }
            }
        }
    }
}

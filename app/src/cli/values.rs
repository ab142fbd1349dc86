//! Words of the command line that are more than text: sizes, settings, interfaces, targets.

use std::path::PathBuf;
use std::str::FromStr;

use image::ImageFormat;
use ocp809_sender::geometry::PixelSize;
use serde::de::DeserializeOwned;
use serde::de::value::{Error as WordError, StrDeserializer};
use thiserror::Error;

use crate::control::{PathError, PropertyPath, Value};
use crate::run::options::{InterfaceChoice, SendTarget};

/// Why a word was not understood.
#[derive(Debug, Error)]
pub(super) enum ValueError {
    /// No size.
    #[error("{text:?} is no size: write columns x rows, for example 128x64")]
    Size {
        /// What was written.
        text: String,
    },
    /// No pair of numbers.
    #[error("{text:?} is no step: write columns,rows, for example 128,-64")]
    Step {
        /// What was written.
        text: String,
    },
    /// No picture.
    #[error("{text:?} is no name for a picture: let it end in .png, .jpg or .tiff")]
    Picture {
        /// What was written.
        text: String,
    },
    /// No percentage.
    #[error("{text:?} is no percentage: write 97.5% or 97.5")]
    Percent {
        /// What was written.
        text: String,
    },
    /// No setting.
    #[error("{text:?} is no setting: write PATH=VALUE, for example color.gamma=2.4")]
    Setting {
        /// What was written.
        text: String,
    },
    /// No property.
    #[error(transparent)]
    Path(#[from] PathError),
    /// No target.
    #[error("{text:?} is no target: write pcap:FILE, if:NAME, if:PORT=NAME,PORT=NAME, virtual or virtual:PICTURE.png")]
    Target {
        /// What was written.
        text: String,
    },
    /// No interface.
    #[error("{text:?} names no interface: write NAME, or PORT=NAME where the wall has several ports")]
    Interface {
        /// What was written.
        text: String,
    },
}

/// `128x64`.
pub(super) fn size(text: &str) -> Result<PixelSize, ValueError> {
    let numbers = text.split_once(['x', 'X', '×']).map(|(width, height)| (width.trim().parse(), height.trim().parse()));
    match numbers {
        Some((Ok(width), Ok(height))) => Ok(PixelSize::new(width, height)),
        _ => Err(ValueError::Size { text: text.to_owned() }),
    }
}

/// `128,-64`.
pub(super) fn step(text: &str) -> Result<(i64, i64), ValueError> {
    let numbers = text.split_once(',').map(|(columns, rows)| (columns.trim().parse(), rows.trim().parse()));
    match numbers {
        Some((Ok(columns), Ok(rows))) => Ok((columns, rows)),
        _ => Err(ValueError::Step { text: text.to_owned() }),
    }
}

/// `97.5%` or `97.5`.
pub(super) fn percent(text: &str) -> Result<f64, ValueError> {
    let number = text.strip_suffix('%').unwrap_or(text).trim_end().parse().ok().filter(|number: &f64| number.is_finite());
    number.ok_or_else(|| ValueError::Percent { text: text.to_owned() })
}

/// A file whose ending names a format that pictures are written in.
pub(super) fn picture(text: &str) -> Result<PathBuf, ValueError> {
    let file = PathBuf::from(text);
    match ImageFormat::from_path(&file) {
        Ok(ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::Tiff) => Ok(file),
        _ => Err(ValueError::Picture { text: text.to_owned() }),
    }
}

/// `color.gamma=2.4`. The property itself reads the value later, with its unit.
pub(super) fn setting(text: &str) -> Result<(PropertyPath, Value), ValueError> {
    let (path, value) = text.split_once('=').ok_or_else(|| ValueError::Setting { text: text.to_owned() })?;
    Ok((path.trim().parse()?, Value::text(value.trim())))
}

/// `NAME` or `PORT=NAME`.
pub(super) fn interface(text: &str) -> Result<InterfaceChoice, ValueError> {
    let (port, interface) = match text.split_once('=') {
        Some((port, interface)) => (Some(port), interface),
        None => (None, text),
    };
    if interface.is_empty() || port == Some("") {
        return Err(ValueError::Interface { text: text.to_owned() });
    }
    Ok(InterfaceChoice { port: port.map(str::to_owned), interface: interface.to_owned() })
}

/// `pcap:FILE`, `if:..`, `virtual`, `virtual:PNG`.
pub(super) fn target(text: &str) -> Result<SendTarget, ValueError> {
    let bad = || ValueError::Target { text: text.to_owned() };
    match text.split_once(':') {
        None if text == "virtual" => Ok(SendTarget::Virtual(None)),
        Some(("virtual", file)) if !file.is_empty() => picture(file).map(|file| SendTarget::Virtual(Some(file))),
        Some(("pcap", file)) if !file.is_empty() => Ok(SendTarget::Pcap(PathBuf::from(file))),
        Some(("if", list)) if !list.is_empty() => {
            list.split(',').map(interface).collect::<Result<_, _>>().map(SendTarget::Interfaces)
        }
        _ => Err(bad()),
    }
}

/// A word that serde knows: one of the names that documents use for it.
pub(super) fn word<T: DeserializeOwned>(text: &str) -> Result<T, WordError> {
    T::deserialize(StrDeserializer::new(text))
}

/// Text that reads itself; named so that clap can point at it.
pub(super) fn parsed<T: FromStr>(text: &str) -> Result<T, T::Err> {
    text.parse()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ocp809_sender::wall::WireFormat;

    #[test]
    fn words_are_read_or_refused_with_an_example() {
        assert_eq!(size("128x64").unwrap(), PixelSize::new(128, 64));
        assert_eq!(step("128,-64").unwrap(), (128, -64));
        assert_eq!(word::<WireFormat>("rgb12").unwrap(), WireFormat::Rgb12);
        assert!(word::<WireFormat>("rgb9").unwrap_err().to_string().contains("`rgb10`"));
        let (path, value) = setting("screen:left/color.gamma = 2.4").unwrap();
        assert_eq!((path.to_string().as_str(), value), ("screen:left/color.gamma", Value::text("2.4")));
        for bad in ["128", "x", "128x", "-1x2"] {
            assert!(size(bad).unwrap_err().to_string().contains("128x64"), "{bad}");
        }
        assert!(setting("color.gamma").unwrap_err().to_string().contains("PATH=VALUE"));
    }

    #[test]
    fn targets_name_files_interfaces_or_virtual_cards() {
        let choice =
            |port: Option<&str>, name: &str| InterfaceChoice { port: port.map(str::to_owned), interface: name.to_owned() };
        assert_eq!(target("pcap:a:b.pcapng").unwrap(), SendTarget::Pcap("a:b.pcapng".into()));
        assert_eq!(target("if:eth0").unwrap(), SendTarget::Interfaces(vec![choice(None, "eth0")]));
        let two = vec![choice(Some("1"), "eth0"), choice(Some("2"), "eth1")];
        assert_eq!(target("if:1=eth0,2=eth1").unwrap(), SendTarget::Interfaces(two));
        assert_eq!(target("virtual").unwrap(), SendTarget::Virtual(None));
        assert_eq!(target("virtual:a.png").unwrap(), SendTarget::Virtual(Some("a.png".into())));
        for bad in ["pcap:", "if:", "if:1=", "if:=x", "virtual:", "virtual:x.xyz", "udp:1", ""] {
            assert!(target(bad).is_err(), "{bad:?}");
        }
    }
}

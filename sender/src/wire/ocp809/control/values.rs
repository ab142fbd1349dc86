//! Field types: how one value of a layout is read, written and shown.

use core::fmt;
use core::str::FromStr;

use thiserror::Error;

use crate::time::Tai;
use crate::wire::ethernet::MacAddress;
use crate::wire::field::Reader;
use crate::wire::ocp809::{Epoch, FrameId};

/// A value inside a TLV. Lists and texts reach to the end of the value and so come last.
pub trait Field: Sized {
    /// Bytes on the wire; 0 for what reaches to the end.
    const LEN: usize;
    /// The type's name in the specification.
    const WIRE: &'static str;
    /// The name of a list of this type in the specification.
    const WIRE_LIST: &'static str = "";
    /// What the values of a code or the bits of a set of flags mean.
    const VALUES: &'static [ValueDoc] = &[];
    /// Reads the value; `None` when bytes are missing or not allowed.
    fn read(reader: &mut Reader<'_>) -> Option<Self>;
    /// Appends the value.
    fn write(&self, out: &mut Vec<u8>);
    /// Shows the value to people.
    ///
    /// # Errors
    /// Those of the formatter.
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

/// One value of a code, or one bit of a set of flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValueDoc {
    /// The number on the wire.
    pub code: u32,
    /// Its name.
    pub name: &'static str,
    /// What it means.
    pub about: &'static str,
}

/// A serial number: 1 to 16 bytes of printable ASCII, zero-padded on the wire. All zeros: none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Serial(pub [u8; 16]);

/// Why a text is no serial number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("expected a serial number of 1 to 16 printable ASCII characters")]
pub struct SerialError;

/// A text of at most 64 bytes of UTF-8.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Text(String);

/// Longest [`Text`], in bytes.
const TEXT_MAX: usize = 64;

impl Serial {
    /// No serial number.
    pub const NONE: Self = Self([0; 16]);
}

impl FromStr for Serial {
    type Err = SerialError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 16];
        let printable = text.bytes().all(|b| (0x21..=0x7e).contains(&b));
        match bytes.get_mut(..text.len()) {
            Some(place) if printable && !text.is_empty() => place.copy_from_slice(text.as_bytes()),
            _ => return Err(SerialError),
        }
        Ok(Self(bytes))
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = self.0.iter().rposition(|&b| b != 0).map_or(0, |last| last + 1);
        write!(f, "{}", self.0.get(..end).unwrap_or_default().escape_ascii())
    }
}

impl Text {
    /// A text; what does not fit into 64 bytes is cut off at a character.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.get(..text.floor_char_boundary(TEXT_MAX)).unwrap_or_default().to_owned())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Bytes up to the end of the value.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Bytes(pub Vec<u8>);

macro_rules! numbers {
    ($($number:ident)+) => {$(
        impl Field for $number {
            const LEN: usize = size_of::<$number>();
            const WIRE: &'static str = stringify!($number);
            const WIRE_LIST: &'static str = concat!("list of ", stringify!($number));

            fn read(reader: &mut Reader<'_>) -> Option<Self> {
                reader.array().map($number::from_be_bytes)
            }

            fn write(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_be_bytes());
            }

            fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    )+};
}

numbers! { u8 u16 u32 u64 i16 i32 }

/// Implements [`Field`] for a type that travels as another one.
macro_rules! field_as {
    ($($own:ty as $wire:ty = $name:literal: |$read:ident| $from:expr, |$write:ident| $into:expr, $show:literal;)+) => {$(
        impl Field for $own {
            const LEN: usize = <$wire as Field>::LEN;
            const WIRE: &'static str = $name;
            const WIRE_LIST: &'static str = concat!("list of ", $name);

            fn read(reader: &mut Reader<'_>) -> Option<Self> {
                let $read = <$wire as Field>::read(reader)?;
                $from
            }

            fn write(&self, out: &mut Vec<u8>) {
                let $write = self;
                <$wire as Field>::write(&$into, out);
            }

            fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, $show, self)
            }
        }
    )+};
}

impl<const N: usize> Field for [u8; N] {
    const LEN: usize = N;
    const WIRE: &'static str = "bytes";

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        reader.array()
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }

    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

field_as! {
    Serial as [u8; 16] = "serial": |bytes| Some(Self(bytes)), |serial| serial.0, "{}";
    MacAddress as [u8; 6] = "MAC": |bytes| Some(Self(bytes)), |mac| mac.0, "{}";
    bool as u8 = "bool": |byte| match byte { 0 => Some(false), 1 => Some(true), _ => None }, |on| u8::from(*on), "{}";
}

impl Field for Epoch {
    const LEN: usize = 4;
    const WIRE: &'static str = "epoch";

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        reader.u32().map(Self::from_u32)
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.to_u32().write(out);
    }

    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:#06x}", self.term, self.instance)
    }
}

impl Field for FrameId {
    const LEN: usize = 2;
    const WIRE: &'static str = "u16";

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        reader.u16().map(Self)
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
    }

    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Field for Tai {
    const LEN: usize = 8;
    const WIRE: &'static str = "u64";

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        reader.u64().map(Self)
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
    }

    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ns", self.0)
    }
}

impl Field for Text {
    const LEN: usize = 0;
    const WIRE: &'static str = "text to the end";

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let bytes = reader.bytes(reader.rest().len())?;
        core::str::from_utf8(bytes).ok().filter(|text| text.len() <= TEXT_MAX).map(Self::new)
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.0.as_bytes());
    }

    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl Field for Bytes {
    const LEN: usize = 0;
    const WIRE: &'static str = "bytes to the end";

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        reader.bytes(reader.rest().len()).map(|bytes| Self(bytes.to_vec()))
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }

    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 16;
        write!(f, "{} bytes ", self.0.len())?;
        self.0.iter().take(SHOWN).try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(if self.0.len() > SHOWN { ".." } else { "" })
    }
}

/// Red, green and blue.
impl Field for [u16; 3] {
    const LEN: usize = 6;
    const WIRE: &'static str = "3 x u16";

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        Some([reader.u16()?, reader.u16()?, reader.u16()?])
    }

    fn write(&self, out: &mut Vec<u8>) {
        for value in self {
            value.write(out);
        }
    }

    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self;
        write!(f, "{red} {green} {blue}")
    }
}

/// A list reaches to the end of the value; a piece of an element is not allowed.
impl<T: Field> Field for Vec<T> {
    const LEN: usize = 0;
    const WIRE: &'static str = T::WIRE_LIST;

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        // A capacity from the length would trust the sender; elements are at least one byte, so this ends.
        let mut list = Self::new();
        while !reader.is_empty() {
            list.push(T::read(reader)?);
        }
        Some(list)
    }

    fn write(&self, out: &mut Vec<u8>) {
        for element in self {
            element.write(out);
        }
    }

    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A thousand numbers help nobody; the count and the first ones do.
        const SHOWN: usize = 16;
        write!(f, "{} [", self.len())?;
        for (index, element) in self.iter().take(SHOWN).enumerate() {
            f.write_str(if index == 0 { "" } else { ", " })?;
            element.show(f)?;
        }
        f.write_str(if self.len() > SHOWN { ", ..]" } else { "]" })
    }
}

/// Declares an enum whose values travel as one byte; other bytes are not allowed.
macro_rules! codes {
    (
        $(#[doc = $doc:literal])*
        pub enum $name:ident { $($(#[doc = $case_doc:literal])* $case:ident = $code:literal $text:literal,)+ }
    ) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[doc = $case_doc])* $case,)+ }

        impl $name {
            /// All values, by rising code.
            pub const ALL: &'static [Self] = &[$(Self::$case,)+];

            /// The byte on the wire.
            #[must_use]
            pub const fn code(self) -> u8 {
                match self { $(Self::$case => $code,)+ }
            }

            /// The value of a byte, if this version knows it.
            #[must_use]
            pub const fn from_code(code: u8) -> Option<Self> {
                match code { $($code => Some(Self::$case),)+ _ => None }
            }
        }

        impl ::core::fmt::Display for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str(match self { $(Self::$case => $text,)+ })
            }
        }

        impl $crate::wire::ocp809::control::values::Field for $name {
            const LEN: usize = 1;
            const WIRE: &'static str = "u8";
            const VALUES: &'static [$crate::wire::ocp809::control::values::ValueDoc] = &[
                $($crate::wire::ocp809::control::values::ValueDoc {
                    code: $code, name: $text, about: concat!($($case_doc),*),
                },)+
            ];

            fn read(reader: &mut $crate::wire::field::Reader<'_>) -> Option<Self> {
                reader.u8().and_then(Self::from_code)
            }

            fn write(&self, out: &mut Vec<u8>) {
                out.push(self.code());
            }

            fn show(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::Display::fmt(self, f)
            }
        }
    };
}
pub(super) use codes;

/// Declares a set of flags that travels as an unsigned number; bits without a name are kept.
macro_rules! flags {
    (
        $(#[doc = $doc:literal])*
        pub struct $name:ident($number:ident) { $($(#[doc = $bit_doc:literal])* $bit:ident = $value:literal,)+ }
    ) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
        pub struct $name(pub $number);

        impl $name {
            $($(#[doc = $bit_doc])* pub const $bit: Self = Self($value);)+

            /// Whether all of `other`'s flags are set.
            #[must_use]
            pub const fn contains(self, other: Self) -> bool {
                self.0 & other.0 == other.0
            }

            /// The flags of both.
            #[must_use]
            pub const fn with(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }

            /// The flags that both share.
            #[must_use]
            pub const fn common(self, other: Self) -> Self {
                Self(self.0 & other.0)
            }
        }

        impl ::core::fmt::Display for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                write!(f, "{:#x}", self.0)?;
                $(if self.contains(Self::$bit) { write!(f, " {}", stringify!($bit))?; })+
                Ok(())
            }
        }

        impl $crate::wire::ocp809::control::values::Field for $name {
            const LEN: usize = size_of::<$number>();
            const WIRE: &'static str = stringify!($number);
            const VALUES: &'static [$crate::wire::ocp809::control::values::ValueDoc] = &[
                $($crate::wire::ocp809::control::values::ValueDoc {
                    code: $value, name: stringify!($bit), about: concat!($($bit_doc),*),
                },)+
            ];

            fn read(reader: &mut $crate::wire::field::Reader<'_>) -> Option<Self> {
                <$number as $crate::wire::ocp809::control::values::Field>::read(reader).map(Self)
            }

            fn write(&self, out: &mut Vec<u8>) {
                <$number as $crate::wire::ocp809::control::values::Field>::write(&self.0, out);
            }

            fn show(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::Display::fmt(self, f)
            }
        }
    };
}
pub(super) use flags;

//! NACK: why a card did not do what it was asked, with the numbers that explain it.

use core::fmt;

use super::tlv::{FieldDoc, TlvDoc, Value};
use super::values::Field;
use crate::wire::field::Reader;
use crate::wire::ocp809::Epoch;

/// Declares the reasons with their numbers: one byte of code, then the numbers in the order in which they are written.
macro_rules! reasons {
    ($(
        $(#[doc = $doc:literal])*
        $case:ident = $code:literal $title:literal $({ $($(#[doc = $field_doc:literal])* $field:ident: $type:ty,)+ })?,
    )+) => {
        /// Why a card refused a request.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum NackReason {
            $($(#[doc = $doc])* $case $({ $($(#[doc = $field_doc])* $field: $type,)+ })?,)+
            /// A reason of a later version.
            Other(u8),
        }

        impl NackReason {
            /// Each reason with its numbers, documented like a TLV whose type is the code.
            pub const DOCS: &'static [TlvDoc] = &[$(TlvDoc {
                kind: $code,
                name: $title,
                about: concat!($($doc),*),
                fields: &[$($(FieldDoc {
                    name: stringify!($field),
                    about: concat!($($field_doc),*),
                    wire: <$type as Field>::WIRE,
                    len: <$type as Field>::LEN,
                    values: &[],
                },)+)?],
            },)+];

            /// The byte on the wire.
            #[must_use]
            pub const fn code(&self) -> u8 {
                match self {
                    $(Self::$case $({ $($field: _,)+ })? => $code,)+
                    Self::Other(code) => *code,
                }
            }

            fn read(reader: &mut Reader<'_>) -> Option<Self> {
                Some(match reader.u8()? {
                    $($code => Self::$case $({ $($field: Field::read(reader)?,)+ })?,)+
                    code => Self::Other(code),
                })
            }

            fn write(&self, out: &mut Vec<u8>) {
                out.push(self.code());
                match self {
                    $(Self::$case $({ $($field,)+ })? => { $($(Field::write($field, out);)+)? })+
                    Self::Other(_) => {}
                }
            }

            fn describe(&self, each: &mut dyn FnMut(&'static str, fmt::Arguments<'_>)) {
                match self {
                    $(Self::$case $({ $($field,)+ })? => {
                        each("reason", format_args!($title));
                        $($(each(stringify!($field), format_args!("{}", fmt::from_fn(|f| Field::show($field, f))));)+)?
                    })+
                    Self::Other(code) => each("reason", format_args!("{code}")),
                }
            }
        }
    };
}

reasons! {
    /// The message's version is not spoken here.
    Version = 1 "VERSION" {
        /// Lowest version that is.
        lowest: u8,
        /// Highest version that is.
        highest: u8,
    },
    /// The opcode is not known, or not as a request.
    UnknownOpcode = 2 "UNKNOWN_OPCODE",
    /// The body is no list of TLVs, or a TLV that the request needs is missing.
    Malformed = 3 "MALFORMED" {
        /// Type of the TLV.
        tlv: u16,
    },
    /// A value is not allowed, or not possible on this card; nothing was changed.
    BadValue = 4 "BAD_VALUE" {
        /// Type of the TLV.
        tlv: u16,
    },
    /// The sender is not the master of the wall.
    NotMaster = 5 "NOT_MASTER" {
        /// The master's epoch.
        epoch: Epoch,
        /// Time since its last LATCH, in milliseconds.
        age_ms: u32,
    },
    /// The request needs AUTH.
    AuthRequired = 6 "AUTH_REQUIRED",
    /// The key is not known, or the HMAC is wrong.
    BadAuth = 7 "BAD_AUTH",
    /// The counter was used, or is too old; answered with AUTH.
    Stale = 8 "STALE" {
        /// The highest counter that was accepted under this key; the sender goes on above it.
        highest: u64,
    },
    /// Not now.
    Busy = 9 "BUSY" {
        /// When to ask again, in milliseconds.
        retry_ms: u32,
    },
    /// The upload is not complete.
    Incomplete = 10 "INCOMPLETE" {
        /// The first chunk that is missing.
        first_missing: u16,
    },
    /// The upload's bytes do not have the announced SHA-256.
    HashMismatch = 11 "HASH_MISMATCH",
    /// There is no such upload: it was aborted, or never begun.
    NoUpload = 12 "NO_UPLOAD",
    /// The card does not have this function.
    Unsupported = 13 "UNSUPPORTED",
    /// The body is too long for this card.
    TooLong = 14 "TOO_LONG" {
        /// Longest body in bytes.
        limit: u32,
    },
    /// The card's flash memory failed.
    Storage = 15 "STORAGE",
    /// A request that changes something was sent to all cards.
    NotToAll = 16 "NOT_TO_ALL",
}

/// Why a request was refused. The opcode and the transaction are the request's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Nack {
    /// The request's opcode, known or not.
    pub opcode: u8,
    /// Why.
    pub reason: NackReason,
}

/// The TLV of a NACK.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Refusal(pub NackReason);

impl Value for Refusal {
    const DOC: TlvDoc = TlvDoc {
        kind: 0x0006,
        name: "REASON",
        about: " Why a request was refused.",
        fields: &[
            FieldDoc { name: "reason", about: " Code of the reason.", wire: "u8", len: 1, values: &[] },
            FieldDoc { name: "numbers", about: " What explains it, by reason.", wire: "by reason", len: 0, values: &[] },
        ],
    };

    fn parse(value: &[u8]) -> Option<Self> {
        NackReason::read(&mut Reader::new(value)).map(Self)
    }

    fn emit_value(&self, out: &mut Vec<u8>) {
        self.0.write(out);
    }

    fn describe(&self, each: &mut dyn FnMut(&'static str, fmt::Arguments<'_>)) {
        self.0.describe(each);
    }
}

impl fmt::Display for NackReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut written = Ok(());
        self.describe(&mut |name, value| {
            if written.is_ok() {
                written = if name == "reason" { write!(f, "{value}") } else { write!(f, ", {name} {value}") };
            }
        });
        written
    }
}

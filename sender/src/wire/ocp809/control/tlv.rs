//! TLVs: u16 type, u16 length, value. Each type means the same in every message and is declared once, as a layout.
//!
//! A value may be longer than the layout that a reader knows: a later version may append fields. A shorter one is refused.

use core::fmt;

use super::ControlError;
use super::settings::Setting;
use super::values::ValueDoc;
use crate::wire::field::{Reader, u16_at};

/// Bytes of type and length.
pub(super) const TLV_HEADER_LEN: usize = 4;

/// One line of a layout's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldDoc {
    /// The field's name.
    pub name: &'static str,
    /// What it means.
    pub about: &'static str,
    /// Its type's name in the specification.
    pub wire: &'static str,
    /// Its bytes; 0 for what reaches to the end.
    pub len: usize,
    /// What its values mean, where it is a code or a set of flags.
    pub values: &'static [ValueDoc],
}

/// What there is to know about a TLV type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TlvDoc {
    /// The type.
    pub kind: u16,
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// Its fields, in order.
    pub fields: &'static [FieldDoc],
}

/// The value of one TLV type.
pub trait Value: Sized {
    /// Type, name and fields.
    const DOC: TlvDoc;

    /// Reads the value; `None` when bytes are missing or not allowed.
    fn parse(value: &[u8]) -> Option<Self>;

    /// Appends the value, without type and length.
    fn emit_value(&self, out: &mut Vec<u8>);

    /// Names and shows every field.
    fn describe(&self, each: &mut dyn FnMut(&'static str, fmt::Arguments<'_>));

    /// Appends the whole TLV.
    fn emit(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&Self::DOC.kind.to_be_bytes());
        out.extend_from_slice(&[0, 0]);
        self.emit_value(out);
        // A longer value cannot be sent: the body's own limit is far below 65,535, and is checked when it is sent.
        let length = u16::try_from(out.len() - start - TLV_HEADER_LEN).unwrap_or(u16::MAX);
        if let Some(place) = out.get_mut(start + 2..start + TLV_HEADER_LEN) {
            place.copy_from_slice(&length.to_be_bytes());
        }
    }

    /// Reads a value, naming its type when that fails.
    ///
    /// # Errors
    /// [`ControlError::Value`].
    fn parse_named(value: &[u8]) -> Result<Self, ControlError> {
        Self::parse(value).ok_or(ControlError::Value { tlv: Self::DOC.kind })
    }
}

/// Walks over the TLVs of a body.
#[derive(Debug, Clone)]
pub struct Tlvs<'a> {
    reader: Reader<'a>,
}

impl<'a> Tlvs<'a> {
    /// The TLVs of `body`.
    #[must_use]
    pub const fn new(body: &'a [u8]) -> Self {
        Self { reader: Reader::new(body) }
    }
}

impl<'a> Iterator for Tlvs<'a> {
    /// Type and value, or why the rest of the body is none.
    type Item = Result<(u16, &'a [u8]), ControlError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.reader.is_empty() {
            return None;
        }
        let rest = self.reader.rest();
        let (tlv, needed) = (u16_at(rest, 0), usize::from(u16_at(rest, 2)));
        let value = self.reader.u32().and_then(|_| self.reader.bytes(needed));
        if value.is_none() {
            // Nothing after this can be found.
            self.reader = Reader::new(&[]);
        }
        let got = rest.len().saturating_sub(TLV_HEADER_LEN);
        Some(value.map(|value| (tlv, value)).ok_or(ControlError::Truncated { tlv, needed, got }))
    }
}

/// Declares the value of a TLV: a struct whose fields travel in the order in which they are written here.
macro_rules! layout {
    ($(
        $(#[doc = $doc:literal])*
        pub struct $name:ident = $kind:literal $title:literal {
            $($(#[doc = $field_doc:literal])* $field:ident: $type:ty,)+
        }
    )+) => {$(
        $(#[doc = $doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name { $($(#[doc = $field_doc])* pub $field: $type,)+ }

        impl $crate::wire::ocp809::control::tlv::Value for $name {
            const DOC: $crate::wire::ocp809::control::tlv::TlvDoc = $crate::wire::ocp809::control::tlv::TlvDoc {
                kind: $kind,
                name: $title,
                about: concat!($($doc),*),
                fields: &[$($crate::wire::ocp809::control::tlv::FieldDoc {
                    name: stringify!($field),
                    about: concat!($($field_doc),*),
                    wire: <$type as $crate::wire::ocp809::control::values::Field>::WIRE,
                    len: <$type as $crate::wire::ocp809::control::values::Field>::LEN,
                    values: <$type as $crate::wire::ocp809::control::values::Field>::VALUES,
                },)+],
            };

            fn parse(value: &[u8]) -> Option<Self> {
                let mut reader = $crate::wire::field::Reader::new(value);
                Some(Self {
                    $($field: <$type as $crate::wire::ocp809::control::values::Field>::read(&mut reader)?,)+
                })
            }

            fn emit_value(&self, out: &mut Vec<u8>) {
                $($crate::wire::ocp809::control::values::Field::write(&self.$field, out);)+
            }

            fn describe(&self, each: &mut dyn FnMut(&'static str, ::core::fmt::Arguments<'_>)) {
                $(each(
                    stringify!($field),
                    format_args!("{}", ::core::fmt::from_fn(
                        |f| $crate::wire::ocp809::control::values::Field::show(&self.$field, f),
                    )),
                );)+
            }
        }
    )+};
}
pub(super) use layout;

/// Declares an enum over TLV values.
macro_rules! one_of {
    ($(#[$doc:meta])* pub enum $name:ident { $($case:ident,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[expect(missing_docs, reason = "each value is documented at its own type")]
        pub enum $name { $($case($case),)+ }

        impl $name {
            /// What there is to know about each type.
            pub const DOCS: &'static [$crate::wire::ocp809::control::tlv::TlvDoc] =
                &[$(<$case as $crate::wire::ocp809::control::tlv::Value>::DOC,)+];

            /// Reads the value of a type; `None` when the type is not one of these.
            #[must_use]
            pub fn parse(
                kind: u16, value: &[u8],
            ) -> Option<Result<Self, $crate::wire::ocp809::control::ControlError>> {
                use $crate::wire::ocp809::control::tlv::Value;
                $(if kind == <$case as Value>::DOC.kind {
                    return Some(<$case as Value>::parse_named(value).map(Self::$case));
                })+
                None
            }

            /// The TLV's type.
            #[must_use]
            pub const fn kind(&self) -> u16 {
                self.doc().kind
            }

            /// Type, name and fields.
            #[must_use]
            pub const fn doc(&self) -> &'static $crate::wire::ocp809::control::tlv::TlvDoc {
                match self { $(Self::$case(_) => &<$case as $crate::wire::ocp809::control::tlv::Value>::DOC,)+ }
            }

            /// Appends the whole TLV.
            pub fn emit(&self, out: &mut Vec<u8>) {
                match self { $(Self::$case(value) => $crate::wire::ocp809::control::tlv::Value::emit(value, out),)+ }
            }

            /// Names and shows every field.
            pub fn describe(&self, each: &mut dyn FnMut(&'static str, ::core::fmt::Arguments<'_>)) {
                match self {
                    $(Self::$case(value) => $crate::wire::ocp809::control::tlv::Value::describe(value, each),)+
                }
            }
        }
    };
}
pub(super) use one_of;

/// Declares a body made of TLVs: `one` must be there, `maybe` may, `many` may repeat, `settings` takes all settings.
macro_rules! body {
    ($(
        $(#[$doc:meta])*
        pub struct $name:ident { $($(#[$field_doc:meta])* $how:ident $field:ident: $type:ty,)+ }
    )+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $crate::wire::ocp809::control::tlv::body!(@type $how $type),)+
        }

        impl $name {
            /// Reads the body; TLVs that do not belong to it are skipped, a repeated single one counts the last time.
            pub(super) fn parse(body: &[u8]) -> Result<Self, $crate::wire::ocp809::control::ControlError> {
                $(let mut $field = Vec::<$type>::new();)+
                for tlv in $crate::wire::ocp809::control::tlv::Tlvs::new(body) {
                    let (kind, value) = tlv?;
                    $($crate::wire::ocp809::control::tlv::body!(@take $how $field, $type, kind, value);)+
                }
                Ok(Self { $($field: $crate::wire::ocp809::control::tlv::body!(@finish $how $field, $type),)+ })
            }

            /// Appends the body's TLVs.
            pub(super) fn emit(&self, out: &mut Vec<u8>) {
                $($crate::wire::ocp809::control::tlv::body!(@emit $how self.$field, out);)+
            }
        }
    )+};
    (@type one $type:ty) => { $type };
    (@type maybe $type:ty) => { Option<$type> };
    (@type many $type:ty) => { Vec<$type> };
    (@type settings $type:ty) => { Vec<$type> };
    (@take settings $field:ident, $type:ty, $kind:ident, $value:ident) => {
        if let Some(setting) = <$type>::parse($kind, $value) {
            $field.push(setting?);
        }
    };
    (@take $how:ident $field:ident, $type:ty, $kind:ident, $value:ident) => {
        if $kind == <$type as $crate::wire::ocp809::control::tlv::Value>::DOC.kind {
            $field.push(<$type as $crate::wire::ocp809::control::tlv::Value>::parse_named($value)?);
        }
    };
    (@finish one $field:ident, $type:ty) => {
        $field.pop().ok_or($crate::wire::ocp809::control::ControlError::Missing {
            tlv: <$type as $crate::wire::ocp809::control::tlv::Value>::DOC.kind,
        })?
    };
    (@finish maybe $field:ident, $type:ty) => { $field.pop() };
    (@finish $how:ident $field:ident, $type:ty) => { $field };
    (@emit one $self:ident.$field:ident, $out:ident) => {
        $crate::wire::ocp809::control::tlv::Value::emit(&$self.$field, $out)
    };
    (@emit settings $self:ident.$field:ident, $out:ident) => { $self.$field.iter().for_each(|setting| setting.emit($out)) };
    (@emit $how:ident $self:ident.$field:ident, $out:ident) => {
        $self.$field.iter().for_each(|value| $crate::wire::ocp809::control::tlv::Value::emit(value, $out))
    };
}
pub(super) use body;

/// Any TLV that this version knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tlv {
    /// A setting of a card.
    Setting(Setting),
    /// Anything else.
    Other(super::body::Item),
}

impl Tlv {
    /// Reads the value of a type; `None` when this version does not know the type.
    #[must_use]
    pub fn parse(kind: u16, value: &[u8]) -> Option<Result<Self, ControlError>> {
        let setting = Setting::parse(kind, value).map(|setting| setting.map(Self::Setting));
        setting.or_else(|| super::body::Item::parse(kind, value).map(|item| item.map(Self::Other)))
    }

    /// What there is to know about each type, by rising number.
    #[must_use]
    pub fn docs() -> Vec<TlvDoc> {
        let mut docs: Vec<TlvDoc> = Setting::DOCS.iter().chain(super::body::Item::DOCS).copied().collect();
        docs.sort_by_key(|doc| doc.kind);
        docs
    }

    /// Type, name and fields.
    #[must_use]
    pub const fn doc(&self) -> &'static TlvDoc {
        match self {
            Self::Setting(setting) => setting.doc(),
            Self::Other(item) => item.doc(),
        }
    }

    /// Names and shows every field.
    pub fn describe(&self, each: &mut dyn FnMut(&'static str, fmt::Arguments<'_>)) {
        match self {
            Self::Setting(setting) => setting.describe(each),
            Self::Other(item) => item.describe(each),
        }
    }
}

//! Stable names of things on a wall, and the small indices that replace them once a wall is validated.
//!
//! Files and people use the string ids; plans, packets and status tables use the indices.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! string_id {
    ($($(#[$doc:meta])* $name:ident)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }
    )+};
}

string_id! {
    /// One LED surface with its own raster and pitch.
    ScreenId
    /// One mechanical unit of a wall with its card.
    CabinetId
    /// One Ethernet output.
    PortId
    /// A kind of cabinet.
    CabinetModelId
    /// A kind of module.
    ModuleModelId
    /// A named set of cabinets.
    GroupId
}

macro_rules! index {
    ($($(#[$doc:meta])* $name:ident($inner:ty))+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl $name {
            /// The position in the wall's list.
            #[must_use]
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }
    )+};
}

index! {
    /// Position of a screen in the wall's list.
    ScreenIndex(u16)
    /// Position of a port in the wall's list.
    PortIndex(u16)
    /// Position of a cabinet in the wall's list.
    CabinetIndex(u32)
    /// Position of a module in the wall's list.
    ModuleIndex(u32)
}

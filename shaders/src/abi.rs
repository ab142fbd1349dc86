//! What Rust and WGSL share: each struct and constant is declared here once, and both texts come from that declaration.
//!
//! Storage structs hold only 32-bit words, so that their layout is the same by C's rules and by WGSL's; uniform structs
//! keep WGSL's alignment by explicit padding. A test compares every offset with what naga computes from the WGSL text.

use bytemuck::{Pod, Zeroable};
use ocp809_calibration::lut::{byte, fixed, output};

use crate::cpu::dither::PLACES;
use crate::cpu::transfer::LUMINANCE;

/// Declares structs with their WGSL types: emits the Rust struct, its WGSL text, and its offsets for the test.
macro_rules! gpu_struct {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $rust:ty => $wgsl:literal),+ $(,)? })+) => {
        $(
            $(#[$doc])*
            #[repr(C)]
            #[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
            pub(crate) struct $name {
                $($(#[$field_doc])* pub(crate) $field: $rust,)+
            }
        )+

        /// The structs in WGSL.
        const STRUCTS: &str = concat!($("struct ", stringify!($name), " {\n", $("    ", stringify!($field), ": ", $wgsl, ",\n",)+ "}\n\n",)+);

        /// Name, size and field offsets of each struct in Rust.
        #[cfg(test)]
        const LAYOUTS: &[(&str, usize, &[(&str, usize)])] = &[
            $((
                stringify!($name),
                size_of::<$name>(),
                &[$((stringify!($field), core::mem::offset_of!($name, $field)),)+],
            ),)+
        ];
    };
}

/// Declares constants for both: `NAME = value, "why"`.
macro_rules! gpu_consts {
    ($($(#[$doc:meta])* $name:ident = $value:expr;)+) => {
        $($(#[$doc])* pub(crate) const $name: u32 = $value;)+

        /// Name and value of every constant.
        const CONSTS: &[(&str, u32)] = &[$((stringify!($name), $name),)+];
    };
}

gpu_consts! {
    /// "There is none", for an offset or index.
    NONE = u32::MAX;
    /// Light of white.
    ONE = fixed::ONE;
    /// The brightest light.
    LIGHT_MAX = fixed::LIGHT_MAX;
    /// Base-2 logarithm of table entries per octave.
    OCTAVE_BITS = fixed::OCTAVE_BITS;
    /// Bits of a value.
    VALUE_BITS = output::VALUE_BITS;
    /// Weight of red in scene luminance.
    LUMINANCE_RED = LUMINANCE[0];
    /// Weight of green in scene luminance.
    LUMINANCE_GREEN = LUMINANCE[1];
    /// Weight of blue in scene luminance.
    LUMINANCE_BLUE = LUMINANCE[2];
    /// Samples are red, green, blue.
    MODEL_RGB = 0;
    /// Samples are luma and two colour differences.
    MODEL_YUV = 1;
    /// Samples are luma.
    MODEL_GRAY = 2;
    /// Code values pass.
    LAW_PASS = 0;
    /// Light is proportional to the code.
    LAW_LINEAR = 1;
    /// Light to code by a table.
    LAW_TABLE = 2;
    /// Light to code of 8 bits by a table.
    LAW_BYTES = 3;
    /// Added to light before it is looked up in a table of 8-bit codes.
    BYTE_OFFSET = byte::OFFSET;
    /// Such light from here on has the coarser values.
    BYTE_BRIGHT = byte::BRIGHT;
    /// The first stretch below.
    BYTE_FIRST_DARK = byte::FIRST_DARK;
    /// Bits behind the point of the coarser values.
    BYTE_BRIGHT_FRACTION = byte::BRIGHT_FRACTION;
    /// No calibration.
    CORRECTION_NONE = 0;
    /// One matrix per module.
    CORRECTION_MODULE = 1;
    /// One matrix per pixel.
    CORRECTION_PIXELS = 2;
}

gpu_struct! {
    /// What changes from frame to frame, and how samples are read. A uniform.
    Frame {
        /// Lower bits of the presentation frame's index.
        phase: u32 => "u32",
        /// Groups of the whole frame.
        groups: u32 => "u32",
        /// Width and height of the source.
        size: [u32; 2] => "vec2<u32>",
        /// Base-2 logarithms of the columns and rows that share a chroma sample.
        chroma: [u32; 2] => "vec2<u32>",
        /// Whether shared samples lie in the middle of their columns.
        centered: u32 => "u32",
        /// One of `MODEL_*`.
        model: u32 => "u32",
        /// Byte of the first sample of each component.
        bases: [u32; 4] => "vec4<u32>",
        /// Bytes from row to row of each component.
        strides: [u32; 4] => "vec4<u32>",
        /// Bytes from sample to sample of each component.
        steps: [u32; 4] => "vec4<u32>",
        /// Red from Cr, green from Cb, green from Cr, blue from Cb.
        chroma_gains: [i32; 4] => "vec4<i32>",
        /// Bytes of a sample.
        sample_bytes: u32 => "u32",
        /// Right shift of a stored word.
        sample_shift: u32 => "u32",
        /// Bits of a sample.
        bits: u32 => "u32",
        /// Whether luma is of full range.
        full: u32 => "u32",
        /// The 16-bit sample of black.
        black: i32 => "i32",
        /// Gain of luma.
        luma: i32 => "i32",
        /// Brings the size to a multiple of 16.
        padding: [u32; 2] => "vec2<u32>",
    }

    /// Everything that is done to the pixels of a module.
    Tile {
        /// Top left source pixel of its screen.
        origin: [u32; 2] => "array<u32, 2>",
        /// Width of its screen.
        width: u32 => "u32",
        /// First pixel of its screen in the scaled light, or `NONE`.
        light: u32 => "u32",
        /// First matrix of its screen.
        pixels: u32 => "u32",
        /// Table of code to light.
        input_table: u32 => "u32",
        /// Table of HLG's gain, or `NONE`.
        ootf_table: u32 => "u32",
        /// 3D table.
        lut_table: u32 => "u32",
        /// Points per side of the 3D table; 0 without one.
        lut_side: u32 => "u32",
        /// Table of the knee's gain; `NONE` without a gamut stage.
        knee_table: u32 => "u32",
        /// Source primaries to wall primaries.
        gamut: [i32; 9] => "array<i32, 9>",
        /// Levels of red, green and blue.
        levels: [u32; 3] => "array<u32, 3>",
        /// One of `CORRECTION_*`.
        correction: u32 => "u32",
        /// Its matrix, or the base of its pixels' matrices.
        matrix: [i32; 9] => "array<i32, 9>",
        /// Base-2 logarithm of the steps from the base.
        matrix_shift: u32 => "u32",
        /// One of `LAW_*`.
        law: u32 => "u32",
        /// Bits of a code.
        bits: u32 => "u32",
        /// Table of light to value.
        output_table: u32 => "u32",
        /// Table of the low-grey loss, or `NONE`.
        loss_table: u32 => "u32",
        /// Shares of the loss.
        scalars: [i32; 3] => "array<i32, 3>",
        /// Frames of the dither; 0 rounds.
        period: u32 => "u32",
    }

    /// A run of the slice plan, with what is known of its packet.
    Run {
        /// Column of the first pixel.
        x: u32 => "u32",
        /// Row of the first pixel.
        y: u32 => "u32",
        /// Column change from pixel to pixel.
        step_x: i32 => "i32",
        /// Row change from pixel to pixel.
        step_y: i32 => "i32",
        /// Index of the first pixel in the packet.
        first_pixel: u32 => "u32",
        /// Pixels.
        length: u32 => "u32",
        /// The tile; `NONE` for black pixels.
        tile: u32 => "u32",
        /// Channels in the order of the wire, two bits each, the first lowest.
        order: u32 => "u32",
        /// Pixels of the packet.
        packet_pixels: u32 => "u32",
        /// First word of the payload.
        payload_word: u32 => "u32",
        /// First word after the payload.
        payload_end: u32 => "u32",
        /// Bits of a sample.
        bits: u32 => "u32",
    }

    /// A group of whole words, the work of one thread.
    Group {
        /// Its first word in packet memory.
        word: u32 => "u32",
        /// The run of its first pixel.
        run: u32 => "u32",
    }

    /// One axis of a scaler.
    ScaleAxis {
        /// Table of the first source pixel of each output pixel.
        first: u32 => "u32",
        /// Table of weights.
        weights: u32 => "u32",
        /// Weights per output pixel.
        taps: u32 => "u32",
        /// Source pixels.
        source: u32 => "u32",
    }

    /// The scaling of one screen. A uniform.
    Resample {
        /// Along rows.
        x: ScaleAxis => "ScaleAxis",
        /// Along columns.
        y: ScaleAxis => "ScaleAxis",
        /// Size of the screen.
        size: [u32; 2] => "vec2<u32>",
        /// Top left source pixel.
        origin: [u32; 2] => "vec2<u32>",
        /// A tile of the screen: which tables make light.
        tile: u32 => "u32",
        /// First pixel in the scaled light.
        light: u32 => "u32",
        /// Brings the size to a multiple of 16.
        padding: [u32; 2] => "vec2<u32>",
    }
}

/// The text in front of every shader: constants, structs and the places of the dither.
pub(crate) fn preamble() -> String {
    let consts = CONSTS.iter().map(|(name, value)| format!("const {name}: u32 = {value}u;"));
    // Four places of four bits per word, the first lowest: one word per row of a block.
    let rows = PLACES.as_chunks::<4>().0.iter().map(|row| row.iter().rev().fold(0, |packed, place| (packed << 4) | place));
    let rows: Vec<String> = rows.map(|packed: u32| format!("{packed}u")).collect();
    let places = format!("const PLACES = array<u32, 4>({});", rows.join(", "));
    let lines: Vec<String> = consts.chain([places]).collect();
    format!("// Emitted from src/abi.rs.\n{}\n\n{STRUCTS}", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_and_sizes_are_those_that_wgsl_gives() {
        let module = naga::front::wgsl::parse_str(&preamble()).expect("the declarations parse");
        for (name, size, fields) in LAYOUTS {
            let (_, kind) = module.types.iter().find(|(_, kind)| kind.name.as_deref() == Some(name)).expect("declared");
            let naga::TypeInner::Struct { members, span } = &kind.inner else { panic!("{name} is no struct") };
            assert_eq!(*span as usize, *size, "size of {name}");
            for ((field, offset), member) in fields.iter().zip(members) {
                assert_eq!(member.name.as_deref(), Some(*field), "order of {name}");
                assert_eq!(member.offset as usize, *offset, "{name}.{field}");
            }
        }
    }
}

//! Quantised tables of the pixel path, built in f64 once and read as integers for every pixel.
//!
//! Light is an integer everywhere: [`ONE`](fixed::ONE) is the wall's full white, and values up to 32 times that survive
//! until the knee. Each table carries the integer function that reads it; these functions *are* the definition of the
//! pixel path's arithmetic, and every faster implementation must return the same numbers.

pub mod byte;
pub mod cube;
pub mod fixed;
pub mod gain;
pub mod light;
pub mod loss;
pub mod lut3d;
pub mod matrix;
pub mod output;

pub use byte::ByteTable;
pub use cube::CubeError;
pub use gain::{GainTable, Knee};
pub use light::LightTable;
pub use loss::{LossCurve, LossTable};
pub use lut3d::Lut3d;
pub use matrix::{CorrectionMatrix, MatrixBase, MatrixError, PackedMatrix};
pub use output::OutputTable;

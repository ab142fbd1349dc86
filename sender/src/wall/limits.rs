//! Upper bounds of a wall. They keep every later sum inside its integer type and a hostile document out of memory.

/// LED pixels of a wall, and raster positions of one screen: 32 UHD pictures.
pub const MAX_PIXELS: u64 = 1 << 28;
/// Modules of a wall: [`MAX_PIXELS`] in boards of 32x32.
pub const MAX_MODULES: u64 = 1 << 18;
/// Modules of one cabinet.
pub const MAX_MODULES_PER_CABINET: u64 = 4096;
/// Rows of all modules, which bound the runs of a slice plan: [`MAX_PIXELS`] in rows of 32.
pub const MAX_MODULE_ROWS: u64 = 1 << 23;
/// Screens of a wall.
pub const MAX_SCREENS: usize = 256;
/// Ports of a wall: the last byte of the stream's group address counts them.
pub const MAX_PORTS: usize = 256;
/// Cards of one cascade: an OCP-809 control packet is forwarded 254 times at most, and the index of a Colorlight discovery
/// request is one byte.
pub const MAX_CASCADE: usize = 255;
/// Rows and columns of a screen, of a source picture, and of a port's canvas: Colorlight counts both in 16 bits.
pub const MAX_RASTER: u32 = 65_535;
/// Characters of an id.
pub const MAX_ID_CHARS: usize = 64;
/// Problems that are listed one by one; more are counted.
pub const MAX_PROBLEMS: usize = 200;
/// Link rates in Mbit/s for which Ethernet cards exist and the protocols are specified.
pub const LINK_RATES_MBIT: [u32; 5] = [1000, 2500, 5000, 10_000, 25_000];
/// Largest share of the frame period over which packets are spread, in percent: the rest is for late ones and the latch.
pub const MAX_SPREAD_PERCENT: u8 = 95;
/// Quarter turns in degrees.
pub const ROTATIONS: [u32; 4] = [0, 90, 180, 270];

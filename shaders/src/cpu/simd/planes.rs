//! Tables over bytes, cut into the bytes of their entries: the form in which 64 of them are looked up at once.

/// An entry of a table over bytes.
pub(crate) trait Entry: Copy + Default {
    /// Its bytes, the lowest first; those beyond its size are 0.
    fn bytes(self) -> [u8; 4];

    /// Bytes of an entry.
    const BYTES: usize;
}

impl Entry for u16 {
    fn bytes(self) -> [u8; 4] {
        let [a, b] = self.to_le_bytes();
        [a, b, 0, 0]
    }

    const BYTES: usize = 2;
}

impl Entry for u32 {
    fn bytes(self) -> [u8; 4] {
        self.to_le_bytes()
    }

    const BYTES: usize = 4;
}

/// One table per channel, whole and in planes.
#[derive(Debug, Clone)]
pub(crate) struct Planes<T> {
    /// The tables as they are.
    pub(crate) whole: [[T; 256]; 3],
    /// For each channel, byte 0 of all its entries, byte 1, and so on.
    pub(super) planes: [[[u8; 256]; 4]; 3],
}

impl<T: Entry> Planes<T> {
    /// These tables.
    pub(crate) fn new(whole: [[T; 256]; 3]) -> Self {
        let mut planes = [[[0; 256]; 4]; 3];
        for (planes, table) in planes.iter_mut().zip(&whole) {
            for (at, entry) in table.iter().enumerate() {
                for (plane, byte) in planes.iter_mut().zip(entry.bytes()) {
                    if let Some(slot) = plane.get_mut(at) {
                        *slot = byte;
                    }
                }
            }
        }
        Self { whole, planes }
    }
}

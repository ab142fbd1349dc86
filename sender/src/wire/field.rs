//! Big-endian fields in byte slices, read and written without a way to panic.
//!
//! Fixed layouts use the `*_at` and `put_*` functions on buffers whose length was checked once; outside the buffer they
//! read 0 and write nothing. Variable layouts (TLVs) use [`Reader`] and [`Writer`], which report the end.

/// `N` bytes from `at`; zeros where the buffer ends earlier.
#[must_use]
#[inline]
pub fn array_at<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes.get(at..).and_then(<[u8]>::first_chunk::<N>).copied().unwrap_or([0; N])
}

/// The byte at `at`.
#[must_use]
#[inline]
pub fn u8_at(bytes: &[u8], at: usize) -> u8 {
    bytes.get(at).copied().unwrap_or(0)
}

/// The 16-bit field at `at`.
#[must_use]
#[inline]
pub fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes(array_at(bytes, at))
}

/// The 32-bit field at `at`.
#[must_use]
#[inline]
pub fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(array_at(bytes, at))
}

/// The 64-bit field at `at`.
#[must_use]
#[inline]
pub fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_be_bytes(array_at(bytes, at))
}

/// Copies `value` to `at`, whole or not at all.
#[inline]
pub fn put_bytes(bytes: &mut [u8], at: usize, value: &[u8]) {
    if let Some(place) = bytes.get_mut(at..).and_then(|rest| rest.get_mut(..value.len())) {
        place.copy_from_slice(value);
    }
}

/// Writes the byte at `at`.
#[inline]
pub fn put_u8(bytes: &mut [u8], at: usize, value: u8) {
    put_bytes(bytes, at, &[value]);
}

/// Writes the 16-bit field at `at`.
#[inline]
pub fn put_u16(bytes: &mut [u8], at: usize, value: u16) {
    put_bytes(bytes, at, &value.to_be_bytes());
}

/// Writes the 32-bit field at `at`.
#[inline]
pub fn put_u32(bytes: &mut [u8], at: usize, value: u32) {
    put_bytes(bytes, at, &value.to_be_bytes());
}

/// Writes the 64-bit field at `at`.
#[inline]
pub fn put_u64(bytes: &mut [u8], at: usize, value: u64) {
    put_bytes(bytes, at, &value.to_be_bytes());
}

/// Reads fields one after the other; every read answers `None` once the bytes are used up.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// A reader at the start of `bytes`.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What was not read yet.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Whether everything was read.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.rest.split_first_chunk::<N>()?;
        self.rest = rest;
        Some(*head)
    }

    /// The next `length` bytes.
    pub fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(head)
    }

    /// The next byte.
    pub fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_be_bytes)
    }

    /// The next 16-bit field.
    pub fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    /// The next 32-bit field.
    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// The next 64-bit field.
    pub fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }
}

/// Writes fields one after the other; a field that does not fit is left out whole and [`Writer::finish`] says so.
#[derive(Debug)]
pub struct Writer<'a> {
    bytes: &'a mut [u8],
    at: usize,
    overflowed: bool,
}

impl<'a> Writer<'a> {
    /// A writer at the start of `bytes`.
    #[must_use]
    pub const fn new(bytes: &'a mut [u8]) -> Self {
        Self { bytes, at: 0, overflowed: false }
    }

    /// Bytes written so far.
    #[must_use]
    pub const fn written(&self) -> usize {
        self.at
    }

    /// The bytes written so far, for a length or a sum that is known only now.
    pub fn written_mut(&mut self) -> &mut [u8] {
        self.bytes.get_mut(..self.at).unwrap_or_default()
    }

    /// Bytes written in all; `None` when a field did not fit.
    #[must_use]
    pub const fn finish(self) -> Option<usize> {
        if self.overflowed { None } else { Some(self.at) }
    }

    /// Appends bytes.
    pub fn bytes(&mut self, value: &[u8]) -> &mut Self {
        let end = self.at.saturating_add(value.len());
        match self.bytes.get_mut(self.at..end) {
            Some(place) if !self.overflowed => {
                place.copy_from_slice(value);
                self.at = end;
            }
            _ => self.overflowed = true,
        }
        self
    }

    /// Appends a byte.
    pub fn u8(&mut self, value: u8) -> &mut Self {
        self.bytes(&[value])
    }

    /// Appends a 16-bit field.
    pub fn u16(&mut self, value: u16) -> &mut Self {
        self.bytes(&value.to_be_bytes())
    }

    /// Appends a 32-bit field.
    pub fn u32(&mut self, value: u32) -> &mut Self {
        self.bytes(&value.to_be_bytes())
    }

    /// Appends a 64-bit field.
    pub fn u64(&mut self, value: u64) -> &mut Self {
        self.bytes(&value.to_be_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_outside_the_buffer_read_zero_and_write_nothing() {
        let mut bytes = [0xa5_u8; 5];
        assert_eq!(u32_at(&bytes, 2), 0, "reaches one byte over the end");
        assert_eq!(u32_at(&bytes, usize::MAX), 0, "far outside");
        put_u32(&mut bytes, 2, 1);
        put_u64(&mut bytes, usize::MAX, 1);
        assert_eq!(bytes, [0xa5; 5], "nothing is written in part");
        put_u32(&mut bytes, 1, 0x0102_0304);
        assert_eq!(bytes, [0xa5, 1, 2, 3, 4], "big-endian");
    }

    #[test]
    fn a_reader_ends_without_taking_part_of_a_field() {
        let mut reader = Reader::new(&[1, 2, 3]);
        assert_eq!(reader.u16(), Some(0x0102), "first field");
        assert_eq!(reader.u16(), None, "one byte is not two");
        assert_eq!((reader.u8(), reader.is_empty()), (Some(3), true), "the byte is still there");
    }

    #[test]
    fn a_writer_stops_at_the_first_field_that_does_not_fit() {
        let mut bytes = [0xa5_u8; 4];
        let mut writer = Writer::new(&mut bytes);
        writer.u16(0x0102).u32(7).u8(9);
        assert_eq!(writer.finish(), None, "overflow is reported");
        assert_eq!(bytes, [1, 2, 0xa5, 0xa5], "what follows an overflow is not written either");
    }
}

//! Memory that this process shares with the kernel: what packets are sent from in place, and the rings that say so.
//! All `unsafe` code about mapped memory is in this file.
#![expect(unsafe_code, reason = "std maps no memory")]

use core::fmt;
use core::ops::{Deref, DerefMut};
use core::ptr::{NonNull, null_mut};
use core::sync::atomic::{AtomicU32, AtomicU64};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::sync::Arc;

/// Bytes of a page on this machine: mappings begin at a multiple of it and end at one.
pub(super) fn page() -> usize {
    // SAFETY: no pointers are passed.
    let bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(bytes).ok().filter(|bytes| bytes.is_power_of_two()).unwrap_or(4_096)
}

/// Mapped memory, unmapped when it is dropped.
pub(super) struct Mapping {
    start: NonNull<u8>,
    bytes: usize,
}

// SAFETY: the memory belongs to the process, not to a thread; what may be accessed through shared references is atomic.
unsafe impl Send for Mapping {}
// SAFETY: as above.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Zeroed memory of the process itself.
    pub(super) fn anonymous(bytes: usize) -> io::Result<Self> {
        Self::map(bytes, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1, 0)
    }

    /// Memory that the kernel offers behind a descriptor. The mapping keeps what is behind the descriptor open.
    pub(super) fn of_descriptor(descriptor: BorrowedFd<'_>, bytes: usize, offset: libc::off_t) -> io::Result<Self> {
        Self::map(bytes, libc::MAP_SHARED | libc::MAP_POPULATE, descriptor.as_raw_fd(), offset)
    }

    fn map(bytes: usize, flags: libc::c_int, descriptor: libc::c_int, offset: libc::off_t) -> io::Result<Self> {
        let bytes = bytes.next_multiple_of(page());
        // SAFETY: the kernel chooses the address, so that nothing that exists is touched; the result is checked.
        let start = unsafe { libc::mmap(null_mut(), bytes, libc::PROT_READ | libc::PROT_WRITE, flags, descriptor, offset) };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start.cast()).ok_or_else(|| io::Error::from(io::ErrorKind::OutOfMemory))?;
        Ok(Self { start, bytes })
    }

    /// Its address.
    pub(super) fn address(&self) -> usize {
        self.start.as_ptr().addr()
    }

    /// Its size in bytes, whole pages.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// A word that the kernel reads or writes as well; `None` where none lies. Only of mappings without [`Region`]s.
    pub(super) fn word(&self, offset: usize) -> Option<&AtomicU32> {
        let place = self.place::<AtomicU32>(offset)?;
        // SAFETY: it lies in the mapping and is aligned; nobody accesses these bytes but by atomics, and the kernel.
        Some(unsafe { AtomicU32::from_ptr(place.cast().as_ptr()) })
    }

    /// As [`Mapping::word`], of 64 bits.
    pub(super) fn long(&self, offset: usize) -> Option<&AtomicU64> {
        let place = self.place::<AtomicU64>(offset)?;
        // SAFETY: it lies in the mapping and is aligned; nobody accesses these bytes but by atomics, and the kernel.
        Some(unsafe { AtomicU64::from_ptr(place.cast().as_ptr()) })
    }

    /// The place of a `T`, when it lies in the mapping and is aligned.
    fn place<T>(&self, offset: usize) -> Option<NonNull<T>> {
        let fits = offset.checked_add(size_of::<T>()).is_some_and(|end| end <= self.bytes);
        if !fits || !offset.is_multiple_of(align_of::<T>()) {
            return None;
        }
        // SAFETY: the offset was compared with the mapping's size.
        Some(unsafe { self.start.add(offset) }.cast())
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: this is what was mapped, and nothing borrows from it any more. A failure would leave it mapped.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.bytes) };
    }
}

impl fmt::Debug for Mapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mapping").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

/// A part of a mapping with one owner, as bytes. The kernel only reads it, when it is told to; it stays valid when
/// whoever told the kernel of it is gone.
#[derive(Debug)]
pub(super) struct Region {
    mapping: Arc<Mapping>,
    start: usize,
    bytes: usize,
}

impl Region {
    /// All of a mapping.
    pub(super) fn whole(mapping: Mapping) -> Self {
        let bytes = mapping.bytes();
        Self { mapping: Arc::new(mapping), start: 0, bytes }
    }

    /// The first `at` bytes, or all, and the rest.
    pub(super) fn split_at(self, at: usize) -> (Self, Self) {
        let at = at.min(self.bytes);
        let rest = Self { mapping: Arc::clone(&self.mapping), start: self.start + at, bytes: self.bytes - at };
        (Self { bytes: at, ..self }, rest)
    }

    /// The address of its first byte.
    pub(super) fn address(&self) -> usize {
        self.mapping.address() + self.start
    }
}

impl Deref for Region {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: regions of a mapping lie inside it and do not overlap, so that this one's bytes are its own.
        unsafe { core::slice::from_raw_parts(self.mapping.start.as_ptr().add(self.start), self.bytes) }
    }
}

impl DerefMut for Region {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above; the region is borrowed mutably.
        unsafe { core::slice::from_raw_parts_mut(self.mapping.start.as_ptr().add(self.start), self.bytes) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::sync::atomic::Ordering;

    #[test]
    fn regions_share_a_mapping_and_outlive_each_other() {
        let (mut front, mut back) = Region::whole(Mapping::anonymous(page() + 1).unwrap()).split_at(100);
        assert_eq!((front.len(), back.len()), (100, 2 * page() - 100), "whole pages, cut at 100");
        assert!(front.iter().chain(back.iter()).all(|&byte| byte == 0), "zeroed");
        assert_eq!(back.address(), front.address() + 100, "one after the other");
        front.fill(1);
        back.fill(2);
        drop(back);
        assert!(front.iter().all(|&byte| byte == 1), "its bytes are its own, and still there");
        let (all, none) = front.split_at(1_000);
        assert_eq!((all.len(), none.len()), (100, 0), "cut beyond its end");
    }

    #[test]
    fn words_lie_inside_and_aligned_or_nowhere() {
        let page = page();
        let mapping = Mapping::anonymous(page).unwrap();
        mapping.word(8).unwrap().store(0x0102_0304, Ordering::Relaxed);
        assert_eq!(mapping.long(8).unwrap().load(Ordering::Relaxed), 0x0102_0304, "the same bytes");
        for outside in [1, 2, page - 3, page, usize::MAX, usize::MAX - 3] {
            assert!(mapping.word(outside).is_none(), "{outside}");
        }
        assert!(mapping.long(4).is_none() && mapping.long(page - 4).is_none(), "8 bytes at a multiple of 8");
    }

    #[test]
    fn a_mapping_that_the_system_refuses_is_an_error() {
        assert!(Mapping::anonymous(0).is_err(), "nothing");
        assert!(Mapping::anonymous(1 << 62).is_err(), "more than there is");
    }
}

//! Page-aligned memory, as direct io needs it: the part of `Vec` that is used, with an alignment.
#![allow(unsafe_code)] // raw memory is the point of this file; each block says why it is sound

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::ptr::NonNull;

use crate::fs::ALIGNMENT;

/// Memory of a fixed capacity, a multiple of [`ALIGNMENT`] and not zero, of which the first `len` bytes have been written.
pub(crate) struct Memory {
    start: NonNull<u8>,
    capacity: usize,
    len: usize,
}

// SAFETY: it owns its bytes like a `Vec<u8>`; nothing about them is bound to a thread.
unsafe impl Send for Memory {}
// SAFETY: as above; through a shared reference it can only be read.
unsafe impl Sync for Memory {}

impl Memory {
    /// Empty, with room for at least `capacity` bytes.
    pub(crate) fn with_capacity(capacity: usize) -> Memory {
        let capacity = capacity.max(1).next_multiple_of(ALIGNMENT as usize);
        let layout = layout(capacity);
        // SAFETY: the layout's size is not zero.
        let start = unsafe { alloc(layout) };
        let start = NonNull::new(start).unwrap_or_else(|| handle_alloc_error(layout));
        Memory {
            start,
            capacity,
            len: 0,
        }
    }

    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        // SAFETY: the first `len` bytes are ours and have been written.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }

    pub(crate) fn as_mut_slice(&mut self) -> &mut [u8] {
        // SAFETY: as in `as_slice`, and `self` is borrowed mutably.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }

    /// Appends bytes for which there is room.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        assert!(bytes.len() <= self.capacity - self.len);
        // SAFETY: the target lies within the capacity, behind what `bytes` can point to since `self` is borrowed mutably.
        unsafe {
            let end = self.start.as_ptr().add(self.len);
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), end, bytes.len());
        }
        self.len += bytes.len();
    }

    /// Appends zeroes up to `len`, for which there is room.
    pub(crate) fn zero_to(&mut self, len: usize) {
        assert!(self.len <= len && len <= self.capacity);
        // SAFETY: the range lies within the capacity.
        unsafe { std::ptr::write_bytes(self.start.as_ptr().add(self.len), 0, len - self.len) };
        self.len = len;
    }

    /// Forgets all bytes from `len` on.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// Where the kernel reads from or writes to; good for as long as this memory is kept.
    pub(super) fn start(&self) -> *mut u8 {
        self.start.as_ptr()
    }

    /// The kernel has written the first `len` bytes.
    ///
    /// # Safety
    /// It has.
    pub(super) unsafe fn written(&mut self, len: usize) {
        debug_assert!(len <= self.capacity);
        self.len = len;
    }
}

impl AsRef<[u8]> for Memory {
    fn as_ref(&self) -> &[u8] {
        self.as_slice()
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: allocated in `with_capacity` with this very layout.
        unsafe { dealloc(self.start.as_ptr(), layout(self.capacity)) };
    }
}

fn layout(capacity: usize) -> Layout {
    match Layout::from_size_align(capacity, ALIGNMENT as usize) {
        Ok(layout) => layout,
        Err(_) => panic!("{capacity} bytes of memory asked for"),
    }
}

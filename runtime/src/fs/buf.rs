//! Memory that a disk can read from directly.

use std::fmt;

use glommio::{allocate_dma_buffer_global, io::DmaBuffer};

use super::ALIGNMENT;

/// A growable byte buffer that starts on a page boundary, as direct writes need it.
///
/// Growing doubles and copies: give the size to [`Buf::with_capacity`] where it is known. The buffer that a
/// write gives back can be used again; its capacity is then what was written.
#[derive(Default)]
pub struct Buf {
    /// Never empty memory; its length is the capacity.
    memory: Option<DmaBuffer>,
    len: usize,
}

impl Buf {
    /// Empty, without memory.
    pub fn new() -> Self {
        Buf::default()
    }

    /// Empty, with room for `capacity` bytes, rounded up to the alignment.
    pub fn with_capacity(capacity: usize) -> Self {
        let mut buf = Buf::new();
        buf.reserve(capacity);
        buf
    }

    /// `len` zero bytes.
    pub fn zeroed(len: usize) -> Self {
        let mut buf = Buf::with_capacity(len);
        buf.resize(len);
        buf
    }

    /// Bytes in the buffer.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes it can hold without growing.
    pub fn capacity(&self) -> usize {
        self.memory.as_ref().map_or(0, DmaBuffer::len)
    }

    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        self.memory
            .as_ref()
            .map_or(&[], |memory| &memory.as_bytes()[..self.len])
    }

    /// The bytes, to be changed in place.
    pub fn as_mut_slice(&mut self) -> &mut [u8] {
        let len = self.len;
        self.memory
            .as_mut()
            .map_or(&mut [], |memory| &mut memory.as_bytes_mut()[..len])
    }

    /// Makes room for `more` bytes.
    pub fn reserve(&mut self, more: usize) {
        let wanted = self.len + more;
        if wanted <= self.capacity() {
            return;
        }
        let size = wanted
            .max(2 * self.len)
            .next_multiple_of(ALIGNMENT as usize);
        let mut memory = allocate_dma_buffer_global(size);
        memory.as_bytes_mut()[..self.len].copy_from_slice(self.as_slice());
        self.memory = Some(memory);
    }

    /// Appends bytes.
    pub fn extend_from_slice(&mut self, bytes: &[u8]) {
        self.reserve(bytes.len());
        let start = self.len;
        if let Some(memory) = &mut self.memory {
            memory.as_bytes_mut()[start..start + bytes.len()].copy_from_slice(bytes);
            self.len += bytes.len();
        }
    }

    /// Shortens, or lengthens with zeroes, to `len` bytes.
    pub fn resize(&mut self, len: usize) {
        if len > self.len {
            self.reserve(len - self.len);
            let start = self.len;
            if let Some(memory) = &mut self.memory {
                memory.as_bytes_mut()[start..len].fill(0);
            }
        }
        self.len = len;
    }

    /// Lengthens with zeroes to a multiple of `align` bytes.
    pub fn pad_to(&mut self, align: usize) {
        self.resize(self.len.next_multiple_of(align));
    }

    /// Empties it; the memory stays.
    pub fn clear(&mut self) {
        self.len = 0;
    }

    /// The memory, cut to the bytes in use; for the ring. None when empty.
    pub(crate) fn into_memory(self) -> Option<DmaBuffer> {
        let mut memory = self.memory.filter(|_| self.len > 0)?;
        memory.trim_to_size(self.len);
        Some(memory)
    }

    /// Wraps memory that is full of bytes.
    pub(crate) fn from_memory(memory: DmaBuffer) -> Self {
        Buf {
            len: memory.len(),
            memory: Some(memory),
        }
    }
}

impl std::ops::Deref for Buf {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        self.as_slice()
    }
}

impl std::ops::DerefMut for Buf {
    fn deref_mut(&mut self) -> &mut [u8] {
        self.as_mut_slice()
    }
}

impl From<&[u8]> for Buf {
    fn from(bytes: &[u8]) -> Self {
        let mut buf = Buf::with_capacity(bytes.len());
        buf.extend_from_slice(bytes);
        buf
    }
}

impl fmt::Debug for Buf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Buf({} of {} bytes)", self.len, self.capacity())
    }
}

//! Memory that a disk can read from directly.

use std::fmt;

use crate::real::memory::Memory;

/// A growable byte buffer that starts on a page boundary, as direct writes need it.
///
/// Growing doubles and copies: give the size to [`Buf::with_capacity`] where it is known. The buffer that a
/// write gives back keeps its memory and can be used again.
#[derive(Default)]
pub struct Buf(Option<Memory>);

impl Buf {
    /// Empty, without memory.
    pub fn new() -> Self {
        Buf::default()
    }

    /// Empty, with room for `capacity` bytes, rounded up to the alignment.
    pub fn with_capacity(capacity: usize) -> Self {
        Buf((capacity > 0).then(|| Memory::with_capacity(capacity)))
    }

    /// `len` zero bytes.
    pub fn zeroed(len: usize) -> Self {
        let mut buf = Buf::with_capacity(len);
        buf.resize(len);
        buf
    }

    /// Bytes in the buffer.
    pub fn len(&self) -> usize {
        self.0.as_ref().map_or(0, Memory::len)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes it can hold without growing.
    pub fn capacity(&self) -> usize {
        self.0.as_ref().map_or(0, Memory::capacity)
    }

    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        self.0.as_ref().map_or(&[], Memory::as_slice)
    }

    /// The bytes, to be changed in place.
    pub fn as_mut_slice(&mut self) -> &mut [u8] {
        self.0.as_mut().map_or(&mut [], Memory::as_mut_slice)
    }

    /// Makes room for `more` bytes.
    pub fn reserve(&mut self, more: usize) {
        self.room(more);
    }

    /// Memory with room for `more` bytes.
    fn room(&mut self, more: usize) -> &mut Memory {
        let wanted = self.len() + more;
        if wanted > self.capacity() || self.0.is_none() {
            let mut memory = Memory::with_capacity(wanted.max(2 * self.len()));
            memory.push(self.as_slice());
            self.0 = Some(memory);
        }
        match &mut self.0 {
            Some(memory) => memory,
            None => unreachable!("made above"),
        }
    }

    /// Appends bytes.
    pub fn extend_from_slice(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.room(bytes.len()).push(bytes);
        }
    }

    /// Shortens, or lengthens with zeroes, to `len` bytes.
    pub fn resize(&mut self, len: usize) {
        if len > self.len() {
            self.room(len - self.len()).zero_to(len);
        } else if let Some(memory) = &mut self.0 {
            memory.truncate(len);
        }
    }

    /// Lengthens with zeroes to a multiple of `align` bytes.
    pub fn pad_to(&mut self, align: usize) {
        self.resize(self.len().next_multiple_of(align));
    }

    /// Empties it; the memory stays.
    pub fn clear(&mut self) {
        self.resize(0);
    }

    /// The memory, for the ring. None when empty.
    pub(crate) fn into_memory(self) -> Option<Memory> {
        self.0.filter(|memory| memory.len() > 0)
    }

    /// Memory that comes back from the ring.
    pub(crate) fn from_memory(memory: Memory) -> Self {
        Buf(Some(memory))
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
        write!(f, "Buf({} of {} bytes)", self.len(), self.capacity())
    }
}

//! A message ready for the socket.

use bytes::{Buf, Bytes, BytesMut};

/// Encoded bytes with out-of-line parts between them, in sending order.
#[derive(Clone, Debug)]
pub struct Frame {
    head: Bytes,
    parts: Vec<(usize, Bytes)>,
}

impl Frame {
    pub(super) fn new(head: Bytes, parts: Vec<(usize, Bytes)>) -> Frame {
        Frame { head, parts }
    }

    /// Number of bytes, out-of-line parts counted.
    pub fn len(&self) -> usize {
        self.head.len() + self.parts.iter().map(|(_, part)| part.len()).sum::<usize>()
    }

    /// True when there is no byte.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The buffers to send, in order; none is empty, nothing is copied.
    pub fn into_parts(self) -> Vec<Bytes> {
        let mut out = Vec::with_capacity(2 * self.parts.len() + 1);
        let mut head = self.head;
        let mut done = 0;
        for (at, part) in self.parts {
            if at > done {
                out.push(head.split_to(at - done));
                done = at;
            }
            out.push(part);
        }
        if head.has_remaining() {
            out.push(head);
        }
        out
    }

    /// All bytes in one buffer; copies when there are parts.
    pub fn into_bytes(self) -> Bytes {
        if self.parts.is_empty() {
            return self.head;
        }
        let mut out = BytesMut::with_capacity(self.len());
        for part in self.into_parts() {
            out.extend_from_slice(&part);
        }
        out.freeze()
    }
}

//! Produce requests that are laid out once and patched ever after. Requests of one producer differ in partitions, stamps,
//! sequences and checksums, seldom in their shape.

use super::template::{Sender, Template};
use super::varint;

/// What stands in every request of one producer.
#[derive(Debug, Clone)]
pub struct Head {
    /// Version of Produce, at most 12.
    pub version: i16,
    /// The client's name.
    pub client: String,
    /// 0, 1 or -1.
    pub acks: i16,
    /// The topic of all batches.
    pub topic: String,
}

/// One batch to be sent.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    /// Where to.
    pub partition: i32,
    /// Of so many records.
    pub count: usize,
    /// One per record, or one for all.
    pub stamps: &'a [u64],
    /// One per record, or none.
    pub keys: &'a [u16],
    /// By whom.
    pub by: Sender,
}

/// The bytes of one request, used again and again.
#[derive(Debug, Default)]
pub struct Request {
    bytes: Vec<u8>,
    /// Records of each batch: the shape.
    counts: Vec<usize>,
    /// Where each partition's number and batch begin.
    places: Vec<(usize, usize)>,
}

const CORRELATION_AT: usize = 8;
const TIMEOUT_MS: i32 = 30_000;

impl Request {
    /// Makes it the request of `parts`. The shape is kept when it is the same as last time.
    pub fn fill(&mut self, head: &Head, template: &Template, correlation: i32, parts: &[Part<'_>]) {
        let same = self.counts.len() == parts.len()
            && self.counts.iter().zip(parts).all(|(n, p)| *n == p.count);
        if !same {
            self.lay_out(head, template, parts);
        }
        self.bytes[CORRELATION_AT..CORRELATION_AT + 4].copy_from_slice(&correlation.to_be_bytes());
        for (part, &(partition_at, batch_at)) in parts.iter().zip(&self.places) {
            self.bytes[partition_at..partition_at + 4]
                .copy_from_slice(&part.partition.to_be_bytes());
            let batch = &mut self.bytes[batch_at..batch_at + template.len(part.count)];
            template.patch(batch, part.count, part.stamps, part.keys, part.by);
        }
    }

    /// The whole frame.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn lay_out(&mut self, head: &Head, template: &Template, parts: &[Part<'_>]) {
        let flexible = head.version >= 9;
        self.counts.clear();
        self.places.clear();
        let out = &mut self.bytes;
        out.clear();
        out.extend_from_slice(&[0; 4]); // length, below
        out.extend_from_slice(&0i16.to_be_bytes()); // Produce
        out.extend_from_slice(&head.version.to_be_bytes());
        out.extend_from_slice(&[0; 4]); // correlation
        string(out, false, &head.client); // compact in no version
        tags(out, flexible);
        if flexible {
            out.push(0); // no transactional id
        } else {
            out.extend_from_slice(&(-1i16).to_be_bytes());
        }
        out.extend_from_slice(&head.acks.to_be_bytes());
        out.extend_from_slice(&TIMEOUT_MS.to_be_bytes());
        length(out, flexible, 1);
        string(out, flexible, &head.topic);
        length(out, flexible, parts.len());
        for part in parts {
            let partition_at = out.len();
            out.extend_from_slice(&[0; 4]);
            length(out, flexible, template.len(part.count));
            self.places.push((partition_at, out.len()));
            self.counts.push(part.count);
            out.extend_from_slice(template.prefix(part.count));
            tags(out, flexible);
        }
        tags(out, flexible); // of the topic
        tags(out, flexible);
        let size = out.len() as i32 - 4;
        out[..4].copy_from_slice(&size.to_be_bytes());
    }
}

fn tags(out: &mut Vec<u8>, flexible: bool) {
    if flexible {
        out.push(0);
    }
}

/// A length of an array or of bytes.
fn length(out: &mut Vec<u8>, flexible: bool, n: usize) {
    if flexible {
        varint::put_unsigned(out, n as u64 + 1);
    } else {
        out.extend_from_slice(&(n as i32).to_be_bytes());
    }
}

fn string(out: &mut Vec<u8>, flexible: bool, text: &str) {
    if flexible {
        varint::put_unsigned(out, text.len() as u64 + 1);
    } else {
        out.extend_from_slice(&(text.len() as i16).to_be_bytes());
    }
    out.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use ottla_protocol::api::RequestHeader;
    use ottla_protocol::messages::produce::ProduceRequest;
    use ottla_protocol::record::BatchView;
    use ottla_protocol::wire::{Decode, Reader, Records};

    use super::super::template::NOBODY;
    use super::*;

    fn part(partition: i32, count: usize) -> Part<'static> {
        Part {
            partition,
            count,
            stamps: &[9_000_000],
            keys: &[],
            by: NOBODY,
        }
    }

    fn check(request: &Request, version: i16, correlation: i32, expected: &[(i32, i32)]) {
        let bytes = request.bytes();
        assert_eq!(bytes[..4], (bytes.len() as i32 - 4).to_be_bytes());
        let mut r = Reader::new(&bytes[4..]);
        let header = RequestHeader::decode(&mut r).expect("a header");
        assert_eq!(
            (header.correlation_id, header.api_version),
            (correlation, version)
        );
        let body = ProduceRequest::decode(&mut r, version).expect("a body");
        assert!(r.rest().is_empty());
        assert_eq!((body.acks, &*body.topic_data[0].name), (-1, "t"));
        let seen: Vec<_> = body.topic_data[0]
            .partition_data
            .iter()
            .map(|p| {
                let Records::Borrowed(bytes) = p.records else {
                    panic!("records are null")
                };
                let batch = BatchView::parse(bytes).expect("a batch");
                assert!(batch.crc_ok());
                (p.index, batch.records(batch.payload()).count() as i32)
            })
            .collect();
        assert_eq!(seen, expected);
    }

    #[test]
    fn every_version_is_read_by_the_codec_also_when_patched() {
        let template = Template::new(&[vec![b'x'; 50]], false, 1000);
        for version in 3..=12 {
            let head = Head {
                version,
                client: "bench".to_owned(),
                acks: -1,
                topic: "t".to_owned(),
            };
            let mut request = Request::default();
            request.fill(&head, &template, 5, &[part(3, 2), part(4, 1)]);
            check(&request, version, 5, &[(3, 2), (4, 1)]);
            request.fill(&head, &template, 6, &[part(9, 2), part(8, 1)]);
            check(&request, version, 6, &[(9, 2), (8, 1)]);
            request.fill(&head, &template, 7, &[part(1, 4)]);
            check(&request, version, 7, &[(1, 4)]);
        }
    }
}

//! The codec against codecs that we did not write, for every message and record in every version.
//!
//! They are random trees that a small encoder of their own (values.rs) turns into bytes; the
//! crate must decode and encode them to the same bytes, and so must the others.

#[path = "../schema/notation.rs"]
#[allow(dead_code)] // the generator needs more of it
mod notation;

mod batches;
mod java;
mod kafka_protocol_crate;
mod ours;
mod random;
#[allow(dead_code)] // the hostile tests need more of it
mod values;

use serde_json::Value;

use notation::{Schema, Struct};
use random::Random;
use values::Maker;

/// One message, key or value.
pub(crate) struct Sample<'a> {
    pub schema: &'a Schema,
    pub root: &'a Struct,
    pub version: i16,
    pub tree: Value,
    pub bytes: Vec<u8>,
}

impl Sample<'_> {
    pub fn name(&self) -> String {
        format!("{} v{}", self.root.name, self.version)
    }
}

/// `count` random samples of every root in every version.
pub(crate) fn samples(schemas: &[(String, Schema)], count: u64) -> Vec<Sample<'_>> {
    let mut out = Vec::new();
    for (at, (schema, root, version)) in notation::roots(schemas).into_iter().enumerate() {
        for i in 0..count {
            let mut r = Random::new(i << 32 | at as u64);
            let maker = Maker { schema, version };
            let tree = maker.random(root, &mut r);
            let mut bytes = Vec::new();
            maker.encode(root, &tree, &mut bytes);
            out.push(Sample {
                schema,
                root,
                version,
                tree,
                bytes,
            });
        }
    }
    out
}

#[test]
fn the_crate_gives_back_every_sample() {
    let schemas = notation::all();
    let samples = samples(&schemas, 40);
    for s in &samples {
        let out = ours::recode(&s.root.name, s.version, &s.bytes, s.version);
        assert_eq!(out.as_ref(), Ok(&s.bytes), "{}: {:#}", s.name(), s.tree);
    }
    println!("{} samples", samples.len());
}

//! The codec against codecs that we did not write, for every message and version.
//!
//! Messages are random trees that a small encoder of their own (values.rs) turns into bytes; the
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

use notation::{Api, Struct};
use random::Random;
use values::Maker;

/// One message.
pub(crate) struct Sample {
    pub request: bool,
    pub key: i16,
    pub version: i16,
    pub tree: Value,
    pub bytes: Vec<u8>,
}

impl Sample {
    pub fn name(&self, apis: &[(String, Api)]) -> String {
        let api = apis
            .iter()
            .find(|(_, api)| api.key == self.key)
            .map_or("?", |(_, api)| &api.name);
        format!(
            "{api} {} v{}",
            if self.request { "request" } else { "response" },
            self.version
        )
    }
}

/// `count` random messages of every API, direction and version.
pub(crate) fn samples(apis: &[(String, Api)], count: u64) -> Vec<Sample> {
    let mut out = Vec::new();
    for (_, api) in apis {
        for version in api.versions.first..=api.versions.last {
            for (request, root) in [(true, &api.request), (false, &api.response)] {
                for i in 0..count {
                    let seed = i << 32
                        | (api.key as u64) << 16
                        | (version as u64) << 1
                        | u64::from(request);
                    out.push(sample(api, root, request, version, &mut Random::new(seed)));
                }
            }
        }
    }
    out
}

fn sample(api: &Api, root: &Struct, request: bool, version: i16, r: &mut Random) -> Sample {
    let maker = Maker { api, version };
    let tree = maker.random(root, r);
    let mut bytes = Vec::new();
    maker.encode(root, &tree, &mut bytes);
    Sample {
        request,
        key: api.key,
        version,
        tree,
        bytes,
    }
}

#[test]
fn the_crate_gives_back_every_message() {
    let apis = notation::load();
    let samples = samples(&apis, 40);
    for s in &samples {
        let out = ours::recode(s.request, s.key, s.version, &s.bytes, s.version);
        assert_eq!(
            out.as_ref(),
            Ok(&s.bytes),
            "{}: {:#}",
            s.name(&apis),
            s.tree
        );
    }
    println!("{} messages", samples.len());
}

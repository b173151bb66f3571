//! Valid input for the fuzz targets to start from: fuzz/seeds.

use std::path::PathBuf;

use ottla_protocol::api::{APIS, RequestHeader};
use ottla_protocol::record::Codec;
use ottla_protocol::record::compression::compress;
use ottla_protocol::wire::Writer;

use crate::batches::batch;
use crate::notation::{self, Role, Struct};
use crate::random::Random;
use crate::values::Maker;

/// Every record in every version of its value, and what is embedded, as the target takes them.
fn records(r: &mut Random) -> Vec<(String, Vec<u8>)> {
    let mut out = Vec::new();
    for (_, schema) in &notation::records() {
        let value = schema.roots.last().expect("a root");
        for version in value.versions.first..=value.versions.last {
            let mut prefixed = |root: &Struct, version, prefix: i16| {
                let maker = Maker { schema, version };
                let mut bytes = prefix.to_be_bytes().to_vec();
                maker.encode(root, &maker.random(root, r), &mut bytes);
                bytes
            };
            let mut bytes = match &schema.role {
                Role::Record { id, topic, .. } => {
                    let topics = [
                        "__consumer_offsets",
                        "__transaction_state",
                        "__share_group_state",
                    ];
                    let topic = topics.iter().position(|t| t == topic).expect("a topic");
                    let key = prefixed(&schema.roots[0], 0, *id);
                    [
                        &[topic as u8, u8::try_from(key.len()).unwrap_or(u8::MAX)][..],
                        &key,
                    ]
                    .concat()
                }
                _ => vec![
                    if schema.name.ends_with("Subscription") {
                        3
                    } else {
                        4
                    },
                    0,
                ],
            };
            bytes.extend(prefixed(value, version, version));
            out.push((format!("{}-{version}", schema.name), bytes));
        }
    }
    out
}

#[test]
#[ignore = "writes files: fuzz/seeds"]
fn write_seeds() {
    let folder = PathBuf::from(std::env::var_os("OTTLA_SEEDS").expect("run fuzz/seeds"));
    let write = |target: &str, name: &str, bytes: &[u8]| {
        let folder = folder.join(target);
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join(name), bytes).expect("written");
    };
    let mut r = Random::new(6);
    for ((_, schema), row) in notation::apis().iter().zip(APIS) {
        let index = APIS
            .iter()
            .position(|other| other.key == row.key)
            .expect("in the table") as u8;
        for version in schema.versions.first..=schema.versions.last {
            for (target, root) in [
                ("request", &schema.roots[0]),
                ("response", &schema.roots[1]),
            ] {
                let maker = Maker { schema, version };
                let mut body = Vec::new();
                maker.encode(root, &maker.random(root, &mut r), &mut body);
                let select = [index, (version - schema.versions.first) as u8];
                let name = format!("{}-{version}", schema.name);
                write(target, &name, &[&select[..], &body].concat());
                if target == "request" {
                    let mut w = Writer::new();
                    let client_id = Some("client".into());
                    let header = RequestHeader {
                        api_key: row.key,
                        api_version: version,
                        correlation_id: 1,
                        client_id,
                    };
                    header.encode(&mut w).expect("a header");
                    w.raw(&body);
                    write(
                        "header",
                        &name,
                        &w.finish().expect("a request").into_bytes(),
                    );
                }
            }
        }
    }
    for (name, bytes) in records(&mut r) {
        write("record", &name, &bytes);
    }
    for codec in Codec::ALL {
        for i in 0..10 {
            write(
                "batch",
                &format!("{}-{i}", codec.name()),
                &batch(codec, &mut r),
            );
            let mut packed = vec![codec.id(), 20];
            let bytes = [r.bytes(200), vec![b'a'; r.below(4000) as usize]].concat();
            compress(codec, None, &bytes, &mut packed).expect("compresses");
            write("decompress", &format!("{}-{i}", codec.name()), &packed);
        }
    }
}

//! Random messages as JSON trees, and an encoder of them that knows only the notation: it shares
//! no code with the crate.

use serde_json::{Map, Value, json};

use crate::notation::{Field, Kind, Schema, Struct};
use crate::random::Random;

pub struct Maker<'a> {
    pub schema: &'a Schema,
    pub version: i16,
}

impl<'a> Maker<'a> {
    fn inner(&self, f: &'a Field) -> Option<&'a Struct> {
        match (&f.inner, &f.kind) {
            (Some(inner), _) => Some(inner),
            (None, Kind::Struct(name)) => Some(self.schema.find(name)),
            _ => None,
        }
    }

    fn present(&self, s: &'a Struct) -> impl Iterator<Item = &'a Field> + use<'a> {
        let version = self.version;
        s.fields
            .iter()
            .filter(move |f| f.versions.contains(version))
    }

    fn may_be_null(&self, f: &Field) -> bool {
        f.nullable.is_some_and(|n| n.contains(self.version))
    }

    /// A random value of the structure; tagged fields that hold their default are left out.
    pub fn random(&self, s: &'a Struct, r: &mut Random) -> Value {
        let mut object = Map::new();
        for f in self.present(s) {
            let value = self.random_field(f, r);
            if f.tag.is_none() || value != self.default_field(f) {
                object.insert(camel(&f.name), value);
            }
        }
        Value::Object(object)
    }

    fn random_field(&self, f: &'a Field, r: &mut Random) -> Value {
        if f.tag.is_some() && r.one_in(3) {
            return self.default_field(f);
        }
        if self.may_be_null(f) && r.one_in(4) {
            return Value::Null;
        }
        if f.array {
            let count = r.below(4);
            return (0..count).map(|_| self.random_value(f, r)).collect();
        }
        self.random_value(f, r)
    }

    fn random_value(&self, f: &'a Field, r: &mut Random) -> Value {
        match &f.kind {
            Kind::Bool => json!(r.one_in(2)),
            Kind::Int8 => json!(r.integer(8)),
            Kind::Int16 | Kind::ErrorCode => json!(r.integer(16)),
            Kind::Uint16 => json!(r.integer(16) & 0xffff),
            Kind::Int32 => json!(r.integer(32)),
            Kind::Int64 => json!(r.integer(64)),
            Kind::Float64 => json!(r.integer(32) as f64 / 8.0),
            Kind::Uuid if r.one_in(4) => json!(ottla_protocol::Uuid::ZERO.to_string()),
            Kind::Uuid => {
                let bytes = std::array::from_fn(|_| r.next() as u8);
                json!(ottla_protocol::Uuid(bytes).to_string())
            }
            Kind::String => json!(r.text()),
            Kind::Bytes | Kind::Records => json!(base64(&r.bytes(40))),
            Kind::Struct(_) => self.random(self.inner(f).expect("a structure"), r),
        }
    }

    /// A value as small as can be, but for the first array of structures, strings or numbers down to
    /// `depth` arrays: it has `count` elements.
    pub fn small(&self, s: &'a Struct, depth: usize, count: usize) -> Value {
        let mut object = Map::new();
        let mut filled = false;
        for f in self.present(s).filter(|f| f.tag.is_none()) {
            let zero = match (&f.kind, f.array) {
                (_, true) if depth > 0 && !filled => {
                    filled = true;
                    let count = if depth > 1 { 40 } else { count };
                    (0..count)
                        .map(|_| self.small_element(f, depth - 1, count))
                        .collect()
                }
                (_, true) => json!([]),
                _ if self.may_be_null(f) => Value::Null,
                _ => self.small_element(f, depth, count),
            };
            object.insert(camel(&f.name), zero);
        }
        Value::Object(object)
    }

    fn small_element(&self, f: &'a Field, depth: usize, count: usize) -> Value {
        match &f.kind {
            Kind::Bool => json!(false),
            Kind::Float64 => json!(0.0),
            Kind::Uuid => json!(ottla_protocol::Uuid::ZERO.to_string()),
            Kind::String | Kind::Bytes | Kind::Records => json!(""),
            Kind::Struct(_) => self.small(self.inner(f).expect("a structure"), depth, count),
            _ => json!(0),
        }
    }

    fn default_field(&self, f: &'a Field) -> Value {
        let given = f.default.as_deref();
        match &f.kind {
            _ if f.default_null() => Value::Null,
            _ if f.array => json!([]),
            Kind::Bool => json!(given == Some("true")),
            Kind::Float64 => json!(0.0),
            Kind::Uuid => json!(ottla_protocol::Uuid::ZERO.to_string()),
            Kind::String => json!(given.unwrap_or("")),
            Kind::Bytes => json!(""),
            Kind::Records => Value::Null,
            Kind::Struct(_) => self.defaults(self.inner(f).expect("a structure")),
            _ => json!(given.map_or(0, |n| n.parse::<i64>().expect("a number"))),
        }
    }

    fn defaults(&self, s: &'a Struct) -> Value {
        let fields = self.present(s).filter(|f| f.tag.is_none());
        Value::Object(
            fields
                .map(|f| (camel(&f.name), self.default_field(f)))
                .collect(),
        )
    }

    /// The bytes of a value that [`Maker::random`] made.
    pub fn encode(&self, s: &'a Struct, value: &Value, out: &mut Vec<u8>) {
        let to = Layout {
            flexible: s.is_flexible(self.version),
        };
        for f in self.present(s).filter(|f| f.tag.is_none()) {
            self.encode_field(f, &value[camel(&f.name)], to, out);
        }
        if !to.flexible {
            return;
        }
        let mut tagged: Vec<&Field> = self.present(s).filter(|f| f.tag.is_some()).collect();
        tagged.retain(|f| value.get(camel(&f.name)).is_some());
        tagged.sort_by_key(|f| f.tag);
        varint(tagged.len() as u64, out);
        for f in tagged {
            let mut field = Vec::new();
            self.encode_field(f, &value[camel(&f.name)], to, &mut field);
            varint(f.tag.unwrap_or(0).into(), out);
            varint(field.len() as u64, out);
            out.extend(field);
        }
    }

    fn encode_field(&self, f: &'a Field, value: &Value, to: Layout, out: &mut Vec<u8>) {
        if f.array {
            let elements = value.as_array();
            to.length(elements.map(Vec::len), 4, out);
            elements
                .into_iter()
                .flatten()
                .for_each(|e| self.encode_value(f, e, to, out));
        } else {
            if f.nullable.is_some() && matches!(f.kind, Kind::Struct(_)) {
                let null = if f.tag.is_some() { 0 } else { 0xff };
                out.push(if value.is_null() { null } else { 1 });
            }
            self.encode_value(f, value, to, out);
        }
    }

    fn encode_value(&self, f: &'a Field, value: &Value, to: Layout, out: &mut Vec<u8>) {
        let number = || value.as_i64().expect("a number");
        match &f.kind {
            Kind::Bool => out.push(value.as_bool().expect("a bool").into()),
            Kind::Int8 => out.push(number() as u8),
            Kind::Int16 | Kind::Uint16 | Kind::ErrorCode => {
                out.extend((number() as u16).to_be_bytes())
            }
            Kind::Int32 => out.extend((number() as i32).to_be_bytes()),
            Kind::Int64 => out.extend(number().to_be_bytes()),
            Kind::Float64 => out.extend(value.as_f64().expect("a number").to_be_bytes()),
            Kind::Uuid => out.extend(
                value
                    .as_str()
                    .expect("text")
                    .parse::<ottla_protocol::Uuid>()
                    .expect("an id")
                    .0,
            ),
            Kind::String => {
                to.length(value.as_str().map(str::len), 2, out);
                out.extend(value.as_str().unwrap_or_default().as_bytes());
            }
            Kind::Bytes | Kind::Records => {
                let bytes = value.as_str().map(unbase64);
                to.length(bytes.as_ref().map(Vec::len), 4, out);
                out.extend(bytes.unwrap_or_default());
            }
            Kind::Struct(_) if value.is_null() => {}
            Kind::Struct(_) => self.encode(self.inner(f).expect("a structure"), value, out),
        }
    }
}

/// How a version lays out lengths.
#[derive(Clone, Copy)]
struct Layout {
    flexible: bool,
}

impl Layout {
    fn length(self, n: Option<usize>, width: usize, out: &mut Vec<u8>) {
        if self.flexible {
            varint(n.map_or(0, |n| n as u64 + 1), out);
        } else {
            let n = n.map_or(-1, |n| n as i32);
            out.extend(&n.to_be_bytes()[4 - width..]);
        }
    }
}

/// `throttle_time_ms` as `throttleTimeMs`.
pub fn camel(name: &str) -> String {
    let mut out = String::new();
    for (i, part) in name.split('_').enumerate() {
        let mut chars = part.chars();
        match chars.next() {
            Some(c) if i > 0 => out.push(c.to_ascii_uppercase()),
            Some(c) => out.push(c),
            None => {}
        }
        out.extend(chars);
    }
    out
}

fn varint(mut n: u64, out: &mut Vec<u8>) {
    while n > 127 {
        out.push(n as u8 | 128);
        n >>= 7;
    }
    out.push(n as u8);
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn base64(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let n = chunk.iter().fold(0u32, |n, b| n << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
        for i in 0..4 {
            let c = if i <= chunk.len() {
                ALPHABET[(n >> (18 - 6 * i) & 63) as usize] as char
            } else {
                '='
            };
            out.push(c);
        }
    }
    out
}

fn unbase64(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for chunk in text.as_bytes().chunks(4) {
        let n = chunk.iter().fold(0u32, |n, c| {
            n << 6 | ALPHABET.iter().position(|a| a == c).unwrap_or(0) as u32
        });
        let padding = chunk.iter().filter(|c| **c == b'=').count();
        out.extend(&n.to_be_bytes()[1..4 - padding]);
    }
    out
}

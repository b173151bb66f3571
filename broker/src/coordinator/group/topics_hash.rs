//! The hash of the topics that a group reads, as Kafka 4.1 and later keep it: it changes when an assignment has to.

use twox_hash::XxHash3_64;

use crate::metadata::{Image, Topic};

/// What is hashed of a topic begins with it.
const MAGIC: u8 = 0;

/// The hash of these topics, which come by name; those that do not exist do not count.
pub fn of_topics<'a>(names: impl IntoIterator<Item = &'a String>, image: &Image) -> i64 {
    let mut bytes = Vec::new();
    for topic in names
        .into_iter()
        .filter_map(|name| image.topics.named(name))
    {
        bytes.extend(of_topic(topic, image).to_le_bytes());
    }
    match bytes.is_empty() {
        true => 0,
        false => XxHash3_64::oneshot(&bytes).cast_signed(),
    }
}

fn of_topic(topic: &Topic, image: &Image) -> i64 {
    let mut bytes = vec![MAGIC];
    let (most, least) = topic.id.0.split_at(8);
    bytes.extend(most.iter().rev());
    bytes.extend(least.iter().rev());
    put_text(&mut bytes, &topic.name);
    put_number(&mut bytes, topic.partitions.len());
    for (number, partition) in topic.partitions.iter().enumerate() {
        put_number(&mut bytes, number);
        let brokers = partition.replicas.iter();
        let racks = brokers.filter_map(|node| image.brokers.get(node)?.rack.as_deref());
        let mut racks: Vec<&str> = racks.collect();
        racks.sort_unstable();
        for rack in racks {
            put_number(&mut bytes, rack.encode_utf16().count());
            put_text(&mut bytes, rack);
        }
    }
    XxHash3_64::oneshot(&bytes).cast_signed()
}

fn put_number(bytes: &mut Vec<u8>, number: usize) {
    let number = i32::try_from(number).unwrap_or(i32::MAX);
    bytes.extend(number.to_le_bytes());
}

/// UTF-16 units, then their number.
fn put_text(bytes: &mut Vec<u8>, text: &str) {
    let mut units = 0;
    for unit in text.encode_utf16() {
        bytes.extend(unit.to_le_bytes());
        units += 1;
    }
    put_number(bytes, units);
}

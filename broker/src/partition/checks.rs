//! May this batch stand in this topic's log? Kafka's rules and codes (reference `kafka.md` 2.4 and 2.11), and the
//! changes that a topic's settings make to a batch: the broker's timestamp, another codec.
//!
//! Every record is read once: a batch that a consumer cannot read must not get in, and only the records tell.

use bytes::BytesMut;
use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::record::{
    self, BatchBuilder, BatchOptions, BatchView, Codec, Producer, validate,
};

use super::calls::{ProduceRules, Produced};
use super::producers::Sequenced;
use crate::config::{Compression, TimestampType, TopicConfig};

/// Most bytes that a batch may have when decompressed; beyond any client's settings, and a bound for zip bombs.
const MAX_DECOMPRESSED: usize = 64 << 20;
/// The first version whose clients know zstd.
const ZSTD_SINCE: i16 = 7;

/// A batch that may be appended.
#[derive(Debug)]
pub struct Checked {
    /// Offsets that it takes.
    pub records: u32,
    /// Its idempotent producer.
    pub producer: Option<Sequenced>,
    /// Its largest timestamp, ms.
    pub max_timestamp: i64,
    /// The broker's timestamp if the topic has those, else -1.
    pub log_append_time: i64,
}

/// Why a batch may not be appended.
#[derive(Debug)]
pub struct Invalid {
    code: ErrorCode,
    message: String,
    records: Vec<(i32, &'static str)>,
}

impl Invalid {
    fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            records: Vec::new(),
        }
    }

    /// As the answer says it.
    pub fn into_produced(self) -> Produced {
        Produced {
            message: Some(self.message),
            record_errors: self.records,
            ..Produced::refused(self.code)
        }
    }
}

impl From<validate::Refused> for Invalid {
    fn from(refused: validate::Refused) -> Self {
        Self::new(refused.code, refused.why.to_string())
    }
}

/// Checks `batch` and makes it what is stored, apart from offset and epoch.
pub fn check(
    batch: &mut BytesMut,
    config: &TopicConfig,
    rules: ProduceRules,
    now_ms: i64,
) -> Result<Checked, Invalid> {
    let size = validate::sole_batch(batch)?.bytes().len();
    // What follows the batch is a cut one, which Kafka does not look at.
    batch.truncate(size);
    let view = validate::sole_batch(batch)?;
    let header = view.header;
    // The broker's own records are as large as its state is, and have no sequences.
    if !rules.own {
        check_size(size, config)?;
        validate::check_header(&view)?;
    }
    let codec = header.attributes.codec().ok();
    if codec == Some(Codec::Zstd) && rules.version < ZSTD_SINCE {
        let message = format!(
            "zstd needs Produce version {ZSTD_SINCE}, this request has {}",
            rules.version
        );
        return Err(Invalid::new(
            ErrorCode::UNSUPPORTED_COMPRESSION_TYPE,
            message,
        ));
    }
    if header.attributes.is_transactional() && !rules.transactional && !rules.own {
        const WHY: &str = "a transactional batch in a request without a transactional id";
        let code = ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
        return Err(Invalid::new(code, WHY));
    }
    let scan = validate::scan(&view, MAX_DECOMPRESSED)?;
    if config.compact && scan.first_null_key.is_some() {
        return Err(null_keys(&view));
    }
    let stamped = config.timestamp_type == TimestampType::LogAppendTime;
    if !stamped {
        check_times(&view, &scan, config, now_ms)?;
    }
    if let Some((codec, level)) = other_codec(config.compression, codec) {
        let rebuilt = recompress(&view, codec, level)?;
        check_size(rebuilt.len(), config)?;
        *batch = rebuilt;
    }
    let (kind, time) = match stamped {
        true => (record::TimestampType::LogAppendTime, now_ms),
        false => (record::TimestampType::CreateTime, scan.max_timestamp),
    };
    record::set_max_timestamp(batch, kind, time);
    Ok(Checked {
        records: header.count as u32,
        producer: Sequenced::of(&header),
        max_timestamp: time,
        log_append_time: if stamped { now_ms } else { -1 },
    })
}

fn check_size(size: usize, config: &TopicConfig) -> Result<(), Invalid> {
    if size > config.max_message_bytes.max(0) as usize {
        let message = format!(
            "the batch has {size} bytes, max.message.bytes is {}",
            config.max_message_bytes
        );
        return Err(Invalid::new(ErrorCode::MESSAGE_TOO_LARGE, message));
    }
    if size > config.segment_bytes.max(0) as usize {
        let message = format!(
            "the batch has {size} bytes, segment.bytes is {}",
            config.segment_bytes
        );
        return Err(Invalid::new(ErrorCode::RECORD_LIST_TOO_LARGE, message));
    }
    Ok(())
}

fn null_keys(view: &BatchView<'_>) -> Invalid {
    const WHY: &str = "a compacted topic takes no record without a key";
    let mut invalid = Invalid::new(ErrorCode::INVALID_RECORD, WHY);
    invalid.records = at_fault(view, WHY, |r| r.key.is_none());
    invalid
}

fn check_times(
    view: &BatchView<'_>,
    scan: &validate::Scan,
    config: &TopicConfig,
    now_ms: i64,
) -> Result<(), Invalid> {
    const WHY: &str = "the timestamp is outside the window that the topic allows";
    let oldest = now_ms.saturating_sub(config.timestamp_before_max_ms);
    let newest = now_ms.saturating_add(config.timestamp_after_max_ms);
    if scan.max_timestamp <= newest && scan.min_timestamp.is_none_or(|min| min >= oldest) {
        return Ok(());
    }
    let message = format!(
        "timestamps from {} to {} are not all within {oldest}..={newest} (message.timestamp.before.max.ms, message.timestamp.after.max.ms)",
        scan.min_timestamp.unwrap_or(-1),
        scan.max_timestamp
    );
    let mut invalid = Invalid::new(ErrorCode::INVALID_TIMESTAMP, message);
    invalid.records = at_fault(view, WHY, |r| {
        let time = view.header.base_timestamp.wrapping_add(r.timestamp_delta);
        time != -1 && !(oldest..=newest).contains(&time)
    });
    Err(invalid)
}

/// The places of the records that `is_bad` picks.
fn at_fault(
    view: &BatchView<'_>,
    why: &'static str,
    is_bad: impl Fn(&record::Record<'_>) -> bool,
) -> Vec<(i32, &'static str)> {
    let Ok(bytes) = view.decompress(MAX_DECOMPRESSED) else {
        return Vec::new();
    };
    let records = (0i32..).zip(view.records(&bytes));
    records
        .filter_map(|(at, r)| r.ok().filter(|r| is_bad(r)).map(|_| (at, why)))
        .collect()
}

/// The codec that the topic wants, if the batch has another.
fn other_codec(wanted: Compression, has: Option<Codec>) -> Option<(Codec, Option<i32>)> {
    let (codec, level) = match wanted {
        Compression::Producer => return None,
        Compression::Uncompressed => (Codec::None, None),
        Compression::Gzip(level) => (Codec::Gzip, Some(level)),
        Compression::Snappy => (Codec::Snappy, None),
        Compression::Lz4(level) => (Codec::Lz4, Some(level)),
        Compression::Zstd(level) => (Codec::Zstd, Some(level)),
    };
    (has != Some(codec)).then_some((codec, level))
}

fn recompress(view: &BatchView<'_>, codec: Codec, level: Option<i32>) -> Result<BytesMut, Invalid> {
    let unreadable =
        |e: record::BatchError| Invalid::new(ErrorCode::CORRUPT_MESSAGE, e.to_string());
    let h = &view.header;
    let producer = h.has_producer().then_some(Producer {
        id: h.producer_id,
        epoch: h.producer_epoch,
        base_sequence: h.base_sequence,
    });
    let mut builder = BatchBuilder::new(BatchOptions {
        codec,
        level,
        producer,
        transactional: h.attributes.is_transactional(),
        ..BatchOptions::default()
    });
    let bytes = view.decompress(MAX_DECOMPRESSED).map_err(unreadable)?;
    for r in view.records(&bytes) {
        builder.push_record(h.base_timestamp, &r.map_err(unreadable)?);
    }
    let built = builder
        .build()
        .map_err(|e| Invalid::new(ErrorCode::UNKNOWN_SERVER_ERROR, e.to_string()))?;
    Ok(BytesMut::from(built.as_slice()))
}

#[cfg(test)]
mod tests;

//! Record batches as they stand in a Produce request or a segment.

#![no_main]

use libfuzzer_sys::fuzz_target;
use ottla_protocol::record::{self, BatchView, TimestampType, batches, validate};

const LIMIT: usize = 1 << 20;

fuzz_target!(|bytes: &[u8]| {
    for batch in batches(bytes).flatten() {
        let _ = validate::check_header(&batch);
        let _ = validate::first_offset_at(&batch, batch.header.base_timestamp, LIMIT);
        let _ = validate::offset_of_max_timestamp(&batch, LIMIT);
        let Ok(scan) = validate::scan(&batch, LIMIT) else {
            continue;
        };
        let mut copy = batch.bytes().to_vec();
        record::set_base_offset(&mut copy, batch.header.base_offset.wrapping_add(9));
        record::set_max_timestamp(&mut copy, TimestampType::LogAppendTime, scan.max_timestamp);
        record::set_max_timestamp(&mut copy, TimestampType::CreateTime, scan.max_timestamp ^ 1);
        let patched = BatchView::parse(&copy).expect("still a batch");
        assert!(patched.crc_ok());
        assert_eq!(patched.payload(), batch.payload());
    }
    let _ = validate::sole_batch(bytes);
});

//! The values of records.

use std::io;
use std::path::Path;

use super::Workload;

/// Upstream's default pool.
const POOL: usize = 1000;

/// The values that records take in turn. Relative files are looked for beside the workload file.
pub fn payloads(workload: &Workload, beside: &Path) -> io::Result<Vec<Vec<u8>>> {
    let size = workload.message_size;
    if workload.use_randomized_payloads {
        let count = match workload.randomized_payload_pool_size {
            0 => POOL,
            n => n,
        };
        let random = (size as f64 * workload.random_bytes_ratio) as usize;
        let mut noise = Noise(0x9E37_79B9_7F4A_7C15);
        let one = |_| {
            let mut value = vec![0; size];
            value[..random].fill_with(|| noise.next());
            value
        };
        return Ok((0..count).map(one).collect());
    }
    let Some(file) = &workload.payload_file else {
        return Ok(vec![vec![b'x'; size]]);
    };
    let value = std::fs::read(beside.join(file))
        .map_err(|e| io::Error::other(format!("payloadFile {}: {e}", file.display())))?;
    if value.len() != size {
        let what = format!(
            "payloadFile has {} bytes, messageSize is {size}",
            value.len()
        );
        return Err(io::Error::other(what));
    }
    Ok(vec![value])
}

/// Bytes of which every run gets the same.
#[derive(Debug)]
pub struct Noise(pub u64);

impl Noise {
    fn next(&mut self) -> u8 {
        self.word() as u8
    }

    /// The next word (xorshift).
    pub fn word(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workload(more: &str) -> Workload {
        let text = format!(
            "{{name: a, partitionsPerTopic: 1, messageSize: 100, producerRate: 1, testDurationMinutes: 1, {more}}}"
        );
        Workload::parse(&text).expect("a workload")
    }

    #[test]
    fn the_random_share_is_random_and_the_rest_is_not() {
        let w = workload(
            "useRandomizedPayloads: true, randomBytesRatio: 0.5, randomizedPayloadPoolSize: 3",
        );
        let values = payloads(&w, Path::new("")).expect("values");
        assert_eq!(values.len(), 3);
        assert!(values.iter().all(|v| v.len() == 100 && v[50..] == [0; 50]));
        assert_ne!(values[0][..50], values[1][..50]);
    }

    #[test]
    fn a_payload_file_must_have_the_size() {
        let file = std::env::temp_dir().join(format!("ottla-payload-{}", std::process::id()));
        std::fs::write(&file, [1; 99]).expect("a file");
        let w = workload(&format!("payloadFile: {}", file.display()));
        assert!(payloads(&w, Path::new("/")).is_err());
        std::fs::write(&file, [1; 100]).expect("a file");
        assert_eq!(payloads(&w, Path::new("/")).expect("values"), [[1; 100]]);
        std::fs::remove_file(file).expect("removed");
    }
}

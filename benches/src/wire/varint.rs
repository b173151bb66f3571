//! Varints as records have them (zigzag) and as compact lengths are (unsigned).

/// Appends an unsigned varint, seven bits a byte, low ones first.
pub fn put_unsigned(out: &mut Vec<u8>, mut n: u64) {
    while n > 127 {
        out.push(n as u8 | 128);
        n >>= 7;
    }
    out.push(n as u8);
}

/// Appends a zigzag varint.
pub fn put(out: &mut Vec<u8>, n: i64) {
    put_unsigned(out, ((n << 1) ^ (n >> 63)) as u64);
}

/// Reads a zigzag varint at `at` and moves `at` behind it; None when the bytes end first.
pub fn take(bytes: &[u8], at: &mut usize) -> Option<i64> {
    let mut n = 0u64;
    for shift in (0..64).step_by(7) {
        let byte = *bytes.get(*at)?;
        *at += 1;
        n |= u64::from(byte & 127) << shift;
        if byte < 128 {
            return Some((n >> 1) as i64 ^ -((n & 1) as i64));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_is_taken() {
        for n in [0, -1, 1, 63, 64, -64, -65, 300, i64::MIN, i64::MAX] {
            let mut bytes = Vec::new();
            put(&mut bytes, n);
            let mut at = 0;
            assert_eq!((take(&bytes, &mut at), at), (Some(n), bytes.len()), "{n}");
            bytes.pop();
            assert_eq!(take(&bytes, &mut 0), None, "{n} cut off");
        }
    }
}

use bytes::Bytes;

use super::*;

#[test]
fn varints_round_trip_and_refuse_overflow() {
    for n in [0, 1, -1, 63, -64, 64, 300, i32::MAX, i32::MIN] {
        let mut w = Writer::new();
        w.varint(n);
        w.varlong(i64::from(n) << 31);
        let bytes = w.finish().unwrap().into_bytes();
        let mut r = Reader::new(&bytes);
        assert_eq!(r.varint(), Ok(n));
        assert_eq!(r.varlong(), Ok(i64::from(n) << 31));
        assert!(r.rest().is_empty());
    }
    assert_eq!(Reader::new(&[0xff; 12]).uvarint(), Err(DecodeError::Varint));
    assert_eq!(
        Reader::new(&[0xff; 12]).uvarlong(),
        Err(DecodeError::Varint)
    );
    assert_eq!(
        Reader::new(&[0xff, 0xff, 0xff, 0xff, 0x0f]).uvarint(),
        Ok(u32::MAX)
    );
    assert_eq!(
        Reader::new(&[0xff, 0xff, 0xff, 0xff, 0x1f]).uvarint(),
        Err(DecodeError::Varint)
    );
    assert_eq!(
        Reader::new(&[0x80]).uvarint(),
        Err(DecodeError::Truncated { need: 1, have: 0 })
    );
}

#[test]
fn a_count_is_checked_before_anything_is_allocated() {
    let bytes = [0x7f, 0xff, 0xff, 0xff, 1, 2, 3];
    let answer = Reader::new(&bytes).array(false, 1, |r| r.i8());
    assert_eq!(
        answer,
        Err(DecodeError::Count {
            count: 0x7fff_ffff,
            have: 3
        })
    );
    let answer = Reader::new(&[4, 0, 0, 0, 1, 0]).array(true, 4, |r| r.i32());
    assert_eq!(answer, Err(DecodeError::Count { count: 3, have: 5 }));
}

#[test]
fn arrays_stay_within_the_memory_they_are_given() {
    let bytes = [5, 0, 0, 0, 0, 3, 0, 0];
    let mut r = Reader::with_memory(&bytes, 40);
    assert_eq!(
        r.array(true, 1, |r| r.i8().map(i64::from)).map(|a| a.len()),
        Ok(4)
    );
    let answer = r.array(true, 1, |r| r.i8().map(i64::from));
    assert_eq!(answer, Err(DecodeError::Memory { need: 16, have: 8 }));
}

#[test]
fn null_needs_a_nullable_field() {
    assert_eq!(Reader::new(&[0]).string(true), Err(DecodeError::Null));
    assert_eq!(Reader::new(&[0]).nullable_string(true), Ok(None));
    assert_eq!(Reader::new(&[0xff, 0xff]).nullable_string(false), Ok(None));
    assert_eq!(
        Reader::new(&[0xff; 4]).array(false, 1, |r| r.i8()),
        Err(DecodeError::Null)
    );
}

#[test]
fn parts_stay_out_of_line_and_in_order() {
    let mut w = Writer::framed();
    w.i16(7);
    let first = Bytes::from_static(b"abc");
    w.records(
        false,
        &Records::Parts(vec![first.clone(), Bytes::new(), Bytes::from_static(b"de")]),
    )
    .unwrap();
    w.i8(9);
    w.records(true, &Records::Parts(vec![Bytes::from_static(b"f")]))
        .unwrap();
    let frame = w.finish().unwrap();
    assert_eq!(frame.len(), 4 + 2 + 4 + 5 + 1 + 1 + 1);
    let parts = frame.clone().into_parts();
    assert_eq!(parts.len(), 5);
    assert_eq!(parts[1].as_ptr(), first.as_ptr());
    assert_eq!(
        frame.into_bytes()[..],
        *b"\0\0\0\x0e\0\x07\0\0\0\x05abcde\x09\x02f"
    );
}

#[test]
fn long_tagged_fields_get_a_longer_size() {
    for n in [0, 1, 126, 127, 128, 20_000] {
        let text = "x".repeat(n);
        let mut w = Writer::new();
        let mut tags = w.tags();
        tags.field(3, |w| w.string(true, &text)).unwrap();
        let bytes = w.finish().unwrap().into_bytes();
        let mut r = Reader::new(&bytes);
        let mut seen = None;
        r.tags(|tag, r| {
            assert_eq!(tag, 3);
            seen = Some(r.string(true)?);
            Ok(true)
        })
        .unwrap();
        assert_eq!(seen.as_deref(), Some(&*text));
        assert!(r.rest().is_empty());
    }
}

#[test]
fn unknown_tags_are_skipped_and_known_ones_fill_their_size() {
    let mut r = Reader::new(&[2, 5, 2, 1, 1, 9, 0, 42]);
    r.tags(|_, _| Ok(false)).unwrap();
    assert_eq!(r.rest(), [42]);
    let answer = Reader::new(&[1, 5, 2, 1, 1]).tags(|_, r| r.i8().map(|_| true));
    assert_eq!(answer, Err(DecodeError::TagSize(5)));
}

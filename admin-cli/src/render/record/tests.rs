use super::*;

fn sample() -> Received<'static> {
    Received {
        topic: "orders",
        partition: 3,
        offset: 42,
        timestamp: 951_827_696_789,
        key: Some(b"k1"),
        value: Some(b"hello"),
        headers: vec![(b"source", Some(b"till")), (b"flag", None)],
    }
}

fn shown(record: &Received<'_>, format: &str, columns: Columns) -> String {
    let mut out = Vec::new();
    write(record, &format.parse().unwrap(), columns, &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn text_is_the_value_and_the_columns_asked_for() {
    assert_eq!(shown(&sample(), "text", Columns::default()), "hello\n");
    let all = Columns {
        offsets: true,
        timestamps: true,
        keys: true,
        headers: true,
    };
    assert_eq!(
        shown(&sample(), "text", all),
        "3:42\t2000-02-29T12:34:56.789Z\tk1\tsource=till,flag\thello\n"
    );
    let tombstone = Received {
        value: None,
        key: None,
        ..sample()
    };
    assert_eq!(
        shown(
            &tombstone,
            "text",
            Columns {
                keys: true,
                ..Columns::default()
            }
        ),
        "\t\n"
    );
}

#[test]
fn json_is_one_object_per_line() {
    assert_eq!(
        shown(&sample(), "json", Columns::default()),
        concat!(
            r#"{"topic":"orders","partition":3,"offset":42,"timestamp":951827696789,"key":"k1","value":"hello","#,
            r#""headers":[{"name":"source","value":"till"},{"name":"flag","value":null}]}"#,
            "\n"
        )
    );
    let binary = Received {
        value: Some(&[0xff, 0x00]),
        key: None,
        headers: vec![],
        ..sample()
    };
    assert_eq!(
        shown(&binary, "json", Columns::default()),
        concat!(
            r#"{"topic":"orders","partition":3,"offset":42,"timestamp":951827696789,"key":null,"value_base64":"/wA=","#,
            r#""headers":[]}"#,
            "\n"
        )
    );
}

#[test]
fn raw_is_the_value_alone() {
    assert_eq!(
        shown(
            &sample(),
            "raw",
            Columns {
                keys: true,
                ..Columns::default()
            }
        ),
        "hello"
    );
}

#[test]
fn templates_fill_their_places() {
    assert_eq!(
        shown(
            &sample(),
            r"%t/%p@%o %T %D %k(%K)=%v(%V) %h 100%%\t\n",
            Columns::default()
        ),
        "orders/3@42 951827696789 2000-02-29T12:34:56.789Z k1(2)=hello(5) source=till,flag 100%\t\n"
    );
    let empty = Received {
        key: None,
        ..sample()
    };
    assert_eq!(shown(&empty, "%K", Columns::default()), "-1");
}

#[test]
fn wrong_formats_say_what_is_known() {
    for text in ["xml", "%x", "%v\\q", "%"] {
        assert!(text.parse::<Format>().is_err(), "{text}");
    }
}

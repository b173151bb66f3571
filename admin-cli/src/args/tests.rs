use super::*;
use clap::CommandFactory;

fn parse(line: &str) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(with_default_verb(
        line.split_whitespace().map(OsString::from).collect(),
    ))
}

fn start(line: &str) -> Start {
    match parse(line).unwrap().command {
        Command::Start(start) => start,
        other => panic!("{line} became {other:?}"),
    }
}

#[test]
fn the_command_tree_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn no_verb_means_start() {
    let bare = start("ottla");
    assert_eq!(bare, start("ottla start"));
    assert_eq!(bare.data_dir, PathBuf::from("./ottla-data"));
    assert_eq!(bare.listen.to_string(), "127.0.0.1:9092");
    assert_eq!(bare.admin_listen.to_string(), "127.0.0.1:9644");
    assert_eq!(start("ottla --data-dir x").data_dir, PathBuf::from("x"));
    assert_eq!(
        parse("ottla --log debug --cores 2").unwrap().log.as_deref(),
        Some("debug")
    );
    assert_eq!(
        start("ottla --log=debug --cores 2").cores.as_deref(),
        Some("2")
    );
}

#[test]
fn start_takes_all_its_flags() {
    let all = start(
        "ottla start --data-dir /d --listen 0.0.0.0:1 --advertise h:2 --admin-listen off --cores 0,2-3 --memory 1G \
         --config c.toml --set num.partitions=6 --set a=b=c",
    );
    assert_eq!(all.listen.to_string(), "0.0.0.0:1");
    assert_eq!(all.advertise.unwrap().to_string(), "h:2");
    assert_eq!(all.admin_listen, AdminListen::Off);
    assert_eq!(
        all.set[1],
        Pair {
            key: "a".to_owned(),
            value: "b=c".to_owned()
        }
    );
}

#[test]
fn wrong_lines_end_with_2() {
    for line in [
        "ottla nonsense",
        "ottla start --cores 0",
        "ottla start --memory lots",
        "ottla start --set x",
        "ottla --listen ::1",
        "ottla start extra",
    ] {
        let error = parse(line).expect_err(line);
        assert_eq!(error.exit_code(), 2, "{line}");
    }
}

#[test]
fn help_and_version_end_with_0() {
    for line in ["ottla --help", "ottla -V", "ottla start --help"] {
        assert_eq!(parse(line).expect_err(line).exit_code(), 0, "{line}");
    }
}

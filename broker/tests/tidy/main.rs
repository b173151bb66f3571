//! The house rules, as a test: what stands where, who knows whom, and what no file may contain.

mod planted;
mod rules;
mod source;

use source::Source;

fn hold(rule: &str, found: &[String]) {
    assert!(found.is_empty(), "{rule}:\n  {}", found.join("\n  "));
}

fn each(rule: fn(&Source) -> Vec<String>) -> Vec<String> {
    source::all().iter().flat_map(rule).collect()
}

#[test]
fn only_runtime_touches_the_outside_world() {
    hold(
        "only runtime/ touches the outside world",
        &each(rules::outside_world),
    );
}

#[test]
fn nothing_is_left_unfinished() {
    hold("nothing is left unfinished", &each(rules::unfinished));
}

#[test]
fn files_are_short() {
    hold("files are short", &each(rules::long_file));
}

#[test]
fn names_say_something() {
    hold("names say something", &each(rules::vague_name));
}

#[test]
fn no_path_of_one_machine() {
    hold("no path of one machine", &each(rules::machine_path));
}

#[test]
fn crates_import_downwards() {
    hold("crates import downwards", &each(rules::crate_direction));
    hold("some crates are fenced", &each(rules::fenced));
}

#[test]
fn rooms_import_downwards() {
    hold(
        "rooms of the broker import downwards",
        &rules::room_direction(&source::all()),
    );
}

#[test]
fn the_map_is_the_tree() {
    let readme = std::fs::read_to_string(source::top().join("README.md")).expect("README.md");
    let exists = |path: &str| source::top().join(path).is_dir();
    hold(
        "README's map is the tree",
        &rules::map_differs(&rules::map_of(&readme), &source::rooms(), exists),
    );
}

//! What was tried against systems like this one, tried here. `tests/attacks.md` lists the attacks by number, and a test that holds
//! one begins with it, wherever it stands: `cargo verify t036` runs what holds number 36.

mod codes;
mod credentials;
mod endings;
mod guesses;
mod races;

/// The list and the tests name each other: an attack without a test, or a number that nobody explains, fails.
#[test]
fn every_attack_of_the_list_has_a_test_and_every_number_is_in_the_list() {
    let numbers = |text: &str, mark: &str, close: char| -> std::collections::BTreeSet<String> {
        let marked = text.lines().filter_map(|line| line.trim_start().strip_prefix(mark));
        let number = marked.filter_map(|rest| rest.split_once(close)).map(|(number, _)| number);
        number.filter(|number| number.len() == 3 && number.bytes().all(|byte| byte.is_ascii_digit())).map(str::to_owned).collect()
    };
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let list = std::fs::read_to_string(root.join("attacks.md")).expect("the list");
    let listed = numbers(&list, "- **T", '*');
    let mut held = std::collections::BTreeSet::new();
    for source in crate::architecture::sources(&root.join("it")) {
        let text = std::fs::read_to_string(source).expect("a test's source");
        held.extend(numbers(&text, "async fn t", '_'));
        held.extend(numbers(&text, "fn t", '_'));
    }
    assert!(listed.len() > 10, "the list is read: {listed:?}");
    assert_eq!(listed, held, "left: the numbers in tests/attacks.md; right: those of tests (fn t036_…)");
}

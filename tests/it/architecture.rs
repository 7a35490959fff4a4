//! The house: which crate may use which, which capability comes before which, and how large a file may grow.

use std::path::{Path, PathBuf};

/// Who may name whom. `migrations` stands alone; everything points left.
const ARROWS: &[(&str, &[&str])] = &[
    ("migrations", &[]),
    ("tenancy", &[]),
    ("commerce", &["tenancy"]),
    ("search", &["tenancy", "commerce"]),
    ("api", &["tenancy", "commerce", "search"]),
    ("worker", &["tenancy", "commerce", "search"]),
    ("tests", &["migrations", "tenancy", "commerce", "search", "api", "worker"]),
    ("xtask", &[]),
];

/// A capability may use those before it; the last three are used by nobody.
const CAPABILITIES: &[&str] = &[
    "identity",
    // Inventory knows variants by id only, and the catalogue opens a level for each new one.
    "inventory",
    "media",
    "catalog",
    "tax",
    "promotions",
    "shipping",
    "stores",
    "cart",
    "payments",
    "orders",
    "checkout",
    "customers",
    "privacy",
    "reviews",
    "analytics",
    "webhooks",
];
const USED_BY_NOBODY: &[&str] = &["reviews", "analytics", "webhooks"];

const REFUSED_NAMES: &[&str] = &["utils", "util", "common", "helpers", "helper", "manager", "service", "dto", "misc"];
const LARGEST_FILE: usize = 600;
const LARGEST_MAIN: usize = 40;
const LARGEST_HANDLER: usize = 15;

#[test]
fn crates_point_left() {
    let names: Vec<&str> = ARROWS.iter().map(|(name, _)| *name).collect();
    for (name, allowed) in ARROWS {
        let manifest = read(&root().join(name).join("Cargo.toml"));
        let used = names
            .iter()
            .filter(|other| manifest.lines().any(|line| line.starts_with(&format!("{other}.")) || line.starts_with(&format!("{other} ="))));
        let refused: Vec<_> = used.filter(|other| !allowed.contains(other)).collect();
        assert!(refused.is_empty(), "{name} may not use {refused:?}");
    }
}

#[test]
fn a_capability_uses_only_those_before_it() {
    let mut wrong = Vec::new();
    for (rank, capability) in CAPABILITIES.iter().enumerate() {
        for file in sources(&root().join("commerce/src").join(capability)) {
            let text = read(&file);
            for (other_rank, other) in CAPABILITIES.iter().enumerate() {
                let names_it = text.contains(&format!("crate::{other}::"))
                    || text.contains(&format!("crate::{other};"))
                    || text.contains(&format!("crate::{{{other}"));
                if names_it && (other_rank > rank || (other_rank < rank && USED_BY_NOBODY.contains(other))) {
                    wrong.push(format!("{} uses {other}, which comes after {capability}", shown(&file)));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_stay_small_and_are_named_after_what_they_hold() {
    let mut wrong = Vec::new();
    for (name, _) in ARROWS {
        for file in sources(&root().join(name)) {
            let lines = read(&file).lines().count();
            let is_main = file.file_name().is_some_and(|name| name == "main.rs") && *name != "tests" && *name != "xtask";
            let largest = if is_main && *name != "migrations" { LARGEST_MAIN } else { LARGEST_FILE };
            if lines > largest {
                wrong.push(format!("{} has {lines} lines, at most {largest}", shown(&file)));
            }
            let stem = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            if REFUSED_NAMES.contains(&stem.as_str())
                || file.components().any(|part| REFUSED_NAMES.iter().any(|name| part.as_os_str() == *name))
            {
                wrong.push(format!("{}: say what it holds", shown(&file)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_crate_and_capability_says_what_it_is() {
    let heads = ARROWS
        .iter()
        .map(|(name, _)| root().join(name).join("src/lib.rs"))
        .chain(CAPABILITIES.iter().map(|name| root().join("commerce/src").join(name).join("mod.rs")));
    let silent: Vec<_> = heads.filter(|file| file.exists() && !read(file).starts_with("//! ")).map(|file| shown(&file)).collect();
    assert!(silent.is_empty(), "no `//!` head: {silent:?}");
}

#[test]
fn only_tenancy_sets_a_tenant() {
    let mut wrong = Vec::new();
    for name in ["commerce", "search", "api", "worker"] {
        for file in sources(&root().join(name).join("src")) {
            let text = read(&file);
            for word in ["SET LOCAL app.", "SET app.", "set_config(", "session_replication_role", "SET ROLE"] {
                if text.contains(word) {
                    wrong.push(format!("{} says `{word}`", shown(&file)));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Only a `Proof` begins a session (its type says so), and only these files make one: whoever adds a way in is read twice.
#[test]
fn t051_few_files_prove_that_somebody_may_have_a_session() {
    let makers = ["identity/proof.rs", "identity/sign_in.rs", "identity/team/accept_invitation.rs", "stores/open_store.rs"];
    for name in ["commerce", "api", "worker"] {
        for file in sources(&root().join(name).join("src")) {
            if read(&file).contains("Proof::") {
                assert!(makers.iter().any(|maker| file.ends_with(maker)), "{} makes a proof", shown(&file));
            }
        }
    }
}

#[test]
fn a_handler_says_four_things() {
    let mut wrong = Vec::new();
    for file in sources(&root().join("api/src")) {
        let text = read(&file);
        let mut lines = text.lines().enumerate().peekable();
        while let Some((_, line)) = lines.next() {
            if !line.trim_start().starts_with("#[endpoint") {
                continue;
            }
            let mut name = String::new();
            for (_, line) in lines.by_ref() {
                if let Some(rest) = line.split("fn ").nth(1).filter(|_| name.is_empty()) {
                    name = rest.split('(').next().unwrap_or_default().to_owned();
                }
                if !name.is_empty() && line.ends_with('{') {
                    break;
                }
            }
            let body = lines.by_ref().take_while(|(_, line)| *line != "}").count();
            if body > LARGEST_HANDLER {
                wrong.push(format!("{}: `{name}` has {body} lines, at most {LARGEST_HANDLER}", shown(&file)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the workspace").to_owned()
}

pub(crate) fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn read(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn shown(file: &Path) -> String {
    file.strip_prefix(root()).unwrap_or(file).display().to_string()
}

//! `cargo xtask leaked-passwords`: writes the list of passwords that nobody may choose, from lists of leaked ones.
//!
//! A list has a password a line. Kept are those that could be chosen at all, folded as `commerce` folds what it asks for, each as the
//! first six bytes of its SHA-256, in order: a list of a hundred and fifty thousand is under a megabyte, says no foul word, and takes
//! another password for one of its own once in two thousand million times.
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use sha2::{Digest, Sha256};

use crate::console::say;
use crate::workspace;

const WRITTEN_TO: &str = "commerce/src/identity/passwords/leaked.bin";
const KEPT_BYTES: usize = 6;
/// Shorter ones are refused for their length, longer ones do not come about by choice.
const LENGTHS: std::ops::RangeInclusive<usize> = 10..=64;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Files with a password a line, in UTF-8
    #[arg(required = true)]
    lists: Vec<PathBuf>,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let mut hashes = BTreeSet::new();
    for list in &options.lists {
        let bytes = std::fs::read(list).with_context(|| format!("{} cannot be read", list.display()))?;
        let lines = bytes.split(|byte| *byte == b'\n').filter_map(|line| std::str::from_utf8(line).ok());
        let folded = lines.map(|line| line.trim_end_matches('\r').to_lowercase());
        let fit = folded.filter(|line| LENGTHS.contains(&line.chars().count()) && !line.chars().any(char::is_control));
        hashes.extend(fit.map(|password| Sha256::digest(password)[..KEPT_BYTES].to_vec()));
    }
    std::fs::write(workspace::root().join(WRITTEN_TO), hashes.iter().flatten().copied().collect::<Vec<u8>>())?;
    say(&format!("{} passwords in {WRITTEN_TO}", hashes.len()));
    Ok(ExitCode::SUCCESS)
}

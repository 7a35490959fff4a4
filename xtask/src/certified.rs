//! The certified OpenID Connect provider that a test signs in by: npm's `oidc-provider`, fetched once.
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::console::say;
use crate::fleet::{self, Output};
use crate::workspace;

const PACKAGE: &str = "oidc-provider";
const VERSION: &str = "9.13.3";

/// The package's folder: the one that `STOA_TEST_OIDC_PROVIDER` names, or one of our own. None, and the reason said, where npm cannot
/// fetch it: its test is skipped then.
pub(crate) async fn provider(folder: &Path) -> Option<PathBuf> {
    if let Some(named) = workspace::variable("STOA_TEST_OIDC_PROVIDER") {
        return Some(named.into());
    }
    let npm = folder.join(format!("npm-{VERSION}"));
    let package = npm.join("node_modules").join(PACKAGE);
    if package.join("package.json").exists() {
        return Some(package);
    }
    std::fs::create_dir_all(&npm).ok()?;
    let mut command = Command::new("npm");
    command.current_dir(&npm).args(["install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", "."]);
    command.arg(format!("{PACKAGE}@{VERSION}"));
    match fleet::run(command, None, Output::File(folder.join("log").join("npm"))).await {
        Ok(status) if status.success() => Some(package),
        Ok(status) => {
            say(&format!("npm could not fetch {PACKAGE} ({status}): signing in by a certified provider is not tried"));
            None
        }
        Err(error) => {
            say(&format!("{error:#}: signing in by a certified provider is not tried"));
            None
        }
    }
}

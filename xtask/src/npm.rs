//! Programs that somebody else wrote and that tests talk to: packages of npm, each fetched once.
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::console::say;
use crate::fleet::{self, Output};
use crate::workspace;

/// A package, and the variable that names its folder to the tests.
pub(crate) struct Package {
    pub variable: &'static str,
    name: &'static str,
    version: &'static str,
    /// What is not tried without it.
    purpose: &'static str,
}

pub(crate) const PEERS: [Package; 2] = [
    Package {
        variable: "STOA_TEST_OIDC_PROVIDER",
        name: "oidc-provider",
        version: "9.13.3",
        purpose: "signing in by a certified provider",
    },
    Package { variable: "STOA_TEST_S3RVER", name: "s3rver", version: "3.7.1", purpose: "keeping pictures in S3" },
];

impl Package {
    /// Its folder: the one that its variable names, or one of our own. None, and the reason said, where npm cannot fetch it: its tests
    /// are skipped then.
    pub(crate) async fn folder(&self, among: &Path) -> Option<PathBuf> {
        if let Some(named) = workspace::variable(self.variable) {
            return Some(named.into());
        }
        let npm = among.join(format!("npm-{}-{}", self.name, self.version));
        let package = npm.join("node_modules").join(self.name);
        if package.join("package.json").exists() {
            return Some(package);
        }
        std::fs::create_dir_all(&npm).ok()?;
        let mut command = Command::new("npm");
        command.current_dir(&npm).args(["install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", "."]);
        command.arg(format!("{}@{}", self.name, self.version));
        match fleet::run(command, None, Output::File(among.join("log").join("npm"))).await {
            Ok(status) if status.success() => Some(package),
            Ok(status) => {
                say(&format!("npm could not fetch {} ({status}): {} is not tried", self.name, self.purpose));
                None
            }
            Err(error) => {
                say(&format!("{error:#}: {} is not tried", self.purpose));
                None
            }
        }
    }
}

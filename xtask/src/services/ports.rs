//! Ports are chosen once and remembered, so that bookmarks and copied commands stay right.
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::console::say;

pub(crate) struct Ports {
    file: PathBuf,
    chosen: BTreeMap<String, u16>,
}

impl Ports {
    pub(crate) fn load(folder: &Path) -> Self {
        let file = folder.join("ports.json");
        let chosen = std::fs::read(&file).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
        Self { file, chosen }
    }

    /// The remembered port when it is free; else the first free one from `preferred` on, remembered from now on.
    pub(crate) fn free(&mut self, name: &str, preferred: u16) -> anyhow::Result<u16> {
        let remembered = self.chosen.get(name).copied();
        if let Some(port) = remembered.filter(|port| is_free(*port)) {
            return Ok(port);
        }
        let taken: Vec<u16> = self.chosen.values().copied().collect();
        let Some(port) = (preferred..preferred.saturating_add(200)).find(|port| !taken.contains(port) && is_free(*port)) else {
            bail!("no free port between {preferred} and {}; stop something that listens there", preferred.saturating_add(200));
        };
        if let Some(old) = remembered {
            say(&format!("port {old} ({name}) is used by another program; from now on {name} is on {port}"));
        }
        self.chosen.insert(name.to_owned(), port);
        let text = serde_json::to_string_pretty(&self.chosen)?;
        std::fs::write(&self.file, text).with_context(|| format!("cannot write {}", self.file.display()))?;
        Ok(port)
    }

    /// A port that `free` gave before in this run.
    pub(crate) fn of(&self, name: &str) -> u16 {
        self.chosen.get(name).copied().unwrap_or_default()
    }

    /// The superuser of the private instance, on its maintenance database.
    pub(crate) fn admin_url(&self) -> String {
        format!("postgres://postgres:postgres@127.0.0.1:{}/postgres", self.of("postgres"))
    }

    /// A role of the product on the product's database; in a private instance a role's password is its name.
    pub(crate) fn database_url(&self, role: &str) -> String {
        format!("postgres://{role}:{role}@127.0.0.1:{}/stoa", self.of("postgres"))
    }

    pub(crate) fn redis_url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.of("redis"))
    }
}

fn is_free(port: u16) -> bool {
    TcpListener::bind(("127.0.0.1", port)).is_ok()
}

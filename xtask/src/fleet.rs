//! The processes we started, and their end.
//!
//! Each one leads a process group of its own, so that a Ctrl-C in the terminal reaches only us and everything ends in
//! order: last started, first ended. Three nets under each other: dropping the `Fleet` ends them; where `setpriv` exists
//! the kernel signals them when we die without a chance to drop; and a ledger on disk names them, so that the next start
//! can end what is left — but only a process whose start time proves that it is the one we started.
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tokio::process::Child;

const PATIENCE: Duration = Duration::from_secs(12);

pub(crate) struct Fleet {
    ledger: PathBuf,
    running: Vec<Running>,
    /// Held as long as we live: one run at a time in one folder.
    _lock: File,
}

struct Running {
    name: String,
    pid: u32,
    child: Child,
    end: Signal,
}

/// How a process is asked to end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    Interrupt,
    Terminate,
    Kill,
}

impl Signal {
    fn word(self) -> &'static str {
        match self {
            Self::Interrupt => "INT",
            Self::Terminate => "TERM",
            Self::Kill => "KILL",
        }
    }
}

/// Where a process writes.
pub(crate) enum Output {
    Inherit,
    /// Appended to this file.
    File(PathBuf),
    Piped,
}

/// The user that programs which refuse root are started as.
#[derive(Clone, Copy)]
pub(crate) struct User {
    pub uid: u32,
    pub gid: u32,
}

impl Fleet {
    /// Takes the folder for this run and ends what a killed run left there.
    pub(crate) fn take(folder: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(folder.join("lock"))?;
        if lock.try_lock().is_err() {
            bail!("the same command already runs in this checkout (it holds {}); stop it first", folder.join("lock").display());
        }
        let fleet = Self { ledger: folder.join("processes"), running: Vec::new(), _lock: lock };
        fleet.end_strays();
        Ok(fleet)
    }

    /// Starts a process that stays until this fleet ends.
    pub(crate) fn start(
        &mut self,
        name: &str,
        command: Command,
        user: Option<User>,
        output: Output,
        end: Signal,
    ) -> anyhow::Result<&mut Child> {
        let child = spawn(command, user, output, end).with_context(|| format!("cannot start {name}"))?;
        let pid = child.id().with_context(|| format!("{name} ended at once"))?;
        self.running.push(Running { name: name.to_owned(), pid, child, end });
        self.write_ledger();
        self.running.last_mut().map(|running| &mut running.child).context("just pushed")
    }

    /// The name of a process that has ended although nobody asked, with how it ended.
    pub(crate) fn fallen(&mut self) -> Option<(String, ExitStatus)> {
        self.running.iter_mut().find_map(|running| running.child.try_wait().ok().flatten().map(|status| (running.name.clone(), status)))
    }

    /// The process id of a running process.
    pub(crate) fn pid(&self, name: &str) -> Option<u32> {
        self.running.iter().find(|running| running.name == name).map(|running| running.pid)
    }

    /// Ends one process and waits for it.
    pub(crate) fn end(&mut self, name: &str) {
        while let Some(at) = self.running.iter().rposition(|running| running.name == name) {
            let mut running = self.running.remove(at);
            end_child(&mut running);
        }
        self.write_ledger();
    }

    fn write_ledger(&self) {
        let lines: String = self
            .running
            .iter()
            .filter_map(|running| Some(format!("{} {} {}\n", running.pid, identity(running.pid)?, running.name)))
            .collect();
        if let Ok(mut file) = File::create(&self.ledger) {
            file.write_all(lines.as_bytes()).ok();
        }
    }

    fn end_strays(&self) {
        for line in std::fs::read_to_string(&self.ledger).unwrap_or_default().lines().rev() {
            let mut words = line.splitn(3, ' ');
            let (Some(pid), Some(born), Some(name)) = (words.next().and_then(|word| word.parse().ok()), words.next(), words.next()) else {
                continue;
            };
            if identity(pid).as_deref() != Some(born) {
                continue;
            }
            crate::console::say(&format!("ending {name}, left by a run that was killed (process {pid})"));
            signal_group(pid, Signal::Interrupt);
            let begun = Instant::now();
            while identity(pid).as_deref() == Some(born) {
                if begun.elapsed() > PATIENCE {
                    signal_group(pid, Signal::Kill);
                    break;
                }
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        std::fs::remove_file(&self.ledger).ok();
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        while let Some(mut running) = self.running.pop() {
            end_child(&mut running);
        }
        std::fs::remove_file(&self.ledger).ok();
    }
}

/// Runs a command to its end; when this future is dropped, the command's whole group ends with it.
pub(crate) async fn run(command: Command, user: Option<User>, output: Output) -> anyhow::Result<ExitStatus> {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = spawn(command, user, output, Signal::Terminate).with_context(|| format!("cannot start {name}"))?;
    let guard = Group(child.id());
    let status = child.wait().await?;
    std::mem::forget(guard);
    Ok(status)
}

/// A command's group, ended unless forgotten.
struct Group(Option<u32>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(pid) = self.0 {
            signal_group(pid, Signal::Terminate);
        }
    }
}

fn spawn(command: Command, user: Option<User>, output: Output, end: Signal) -> std::io::Result<Child> {
    let mut command = tokio::process::Command::from(as_user(command, user, end));
    command.stdin(Stdio::null()).process_group(0);
    match output {
        Output::Inherit => {}
        Output::Piped => {
            command.stdout(Stdio::piped()).stderr(Stdio::piped());
        }
        Output::File(path) => {
            let file = OpenOptions::new().create(true).append(true).open(path)?;
            command.stdout(file.try_clone()?).stderr(file);
        }
    }
    command.spawn()
}

/// Wraps a command in `setpriv`: tied to our life, and as another user when root must not run it.
fn as_user(command: Command, user: Option<User>, end: Signal) -> Command {
    if !Path::new("/usr/bin/setpriv").exists() {
        return command;
    }
    let mut wrapped = Command::new("/usr/bin/setpriv");
    wrapped.arg(format!("--pdeathsig={}", end.word()));
    if let Some(User { uid, gid }) = user {
        wrapped.args([format!("--reuid={uid}"), format!("--regid={gid}"), "--clear-groups".to_owned()]);
    }
    wrapped.arg("--").arg(command.get_program()).args(command.get_args());
    if let Some(folder) = command.get_current_dir() {
        wrapped.current_dir(folder);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => wrapped.env(name, value),
            None => wrapped.env_remove(name),
        };
    }
    wrapped
}

fn end_child(running: &mut Running) {
    if matches!(running.child.try_wait(), Ok(Some(_)) | Err(_)) {
        return;
    }
    signal_group(running.pid, running.end);
    let begun = Instant::now();
    while matches!(running.child.try_wait(), Ok(None)) {
        if begun.elapsed() > PATIENCE {
            crate::console::say(&format!("{} did not end in {} s and is killed", running.name, PATIENCE.as_secs()));
            signal_group(running.pid, Signal::Kill);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Sends a signal to the group that `pid` leads, by the shell's own `kill` (no other program, no unsafe code).
fn signal_group(pid: u32, signal: Signal) {
    let line = format!("kill -{} -{pid}", signal.word());
    Command::new("/bin/sh").args(["-c", &line]).stderr(Stdio::null()).status().ok();
}

/// What tells a process from a later one with the same id: its start, and the boot it started in.
fn identity(pid: u32) -> Option<String> {
    if Path::new("/proc/self/stat").exists() {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let after_name: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        if after_name.first() == Some(&"Z") {
            return None;
        }
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        return Some(format!("{}@{}", after_name.get(19)?, boot.trim()));
    }
    let output = Command::new("ps").args(["-o", "lstart=", "-p", &pid.to_string()]).output().ok()?;
    let born = String::from_utf8_lossy(&output.stdout).split_whitespace().collect::<Vec<_>>().join("_");
    (!born.is_empty()).then_some(born)
}

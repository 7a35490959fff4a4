//! A private Redis (or Valkey) on loopback.
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::bail;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::programs::Programs;
use super::{log_file, tail};
use crate::fleet::{Fleet, Output, Signal};

pub(super) async fn start(fleet: &mut Fleet, programs: &Programs, folder: &Path, port: u16, keeps: bool) -> anyhow::Result<()> {
    let (data, log) = (folder.join("redis"), log_file(folder, "redis"));
    std::fs::create_dir_all(&data)?;
    let mut command = Command::new(&programs.redis);
    command.current_dir(&data).args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", "", "--dir", "."]);
    command.args(["--appendonly", if keeps { "yes" } else { "no" }]);
    fleet.start("redis", command, None, Output::File(log.clone()), Signal::Terminate)?;
    let begun = Instant::now();
    while !answers(port).await {
        if let Some((_, status)) = fleet.fallen() {
            bail!("Redis did not start ({status}); the end of {}:\n    {}", log.display(), tail(&log, 8));
        }
        if begun.elapsed() > Duration::from_secs(20) {
            bail!("Redis was not ready within 20 s; the end of {}:\n    {}", log.display(), tail(&log, 8));
        }
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    Ok(())
}

async fn answers(port: u16) -> bool {
    let ping = async {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.write_all(b"PING\r\n").await?;
        let mut answer = [0; 5];
        stream.read_exact(&mut answer).await?;
        std::io::Result::Ok(&answer == b"+PONG")
    };
    matches!(tokio::time::timeout(Duration::from_secs(1), ping).await, Ok(Ok(true)))
}

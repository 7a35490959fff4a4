//! A mail server for development: takes every mail, keeps it as a file, says so on the terminal, delivers nothing.
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use mail_parser::MessageParser;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufStream};
use tokio::net::{TcpListener, TcpStream};

use crate::console::say;

const LARGEST_MAIL: usize = 10 * 1024 * 1024;

/// Listens until the process ends; mails land in `folder` as `<time>-<n>.eml`, and on the terminal where it `tells`.
pub(crate) async fn listen(port: u16, folder: PathBuf, tells: bool) -> anyhow::Result<()> {
    std::fs::create_dir_all(&folder)?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let shelf = Arc::new(Shelf { folder, tells, count: AtomicU32::new(0) });
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let shelf = shelf.clone();
            tokio::spawn(async move { talk(stream, &shelf).await });
        }
    });
    Ok(())
}

async fn talk(stream: TcpStream, shelf: &Shelf) -> std::io::Result<()> {
    let mut stream = BufStream::new(stream);
    let mut recipients = Vec::new();
    answer(&mut stream, "220 localhost development mail").await?;
    while let Some(line) = read_line(&mut stream).await? {
        let text = String::from_utf8_lossy(&line).trim().to_owned();
        let verb = text.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" => answer(&mut stream, "250-localhost\r\n250-8BITMIME\r\n250-PIPELINING\r\n250 SMTPUTF8").await?,
            "HELO" | "NOOP" => answer(&mut stream, "250 ok").await?,
            "MAIL" | "RSET" => {
                recipients.clear();
                answer(&mut stream, "250 ok").await?;
            }
            "RCPT" => {
                recipients.push(text.split(['<', '>']).nth(1).unwrap_or_default().to_owned());
                answer(&mut stream, "250 ok").await?;
            }
            "DATA" => {
                answer(&mut stream, "354 go on").await?;
                match read_mail(&mut stream).await? {
                    Some(mail) => {
                        shelf.keep(&recipients, &mail)?;
                        answer(&mut stream, "250 kept").await?;
                    }
                    None => answer(&mut stream, "552 too large").await?,
                }
            }
            "QUIT" => return answer(&mut stream, "221 bye").await,
            _ => answer(&mut stream, "502 not here").await?,
        }
    }
    Ok(())
}

async fn answer(stream: &mut BufStream<TcpStream>, line: &str) -> std::io::Result<()> {
    stream.write_all(format!("{line}\r\n").as_bytes()).await?;
    stream.flush().await
}

async fn read_line(stream: &mut BufStream<TcpStream>) -> std::io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let read = (&mut *stream).take(64 * 1024).read_until(b'\n', &mut line).await?;
    Ok((read > 0).then_some(line))
}

/// The mail up to the lone dot; `None` when it was too large (it is read to its end all the same).
async fn read_mail(stream: &mut BufStream<TcpStream>) -> std::io::Result<Option<Vec<u8>>> {
    let mut mail = Vec::new();
    let mut fits = true;
    while let Some(line) = read_line(stream).await? {
        if line.trim_ascii_end() == b"." {
            return Ok(fits.then_some(mail));
        }
        fits &= mail.len() + line.len() <= LARGEST_MAIL;
        if fits {
            mail.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
        }
    }
    Err(std::io::ErrorKind::UnexpectedEof.into())
}

struct Shelf {
    folder: PathBuf,
    tells: bool,
    count: AtomicU32,
}

impl Shelf {
    fn keep(&self, recipients: &[String], mail: &[u8]) -> std::io::Result<()> {
        let millis = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
        let name = format!("{millis}-{:04}.eml", self.count.fetch_add(1, Ordering::Relaxed));
        std::fs::write(self.folder.join(&name), mail)?;
        if self.tells {
            let parsed = MessageParser::default().parse(mail);
            let subject = parsed.as_ref().and_then(|mail| mail.subject()).unwrap_or("without a subject");
            say(&format!("mail to {}: {subject}", recipients.join(", ")));
        }
        Ok(())
    }
}

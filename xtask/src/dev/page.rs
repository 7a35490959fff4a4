//! A page for development: the mails that were kept, and drawn placeholders for the demo stores' product images.
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use mail_parser::{Address, Message, MessageParser};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::card;

pub(super) async fn listen(port: u16, mails: PathBuf) -> anyhow::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mails = mails.clone();
            tokio::spawn(async move { serve(stream, &mails).await });
        }
    });
    Ok(())
}

async fn serve(mut stream: TcpStream, mails: &Path) -> std::io::Result<()> {
    let mut head = vec![0; 8192];
    let read = stream.read(&mut head).await?;
    let line = String::from_utf8_lossy(&head[..read]).into_owned();
    let path = line.split(' ').nth(1).unwrap_or("/").to_owned();
    let (status, kind, body) = match path.split('/').collect::<Vec<_>>().as_slice() {
        ["", ""] => ("200 OK", "text/html; charset=utf-8", list(mails).into_bytes()),
        ["", "mail", name] => match show(mails, name) {
            Some(text) => ("200 OK", "text/html; charset=utf-8", text.into_bytes()),
            None => ("404 Not Found", "text/plain", b"no such mail".to_vec()),
        },
        ["", "images", name] => ("200 OK", "image/png", card::png(name)),
        _ => ("404 Not Found", "text/plain", b"nothing here".to_vec()),
    };
    let head = format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(&body).await
}

const STYLE: &str = "<!doctype html><meta charset=utf-8><title>Mail</title>\
    <style>body{font:15px/1.5 system-ui;max-width:52rem;margin:2rem auto;padding:0 1rem}td{padding:.2rem 1rem .2rem 0}pre{white-space:pre-wrap}\
    iframe{width:100%;height:60rem;border:1px solid #ddd;border-radius:8px}</style>";

fn list(folder: &Path) -> String {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort_by(|a, b| b.cmp(a));
    let mut page = format!("{STYLE}<h1>Mail</h1><p>{} kept in {}</p><table>", names.len(), escape(&folder.display().to_string()));
    for name in names.iter().take(200) {
        let bytes = std::fs::read(folder.join(name)).unwrap_or_default();
        let Some(mail) = MessageParser::default().parse(&bytes) else { continue };
        let [date, to, subject] = [day(&mail), address(mail.to()), escape(mail.subject().unwrap_or_default())];
        write!(page, "<tr><td>{date}<td>{to}<td><a href=\"/mail/{name}\">{subject}</a>").ok();
    }
    page + "</table>"
}

/// The mail as a mail program shows it, and its plain text below.
fn show(folder: &Path, name: &str) -> Option<String> {
    if !name.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.')) || name.contains("..") {
        return None;
    }
    let bytes = std::fs::read(folder.join(name)).ok()?;
    let mail = MessageParser::default().parse(&bytes)?;
    let subject = escape(mail.subject().unwrap_or_default());
    let html = escape(&mail.body_html(0).unwrap_or_default());
    let text = linked(&escape(&mail.body_text(0).unwrap_or_default()));
    Some(format!(
        "{STYLE}<p><a href=\"/\">all mail</a></p><h1>{subject}</h1><p>{} → {} · {}</p>\
         <iframe sandbox=\"allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation\" srcdoc=\"{}{html}\"></iframe>\
         <h2>As plain text</h2><pre>{text}</pre>",
        address(mail.from()),
        address(mail.to()),
        day(&mail),
        escape("<base target=\"_blank\">"),
    ))
}

fn address(addresses: Option<&Address<'_>>) -> String {
    let Some(first) = addresses.and_then(Address::first) else { return String::new() };
    let bare = escape(first.address().unwrap_or_default());
    first.name().map_or_else(|| bare.clone(), |name| format!("{} &lt;{bare}&gt;", escape(name)))
}

fn day(mail: &Message<'_>) -> String {
    mail.date().map(mail_parser::DateTime::to_rfc822).unwrap_or_default()
}

fn linked(text: &str) -> String {
    let words = text.split_inclusive([' ', '\n']).map(|word| {
        let bare = word.trim_end();
        if bare.starts_with("http://") || bare.starts_with("https://") {
            format!("<a href=\"{bare}\">{bare}</a>{}", &word[bare.len()..])
        } else {
            word.to_owned()
        }
    });
    words.collect()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

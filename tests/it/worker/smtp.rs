//! A mail server of few words, which can be told to refuse.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

#[derive(Clone)]
pub(super) struct SmtpServer {
    pub(super) address: SocketAddr,
    pub(super) refuses: Arc<AtomicBool>,
    taken: Arc<Mutex<Vec<String>>>,
}

impl SmtpServer {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self { address: listener.local_addr().unwrap(), refuses: Arc::default(), taken: Arc::default() };
        let answering = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answering.clone().answer(stream));
            }
        });
        server
    }

    /// Message-IDs of the mails that were taken, in their order.
    pub(super) fn message_ids(&self) -> Vec<String> {
        let id = |mail: &String| mail.lines().find_map(|line| line.strip_prefix("Message-ID: ")).unwrap_or_default().to_owned();
        self.taken.lock().unwrap().iter().map(id).collect()
    }

    async fn answer(self, stream: TcpStream) -> std::io::Result<()> {
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        write.write_all(b"220 stoa.test\r\n").await?;
        while let Some(line) = lines.next_line().await? {
            let reply: &[u8] = match line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase().as_str() {
                "MAIL" if self.refuses.load(Ordering::SeqCst) => b"451 not now\r\n",
                "DATA" => {
                    write.write_all(b"354 go on\r\n").await?;
                    let mut mail = String::new();
                    while let Some(line) = lines.next_line().await?.filter(|line| line != ".") {
                        mail.push_str(&line);
                        mail.push('\n');
                    }
                    self.taken.lock().unwrap().push(mail);
                    b"250 taken\r\n"
                }
                "QUIT" => {
                    write.write_all(b"221 bye\r\n").await?;
                    return Ok(());
                }
                _ => b"250 ok\r\n",
            };
            write.write_all(reply).await?;
        }
        Ok(())
    }
}

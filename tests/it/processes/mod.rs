//! The real programs on real sockets: killed, asked to stop, and left without what they lean on.

use std::{net::SocketAddr, time::Duration};

use tokio::{net::TcpStream, time::timeout};

mod kills;
mod losses;
mod stops;

/// A client that waits long for an answer, and a new connection for each request.
fn client() -> reqwest::Client {
    let builder = reqwest::Client::builder().timeout(Duration::from_secs(30)).redirect(reqwest::redirect::Policy::none());
    builder.pool_max_idle_per_host(0).build().expect("a client")
}

async fn listens(address: SocketAddr) {
    let listening = async {
        while TcpStream::connect(address).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(20), listening).await.expect("the api listens");
}

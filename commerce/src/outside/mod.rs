//! Calls to addresses that somebody else has named: a store's identity provider, a picture to be fetched.
//!
//! Promises
//! - What a store names ([`Reach::Public`]) is reached on the public internet alone: https, the ports of https, no address that is
//!   private, local, or our own; judged when it is saved ([`Outside::judge`]) and again for every address to which its name
//!   resolves, when the connection is made.
//! - What the platform's own configuration names ([`Reach::Configured`]) may lie in the platform's network; it is https too.
//! - No redirect is followed, but by [`Outside::fetch`], to addresses that are judged as the first one was; no proxy of the
//!   environment is used. An answer is bounded in bytes and, with everything before it,
//!   in time. So is how many are asked at once: those that stores name apart from ours, and of all of them few at one place, so that
//!   one that stalls is away alone.
//! - No transaction is open meanwhile: nothing here takes one.
//!
//! `STOA_OUTSIDE_MAY_BE_PRIVATE` takes the first two promises back, for development and tests.

mod address;
mod resolver;

use std::{net::IpAddr, sync::Arc, time::Duration};

use http::{Request, Response};
use moka::sync::Cache;
use reqwest::{Client, Url, redirect::Policy};
use tokio::sync::Semaphore;

pub use address::is_global;
use resolver::PublicOnly;

/// Asking, answering and waiting for a turn together.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);
const AT_ONCE: usize = 64;
/// At one host and port.
const AT_ONCE_EACH: usize = 8;
const PLACES_KEPT_FOR: Duration = Duration::from_mins(1);
const PLACES_AT_MOST: u64 = 10_000;
const REDIRECTS_AT_MOST: usize = 3;
const USER_AGENT: &str = "Stoa";

/// Whose word it is that an address may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reach {
    /// The platform's configuration.
    Configured,
    /// A store.
    Public,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the address cannot be called: {0}")]
    Refused(&'static str),
    #[error("no answer came in time")]
    TooSlow,
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    #[error("the call failed: {0}")]
    Failed(String),
}

/// Calls out. Cheap to clone; clones share their turns.
#[derive(Clone)]
pub struct Outside {
    configured: Lane,
    public: Lane,
    may_be_private: bool,
    /// Under which the platform itself answers.
    own_host: Arc<str>,
}

#[derive(Clone)]
struct Lane {
    client: Client,
    turns: Arc<Semaphore>,
    turns_each: Cache<String, Arc<Semaphore>>,
}

impl Lane {
    fn new(client: Client) -> Self {
        let turns_each = Cache::builder().max_capacity(PLACES_AT_MOST).time_to_idle(PLACES_KEPT_FOR).build();
        Self { client, turns: Arc::new(Semaphore::new(AT_ONCE)), turns_each }
    }
}

impl Outside {
    /// # Errors
    /// The TLS library cannot be set up.
    pub fn new(own_host: &str, may_be_private: bool) -> reqwest::Result<Self> {
        let client = || Client::builder().redirect(Policy::none()).no_proxy().timeout(ANSWERS_WITHIN).user_agent(USER_AGENT);
        let public = if may_be_private { client() } else { client().dns_resolver(PublicOnly) };
        Ok(Self {
            configured: Lane::new(client().build()?),
            public: Lane::new(public.build()?),
            may_be_private,
            own_host: own_host.to_ascii_lowercase().into(),
        })
    }

    /// Whether an address may be called, as far as its text tells.
    ///
    /// # Errors
    /// `Refused`, with what is wrong.
    pub fn judge(&self, reach: Reach, text: &str) -> Result<Url, Error> {
        let url = Url::parse(text).map_err(|_| Error::Refused("it is no address"))?;
        if url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
            return Err(Error::Refused("it holds a user's name, a password or a fragment"));
        }
        let host = url.host_str().unwrap_or_default().trim_end_matches('.').to_ascii_lowercase();
        let ip = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok();
        if self.may_be_private && ip.map_or(host == "localhost", |ip| ip.is_loopback()) {
            return Ok(url);
        }
        if url.scheme() != "https" {
            return Err(Error::Refused("it does not start with https://"));
        }
        if reach == Reach::Configured || self.may_be_private {
            return Ok(url);
        }
        if ![443, 8443].contains(&url.port_or_known_default().unwrap_or_default()) {
            return Err(Error::Refused("its port is neither 443 nor 8443"));
        }
        match ip {
            Some(ip) if is_global(ip) => Ok(url),
            Some(_) => Err(Error::Refused("it is not on the public internet")),
            None if !host.contains('.') || ["localhost", "local", "internal"].iter().any(|end| host.ends_with(&format!(".{end}"))) => {
                Err(Error::Refused("it is not on the public internet"))
            }
            None if host == *self.own_host || host.ends_with(&format!(".{}", self.own_host)) => Err(Error::Refused("it is our own")),
            None => Ok(url),
        }
    }

    /// Sends a request and reads the whole answer, whatever its status.
    ///
    /// # Errors
    /// See [`Error`]; the address is judged first.
    pub async fn send(&self, reach: Reach, request: Request<Vec<u8>>, at_most_bytes: usize) -> Result<Response<Vec<u8>>, Error> {
        self.ask(reach, request, (at_most_bytes, ANSWERS_WITHIN)).await
    }

    /// Fetches a file and follows where it is said to be now, within so much time for all of it.
    ///
    /// # Errors
    /// See [`Error`]; each address is judged first.
    pub async fn fetch(&self, reach: Reach, url: &str, (at_most_bytes, within): (usize, Duration)) -> Result<Response<Vec<u8>>, Error> {
        let work = async {
            let mut url = self.judge(reach, url)?;
            for _ in 0..=REDIRECTS_AT_MOST {
                let request = Request::get(url.as_str()).body(Vec::new()).map_err(failed)?;
                let answer = self.ask(reach, request, (at_most_bytes, within)).await?;
                let Some(there) = answer.headers().get(http::header::LOCATION).filter(|_| answer.status().is_redirection()) else {
                    return Ok(answer);
                };
                let there = there.to_str().map_err(failed)?;
                url = self.judge(reach, url.join(there).map_err(|_| Error::Refused("it leads to what is no address"))?.as_str())?;
            }
            Err(Error::Refused("it leads on and on"))
        };
        tokio::time::timeout(within, work).await.map_err(|_| Error::TooSlow)?
    }

    async fn ask(
        &self,
        reach: Reach,
        request: Request<Vec<u8>>,
        (at_most_bytes, within): (usize, Duration),
    ) -> Result<Response<Vec<u8>>, Error> {
        let url = self.judge(reach, &request.uri().to_string())?;
        let lane = match reach {
            Reach::Configured => &self.configured,
            Reach::Public => &self.public,
        };
        let turns_there = lane.turns_each.get_with(url.authority().to_owned(), || Arc::new(Semaphore::new(AT_ONCE_EACH)));
        let work = async {
            // In this order: who waits for a place that stalls is in nobody else's way.
            let _there = turns_there.acquire().await.map_err(failed)?;
            let _turn = lane.turns.acquire().await.map_err(failed)?;
            let (parts, body) = request.into_parts();
            let asked = lane.client.request(parts.method, url).timeout(within).headers(parts.headers).body(body);
            read(asked.send().await.map_err(|error| failed(error.without_url()))?, at_most_bytes).await
        };
        tokio::time::timeout(within, work).await.map_err(|_| Error::TooSlow)?
    }
}

async fn read(mut answer: reqwest::Response, at_most_bytes: usize) -> Result<Response<Vec<u8>>, Error> {
    let mut body = Vec::new();
    if answer.content_length().is_some_and(|length| usize::try_from(length).unwrap_or(usize::MAX) > at_most_bytes) {
        return Err(Error::TooLarge(at_most_bytes));
    }
    while let Some(chunk) = answer.chunk().await.map_err(|error| failed(error.without_url()))? {
        if body.len() + chunk.len() > at_most_bytes {
            return Err(Error::TooLarge(at_most_bytes));
        }
        body.extend_from_slice(&chunk);
    }
    let mut whole = Response::new(body);
    *whole.status_mut() = answer.status();
    *whole.headers_mut() = answer.headers().clone();
    Ok(whole)
}

fn failed(error: impl std::error::Error) -> Error {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    Error::Failed(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outside(may_be_private: bool) -> Outside {
        Outside::new("shops.example", may_be_private).unwrap()
    }

    /// T100: what a store names is judged when it is saved.
    #[test]
    fn what_a_store_names_is_on_the_public_internet() {
        let outside = outside(false);
        for fit in ["https://login.example.com", "https://login.example.com:8443/realms/a", "https://9.9.9.9/x", "https://[2620:fe::fe]/"] {
            assert!(outside.judge(Reach::Public, fit).is_ok(), "{fit}");
        }
        for wrong in [
            "http://login.example.com",
            "ftp://login.example.com",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "//login.example.com",
            "https://user@login.example.com",
            "https://login.example.com/#x",
            "https://login.example.com:5432",
            "https://login.example.com:6379",
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
            "https://10.1.2.3/",
            "https://172.16.0.1/",
            "https://192.168.0.1/",
            "https://169.254.169.254/latest",
            "https://100.64.0.1/",
            "https://0.0.0.0/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[fc00::1]/",
            "https://[fe80::1]/",
            "https://localhost/",
            "https://localhost./",
            "https://db.internal/",
            "https://redis/",
            "https://shops.example/",
            "https://ada.shops.example/",
        ] {
            assert!(matches!(outside.judge(Reach::Public, wrong), Err(Error::Refused(_))), "{wrong}");
        }
    }

    #[test]
    fn what_the_platform_names_is_https_and_may_be_its_own() {
        assert!(outside(false).judge(Reach::Configured, "https://10.1.2.3:9443/realms/staff").is_ok());
        assert!(outside(false).judge(Reach::Configured, "http://127.0.0.1:9000").is_err());
        assert!(outside(true).judge(Reach::Configured, "http://127.0.0.1:9000").is_ok());
        assert!(outside(true).judge(Reach::Public, "http://login.example.com").is_err(), "only a loopback goes without TLS");
    }

    /// T100: a name is judged again by what it resolves to, when the connection is made.
    #[tokio::test]
    async fn a_name_that_leads_inside_is_not_followed() {
        use reqwest::dns::Resolve;
        let name = || "localhost".parse::<reqwest::dns::Name>().unwrap();
        assert!(PublicOnly.resolve(name()).await.is_err());
    }
}

//! The part of Meilisearch's REST API that we call, each call bounded in time.
//! <https://www.meilisearch.com/docs/reference/api/overview>

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::time::{Instant, sleep};

use super::MeilisearchConfig;
use crate::Error;

const CONNECT_WITHIN: Duration = Duration::from_secs(1);
/// A shopper waits for it.
pub(super) const ASK_WITHIN: Duration = Duration::from_secs(3);
const WRITE_WITHIN: Duration = Duration::from_secs(30);
/// How long a task may wait for its turn and be worked on.
const DONE_WITHIN: Duration = Duration::from_mins(2);
const FIRST_LOOK: Duration = Duration::from_millis(10);
const LAST_LOOK: Duration = Duration::from_millis(500);

pub(super) struct Server {
    http: reqwest::Client,
    url: String,
    key: Option<String>,
}

/// What Meilisearch says of a task it has taken.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Taken {
    task_uid: u64,
}

#[derive(Deserialize)]
struct Task {
    status: Status,
    error: Option<Refusal>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
enum Status {
    Enqueued,
    Processing,
    Succeeded,
    Failed,
    Canceled,
}

#[derive(Deserialize)]
struct Refusal {
    code: String,
    message: String,
}

impl Server {
    pub(super) fn new(config: &MeilisearchConfig) -> Result<Self, Error> {
        let wrong = |error: String| Error::Misconfigured(error);
        let url = reqwest::Url::parse(&config.url).map_err(|error| wrong(format!("`{}` is no URL: {error}", config.url)))?;
        let http = reqwest::Client::builder().connect_timeout(CONNECT_WITHIN).redirect(reqwest::redirect::Policy::none()).build();
        let http = http.map_err(|error| wrong(error.to_string()))?;
        Ok(Self { http, url: url.as_str().trim_end_matches('/').to_owned(), key: config.master_key.clone() })
    }

    pub(super) fn has_key(&self) -> bool {
        self.key.is_some()
    }

    /// Reads something now, or soon enough for a shopper.
    pub(super) async fn ask<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, Error> {
        self.call(Method::POST, path, Some(body), ASK_WITHIN).await
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        self.call(Method::GET, path, None::<&()>, ASK_WITHIN).await
    }

    /// Changes something that is done when the answer is there.
    pub(super) async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, Error> {
        self.call(Method::POST, path, Some(body), WRITE_WITHIN).await
    }

    /// Hands in a change that is worked on later: see [`Server::done`].
    pub(super) async fn change(&self, method: Method, path: &str, body: &impl Serialize) -> Result<Taken, Error> {
        self.call(method, path, Some(body), WRITE_WITHIN).await
    }

    pub(super) async fn delete(&self, path: &str) -> Result<Taken, Error> {
        self.call(Method::DELETE, path, None::<&()>, WRITE_WITHIN).await
    }

    /// Waits until a task has been worked on.
    ///
    /// # Errors
    /// `Refused` when the task failed, `Unavailable` when its turn does not come.
    pub(super) async fn done(&self, task: &Taken) -> Result<(), Error> {
        let until = Instant::now() + DONE_WITHIN;
        let mut pause = FIRST_LOOK;
        while Instant::now() < until {
            let seen: Task = self.get(&format!("/tasks/{}", task.task_uid)).await?;
            match (seen.status, seen.error) {
                (Status::Succeeded, _) => return Ok(()),
                (Status::Enqueued | Status::Processing, _) => sleep(pause).await,
                (Status::Failed | Status::Canceled, Some(refusal)) => return Err(refusal.into()),
                (Status::Failed | Status::Canceled, None) => return Err(Error::Unavailable("the task was cancelled".into())),
            }
            pause = (pause * 2).min(LAST_LOOK);
        }
        Err(Error::Unavailable(format!("task {} was not done within {DONE_WITHIN:?}", task.task_uid).into()))
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
        within: Duration,
    ) -> Result<T, Error> {
        let mut request = self.http.request(method, format!("{}{path}", self.url)).timeout(within);
        if let Some(key) = &self.key {
            request = request.bearer_auth(key);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let away = |error: reqwest::Error| Error::Unavailable(Box::new(error.without_url()));
        let response = request.send().await.map_err(away)?;
        let status = response.status();
        let bytes = response.bytes().await.map_err(away)?;
        if status.is_success() {
            return serde_json::from_slice(&bytes).map_err(|error| Error::unreadable(&error));
        }
        if status.is_server_error() || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT) {
            return Err(Error::Unavailable(format!("the engine answered {status}").into()));
        }
        Err(serde_json::from_slice::<Refusal>(&bytes).map_or_else(|error| Error::unreadable(&error), Error::from))
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused { code: refusal.code, message: refusal.message }
    }
}

use std::{sync::Arc, time::Duration};

use commerce::media::{self, Format, MOST_BYTES, Original};
use moka::sync::Cache;
use salvo::{
    Depot, Extractible, Request,
    extract::Metadata,
    hyper::body::Bytes,
    oapi::{
        BasicType, Components, Content, EndpointArgRegister, KnownFormat, Object, Operation, RequestBody, Required, SchemaFormat, ToSchema,
    },
};
use serde::Deserialize;
use tenancy::TenantId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Body, PLAIN, Vendor, body::payload, state};
use crate::{Problem, State, config::Tuning};

const ARRIVES_WITHIN: Duration = Duration::from_mins(1);
/// A file is in memory until it is kept: this many of them at a time, and of one store no more than leaves room for others.
const AT_ONCE: usize = 8;
const AT_ONCE_EACH: usize = 2;
const STORES_AT_MOST: u64 = 10_000;
const STORES_KEPT_FOR: Duration = Duration::from_mins(10);

/// Turns at sending a file. Cheap to clone; clones share them.
#[derive(Clone)]
pub struct Uploads {
    all: Arc<Semaphore>,
    of_store: Cache<TenantId, Arc<Semaphore>>,
}

impl Default for Uploads {
    fn default() -> Self {
        let of_store = Cache::builder().max_capacity(STORES_AT_MOST).time_to_idle(STORES_KEPT_FOR).build();
        Self { all: Arc::new(Semaphore::new(AT_ONCE)), of_store }
    }
}

struct Turn(#[expect(dead_code, reason = "held, and given back when it is dropped")] [OwnedSemaphorePermit; 2]);

impl Uploads {
    /// In this order: who waits behind their own store's files is in nobody else's way.
    async fn turn(&self, store: TenantId) -> Result<Turn, Problem> {
        let of_store = self.of_store.get_with(store, || Arc::new(Semaphore::new(AT_ONCE_EACH)));
        let own = of_store.acquire_owned().await.map_err(Problem::internal)?;
        let all = self.all.clone().acquire_owned().await.map_err(Problem::internal)?;
        Ok(Turn([own, all]))
    }
}

/// A picture: the file itself as the body, or the address at which it can be fetched.
pub struct Upload(Sent);

enum Sent {
    File(Bytes, Turn),
    Address(String),
}

/// Where the file is.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
struct UploadByUrl {
    /// https, on the public internet.
    #[garde(length(chars, min = 1, max = 2000))]
    #[salvo(schema(max_length = 2000, example = "https://cdn.example/mug.jpg"))]
    url: String,
}

impl Upload {
    /// The file, examined.
    ///
    /// # Errors
    /// It is no picture that is taken, or cannot be fetched.
    pub async fn original(self, state: &State) -> Result<Original, Problem> {
        match self.0 {
            Sent::Address(url) => Ok(Original::fetch(&state.config.outside, &url).await?),
            Sent::File(file, turn) => {
                // Its hash and its head take a while.
                let examined = tokio::task::spawn_blocking(move || Original::of(file)).await.map_err(Problem::internal)?;
                drop(turn);
                Ok(examined?)
            }
        }
    }
}

impl<'ex> Extractible<'ex> for Upload {
    fn metadata() -> &'static Metadata {
        &PLAIN
    }

    #[expect(refining_impl_trait, reason = "a named error reads better")]
    async fn extract(req: &'ex mut Request, depot: &'ex mut Depot) -> Result<Self, Problem> {
        let kind = req.content_type().map(|kind| kind.essence_str().to_ascii_lowercase()).unwrap_or_default();
        if kind == "application/json" {
            return Ok(Self(Sent::Address(Body::<UploadByUrl>::extract(req, depot).await?.0.url)));
        }
        // It is refused by its name too, so that nobody sends all of it first. What else a file is called says nothing.
        if kind == "image/svg+xml" {
            return Err(media::Error::SvgRefused.into());
        }
        if !kind.starts_with("image/") {
            return Err(Problem::unsupported_media_type("image/jpeg, image/png, image/webp, image/gif or application/json"));
        }
        let state = state(depot)?;
        let store = depot.get_typed::<Vendor>().map_err(|_| Problem::internal("an upload outside a store"))?.store.id;
        let turn = state.uploads.turn(store).await?;
        let tuning = Tuning { body_at_most_bytes: MOST_BYTES, body_arrives_within: ARRIVES_WITHIN, ..state.config.tuning.clone() };
        Ok(Self(Sent::File(payload(req, &tuning).await?.clone(), turn)))
    }
}

impl EndpointArgRegister for Upload {
    fn register(components: &mut Components, operation: &mut Operation, _: &str) {
        let mut body = RequestBody::new().required(Required::True);
        body = body.add_content("application/json", Content::new(UploadByUrl::to_schema(components)));
        for format in Format::ALL {
            let text = format!("The file, at most {MOST_BYTES} bytes and 50 million pixels. What it is, its content says.");
            let binary = SchemaFormat::KnownFormat(KnownFormat::Binary);
            let file = Object::with_type(BasicType::String).format(binary).description(text);
            body = body.add_content(format.content_type(), Content::new(file));
        }
        operation.request_body = Some(body);
    }
}

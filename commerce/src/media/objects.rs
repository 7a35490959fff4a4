//! Where files lie: a folder of this machine, or a bucket of S3. `object_store` is the seam; here are only our keys.
//!
//! `originals/{tenant}/{media}` as it came, never served · `media/{tenant}/{media}/{name}` as it is shown. Both are made of our
//! own ids and hashes; nothing that a caller has said is part of a key.

use std::{fmt, path::PathBuf, sync::Arc};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use object_store::{GetResult, ObjectMeta, ObjectStore, ObjectStoreExt, aws::AmazonS3Builder, local::LocalFileSystem, path::Path};
use tenancy::TenantId;
use uuid::Uuid;

use crate::ids::MediaId;

const ORIGINALS: &str = "originals";
const SHOWN: &str = "media";

#[derive(Clone)]
pub enum MediaConfig {
    Folder(PathBuf),
    S3 {
        bucket: String,
        region: String,
        /// Of another S3 than Amazon's.
        endpoint: Option<String>,
        /// None: what the machine is given (an instance's or a pod's role).
        keys: Option<(String, String)>,
    },
}

impl MediaConfig {
    /// `STOA_MEDIA_DIR`, or `STOA_MEDIA_S3_*` where a bucket is named.
    ///
    /// # Errors
    /// What `variable` answers.
    pub fn read<E>(variable: impl Fn(&'static str) -> Result<Option<String>, E>) -> Result<Self, E> {
        let Some(bucket) = variable("STOA_MEDIA_S3_BUCKET")? else {
            return Ok(Self::Folder(variable("STOA_MEDIA_DIR")?.unwrap_or_else(|| "media".to_owned()).into()));
        };
        Ok(Self::S3 {
            bucket,
            region: variable("STOA_MEDIA_S3_REGION")?.unwrap_or_else(|| "us-east-1".to_owned()),
            endpoint: variable("STOA_MEDIA_S3_ENDPOINT")?,
            keys: variable("STOA_MEDIA_S3_ACCESS_KEY_ID")?.zip(variable("STOA_MEDIA_S3_SECRET_ACCESS_KEY")?),
        })
    }
}

/// Keys are never shown.
impl fmt::Debug for MediaConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => write!(f, "Folder({})", folder.display()),
            Self::S3 { bucket, .. } => write!(f, "S3({bucket})"),
        }
    }
}

/// The files of all stores. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Objects(Arc<dyn ObjectStore>);

/// An object that a listing came by.
#[derive(Clone, Debug)]
pub struct Found {
    pub media: MediaId,
    pub key: String,
    pub written_at: DateTime<Utc>,
}

impl Objects {
    /// # Errors
    /// The folder cannot be made, or the configuration of S3 cannot be used.
    pub fn open(config: &MediaConfig) -> object_store::Result<Self> {
        match config {
            MediaConfig::Folder(folder) => {
                let unusable = |error| object_store::Error::Generic { store: "folder", source: Box::new(error) };
                std::fs::create_dir_all(folder).map_err(unusable)?;
                Ok(Self::of(LocalFileSystem::new_with_prefix(folder)?.with_automatic_cleanup(true)))
            }
            MediaConfig::S3 { bucket, region, endpoint, keys } => {
                let mut builder = AmazonS3Builder::new().with_bucket_name(bucket).with_region(region);
                if let Some(endpoint) = endpoint {
                    builder = builder.with_endpoint(endpoint).with_allow_http(endpoint.starts_with("http://"));
                }
                if let Some((id, secret)) = keys {
                    builder = builder.with_access_key_id(id).with_secret_access_key(secret);
                }
                Ok(Self::of(builder.build()?))
            }
        }
    }

    /// Any other store: a test's that fails when it is told to.
    pub fn of(store: impl ObjectStore) -> Self {
        Self(Arc::new(store))
    }

    pub(super) async fn put_original(&self, tenant: TenantId, media: MediaId, file: Bytes) -> object_store::Result<()> {
        self.0.put(&original(tenant, media), file.into()).await.map(|_| ())
    }

    pub(super) async fn original(&self, tenant: TenantId, media: MediaId) -> object_store::Result<Bytes> {
        self.0.get(&original(tenant, media)).await?.bytes().await
    }

    pub(super) async fn put_shown(&self, (tenant, media): (TenantId, MediaId), name: &str, file: Vec<u8>) -> object_store::Result<()> {
        self.0.put(&shown(tenant, media).join(name), file.into()).await.map(|_| ())
    }

    /// What is shown under a name, to be streamed; none where there is nothing.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn shown(&self, (tenant, media): (TenantId, MediaId), name: &str) -> object_store::Result<Option<GetResult>> {
        match self.0.get(&shown(tenant, media).join(name)).await {
            Ok(found) => Ok(Some(found)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Removes all that there is of a picture. What is gone already is no error.
    pub(super) async fn remove(&self, tenant: TenantId, media: MediaId) -> object_store::Result<()> {
        let mut keys: Vec<Path> = self.0.list(Some(&shown(tenant, media))).map_ok(|object| object.location).try_collect().await?;
        // Last, so that a removal which is cut short is found again by its original.
        keys.push(original(tenant, media));
        for key in keys {
            match self.0.delete(&key).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Objects of a store in the order of their keys, after a key, at most so many.
    pub(super) async fn list(&self, tenant: TenantId, after: Option<&str>, at_most: usize) -> object_store::Result<Vec<Found>> {
        let mut found = Vec::new();
        for kind in [SHOWN, ORIGINALS] {
            let prefix = Path::from_iter([kind.to_owned(), tenant.uuid().to_string()]);
            let objects = match after {
                Some(after) if after >= format!("{prefix}0").as_str() => continue,
                Some(after) => self.0.list_with_offset(Some(&prefix), &Path::from(after)),
                None => self.0.list(Some(&prefix)),
            };
            let objects = objects.try_filter_map(|object| async move { Ok(found_in(&object)) });
            // A folder lists in no order: everything is looked at, and only the first are kept.
            let first = objects.try_fold(Vec::new(), |mut first: Vec<Found>, object| async move {
                first.push(object);
                if first.len() >= at_most * 4 {
                    keep_first(&mut first, at_most);
                }
                Ok(first)
            });
            found.append(&mut first.await?);
        }
        keep_first(&mut found, at_most);
        Ok(found)
    }
}

fn original(tenant: TenantId, media: MediaId) -> Path {
    Path::from_iter([ORIGINALS.to_owned(), tenant.uuid().to_string(), media.uuid().to_string()])
}

fn shown(tenant: TenantId, media: MediaId) -> Path {
    Path::from_iter([SHOWN.to_owned(), tenant.uuid().to_string(), media.uuid().to_string()])
}

fn keep_first(found: &mut Vec<Found>, at_most: usize) {
    found.sort_by(|one, other| one.key.cmp(&other.key));
    found.truncate(at_most);
}

/// The picture is the third part of each key.
fn found_in(object: &ObjectMeta) -> Option<Found> {
    let media = object.location.parts().nth(2)?.as_ref().parse::<Uuid>().ok()?;
    Some(Found { media: MediaId::from_uuid(media), key: object.location.to_string(), written_at: object.last_modified })
}

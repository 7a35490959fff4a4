//! A file on its way in: examined, then put where files are kept. Its row comes last ([`super::record`]).

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use tenancy::TenantDb;

use super::{
    Error, MOST_BYTES, Objects,
    content::{self, Head},
    library,
};
use crate::{
    ids::MediaId,
    outside::{Outside, Reach},
};

/// With every redirect on the way.
const FETCHED_WITHIN: Duration = Duration::from_secs(8);

/// A file that is a picture, as far as its head tells.
#[derive(Clone, Debug)]
pub struct Original {
    file: Bytes,
    head: Head,
    sha256: [u8; 32],
}

/// An original that is kept, and has no row yet.
#[derive(Clone, Debug)]
pub struct Placed {
    pub(super) id: MediaId,
    /// The store had these bytes.
    pub(super) is_known: bool,
    pub(super) head: Head,
    pub(super) bytes: i64,
    pub(super) sha256: [u8; 32],
}

impl Original {
    /// # Errors
    /// `TooLarge`, `SvgRefused`, `Unreadable`, `TooManyPixels`.
    pub fn of(file: Bytes) -> Result<Self, Error> {
        if file.len() > MOST_BYTES {
            return Err(Error::TooLarge(MOST_BYTES));
        }
        let head = content::examine(&file)?;
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(digest(&SHA256, &file).as_ref());
        Ok(Self { file, head, sha256 })
    }

    /// Fetches a file that a store names.
    ///
    /// # Errors
    /// `Unfetchable` when the address may not be called or answers with something else than a file; `Unfetched` when another try may
    /// go better; as [`Original::of`].
    pub async fn fetch(outside: &Outside, url: &str) -> Result<Self, Error> {
        let answer = outside.fetch(Reach::Public, url, (MOST_BYTES, FETCHED_WITHIN)).await?;
        let status = answer.status();
        if status.is_server_error() || [408, 425, 429].contains(&status.as_u16()) {
            return Err(Error::Unfetched(format!("the address answered {}", status.as_u16())));
        }
        if !status.is_success() {
            return Err(Error::Unfetchable(format!("the address answered {}", status.as_u16())));
        }
        Self::of(answer.into_body().into())
    }
}

/// Puts the original where it is kept, unless the store has its very bytes.
///
/// # Errors
/// `Store`; the database is away.
pub async fn place(db: &TenantDb, objects: &Objects, original: Original) -> Result<Placed, Error> {
    let known = library::find_same(&db.begin().await?, &original.sha256).await?;
    let id = known.unwrap_or_else(MediaId::new);
    let bytes = i64::try_from(original.file.len()).unwrap_or(i64::MAX);
    if known.is_none() {
        objects.put_original(db.tenant(), id, original.file).await?;
    }
    Ok(Placed { id, is_known: known.is_some(), head: original.head, bytes, sha256: original.sha256 })
}

//! Pages of long lists: a cursor, never an offset.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use tenancy::TenantId;
use uuid::Uuid;

use crate::fault::{Fault, FieldFault, Kind};

pub const DEFAULT_LIMIT: u64 = 24;
pub const MAX_LIMIT: u64 = 100;

/// Which page: at most `limit` rows after `after`.
#[derive(Clone, Debug)]
pub struct PageQuery {
    pub limit: u64,
    pub after: Option<Cursor>,
}

impl PageQuery {
    pub const fn first(limit: u64) -> Self {
        Self { limit, after: None }
    }
}

#[derive(Clone, Debug)]
pub struct Page<T> {
    pub data: Vec<T>,
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    /// Makes a page of up to `limit + 1` rows that were read: the surplus row only says that there is a next page.
    pub fn of(mut rows: Vec<T>, limit: u64, cursor: impl Fn(&T) -> Cursor) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = if more { rows.last().map(cursor) } else { None };
        Self { data: rows, next }
    }

    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        Page { data: self.data.into_iter().map(change).collect(), next: self.next }
    }
}

/// Where a page ended: the sort it was read in, the key and the id of its last row. Opaque to callers, bound to the
/// tenant (or to none, for operators), and worth nothing elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    #[serde(rename = "t")]
    tenant: Option<Uuid>,
    #[serde(rename = "s")]
    sort: String,
    #[serde(rename = "k")]
    pub key: String,
    #[serde(rename = "i")]
    pub id: Uuid,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`after` is not a cursor that this list has given for this sort order")]
pub struct CursorError;

impl Fault for CursorError {
    fn kind(&self) -> Kind {
        Kind::Invalid
    }

    fn code(&self) -> &'static str {
        "page.cursor_invalid"
    }

    fn fields(&self) -> Vec<FieldFault> {
        vec![FieldFault::new("/after", "cursor", self.to_string())]
    }
}

impl Cursor {
    pub fn new(tenant: Option<TenantId>, sort: &str, key: impl Into<String>, id: Uuid) -> Self {
        Self { tenant: tenant.map(TenantId::uuid), sort: sort.to_owned(), key: key.into(), id }
    }

    /// Reads what [`std::fmt::Display`] wrote.
    ///
    /// # Errors
    /// It is not a cursor at all. Whether it fits the list is asked by [`Cursor::for_list`].
    pub fn parse(text: &str) -> Result<Self, CursorError> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| CursorError)?;
        serde_json::from_slice(&bytes).map_err(|_| CursorError)
    }

    /// The cursor, if it was given by this tenant's list in this order.
    ///
    /// # Errors
    /// It was given by another list.
    pub fn for_list(&self, tenant: Option<TenantId>, sort: &str) -> Result<&Self, CursorError> {
        if self.tenant == tenant.map(TenantId::uuid) && self.sort == sort { Ok(self) } else { Err(CursorError) }
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let json = serde_json::to_vec(self).map_err(|_| std::fmt::Error)?;
        f.write_str(&BASE64_URL_SAFE_NO_PAD.encode(json))
    }
}

//! The addresses of a store's storefronts to which a browser may come back from a provider, compared letter by letter.

use chrono::{DateTime, Utc};
use reqwest::Url;
use sea_orm::{DbErr, FromQueryResult, Value};
use tenancy::TenantTx;

use super::{Error, flows};
use crate::{
    clock::Clock,
    fault::{FieldFault, OnConstraint},
    ids::ReturnUrlId,
    sql,
};

pub const AT_MOST: usize = 20;
const LENGTH_MAX: usize = 500;

#[derive(Clone, Debug, FromQueryResult)]
pub struct ReturnUrl {
    pub id: ReturnUrlId,
    pub url: String,
    pub created_at: DateTime<Utc>,
}

/// All of the store, in the order in which they were registered.
///
/// # Errors
/// Postgres is away.
pub async fn list(tx: &TenantTx) -> Result<Vec<ReturnUrl>, DbErr> {
    let text = "SELECT id, url, created_at FROM return_urls WHERE tenant_id = $1 ORDER BY id";
    sql::all(tx, text, [tx.tenant().into()]).await
}

/// # Errors
/// `Invalid` at `/url`, `ReturnUrlTaken`, `TooManyReturnUrls`.
pub async fn add(tx: &TenantTx, clock: &Clock, url: &str) -> Result<ReturnUrl, Error> {
    check("/url", url).map_err(|fault| Error::Invalid(vec![fault]))?;
    super::store_providers::turn(tx).await?;
    if list(tx).await?.len() >= AT_MOST {
        return Err(Error::TooManyReturnUrls);
    }
    let added = ReturnUrl { id: ReturnUrlId::new(), url: url.to_owned(), created_at: clock.now() };
    let text = "INSERT INTO return_urls (tenant_id, id, url, created_at) VALUES ($1, $2, $3, $4)";
    let values: [Value; 4] = [tx.tenant().into(), added.id.into(), url.into(), added.created_at.into()];
    sql::run(tx, text, values).await.on_constraint("return_urls_url_key", || Error::ReturnUrlTaken)?;
    Ok(added)
}

/// Nobody comes back to it any more, who is on the way neither.
///
/// # Errors
/// `ReturnUrlNotFound`.
pub async fn remove(tx: &TenantTx, id: ReturnUrlId) -> Result<(), Error> {
    let text = "DELETE FROM return_urls WHERE tenant_id = $1 AND id = $2 RETURNING id, url, created_at";
    let gone: ReturnUrl = sql::one(tx, text, [tx.tenant().into(), id.into()]).await?.ok_or(Error::ReturnUrlNotFound(id))?;
    Ok(flows::end_of_return_url(tx, &gone.url).await?)
}

/// Whether an address can be registered: https (http on the developer's own machine alone), written as browsers write it.
///
/// # Errors
/// What is wrong with it, at `pointer`.
pub(super) fn check(pointer: &str, text: &str) -> Result<(), FieldFault> {
    let wrong = |detail: &str| FieldFault::new(pointer, "address", detail);
    let url = Url::parse(text).map_err(|_| wrong("must be an address"))?;
    let is_local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    if text.len() > LENGTH_MAX {
        return Err(wrong("is too long"));
    }
    if !(url.scheme() == "https" || (url.scheme() == "http" && is_local)) {
        return Err(wrong("must start with https://"));
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err(wrong("must not hold a user's name, a password or a fragment"));
    }
    if url.as_str() != text {
        return Err(wrong(&format!("must be written as {url}")));
    }
    Ok(())
}

/// An address with one more parameter at its end.
pub(super) fn with(address: &str, name: &str, value: &str) -> String {
    match Url::parse(address) {
        Ok(mut url) => {
            url.query_pairs_mut().append_pair(name, value);
            url.into()
        }
        // Only addresses that were checked are kept.
        Err(_) => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// T046: what cannot be registered cannot be returned to.
    #[test]
    fn only_plain_https_addresses_are_registered() {
        for fit in ["https://shop.example/in", "https://shop.example/in?lang=de", "https://shop.example:8443/", "http://localhost:5173/in"]
        {
            assert!(check("/url", fit).is_ok(), "{fit}");
        }
        for wrong in [
            "http://shop.example/in",
            "//evil.example",
            "/in",
            "https:/\\evil.example",
            "https://shop.example@evil.example/",
            "javascript:alert(1)",
            "data:text/html,x",
            "https://shop.example/in\r\nSet-Cookie: x=1",
            "https://shop.example/in#x",
            "https://SHOP.example/in",
            "https://shop.example/a/../in",
            "https://shop.example",
            "http://localhost.evil.example/",
            " https://shop.example/in",
            "",
        ] {
            assert!(check("/url", wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_parameter_joins_those_that_are_there() {
        assert_eq!(with("https://shop.example/in", "grant", "g"), "https://shop.example/in?grant=g");
        assert_eq!(with("https://shop.example/in?lang=de", "error", "a b&c"), "https://shop.example/in?lang=de&error=a+b%26c");
    }
}

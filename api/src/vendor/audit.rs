use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use commerce::{
    audit::{self, Filter, Resource},
    fault::FieldFault,
    page::{MAX_LIMIT, PageQuery},
};
use futures::{StreamExt, TryStreamExt, stream};
use salvo::{
    Router, Writer,
    oapi::{ToParameters, ToSchema, endpoint},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tenancy::{Permission, TenantDb};

use crate::{
    Problem,
    context::{Paging, Query, Vendor},
    json::{Lines, Page},
};

pub(super) fn router() -> Router {
    Router::with_path("audit").get(list).push(Router::with_path("export").get(export))
}

/// Something that was changed, by whom and from where.
#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = "AuditEntry"))]
struct Entry {
    /// `account:acct_…`, `key:key_…`, `operator:oper_…`.
    actor: String,
    address: Option<String>,
    /// Entries of one request share it.
    request_id: Option<String>,
    /// `product`, `variant`, `price`, `store`, …
    resource: String,
    resource_id: Option<String>,
    /// `created`, `updated` or `deleted`.
    action: String,
    /// By field, as it is stored: amounts in minor units. Secrets are masked.
    changes: BTreeMap<String, Change>,
    occurred_at: DateTime<Utc>,
}

/// A field before and after; null where there was nothing.
#[derive(Debug, Serialize, ToSchema)]
struct Change {
    before: Value,
    after: Value,
}

#[derive(Debug, Deserialize, ToParameters, garde::Validate)]
#[serde(deny_unknown_fields)]
#[salvo(parameters(default_parameter_in = Query))]
#[garde(allow_unvalidated)]
struct AuditFilter {
    /// Changes of this actor, as entries write it.
    #[garde(length(max = 100))]
    actor: Option<String>,
    /// Changes of this kind of thing.
    resource: Option<String>,
    /// Changes of this one; `resource` says of which kind.
    #[garde(length(max = 64))]
    resource_id: Option<String>,
    /// Not before this time.
    from: Option<DateTime<Utc>>,
    /// Before this time.
    until: Option<DateTime<Utc>>,
    /// How many at most (100).
    #[salvo(parameter(minimum = 1, maximum = 100, default = 24))]
    limit: Option<u64>,
    /// `page.next` of the page before.
    after: Option<String>,
}

#[derive(Debug, Deserialize, ToParameters, garde::Validate)]
#[serde(deny_unknown_fields)]
#[salvo(parameters(default_parameter_in = Query))]
#[garde(allow_unvalidated)]
struct AuditExport {
    /// Changes of this actor, as entries write it.
    #[garde(length(max = 100))]
    actor: Option<String>,
    /// Changes of this kind of thing.
    resource: Option<String>,
    /// Not before this time.
    from: Option<DateTime<Utc>>,
    /// Before this time.
    until: Option<DateTime<Utc>>,
}

/// List what was changed in the store, the newest first.
///
/// Every change that a person or a program made through this API, with what was there before.
#[endpoint]
async fn list(vendor: Vendor, filter: Query<AuditFilter>) -> Result<Page<Entry>, Problem> {
    vendor.require(Permission::ReadAudit)?;
    let AuditFilter { actor, resource, resource_id, from, until, limit, after } = filter.0;
    let page = Paging::new(limit, after.as_deref())?.0;
    let filter = Filter { actor, resource: kind(resource.as_deref())?, resource_id, from, until };
    let tx = vendor.db.begin().await?;
    Ok(Page::of(audit::list(&tx, &filter, &page).await?))
}

/// Export what was changed in the store, the newest first.
#[endpoint]
async fn export(vendor: Vendor, filter: Query<AuditExport>) -> Result<Lines<Entry>, Problem> {
    vendor.require(Permission::ReadAudit)?;
    let AuditExport { actor, resource, from, until } = filter.0;
    let filter = Filter { actor, resource: kind(resource.as_deref())?, resource_id: None, from, until };
    let pages = stream::try_unfold(Some(PageQuery::first(MAX_LIMIT)), move |next| read(vendor.db.clone(), filter.clone(), next));
    Ok(Lines(pages.map_ok(|page| stream::iter(page).map(Ok)).try_flatten().boxed()))
}

/// One page of an export, in a transaction of its own, and where the next one begins.
async fn read(db: TenantDb, filter: Filter, page: Option<PageQuery>) -> Result<Option<(Vec<Entry>, Option<PageQuery>)>, Problem> {
    let Some(page) = page else { return Ok(None) };
    let found = audit::list(&db.begin().await?, &filter, &page).await?;
    let next = found.next.map(|after| PageQuery { after: Some(after), ..page });
    Ok(Some((found.data.into_iter().map(Entry::from).collect(), next)))
}

fn kind(word: Option<&str>) -> Result<Option<Resource>, Problem> {
    let Some(word) = word else { return Ok(None) };
    let known = || Resource::ALL.iter().map(|resource| resource.as_str()).collect::<Vec<_>>().join(", ");
    let found = Resource::ALL.iter().find(|resource| resource.as_str() == word).copied();
    found.map(Some).ok_or_else(|| Problem::invalid(vec![FieldFault::new("/resource", "unknown_word", format!("is one of {}", known()))]))
}

impl From<audit::Entry> for Entry {
    fn from(entry: audit::Entry) -> Self {
        let change = |pair: Value| {
            let mut sides = match pair {
                Value::Array(sides) => sides.into_iter(),
                other => vec![Value::Null, other].into_iter(),
            };
            Change { before: sides.next().unwrap_or_default(), after: sides.next().unwrap_or_default() }
        };
        let fields = match entry.changes {
            Value::Object(fields) => fields,
            _ => serde_json::Map::new(),
        };
        Self {
            actor: entry.actor,
            address: entry.address,
            request_id: entry.request_id,
            resource: entry.resource,
            resource_id: entry.resource_id,
            action: entry.action,
            changes: fields.into_iter().map(|(field, pair)| (field, change(pair))).collect(),
            occurred_at: entry.occurred_at,
        }
    }
}

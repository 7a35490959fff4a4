//! The store's audit log: who changed what, from where, and what was there before. Postgres writes it in the transaction of the
//! change (`record_audit`, for transactions that [`tenancy::Acting`] is said of); here it is only read.

use chrono::{DateTime, Utc};
use sea_orm::{DbErr, FromQueryResult, Value};
use tenancy::{TenantTx, TypedId};
use uuid::Uuid;

use crate::{
    fault::{Fault, FieldFault, Kind},
    ids::{
        AccountId, ApiKeyId, AttributeId, CategoryId, CustomerId, ErasureId, FulfillmentId, IdentityProviderId, ImageId, ImportId,
        InvitationId, LocationId, MediaId, OptionId, OptionValueId, OrderId, PaymentId, PriceId, ProductId, ProductTypeId, ReturnUrlId,
        RoleId, ShippingMethodId, ShippingRateId, ShippingZoneId, StockLevelId, SupportSessionId, TagId, TaxRateId, TenantId, VariantId,
    },
    page::{Cursor, CursorError, Page, PageQuery},
    sql,
};

const SORT: &str = "audit";

macro_rules! resources {
    ($($variant:ident = $word:literal: $id:ty),+ $(,)?) => {
        /// What kind of thing was changed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Resource { $($variant),+ }

        impl Resource {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The id as the rest of the API writes it.
            fn write(self, id: Uuid) -> String {
                match self { $(Self::$variant => <$id>::from_uuid(id).to_string()),+ }
            }

            fn read(self, text: &str) -> Option<Uuid> {
                match self { $(Self::$variant => text.parse::<$id>().ok().map(TypedId::uuid)),+ }
            }
        }
    };
}

resources! {
    ApiKey = "api_key": ApiKeyId,
    Attribute = "attribute": AttributeId,
    Category = "category": CategoryId,
    Customer = "customer": CustomerId,
    Erasure = "erasure": ErasureId,
    Fulfillment = "fulfillment": FulfillmentId,
    IdentityProvider = "identity_provider": IdentityProviderId,
    Image = "image": ImageId,
    Import = "import": ImportId,
    Invitation = "invitation": InvitationId,
    Location = "location": LocationId,
    Media = "media": MediaId,
    Member = "member": AccountId,
    Option = "option": OptionId,
    OptionValue = "option_value": OptionValueId,
    Order = "order": OrderId,
    Payment = "payment": PaymentId,
    Price = "price": PriceId,
    PrivacyRules = "privacy_rules": TenantId,
    Product = "product": ProductId,
    ProductType = "product_type": ProductTypeId,
    ReturnUrl = "return_url": ReturnUrlId,
    Role = "role": RoleId,
    ShippingMethod = "shipping_method": ShippingMethodId,
    ShippingRate = "shipping_rate": ShippingRateId,
    ShippingZone = "shipping_zone": ShippingZoneId,
    StockLevel = "stock_level": StockLevelId,
    Store = "store": TenantId,
    SupportSession = "support_session": SupportSessionId,
    Tag = "tag": TagId,
    TaxRate = "tax_rate": TaxRateId,
    Variant = "variant": VariantId,
}

/// Which entries. Every condition that is given must hold.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// `account:acct_…`, `key:key_…`.
    pub actor: Option<String>,
    pub resource: Option<Resource>,
    /// A typed id of `resource`.
    pub resource_id: Option<String>,
    pub from: Option<DateTime<Utc>>,
    /// Itself excluded.
    pub until: Option<DateTime<Utc>>,
}

#[derive(Clone, Debug)]
pub struct Entry {
    pub id: Uuid,
    pub actor: String,
    pub address: Option<String>,
    /// Entries of one request share it.
    pub request_id: Option<String>,
    pub resource: String,
    pub resource_id: Option<String>,
    /// `created`, `updated`, `deleted`.
    pub action: String,
    /// `{field: [before, after]}`.
    pub changes: serde_json::Value,
    pub occurred_at: DateTime<Utc>,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the filter is not valid")]
    Invalid(Vec<FieldFault>),
    #[error(transparent)]
    Cursor(#[from] CursorError),
    #[error(transparent)]
    Database(#[from] DbErr),
}

impl Fault for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Invalid(_) => Kind::Invalid,
            Self::Cursor(error) => error.kind(),
            Self::Database(error) => error.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "audit.invalid",
            Self::Cursor(error) => error.code(),
            Self::Database(error) => error.code(),
        }
    }

    fn fields(&self) -> Vec<FieldFault> {
        match self {
            Self::Invalid(faults) => faults.clone(),
            Self::Cursor(error) => error.fields(),
            Self::Database(_) => Vec::new(),
        }
    }
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    actor: String,
    address: Option<String>,
    request_id: Option<String>,
    resource: String,
    resource_id: Option<Uuid>,
    action: String,
    changes: serde_json::Value,
    occurred_at: DateTime<Utc>,
}

/// Entries, the newest first.
///
/// # Errors
/// `Cursor`; `Invalid` when `resource_id` is given without its resource or is no id of it.
pub async fn list(tx: &TenantTx, filter: &Filter, page: &PageQuery) -> Result<Page<Entry>, Error> {
    let resource_id = match (&filter.resource_id, filter.resource) {
        (None, _) => None,
        (Some(text), Some(resource)) => Some(resource.read(text).ok_or_else(|| wrong_id(&format!("is no id of a {}", resource.as_str())))?),
        (Some(_), None) => return Err(wrong_id("needs `resource` beside it")),
    };
    let after = page.after.as_ref().map(|cursor| cursor.for_list(Some(tx.tenant()), SORT)).transpose()?;
    let after_at =
        after.map(|cursor| cursor.key.parse::<i64>().ok().and_then(DateTime::from_timestamp_micros).ok_or(CursorError)).transpose()?;
    let values: [Value; 9] = [
        tx.tenant().into(),
        filter.actor.clone().into(),
        filter.resource.map(Resource::as_str).into(),
        resource_id.into(),
        filter.from.into(),
        filter.until.into(),
        after_at.into(),
        after.map(|cursor| cursor.id).into(),
        i64::try_from(page.limit + 1).unwrap_or(i64::MAX).into(),
    ];
    let rows: Vec<Row> = sql::all(tx, LIST, values).await?;
    let tenant = Some(tx.tenant());
    let page = Page::of(rows, page.limit, |row| Cursor::new(tenant, SORT, row.occurred_at.timestamp_micros().to_string(), row.id));
    Ok(page.map(Entry::from))
}

const LIST: &str = "
SELECT id, actor, address, request_id, resource, resource_id, action, changes, occurred_at FROM audit_entries
WHERE tenant_id = $1 AND ($2::text IS NULL OR actor = $2) AND ($3::text IS NULL OR resource = $3)
  AND ($4::uuid IS NULL OR resource_id = $4)
  AND occurred_at >= coalesce($5::timestamptz, '-infinity') AND occurred_at < coalesce($6::timestamptz, 'infinity')
  AND (occurred_at, id) < (coalesce($7::timestamptz, 'infinity'), coalesce($8::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
ORDER BY occurred_at DESC, id DESC LIMIT $9";

fn wrong_id(detail: &str) -> Error {
    Error::Invalid(vec![FieldFault::new("/resource_id", "id", detail.to_owned())])
}

impl From<Row> for Entry {
    fn from(row: Row) -> Self {
        let resource = Resource::ALL.iter().find(|resource| resource.as_str() == row.resource);
        let write = |id: Uuid| resource.map_or_else(|| id.to_string(), |resource| resource.write(id));
        Self {
            id: row.id,
            actor: row.actor,
            address: row.address,
            request_id: row.request_id,
            resource_id: row.resource_id.map(write),
            resource: row.resource,
            action: row.action,
            changes: row.changes,
            occurred_at: row.occurred_at,
        }
    }
}

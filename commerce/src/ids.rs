//! The ids of everything a store owns. Prefixes are part of the API.

pub use tenancy::{AccountId, ApiKeyId, CustomerId, IdError, OperatorId, TenantId, TypedId};

macro_rules! ids {
    ($($name:ident = $prefix:literal),+ $(,)?) => { $(tenancy::typed_id!($name, $prefix);)+ };
}

ids! {
    AddressId = "addr",
    AttributeChoiceId = "attrc",
    AttributeId = "attr",
    AttributeValueId = "attrv",
    CartId = "cart",
    CartLineId = "cline",
    CategoryId = "cat",
    CheckoutId = "chk",
    CheckoutLineId = "chkl",
    CollectionId = "coll",
    ErasureId = "ers",
    ExportId = "exp",
    FactId = "evt",
    FulfillmentId = "ful",
    IdentityId = "idn",
    IdentityProviderId = "idp",
    ImageId = "img",
    ImportErrorId = "imperr",
    ImportId = "imp",
    InvitationId = "inv",
    JobId = "job",
    LocationId = "loc",
    MediaId = "media",
    MovementId = "mov",
    OptionId = "opt",
    OptionValueId = "optv",
    OrderHistoryId = "ordh",
    OrderId = "ord",
    OrderLineId = "ordl",
    PaymentEventId = "payev",
    PaymentId = "pay",
    PriceId = "price",
    ProductId = "prod",
    ProductTypeId = "ptype",
    ReservationId = "resv",
    ReturnUrlId = "ret",
    RoleId = "role",
    SecondFactorId = "sf",
    SessionId = "ses",
    ShippingMethodId = "ship",
    ShippingRateId = "shipr",
    ShippingZoneId = "zone",
    StockLevelId = "lvl",
    SupportSessionId = "sup",
    TagId = "tag",
    TaxLineId = "taxl",
    TaxRateId = "taxr",
    TestChargeId = "testch",
    VariantId = "var",
}

/// An id that is also a key: 122 random bits and no time in them, for what a guest owns by knowing its name.
pub fn secret<T: TypedId>() -> T {
    T::from_uuid(uuid::Uuid::new_v4())
}

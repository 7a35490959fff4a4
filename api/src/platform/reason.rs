use salvo::oapi::ToSchema;
use serde::Deserialize;

/// Why an operator does it; kept in the audit log, and shown to the store's owners where it is their store.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
pub(super) struct Reason {
    #[garde(length(chars, min = 1, max = 500))]
    #[salvo(schema(min_length = 1, max_length = 500))]
    pub(super) reason: String,
}

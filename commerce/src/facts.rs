//! Every fact of every capability, as one type: what the worker reacts to.

use serde::de::DeserializeOwned;

use crate::outbox::Fact;

/// A fact that this version does not know, or cannot read.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    #[error("no fact is called `{0}`")]
    Unknown(String),
    #[error("the body of a fact `{code}` cannot be read: {error}")]
    Malformed { code: &'static str, error: serde_json::Error },
}

macro_rules! facts {
    ($($(#[$doc:meta])* $variant:ident($path:path)),* $(,)?) => {
        #[derive(Clone, Debug)]
        pub enum AnyFact { $($(#[$doc])* $variant($path)),* }

        impl AnyFact {
            /// # Errors
            /// The code is unknown or the body does not fit it.
            pub fn decode(code: &str, body: &serde_json::Value) -> Result<Self, DecodeError> {
                $(if code == <$path as Fact>::CODE {
                    return read(<$path as Fact>::CODE, body).map(Self::$variant);
                })*
                let _unread = body;
                Err(DecodeError::Unknown(code.to_owned()))
            }
        }
    };
}

fn read<T: DeserializeOwned>(code: &'static str, body: &serde_json::Value) -> Result<T, DecodeError> {
    T::deserialize(body).map_err(|error| DecodeError::Malformed { code, error })
}

facts! {
    AccountCodeRequested(crate::identity::AccountCodeRequested),
    AccountPasswordChanged(crate::identity::AccountPasswordChanged),
    AccountClosed(crate::identity::AccountClosed),
    AccountSecondFactorAdded(crate::identity::second_factors::AccountSecondFactorAdded),
    AccountSecondFactorRemoved(crate::identity::second_factors::AccountSecondFactorRemoved),
    AccountRecoveryCodeUsed(crate::identity::second_factors::AccountRecoveryCodeUsed),
    AccountRecoveryCodesReplaced(crate::identity::second_factors::AccountRecoveryCodesReplaced),
    IdentityLinked(crate::identity::oauth::IdentityLinked),
    IdentityUnlinked(crate::identity::oauth::IdentityUnlinked),
    InvitationSent(crate::identity::team::InvitationSent),
    MemberJoined(crate::identity::team::MemberJoined),
    MemberRoleChanged(crate::identity::team::MemberRoleChanged),
    MemberLeft(crate::identity::team::MemberLeft),
    OwnershipTransferred(crate::identity::team::OwnershipTransferred),
    CustomerRegistered(crate::customers::CustomerRegistered),
    CustomerCodeRequested(crate::customers::CustomerCodeRequested),
    CustomerVerified(crate::customers::CustomerVerified),
    CustomerPasswordChanged(crate::customers::CustomerPasswordChanged),
    CustomerEmailChanged(crate::customers::CustomerEmailChanged),
    ErasureRequested(crate::privacy::ErasureRequested),
    CustomerErased(crate::privacy::CustomerErased),
    ExportRequested(crate::privacy::ExportRequested),
    ExportReady(crate::privacy::ExportReady),
    CustomerIdentityLinked(crate::customers::CustomerIdentityLinked),
    CustomerIdentityUnlinked(crate::customers::CustomerIdentityUnlinked),
    StoreOpened(crate::stores::StoreOpened),
    SupportSessionBegan(crate::stores::SupportSessionBegan),
    MediaUploaded(crate::media::MediaUploaded),
    MediaDeleted(crate::media::MediaDeleted),
    ImagesAwaited(crate::catalog::ImagesAwaited),
    ProductChanged(crate::catalog::ProductChanged),
    ProductDeleted(crate::catalog::ProductDeleted),
    CategoryChanged(crate::catalog::CategoryChanged),
    CollectionChanged(crate::catalog::CollectionChanged),
    CollectionDeleted(crate::catalog::CollectionDeleted),
    AttributeChanged(crate::catalog::AttributeChanged),
    ProductTypeChanged(crate::catalog::ProductTypeChanged),
    ImportRequested(crate::catalog::ImportRequested),
    ImportCompleted(crate::catalog::ImportCompleted),
    StockBecameLow(crate::inventory::StockBecameLow),
    StockAvailabilityChanged(crate::inventory::StockAvailabilityChanged),
    OrderPlaced(crate::orders::OrderPlaced),
    OrderCancelled(crate::orders::OrderCancelled),
    OrderCompleted(crate::orders::OrderCompleted),
    FulfillmentCreated(crate::orders::FulfillmentCreated),
    PaymentCaptured(crate::payments::PaymentCaptured),
    RefundRequested(crate::payments::RefundRequested),
    PaymentRefunded(crate::payments::PaymentRefunded),
}

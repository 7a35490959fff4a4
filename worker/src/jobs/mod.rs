//! Everything the worker can do: one file a job, one line here.
//!
//! A job runs at least once and has its effect once. A job whose effect is in Postgres marks itself as handled in the same
//! transaction ([`crate::call::Call::once`]); a job that talks to the outside names itself by a key that the other side
//! remembers.

mod apply_retention;
mod clear_shelf;
mod collect_garbage;
mod erase_customer;
mod fetch_images;
mod index_attribute;
mod index_batches;
mod index_category;
mod index_product_type;
mod index_products;
mod make_export;
mod make_variants;
mod prune_history;
mod record_cancellation;
mod record_refund;
mod record_sale;
mod refund_payment;
mod remove_media;
mod run_import;
mod send_account_code;
mod send_account_farewell;
mod send_customer_code;
mod send_customer_email_change_notice;
mod send_customer_identity_notice;
mod send_customer_password_notice;
mod send_email_change_notice;
mod send_export_notice;
mod send_identity_notice;
mod send_invitation;
mod send_low_stock_alert;
mod send_order_cancelled;
mod send_order_confirmation;
mod send_ownership_farewell;
mod send_ownership_notice;
mod send_password_notice;
mod send_removal_notice;
mod send_second_factor_notice;
mod send_shipping_notice;
mod send_support_notice;
mod send_welcome;
mod settle_collection;
mod shelve_products;
mod sweep_checkouts;
mod sweep_images;
mod sweep_media;
mod sweep_privacy;
mod sweep_products;
mod sweep_store;
mod turn_products;

use serde::{Deserialize, Serialize};

use crate::{
    call::{Call, JobError},
    lane::Lane,
};

pub use send_second_factor_notice::SecondFactorNews;

macro_rules! jobs {
    ($($kind:ident in $lane:ident, $file:ident;)+) => {
        pub use { $($file::$kind,)+ };

        #[derive(Clone, Debug, Serialize, Deserialize)]
        #[serde(tag = "kind")]
        pub enum Job { $($kind($kind),)+ }

        impl Job {
            /// Kinds that this release can run; the relay leaves others for one that can.
            pub const KINDS: &[&str] = &[$(stringify!($kind)),+];

            pub const fn kind(&self) -> &'static str {
                match self { $(Self::$kind(_) => stringify!($kind),)+ }
            }

            pub const fn lane(&self) -> Lane {
                match self { $(Self::$kind(_) => Lane::$lane,)+ }
            }

            pub(crate) async fn run(self, call: &Call) -> Result<(), JobError> {
                match self { $(Self::$kind(job) => $file::run(job, call).await,)+ }
            }
        }

        $(impl From<$kind> for Job {
            fn from(job: $kind) -> Self {
                Self::$kind(job)
            }
        })+
    };
}

jobs! {
    SendOrderConfirmation in Mail, send_order_confirmation;
    SendOrderCancelled in Mail, send_order_cancelled;
    SendShippingNotice in Mail, send_shipping_notice;
    SendLowStockAlert in Mail, send_low_stock_alert;
    SendWelcome in Mail, send_welcome;
    SendSupportNotice in Mail, send_support_notice;
    SendAccountCode in Mail, send_account_code;
    SendEmailChangeNotice in Mail, send_email_change_notice;
    SendPasswordNotice in Mail, send_password_notice;
    SendSecondFactorNotice in Mail, send_second_factor_notice;
    SendIdentityNotice in Mail, send_identity_notice;
    SendInvitation in Mail, send_invitation;
    SendRemovalNotice in Mail, send_removal_notice;
    SendOwnershipNotice in Mail, send_ownership_notice;
    SendOwnershipFarewell in Mail, send_ownership_farewell;
    SendCustomerCode in Mail, send_customer_code;
    SendCustomerEmailChangeNotice in Mail, send_customer_email_change_notice;
    SendCustomerPasswordNotice in Mail, send_customer_password_notice;
    SendAccountFarewell in Mail, send_account_farewell;
    SendExportNotice in Mail, send_export_notice;
    SendCustomerIdentityNotice in Mail, send_customer_identity_notice;
    RefundPayment in Payments, refund_payment;
    SweepCheckouts in Payments, sweep_checkouts;
    SweepStore in Payments, sweep_store;
    RunImport in Media, run_import;
    MakeVariants in Media, make_variants;
    FetchImages in Media, fetch_images;
    RemoveMedia in Media, remove_media;
    CollectGarbage in Media, collect_garbage;
    SweepImages in Media, sweep_images;
    SweepMedia in Media, sweep_media;
    IndexProducts in Search, index_products;
    IndexCategory in Search, index_category;
    IndexAttribute in Search, index_attribute;
    IndexProductType in Search, index_product_type;
    SettleCollection in Search, settle_collection;
    ShelveProducts in Search, shelve_products;
    ClearShelf in Search, clear_shelf;
    SweepProducts in Search, sweep_products;
    TurnProducts in Search, turn_products;
    RecordSale in Analytics, record_sale;
    RecordCancellation in Analytics, record_cancellation;
    RecordRefund in Analytics, record_refund;
    PruneHistory in Analytics, prune_history;
    EraseCustomer in Analytics, erase_customer;
    MakeExport in Analytics, make_export;
    SweepPrivacy in Analytics, sweep_privacy;
    ApplyRetention in Analytics, apply_retention;
}

impl Job {
    /// Takes over the work of a job of the same kind and tenant, if one run can do both.
    pub(crate) fn absorb(&mut self, other: &Self) -> bool {
        match (self, other) {
            (Self::IndexProducts(batch), Self::IndexProducts(other)) => batch.absorb(other),
            _ => false,
        }
    }
}

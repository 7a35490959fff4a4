//! Who calls and what they send, as extractors: naming one in a handler's signature is asking for it.
//!
//! [`Shopper`], [`Customer`], [`Vendor`] and [`Operator`] are decided once a request, by the handler that guards their audience's router,
//! so that no route of an audience can be reached around it.

mod authorization;
mod body;
mod client_address;
mod csv;
mod customer;
mod device;
mod host;
mod if_match;
mod limited;
mod once;
mod operator;
mod paging;
mod path_id;
mod query;
mod request_id;
mod sessions;
mod shopper;
mod upload;
mod vendor;

pub use body::{Body, LargeBody};
pub use client_address::{ClientAddress, Network};
pub use csv::Csv;
pub use customer::{Customer, CustomerSessions};
pub use device::Device;
pub use host::host_of;
pub use if_match::IfMatch;
pub use once::{Once, Replay};
pub use operator::Operator;
pub use paging::Paging;
pub use path_id::{PathId, PathText};
pub use query::Query;
pub use request_id::RequestId;
pub use sessions::Sessions;
pub use shopper::Shopper;
pub use upload::{Upload, Uploads};
pub use vendor::Vendor;

pub(crate) use body::payload;
pub(crate) use customer::customers_known;
pub(crate) use limited::limited_by_address;
pub(crate) use operator::operators_only;
pub(crate) use shopper::{KEY_HEADER, publishable_key, shoppers_only, store_on_host};
pub(crate) use vendor::vendors_only;

use salvo::{Depot, extract::Metadata};

use crate::{Problem, State};

/// Our extractors read what they need themselves; they describe nothing to salvo's own extraction.
pub(crate) static PLAIN: Metadata = Metadata::new("");

/// The state the service was made with.
pub(crate) fn state(depot: &Depot) -> Result<&State, Problem> {
    depot.get_typed::<State>().map_err(|_| Problem::internal("the service was built without its state"))
}

/// An extractor that reads what a guard has put into the depot.
macro_rules! from_depot {
    ($name:ty) => {
        impl<'ex> salvo::Extractible<'ex> for $name {
            fn metadata() -> &'static salvo::extract::Metadata {
                &$crate::context::PLAIN
            }

            #[expect(refining_impl_trait, reason = "a named error reads better")]
            async fn extract(_: &'ex mut salvo::Request, depot: &'ex mut salvo::Depot) -> Result<Self, $crate::Problem> {
                let absent = |_| $crate::Problem::internal(concat!("no ", stringify!($name), ": the route stands outside its audience"));
                depot.get_typed::<Self>().cloned().map_err(absent)
            }
        }

        impl salvo::oapi::EndpointArgRegister for $name {
            fn register(_: &mut salvo::oapi::Components, _: &mut salvo::oapi::Operation, _: &str) {}
        }
    };
}
pub(crate) use from_depot;

from_depot!(State);

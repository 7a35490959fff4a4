//! What happened to a store.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    ids::{AccountId, SupportSessionId, TenantId},
    outbox::Fact,
};

/// A store was opened and can sell.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StoreOpened {
    pub store: TenantId,
    pub owner: AccountId,
}

impl Fact for StoreOpened {
    const CODE: &'static str = "stores.opened";
    const AGGREGATE: &'static str = "store";

    fn aggregate_id(&self) -> Uuid {
        self.store.uuid()
    }
}

/// An operator looks into a store.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SupportSessionBegan {
    pub session: SupportSessionId,
}

impl Fact for SupportSessionBegan {
    const CODE: &'static str = "stores.support_session_began";
    const AGGREGATE: &'static str = "support_session";

    fn aggregate_id(&self) -> Uuid {
        self.session.uuid()
    }
}

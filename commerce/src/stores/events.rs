//! What happened to a store.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    ids::{AccountId, TenantId},
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

//! On whose behalf a transaction changes things: said once, when it begins. Postgres writes it beside each change into the
//! store's audit log, so that no operation can forget to.

use std::net::IpAddr;

use crate::Actor;

#[derive(Clone, Debug)]
pub struct Acting {
    pub actor: Actor,
    /// Where the request came from.
    pub address: IpAddr,
    pub request_id: String,
}

impl Acting {
    /// The statement that says it, for one transaction. The trigger `record_audit` reads it.
    pub(crate) fn statement(&self) -> String {
        let text = format!("{}|{}|{}", self.actor, self.address, self.request_id);
        format!("SET LOCAL app.acting = '{}'", text.replace('\'', "''"))
    }
}

//! Bank transfer and cash on delivery: the order stands at once, and the vendor records the money when it comes.

use async_trait::async_trait;
use tenancy::TenantDb;

use super::{Answer, Charge, GatewayError, PaymentGateway, Refund};

pub(super) struct Manual;

#[async_trait]
impl PaymentGateway for Manual {
    async fn charge(&self, _db: &TenantDb, _charge: &Charge) -> Result<Answer, GatewayError> {
        Ok(Answer::Promised)
    }

    async fn find(&self, _db: &TenantDb, _charge_key: &str) -> Result<Option<Answer>, GatewayError> {
        Ok(Some(Answer::Promised))
    }

    async fn void(&self, _db: &TenantDb, _charge: &Charge) -> Result<Answer, GatewayError> {
        Ok(Answer::Declined { code: "voided".into(), message: "the payment was called off".into() })
    }

    /// The vendor hands the money back outside Stoa; recording it is all there is to do.
    async fn refund(&self, _db: &TenantDb, _refund: &Refund) -> Result<Option<String>, GatewayError> {
        Ok(None)
    }
}

use commerce::{ids::TestChargeId, payments::gateways::test};
use salvo::{
    Router, Writer,
    oapi::{ToSchema, endpoint},
};
use serde::Deserialize;

use crate::{
    Problem,
    context::{Body, PathId, Shopper},
    json::NoContent,
};

pub(super) fn router() -> Router {
    Router::with_path("test-gateway/challenges/{id}").post(answer_challenge)
}

/// What the shopper answers to the `test` gateway's challenge, as to their bank's.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
struct AnswerChallenge {
    approve: bool,
}

/// Answer a challenge of the test gateway.
///
/// Afterwards, complete the checkout again with the same Idempotency-Key.
#[endpoint]
async fn answer_challenge(shopper: Shopper, id: PathId<TestChargeId>, body: Body<AnswerChallenge>) -> Result<NoContent, Problem> {
    let tx = shopper.db.begin().await?;
    test::answer_challenge(&tx, id.0, body.0.approve).await?;
    tx.commit().await?;
    Ok(NoContent)
}

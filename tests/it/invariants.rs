//! The invariants themselves: each is a query that Postgres understands and an empty platform satisfies.

use tests::{database::TestDatabase, invariants};

#[tokio::test]
async fn an_empty_platform_breaks_no_invariant() {
    let database = TestDatabase::create().await;
    let mut superuser = database.superuser().await;
    let broken = invariants::broken(&mut superuser, true).await;
    drop(superuser);
    database.remove().await;
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

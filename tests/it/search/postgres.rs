//! What only the Postgres engine promises: how few statements it needs.

use search::{Field, Query};

use super::fixture::{Fixture, branded, text_query};

#[tokio::test]
async fn a_query_is_two_statements_and_one_without_a_text() {
    let f = Fixture::postgres().await;
    f.index(&[branded("Red mug", "Acme", "Red"), branded("Blue mug", "Acme", "Blue")]).await;
    let facets = vec![Field::Brand, Field::Category, Field::Tag, Field::Option("colour".into())];
    let ask = |query: Query| {
        let f = &f;
        async move {
            let before = f.database.statements();
            f.ask(&query).await;
            f.database.statements() - before
        }
    };
    // One more begins the transaction.
    assert_eq!(ask(Query { facets: facets.clone(), ..text_query("rad mgu") }).await, 3);
    assert_eq!(ask(Query { facets, ..text_query("") }).await, 2);
    f.remove().await;
}

#[tokio::test]
async fn a_product_that_sells_out_rewrites_no_word() {
    let f = Fixture::postgres().await;
    let mut mug = branded("Red mug", "Acme", "Red");
    f.index(std::slice::from_ref(&mug)).await;
    let before = f.database.statements();
    mug.in_stock = false;
    f.index(std::slice::from_ref(&mug)).await;
    // Begin, lock, read, document, one posting out and one in, commit.
    assert_eq!(f.database.statements() - before, 7);
    f.remove().await;
}

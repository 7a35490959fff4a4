//! Search served by Postgres: an inverted index in tenant tables.
//!
//! Under row security only leak-proof operators may use an index, so nothing here is a `tsvector`, a trigram or a
//! pattern: words are found by equality and prefixes by range, on text in byte order. Typing errors are found by the
//! neighbours of a word: what is left of its beginning when one or two letters are taken away.
use sea_orm_migration::prelude::*;

use crate::tenant_table::{drop_tables, tenant_table};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // `facets` is one line of `field=value` between unit separators, as it is sent to whoever counts; `lowest` is the lowest price in each of
        // `currencies`; `terms` and `weights` say which postings the document has, so that a change
        // writes only what differs.
        tenant_table("search_documents")
            .keyed_by("product_id")
            .column("product_id uuid NOT NULL")
            .column("document json NOT NULL")
            .column("title_key text COLLATE \"C\" NOT NULL")
            .column("facets text COLLATE \"C\" NOT NULL")
            .column("currencies text[] COLLATE \"C\" NOT NULL")
            .column("lowest bigint[] NOT NULL")
            .column("published_at timestamptz NOT NULL")
            .column("terms text[] COLLATE \"C\" NOT NULL")
            .column("weights smallint[] NOT NULL")
            .check("prices_pair", "cardinality(currencies) = cardinality(lowest)")
            .check("terms_pair", "cardinality(terms) = cardinality(weights)")
            .create(manager)
            .await?;
        tenant_table("search_postings")
            .keyed_by("term, product_id")
            .column("term text COLLATE \"C\" NOT NULL CHECK (char_length(term) BETWEEN 1 AND 300)")
            .column("product_id uuid NOT NULL")
            .column("weight smallint NOT NULL CHECK (weight >= 0)")
            .create(manager)
            .await?;
        // The vocabulary of a store. A word that no document has any more finds nothing; a rebuild sweeps it out.
        tenant_table("search_terms")
            .keyed_by("term")
            .column("term text COLLATE \"C\" NOT NULL CHECK (char_length(term) BETWEEN 1 AND 40)")
            .create(manager)
            .await?;
        tenant_table("search_term_neighbours")
            .keyed_by("neighbour, term")
            .column("neighbour text COLLATE \"C\" NOT NULL CHECK (char_length(neighbour) BETWEEN 1 AND 5)")
            .column("term text COLLATE \"C\" NOT NULL CHECK (char_length(term) BETWEEN 1 AND 40)")
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["search_term_neighbours", "search_terms", "search_postings", "search_documents"]).await
    }
}

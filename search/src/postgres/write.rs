//! Writes documents and their postings. Only what differs from what is there is written: a product that sold out touches
//! no posting.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use commerce::ids::ProductId;
use sea_orm::{ConnectionTrait, DbErr};
use serde::Serialize;
use tenancy::TenantTx;
use uuid::Uuid;

use super::{
    statement::Statement,
    tally,
    terms::{facet_terms, weighted_terms},
};
use crate::{Error, ProductDocument, words::neighbours_of_term};

/// Names the lock among all advisory locks of the house.
const LOCK: i32 = 0x5ea_12c4;

type Terms = BTreeMap<String, i16>;

/// A row of `search_documents`, as Postgres reads it from JSON.
#[derive(Serialize)]
struct Row<'a> {
    product_id: Uuid,
    document: ProductDocument,
    title_key: String,
    facets: String,
    currencies: Vec<&'a String>,
    lowest: Vec<&'a i64>,
    published_at: DateTime<Utc>,
    terms: Vec<&'a String>,
    weights: Vec<&'a i16>,
}

/// Adds or replaces a batch of documents.
pub(super) async fn index(tx: &TenantTx, documents: &[ProductDocument]) -> Result<(), Error> {
    // The last of equal ids wins, as if they had been written one after the other.
    let documents: BTreeMap<Uuid, &ProductDocument> = documents.iter().map(|document| (document.id.uuid(), document)).collect();
    let terms: HashMap<Uuid, Terms> = documents.iter().map(|(id, document)| (*id, weighted_terms(document))).collect();
    let rows: Vec<Row<'_>> = documents.iter().map(|(id, document)| row(*id, document, &terms[id])).collect();
    let rows = serde_json::to_string(&rows).map_err(|error| Error::unreadable(&error))?;

    lock(tx).await?;
    let before = terms_of(tx, documents.keys().copied().collect()).await?;
    let mut statement = Statement::within(tx);
    let rows = statement.bind(rows);
    statement.write(UPSERT.replace("$rows", &rows));
    tx.execute_raw(statement.build()).await?;

    let none = Terms::new();
    let (mut dropped, mut put) = (Postings::default(), Postings::default());
    for (id, now) in &terms {
        let before = before.get(id).unwrap_or(&none);
        before.keys().filter(|term| !now.contains_key(*term)).for_each(|term| dropped.add(*id, term, 0));
        now.iter().filter(|(term, weight)| before.get(*term) != Some(weight)).for_each(|(term, weight)| put.add(*id, term, *weight));
    }
    dropped.delete(tx).await?;
    let terms = put.insert(tx).await?;
    learn(tx, terms).await?;
    Ok(())
}

/// Removes a batch of documents.
pub(super) async fn remove(tx: &TenantTx, products: &[ProductId]) -> Result<(), DbErr> {
    lock(tx).await?;
    let ids: Vec<Uuid> = products.iter().map(|product| product.uuid()).collect();
    let mut dropped = Postings::default();
    for (id, terms) in terms_of(tx, ids.clone()).await? {
        for term in terms.keys() {
            dropped.add(id, term, 0);
        }
    }
    dropped.delete(tx).await?;
    let mut statement = Statement::within(tx);
    let ids = statement.bind(ids);
    statement.write(format!("DELETE FROM search_documents WHERE tenant_id = $1 AND product_id = ANY ({ids})"));
    tx.execute_raw(statement.build()).await.map(|_| ())
}

/// Forgets the words that no document has.
pub(super) async fn tidy(tx: &TenantTx) -> Result<(), DbErr> {
    lock(tx).await?;
    let mut statement = Statement::within(tx);
    statement.write(
        "DELETE FROM search_terms t WHERE t.tenant_id = $1 AND NOT EXISTS (
           SELECT 1 FROM search_postings p WHERE p.tenant_id = $1 AND p.term = t.term) RETURNING t.term",
    );
    let forgotten = tx.query_all_raw(statement.build()).await?;
    let terms = forgotten.iter().map(|row| row.try_get("", "term")).collect::<Result<Vec<String>, _>>()?;
    let (neighbours, terms) = neighbourhood(&terms);
    let mut statement = Statement::within(tx);
    let (neighbours, terms) = (statement.bind(neighbours), statement.bind(terms));
    statement.write(format!(
        "DELETE FROM search_term_neighbours n USING unnest({neighbours}, {terms}) AS gone (neighbour, term)
         WHERE n.tenant_id = $1 AND n.neighbour = gone.neighbour AND n.term = gone.term"
    ));
    tx.execute_raw(statement.build()).await.map(|_| ())
}

/// One writer a store at a time.
async fn lock(tx: &TenantTx) -> Result<(), DbErr> {
    let mut statement = Statement::within(tx);
    statement.write(format!("SELECT pg_advisory_xact_lock({LOCK}, hashtext($1::text))"));
    tx.execute_raw(statement.build()).await.map(|_| ())
}

/// Columns of one statement: `document` keeps the type it has in the table.
const UPSERT: &str = "
INSERT INTO search_documents (tenant_id, product_id, document, title_key, facets, currencies, lowest, published_at, terms, weights)
SELECT $1, r.* FROM json_to_recordset($rows::json) AS r (
  product_id uuid, document json, title_key text, facets text, currencies text[], lowest bigint[], published_at timestamptz,
  terms text[], weights smallint[])
ON CONFLICT (tenant_id, product_id) DO UPDATE SET document = excluded.document, title_key = excluded.title_key,
  facets = excluded.facets, currencies = excluded.currencies, lowest = excluded.lowest, published_at = excluded.published_at,
  terms = excluded.terms, weights = excluded.weights";

fn row<'a>(id: Uuid, document: &'a ProductDocument, terms: &'a Terms) -> Row<'a> {
    Row {
        product_id: id,
        document: document.face(),
        title_key: document.title_key(),
        facets: tally::line(&facet_terms(document)),
        currencies: document.prices.keys().collect(),
        lowest: document.prices.values().collect(),
        published_at: document.published_at,
        terms: terms.keys().collect(),
        weights: terms.values().collect(),
    }
}

/// The terms that documents are found by now.
async fn terms_of(tx: &TenantTx, ids: Vec<Uuid>) -> Result<HashMap<Uuid, Terms>, DbErr> {
    let mut statement = Statement::within(tx);
    let ids = statement.bind(ids);
    statement.write(format!("SELECT product_id, terms, weights FROM search_documents WHERE tenant_id = $1 AND product_id = ANY ({ids})"));
    let rows = tx.query_all_raw(statement.build()).await?;
    let read = |row: &sea_orm::QueryResult| {
        let (terms, weights): (Vec<String>, Vec<i16>) = (row.try_get("", "terms")?, row.try_get("", "weights")?);
        Ok((row.try_get("", "product_id")?, terms.into_iter().zip(weights).collect()))
    };
    rows.iter().map(read).collect()
}

/// Postings as columns.
#[derive(Default)]
struct Postings {
    terms: Vec<String>,
    products: Vec<Uuid>,
    weights: Vec<i16>,
}

impl Postings {
    fn add(&mut self, product: Uuid, term: &str, weight: i16) {
        self.terms.push(term.to_owned());
        self.products.push(product);
        self.weights.push(weight);
    }

    async fn delete(self, tx: &TenantTx) -> Result<(), DbErr> {
        if self.terms.is_empty() {
            return Ok(());
        }
        let mut statement = Statement::within(tx);
        let (terms, products) = (statement.bind(self.terms), statement.bind(self.products));
        statement.write(format!(
            "DELETE FROM search_postings p USING unnest({terms}, {products}) AS gone (term, product_id)
             WHERE p.tenant_id = $1 AND p.term = gone.term AND p.product_id = gone.product_id"
        ));
        tx.execute_raw(statement.build()).await.map(|_| ())
    }

    /// Gives the terms that were written, in order.
    async fn insert(self, tx: &TenantTx) -> Result<BTreeSet<String>, DbErr> {
        let written: BTreeSet<String> = self.terms.iter().cloned().collect();
        if written.is_empty() {
            return Ok(written);
        }
        let mut statement = Statement::within(tx);
        let (terms, products, weights) = (statement.bind(self.terms), statement.bind(self.products), statement.bind(self.weights));
        statement.write(format!(
            "INSERT INTO search_postings (tenant_id, term, product_id, weight)
             SELECT $1, new.term, new.product_id, new.weight FROM unnest({terms}, {products}, {weights}) AS new (term, product_id, weight)
             ON CONFLICT (tenant_id, term, product_id) DO UPDATE SET weight = excluded.weight"
        ));
        tx.execute_raw(statement.build()).await?;
        Ok(written)
    }
}

/// Adds words to the vocabulary of the store. Facets are found whole or not at all and are no words.
async fn learn(tx: &TenantTx, terms: BTreeSet<String>) -> Result<(), DbErr> {
    let words: Vec<String> = terms.into_iter().filter(|term| !term.contains('=')).collect();
    if words.is_empty() {
        return Ok(());
    }
    let mut statement = Statement::within(tx);
    let words = statement.bind(words);
    statement.write(format!(
        "INSERT INTO search_terms (tenant_id, term) SELECT $1, term FROM unnest({words}) AS new (term)
         ON CONFLICT (tenant_id, term) DO NOTHING RETURNING term"
    ));
    let new = tx.query_all_raw(statement.build()).await?;
    let new = new.iter().map(|row| row.try_get("", "term")).collect::<Result<Vec<String>, _>>()?;
    let (neighbours, terms) = neighbourhood(&new);
    if terms.is_empty() {
        return Ok(());
    }
    let mut statement = Statement::within(tx);
    let (neighbours, terms) = (statement.bind(neighbours), statement.bind(terms));
    statement.write(format!(
        "INSERT INTO search_term_neighbours (tenant_id, neighbour, term)
         SELECT $1, new.neighbour, new.term FROM unnest({neighbours}, {terms}) AS new (neighbour, term)
         ON CONFLICT (tenant_id, neighbour, term) DO NOTHING"
    ));
    tx.execute_raw(statement.build()).await.map(|_| ())
}

/// Each term beside each of its neighbours.
fn neighbourhood(terms: &[String]) -> (Vec<String>, Vec<String>) {
    terms.iter().flat_map(|term| neighbours_of_term(term).into_iter().map(|neighbour| (neighbour, term.clone()))).unzip()
}

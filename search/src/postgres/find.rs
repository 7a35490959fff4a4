//! Answers a query.

use std::collections::BTreeSet;

use commerce::ids::ProductId;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use tenancy::TenantTx;
use uuid::Uuid;

use super::{
    statement::Statement,
    tally::{self, Counted, PRODUCTS},
    terms::facet_term,
};
use crate::{
    Error, Found, ProductDocument, Query, Sort,
    words::{neighbours_of_word, typos, typos_allowed, typos_in_prefix, words},
};

/// Further words of a text are ignored, as the big engines do.
const MAX_WORDS: usize = 10;
/// How many terms of the store one word may stand for.
const MAX_MEANINGS: usize = 50;
/// How many terms one query looks at before it judges their typing errors.
const MAX_NEIGHBOURS: i64 = 5_000;

pub(super) async fn find(tx: &TenantTx, query: &Query) -> Result<Found, Error> {
    let meanings = meanings(tx, query.text.as_deref().unwrap_or_default()).await?;
    let (statement, counted) = matching(tx, query, meanings);
    let rows = tx.query_all_raw(statement).await?;
    let (mut hits, mut total, mut facets) = (Vec::new(), 0, Vec::new());
    let mut counted = Some(counted);
    for row in &rows {
        let row = Row::from_query_result(row, "")?;
        if let (Some(place), Some(document)) = (row.place, row.document) {
            let document: ProductDocument = serde_json::from_str(&document).map_err(|error| Error::unreadable(&error))?;
            hits.push((place, document));
        } else if let Some(counted) = counted.take() {
            total = row.total.and_then(|total| u64::try_from(total).ok()).unwrap_or(0);
            facets = tally::count(row.tally.as_deref().unwrap_or_default(), counted);
        }
    }
    hits.sort_unstable_by_key(|(place, _)| *place);
    Ok(Found { hits: hits.into_iter().map(|(_, document)| document).collect(), total, facets })
}

pub(super) async fn indexed(tx: &TenantTx) -> Result<Vec<ProductId>, DbErr> {
    let mut statement = Statement::within(tx);
    statement.write("SELECT product_id FROM search_documents WHERE tenant_id = $1");
    let rows = tx.query_all_raw(statement.build()).await?;
    rows.iter().map(|row| row.try_get::<Uuid>("", "product_id").map(ProductId::from_uuid)).collect()
}

/// The answer to the second statement: hits, each with its place, and one row with the total and the tally.
#[derive(FromQueryResult)]
struct Row {
    place: Option<i64>,
    document: Option<String>,
    total: Option<i64>,
    tally: Option<String>,
}

/// Terms that a product may be found by. It must have one of each group: a group is a word of the text and all that it
/// may mean, or a filter and its values.
#[derive(Default)]
struct Meanings {
    group: Vec<i32>,
    term: Vec<String>,
    closeness: Vec<i32>,
    groups: i32,
}

impl Meanings {
    fn add_group(&mut self, terms: impl IntoIterator<Item = (i32, String)>) {
        for (closeness, term) in terms {
            self.group.push(self.groups);
            self.term.push(term);
            self.closeness.push(closeness);
        }
        self.groups += 1;
    }
}

/// How close a term is to a typed word; further apart than any two weights, so that closeness goes first.
const EXACT: i32 = 50;
const PREFIX: i32 = 40;
const FORGIVEN: [i32; 3] = [PREFIX, 30, 10];
const FORGIVEN_PREFIX: [i32; 3] = [PREFIX, 20, 0];

/// What the words of a text may mean in this store.
async fn meanings(tx: &TenantTx, text: &str) -> Result<Meanings, DbErr> {
    let mut typed: Vec<String> = Vec::new();
    for word in words(text) {
        if typed.len() < MAX_WORDS && !typed.contains(&word) {
            typed.push(word);
        }
    }
    let mut meanings = Meanings::default();
    let Some((last, _)) = typed.split_last() else { return Ok(meanings) };
    let known = vocabulary(tx, last, typed.iter().flat_map(|word| neighbours_of_word(word)).collect()).await?;
    for (place, word) in typed.iter().enumerate() {
        let is_last = place + 1 == typed.len();
        let close = known.iter().filter(|term| *term != word).filter_map(|term| Some((closeness(word, term, is_last)?, term.clone())));
        let mut group: Vec<(i32, String)> = close.collect();
        group.sort_unstable_by(|(a, one), (b, other)| b.cmp(a).then_with(|| one.len().cmp(&other.len())).then_with(|| one.cmp(other)));
        group.truncate(MAX_MEANINGS);
        meanings.add_group(std::iter::once((EXACT, word.clone())).chain(group));
    }
    Ok(meanings)
}

fn closeness(word: &str, term: &str, may_be_unfinished: bool) -> Option<i32> {
    if may_be_unfinished && term.starts_with(word) {
        return Some(PREFIX);
    }
    let allowed = typos_allowed(word);
    let whole = typos(word, term, allowed).map(|errors| FORGIVEN[errors]);
    let start = if may_be_unfinished { typos_in_prefix(word, term, allowed).map(|errors| FORGIVEN_PREFIX[errors]) } else { None };
    whole.max(start)
}

/// The terms of the store that begin with `last`, and those that share one of `neighbours`.
async fn vocabulary(tx: &TenantTx, last: &str, neighbours: Vec<String>) -> Result<BTreeSet<String>, DbErr> {
    let mut statement = Statement::within(tx);
    // The greatest character there is: whatever begins with `last` sorts before it, in byte order.
    let (from, to) = (statement.bind(last), statement.bind(format!("{last}\u{10ffff}")));
    statement.write(format!(
        "(SELECT term FROM search_terms WHERE tenant_id = $1 AND term >= {from} AND term < {to}
           ORDER BY char_length(term), term LIMIT {MAX_MEANINGS})"
    ));
    if !neighbours.is_empty() {
        let neighbours = statement.bind(neighbours);
        statement.write(format!(
            " UNION ALL (SELECT term FROM search_term_neighbours WHERE tenant_id = $1 AND neighbour = ANY ({neighbours}) LIMIT {MAX_NEIGHBOURS})"
        ));
    }
    let rows = tx.query_all_raw(statement.build()).await?;
    rows.iter().map(|row| row.try_get::<String>("", "term")).collect()
}

/// The statement that matches, filters, ranks and answers.
fn matching(tx: &TenantTx, query: &Query, mut meanings: Meanings) -> (sea_orm::Statement, Vec<Counted>) {
    let text_groups = meanings.groups;
    let mut sql = Statement::within(tx);
    let mut filters = Vec::new();
    let mut counted: Vec<Counted> = query.facets.iter().map(|field| Counted { field: field.clone(), own_filter: 0 }).collect();
    for (field, values) in &query.filters.values {
        let terms: Vec<String> = values.iter().map(|value| facet_term(field, value)).collect();
        let own = counted.iter_mut().find(|one| one.field == *field);
        if text_groups == 0 && own.is_none() {
            // Nothing else narrows the search, and nobody asks what this filter leaves out: let its index find.
            meanings.add_group(terms.into_iter().map(|term| (0, term)));
            continue;
        }
        let bit = 1 << filters.len();
        if let Some(own) = own {
            own.own_filter = bit;
        }
        filters.push(format!("CASE WHEN {} THEN 0 ELSE {bit} END", has_any(&mut sql, &terms)));
    }
    let currency = sql.bind(query.currency.code());
    let price = format!("d.lowest[array_position(d.currencies, {currency})]");
    if !query.filters.price.is_open() {
        let (least, most) = (query.filters.price.at_least.unwrap_or(0), query.filters.price.at_most.unwrap_or(i64::MAX));
        let (least, most, bit) = (sql.bind(least), sql.bind(most), 1 << filters.len());
        filters.push(format!("CASE WHEN {price} BETWEEN {least} AND {most} THEN 0 ELSE {bit} END"));
    }
    let misses = if filters.is_empty() { "0".to_owned() } else { filters.join(" | ") };
    let order = order(query.sort, text_groups > 0);
    let lines = if counted.is_empty() {
        "NULL".to_owned()
    } else {
        let products = sql.bind(PRODUCTS.to_string());
        format!("string_agg(misses || facets, {products})")
    };
    let from = write_matched(&mut sql, meanings, text_groups);
    let (limit, offset) = (sql.bind(as_bigint(query.limit)), sql.bind(as_bigint(query.from)));
    sql.write(format!(
        "found AS MATERIALIZED (
           SELECT d.product_id, {score} AS score, d.published_at, d.title_key, {price} AS price, d.facets, {misses} AS misses FROM {from}),
         top AS (
           SELECT product_id, row_number() OVER (ORDER BY {order}) AS place FROM found WHERE misses = 0
           ORDER BY {order} LIMIT {limit} OFFSET {offset})
         SELECT top.place, d.document::text AS document, NULL::bigint AS total, NULL::text AS tally
         FROM top JOIN search_documents d ON d.tenant_id = $1 AND d.product_id = top.product_id
         UNION ALL
         SELECT NULL, NULL, count(*) FILTER (WHERE misses = 0), {lines} FROM found",
        score = if text_groups > 0 { "m.score" } else { "0" },
    ));
    (sql.build(), counted)
}

/// Whether the document has one of the terms. Their number is rounded up by repeating the last, so that few shapes of the
/// statement serve every number of values, and their plans are kept.
fn has_any(sql: &mut Statement, terms: &[String]) -> String {
    let last = terms.last().into_iter().cycle();
    let rounded = terms.iter().chain(last).take(terms.len().next_power_of_two());
    let has: Vec<String> = rounded.map(|term| format!("strpos(d.facets, {}) > 0", sql.bind(tally::within_line(term)))).collect();
    if has.is_empty() { "false".to_owned() } else { has.join(" OR ") }
}

/// Writes the products that have a term of each group, best first, and gives what to select from.
fn write_matched(sql: &mut Statement, meanings: Meanings, text_groups: i32) -> &'static str {
    sql.write("WITH ");
    if meanings.groups == 0 {
        return "search_documents d WHERE d.tenant_id = $1";
    }
    let every_group = (1_i64 << meanings.groups) - 1;
    // In sub-selects, so that the planner cannot see how many there are: one plan then serves every text.
    let [group, term, closeness] = [sql.bind(meanings.group), sql.bind(meanings.term), sql.bind(meanings.closeness)];
    let best = (0..text_groups).map(|group| format!("max(e.closeness + p.weight) FILTER (WHERE e.place = {group})"));
    let score = if text_groups == 0 { "0".to_owned() } else { best.collect::<Vec<_>>().join(" + ") };
    sql.write(format!(
        "matched AS (
           SELECT p.product_id, {score} AS score
           FROM unnest((SELECT {group}), (SELECT {term}), (SELECT {closeness})) AS e (place, term, closeness)
           JOIN search_postings p ON p.tenant_id = $1 AND p.term = e.term
           GROUP BY p.product_id HAVING bit_or(1::bigint << e.place) = {every_group}),
         "
    ));
    "matched m JOIN search_documents d ON d.tenant_id = $1 AND d.product_id = m.product_id"
}

fn order(sort: Sort, has_text: bool) -> &'static str {
    match sort {
        Sort::Relevance if has_text => "score DESC, published_at DESC, product_id DESC",
        Sort::Relevance | Sort::Newest => "published_at DESC, product_id DESC",
        Sort::Price => "price ASC NULLS LAST, product_id DESC",
        Sort::PriceDescending => "price DESC NULLS LAST, product_id DESC",
        Sort::Title => "title_key ASC, product_id DESC",
    }
}

fn as_bigint(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

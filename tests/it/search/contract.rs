//! What every engine promises, written once and run for each.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use commerce::ids::ProductId;
use futures::future::join_all;
use search::{Attribute, Error, Field, Filters, PriceRange, ProductDocument, ProductOption, Query, Sort};

use super::fixture::{Fixture, branded, category, counts, document, euro, priced, tag, text_query, titles};

macro_rules! for_each_backend {
    ($($name:ident),+ $(,)?) => {
        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                let fixture = super::Fixture::postgres().await;
                super::$name(&fixture).await;
                fixture.remove().await;
            })+
        }

        mod meilisearch {
            $(#[tokio::test]
            async fn $name() {
                let Some(fixture) = super::Fixture::meilisearch().await else { return };
                super::$name(&fixture).await;
                fixture.remove().await;
            })+
        }
    };
}

for_each_backend!(
    a_typing_error_still_finds,
    the_last_word_may_be_unfinished,
    case_and_accents_do_not_matter,
    all_words_must_be_found,
    exact_comes_before_unfinished_before_mistyped,
    the_title_comes_before_the_rest,
    facets_are_disjunctive,
    categories_tags_options_and_stock_filter,
    attributes_filter_and_are_counted,
    prices_filter_and_sort_in_the_asked_currency,
    sorts_are_strict,
    pages_follow_each_other,
    two_stores_never_meet,
    what_is_removed_is_not_found,
    what_is_indexed_again_replaces,
    texts_are_never_instructions,
    what_is_only_searched_is_never_answered,
    suggestions_are_products,
    drafts_and_archived_products_are_never_found,
    workers_that_refresh_at_once_converge,
    a_rebuild_is_never_empty_and_converges,
    a_rebuild_of_all_loses_no_write,
    queries_out_of_bounds_are_refused,
);

async fn a_typing_error_still_finds(f: &Fixture) {
    f.index(&[document("Wireless Headphones"), document("Copper Kettle"), document("Mug")]).await;
    for typed in ["hedphones", "haedphones", "headphoness", "hedphonse", "wirelss headphones", "jeadphones"] {
        assert_eq!(f.titles(typed).await, ["Wireless Headphones"], "{typed}");
    }
    assert_eq!(f.titles("kettel").await, ["Copper Kettle"]);
    for typed in ["jettle", "mgu", "hdfns"] {
        assert!(f.titles(typed).await.is_empty(), "{typed} has more errors than its length forgives");
    }
}

async fn the_last_word_may_be_unfinished(f: &Fixture) {
    f.index(&[document("Ocean Blue Shirt")]).await;
    for typed in ["o", "oce", "ocean bl", "blue shi", "shirt oc", "ocaen blu", "shirt ocaen"] {
        assert_eq!(f.titles(typed).await, ["Ocean Blue Shirt"], "{typed}");
    }
    assert!(f.titles("shi blue").await.is_empty(), "only the last word may be unfinished");
}

async fn case_and_accents_do_not_matter(f: &Fixture) {
    f.index(&[document("Crème Brûlée"), document("Straßenkarte"), document("T-Shirt")]).await;
    for typed in ["creme brulee", "CRÈME", "Cre\u{300}me"] {
        assert_eq!(f.titles(typed).await, ["Crème Brûlée"], "{typed}");
    }
    for typed in ["strassenkarte", "STRASSENKARTE", "straßen"] {
        assert_eq!(f.titles(typed).await, ["Straßenkarte"], "{typed}");
    }
    assert_eq!(f.titles("t-shirt").await, ["T-Shirt"]);
}

async fn all_words_must_be_found(f: &Fixture) {
    let red = ProductDocument { tags: vec![tag("red")], ..document("Linen Shirt") };
    f.index(&[red, document("Cotton Shirt")]).await;
    assert_eq!(f.titles("shirt red").await, ["Linen Shirt"]);
    assert!(f.titles("cotton red").await.is_empty());
    assert_eq!(f.titles("   ").await.len(), 2, "no words find everything");
}

async fn exact_comes_before_unfinished_before_mistyped(f: &Fixture) {
    f.index(&[document("Short"), document("Shirtdress"), document("Shirt")]).await;
    assert_eq!(f.titles("shirt").await, ["Shirt", "Shirtdress", "Short"]);
}

async fn the_title_comes_before_the_rest(f: &Fixture) {
    let described = ProductDocument { description: "Fits under every kettle".into(), ..document("Trivet") };
    let branded = ProductDocument { brand: Some("Kettle".into()), ..document("Cup") };
    f.index(&[document("Kettle"), branded, described]).await;
    assert_eq!(f.titles("kettle").await, ["Kettle", "Cup", "Trivet"]);
}

async fn facets_are_disjunctive(f: &Fixture) {
    let (brand, colour) = (Field::Brand, Field::Option("colour".into()));
    f.index(&[
        branded("Red Acme Mug", "Acme", "Red"),
        branded("Blue Acme Mug", "Acme", "Blue"),
        branded("Red Bolt Mug", "Bolt", "Red"),
        branded("Red Bolt Pan", "Bolt", "Red"),
    ])
    .await;
    f.backend.index(f.bob, &[branded("Green Mug of another store", "Corp", "Green")]).await.unwrap();

    let mut query = Query { facets: vec![brand.clone(), colour.clone()], ..text_query("mug") };
    let found = f.ask(&query).await;
    assert_eq!(counts(&found, &brand), [("Acme", 2), ("Bolt", 1)]);
    assert_eq!(counts(&found, &colour), [("Red", 2), ("Blue", 1)]);

    query.filters.values.insert(brand.clone(), vec!["Acme".into()]);
    let found = f.ask(&query).await;
    assert_eq!((found.hits.len(), found.total), (2, 2));
    assert_eq!(counts(&found, &brand), [("Acme", 2), ("Bolt", 1)], "what another brand would add is still shown");
    assert_eq!(counts(&found, &colour), [("Blue", 1), ("Red", 1)], "other facets count what is left");

    query.filters.values.insert(colour.clone(), vec!["Red".into()]);
    let found = f.ask(&query).await;
    assert_eq!(titles(&found), ["Red Acme Mug"]);
    assert_eq!(counts(&found, &brand), [("Acme", 1), ("Bolt", 1)]);
    assert_eq!(counts(&found, &colour), [("Blue", 1), ("Red", 1)]);

    query.filters.values.insert(brand, vec!["Acme".into(), "Bolt".into()]);
    assert_eq!(f.ask(&query).await.total, 2, "values of one field are alternatives");
}

async fn categories_tags_options_and_stock_filter(f: &Fixture) {
    let shirt =
        ProductDocument { categories: vec![category("clothes"), category("shirts")], in_stock: false, ..branded("Shirt", "Acme", "Blue") };
    let hat = ProductDocument {
        categories: vec![category("clothes")],
        tags: vec![tag("sale")],
        product_type: Some("Hat".into()),
        ..document("Hat")
    };
    f.index(&[shirt, hat, document("Mug")]).await;
    let cases = [
        (Field::Category, "clothes", vec!["Hat", "Shirt"]),
        (Field::Category, "shirts", vec!["Shirt"]),
        (Field::Tag, "sale", vec!["Hat"]),
        (Field::Brand, "Acme", vec!["Shirt"]),
        (Field::ProductType, "Hat", vec!["Hat"]),
        (Field::Option("colour".into()), "Blue", vec!["Shirt"]),
        (Field::InStock, "false", vec!["Shirt"]),
        (Field::InStock, "true", vec!["Hat", "Mug"]),
        (Field::Tag, "none", vec![]),
    ];
    for (field, value, expected) in cases {
        let values = BTreeMap::from([(field.clone(), vec![value.to_owned()])]);
        for facets in [vec![], vec![field.clone()]] {
            let filters = Filters { values: values.clone(), ..Filters::default() };
            let query = Query { filters, facets, sort: Sort::Title, ..Query::all(euro(), 24) };
            assert_eq!(titles(&f.ask(&query).await), expected, "{field} = {value}, facets {:?}", query.facets);
        }
    }
}

async fn attributes_filter_and_are_counted(f: &Fixture) {
    let having = |title: &str, code: &str, values: &[&str]| {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        ProductDocument { attributes: vec![Attribute { code: code.into(), values }], ..document(title) }
    };
    // An option of the same name is something else.
    let option = ProductOption { name: "Material".into(), values: vec!["Silk".into()] };
    let scarf = ProductDocument { options: vec![option], ..having("Scarf", "material", &["Wool"]) };
    f.index(&[scarf, having("Shirt", "material", &["Silk", "Wool"]), having("Ring", "width", &["12.5"])]).await;
    let (material, width) = (Field::Attribute("material".into()), Field::Attribute("width".into()));
    let cases = [
        (&material, vec!["Wool"], vec!["Scarf", "Shirt"]),
        (&material, vec!["Silk"], vec!["Shirt"]),
        (&width, vec!["12.5"], vec!["Ring"]),
        (&width, vec!["Wool"], vec![]),
    ];
    for (field, wanted, expected) in cases {
        let values = BTreeMap::from([(field.clone(), wanted.iter().map(|value| (*value).to_owned()).collect())]);
        for facets in [vec![], vec![field.clone()]] {
            let filters = Filters { values: values.clone(), ..Filters::default() };
            let query = Query { filters, facets, sort: Sort::Title, ..Query::all(euro(), 24) };
            assert_eq!(titles(&f.ask(&query).await), expected, "{field} = {wanted:?}, facets {:?}", query.facets);
        }
    }
    let found = f.ask(&Query { facets: vec![material.clone(), width.clone()], ..Query::all(euro(), 24) }).await;
    assert_eq!(counts(&found, &material), [("Wool", 2), ("Silk", 1)]);
    assert_eq!(counts(&found, &width), [("12.5", 1)]);
}

async fn prices_filter_and_sort_in_the_asked_currency(f: &Fixture) {
    f.index(&[
        priced("A", &[("EUR", 1_000), ("USD", 3_000)]),
        priced("B", &[("EUR", 2_000), ("USD", 2_000)]),
        priced("C", &[("EUR", 3_000)]),
    ])
    .await;
    let ask = |currency: &str, sort, price| Query {
        filters: Filters { price, ..Filters::default() },
        sort,
        ..Query::all(currency.parse().unwrap(), 24)
    };
    let any = PriceRange::default();
    let range = |at_least, at_most| PriceRange { at_least, at_most };
    let cases = [
        ("EUR", Sort::Price, any, vec!["A", "B", "C"]),
        ("EUR", Sort::PriceDescending, any, vec!["C", "B", "A"]),
        ("USD", Sort::Price, any, vec!["B", "A", "C"]),
        ("USD", Sort::PriceDescending, any, vec!["A", "B", "C"]),
        ("EUR", Sort::Price, range(Some(1_000), Some(2_000)), vec!["A", "B"]),
        ("EUR", Sort::Price, range(Some(2_001), None), vec!["C"]),
        ("USD", Sort::Price, range(None, Some(9_999)), vec!["B", "A"]),
    ];
    for (currency, sort, price, expected) in cases {
        assert_eq!(titles(&f.ask(&ask(currency, sort, price)).await), expected, "{currency} {sort:?} {price:?}");
    }
}

async fn sorts_are_strict(f: &Fixture) {
    let mut documents = vec![document("Zebra mug"), document("apple mug"), document("Élan mug")];
    for (day, document) in documents.iter_mut().enumerate() {
        document.published_at += TimeDelta::days(i64::try_from(day).unwrap());
    }
    f.index(&documents).await;
    let ask = |sort| Query { sort, ..text_query("mug") };
    assert_eq!(titles(&f.ask(&ask(Sort::Newest)).await), ["Élan mug", "apple mug", "Zebra mug"]);
    assert_eq!(titles(&f.ask(&ask(Sort::Title)).await), ["apple mug", "Élan mug", "Zebra mug"]);
    assert_eq!(titles(&f.ask(&Query::all(euro(), 24)).await), ["Élan mug", "apple mug", "Zebra mug"], "without a text, newest first");
}

async fn pages_follow_each_other(f: &Fixture) {
    let documents: Vec<_> = (0..25).map(|i| priced(&format!("Mug {i:02}"), &[("EUR", i)])).collect();
    f.index(&documents).await;
    let mut seen = Vec::new();
    for from in [0, 10, 20, 30] {
        let found = f.ask(&Query { from, limit: 10, sort: Sort::Price, ..text_query("mug") }).await;
        assert_eq!(found.total, 25);
        seen.extend(titles(&found));
    }
    assert_eq!(seen, documents.iter().map(|document| document.title.clone()).collect::<Vec<_>>());
}

async fn two_stores_never_meet(f: &Fixture) {
    // The same product id in both, which row security and the key of a document must keep apart.
    let hers = document("Secret mug");
    let his = ProductDocument { title: "Public mug".into(), ..hers.clone() };
    f.index(std::slice::from_ref(&hers)).await;
    f.backend.index(f.bob, std::slice::from_ref(&his)).await.unwrap();
    assert_eq!(f.titles("mug").await, ["Secret mug"]);
    let found = f.backend.query(f.bob, &text_query("mug")).await.unwrap();
    assert_eq!((titles(&found), found.total), (vec!["Public mug".to_owned()], 1));
    assert!(f.backend.query(f.bob, &text_query("secret")).await.unwrap().hits.is_empty());
    assert!(f.backend.query(f.bob, &text_query("sekret")).await.unwrap().hits.is_empty());
    f.backend.remove(f.bob, &[his.id]).await.unwrap();
    assert_eq!(f.titles("mug").await, ["Secret mug"]);
    assert_eq!(f.backend.indexed(f.ada).await.unwrap(), [hers.id]);
    assert!(f.backend.indexed(f.bob).await.unwrap().is_empty());
}

async fn what_is_removed_is_not_found(f: &Fixture) {
    let (mug, pan) = (document("Mug"), document("Pan"));
    f.index(&[mug.clone(), pan]).await;
    f.backend.remove(f.ada, &[mug.id, ProductId::new()]).await.unwrap();
    f.backend.remove(f.ada, &[mug.id]).await.unwrap();
    assert!(f.titles("mug").await.is_empty());
    f.backend.tidy(f.ada).await.unwrap();
    assert_eq!(f.titles("").await, ["Pan"]);
    f.index(&[mug]).await;
    assert_eq!(f.titles("mug").await, ["Mug"]);
}

async fn what_is_indexed_again_replaces(f: &Fixture) {
    let mug = branded("Copper mug", "Acme", "Red");
    f.index(&[mug.clone(), mug.clone()]).await;
    let pan = ProductDocument { title: "Iron pan".into(), brand: Some("Bolt".into()), options: Vec::new(), ..mug };
    f.index(std::slice::from_ref(&pan)).await;
    let everything = Query { facets: vec![Field::Brand, Field::Option("colour".into())], ..Query::all(euro(), 24) };
    let found = f.ask(&everything).await;
    assert_eq!((titles(&found), found.total), (vec!["Iron pan".to_owned()], 1));
    assert_eq!(counts(&found, &Field::Brand), [("Bolt", 1)]);
    assert_eq!(counts(&found, &Field::Option("colour".into())), []);
    for old in ["copper", "mug", "acme", "red"] {
        assert!(f.titles(old).await.is_empty(), "{old} is no word of it any more");
    }
    assert_eq!(f.titles("iron bolt").await, ["Iron pan"]);
}

async fn texts_are_never_instructions(f: &Fixture) {
    f.backend.index(f.bob, &[branded("Mug", "x", "Red")]).await.unwrap();
    f.index(&[branded("Pan", "Say \"hi\"", "Red")]).await;
    let bob = f.bob.uuid();
    let attacks = [
        format!("x\" OR tenant_id = \"{bob}"),
        format!("x' OR tenant_id = '{bob}"),
        format!("x\\\" OR tenant_id = \"{bob}\" OR brand = \"x"),
        format!("x\\\\\" OR tenant_id = \"{bob}"),
        "x\"] OR brand EXISTS OR brand IN [\"x".to_owned(),
        "x') OR true --".to_owned(),
        "x\\".to_owned(),
    ];
    for attack in attacks {
        for field in [Field::Brand, Field::Category, Field::Option("colour".into())] {
            let values = BTreeMap::from([(field.clone(), vec![attack.clone()])]);
            for facets in [vec![], vec![field.clone()]] {
                let query = Query { filters: Filters { values: values.clone(), ..Filters::default() }, facets, ..Query::all(euro(), 24) };
                assert!(f.ask(&query).await.hits.is_empty(), "{field}: {attack}");
            }
        }
        let found = f.ask(&text_query(&attack)).await;
        assert!(titles(&found).iter().all(|title| title == "Pan"), "q: {attack}");
    }
    let values = BTreeMap::from([(Field::Brand, vec!["Say \"hi\"".to_owned()])]);
    let quoted = Query { filters: Filters { values, ..Filters::default() }, ..Query::all(euro(), 24) };
    assert_eq!(titles(&f.ask(&quoted).await), ["Pan"], "quotes are characters like any other");
}

async fn what_is_only_searched_is_never_answered(f: &Fixture) {
    let skus = vec!["ZX-4711".to_owned()];
    f.index(&[ProductDocument { skus, description: "A hidden word".into(), ..document("Mug") }]).await;
    for text in ["zx-4711", "hidden"] {
        let found = f.ask(&text_query(text)).await;
        assert_eq!(titles(&found), ["Mug"], "{text}");
        assert!(found.hits[0].skus.is_empty() && found.hits[0].description.is_empty());
    }
    assert!(f.titles("zx-4712").await.is_empty(), "numbers forgive no error");
}

async fn suggestions_are_products(f: &Fixture) {
    f.index(&[document("Blue shirt"), document("Blue shorts"), document("Mug")]).await;
    let suggested = f.backend.suggest(f.ada, "blue sho", euro(), 5).await.unwrap();
    assert_eq!(suggested.iter().map(|one| one.title.as_str()).collect::<Vec<_>>(), ["Blue shorts"]);
    assert_eq!(f.backend.suggest(f.ada, "b", euro(), 1).await.unwrap().len(), 1);
}

async fn drafts_and_archived_products_are_never_found(f: &Fixture) {
    let (shown, draft, gone) =
        (f.published("Shown mug", "19.90").await, f.draft("Draft mug", "1.00", 1).await, f.published("Old mug", "5.00").await);
    let all = [shown, draft, gone, ProductId::new()];
    f.refresh(&all).await.unwrap();
    assert_eq!(f.titles("mug").await, ["Old mug", "Shown mug"]);
    f.archive(gone).await;
    f.refresh(&all).await.unwrap();
    let found = f.ask(&text_query("mug")).await;
    assert_eq!(titles(&found), ["Shown mug"]);
    assert_eq!(found.hits[0].prices, BTreeMap::from([("EUR".to_owned(), 1_990)]));
    assert!(found.hits[0].in_stock);
}

async fn workers_that_refresh_at_once_converge(f: &Fixture) {
    let mug = f.published("Mug 0", "1.00").await;
    let mugs = [mug];
    for round in 1..=5 {
        f.rename(mug, &format!("Mug {round}")).await;
        let workers = (0..4).map(|_| f.refresh(&mugs));
        let pot = format!("Pot {round}");
        let (refreshed, ()) = tokio::join!(join_all(workers), f.rename(mug, &pot));
        refreshed.into_iter().collect::<Result<Vec<_>, _>>().unwrap();
        // The change has a refresh of its own, as every change has.
        f.refresh(&[mug]).await.unwrap();
        assert_eq!(f.titles("").await, [pot]);
        assert!(f.titles("mug").await.is_empty(), "no word of an older title is left");
    }
}

async fn a_rebuild_is_never_empty_and_converges(f: &Fixture) {
    let (kept, renamed, archived) =
        (f.published("Kept mug", "1.00").await, f.published("Wrong mug", "1.00").await, f.published("Gone mug", "1.00").await);
    f.refresh(&[kept, renamed, archived]).await.unwrap();
    // What a lost job leaves behind: an old title, an archived product, one that never was, and one not indexed yet.
    f.rename(renamed, "Right mug").await;
    f.archive(archived).await;
    f.index(&[document("Ghost mug")]).await;
    f.published("New mug", "1.00").await;
    let db = f.ada_db();
    let rebuild = search::rebuild(f.backend.as_ref(), &db);
    tokio::pin!(rebuild);
    let count = loop {
        tokio::select! {
            done = &mut rebuild => break done.unwrap(),
            found = f.titles("mug") => assert!(found.contains(&"Kept mug".to_owned()), "the index answers all the while: {found:?}"),
        }
    };
    assert_eq!(count, 3);
    let mut found = f.titles("mug").await;
    found.sort();
    assert_eq!(found, ["Kept mug", "New mug", "Right mug"]);
    assert!(f.titles("ghost").await.is_empty());
}

async fn a_rebuild_of_all_loses_no_write(f: &Fixture) {
    let old = f.published("Old mug", "1.00").await;
    f.refresh(&[old]).await.unwrap();
    let staged = f.backend.stage().await.unwrap();
    assert_eq!(f.titles("mug").await, ["Old mug"], "the old index answers while the new one is empty");
    // A shop sells on while its index is rebuilt.
    let new = f.published("New mug", "1.00").await;
    f.refresh(&[new]).await.unwrap();
    if let Some(staged) = staged {
        search::rebuild(staged.as_ref(), &f.ada_db()).await.unwrap();
        f.backend.promote().await.unwrap();
    }
    assert_eq!(f.titles("mug").await, ["New mug", "Old mug"]);
    f.index(&[document("Ghost mug")]).await;
    assert_eq!(search::rebuild_all(f.backend.as_ref(), &f.database, &[f.ada, f.bob]).await.unwrap(), 2);
    assert_eq!(f.titles("mug").await, ["New mug", "Old mug"]);
}

async fn queries_out_of_bounds_are_refused(f: &Fixture) {
    let far = Query { from: search::WINDOW, ..Query::all(euro(), 24) };
    assert!(matches!(f.backend.query(f.ada, &far).await, Err(Error::Invalid(_))));
    assert!(matches!(f.backend.query(f.ada, &text_query(&"x".repeat(201))).await, Err(Error::Invalid(_))));
    assert!(f.ask(&text_query(&"x ".repeat(100))).await.hits.is_empty());
}

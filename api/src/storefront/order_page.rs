//! The page behind the link in a shopper's mail, for stores whose storefront has none of its own. Programs that follow the same
//! link get JSON.

use std::sync::{Arc, LazyLock};

use chrono_tz::Tz;
use commerce::{catalog::ONLY_VARIANT, money::Money};
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context, value::Serde};
use salvo::{
    Depot, Request, Response, Writer, async_trait,
    http::{HeaderValue, header},
    oapi::{BasicType, Components, Content, EndpointOutRegister, Object, Operation},
};
use tenancy::Tenant;

use super::orders::Order;
use crate::{Problem, context::RequestId, json::Json};

/// No scripts, no fonts, no frames; pictures of the goods may come from anywhere.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src https: http:; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

static PAGES: LazyLock<Result<Environment<'static>, minijinja::Error>> = LazyLock::new(|| {
    let mut pages = Environment::new();
    pages.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    pages.set_auto_escape_callback(|_| AutoEscape::Html);
    pages.add_function("money", printed);
    pages.add_template("order", include_str!("order_page.html"))?;
    Ok(pages)
});

/// An order as JSON, or as a page where the caller asks for one.
pub(super) struct Followed {
    pub(super) store: Arc<Tenant>,
    pub(super) order: Order,
}

#[async_trait]
impl Writer for Followed {
    async fn write(self, req: &mut Request, depot: &mut Depot, res: &mut Response) {
        if !wants_a_page(req) {
            return Json(self.order).write(req, depot, res).await;
        }
        match page(&self) {
            Ok(text) => {
                let headers = res.headers_mut();
                headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
                headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
                headers.insert("x-robots-tag", HeaderValue::from_static("noindex, nofollow"));
                res.body(text);
            }
            Err(error) => Problem::internal(error).render(RequestId::of(req), res),
        }
    }
}

impl EndpointOutRegister for Followed {
    fn register(components: &mut Components, operation: &mut Operation) {
        Json::<Order>::register(components, operation);
        if let Some(salvo::oapi::RefOr::Type(described)) = operation.responses.get_mut("200") {
            described.contents.insert("text/html".to_owned(), Content::new(Object::with_type(BasicType::String)));
        }
    }
}

/// Whether a browser asks: the first kind of answer it names that we have is HTML.
fn wants_a_page(req: &Request) -> bool {
    req.accept().iter().find(|kind| ["html", "json"].contains(&kind.subtype().as_str())).is_some_and(|kind| kind.subtype() == "html")
}

/// An amount of the order's JSON, for people to read.
fn printed(money: &Value) -> Result<String, minijinja::Error> {
    let unread = |error| minijinja::Error::new(minijinja::ErrorKind::CannotDeserialize, "an amount").with_source(error);
    let currency = money.get_attr("currency")?.to_string().parse().map_err(unread)?;
    Ok(Money::parse(&money.get_attr("amount")?.to_string(), currency).map_err(unread)?.printed())
}

fn page(followed: &Followed) -> anyhow::Result<String> {
    let pages = PAGES.as_ref().map_err(|error| anyhow::anyhow!("the page cannot be read: {error}"))?;
    let Followed { store, order } = followed;
    let zone: Tz = store.time_zone.parse().unwrap_or(Tz::UTC);
    let placed_on = order.placed_at.with_timezone(&zone).format("%-d %B %Y").to_string();
    let headline = match (order.status, order.fulfillment_status) {
        ("cancelled", _) => "This order was cancelled",
        (_, "fulfilled") => "Your order is on its way",
        (_, "partial") => "Part of your order is on its way",
        _ => "Thank you, we have your order",
    };
    let payment = match order.payment_status {
        "paid" => "paid",
        "partially_refunded" => "partly refunded",
        "refunded" => "refunded",
        "voided" => "not charged",
        _ => "not paid yet",
    };
    let is_cancelled = order.status == "cancelled";
    let step = |name: &str, done: bool| context! { name, done };
    let steps =
        [step("Ordered", true), step("Paid", order.payment_status == "paid"), step("Sent", order.fulfillment_status == "fulfilled")];
    Ok(pages.get_template("order")?.render(context! {
        store => &store.name,
        order => Value::from(Serde(order)),
        steps => if is_cancelled { Vec::new() } else { steps.to_vec() },
        only_variant => ONLY_VARIANT,
        placed_on,
        headline,
        payment,
    })?)
}

//! The three OpenAPI 3.1 documents, made from the routes that answer, and the pages to read them on.
//!
//! An operation's id is the path of its handler (`vendor.products.create`), its tag the file's. What every operation of an
//! audience may answer (no credential, too many requests, …) is added here, once.

mod names;
mod refusals;

use std::sync::{LazyLock, Once};

use salvo::{
    Depot, FlowCtrl, Request, Response, Router, handler,
    http::{HeaderValue, header},
    oapi::{
        Info, OpenApi, SecurityScheme, naming,
        security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme},
    },
};
use salvo_oapi::swagger_ui::SwaggerUi;
use serde_json::Value;

use crate::{platform, storefront, vendor};

/// Who a document is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    Storefront,
    Vendor,
    Platform,
}

impl Audience {
    pub const ALL: [Self; 3] = [Self::Storefront, Self::Vendor, Self::Platform];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Storefront => "storefront",
            Self::Vendor => "vendor",
            Self::Platform => "platform",
        }
    }

    fn router(self) -> Router {
        match self {
            Self::Storefront => storefront::router(),
            Self::Vendor => vendor::router(),
            Self::Platform => platform::router(),
        }
    }

    fn description(self) -> &'static str {
        match self {
            Self::Storefront => {
                "What a storefront calls for its shoppers. The store is named by the host (`{slug}.{base domain}`) or by the header \
                 `Stoa-Publishable-Key`. Guests need no more; customers, who are known to this store only, send a token. Money is text in \
                 the currency's own decimals; refusals are `application/problem+json`; lists are read page by page with `after`."
            }
            Self::Vendor => {
                "What a store's staff and software call. The credential names the store. Edits take `If-Match`, POSTs that make or move \
                 money take `Idempotency-Key`; refusals are `application/problem+json`; lists are read page by page with `after`."
            }
            Self::Platform => "What the people who run the platform call. Everything changed here is in the audit log.",
        }
    }

    fn security(self) -> Vec<(&'static str, SecurityScheme)> {
        let bearer =
            |format: &str, text: &str| SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer).bearer_format(format).description(text));
        match self {
            Self::Storefront => {
                let text = "Names the store where the host does not. It may be published; it only opens the storefront. One that names \
                            origins is refused on pages of others (403 `identity.origin_not_allowed`); who sends no `Origin`, as servers \
                            do, is not asked.";
                let key = SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description("Stoa-Publishable-Key", text)));
                let token = "From `POST /storefront/v1/customer/sign-in`; lives for minutes, in one store. One that is not good is \
                             refused wherever it is sent.";
                vec![("publishableKey", key), ("customerToken", bearer("JWT", token))]
            }
            Self::Vendor => vec![
                ("accessToken", bearer("JWT", "From `POST /vendor/v1/auth/sign-in`; lives for minutes.")),
                ("secretKey", bearer("sk_…", "From `POST /vendor/v1/keys`; may do what its scopes say.")),
            ],
            Self::Platform => vec![("operatorToken", bearer("JWT", "From `POST /platform/v1/auth/sign-in`; lives for minutes."))],
        }
    }
}

/// The document of an audience.
pub fn document(audience: Audience) -> &'static Value {
    static DOCUMENTS: LazyLock<Vec<Value>> = LazyLock::new(|| Audience::ALL.into_iter().map(build).collect());
    &DOCUMENTS[audience as usize]
}

fn build(audience: Audience) -> Value {
    static NAMED: Once = Once::new();
    NAMED.call_once(|| naming::set_namer(names::HandlerPaths));
    let title = format!("Stoa {} API", audience.as_str());
    let mut document = OpenApi::with_info(Info::new(title, "1").description(audience.description()));
    for (name, scheme) in audience.security() {
        document = document.add_security_scheme(name, scheme);
    }
    let mut document = serde_json::to_value(document.merge_router(&audience.router())).unwrap_or_default();
    names::shorten(&mut document);
    refusals::add(&mut document);
    document
}

/// `/openapi/{audience}.json` and `/docs/{audience}/`.
pub(crate) fn router() -> Router {
    Audience::ALL.into_iter().fold(Router::new(), |router, audience| {
        let address = format!("/openapi/{}.json", audience.as_str());
        let page = SwaggerUi::new(address.clone()).title(format!("Stoa {} API", audience.as_str()));
        router
            .push(Router::with_path(address).get(Served(audience)))
            .push(Router::new().hoop(may_run_scripts).push(page.into_router(format!("/docs/{}", audience.as_str()))))
    })
}

struct Served(Audience);

#[handler]
impl Served {
    fn handle(&self, res: &mut Response) {
        let headers = res.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        res.body(document(self.0).to_string());
    }
}

/// The reference page brings its own scripts and nothing from elsewhere.
#[handler]
async fn may_run_scripts(req: &mut Request, depot: &mut Depot, res: &mut Response, ctrl: &mut FlowCtrl) {
    let own = "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
               frame-ancestors 'none'";
    res.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(own));
    res.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    ctrl.call_next(req, depot, res).await;
}

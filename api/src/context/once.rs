use aws_lc_rs::digest::{Context, SHA256};
use commerce::{
    clock::Clock,
    idempotency::{self, Kept, Scope},
};
use salvo::{
    Depot, Extractible, Request, Response, Writer, async_trait,
    extract::Metadata,
    http::{HeaderValue, StatusCode, header},
    oapi::{BasicType, Components, EndpointArgRegister, EndpointOutRegister, Object, Operation, Parameter, ParameterIn, Required},
};
use serde_json::{Value, json};
use tenancy::{Actor, TenantTx};

use super::{Operator, PLAIN, Shopper, Vendor, body::payload, state};
use crate::{Problem, json::Answer};

const HEADER: &str = "Idempotency-Key";
const KEY_AT_MOST: usize = 255;

/// `Idempotency-Key`: the same request, sent again under the same key, has the effect of one. The first answer is saved in the
/// transaction that did the work, so it exists exactly when the work does.
#[derive(Clone, Debug)]
pub struct Once {
    scope: Option<Scope>,
}

impl Once {
    /// # Errors
    /// 400: this route moves money and takes no request without a key.
    pub fn require(&self) -> Result<&Scope, Problem> {
        let detail = "this route needs the header `Idempotency-Key`: a new one for each intent, the same for each try";
        self.scope.as_ref().ok_or_else(|| Problem::malformed("request.idempotency_key_required", detail))
    }

    /// What the key covers, for a flow that keeps its own books over several transactions.
    pub fn scope(&self) -> Option<&Scope> {
        self.scope.as_ref()
    }

    /// The answer this key was first given, if it was.
    ///
    /// # Errors
    /// 409: the first request is still under way. 422: the key was used for another request.
    pub async fn first_answer<A: Answer>(&self, tx: &TenantTx) -> Result<Option<Replay<A>>, Problem> {
        let Some(scope) = &self.scope else { return Ok(None) };
        Ok(idempotency::find(tx, scope).await?.map(Replay::Kept))
    }

    /// Saves the answer with the work and commits both.
    ///
    /// # Errors
    /// The commit failed.
    pub async fn commit<A: Answer>(&self, tx: TenantTx, clock: &Clock, answer: A) -> Result<Replay<A>, Problem> {
        if let Some(scope) = &self.scope {
            let kept = json!({ "location": answer.location(), "body": answer.body()? });
            idempotency::keep(&tx, clock, scope, A::STATUS.as_u16(), Some(&kept)).await?;
        }
        tx.commit().await?;
        Ok(Replay::First(answer))
    }
}

/// A new answer, or the first one again.
#[derive(Debug)]
pub enum Replay<A> {
    First(A),
    Kept(Kept),
}

impl<A: Answer> Replay<A> {
    /// An answer that was not kept here.
    pub fn of(answer: A) -> Self {
        Self::First(answer)
    }
}

#[async_trait]
impl<A: Answer + Writer + Send> Writer for Replay<A> {
    async fn write(self, req: &mut Request, depot: &mut Depot, res: &mut Response) {
        match self {
            Self::First(answer) => answer.write(req, depot, res).await,
            Self::Kept(kept) => {
                res.status_code(StatusCode::from_u16(kept.status).unwrap_or(StatusCode::OK));
                res.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
                let stored = kept.body.unwrap_or(Value::Null);
                if let Some(location) = stored["location"].as_str().and_then(|text| HeaderValue::from_str(text).ok()) {
                    res.headers_mut().insert(header::LOCATION, location);
                }
                res.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
                res.body(stored["body"].to_string());
            }
        }
    }
}

impl<A: EndpointOutRegister> EndpointOutRegister for Replay<A> {
    fn register(components: &mut Components, operation: &mut Operation) {
        A::register(components, operation);
    }
}

impl<'ex> Extractible<'ex> for Once {
    fn metadata() -> &'static Metadata {
        &PLAIN
    }

    #[expect(refining_impl_trait, reason = "a named error reads better")]
    async fn extract(req: &'ex mut Request, depot: &'ex mut Depot) -> Result<Self, Problem> {
        let Some(header) = req.headers().get(HEADER) else { return Ok(Self { scope: None }) };
        let key = header.to_str().unwrap_or_default().to_owned();
        if key.is_empty() || key.len() > KEY_AT_MOST || key.chars().any(char::is_control) {
            let detail = format!("`{HEADER}` is 1 to {KEY_AT_MOST} visible ASCII characters");
            return Err(Problem::malformed("request.idempotency_key_malformed", detail));
        }
        let tuning = &state(depot)?.config.tuning;
        let route = format!("{} {}", req.method(), req.uri().path());
        let fingerprint = fingerprint(payload(req, tuning).await?);
        Ok(Self { scope: Some(Scope { principal: principal(depot), route, key, fingerprint }) })
    }
}

fn principal(depot: &Depot) -> String {
    if let Ok(vendor) = depot.get_typed::<Vendor>() {
        vendor.actor.to_string()
    } else if let Ok(operator) = depot.get_typed::<Operator>() {
        Actor::Operator(operator.id).to_string()
    } else if let Some(customer) = depot.get_typed::<Shopper>().ok().and_then(Shopper::customer) {
        Actor::Customer(customer).to_string()
    } else {
        Actor::Guest.to_string()
    }
}

/// Of what the body means, not how it was written: member order and white space do not count.
fn fingerprint(body: &[u8]) -> [u8; 32] {
    let mut digest = Context::new(&SHA256);
    match serde_json::from_slice::<Value>(body) {
        Ok(mut value) => {
            value.sort_all_objects();
            digest.update(value.to_string().as_bytes());
        }
        Err(_) => digest.update(body),
    }
    let mut fingerprint = [0; 32];
    fingerprint.copy_from_slice(digest.finish().as_ref());
    fingerprint
}

impl EndpointArgRegister for Once {
    fn register(_: &mut Components, operation: &mut Operation, _: &str) {
        let parameter = Parameter::new(HEADER).location(ParameterIn::Header).required(Required::False);
        let text = "A name for this intent, new for each intent and the same for each try (kept 7 days). A repeated request is answered with the \
                    first answer and `Idempotent-Replayed: true`; with another body 422; while the first is under way 409.";
        let schema = Object::with_type(BasicType::String).min_length(1).max_length(KEY_AT_MOST);
        operation.parameters.insert(parameter.description(text).schema(schema));
    }
}

#[cfg(test)]
mod tests {
    use super::fingerprint;

    #[test]
    fn a_fingerprint_is_of_the_meaning() {
        assert_eq!(fingerprint(br#"{"a":1,"b":{"c":2,"d":3}}"#), fingerprint(b"{ \"b\": {\"d\":3, \"c\":2}, \"a\":1 }"));
        assert_ne!(fingerprint(br#"{"a":1}"#), fingerprint(br#"{"a":2}"#));
        assert_ne!(fingerprint(b""), fingerprint(b"null"));
    }
}

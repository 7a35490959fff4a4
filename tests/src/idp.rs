//! An identity provider on this machine: it speaks OpenID Connect, and GitHub's way, and lies when it is told to.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use commerce::clock::Clock;
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode,
    jwk::{Jwk, PublicKeyUse},
};
use reqwest::Url;
use serde_json::{Value, json};
use tenancy::directory::hash_of;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate, matchers::any};

pub const CLIENT: &str = "shop";
pub const SECRET: &str = "a secret of the shop's";
/// What Apple would have given: the tests' own key.
pub const APPLE_KEY: &str = include_str!("keys/apple.pem");
const KEYS: [&str; 2] = [include_str!("keys/idp_first.pem"), include_str!("keys/idp_second.pem")];

/// What is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    WrongIssuer,
    WrongAudience,
    ForAnotherParty,
    WrongNonce,
    NoNonce,
    NoSubject,
    Expired,
    FromTheFuture,
    Unsigned,
    SignedWithPublicKey,
    SignedWithUnknownKey,
    SignedWithOtherKey,
    NamesCriticalExtension,
    NoIdToken,
    NamesAnother,
    NamesNobody,
    HugeKeys,
    ManyKeys,
    SlowKeys,
    SlowTokens,
    RedirectsKeys,
    NoTokens,
}

/// Who signs in there.
#[derive(Clone)]
pub struct Person {
    pub subject: &'static str,
    pub email: Option<String>,
    pub is_verified: bool,
}

impl Person {
    pub fn proved(subject: &'static str, email: &str) -> Self {
        Self { subject, email: Some(email.to_owned()), is_verified: true }
    }
}

/// A provider; it answers until it is dropped.
pub struct Idp {
    pub issuer: String,
    inner: Arc<Inner>,
    _server: MockServer,
}

struct Inner {
    issuer: String,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    lie: Option<Lie>,
    /// Which of the keys signs, and is published.
    key: usize,
    codes: HashMap<String, Asked>,
    given: usize,
    tokens: HashMap<String, Person>,
    /// How often each path was asked for.
    asked: HashMap<String, usize>,
}

/// What the browser came with, and as whom.
struct Asked {
    query: HashMap<String, String>,
    person: Person,
}

impl Idp {
    pub async fn start() -> Self {
        let server = MockServer::start().await;
        let inner = Arc::new(Inner { issuer: server.uri(), known: Mutex::default() });
        Mock::given(any()).respond_with(Answers(inner.clone())).mount(&server).await;
        Self { issuer: server.uri(), inner, _server: server }
    }

    /// From now on it lies so.
    pub fn lie(&self, lie: impl Into<Option<Lie>>) {
        self.inner.known().lie = lie.into();
    }

    /// From now on it signs with its other key, and publishes that one alone.
    pub fn rotate(&self) {
        self.inner.known().key = 1;
    }

    /// How often a path was asked for.
    pub fn asked(&self, path: &str) -> usize {
        self.inner.known().asked.get(path).copied().unwrap_or_default()
    }

    /// How the configuration describes it.
    pub fn described(&self, id: &str, audiences: &[&str]) -> Value {
        json!({ "id": id, "name": "The test's own", "kind": "oidc", "issuer": self.issuer, "client_id": CLIENT,
                "client_secret": SECRET, "for": audiences })
    }

    /// A person signs in on the provider's page and agrees: what the browser comes back with.
    pub fn agree(&self, authorization_url: &str, person: &Person) -> String {
        let query = query(authorization_url);
        for (name, wanted) in [("response_type", "code"), ("client_id", CLIENT), ("code_challenge_method", "S256")] {
            assert_eq!(query.get(name).map(String::as_str), Some(wanted), "{authorization_url}");
        }
        assert!(query["code_challenge"].len() == 43 && query["state"].len() > 20, "{authorization_url}");
        let mut known = self.inner.known();
        known.given += 1;
        let code = format!("code-{}", known.given);
        let mut back = vec![("code", code.clone()), ("state", query["state"].clone())];
        match known.lie {
            Some(Lie::NamesAnother) => back.push(("iss", "https://evil.example".to_owned())),
            Some(Lie::NamesNobody) => {}
            _ => back.push(("iss", self.issuer.clone())),
        }
        known.codes.insert(code, Asked { query, person: person.clone() });
        form(&back)
    }
}

impl Inner {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn discovery(&self) -> Value {
        let at = |path: &str| format!("{}{path}", self.issuer);
        json!({
            "issuer": self.issuer, "authorization_endpoint": at("/authorize"), "token_endpoint": at("/token"),
            "userinfo_endpoint": at("/me"), "jwks_uri": at("/keys"), "authorization_response_iss_parameter_supported": true,
        })
    }

    fn keys(&self, known: &Known) -> ResponseTemplate {
        let mut key = jwk(known.key);
        key.common.public_key_use = Some(PublicKeyUse::Signature);
        let keys = json!({ "keys": [{ "kty": "unheard-of", "kid": "x" }, key] });
        match known.lie {
            Some(Lie::HugeKeys) => ResponseTemplate::new(200).set_body_string(format!("{}{keys}", " ".repeat(10 << 20))),
            Some(Lie::ManyKeys) => ResponseTemplate::new(200).set_body_json(json!({ "keys": vec![keys["keys"][1].clone(); 65] })),
            Some(Lie::SlowKeys) => ResponseTemplate::new(200).set_body_json(keys).set_delay(Duration::from_secs(30)),
            Some(Lie::RedirectsKeys) => ResponseTemplate::new(302).insert_header("location", format!("{}/elsewhere", self.issuer).as_str()),
            // Whatever it says of how long.
            _ => ResponseTemplate::new(200).set_body_json(keys).insert_header("cache-control", "max-age=0"),
        }
    }

    fn token(&self, known: &mut Known, request: &Request) -> ResponseTemplate {
        let refused = |error: &str| ResponseTemplate::new(400).set_body_json(json!({ "error": error }));
        let sent = query(&format!("form:?{}", String::from_utf8_lossy(&request.body)));
        if !knows_its_client(&self.issuer, request, &sent) {
            return refused("invalid_client");
        }
        // A code is used once.
        let Some(asked) = sent.get("code").and_then(|code| known.codes.remove(code)) else { return refused("invalid_grant") };
        let challenge = sent.get("code_verifier").map(|verifier| BASE64_URL_SAFE_NO_PAD.encode(hash_of(verifier)));
        let is_same =
            challenge.as_ref() == asked.query.get("code_challenge") && sent.get("redirect_uri") == asked.query.get("redirect_uri");
        if !is_same || known.lie == Some(Lie::NoTokens) {
            return refused("invalid_grant");
        }
        let access = format!("access-{}", known.tokens.len() + 1);
        known.tokens.insert(access.clone(), asked.person.clone());
        let mut answer = json!({ "access_token": access, "token_type": "Bearer", "expires_in": 300 });
        if asked.query.contains_key("nonce") && known.lie != Some(Lie::NoIdToken) {
            answer["id_token"] = self.id_token(known, &asked).into();
        }
        let delay = Duration::from_secs(if known.lie == Some(Lie::SlowTokens) { 30 } else { 0 });
        ResponseTemplate::new(200).set_body_json(answer).set_delay(delay)
    }

    fn id_token(&self, known: &Known, asked: &Asked) -> String {
        let now = Clock::system().now().timestamp();
        let person = &asked.person;
        let mut claims = json!({ "iss": self.issuer, "sub": person.subject, "aud": CLIENT, "iat": now, "exp": now + 300,
                                 "nonce": asked.query["nonce"] });
        let mut sign = (Algorithm::RS256, known.key, known.key.to_string());
        match known.lie {
            Some(Lie::WrongIssuer) => claims["iss"] = "https://evil.example".into(),
            Some(Lie::WrongAudience) => claims["aud"] = "another".into(),
            Some(Lie::ForAnotherParty) => (claims["aud"], claims["azp"]) = (json!([CLIENT, "another"]), "another".into()),
            Some(Lie::WrongNonce) => claims["nonce"] = "another".into(),
            Some(Lie::NoNonce) => claims["nonce"] = Value::Null,
            Some(Lie::NoSubject) => claims["sub"] = "".into(),
            Some(Lie::Expired) => (claims["iat"], claims["exp"]) = ((now - 700).into(), (now - 61).into()),
            Some(Lie::FromTheFuture) => claims["iat"] = (now + 120).into(),
            Some(Lie::SignedWithUnknownKey) => sign = (Algorithm::RS256, 1, "unknown".to_owned()),
            Some(Lie::SignedWithOtherKey) => sign.1 = 1,
            Some(Lie::Unsigned) => {
                let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
                return format!("{}.{}.", part(&json!({ "alg": "none", "typ": "JWT" })), part(&claims));
            }
            Some(Lie::SignedWithPublicKey) => {
                let public = serde_json::to_string(&jwk(known.key)).expect("a key as JSON");
                let header = Header { kid: Some(known.key.to_string()), ..Header::new(Algorithm::HS256) };
                return encode(&header, &claims, &EncodingKey::from_secret(public.as_bytes())).expect("a token");
            }
            _ => {}
        }
        let crit = (known.lie == Some(Lie::NamesCriticalExtension)).then(|| vec!["exotic".to_owned()]);
        let header = Header { kid: Some(sign.2), crit, ..Header::new(sign.0) };
        encode(&header, &claims, &private(sign.1)).expect("a token")
    }

    /// Who a token is of, as OpenID Connect and as GitHub tell it.
    fn person(known: &Known, request: &Request) -> ResponseTemplate {
        let token = request.headers.get("authorization").and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        let Some(person) = token.and_then(|token| known.tokens.get(token)) else { return ResponseTemplate::new(401) };
        let email = person.email.clone();
        let told = match request.url.path() {
            "/me" => json!({ "sub": person.subject, "name": "Grace Hopper", "email": email, "email_verified": person.is_verified }),
            "/user" => json!({ "id": person.subject.parse::<u64>().unwrap_or(7), "login": "grace", "name": null }),
            _ => json!([{ "email": "other@shopper.example", "primary": false, "verified": true },
                        { "email": email, "primary": true, "verified": person.is_verified }]),
        };
        ResponseTemplate::new(200).set_body_json(told)
    }
}

struct Answers(Arc<Inner>);

impl Respond for Answers {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let Self(inner) = self;
        let mut known = inner.known();
        let path = request.url.path();
        *known.asked.entry(path.to_owned()).or_default() += 1;
        match path {
            "/.well-known/openid-configuration" => ResponseTemplate::new(200).set_body_json(inner.discovery()),
            "/keys" => inner.keys(&known),
            "/token" | "/login/oauth/access_token" => inner.token(&mut known, request),
            "/me" | "/user" | "/user/emails" => Inner::person(&known, request),
            _ => ResponseTemplate::new(404),
        }
    }
}

/// By the header, in the body, or by a token that is signed with Apple's key.
fn knows_its_client(issuer: &str, request: &Request, sent: &HashMap<String, String>) -> bool {
    let by_header = request.headers.get("authorization").and_then(|value| value.to_str().ok());
    // Both are percent-encoded before they are put together (RFC 6749, 2.3.1).
    let basic = base64::prelude::BASE64_STANDARD.encode(format!("{CLIENT}:{}", form(&[("", SECRET.to_owned())]).trim_start_matches('=')));
    if by_header == Some(format!("Basic {basic}").as_str()) {
        return true;
    }
    let (Some(client), Some(secret)) = (sent.get("client_id"), sent.get("client_secret")) else { return false };
    client == CLIENT && (secret == SECRET || is_apples(issuer, secret))
}

fn is_apples(issuer: &str, secret: &str) -> bool {
    let private = EncodingKey::from_ec_pem(APPLE_KEY.as_bytes()).expect("a key");
    let public = DecodingKey::from_jwk(&Jwk::from_encoding_key(&private, Algorithm::ES256).expect("its public half")).expect("a key");
    let mut rules = Validation::new(Algorithm::ES256);
    rules.set_audience(&[issuer]);
    rules.set_issuer(&["TEAM"]);
    decode::<Value>(secret, &public, &rules).is_ok_and(|token| token.claims["sub"] == CLIENT && token.header.kid.as_deref() == Some("KEY"))
}

fn private(key: usize) -> EncodingKey {
    EncodingKey::from_rsa_pem(KEYS[key].as_bytes()).expect("a key")
}

fn jwk(key: usize) -> Jwk {
    let mut jwk = Jwk::from_encoding_key(&private(key), Algorithm::RS256).expect("its public half");
    jwk.common.key_id = Some(key.to_string());
    jwk
}

/// The parameters of an address.
pub fn query(address: &str) -> HashMap<String, String> {
    Url::parse(address).expect("an address").query_pairs().into_owned().collect()
}

/// Parameters, as a query or a form holds them.
pub fn form(parameters: &[(&str, String)]) -> String {
    let mut url = Url::parse("form:").expect("an address");
    url.query_pairs_mut().extend_pairs(parameters);
    url.query().unwrap_or_default().to_owned()
}

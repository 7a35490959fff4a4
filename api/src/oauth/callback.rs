//! The one address to which every provider sends browsers back. It belongs to no audience and stands in no document: who calls it
//! are browsers, and they are told what to do.

use commerce::identity::oauth::{self, Returned};
use reqwest::Url;
use salvo::{
    Request, Response, Router, Writer, handler,
    http::{HeaderValue, Method, StatusCode, header},
};

use crate::{Problem, State, context::payload, pipeline::HeadersOnly};

pub(crate) fn router() -> Router {
    Router::with_path("oauth/callback").get(come_back).post(come_back)
}

/// A provider answers in the address, or (Apple) in a form that the browser posts.
#[handler]
async fn come_back(state: State, req: &mut Request, res: &mut Response) -> Result<(), Problem> {
    if req.extensions().get::<HeadersOnly>().is_some() {
        // Whatever looks at an address before its person does must not use the code up.
        res.status_code(StatusCode::NO_CONTENT);
        return Ok(());
    }
    let returned = if req.method() == Method::POST {
        let is_form = req.content_type().is_some_and(|kind| kind.essence_str() == "application/x-www-form-urlencoded");
        if !is_form {
            return Err(Problem::unsupported_media_type("application/x-www-form-urlencoded"));
        }
        read(&String::from_utf8_lossy(payload(req, &state.config.tuning).await?))?
    } else {
        read(req.uri().query().unwrap_or_default())?
    };
    let to = match oauth::come_back(&state.database, &state.providers, &state.clock, returned).await {
        Err(error @ oauth::Error::StateInvalid) => return Err(Problem::malformed("identity.state_invalid", error.to_string())),
        outcome => outcome?,
    };
    res.status_code(StatusCode::SEE_OTHER);
    res.headers_mut().insert(header::LOCATION, HeaderValue::from_str(&to).map_err(Problem::internal)?);
    Ok(())
}

/// What is said twice is not believed either time (RFC 6749, 3.1).
fn read(form: &str) -> Result<Returned, Problem> {
    let mut url = Url::parse("form:").map_err(Problem::internal)?;
    url.set_query(Some(form));
    let mut returned = Returned::default();
    for (name, value) in url.query_pairs() {
        let kept = match name.as_ref() {
            "state" => &mut returned.state,
            "code" => &mut returned.code,
            "error" => &mut returned.error,
            "iss" => &mut returned.iss,
            "user" => &mut returned.user,
            _ => continue,
        };
        if kept.replace(value.into_owned()).is_some() {
            return Err(Problem::malformed("request.repeated_parameter", format!("`{name}` stands more than once")));
        }
    }
    Ok(returned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_once_each() {
        let returned = read("state=a%20b&code=c+d&scope=x&scope=y").unwrap();
        assert_eq!((returned.state.as_deref(), returned.code.as_deref()), (Some("a b"), Some("c d")));
        assert!(read("state=a&state=b").is_err());
        assert!(read("").unwrap().state.is_none());
    }
}

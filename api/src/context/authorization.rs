use salvo::{Request, http::header};

/// What follows `Bearer` in the one `Authorization` header. Two headers are no credential: whoever decides first would decide
/// differently from whoever decides last.
pub(super) fn bearer(req: &Request) -> Option<&str> {
    let mut headers = req.headers().get_all(header::AUTHORIZATION).iter();
    let text = headers.next()?.to_str().ok()?;
    if headers.next().is_some() {
        return None;
    }
    let (scheme, token) = text.split_once(' ')?;
    Some(token.trim()).filter(|token| scheme.eq_ignore_ascii_case("bearer") && !token.is_empty())
}

use salvo::{Request, http::header};

/// The host name asked for, without port, in lower case. The request target wins over `Host` (RFC 9112, 3.2.2); forwarded
/// hosts are not read: whoever fronts the platform passes `Host` on.
pub fn host_of(req: &Request) -> Option<String> {
    let named = req.uri().host().or_else(|| {
        let host = req.headers().get(header::HOST)?.to_str().ok()?;
        Some(without_port(host))
    })?;
    Some(named.trim_end_matches('.').to_ascii_lowercase())
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !name.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

//! Origins as browsers send them (RFC 6454): scheme, host, and the port where it is not the scheme's own.

use crate::fault::FieldFault;

pub(super) const AT_MOST: usize = 20;
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// Origins in the form in which browsers write them, none twice.
///
/// # Errors
/// The first that is none, by its place in `/origins`; too many.
pub(super) fn clean(origins: &[String]) -> Result<Vec<String>, FieldFault> {
    if origins.len() > AT_MOST {
        return Err(FieldFault::new("/origins", "too_many", format!("at most {AT_MOST}")));
    }
    let mut clean = Vec::with_capacity(origins.len());
    for (place, text) in origins.iter().enumerate() {
        let origin = read(text).ok_or_else(|| {
            let detail = "must be an exact origin such as https://shop.example (http on this machine only), without path or wildcard";
            FieldFault::new(format!("/origins/{place}"), "origin", detail)
        })?;
        if !clean.contains(&origin) {
            clean.push(origin);
        }
    }
    Ok(clean)
}

fn read(text: &str) -> Option<String> {
    let text = text.to_ascii_lowercase();
    let (scheme, authority) = text.split_once("://")?;
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !authority.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let is_loopback = LOOPBACK.contains(&host);
    let own_port = match scheme {
        "https" => 443,
        "http" if is_loopback => 80,
        _ => return None,
    };
    if !is_loopback && !is_host_name(host) {
        return None;
    }
    let port = match port {
        None => None,
        Some(digits) if digits.bytes().all(|digit| digit.is_ascii_digit()) => Some(digits.parse::<u16>().ok().filter(|port| *port > 0)?),
        Some(_) => return None,
    };
    Some(match port.filter(|port| *port != own_port) {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    })
}

/// Letters, digits and hyphens between dots; other scripts as browsers write them, in punycode.
fn is_host_name(host: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    host.len() <= 253 && host.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_kept_as_browsers_write_it() {
        for (given, kept) in [
            ("https://shop.example", "https://shop.example"),
            ("HTTPS://Shop.Example:443", "https://shop.example"),
            ("https://shop.example:8443", "https://shop.example:8443"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("http://127.0.0.1:80", "http://127.0.0.1"),
            ("http://[::1]:5173", "http://[::1]:5173"),
            ("https://[::1]", "https://[::1]"),
            ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ] {
            assert_eq!(read(given).as_deref(), Some(kept), "{given}");
        }
    }

    #[test]
    fn what_is_no_exact_origin_is_refused() {
        for text in [
            "",
            "null",
            "*",
            "shop.example",
            "https://",
            "https://*.shop.example",
            "http://shop.example",
            "ftp://shop.example",
            "https://shop.example/",
            "https://shop.example/path",
            "https://shop.example?x",
            "https://user@shop.example",
            "https://shop..example",
            "https://shop.example:0",
            "https://shop.example:99999",
            "https://shop.example:+80",
            "https://shop.example:",
            "https://bücher.example",
            "https://-shop.example",
            " https://shop.example",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        let twice = ["https://a.example".to_owned(), "https://A.example:443".to_owned()];
        assert_eq!(clean(&twice).unwrap(), ["https://a.example"]);
    }
}

//! Just enough of MIME to show a mail: decoded headers and the plain text.

/// A header with its folded lines joined and its encoded words decoded.
pub(super) fn header(mail: &str, name: &str) -> Option<String> {
    let head = mail.split("\r\n\r\n").next().unwrap_or(mail).replace("\r\n ", " ").replace("\r\n\t", " ");
    let value = head.lines().find_map(|line| line.split_once(':').filter(|(key, _)| key.eq_ignore_ascii_case(name)))?.1;
    Some(decode_words(value.trim()))
}

/// The plain text of a mail, in or outside a multipart.
pub(super) fn plain_text(mail: &str) -> String {
    let (_, body) = mail.split_once("\r\n\r\n").unwrap_or(("", mail));
    if let Some(boundary) = boundary(&header(mail, "content-type").unwrap_or_default()) {
        let parts: Vec<&str> = body.split(&format!("--{boundary}")).skip(1).map(|part| part.trim_start_matches("\r\n")).collect();
        let text = parts.iter().find(|part| header(part, "content-type").is_some_and(|kind| kind.starts_with("text/plain")));
        let nested = parts.iter().find(|part| header(part, "content-type").is_some_and(|kind| kind.starts_with("multipart/")));
        return text.or(nested).map(|part| plain_text(part)).unwrap_or_default();
    }
    let bytes = match header(mail, "content-transfer-encoding").unwrap_or_default().to_ascii_lowercase().as_str() {
        "quoted-printable" => quoted_printable(body.as_bytes(), false),
        "base64" => base64(body.as_bytes()),
        _ => body.as_bytes().to_vec(),
    };
    String::from_utf8_lossy(&bytes).into_owned()
}

fn boundary(content_type: &str) -> Option<String> {
    let (_, rest) = content_type.split_once("boundary=")?;
    Some(rest.trim_start_matches('"').split(['"', ';']).next()?.to_owned())
}

/// RFC 2047: `=?utf-8?b?…?=` and `=?utf-8?q?…?=`.
fn decode_words(value: &str) -> String {
    let mut shown = String::new();
    for word in value.split(' ') {
        let fields: Vec<&str> = word.trim_start_matches("=?").trim_end_matches("?=").splitn(3, '?').collect();
        let decoded = match fields.as_slice() {
            [_, "b" | "B", text] if word.starts_with("=?") => Some(base64(text.as_bytes())),
            [_, "q" | "Q", text] if word.starts_with("=?") => Some(quoted_printable(text.as_bytes(), true)),
            _ => None,
        };
        if let Some(bytes) = decoded {
            shown.push_str(&String::from_utf8_lossy(&bytes));
        } else {
            let gap = if shown.is_empty() { "" } else { " " };
            shown.extend([gap, word]);
        }
    }
    shown
}

fn quoted_printable(text: &[u8], in_header: bool) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        match text[at] {
            b'=' if text[at + 1..].starts_with(b"\r\n") => at += 3,
            b'=' => {
                let code = text.get(at + 1..at + 3).and_then(|code| u8::from_str_radix(&String::from_utf8_lossy(code), 16).ok());
                bytes.push(code.unwrap_or(b'='));
                at += if code.is_some() { 3 } else { 1 };
            }
            b'_' if in_header => {
                bytes.push(b' ');
                at += 1;
            }
            byte => {
                bytes.push(byte);
                at += 1;
            }
        }
    }
    bytes
}

fn base64(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut held, mut bits) = (0u32, 0);
    for byte in text {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => continue,
        };
        held = held << 6 | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 0xff).unwrap_or_default());
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_multipart_mail_is_shown_as_its_plain_text() {
        let mail = "Subject: =?utf-8?b?w5ZyZMOpcg==?= 1001\r\nContent-Type: multipart/alternative;\r\n boundary=\"xyz\"\r\n\r\n\
                    --xyz\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
                    https://a.example/?t=3D1=\r\n2 caf=C3=A9\r\n--xyz\r\nContent-Type: text/html\r\n\r\n<p>\r\n--xyz--\r\n";
        assert_eq!(header(mail, "subject").as_deref(), Some("Ördér 1001"));
        assert_eq!(plain_text(mail).trim(), "https://a.example/?t=12 café");
    }
}

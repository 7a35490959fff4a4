//! Time-based one-time passwords (RFC 6238 over RFC 4226) as every authenticator makes them: SHA-1, six digits, thirty seconds.

use std::fmt;

use aws_lc_rs::{constant_time::verify_slices_are_equal, hmac};
use chrono::{DateTime, Utc};

pub const STEP_SECONDS: i64 = 30;
const DIGITS: usize = 6;
const SECRET_BYTES: usize = 20;
/// RFC 4226: 128 bits at least.
const SECRET_AT_LEAST_BYTES: usize = 16;
const SECRET_AT_MOST_BYTES: usize = 64;
/// Authenticators whose clock is this many steps off are understood.
const STEPS_OFF: i64 = 1;
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// What an authenticator and the platform share.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl Secret {
    pub fn draw() -> Self {
        let mut bytes = vec![0; SECRET_BYTES];
        rand::fill(bytes.as_mut_slice());
        Self(bytes)
    }

    pub(super) fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// None for what is not base32, and for what is too short to be a secret.
    pub fn from_base32(text: &str) -> Option<Self> {
        let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0_u32);
        for letter in text.bytes().filter(|byte| !matches!(byte, b' ' | b'-' | b'=')) {
            let digit = BASE32.iter().position(|known| *known == letter.to_ascii_uppercase())?;
            (bits, held) = (bits << 5 | u32::try_from(digit).ok()?, held + 5);
            if held >= 8 {
                held -= 8;
                bytes.push(u8::try_from(bits >> held & 0xff).ok()?);
            }
        }
        (SECRET_AT_LEAST_BYTES..=SECRET_AT_MOST_BYTES).contains(&bytes.len()).then_some(Self(bytes))
    }

    /// As a person types it into an authenticator (RFC 4648, without padding).
    pub fn base32(&self) -> String {
        let (mut text, mut bits, mut held) = (String::new(), 0_u32, 0_u32);
        let mut digit = |bits: u32| text.push(char::from(BASE32[usize::try_from(bits & 31).unwrap_or(0)]));
        for byte in &self.0 {
            (bits, held) = (bits << 8 | u32::from(*byte), held + 8);
            while held >= 5 {
                held -= 5;
                digit(bits >> held);
            }
        }
        if held > 0 {
            digit(bits << (5 - held));
        }
        text
    }

    /// As a QR code carries it to an authenticator.
    pub fn url(&self, issuer: &str, account: &str) -> String {
        let (issuer, account) = (escaped(issuer), escaped(account));
        format!("otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}", self.base32())
    }

    /// The code of a step.
    pub fn code(&self, step: i64) -> String {
        let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.0), &step.to_be_bytes());
        let mac = mac.as_ref();
        let at = usize::from(mac[mac.len() - 1] & 0xf);
        let number = u32::from_be_bytes([mac[at] & 0x7f, mac[at + 1], mac[at + 2], mac[at + 3]]) % 1_000_000;
        format!("{number:06}")
    }

    /// The newest step around now whose code this is. Each is compared, and in constant time.
    pub(super) fn step_of(&self, code: &str, now: DateTime<Utc>) -> Option<i64> {
        let current = step_at(now);
        (current - STEPS_OFF..=current + STEPS_OFF).fold(None, |found, step| {
            if verify_slices_are_equal(self.code(step).as_bytes(), code.as_bytes()).is_ok() { Some(step) } else { found }
        })
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The step that a moment is in.
pub fn step_at(now: DateTime<Utc>) -> i64 {
    now.timestamp().div_euclid(STEP_SECONDS)
}

/// The six digits of a code, however they were grouped; none for what is no such code.
pub(super) fn digits(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|letter| !letter.is_whitespace() && *letter != '-').collect();
    (digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(digits)
}

fn escaped(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    text.bytes().map(|byte| if plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn the_rfcs() -> Secret {
        Secret(b"12345678901234567890".to_vec())
    }

    /// RFC 4226, appendix D.
    #[test]
    fn codes_are_those_of_rfc_4226() {
        let expected = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"];
        for (step, code) in (0..).zip(expected) {
            assert_eq!(the_rfcs().code(step), code, "{step}");
        }
    }

    /// RFC 6238, appendix B, SHA-1; of its eight digits the last six.
    #[test]
    fn codes_are_those_of_rfc_6238() {
        let table = [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ];
        for (seconds, code) in table {
            let now = DateTime::from_timestamp(seconds, 0).unwrap();
            assert_eq!(the_rfcs().code(step_at(now)), code, "{seconds}");
            assert_eq!(the_rfcs().step_of(code, now), Some(step_at(now)), "{seconds}");
        }
    }

    #[test]
    fn a_clock_may_be_one_step_off_and_no_more() {
        let (secret, now) = (the_rfcs(), DateTime::from_timestamp(1_234_567_890, 0).unwrap());
        for (off, is_understood) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
            let step = step_at(now) + off;
            assert_eq!(secret.step_of(&secret.code(step), now), is_understood.then_some(step), "{off}");
        }
    }

    #[test]
    fn a_secret_is_written_and_read() {
        assert_eq!(the_rfcs().base32(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(Secret::from_base32("gezd gnbv gy3t qojq gezd gnbv gy3t qojq"), Some(the_rfcs()));
        let drawn = Secret::draw();
        assert_eq!(Secret::from_base32(&drawn.base32()), Some(drawn.clone()));
        assert_ne!(Secret::draw(), drawn);
        for wrong in ["", "GEZDGNBV", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJ!", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJ1"] {
            assert_eq!(Secret::from_base32(wrong), None, "{wrong}");
        }
        let url = the_rfcs().url("stoa.example", "ada+1@example.com");
        assert_eq!(url, "otpauth://totp/stoa.example:ada%2B1%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=stoa.example");
    }

    #[test]
    fn a_code_is_six_digits() {
        assert_eq!(digits(" 123 456 ").as_deref(), Some("123456"));
        for wrong in ["", "12345", "1234567", "12345a", "١٢٣٤٥٦", "K7QF-93MA"] {
            assert_eq!(digits(wrong), None, "{wrong}");
        }
    }
}

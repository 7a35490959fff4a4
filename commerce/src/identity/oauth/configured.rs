//! What the platform's configuration says of providers, as one JSON value.

use serde::Deserialize;

use super::{
    provider::{Described, Kind, Provider, is_word},
    return_urls,
};
use crate::{
    fault::FieldFault,
    outside::{Outside, Reach},
};

/// Read whole and checked whole: a process with half of it does not start.
#[derive(Clone, Default)]
pub struct Configured {
    pub offered: Vec<Offered>,
    /// Where accounts' flows may end.
    pub return_urls: Vec<String>,
}

#[derive(Clone)]
pub struct Offered {
    pub provider: Provider,
    pub to_accounts: bool,
    pub to_customers: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    return_urls: Vec<String>,
    providers: Vec<WrittenProvider>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenProvider {
    id: String,
    name: String,
    kind: Kind,
    issuer: Option<String>,
    client_id: String,
    client_secret: String,
    team_id: Option<String>,
    key_id: Option<String>,
    #[serde(default)]
    scopes: Vec<String>,
    api_url: Option<String>,
    #[serde(rename = "for")]
    audiences: Vec<Audience>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Audience {
    Accounts,
    Customers,
}

impl Configured {
    /// # Errors
    /// What is wrong and where, without the values: they may be secret.
    pub fn read(json: &str, outside: &Outside) -> Result<Self, String> {
        let written: Written = serde_json::from_str(json).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            format!("line {line}, column {column}: {}", without_values(&error.to_string()))
        })?;
        let mut offered: Vec<Offered> = Vec::new();
        for (place, written) in written.providers.into_iter().enumerate() {
            let at = |fault: &FieldFault| format!("/providers/{place}{}: {}", fault.pointer, fault.detail);
            if !is_word(&written.id) || offered.iter().any(|known| known.provider.id == written.id) {
                return Err(format!("/providers/{place}/id: must be a word of a-z, 0-9 and -, and stand once"));
            }
            let is_for = |audience| written.audiences.contains(&audience);
            let (to_accounts, to_customers) = (is_for(Audience::Accounts), is_for(Audience::Customers));
            let provider = Provider::new(written.id.clone(), written.into(), outside, Reach::Configured);
            let provider = provider.map_err(|faults| faults.iter().map(at).collect::<Vec<_>>().join("; "))?;
            offered.push(Offered { provider, to_accounts, to_customers });
        }
        for (place, url) in written.return_urls.iter().enumerate() {
            return_urls::check("", url).map_err(|fault| format!("/return_urls/{place}: {}", fault.detail))?;
        }
        Ok(Self { offered, return_urls: written.return_urls })
    }
}

/// serde quotes what it did not want between backticks; the field's name may stay, what stands in it may not.
fn without_values(text: &str) -> String {
    let is_about_a_name =
        ["missing field", "unknown field", "unknown variant", "duplicate field"].iter().any(|start| text.starts_with(start));
    if is_about_a_name { text.to_owned() } else { "not as it should be written".to_owned() }
}

impl From<WrittenProvider> for Described {
    fn from(written: WrittenProvider) -> Self {
        Self {
            name: written.name,
            kind: written.kind,
            issuer: written.issuer,
            client_id: written.client_id,
            client_secret: written.client_secret,
            team_id: written.team_id,
            key_id: written.key_id,
            scopes: written.scopes,
            api_url: written.api_url,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Configured, String> {
        Configured::read(json, &Outside::new("shops.example", false).unwrap())
    }

    #[test]
    fn a_configuration_is_read_whole_or_refused_by_name() {
        let google = r#"{"id":"google","name":"Google","kind":"oidc","issuer":"https://accounts.google.com","client_id":"c","client_secret":"hush","for":["accounts"]}"#;
        let whole = read(&format!(r#"{{"return_urls":["https://dashboard.example/in"],"providers":[{google}]}}"#)).unwrap();
        assert_eq!((whole.offered.len(), whole.return_urls.len()), (1, 1));
        assert!(whole.offered[0].to_accounts && !whole.offered[0].to_customers);
        for (wrong, told) in [
            ("", "line 1"),
            (r#"{"providers":[{"id":"x"}]}"#, "missing field `name`"),
            (&format!(r#"{{"providers":[{google},{google}]}}"#), "/providers/1/id"),
            (&format!(r#"{{"providers":[{}]}}"#, google.replace("https://", "http://")), "/providers/0/issuer"),
            (&format!(r#"{{"providers":[{}]}}"#, google.replace("hush", "")), "/providers/0/client_secret"),
            (&format!(r#"{{"providers":[{}]}}"#, google.replace("\"oidc\"", "\"apple\"")), "/providers/0/team_id"),
            (r#"{"providers":[],"return_urls":["http://dashboard.example"]}"#, "/return_urls/0"),
            (r#"{"providers":[],"redirects":[]}"#, "unknown field `redirects`"),
        ] {
            let error = read(wrong).err().unwrap_or_else(|| panic!("{wrong} was taken"));
            assert!(error.contains(told) && !error.contains("hush"), "{wrong}: {error}");
        }
    }
}

use salvo::{
    Depot, Extractible, Request,
    extract::Metadata,
    http::header,
    oapi::{BasicType, Components, EndpointArgRegister, Object, Operation, Parameter, ParameterIn, Required},
};

use super::PLAIN;
use crate::Problem;

/// `If-Match`: the version the caller last saw. Without it the last writer wins.
#[derive(Clone, Copy, Debug)]
pub struct IfMatch(Option<i64>);

impl IfMatch {
    /// The version that must still be the current one, if the caller named one.
    pub fn version(self) -> Option<i64> {
        self.0
    }

    /// # Errors
    /// 412: another version is current. Ask while the row is locked.
    pub fn check(self, current: i64) -> Result<(), Problem> {
        if self.0.is_none_or(|seen| seen == current) { Ok(()) } else { Err(Problem::changed_meanwhile()) }
    }
}

impl<'ex> Extractible<'ex> for IfMatch {
    fn metadata() -> &'static Metadata {
        &PLAIN
    }

    #[expect(refining_impl_trait, reason = "a named error reads better")]
    async fn extract(req: &'ex mut Request, _: &'ex mut Depot) -> Result<Self, Problem> {
        let Some(header) = req.headers().get(header::IF_MATCH) else { return Ok(Self(None)) };
        let text = header.to_str().unwrap_or_default().trim();
        if text == "*" {
            return Ok(Self(None));
        }
        // Tags are ours and strong: anything else was never given out, so it matches nothing.
        let version = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).and_then(|text| text.parse().ok());
        version.map(|version| Self(Some(version))).ok_or_else(Problem::changed_meanwhile)
    }
}

impl EndpointArgRegister for IfMatch {
    fn register(_: &mut Components, operation: &mut Operation, _: &str) {
        let parameter = Parameter::new("If-Match").location(ParameterIn::Header).required(Required::False);
        let text = "The `ETag` you last read. When it is no longer current, nothing changes and the answer is 412.";
        operation.parameters.insert(parameter.description(text).schema(Object::with_type(BasicType::String)));
    }
}

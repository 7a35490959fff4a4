use commerce::identity;
use salvo::{
    Depot, Extractible, Request,
    extract::Metadata,
    http::header,
    oapi::{Components, EndpointArgRegister, Operation},
};

use super::{ClientAddress, PLAIN, RequestId, state};
use crate::Problem;

const USER_AGENT_AT_MOST: usize = 200;

/// From what and where somebody signs in, for the list of their own sessions.
pub struct Device(pub identity::Device);

impl<'ex> Extractible<'ex> for Device {
    fn metadata() -> &'static Metadata {
        &PLAIN
    }

    #[expect(refining_impl_trait, reason = "a named error reads better")]
    async fn extract(req: &'ex mut Request, depot: &'ex mut Depot) -> Result<Self, Problem> {
        let said = req.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        let user_agent = said.map(|text| text.chars().take(USER_AGENT_AT_MOST).collect::<String>()).filter(|text| !text.is_empty());
        let address = ClientAddress::of(req, &state(depot)?.config.trusted_proxies).0;
        Ok(Self(identity::Device { user_agent, address, request_id: RequestId::of(req).to_owned() }))
    }
}

impl EndpointArgRegister for Device {
    fn register(_: &mut Components, _: &mut Operation, _: &str) {}
}

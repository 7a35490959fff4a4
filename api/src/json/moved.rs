use salvo::{
    Depot, Request, Response, Writer, async_trait,
    http::{HeaderValue, StatusCode, header},
    oapi::{BasicType, Components, Content, EndpointOutRegister, Header, Object, Operation, Response as Described, ToSchema},
};
use serde::Serialize;

use super::answer::write_json;

/// 200 with a body, or 301 to where the thing is now: a path, so that the host stays whichever was called.
#[derive(Clone, Debug)]
pub enum HereOrMoved<T> {
    Here(T),
    Moved(String),
}

#[async_trait]
impl<T: Serialize + Send> Writer for HereOrMoved<T> {
    async fn write(self, req: &mut Request, _: &mut Depot, res: &mut Response) {
        match self {
            Self::Here(body) => write_json(req, res, &body),
            Self::Moved(location) => {
                res.status_code(StatusCode::MOVED_PERMANENTLY);
                if let Ok(location) = HeaderValue::from_str(&location) {
                    res.headers_mut().insert(header::LOCATION, location);
                }
                // The old name may be given to something else: who was sent on once asks again.
                res.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
            }
        }
    }
}

impl<T: ToSchema> EndpointOutRegister for HereOrMoved<T> {
    fn register(components: &mut Components, operation: &mut Operation) {
        let here = Described::new("As asked").add_content("application/json", Content::new(T::to_schema(components)));
        operation.responses.insert("200", here);
        let location = Header::new(Object::with_type(BasicType::String)).description("Where it is now.");
        operation.responses.insert("301", Described::new("It has another name now").add_header("Location", location));
    }
}

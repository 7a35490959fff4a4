use salvo::{
    Depot, Request, Response, Writer, async_trait,
    http::{HeaderValue, StatusCode, header},
    oapi::{BasicType, Components, Content, EndpointOutRegister, Header, Object, Operation, Response as Described, ToSchema},
};
use serde::Serialize;
use serde_json::Value;

use crate::{Problem, context::RequestId};

/// An answer that can be kept and given again ([`crate::context::Once`]).
pub trait Answer: Sized {
    const STATUS: StatusCode;

    /// What the answer says.
    ///
    /// # Errors
    /// It cannot be written as JSON.
    fn body(&self) -> Result<Value, Problem>;

    /// Where what was made can be read.
    fn location(&self) -> Option<&str> {
        None
    }
}

pub(super) fn write_json(req: &Request, res: &mut Response, body: &impl Serialize) {
    match serde_json::to_vec(body) {
        Ok(bytes) => {
            res.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            res.body(bytes);
        }
        Err(error) => Problem::internal(error).render(RequestId::of(req), res),
    }
}

fn to_value(body: &impl Serialize) -> Result<Value, Problem> {
    serde_json::to_value(body).map_err(Problem::internal)
}

fn describe<T: ToSchema>(components: &mut Components, text: &str) -> Described {
    Described::new(text).add_content("application/json", Content::new(T::to_schema(components)))
}

/// 200 with a body.
#[derive(Clone, Debug)]
pub struct Json<T>(pub T);

impl<T: Serialize> Answer for Json<T> {
    const STATUS: StatusCode = StatusCode::OK;

    fn body(&self) -> Result<Value, Problem> {
        to_value(&self.0)
    }
}

#[async_trait]
impl<T: Serialize + Send> Writer for Json<T> {
    async fn write(self, req: &mut Request, _: &mut Depot, res: &mut Response) {
        write_json(req, res, &self.0);
    }
}

impl<T: ToSchema> EndpointOutRegister for Json<T> {
    fn register(components: &mut Components, operation: &mut Operation) {
        let described = describe::<T>(components, "As asked");
        operation.responses.insert("200", described);
    }
}

/// 200 with a body and its version as `ETag`, for what is edited with `If-Match`.
#[derive(Clone, Debug)]
pub struct Tagged<T> {
    pub version: i64,
    pub body: T,
}

impl<T: Serialize> Answer for Tagged<T> {
    const STATUS: StatusCode = StatusCode::OK;

    fn body(&self) -> Result<Value, Problem> {
        to_value(&self.body)
    }
}

#[async_trait]
impl<T: Serialize + Send> Writer for Tagged<T> {
    async fn write(self, req: &mut Request, _: &mut Depot, res: &mut Response) {
        if let Ok(tag) = HeaderValue::from_str(&format!("\"{}\"", self.version)) {
            res.headers_mut().insert(header::ETAG, tag);
        }
        write_json(req, res, &self.body);
    }
}

impl<T: ToSchema> EndpointOutRegister for Tagged<T> {
    fn register(components: &mut Components, operation: &mut Operation) {
        let tag = Header::new(Object::with_type(BasicType::String)).description("The version, for `If-Match`.");
        let described = describe::<T>(components, "As asked").add_header("ETag", tag);
        operation.responses.insert("200", described);
    }
}

/// 201 with what was made and where it can be read.
#[derive(Clone, Debug)]
pub struct Created<T> {
    location: String,
    body: T,
}

impl<T> Created<T> {
    /// `location` is a path: the host stays whichever was called.
    pub fn at(location: impl Into<String>, body: T) -> Self {
        Self { location: location.into(), body }
    }
}

impl<T: Serialize> Answer for Created<T> {
    const STATUS: StatusCode = StatusCode::CREATED;

    fn body(&self) -> Result<Value, Problem> {
        to_value(&self.body)
    }

    fn location(&self) -> Option<&str> {
        Some(&self.location)
    }
}

#[async_trait]
impl<T: Serialize + Send> Writer for Created<T> {
    async fn write(self, req: &mut Request, _: &mut Depot, res: &mut Response) {
        res.status_code(StatusCode::CREATED);
        if let Ok(location) = HeaderValue::from_str(&self.location) {
            res.headers_mut().insert(header::LOCATION, location);
        }
        write_json(req, res, &self.body);
    }
}

impl<T: ToSchema> EndpointOutRegister for Created<T> {
    fn register(components: &mut Components, operation: &mut Operation) {
        let location = Header::new(Object::with_type(BasicType::String)).description("Where it can be read.");
        let described = describe::<T>(components, "Made").add_header("Location", location);
        operation.responses.insert("201", described);
    }
}

/// 202 with what has been begun and where it can be followed.
#[derive(Clone, Debug)]
pub struct Accepted<T> {
    location: String,
    body: T,
}

impl<T> Accepted<T> {
    /// `location` is a path: the host stays whichever was called.
    pub fn at(location: impl Into<String>, body: T) -> Self {
        Self { location: location.into(), body }
    }
}

impl<T: Serialize> Answer for Accepted<T> {
    const STATUS: StatusCode = StatusCode::ACCEPTED;

    fn body(&self) -> Result<Value, Problem> {
        to_value(&self.body)
    }

    fn location(&self) -> Option<&str> {
        Some(&self.location)
    }
}

#[async_trait]
impl<T: Serialize + Send> Writer for Accepted<T> {
    async fn write(self, req: &mut Request, _: &mut Depot, res: &mut Response) {
        res.status_code(StatusCode::ACCEPTED);
        if let Ok(location) = HeaderValue::from_str(&self.location) {
            res.headers_mut().insert(header::LOCATION, location);
        }
        write_json(req, res, &self.body);
    }
}

impl<T: ToSchema> EndpointOutRegister for Accepted<T> {
    fn register(components: &mut Components, operation: &mut Operation) {
        let location = Header::new(Object::with_type(BasicType::String)).description("Where it can be followed.");
        let described = describe::<T>(components, "Begun").add_header("Location", location);
        operation.responses.insert("202", described);
    }
}

/// 204.
#[derive(Clone, Copy, Debug)]
pub struct NoContent;

impl Answer for NoContent {
    const STATUS: StatusCode = StatusCode::NO_CONTENT;

    fn body(&self) -> Result<Value, Problem> {
        Ok(Value::Null)
    }
}

#[async_trait]
impl Writer for NoContent {
    async fn write(self, _: &mut Request, _: &mut Depot, res: &mut Response) {
        res.status_code(StatusCode::NO_CONTENT);
    }
}

impl EndpointOutRegister for NoContent {
    fn register(_: &mut Components, operation: &mut Operation) {
        operation.responses.insert("204", Described::new("Done"));
    }
}

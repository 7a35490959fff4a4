use std::fmt::Write as _;

use commerce::fault::FieldFault;
use garde::Validate;
use salvo::{
    Depot, Extractible, Request,
    extract::Metadata,
    http::ParseError,
    hyper::body::Bytes,
    oapi::{Components, Content, EndpointArgRegister, Operation, RequestBody, Required, ToSchema},
};
use serde::{
    Deserialize,
    de::{DeserializeOwned, Deserializer},
};

use super::{PLAIN, state};
use crate::{Problem, config::Tuning};

/// A JSON body, read and checked: wrong fields are 422 with a pointer each, and fields nobody asked for are wrong too.
#[derive(Clone, Debug)]
pub struct Body<T>(pub T);

impl<'ex, T> Extractible<'ex> for Body<T>
where
    T: DeserializeOwned + Validate<Context = ()> + Send,
{
    fn metadata() -> &'static Metadata {
        &PLAIN
    }

    #[expect(refining_impl_trait, reason = "a named error reads better")]
    async fn extract(req: &'ex mut Request, depot: &'ex mut Depot) -> Result<Self, Problem> {
        read(req, &state(depot)?.config.tuning).await.map(Self)
    }
}

impl<T: ToSchema> EndpointArgRegister for Body<T> {
    fn register(components: &mut Components, operation: &mut Operation, _: &str) {
        let content = Content::new(T::to_schema(components));
        operation.request_body = Some(RequestBody::new().required(Required::True).add_content("application/json", content));
    }
}

/// A [`Body`] that may name thousands of things. It comes before [`super::Once`], which takes no more than has been read.
#[derive(Clone, Debug)]
pub struct LargeBody<T>(pub T);

const LARGE_AT_MOST_BYTES: usize = 4 * 1024 * 1024;

impl<'ex, T> Extractible<'ex> for LargeBody<T>
where
    T: DeserializeOwned + Validate<Context = ()> + Send,
{
    fn metadata() -> &'static Metadata {
        &PLAIN
    }

    #[expect(refining_impl_trait, reason = "a named error reads better")]
    async fn extract(req: &'ex mut Request, depot: &'ex mut Depot) -> Result<Self, Problem> {
        let tuning = Tuning { body_at_most_bytes: LARGE_AT_MOST_BYTES, ..state(depot)?.config.tuning.clone() };
        read(req, &tuning).await.map(Self)
    }
}

impl<T: ToSchema> EndpointArgRegister for LargeBody<T> {
    fn register(components: &mut Components, operation: &mut Operation, name: &str) {
        Body::<T>::register(components, operation, name);
    }
}

async fn read<T: DeserializeOwned + Validate<Context = ()>>(req: &mut Request, tuning: &Tuning) -> Result<T, Problem> {
    let is_json = req.content_type().is_some_and(|kind| kind.subtype() == "json" || kind.suffix().is_some_and(|suffix| suffix == "json"));
    if !is_json {
        return Err(Problem::unsupported_media_type("application/json"));
    }
    let bytes = payload(req, tuning).await?;
    parse(bytes, tuning.json_at_most_levels)
}

/// The whole body. Read once; later readers of the same request get the same bytes.
pub(crate) async fn payload<'a>(req: &'a mut Request, tuning: &Tuning) -> Result<&'a Bytes, Problem> {
    match tokio::time::timeout(tuning.body_arrives_within, req.payload_with_max_size(tuning.body_at_most_bytes)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(ParseError::PayloadTooLarge)) => Err(Problem::too_large(tuning.body_at_most_bytes)),
        Ok(Err(_)) => Err(Problem::malformed("request.unreadable", "the body ended early")),
        Err(_) => Err(Problem::malformed("request.too_slow", "the body did not arrive in time")),
    }
}

fn parse<T: DeserializeOwned + Validate<Context = ()>>(bytes: &[u8], at_most_levels: usize) -> Result<T, Problem> {
    if levels(bytes) > at_most_levels {
        return Err(Problem::malformed("request.too_deep", format!("the JSON nests deeper than {at_most_levels} levels")));
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let tracked = Tracked::<T>::deserialize(&mut json).map_err(|error| malformed(&error))?;
    let value = tracked.0.map_err(|fault| match fault {
        Untracked::Field(fault) => Problem::invalid(vec![fault]),
        Untracked::Syntax(text) => Problem::malformed("request.malformed_json", text),
    })?;
    json.end().map_err(|error| malformed(&error))?;
    value.validate().map_err(|report| Problem::invalid(faults(&report)))?;
    Ok(value)
}

fn malformed(error: &serde_json::Error) -> Problem {
    Problem::malformed("request.malformed_json", error.to_string())
}

/// A value, or where in it deserialising failed.
pub(super) struct Tracked<T>(pub(super) Result<T, Untracked>);

pub(super) enum Untracked {
    Field(FieldFault),
    Syntax(String),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Tracked<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(serde_path_to_error::deserialize(deserializer).map_err(|error| {
            let pointer = pointer_of_path(error.path());
            let text = error.into_inner().to_string();
            if is_syntax(&text) { Untracked::Syntax(text) } else { Untracked::Field(field_fault(pointer, &text)) }
        })))
    }
}

/// Whether serde_json stopped at broken text rather than at a value we did not want. Its category is lost behind the generic
/// error, its words are not.
fn is_syntax(text: &str) -> bool {
    const BROKEN: [&str; 11] = [
        "EOF while",
        "expected value",
        "expected ident",
        "expected `",
        "key must be a string",
        "trailing",
        "control character",
        "invalid escape",
        "invalid unicode",
        "lone leading surrogate",
        "unexpected end of hex",
    ];
    BROKEN.iter().any(|start| text.starts_with(start))
}

fn field_fault(mut pointer: String, text: &str) -> FieldFault {
    // " at line 1 column 7" helps a person with a file, not a program with a pointer.
    let text = text.split(" at line ").next().unwrap_or(text);
    let named = text.split('`').nth(1);
    let code = if text.starts_with("missing field") {
        append(&mut pointer, named.unwrap_or_default());
        "missing"
    } else if text.starts_with("unknown field") {
        if !pointer.ends_with(&format!("/{}", named.unwrap_or_default())) {
            append(&mut pointer, named.unwrap_or_default());
        }
        "unknown_field"
    } else if text.starts_with("unknown variant") {
        "unknown_word"
    } else {
        "wrong_type"
    };
    FieldFault { pointer, code, detail: text.to_owned() }
}

fn pointer_of_path(path: &serde_path_to_error::Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            serde_path_to_error::Segment::Seq { index } => append(&mut pointer, &index.to_string()),
            serde_path_to_error::Segment::Map { key } => append(&mut pointer, key),
            serde_path_to_error::Segment::Enum { .. } | serde_path_to_error::Segment::Unknown => {}
        }
    }
    pointer
}

fn append(pointer: &mut String, segment: &str) {
    // Writing to a String cannot fail.
    let _infallible = write!(pointer, "/{}", segment.replace('~', "~0").replace('/', "~1"));
}

/// garde's findings with JSON pointers (`lines[0].quantity` → `/lines/0/quantity`), in the pointers' order: garde's own differs
/// from build to build.
pub(super) fn faults(report: &garde::Report) -> Vec<FieldFault> {
    let fault = |(path, error): &(garde::Path, garde::Error)| {
        let mut pointer = String::new();
        for segment in path.to_string().split(['.', '[', ']']).filter(|segment| !segment.is_empty()) {
            append(&mut pointer, segment);
        }
        FieldFault { pointer, code: "invalid", detail: error.message().to_owned() }
    };
    let mut faults = report.iter().map(fault).collect::<Vec<_>>();
    faults.sort_by(|a, b| a.pointer.cmp(&b.pointer));
    faults
}

/// How deep brackets nest, strings left out; counted before anything recurses.
fn levels(bytes: &[u8]) -> usize {
    let (mut level, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in bytes {
        match (in_string, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => in_string = !in_string,
            (false, b'[' | b'{') => {
                level += 1;
                deepest = deepest.max(level);
            }
            (false, b']' | b'}') => level = level.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use salvo::http::StatusCode;

    use super::*;

    #[derive(Debug, Deserialize, Validate)]
    #[serde(deny_unknown_fields)]
    struct Line {
        #[garde(range(min = 1))]
        quantity: i32,
    }

    #[derive(Debug, Deserialize, Validate)]
    #[serde(deny_unknown_fields)]
    struct Cart {
        #[garde(length(min = 1))]
        name: String,
        #[garde(dive)]
        lines: Vec<Line>,
    }

    fn refused(text: &str) -> (u16, String) {
        let problem = parse::<Cart>(text.as_bytes(), 8).expect_err(text);
        let mut res = salvo::Response::new();
        let status = problem.status().as_u16();
        problem.render("req_1", &mut res);
        let salvo::http::ResBody::Once(bytes) = res.take_body() else { panic!("a body") };
        let body: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        let pointers =
            body["errors"].as_array().map(|errors| errors.iter().map(|error| error["pointer"].as_str().unwrap()).collect::<Vec<_>>());
        (status, pointers.unwrap_or_default().join(" "))
    }

    #[test]
    fn every_wrong_field_is_named() {
        assert!(parse::<Cart>(br#"{"name":"a","lines":[{"quantity":1}]}"#, 8).is_ok());
        let table = [
            (r#"{"name":"","lines":[{"quantity":1},{"quantity":0}]}"#, 422, "/lines/1/quantity /name"),
            (r#"{"name":"a","lines":[{"quantity":"2"}]}"#, 422, "/lines/0/quantity"),
            (r#"{"name":"a","lines":[{"quantity":1.5}]}"#, 422, "/lines/0/quantity"),
            (r#"{"name":"a","lines":[{"quantity":9999999999}]}"#, 422, "/lines/0/quantity"),
            (r#"{"name":"a","lines":[{"quantity":1,"price":1}]}"#, 422, "/lines/0/price"),
            (r#"{"name":"a","lines":[{}]}"#, 422, "/lines/0/quantity"),
            (r#"{"name":"a"}"#, 422, "/lines"),
            (r#"{"name":"a","lines":[],"total":0}"#, 422, "/total"),
            (r"[]", 422, ""),
            (r#"{"name":"a","lines":[}"#, 400, ""),
            (r#"{"name":"a","lines":[]"#, 400, ""),
            (r#"{"name":"a","lines":[]} {}"#, 400, ""),
            ("", 400, ""),
            (r#"{"name":[[[[[[[[[1]]]]]]]]]}"#, 400, ""),
        ];
        for (text, status, pointers) in table {
            assert_eq!(refused(text), (status, pointers.to_owned()), "{text}");
        }
        assert_eq!(StatusCode::UNPROCESSABLE_ENTITY.as_u16(), 422);
    }

    #[test]
    fn brackets_in_strings_do_not_nest() {
        assert_eq!(levels(br#"{"a":"[[[\"[","b":[1]}"#), 2);
    }
}

//! Request bodies. They are read by serde, because it reports the path of an invalid field.

mod unique;

use crate::problem::{ApiError, Code};
use poem::{Request, RequestBody};
use poem_openapi::payload::{Json, Payload};
use poem_openapi::registry::{MetaMediaType, MetaRequest, MetaSchemaRef, Registry};
use poem_openapi::types::{ParseFromJSON, Type};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::{Path, Segment};
use unique::Unreadable;

/// A parsed JSON body, and its canonical text for idempotency.
#[derive(Debug)]
pub(crate) struct Body<T> {
    pub(crate) value: T,
    pub(crate) canonical: String,
}

impl<T: DeserializeOwned + ParseFromJSON> Body<T> {
    /// # Errors
    /// `invalid_json`, or `invalid_request` naming the field.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, ApiError> {
        let json = unique::read(bytes).map_err(unreadable)?;
        let canonical = canonical(&json);
        let value = serde_path_to_error::deserialize(&json)
            .map_err(|e| ApiError::field(pointer(e.path()), e.inner().to_string()))?;
        // The reader that the OpenAPI document is made from checks again: serde accepts an array for an object.
        T::parse_from_json(Some(json)).map_err(|e| ApiError::field("", e.into_message()))?;
        Ok(Self { value, canonical })
    }
}

/// Returns the same text for the same JSON, whatever the order of its members.
fn canonical(json: &Value) -> String {
    crate::document::sorted(json.clone()).to_string()
}

fn unreadable(why: Unreadable) -> ApiError {
    match why {
        Unreadable::NotJson(error) => {
            ApiError::new(Code::InvalidJson, format!("the body is not valid JSON: {error}"))
        }
        Unreadable::Twice(pointer) => ApiError::new(
            Code::InvalidJson,
            "the body has a duplicate member; send each member once",
        )
        .at(pointer, "duplicate member"),
    }
}

/// Returns the JSON pointer (RFC 6901); the whole document is the empty pointer.
fn pointer(path: &Path) -> String {
    path.iter().fold(String::new(), |mut pointer, segment| {
        match segment {
            Segment::Seq { index } => push_segment(&mut pointer, &index.to_string()),
            Segment::Map { key } => push_segment(&mut pointer, key),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
        pointer
    })
}

fn push_segment(pointer: &mut String, segment: &str) {
    pointer.push('/');
    pointer.push_str(&segment.replace('~', "~0").replace('/', "~1"));
}

impl<T: Type> Body<T> {
    fn media_type() -> MetaMediaType {
        MetaMediaType { content_type: Json::<T>::CONTENT_TYPE, schema: Self::schema() }
    }

    fn schema() -> MetaSchemaRef {
        T::schema_ref()
    }
}

fn check_type<T: Type>(request: &Request) -> Result<(), ApiError>
where
    Json<T>: Payload,
{
    if request.content_type().is_some_and(Json::<T>::check_content_type) {
        return Ok(());
    }
    let detail = "send the body with the header `Content-Type: application/json`";
    Err(ApiError::new(Code::UnsupportedMediaType, detail))
}

impl<'a, T: ParseFromJSON + DeserializeOwned> ApiExtractor<'a> for Body<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        let content = vec![Self::media_type()];
        Some(MetaRequest { description: None, content, required: true })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        check_type::<T>(request)?;
        let bytes = body.take()?.into_vec().await?;
        Ok(Self::parse(&bytes)?)
    }
}

/// An optional JSON body. An empty body is accepted with any `Content-Type`, because many clients always send one.
#[derive(Debug)]
pub(crate) struct OptionalBody<T>(pub(crate) Option<Body<T>>);

impl<'a, T: ParseFromJSON + DeserializeOwned> ApiExtractor<'a> for OptionalBody<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        let content = vec![Body::<T>::media_type()];
        Some(MetaRequest { description: None, content, required: false })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let bytes = body.take()?.into_vec().await?;
        if bytes.is_empty() {
            return Ok(Self(None));
        }
        check_type::<T>(request)?;
        Ok(Self(Some(Body::parse(&bytes)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use poem_openapi::Object;
    use serde::Deserialize;

    #[derive(Debug, Deserialize, Object)]
    #[serde(deny_unknown_fields, expecting = "an object")]
    #[oai(deny_unknown_fields)]
    struct Order {
        title: String,
        parts: Vec<Part>,
    }

    #[derive(Debug, Deserialize, Object)]
    #[serde(deny_unknown_fields, expecting = "an object")]
    #[oai(deny_unknown_fields)]
    struct Part {
        amount: i64,
    }

    fn check(body: &str, code: Code, pointer: Option<&str>) {
        let error = Body::<Order>::parse(body.as_bytes()).unwrap_err();
        assert_eq!(error.code, code, "{body}");
        assert_eq!(error.errors.first().map(|e| e.pointer.as_str()), pointer, "{error:?}");
    }

    #[test]
    fn the_wrong_field_is_named() {
        check("", Code::InvalidJson, None);
        check("{", Code::InvalidJson, None);
        check(&"[".repeat(60_000), Code::InvalidJson, None);
        check("[]", Code::InvalidRequest, Some(""));
        check(r#"["a",[]]"#, Code::InvalidRequest, Some(""));
        check(r#"{"title":"a","parts":[[5]]}"#, Code::InvalidRequest, Some(""));
        check(r#"{"parts":[]}"#, Code::InvalidRequest, Some(""));
        check(
            r#"{"title":"a","parts":[{"amount":1.5}]}"#,
            Code::InvalidRequest,
            Some("/parts/0/amount"),
        );
        check(r#"{"title":"a","parts":[],"extra":1}"#, Code::InvalidRequest, Some("/extra"));
        check(r#"{"title":5,"parts":[]}"#, Code::InvalidRequest, Some("/title"));
        check(r#"{"title":"a","title":"b","parts":[]}"#, Code::InvalidJson, Some("/title"));
    }

    #[test]
    fn the_order_of_members_makes_no_other_request() {
        let canonical = |body: &str| super::canonical(&serde_json::from_str(body).unwrap());
        assert_eq!(
            canonical(r#"{"a":1,"b":{"d":2,"c":3}}"#),
            canonical(r#"{"b":{"c":3,"d":2}, "a":1}"#)
        );
        assert_ne!(canonical(r#"{"a":1}"#), canonical(r#"{"a":2}"#));
    }
}

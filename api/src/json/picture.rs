use std::sync::Arc;

use commerce::media;
use salvo::oapi::{BasicType, Components, Object, RefOr, Schema, SchemaFormat, ToSchema};
use serde::{Deserialize, Serialize, Serializer};

tokio::task_local! {
    /// Where pictures are fetched from. Configured once, and needed wherever an answer names a picture, however deep in it: so it
    /// goes with the request and not through every function on the way.
    static PICTURES_AT: Arc<str>;
}

/// Does the work of a request whose answer names pictures below `base`.
pub(crate) async fn with_pictures_at<W: Future>(base: Arc<str>, work: W) -> W::Output {
    PICTURES_AT.scope(base, work).await
}

/// The address of a picture. What is kept is a path of ours, so that pictures may move behind another host, or an address outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PictureUrl(pub String);

impl Serialize for PictureUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !self.0.starts_with('/') {
            return serializer.serialize_str(&self.0);
        }
        PICTURES_AT
            .try_with(|base| serializer.collect_str(&format_args!("{base}{}", self.0)))
            .unwrap_or_else(|_| Err(serde::ser::Error::custom("a picture is named outside a request")))
    }
}

impl ToSchema for PictureUrl {
    fn to_schema(_: &mut Components) -> RefOr<Schema> {
        let format = SchemaFormat::Custom("uri".to_owned());
        Schema::from(Object::with_type(BasicType::String).format(format)).into()
    }
}

/// One file of a picture; its address always shows the same.
#[derive(Debug, Serialize, ToSchema)]
pub struct PictureSource {
    url: PictureUrl,
    width: u32,
    height: u32,
    format: PictureFormat,
}

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum PictureFormat {
    Avif,
    Webp,
    Jpeg,
    Png,
}

/// What must stay in sight when a picture is cut to another shape: 0, 0 is the upper left corner, 1, 1 the lower right one.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FocalPoint {
    #[salvo(schema(minimum = 0, maximum = 1))]
    pub x: f64,
    #[salvo(schema(minimum = 0, maximum = 1))]
    pub y: f64,
}

impl From<media::FocalPoint> for FocalPoint {
    fn from(point: media::FocalPoint) -> Self {
        let (x, y) = point.parts();
        Self { x, y }
    }
}

impl From<media::Source> for PictureSource {
    fn from(source: media::Source) -> Self {
        let format = match source.encoding {
            media::Encoding::Avif => PictureFormat::Avif,
            media::Encoding::Webp => PictureFormat::Webp,
            media::Encoding::Jpeg => PictureFormat::Jpeg,
            media::Encoding::Png => PictureFormat::Png,
        };
        Self { url: PictureUrl(source.path), width: source.width, height: source.height, format }
    }
}

impl PictureSource {
    /// Of a picture, if it is ready.
    pub fn all(picture: Option<&media::Picture>) -> Vec<Self> {
        picture.map(media::Picture::sources).unwrap_or_default().into_iter().map(Self::from).collect()
    }

    /// Those that a list needs.
    pub fn for_cards(picture: Option<&media::Picture>) -> Vec<Self> {
        picture.map(media::Picture::card_sources).unwrap_or_default().into_iter().map(Self::from).collect()
    }
}

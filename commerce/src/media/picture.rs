//! What is shown of a picture: which sizes there are, in which formats, and under which names. Pure: a picture that is ready has
//! exactly these files, so that nobody has to ask which.

use aws_lc_rs::digest::{SHA256, digest};
use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde::{Deserialize, Serialize};
use tenancy::TenantId;

use crate::ids::MediaId;

/// Grows when the sizes or the encoders' settings change: files of other settings have other names, for an address never shows
/// anything else.
const RENDITION: u8 = 1;
const WIDTHS: [u32; 6] = [160, 320, 640, 960, 1280, 1920];
const WIDEST: u32 = 1920;
/// A tall picture is narrower, so that no file has more than this.
const MOST_PIXELS: u64 = 1920 * 1920;
/// What a page shows where nothing else is asked for.
const DEFAULT_WIDTH: u32 = 1280;
/// In lists and carts.
const CARD_WIDTH: u32 = 640;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fallback {
    Jpg,
    /// Parts of the picture can be seen through.
    Png,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Avif,
    Webp,
    Jpeg,
    Png,
}

impl Encoding {
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Avif => "avif",
            Self::Webp => "webp",
            Self::Jpeg => "jpg",
            Self::Png => "png",
        }
    }

    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Avif => "image/avif",
            Self::Webp => "image/webp",
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
        }
    }
}

impl Fallback {
    pub const fn encoding(self) -> Encoding {
        match self {
            Self::Jpg => Encoding::Jpeg,
            Self::Png => Encoding::Png,
        }
    }
}

/// What must stay in sight when a picture is cut to another shape: 0, 0 is its upper left corner and 1, 1 the lower right one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FocalPoint {
    pub x: Decimal,
    pub y: Decimal,
}

impl FocalPoint {
    /// None for what is no number.
    pub fn new(x: f64, y: f64) -> Option<Self> {
        Decimal::try_from(x).ok().zip(Decimal::try_from(y).ok()).map(|(x, y)| Self { x, y })
    }

    pub fn parts(self) -> (f64, f64) {
        (self.x.to_f64().unwrap_or_default(), self.y.to_f64().unwrap_or_default())
    }
}

/// A picture that is ready. Kept with whatever shows it, so that showing it asks nothing more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    /// `/media/{tenant}/{media}/{hash}`: what the addresses of its files begin with.
    stem: String,
    /// Of the upright original.
    pub width: u32,
    pub height: u32,
    fallback: Fallback,
    pub focal_point: Option<FocalPoint>,
}

/// One file of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its path on our own host.
    pub path: String,
    pub width: u32,
    pub height: u32,
    pub encoding: Encoding,
}

impl Picture {
    pub(super) fn new(
        (tenant, media, name_hash): (TenantId, MediaId, &str),
        (width, height): (u32, u32),
        fallback: Fallback,
        focal_point: Option<FocalPoint>,
    ) -> Self {
        Self { stem: format!("/media/{}/{}/{name_hash}", tenant.uuid(), media.uuid()), width, height, fallback, focal_point }
    }

    /// The path of what every browser can show, on a page.
    pub fn path(&self) -> String {
        self.path_within(DEFAULT_WIDTH)
    }

    /// [`Picture::path`] for lists and carts.
    pub fn card_path(&self) -> String {
        self.path_within(CARD_WIDTH)
    }

    /// Every file there is, the best format first and the narrowest first of each.
    pub fn sources(&self) -> Vec<Source> {
        let widths = widths(self.width, self.height);
        let source = |encoding: Encoding, width: u32| Source {
            path: format!("{}-{width}.{}", self.stem, encoding.extension()),
            width,
            height: height_at(width, self.width, self.height),
            encoding,
        };
        let encodings = [Encoding::Avif, Encoding::Webp, self.fallback.encoding()];
        encodings.into_iter().flat_map(|encoding| widths.iter().map(move |width| source(encoding, *width))).collect()
    }

    /// [`Picture::sources`] that a list needs.
    pub fn card_sources(&self) -> Vec<Source> {
        let sources = self.sources();
        let narrowest = sources.first().map_or(0, |source| source.width);
        sources.into_iter().filter(|source| source.width <= CARD_WIDTH.max(narrowest)).collect()
    }

    fn path_within(&self, width: u32) -> String {
        let width = width.min(widest(self.width, self.height));
        format!("{}-{width}.{}", self.stem, self.fallback.encoding().extension())
    }
}

/// A file to be made, in the order in which all are: what every browser can show first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub width: u32,
    pub height: u32,
    pub encoding: Encoding,
}

impl Wanted {
    pub(super) fn name(self, name_hash: &str) -> String {
        format!("{name_hash}-{}.{}", self.width, self.encoding.extension())
    }
}

/// How a file of ours of this name is encoded; none where no file of ours is called so: it is not looked for.
pub fn encoding_named(name: &str) -> Option<Encoding> {
    let (stem, extension) = name.split_once('.')?;
    let (hash, width) = stem.split_once('-')?;
    let is_ours = hash.len() == 16
        && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        && (1..=4).contains(&width.len())
        && width.bytes().all(|byte| byte.is_ascii_digit());
    let encodings = [Encoding::Avif, Encoding::Webp, Encoding::Jpeg, Encoding::Png];
    encodings.into_iter().find(|encoding| encoding.extension() == extension).filter(|_| is_ours)
}

pub(super) fn wanted((width, height): (u32, u32), fallback: Fallback) -> Vec<Wanted> {
    let widths = widths(width, height);
    let one = |encoding| widths.iter().map(move |at| Wanted { width: *at, height: height_at(*at, width, height), encoding });
    [fallback.encoding(), Encoding::Webp, Encoding::Avif].into_iter().flat_map(one).collect()
}

/// Of an original's SHA-256, and of how its files are made.
pub(super) fn name_hash(sha256: &[u8; 32]) -> String {
    hex::encode(&digest(&SHA256, &[&sha256[..], &[RENDITION]].concat()).as_ref()[..8])
}

/// Never above the original's own width, which is one of them.
pub(super) fn widths(width: u32, height: u32) -> Vec<u32> {
    let widest = widest(width, height);
    WIDTHS.into_iter().filter(|width| *width < widest).chain([widest]).collect()
}

fn widest(width: u32, height: u32) -> u32 {
    let fits = (MOST_PIXELS * u64::from(width) / u64::from(height.max(1))).isqrt();
    width.min(WIDEST).min(u32::try_from(fits).unwrap_or(WIDEST)).max(1)
}

fn height_at(at: u32, width: u32, height: u32) -> u32 {
    let (at, width, height) = (u64::from(at), u64::from(width.max(1)), u64::from(height));
    u32::try_from((at * height + width / 2) / width).unwrap_or(u32::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_size_is_above_the_original_and_none_is_huge() {
        for (size, wanted) in [
            ((4000, 3000), vec![160, 320, 640, 960, 1280, 1920]),
            ((1000, 800), vec![160, 320, 640, 960, 1000]),
            ((640, 480), vec![160, 320, 640]),
            ((40, 30), vec![40]),
            ((1, 1), vec![1]),
            ((3000, 12_000), vec![160, 320, 640, 960]),
            ((1, 50_000_000), vec![1]),
        ] {
            assert_eq!(widths(size.0, size.1), wanted, "{size:?}");
        }
        assert_eq!(height_at(1280, 4000, 3000), 960);
        assert_eq!(height_at(160, 4000, 3), 1);
    }

    #[test]
    fn only_our_names_are_looked_for() {
        assert_eq!(encoding_named("0011223344556677-640.webp"), Some(Encoding::Webp));
        for other in
            ["0011223344556677-640.svg", "0011223344556677-.jpg", "00112233-640.jpg", "../x-1.jpg", "0011223344556677-640.jpg.html", ""]
        {
            assert_eq!(encoding_named(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_shown_is_what_is_made() {
        let (tenant, media) = (TenantId::new(), MediaId::new());
        for (size, fallback) in [((4000, 3000), Fallback::Jpg), ((500, 900), Fallback::Png), ((3, 7), Fallback::Jpg)] {
            let picture = Picture::new((tenant, media, "0011223344556677"), size, fallback, None);
            let mut shown: Vec<String> = picture.sources().into_iter().map(|source| source.path).collect();
            let folder = format!("/media/{}/{}/", tenant.uuid(), media.uuid());
            let mut made: Vec<String> =
                wanted(size, fallback).into_iter().map(|file| folder.clone() + &file.name("0011223344556677")).collect();
            for path in [picture.path(), picture.card_path()] {
                assert!(made.contains(&path), "{path}");
            }
            assert!(made.iter().all(|path| path.rsplit('/').next().is_some_and(|name| encoding_named(name).is_some())));
            shown.sort();
            made.sort();
            assert_eq!(shown, made);
        }
    }
}

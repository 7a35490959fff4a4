//! What a file is, by its content: the first bytes name the format, its head says how large the picture is. No pixel is decoded.

use std::io::Cursor;

use image::{ImageDecoder, ImageFormat, Limits, codecs, metadata::Orientation};

use super::Error;

pub const MOST_BYTES: usize = 20 * 1024 * 1024;
const MOST_PIXELS: u64 = 50_000_000;
/// What decoding may allocate: the pixels at eight bytes each (16 bits a channel), and room to work.
const DECODED_AT_MOST_BYTES: u64 = MOST_PIXELS * 8 + 64 * 1024 * 1024;
/// Where the beginning of an SVG is looked for: after a byte order mark, a declaration, a comment.
const SVG_WITHIN_BYTES: usize = 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Jpeg,
    Png,
    Webp,
    Gif,
}

impl Format {
    pub const ALL: [Self; 4] = [Self::Jpeg, Self::Png, Self::Webp, Self::Gif];

    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Gif => "image/gif",
        }
    }
}

/// A file that is a picture, as far as its head tells. Width and height are those of the upright picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub format: Format,
    pub width: u32,
    pub height: u32,
}

/// # Errors
/// `SvgRefused`, `Unreadable`, `TooManyPixels`.
pub(super) fn examine(bytes: &[u8]) -> Result<Head, Error> {
    let format = format_of(bytes)?;
    let mut decoder = decoder(bytes, format)?;
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    if pixels == 0 {
        return Err(Error::Unreadable);
    }
    if pixels > MOST_PIXELS {
        return Err(Error::TooManyPixels { pixels, most: MOST_PIXELS });
    }
    let upright = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let (width, height) = if is_turned(upright) { (height, width) } else { (width, height) };
    Ok(Head { format, width, height })
}

/// A decoder that allocates no more than a picture of the allowed size needs.
pub(super) fn decoder(bytes: &[u8], format: Format) -> Result<Box<dyn ImageDecoder + '_>, Error> {
    let file = Cursor::new(bytes);
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(DECODED_AT_MOST_BYTES);
    let unreadable = |_| Error::Unreadable;
    let mut decoder: Box<dyn ImageDecoder + '_> = match format {
        Format::Jpeg => Box::new(codecs::jpeg::JpegDecoder::new(file).map_err(unreadable)?),
        Format::Png => Box::new(codecs::png::PngDecoder::with_limits(file, limits.clone()).map_err(unreadable)?),
        Format::Webp => Box::new(codecs::webp::WebPDecoder::new(file).map_err(unreadable)?),
        Format::Gif => Box::new(codecs::gif::GifDecoder::new(file).map_err(unreadable)?),
    };
    decoder.set_limits(limits).map_err(unreadable)?;
    Ok(decoder)
}

fn format_of(bytes: &[u8]) -> Result<Format, Error> {
    match image::guess_format(bytes) {
        Ok(ImageFormat::Jpeg) => Ok(Format::Jpeg),
        Ok(ImageFormat::Png) => Ok(Format::Png),
        Ok(ImageFormat::WebP) => Ok(Format::Webp),
        Ok(ImageFormat::Gif) => Ok(Format::Gif),
        _ if is_svg(bytes) => Err(Error::SvgRefused),
        _ => Err(Error::Unreadable),
    }
}

/// Only so that the refusal says why.
fn is_svg(bytes: &[u8]) -> bool {
    let start = &bytes[..bytes.len().min(SVG_WITHIN_BYTES)];
    // UTF-16 has a zero beside each letter.
    let letters: Vec<u8> = start.iter().copied().filter(|byte| *byte != 0).map(|byte| byte.to_ascii_lowercase()).collect();
    letters.windows(4).any(|word| word == b"<svg")
}

const fn is_turned(orientation: Orientation) -> bool {
    matches!(orientation, Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut file = Vec::new();
        image::DynamicImage::new_rgb8(width, height).write_to(&mut Cursor::new(&mut file), ImageFormat::Png).unwrap();
        file
    }

    #[test]
    fn a_format_is_what_the_content_says() {
        assert_eq!(examine(&png(3, 2)).unwrap(), Head { format: Format::Png, width: 3, height: 2 });
        for (file, wanted) in [
            (&b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"[..], "media.svg_refused"),
            (b"\xef\xbb\xbf<?xml version='1.0'?><!-- --><SVG/>", "media.svg_refused"),
            (b"<\0s\0v\0g\0", "media.svg_refused"),
            (b"<html><script>alert(1)</script>", "media.unreadable"),
            (b"%PDF-1.7", "media.unreadable"),
            (b"BM6\x00\x00\x00", "media.unreadable"),
            (b"\x89PNG\r\n\x1a\n", "media.unreadable"),
            (b"\xff\xd8\xff", "media.unreadable"),
            (b"GIF89a", "media.unreadable"),
            (b"", "media.unreadable"),
        ] {
            use crate::fault::Fault as _;
            assert_eq!(examine(file).unwrap_err().code(), wanted, "{file:?}");
        }
    }

    /// T103: a few bytes that stand for more pixels than a machine has room for.
    #[test]
    fn t103_a_bomb_is_known_by_its_head() {
        let mut bomb = png(1, 1);
        // The width and height of IHDR, and its checksum (which decoders ask for).
        bomb[16..24].copy_from_slice(&[0, 1, 0, 0, 0, 1, 0, 0]);
        let sum = crc32(&bomb[12..29]);
        bomb[29..33].copy_from_slice(&sum.to_be_bytes());
        assert!(matches!(examine(&bomb), Err(Error::TooManyPixels { pixels: 4_294_967_296, .. })));
    }

    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0_u32, |sum, byte| {
            (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 })
        })
    }
}

//! From a file of somebody to files of ours: decoded to pixels, set upright, brought to sRGB, made smaller, encoded. Pure work of
//! the processor, for a thread that may be busy. Equal files give equal results, so that work which is done twice does no harm.

use std::time::Instant;

use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer, images::Image as Pixels};
use image::{
    DynamicImage, ExtendedColorType, ImageDecoder, ImageEncoder, RgbaImage,
    codecs::{avif::AvifEncoder, jpeg::JpegEncoder, png::PngEncoder},
    metadata::Orientation,
};
use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};

use super::{
    Error, content,
    picture::{Encoding, Fallback, Wanted, wanted},
};

const JPEG_QUALITY: u8 = 82;
const WEBP_QUALITY: f32 = 80.0;
const AVIF_QUALITY: u8 = 62;
/// rav1e's fastest: a shop's pictures are many, and smaller than JPEG they are anyway.
const AVIF_SPEED: u8 = 10;
/// Profiles of cameras and screens have a few kilobytes; one that is much larger is something else.
const PROFILE_AT_MOST_BYTES: usize = 1024 * 1024;

/// Files made in one go.
pub(super) struct Rendered {
    pub fallback: Fallback,
    pub files: Vec<(Wanted, Vec<u8>)>,
    /// Of all, how many there are now.
    pub done: usize,
    pub is_complete: bool,
}

/// Makes the files after the first `done`, one at least, until `until`.
///
/// # Errors
/// `Unreadable`, `TooManyPixels`: also what a head promised and the rest did not keep.
pub(super) fn render(original: &[u8], done: usize, until: Instant) -> Result<Rendered, Error> {
    let pixels = decode(original)?;
    let size = pixels.dimensions();
    let fallback = if pixels.pixels().any(|pixel| pixel.0[3] != u8::MAX) { Fallback::Png } else { Fallback::Jpg };
    let wanted = wanted(size, fallback);
    let mut files = Vec::new();
    let mut largest = pixels;
    if let Some(widest) = wanted.iter().max_by_key(|file| file.width) {
        largest = resized(largest, widest.width, widest.height)?;
    }
    for file in wanted.iter().skip(done) {
        if !files.is_empty() && Instant::now() >= until {
            break;
        }
        let pixels = resized(largest.clone(), file.width, file.height)?;
        files.push((*file, encode(&pixels, file.encoding)?));
    }
    let done = done.min(wanted.len()) + files.len();
    Ok(Rendered { fallback, files, done, is_complete: done == wanted.len() })
}

fn decode(original: &[u8]) -> Result<RgbaImage, Error> {
    let head = content::examine(original)?;
    let mut decoder = content::decoder(original, head.format)?;
    let upright = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let profile = decoder.icc_profile().ok().flatten();
    let mut picture = DynamicImage::from_decoder(decoder).map_err(|_| Error::Unreadable)?;
    picture.apply_orientation(upright);
    let mut pixels = picture.into_rgba8();
    if let Some(profile) = profile.filter(|profile| profile.len() <= PROFILE_AT_MOST_BYTES) {
        to_srgb(&mut pixels, &profile);
    }
    Ok(pixels)
}

/// A profile that is damaged, or of inks, is passed over: without it a picture is somewhat off, and not gone.
fn to_srgb(pixels: &mut RgbaImage, profile: &[u8]) {
    let Ok(profile) = ColorProfile::new_from_slice(profile) else { return };
    if profile.color_space != DataColorSpace::Rgb {
        return;
    }
    let srgb = ColorProfile::new_srgb();
    let Ok(transform) = profile.create_transform_8bit(Layout::Rgba, &srgb, Layout::Rgba, TransformOptions::default()) else { return };
    let mut converted = vec![0; pixels.as_raw().len()];
    if transform.transform(pixels.as_raw(), &mut converted).is_ok() {
        pixels.copy_from_slice(&converted);
    }
}

/// Colours of what cannot be seen do not bleed into what can.
fn resized(pixels: RgbaImage, width: u32, height: u32) -> Result<RgbaImage, Error> {
    if pixels.dimensions() == (width, height) {
        return Ok(pixels);
    }
    let (from_width, from_height) = pixels.dimensions();
    let unreadable = |_| Error::Unreadable;
    let from = Pixels::from_vec_u8(from_width, from_height, pixels.into_raw(), PixelType::U8x4).map_err(|_| Error::Unreadable)?;
    let mut to = Pixels::new(width, height, PixelType::U8x4);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3));
    Resizer::new().resize(&from, &mut to, &options).map_err(unreadable)?;
    RgbaImage::from_raw(width, height, to.into_vec()).ok_or(Error::Unreadable)
}

fn encode(pixels: &RgbaImage, encoding: Encoding) -> Result<Vec<u8>, Error> {
    let (width, height) = pixels.dimensions();
    let mut file = Vec::new();
    let encoded = match encoding {
        Encoding::Jpeg => {
            let opaque = DynamicImage::ImageRgba8(pixels.clone()).into_rgb8();
            JpegEncoder::new_with_quality(&mut file, JPEG_QUALITY).write_image(&opaque, width, height, ExtendedColorType::Rgb8)
        }
        Encoding::Png => PngEncoder::new(&mut file).write_image(pixels, width, height, ExtendedColorType::Rgba8),
        Encoding::Avif => {
            let encoder = AvifEncoder::new_with_speed_quality(&mut file, AVIF_SPEED, AVIF_QUALITY).with_num_threads(Some(1));
            encoder.write_image(pixels, width, height, ExtendedColorType::Rgba8)
        }
        Encoding::Webp => {
            let encoded = webp::Encoder::from_rgba(pixels, width, height).encode_simple(false, WEBP_QUALITY);
            file.extend_from_slice(&encoded.map_err(|_| Error::Unreadable)?);
            Ok(())
        }
    };
    encoded.map_err(|_| Error::Unreadable)?;
    Ok(file)
}

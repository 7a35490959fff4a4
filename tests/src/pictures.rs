//! Files that are pictures, and some that only look like it.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgba, RgbaImage};

/// Red on the left and blue on the right, darker towards the bottom: so that a picture which was turned can be told. `seed` makes
/// other bytes of the same picture.
pub fn drawn(width: u32, height: u32, seed: u8) -> RgbaImage {
    RgbaImage::from_fn(width, height, |x, y| {
        let light = u8::try_from(255 - 120 * y / height).unwrap_or(u8::MAX);
        let side = if x * 2 < width { [light, seed, 0] } else { [0, seed, light] };
        Rgba([side[0], side[1], side[2], u8::MAX])
    })
}

pub fn png(width: u32, height: u32, seed: u8) -> Vec<u8> {
    write(&DynamicImage::ImageRgba8(drawn(width, height, seed)), ImageFormat::Png)
}

/// Its right half can be seen through.
pub fn png_with_holes(width: u32, height: u32) -> Vec<u8> {
    let mut pixels = drawn(width, height, 0);
    for (x, _, pixel) in pixels.enumerate_pixels_mut() {
        if x * 2 >= width {
            pixel.0[3] = 0;
        }
    }
    write(&DynamicImage::ImageRgba8(pixels), ImageFormat::Png)
}

pub fn jpeg(width: u32, height: u32, seed: u8) -> Vec<u8> {
    write(&DynamicImage::ImageRgba8(drawn(width, height, seed)).into_rgb8().into(), ImageFormat::Jpeg)
}

pub fn gif(width: u32, height: u32) -> Vec<u8> {
    write(&DynamicImage::ImageRgba8(drawn(width, height, 0)), ImageFormat::Gif)
}

/// A JPEG as a camera held on its side writes it: to be turned by a quarter, and telling where it was taken (`words`).
pub fn jpeg_of_a_camera(width: u32, height: u32, words: &str) -> Vec<u8> {
    let file = jpeg(width, height, 0);
    let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0".to_vec();
    // Orientation (0x0112), a short, one of it: 6.
    exif.extend_from_slice(&[0x12, 0x01, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0]);
    exif.extend_from_slice(words.as_bytes());
    let length = u16::try_from(exif.len() + 2).expect("a short segment").to_be_bytes();
    [&file[..2], &[0xff, 0xe1], &length, &exif, &file[2..]].concat()
}

/// What a file shows, as who looks at it sees it.
pub fn decoded(file: &[u8]) -> RgbaImage {
    image::load_from_memory(file).expect("a picture").into_rgba8()
}

fn write(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut file = Vec::new();
    picture.write_to(&mut Cursor::new(&mut file), format).expect("a file");
    file
}

//! A drawn card for a demo product, as a PNG: the same for the same name.

const SIDE: u32 = 320;
/// Paper, shape, shade.
const COLOURS: [[[u8; 3]; 3]; 8] = [
    [[236, 228, 216], [196, 120, 84], [120, 68, 48]],
    [[222, 232, 236], [84, 136, 164], [44, 76, 96]],
    [[228, 236, 224], [112, 156, 104], [60, 92, 60]],
    [[240, 228, 230], [188, 108, 124], [108, 52, 68]],
    [[234, 230, 240], [136, 120, 176], [76, 64, 112]],
    [[240, 236, 220], [208, 168, 72], [128, 96, 32]],
    [[224, 236, 234], [80, 160, 148], [40, 92, 88]],
    [[232, 232, 232], [132, 132, 136], [68, 68, 76]],
];

pub(super) fn png(slug: &str) -> Vec<u8> {
    let sum = slug.bytes().fold(7_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
    let colours = COLOURS[usize::try_from(sum % 8).unwrap_or_default()];
    let (shape, size) = (sum / 8 % 3, 70 + sum / 24 % 40);
    let mut rows = Vec::new();
    for y in 0..SIDE {
        // No filter; a byte a pixel.
        rows.push(0);
        rows.extend((0..SIDE).map(|x| pixel(shape, size, (x, y))));
    }
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut file, *b"IHDR", &[&SIDE.to_be_bytes()[..], &SIDE.to_be_bytes(), &[8, 3, 0, 0, 0]].concat());
    chunk(&mut file, *b"PLTE", colours.as_flattened());
    chunk(&mut file, *b"IDAT", &stored(&rows));
    chunk(&mut file, *b"IEND", &[]);
    file
}

/// Which colour: a disc, a block or a ring on a table.
fn pixel(shape: u32, size: u32, (x, y): (u32, u32)) -> u8 {
    let (across, down) = (x.abs_diff(SIDE / 2), y.abs_diff(SIDE / 2 - 20));
    let far = across * across + down * down;
    let is_shape = match shape {
        0 => far < size * size,
        1 => across < size && down < size * 4 / 5,
        _ => (size * size / 4..size * size).contains(&far),
    };
    if is_shape {
        1
    } else if y > SIDE - 60 {
        2
    } else {
        0
    }
}

/// zlib without compression (RFC 1950, 1951).
fn stored(bytes: &[u8]) -> Vec<u8> {
    let mut stream = vec![0x78, 0x01];
    let mut blocks = bytes.chunks(0xffff).peekable();
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).unwrap_or_default();
        stream.push(u8::from(blocks.peek().is_none()));
        stream.extend_from_slice(&length.to_le_bytes());
        stream.extend_from_slice(&(!length).to_le_bytes());
        stream.extend_from_slice(block);
    }
    let (low, high) = bytes.iter().fold((1_u32, 0_u32), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % 65_521;
        (low, (high + low) % 65_521)
    });
    stream.extend_from_slice(&((high << 16) | low).to_be_bytes());
    stream
}

fn chunk(file: &mut Vec<u8>, kind: [u8; 4], body: &[u8]) {
    file.extend_from_slice(&u32::try_from(body.len()).unwrap_or_default().to_be_bytes());
    let checked = [&kind[..], body].concat();
    file.extend_from_slice(&checked);
    let sum = !checked.iter().fold(!0_u32, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 })
    });
    file.extend_from_slice(&sum.to_be_bytes());
}

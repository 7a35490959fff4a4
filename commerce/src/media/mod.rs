//! Pictures that a store uploads or has fetched: kept as they came, shown as we have made them anew.
//!
//! Promises
//! - What a file is, its content says, never its name or what the sender calls it. JPEG, PNG, WebP and GIF are taken (of an
//!   animation its first picture); SVG and everything else is refused.
//! - Nothing that came from outside is ever served: what is shown was decoded to pixels and encoded by us, upright, in sRGB and
//!   without a word of what else the file held. The original is kept, for pictures that are made anew, and has no address.
//! - How large a picture is stands in its head and is judged before a pixel is decoded.
//! - Equal bytes are kept once in a store; two stores never share an object. Keys are made of our ids alone ([`Objects`]).
//! - What an address of a picture shows never changes: its name holds a hash of what it was made of and how.
//! - A row comes after its object, and goes before it. A process that dies in between leaves an object that nobody knows, never a
//!   row without its object; [`collect_garbage`] finds those.
//!
//! Uses: nothing of the store's other capabilities; the catalogue refers to media by id.

mod collect_garbage;
mod content;
mod error;
mod events;
mod library;
mod make_variants;
mod objects;
mod original;
mod picture;
mod render;

pub use collect_garbage::{Swept, collect_garbage, remove_objects, tenants_with_media};
pub use content::{Format, MOST_BYTES};
pub use error::Error;
pub use events::{MediaDeleted, MediaUploaded};
pub use library::{Held, Media, Status, change_focal_point, delete, find, hold, list, pictures, record};
pub use make_variants::{Renderer, Turn, make_variants};
pub use objects::{Found, MediaConfig, Objects};
pub use original::{Original, Placed, place};
pub use picture::{Encoding, FocalPoint, Picture, Source, encoding_named};

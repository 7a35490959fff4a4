//! What answers are made of: ids, money, pages; and the shapes of an answer. `commerce` knows none of these.

mod address;
mod answer;
mod attribute;
mod collection;
mod id;
mod lines;
mod money;
mod moved;
mod page;
mod patch;
mod picture;
mod support_session;

pub use address::Address;
pub use answer::{Accepted, Answer, Created, Json, NoContent, Tagged};
pub use attribute::{Attribute, AttributeKind};
pub use collection::{CollectionRule, CollectionSort};
pub use id::Id;
pub(crate) use id::id_schema;
pub use lines::Lines;
pub use money::Money;
pub use moved::HereOrMoved;
pub use page::Page;
pub use patch::Patch;
pub(crate) use picture::with_pictures_at;
pub use picture::{FocalPoint, PictureSource, PictureUrl};
pub use support_session::SupportSession;

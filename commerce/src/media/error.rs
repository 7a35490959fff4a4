use std::time::Duration;

use sea_orm::DbErr;

use crate::{
    fault::{Fault, FieldFault, Kind},
    ids::MediaId,
    outside,
    page::CursorError,
};

/// Why something about a picture was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no picture {0}")]
    NotFound(MediaId),
    #[error("the picture is used; take it off the products that show it first")]
    InUse,
    #[error("an SVG is a document that can hold programs: send JPEG, PNG, WebP or GIF")]
    SvgRefused,
    #[error("the file is none of JPEG, PNG, WebP and GIF, or is damaged")]
    Unreadable,
    #[error("the picture has {pixels} pixels; {most} are taken")]
    TooManyPixels { pixels: u64, most: u64 },
    #[error("the file is larger than {0} bytes")]
    TooLarge(usize),
    /// The address cannot be called, or answered with no file.
    #[error("the picture could not be fetched: {0}")]
    Unfetchable(String),
    /// As before, but it may be fetched another time.
    #[error("the picture could not be fetched now: {0}")]
    Unfetched(String),
    #[error("{}", .0.detail)]
    Invalid(FieldFault),
    /// Its cause names places of ours: it is for logs and operators, and not part of the sentence.
    #[error("the place where pictures are kept does not answer; try again")]
    Store(#[from] object_store::Error),
    #[error("the work on a picture was stopped")]
    Stopped,
    #[error(transparent)]
    Cursor(#[from] CursorError),
    #[error(transparent)]
    Database(#[from] DbErr),
}

impl Error {
    /// About the file itself: no other try at it goes better.
    pub fn is_about_the_file(&self) -> bool {
        matches!(self, Self::SvgRefused | Self::Unreadable | Self::TooManyPixels { .. } | Self::TooLarge(_))
    }

    /// Another try may go better, later.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unfetched(_)) || self.kind() == Kind::Unavailable
    }
}

impl From<outside::Error> for Error {
    fn from(error: outside::Error) -> Self {
        match error {
            outside::Error::TooLarge(most) => Self::TooLarge(most),
            outside::Error::Refused(_) => Self::Unfetchable(error.to_string()),
            outside::Error::TooSlow | outside::Error::Failed(_) => Self::Unfetched(error.to_string()),
        }
    }
}

impl From<FieldFault> for Error {
    fn from(fault: FieldFault) -> Self {
        Self::Invalid(fault)
    }
}

impl Fault for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::NotFound(_) => Kind::NotFound,
            Self::InUse => Kind::Conflict,
            Self::SvgRefused
            | Self::Unreadable
            | Self::TooManyPixels { .. }
            | Self::Unfetchable(_)
            | Self::Unfetched(_)
            | Self::Invalid(_) => Kind::Invalid,
            Self::TooLarge(_) => Kind::TooLarge,
            Self::Store(_) | Self::Stopped => Kind::Unavailable,
            Self::Cursor(error) => error.kind(),
            Self::Database(error) => error.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "media.not_found",
            Self::InUse => "media.in_use",
            Self::SvgRefused => "media.svg_refused",
            Self::Unreadable => "media.unreadable",
            Self::TooManyPixels { .. } => "media.too_many_pixels",
            Self::TooLarge(_) => "media.too_large",
            Self::Unfetchable(_) => "media.unfetchable",
            Self::Unfetched(_) => "media.unfetched",
            Self::Invalid(_) => "media.invalid",
            Self::Store(_) | Self::Stopped => "media.unavailable",
            Self::Cursor(error) => error.code(),
            Self::Database(error) => error.code(),
        }
    }

    fn fields(&self) -> Vec<FieldFault> {
        match self {
            Self::Unfetchable(_) | Self::Unfetched(_) => vec![FieldFault::new("/url", "unfetchable", self.to_string())],
            // The body is the file: the fault is in the whole of it.
            Self::SvgRefused | Self::Unreadable | Self::TooManyPixels { .. } => {
                vec![FieldFault::new("", self.code().trim_start_matches("media."), self.to_string())]
            }
            Self::Invalid(fault) => vec![fault.clone()],
            Self::Cursor(error) => error.fields(),
            _ => Vec::new(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Store(_) | Self::Stopped => Some(Duration::from_secs(5)),
            Self::Database(error) => error.retry_after(),
            _ => None,
        }
    }
}

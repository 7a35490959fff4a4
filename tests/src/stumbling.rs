//! A store of files that stops to answer after so many calls that change something: the instants at which a process may die.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use async_trait::async_trait;
use commerce::media::Objects;
use futures::{StreamExt, stream::BoxStream};
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions, PutOptions,
    PutPayload, PutResult, Result, local::LocalFileSystem, path::Path,
};

/// Cheap to clone; clones stumble together.
#[derive(Clone, Debug)]
pub struct Stumbling {
    folder: Arc<LocalFileSystem>,
    left: Arc<AtomicI64>,
}

impl Stumbling {
    /// On a folder, and not before it is told to.
    pub fn in_folder(folder: &std::path::Path) -> Self {
        let folder = LocalFileSystem::new_with_prefix(folder).expect("a folder");
        Self { folder: Arc::new(folder), left: Arc::new(AtomicI64::new(i64::MAX)) }
    }

    pub fn objects(&self) -> Objects {
        Objects::of(self.clone())
    }

    /// Answers so many calls more.
    pub fn after(&self, calls: i64) {
        self.left.store(calls, Ordering::SeqCst);
    }

    fn step(&self) -> Result<()> {
        if self.left.fetch_sub(1, Ordering::SeqCst) > 0 {
            return Ok(());
        }
        Err(Error::Generic { store: "stumbling", source: "the process is gone".into() })
    }
}

impl fmt::Display for Stumbling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stumbling")
    }
}

#[async_trait]
impl ObjectStore for Stumbling {
    async fn put_opts(&self, location: &Path, payload: PutPayload, opts: PutOptions) -> Result<PutResult> {
        self.step()?;
        self.folder.put_opts(location, payload, opts).await
    }

    async fn put_multipart_opts(&self, location: &Path, opts: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        self.step()?;
        self.folder.put_multipart_opts(location, opts).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.folder.get_opts(location, options).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let this = self.clone();
        let judged = locations.map(move |location| this.step().and(location)).boxed();
        self.folder.delete_stream(judged)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.folder.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.folder.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.step()?;
        self.folder.copy_opts(from, to, options).await
    }
}

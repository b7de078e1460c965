//! Reads ranges of one file of history out of its object store.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};

/// A file of history.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    objects: Arc<dyn ObjectStore>,
    path: Path,
    bytes: u64,
}

impl Reader {
    /// The file at `path`, of so many bytes.
    pub(crate) fn new(objects: &Arc<dyn ObjectStore>, path: &Path, bytes: u64) -> Self {
        Self {
            objects: Arc::clone(objects),
            path: path.clone(),
            bytes,
        }
    }
}

fn failed(error: object_store::Error) -> ParquetError {
    ParquetError::External(Box::new(error))
}

impl AsyncFileReader for Reader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes>> {
        async move {
            self.objects
                .get_range(&self.path, range)
                .await
                .map_err(failed)
        }
        .boxed()
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, Result<Vec<Bytes>>> {
        async move {
            self.objects
                .get_ranges(&self.path, &ranges)
                .await
                .map_err(failed)
        }
        .boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        _: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>>> {
        let bytes = self.bytes;
        async move {
            Ok(Arc::new(
                ParquetMetaDataReader::new()
                    .load_and_finish(self, bytes)
                    .await?,
            ))
        }
        .boxed()
    }
}

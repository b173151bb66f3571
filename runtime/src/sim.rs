//! The simulator.

use std::{convert::Infallible, net::SocketAddr, path::Path, pin::Pin, task::{Context, Poll}};
use bytes::Bytes;
use crate::{Result, fs::{Buf, DirEntry, OpenOptions}, shards::ShardId};
pub(crate) struct Here(Infallible);
pub(crate) fn current() -> Option<Here> { None }
#[allow(unused_variables, clippy::unused_async)]
impl Here {
    pub(crate) fn now_ns(&self) -> u64 { match self.0 {} }
    pub(crate) fn wall_ms(&self) -> i64 { match self.0 {} }
    pub(crate) fn sleep_until(&self, d: u64) -> time::Timer { match self.0 {} }
    pub(crate) fn spawn<F: Future>(&self, f: F) -> task::Task<F::Output> { match self.0 {} }
    pub(crate) fn shard(&self) -> ShardId { match self.0 {} }
    pub(crate) fn is_alive(&self) -> bool { match self.0 {} }
    pub(crate) fn random(&self) -> u64 { match self.0 {} }
    pub(crate) async fn terminated(&self) { match self.0 {} }
    pub(crate) async fn cross_shards(&self) { match self.0 {} }
    pub(crate) async fn open(&self, p: &Path, o: &OpenOptions) -> Result<file::File> { match self.0 {} }
    pub(crate) async fn create_dir_all(&self, p: &Path) -> Result<()> { match self.0 {} }
    pub(crate) async fn sync_dir(&self, p: &Path) -> Result<()> { match self.0 {} }
    pub(crate) async fn remove_file(&self, p: &Path) -> Result<()> { match self.0 {} }
    pub(crate) async fn remove_dir_all(&self, p: &Path) -> Result<()> { match self.0 {} }
    pub(crate) async fn rename(&self, p: &Path, q: &Path) -> Result<()> { match self.0 {} }
    pub(crate) async fn list(&self, p: &Path) -> Result<Vec<DirEntry>> { match self.0 {} }
    pub(crate) async fn exists(&self, p: &Path) -> Result<bool> { match self.0 {} }
    pub(crate) async fn free_space(&self, p: &Path) -> Result<u64> { match self.0 {} }
    pub(crate) async fn lock(&self, p: &Path) -> Result<disk::Lock> { match self.0 {} }
    pub(crate) fn listen(&self, a: SocketAddr, r: bool) -> Result<net::Listener> { match self.0 {} }
    pub(crate) async fn connect(&self, a: SocketAddr) -> Result<net::Stream> { match self.0 {} }
}
pub(crate) mod time {
    use super::*;
    pub(crate) struct Timer(Infallible);
    impl Future for Timer { type Output = (); fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> { match self.0 {} } }
}
pub(crate) mod task {
    use super::*;
    pub(crate) struct Task<T>(Infallible, std::marker::PhantomData<T>);
    impl<T> Task<T> { pub(crate) fn detach(self) { match self.0 {} } }
    impl<T> Unpin for Task<T> {}
    impl<T> Future for Task<T> { type Output = T; fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<T> { match self.0 {} } }
}
pub(crate) mod disk { pub(crate) struct Lock(#[allow(dead_code)] super::Infallible); }
pub(crate) mod file {
    use super::*;
    pub(crate) struct File(Infallible);
    #[allow(unused_variables, clippy::unused_async)]
    impl File {
        pub(crate) async fn write_at(&self, b: Buf, p: u64) -> Result<Buf> { match self.0 {} }
        pub(crate) async fn read_at(&self, p: u64, l: usize) -> Result<Bytes> { match self.0 {} }
        pub(crate) async fn sync(&self) -> Result<()> { match self.0 {} }
        pub(crate) fn len(&self) -> Result<u64> { match self.0 {} }
        pub(crate) async fn allocate(&self, p: u64) -> Result<()> { match self.0 {} }
        pub(crate) async fn truncate(&self, p: u64) -> Result<()> { match self.0 {} }
        pub(crate) async fn close(self) -> Result<()> { match self.0 {} }
        pub(crate) fn is_direct(&self) -> bool { match self.0 {} }
    }
}
pub(crate) mod net {
    use super::*;
    pub(crate) struct Listener(Infallible);
    impl Listener {
        pub(crate) async fn accept(&self) -> Result<Stream> { match self.0 {} }
        pub(crate) fn local_addr(&self) -> SocketAddr { match self.0 {} }
    }
    pub(crate) struct Stream(Infallible);
    impl Stream {
        pub(crate) fn peer_addr(&self) -> SocketAddr { match self.0 {} }
        pub(crate) fn local_addr(&self) -> SocketAddr { match self.0 {} }
        pub(crate) fn split(self) -> (ReadHalf, WriteHalf) { match self.0 {} }
    }
    pub(crate) struct ReadHalf(Infallible);
    impl ReadHalf { pub(crate) async fn read(&mut self, _: &mut [u8]) -> Result<usize> { match self.0 {} } }
    pub(crate) struct WriteHalf(Infallible);
    impl WriteHalf {
        pub(crate) async fn write_slices(&mut self, _: &[&[u8]]) -> Result<()> { match self.0 {} }
        pub(crate) fn shutdown(&mut self) -> Result<()> { match self.0 {} }
    }
}

//! What connections need of the room above the socket: `api` in the broker, a script in the tests of this room.

use std::rc::Rc;

use bytes::BytesMut;

use crate::api::answers::Answers;
use crate::api::{self, Close, ConnInfo, Context, Started};
use crate::metrics::Metrics;

/// Takes requests and answers them.
pub trait Requests: 'static {
    /// Starts one request: see [`api::dispatch`].
    fn start(
        &self,
        conn: &Rc<ConnInfo>,
        frame: BytesMut,
    ) -> impl Future<Output = Result<Started, Close>>;

    /// Whether this request may start while others, all of which may too, are under way on its connection.
    fn pipelines(&self, frame: &[u8]) -> bool;

    /// A connection has ended.
    fn ended(&self, conn: &ConnInfo);

    /// Where connections count.
    fn metrics(&self) -> &Rc<Metrics>;

    /// Where answers are counted until they are sent.
    fn answers(&self) -> &Rc<Answers>;
}

impl Requests for Rc<Context> {
    async fn start(&self, conn: &Rc<ConnInfo>, frame: BytesMut) -> Result<Started, Close> {
        api::dispatch(self, conn, frame).await
    }

    fn pipelines(&self, frame: &[u8]) -> bool {
        api::is_produce(frame)
    }

    fn ended(&self, conn: &ConnInfo) {
        self.connection_ended(conn.id);
    }

    fn metrics(&self) -> &Rc<Metrics> {
        &self.metrics
    }

    fn answers(&self) -> &Rc<Answers> {
        &self.answers
    }
}

//! The cluster's nodes as a client of one listener reaches them.

use crate::api::{Endpoint, RequestMeta};
use crate::metadata::{Broker, Image};

/// The nodes that clients of one connection can be sent to.
pub struct Reachable<'a> {
    image: &'a Image,
    here: Endpoint,
    listener: Option<&'a str>,
}

impl<'a> Reachable<'a> {
    /// As seen from the connection of this request.
    pub fn new(image: &'a Image, meta: &RequestMeta) -> Reachable<'a> {
        Reachable::from(image, (*meta.conn.advertised).clone())
    }

    /// As seen from a listener of this node that tells its clients to connect to `here`.
    pub fn from(image: &'a Image, here: Endpoint) -> Reachable<'a> {
        let own = image
            .brokers
            .get(&image.node)
            .into_iter()
            .flat_map(|broker| &broker.endpoints);
        let same = |endpoint: &crate::metadata::Endpoint| {
            endpoint.host == here.host && endpoint.port == here.port
        };
        let listener = own
            .clone()
            .find(|(_, endpoint)| same(endpoint))
            .or_else(|| own.clone().next());
        let listener = listener.map(|(name, _)| name.as_str());
        Reachable {
            image,
            here,
            listener,
        }
    }

    /// Every node with the address of it, by id. This node is always among them.
    pub fn all(&self) -> impl Iterator<Item = (&'a Broker, Endpoint)> {
        self.image
            .brokers
            .values()
            .filter_map(|broker| Some((broker, self.address(broker)?)))
    }

    /// Whether the node of this id can be reached.
    pub fn has(&self, node: ottla_protocol::ids::NodeId) -> bool {
        self.image
            .brokers
            .get(&node)
            .is_some_and(|broker| self.address(broker).is_some())
    }

    fn address(&self, broker: &Broker) -> Option<Endpoint> {
        if broker.id == self.image.node {
            return Some(self.here.clone());
        }
        let endpoint = broker.endpoints.get(self.listener?)?;
        Some(Endpoint {
            host: endpoint.host.clone(),
            port: endpoint.port,
        })
    }
}

//! What the proxy speaks: HTTP as the RFCs have it, to clients and platforms that keep to it and that do not.

mod bodies;
mod framing;
mod hop;
mod platform_replies;
mod refused;
mod stage;
mod upgrades;
mod wire;

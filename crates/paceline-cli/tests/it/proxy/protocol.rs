//! What the proxy speaks: HTTP as the RFCs have it, to clients and platforms that keep to it and that do not.

mod bodies;
mod frames;
mod framing;
mod hop;
mod http2_clients;
mod http2_frames;
mod http2_platform;
mod platform_replies;
mod refused;
mod stage;
mod tls;
mod upgrades;
mod wire;

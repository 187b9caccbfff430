//! The proxy between clients and a stand-in, over real sockets.

mod admin;

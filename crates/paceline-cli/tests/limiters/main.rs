//! Limiters that we did not write: nginx's `limit_req` and express-rate-limit, on loopback, against the program itself.
//!
//! They need nginx, and Node.js with npm and its registry; they fail without: `cargo xtask slow limiters`. NGINX names nginx
//! when it is not on the path. The stand-in needs neither, but a machine that is not busy: `cargo xtask slow sockets`.

#[cfg(test)]
mod express;
#[cfg(test)]
mod nginx;
#[cfg(test)]
mod program;
#[cfg(test)]
mod server;
#[cfg(test)]
mod stand_in;
#[cfg(test)]
mod verdict;

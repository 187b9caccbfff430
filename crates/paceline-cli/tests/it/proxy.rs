//! The proxy, from outside.

mod admin;
mod faults;

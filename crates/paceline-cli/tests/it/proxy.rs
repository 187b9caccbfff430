//! The proxy, from outside.

mod faults;

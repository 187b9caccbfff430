//! `paceline proxy`, between clients and platforms that say exactly what a test wants.

mod admin;
mod faults;
mod protocol;
mod traces;

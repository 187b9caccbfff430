//! `paceline proxy`, between clients and platforms that say exactly what a test wants.

mod faults;
mod protocol;

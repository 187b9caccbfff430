//! `paceline lab`: plays strategies in virtual time, ranks them, finds Paceline's best settings, and says so in words and
//! pictures.

pub mod answer;
pub mod configuration;
pub mod measure;
pub mod outcome;
pub mod paceline;
pub mod page;
pub mod proof;
pub mod ranking;
pub mod real;
pub mod search;
pub mod sockets;
pub mod statistics;
pub mod study;
pub mod sweep;
pub mod table;

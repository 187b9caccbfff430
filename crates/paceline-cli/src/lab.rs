//! `paceline lab`: plays strategies in virtual time, ranks them, finds Paceline's best settings, and says so in words and
//! pictures.

pub mod outcome;
pub mod real;

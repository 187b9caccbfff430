//! The parts of the program, from outside.

#[cfg(test)]
#[cfg(unix)]
mod crash;
#[cfg(test)]
mod journal;
#[cfg(test)]
mod records;
#[cfg(test)]
mod report;
#[cfg(test)]
mod same_trace;
#[cfg(test)]
mod settings;
#[cfg(test)]
mod stand_in;
#[cfg(test)]
mod templates;

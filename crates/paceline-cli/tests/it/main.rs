//! The parts of the program, from outside.

#[cfg(test)]
mod bad_input;
#[cfg(test)]
#[cfg(unix)]
mod crash;
#[cfg(test)]
mod desk;
#[cfg(test)]
mod journal;
#[cfg(test)]
mod lab;
#[cfg(test)]
mod probe;
#[cfg(test)]
mod profiles;
#[cfg(test)]
mod proxy;
#[cfg(test)]
mod records;
#[cfg(test)]
mod report;
#[cfg(test)]
mod run_at_fault;
#[cfg(test)]
mod same_trace;
#[cfg(test)]
mod scenarios;
#[cfg(test)]
mod scripted;
#[cfg(test)]
mod settings;
#[cfg(test)]
mod stand_in;
#[cfg(test)]
mod sync_cli;
#[cfg(test)]
mod sync_replies;
#[cfg(test)]
mod templates;

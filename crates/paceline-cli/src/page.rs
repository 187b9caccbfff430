//! What every page of the program has in common: it is one file, whole or not there, and text in it is never markup.

mod escaped;
mod whole;

pub(crate) use escaped::Escaped;
pub(crate) use whole::save;

/// The chart library, which is not ours (`assets/uplot/LICENSE`).
pub(crate) const UPLOT: &str = include_str!("../assets/uplot/uPlot.iife.min.js");
pub(crate) const UPLOT_STYLE: &str = include_str!("../assets/uplot/uPlot.min.css");

/// Light and dark, for people who see few colours too.
pub(crate) const COLOURS: &str = include_str!("page/colours.css");
/// What stands where.
pub(crate) const SHEET: &str = include_str!("page/sheet.css");
pub(crate) const CHARTS_STYLE: &str = include_str!("page/charts.css");
/// Wants a button of the id `theme`, and comes before everything that draws.
pub(crate) const THEME: &str = include_str!("page/theme.js");
/// Wants the chart library and the theme.
pub(crate) const PLOT: &str = include_str!("page/plot.js");

//! What a call costs.

use std::num::NonZeroU32;

use paceline_core::Cost;

use super::error::{TemplateError, TemplateFault};
use super::escape::Escape;
use super::part::Part;
use crate::origin::Text;

/// What a call takes from each quota: a number, or a template of one.
#[derive(Debug)]
pub(super) enum CallCost {
    Fixed(Cost),
    Changing(Part),
}

impl CallCost {
    /// Compiles `text`; without it, a call costs 1.
    pub(super) fn compile(text: Option<&Text>) -> Result<Self, TemplateError> {
        let Some(text) = text else { return Ok(Self::Fixed(Cost::ONE)) };
        let part = Part::compile("cost", text, Escape::Plain)?;
        match part.fixed() {
            Some(text) => cost(text).map(Self::Fixed).map_err(|fault| part.error(fault, None)),
            None => Ok(Self::Changing(part)),
        }
    }

    /// The template, if it is one.
    pub(super) fn part(&self) -> Option<&Part> {
        match self {
            Self::Fixed(_) => None,
            Self::Changing(part) => Some(part),
        }
    }

    /// The cost of a call, its template as `render` renders it.
    pub(super) fn render(
        &self,
        render: impl Fn(&Part) -> Result<String, TemplateError>,
    ) -> Result<Cost, TemplateError> {
        match self {
            Self::Fixed(cost) => Ok(*cost),
            Self::Changing(part) => cost(&render(part)?).map_err(|fault| part.error(fault, None)),
        }
    }
}

/// A whole number from 1 on; what has decimals is rounded up.
fn cost(text: &str) -> Result<Cost, TemplateFault> {
    let wrong = || TemplateFault::NotCost(text.trim().to_owned());
    let number: f64 = text.trim().parse().map_err(|_| wrong())?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is within the bounds of the type"
    )]
    let whole = (number > 0.0 && number <= f64::from(u32::MAX)).then(|| number.ceil() as u32);
    whole.and_then(NonZeroU32::new).map(Cost).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cost_is_a_number_above_0() {
        let units = |text| cost(text).map(|cost| cost.0.get()).ok();
        let cases = [
            ("1", Some(1)),
            (" 40 ", Some(40)),
            ("2.0", Some(2)),
            ("0.1", Some(1)),
            ("4294967295", Some(u32::MAX)),
        ];
        for (text, expected) in cases {
            assert_eq!(units(text), expected, "{text}");
        }
        for text in ["", "0", "-1", "NaN", "inf", "4294967296", "many", "1 2"] {
            assert_eq!(units(text), None, "{text}");
        }
    }
}

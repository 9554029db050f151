//! Jinja templates as Python's Jinja2 runs them under transformers: ImmutableSandboxedEnvironment with trim_blocks,
//! lstrip_blocks, loop controls and the tag `generation`. What a template may use is limited (budget.rs), and what Jinja2
//! refuses is refused. The values are Python's (value.rs), since that is what templates are written and tested with.

use std::fmt;

mod arguments;
mod attributes;
mod budget;
mod calls;
mod checks;
mod clock;
mod display;
mod evaluate;
mod expressions;
mod filters;
mod format;
mod json;
mod lexer;
mod methods;
mod number;
mod operators;
mod parser;
mod percent;
mod run;
mod sequence_filters;
mod sequences;
mod state;
mod syntax;
mod targets;
mod text_filters;
mod text_format;
mod text_methods;
mod text_splits;
mod unicode;
mod value;

/// Why a template cannot be rendered.
#[derive(Clone, Debug)]
pub struct Fail {
    line: u32, // 0: not known yet
    why: String,
}

pub type Result<T> = std::result::Result<T, Fail>;

impl Fail {
    pub fn new(why: impl Into<String>) -> Fail {
        let why = why.into();
        Fail { line: 0, why }
    }
    /// The same at a line, if none is known.
    fn at(mut self, line: u32) -> Fail {
        if self.line == 0 {
            self.line = line;
        }
        self
    }
}

impl fmt::Display for Fail {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        match self.line {
            0 => write!(out, "{}", self.why),
            line => write!(out, "line {line}: {}", self.why),
        }
    }
}

impl std::error::Error for Fail {}

/// `template` rendered with the members of a JSON object; `now`, in seconds since 1970 (UTC), is what strftime_now tells.
pub fn render(template: &str, variables: &[u8], now: i64) -> Result<String> {
    let template = parser::parse(template)?;
    run::Run::new(template, now)?.render(variables)
}

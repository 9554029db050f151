//! What statements assign to, and the parameters of macros.

use std::rc::Rc;

use super::lexer::Token;
use super::parser::Parser;
use super::syntax::{Expression, Target};
use super::{Fail, Result};

impl Parser {
    pub fn parameters(&mut self) -> Result<Vec<(u32, Rc<str>, Option<Expression>)>> {
        self.expect_operator("(")?;
        let mut parameters: Vec<(u32, Rc<str>, Option<Expression>)> = Vec::new();
        while !self.is_operator(")") {
            if !parameters.is_empty() {
                self.expect_operator(",")?;
            }
            let name = self.expect_name()?;
            let symbol = self.symbol(&name)?;
            if parameters.iter().any(|(known, ..)| *known == symbol) {
                return Err(Fail::new(format!("the parameter '{name}' is repeated")));
            }
            let default = if self.skip_operator("=") {
                Some(self.expression()?)
            } else {
                None
            };
            if default.is_none() && parameters.last().is_some_and(|(_, _, before)| before.is_some()) {
                return Err(Fail::new("a parameter without a default follows one with a default"));
            }
            parameters.push((symbol, name, default));
        }
        self.next();
        Ok(parameters)
    }
    /// What can be assigned to, up to a name of `ends`.
    pub fn target(&mut self, ends: &[&str], with_namespace: bool) -> Result<Target> {
        let mut targets = Vec::new();
        let mut is_tuple = false;
        loop {
            if is_tuple && self.is_target_end(ends) {
                break;
            }
            targets.push(self.deeper(|parser| parser.single_target(with_namespace))?);
            if !self.skip_operator(",") {
                break;
            }
            is_tuple = true;
        }
        match targets.pop() {
            Some(target) if !is_tuple => Ok(target),
            last => Ok(Target::Tuple(targets.into_iter().chain(last).collect())),
        }
    }
    fn is_target_end(&self, ends: &[&str]) -> bool {
        matches!(self.current(), Token::BlockEnd)
            || self.is_operator(")")
            || self.is_operator("=")
            || ends.iter().any(|end| self.is_name(end))
    }
    fn single_target(&mut self, with_namespace: bool) -> Result<Target> {
        if self.skip_operator("(") {
            let target = self.target(&[], false)?;
            self.expect_operator(")")?;
            return Ok(target);
        }
        let name = self.expect_name()?;
        if matches!(&*name, "true" | "false" | "none" | "True" | "False" | "None") {
            return Err(Fail::new(format!("cannot assign to '{name}'")));
        }
        let symbol = self.symbol(&name)?;
        if with_namespace && self.skip_operator(".") {
            return Ok(Target::Attribute(symbol, self.expect_name()?));
        }
        Ok(Target::Name(symbol))
    }
}

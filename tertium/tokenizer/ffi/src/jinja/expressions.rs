//! The expressions of a template, by precedence as in Jinja2's grammar.

use std::rc::Rc;

use super::checks::TESTS;
use super::filters::FILTERS;
use super::lexer::Token;
use super::parser::Parser;
use super::syntax::*;
use super::value::{text, Value};
use super::{Fail, Result};

const DEEPEST: u32 = 500; // a + b + c + … nests to the left

impl Parser {
    fn node(&self, kind: Kind, line: u32) -> Result<Expression> {
        let depth = 1 + children(&kind).map(|child| child.depth).max().unwrap_or(0);
        if depth > DEEPEST {
            return Err(Fail::new(format!("an expression is nested more than {DEEPEST} deep")));
        }
        Ok(Expression { kind, line, depth })
    }

    pub fn expression(&mut self) -> Result<Expression> {
        self.deeper(Self::conditional)
    }

    /// a, b, … or one expression; without `with_conditional` an `if` ends it.
    pub fn tuple(&mut self, with_conditional: bool, ends: &[&str]) -> Result<Expression> {
        let line = self.line();
        let mut values = Vec::new();
        let mut is_tuple = false;
        loop {
            if is_tuple && self.is_tuple_end(ends) {
                break;
            }
            values.push(match with_conditional {
                true => self.expression()?,
                false => self.deeper(Self::or)?,
            });
            if !self.skip_operator(",") {
                break;
            }
            is_tuple = true;
        }
        match values.pop() {
            Some(value) if !is_tuple => Ok(value),
            last => self.node(Kind::Tuple(values.into_iter().chain(last).collect()), line),
        }
    }
    fn is_tuple_end(&self, ends: &[&str]) -> bool {
        matches!(self.current(), Token::PrintEnd | Token::BlockEnd)
            || self.is_operator(")")
            || ends.iter().any(|end| self.is_name(end))
    }

    fn conditional(&mut self) -> Result<Expression> {
        let known = self.unknown.len();
        let mut line = self.line();
        let mut value = self.or()?;
        while self.is_name("if") {
            self.next();
            let soft = std::mem::replace(&mut self.soft, true);
            self.unknown[known..].iter_mut().for_each(|(_, soft)| *soft = true);
            let test = self.or()?;
            let otherwise = if self.skip_name("else") {
                Some(self.deeper(Self::conditional)?)
            } else {
                None
            };
            self.soft = soft;
            value = self.node(Kind::Conditional(Box::new((test, value, otherwise))), line)?;
            line = self.line();
        }
        Ok(value)
    }

    fn or(&mut self) -> Result<Expression> {
        let line = self.line();
        let mut left = self.and()?;
        while self.skip_name("or") {
            let right = self.and()?;
            left = self.node(Kind::Or(Box::new((left, right))), line)?;
        }
        Ok(left)
    }
    fn and(&mut self) -> Result<Expression> {
        let line = self.line();
        let mut left = self.not()?;
        while self.skip_name("and") {
            let right = self.not()?;
            left = self.node(Kind::And(Box::new((left, right))), line)?;
        }
        Ok(left)
    }
    fn not(&mut self) -> Result<Expression> {
        let line = self.line();
        if self.skip_name("not") {
            let value = self.deeper(Self::not)?;
            return self.node(Kind::Not(Box::new(value)), line);
        }
        self.compare()
    }
    fn compare(&mut self) -> Result<Expression> {
        let line = self.line();
        let first = self.sum()?;
        let mut rest = Vec::new();
        loop {
            let comparison = match self.current() {
                Token::Operator("==") => Comparison::Equal,
                Token::Operator("!=") => Comparison::Unequal,
                Token::Operator("<") => Comparison::Less,
                Token::Operator("<=") => Comparison::LessOrEqual,
                Token::Operator(">") => Comparison::Greater,
                Token::Operator(">=") => Comparison::GreaterOrEqual,
                Token::Name(name) if &**name == "in" => Comparison::In,
                Token::Name(name)
                    if &**name == "not" && matches!(self.look(), Token::Name(next) if &**next == "in") =>
                {
                    self.next();
                    Comparison::NotIn
                }
                _ => break,
            };
            self.next();
            rest.push((comparison, self.sum()?));
        }
        match rest.is_empty() {
            true => Ok(first),
            false => self.node(Kind::Compare(Box::new(first), rest), line),
        }
    }
    fn binary(
        &mut self,
        operators: &[(&str, Operator)],
        part: fn(&mut Self) -> Result<Expression>,
    ) -> Result<Expression> {
        let line = self.line();
        let mut left = part(self)?;
        while let Some((_, operator)) = operators.iter().find(|(spelling, _)| self.is_operator(spelling)) {
            self.next();
            let right = part(self)?;
            left = self.node(Kind::Binary(*operator, Box::new((left, right))), line)?;
        }
        Ok(left)
    }
    fn sum(&mut self) -> Result<Expression> {
        self.binary(&[("+", Operator::Add), ("-", Operator::Subtract)], Self::concat)
    }
    fn concat(&mut self) -> Result<Expression> {
        let line = self.line();
        let first = self.multiple()?;
        if !self.is_operator("~") {
            return Ok(first);
        }
        let mut values = vec![first];
        while self.skip_operator("~") {
            values.push(self.multiple()?);
        }
        self.node(Kind::Concat(values), line)
    }
    fn multiple(&mut self) -> Result<Expression> {
        let operators = [
            ("*", Operator::Multiply),
            ("/", Operator::Divide),
            ("//", Operator::FloorDivide),
            ("%", Operator::Remainder),
        ];
        self.binary(&operators, Self::power)
    }
    fn power(&mut self) -> Result<Expression> {
        self.binary(&[("**", Operator::Power)], |parser| parser.unary(true))
    }
    fn unary(&mut self, with_filter: bool) -> Result<Expression> {
        let line = self.line();
        let is_minus = self.is_operator("-");
        let mut value = if is_minus || self.is_operator("+") {
            self.next();
            let value = self.deeper(|parser| parser.unary(false))?;
            self.node(Kind::Sign(is_minus, Box::new(value)), line)?
        } else {
            self.primary()?
        };
        value = self.postfix(value)?;
        if with_filter {
            value = self.filters_and_tests(value)?;
        }
        Ok(value)
    }

    fn primary(&mut self) -> Result<Expression> {
        let line = self.line();
        let kind = match self.current().clone() {
            Token::Name(name) => {
                self.next();
                match &*name {
                    "true" | "True" => Kind::Constant(Value::Bool(true)),
                    "false" | "False" => Kind::Constant(Value::Bool(false)),
                    "none" | "None" => Kind::Constant(Value::None),
                    _ => Kind::Name(self.used(&name)?),
                }
            }
            Token::Text(mut whole) => {
                self.next();
                while let Token::Text(more) = self.current() {
                    whole.push_str(more);
                    self.next();
                }
                Kind::Constant(text(whole))
            }
            Token::Int(number) => {
                self.next();
                Kind::Constant(Value::Int(number))
            }
            Token::Float(number) => {
                self.next();
                Kind::Constant(Value::Float(number))
            }
            Token::Operator("(") => {
                self.next();
                if self.skip_operator(")") {
                    return self.node(Kind::Tuple(Vec::new()), line);
                }
                let value = self.tuple(true, &[])?;
                self.expect_operator(")")?;
                return Ok(value);
            }
            Token::Operator("[") => {
                self.next();
                let mut values = Vec::new();
                while !self.skip_operator("]") {
                    values.push(self.expression()?);
                    if !self.is_operator("]") {
                        self.expect_operator(",")?;
                    }
                }
                Kind::List(values)
            }
            Token::Operator("{") => {
                self.next();
                let mut pairs = Vec::new();
                while !self.skip_operator("}") {
                    let key = self.expression()?;
                    self.expect_operator(":")?;
                    pairs.push((key, self.expression()?));
                    if !self.is_operator("}") {
                        self.expect_operator(",")?;
                    }
                }
                Kind::Dict(pairs)
            }
            _ => return self.unexpected("an expression"),
        };
        self.node(kind, line)
    }

    fn postfix(&mut self, mut value: Expression) -> Result<Expression> {
        loop {
            let line = self.line();
            let kind = if self.skip_operator(".") {
                match self.next() {
                    Token::Name(name) => Kind::Attribute(Box::new(value), name),
                    Token::Int(number) => {
                        let index = self.node(Kind::Constant(Value::Int(number)), line)?;
                        Kind::Item(Box::new((value, index)))
                    }
                    _ => return Err(Fail::new("expected a name or a number behind '.'")),
                }
            } else if self.skip_operator("[") {
                let index = self.subscript(line)?;
                Kind::Item(Box::new((value, index)))
            } else if self.is_operator("(") {
                Kind::Call(Box::new(value), self.arguments()?)
            } else {
                return Ok(value);
            };
            value = self.node(kind, line)?;
        }
    }
    fn subscript(&mut self, line: u32) -> Result<Expression> {
        let mut indices = Vec::new();
        while !self.skip_operator("]") {
            if !indices.is_empty() {
                self.expect_operator(",")?;
            }
            indices.push(self.index(line)?);
        }
        match indices.pop() {
            Some(index) if indices.is_empty() => Ok(index),
            last => self.node(Kind::Tuple(indices.into_iter().chain(last).collect()), line),
        }
    }
    fn index(&mut self, line: u32) -> Result<Expression> {
        let mut parts = [None, None, None];
        if !self.is_operator(":") {
            let index = self.expression()?;
            if !self.is_operator(":") {
                return Ok(index);
            }
            parts[0] = Some(index);
        }
        for part in &mut parts[1..] {
            if self.skip_operator(":") && !self.is_operator(":") && !self.is_operator("]") && !self.is_operator(",") {
                *part = Some(self.expression()?);
            }
        }
        self.node(Kind::Slice(Box::new(parts)), line)
    }

    fn filters_and_tests(&mut self, mut value: Expression) -> Result<Expression> {
        loop {
            let line = self.line();
            if self.is_operator("|") {
                match self.filters(Some(value), false)? {
                    Some(filtered) => value = filtered,
                    None => return self.unexpected("a filter"),
                }
            } else if self.skip_name("is") {
                value = self.test(value, line)?;
            } else if self.is_operator("(") {
                let kind = Kind::Call(Box::new(value), self.arguments()?);
                value = self.node(kind, line)?;
            } else {
                return Ok(value);
            }
        }
    }
    fn dotted_name(&mut self) -> Result<Rc<str>> {
        let mut name = self.expect_name()?;
        while self.skip_operator(".") {
            name = format!("{name}.{}", self.expect_name()?).into();
        }
        Ok(name)
    }
    /// |a|b…, or with `inline` a|b…; nothing if there is none.
    pub fn filters(&mut self, mut value: Option<Expression>, mut inline: bool) -> Result<Option<Expression>> {
        while inline || self.is_operator("|") {
            if !inline {
                self.next();
            }
            inline = false;
            let line = self.line();
            let name = self.dotted_name()?;
            if !FILTERS.contains(&&*name) {
                let fail = Fail::new(format!("there is no filter '{name}'")).at(line);
                self.unknown.push((fail, self.soft));
            }
            let arguments = if self.is_operator("(") {
                self.arguments()?
            } else {
                Arguments::default()
            };
            value = Some(self.node(Kind::Filter(value.map(Box::new), name, arguments), line)?);
        }
        Ok(value)
    }
    fn test(&mut self, value: Expression, line: u32) -> Result<Expression> {
        let negated = self.skip_name("not");
        let name = self.dotted_name()?;
        if !TESTS.contains(&&*name) {
            let fail = Fail::new(format!("there is no test '{name}'")).at(line);
            self.unknown.push((fail, self.soft));
        }
        let has_argument = match self.current() {
            Token::Name(name) if &**name == "is" => return Err(Fail::new("tests with 'is' cannot be chained")),
            Token::Name(name) => !matches!(&**name, "else" | "or" | "and"),
            Token::Text(_) | Token::Int(_) | Token::Float(_) => true,
            Token::Operator(operator) => matches!(*operator, "[" | "{"),
            _ => false,
        };
        let mut arguments = Arguments::default();
        if self.is_operator("(") {
            arguments = self.arguments()?;
        } else if has_argument {
            let argument = self.deeper(Self::primary)?;
            arguments.positional.push(self.postfix(argument)?);
        }
        let test = self.node(Kind::Test(Box::new(value), name, arguments), line)?;
        match negated {
            true => self.node(Kind::Not(Box::new(test)), line),
            false => Ok(test),
        }
    }

    fn arguments(&mut self) -> Result<Arguments> {
        self.expect_operator("(")?;
        let mut arguments = Arguments::default();
        let invalid = || Fail::new("the arguments of a call stand in a wrong order");
        while !self.skip_operator(")") {
            if self.skip_operator("*") {
                if arguments.more.is_some() || arguments.more_named.is_some() {
                    return Err(invalid());
                }
                arguments.more = Some(Box::new(self.expression()?));
            } else if self.skip_operator("**") {
                if arguments.more_named.is_some() {
                    return Err(invalid());
                }
                arguments.more_named = Some(Box::new(self.expression()?));
            } else if matches!(self.current(), Token::Name(_)) && *self.look() == Token::Operator("=") {
                let name = self.expect_name()?;
                self.next();
                if arguments.more_named.is_some() {
                    return Err(invalid());
                }
                if arguments.named.iter().any(|(known, _)| *known == name) {
                    return Err(Fail::new(format!("the argument '{name}' is repeated")));
                }
                arguments.named.push((name, self.expression()?));
            } else {
                if arguments.more.is_some() || arguments.more_named.is_some() || !arguments.named.is_empty() {
                    return Err(invalid());
                }
                arguments.positional.push(self.expression()?);
            }
            if !self.is_operator(")") {
                self.expect_operator(",")?;
            }
        }
        Ok(arguments)
    }
}

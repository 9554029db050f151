//! The statements of a template.

use std::rc::Rc;

use super::lexer::{normalized, tokens, Token};
use super::syntax::*;
use super::{Fail, Result};

pub const MOST_NESTED: u32 = 150; // of statements and parentheses; Python refuses 100 of them

pub struct Parser {
    tokens: Vec<(Token, u32)>,
    at: usize,
    pub nested: u32,
    names: Vec<Rc<str>>,
    blocks: Vec<(Rc<str>, Rc<Vec<Statement>>)>,
    loops: u32,                 // around what is read, inside of the same macro
    loop_uses: Vec<bool>,       // of each loop around: does it use the variable "loop"?
    macro_uses: Vec<[bool; 3]>, // of each macro around: caller, varargs, kwargs
    pub soft: bool,             // inside of an `if`: what is unknown is an error only where it is reached
    pub unknown: Vec<(Fail, bool)>,
}

pub fn parse(source: &str) -> Result<Template> {
    let mut parser = Parser {
        tokens: tokens(&normalized(source))?,
        at: 0,
        nested: 0,
        names: Vec::new(),
        blocks: Vec::new(),
        loops: 0,
        loop_uses: Vec::new(),
        macro_uses: Vec::new(),
        soft: false,
        unknown: Vec::new(),
    };
    let line = |parser: &Parser, fail: Fail| fail.at(parser.line());
    let body = parser.statements(&[]).map_err(|fail| line(&parser, fail))?;
    if let Some((fail, _)) = parser.unknown.into_iter().find(|(_, soft)| !soft) {
        return Err(fail);
    }
    Ok(Template {
        body,
        blocks: parser.blocks,
        names: parser.names,
    })
}

impl Parser {
    pub fn line(&self) -> u32 {
        self.tokens[self.at].1
    }
    pub fn current(&self) -> &Token {
        &self.tokens[self.at].0
    }
    pub fn look(&self) -> &Token {
        &self.tokens[(self.at + 1).min(self.tokens.len() - 1)].0
    }
    pub fn next(&mut self) -> Token {
        let token = self.current().clone();
        self.at = (self.at + 1).min(self.tokens.len() - 1);
        token
    }
    pub fn is_name(&self, name: &str) -> bool {
        matches!(self.current(), Token::Name(found) if **found == *name)
    }
    pub fn is_operator(&self, operator: &str) -> bool {
        matches!(self.current(), Token::Operator(found) if *found == operator)
    }
    pub fn skip_name(&mut self, name: &str) -> bool {
        let found = self.is_name(name);
        if found {
            self.next();
        }
        found
    }
    pub fn skip_operator(&mut self, operator: &str) -> bool {
        let found = self.is_operator(operator);
        if found {
            self.next();
        }
        found
    }
    pub fn unexpected<T>(&self, expected: &str) -> Result<T> {
        let found = match self.current() {
            Token::End => "the end of the template".to_owned(),
            Token::BlockEnd => "'%}'".to_owned(),
            Token::PrintEnd => "'}}'".to_owned(),
            Token::Name(name) => format!("'{name}'"),
            Token::Operator(operator) => format!("'{operator}'"),
            Token::Text(_) => "a text".to_owned(),
            _ => "a number".to_owned(),
        };
        Err(Fail::new(format!("expected {expected}, found {found}")))
    }
    pub fn expect_operator(&mut self, operator: &str) -> Result<()> {
        match self.skip_operator(operator) {
            true => Ok(()),
            false => self.unexpected(&format!("'{operator}'")),
        }
    }
    pub fn expect_name(&mut self) -> Result<Rc<str>> {
        match self.current() {
            Token::Name(_) => match self.next() {
                Token::Name(name) => Ok(name),
                _ => unreachable!("it was looked at"),
            },
            _ => self.unexpected("a name"),
        }
    }
    /// The number of a name; a variable's name must be one of Python's.
    pub fn symbol(&mut self, name: &Rc<str>) -> Result<u32> {
        if !super::unicode::is_identifier(name) {
            return Err(Fail::new("invalid character in a name"));
        }
        Ok(match self.names.iter().position(|known| known == name) {
            Some(at) => at as u32,
            None => {
                self.names.push(name.clone());
                self.names.len() as u32 - 1
            }
        })
    }
    /// A name that is read: some are only there where they are used.
    pub fn used(&mut self, name: &Rc<str>) -> Result<u32> {
        let use_of = |which: usize, uses: &mut Vec<[bool; 3]>| uses.iter_mut().for_each(|uses| uses[which] = true);
        match &**name {
            "loop" => self.loop_uses.iter_mut().for_each(|uses| *uses = true),
            "caller" => use_of(0, &mut self.macro_uses),
            "varargs" => use_of(1, &mut self.macro_uses),
            "kwargs" => use_of(2, &mut self.macro_uses),
            _ => {}
        }
        self.symbol(name)
    }
    /// Runs `read` one level deeper.
    pub fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.nested += 1;
        if self.nested > MOST_NESTED {
            return Err(Fail::new(format!("it is nested more than {MOST_NESTED} deep")));
        }
        let result = read(self);
        self.nested -= 1;
        result
    }

    /// Statements up to the tag of one of `ends`, which is not taken.
    fn statements(&mut self, ends: &[&str]) -> Result<Vec<Statement>> {
        let mut body = Vec::new();
        loop {
            let line = self.line();
            let kind = match self.current() {
                Token::Data(_) => match self.next() {
                    Token::Data(text) => StatementKind::Text(text.into()),
                    _ => unreachable!("it was looked at"),
                },
                Token::PrintBegin => {
                    self.next();
                    let value = self.tuple(true, &[])?;
                    if *self.current() != Token::PrintEnd {
                        return self.unexpected("'}}'");
                    }
                    self.next();
                    StatementKind::Print(value)
                }
                Token::End if ends.is_empty() => return Ok(body),
                Token::BlockBegin => {
                    self.next();
                    if ends.iter().any(|end| self.is_name(end)) {
                        return Ok(body);
                    }
                    if let Some(kind) = self.deeper(|parser| parser.statement(&mut body))? {
                        body.push(Statement { kind, line });
                    }
                    self.expect_block_end()?;
                    continue;
                }
                _ => return self.unexpected(&format!("{{% {} %}}", ends.join(" %} or {% "))),
            };
            body.push(Statement { kind, line });
        }
    }
    fn expect_block_end(&mut self) -> Result<()> {
        match self.current() {
            Token::BlockEnd => {
                self.next();
                Ok(())
            }
            _ => self.unexpected("'%}'"),
        }
    }
    /// The rest of an opening tag, and statements up to one of `ends`, whose name is taken.
    fn body(&mut self, ends: &[&str]) -> Result<(Vec<Statement>, Rc<str>)> {
        self.skip_operator(":");
        self.expect_block_end()?;
        let body = self.statements(ends)?;
        Ok((body, self.expect_name()?))
    }
    /// The same where an error in it counts even if it is not reached.
    fn hard_body(&mut self, ends: &[&str]) -> Result<(Vec<Statement>, Rc<str>)> {
        let soft = std::mem::replace(&mut self.soft, false);
        let result = self.body(ends);
        self.soft = soft;
        result
    }

    fn statement(&mut self, body: &mut Vec<Statement>) -> Result<Option<StatementKind>> {
        let line = self.line();
        let name = self.expect_name()?;
        Ok(Some(match &*name {
            "for" => self.for_loop()?,
            "if" => self.condition()?,
            "set" => self.set()?,
            "with" => self.with()?,
            "macro" => {
                let name = self.expect_name()?;
                StatementKind::Macro(Rc::new(self.callable(name, true, "endmacro")?))
            }
            "call" => {
                let parameters = if self.is_operator("(") {
                    self.parameters()?
                } else {
                    Vec::new()
                };
                let call = self.expression()?;
                if !matches!(call.kind, Kind::Call(..)) {
                    return Err(Fail::new("{% call %} takes a call"));
                }
                StatementKind::Call(
                    call,
                    Rc::new(self.callable_body("caller".into(), parameters, "endcall")?),
                )
            }
            "filter" => {
                let filter = self.filters(None, true)?;
                match filter {
                    Some(filter) => StatementKind::Filter(filter, self.hard_body(&["endfilter"])?.0),
                    None => return self.unexpected("a filter"),
                }
            }
            "generation" => {
                let loops = std::mem::replace(&mut self.loops, 0);
                let inner = self.hard_body(&["endgeneration"])?.0;
                self.loops = loops;
                StatementKind::Scope(inner)
            }
            "block" => self.block()?,
            "print" => {
                while *self.current() != Token::BlockEnd {
                    let value = self.expression()?;
                    let kind = StatementKind::Print(value);
                    body.push(Statement { kind, line });
                    if !self.skip_operator(",") {
                        break;
                    }
                }
                return Ok(None);
            }
            "break" | "continue" if self.loops == 0 => {
                return Err(Fail::new(format!("'{name}' stands outside of a loop")));
            }
            "break" => StatementKind::Break,
            "continue" => StatementKind::Continue,
            "extends" | "include" | "import" | "from" => {
                return Err(Fail::new(format!(
                    "{{% {name} %}}: a chat template has no other templates"
                )));
            }
            "autoescape" => return Err(Fail::new("{% autoescape %} is not supported; a chat is no HTML")),
            _ => return Err(Fail::new(format!("unknown tag '{name}'"))),
        }))
    }

    fn for_loop(&mut self) -> Result<StatementKind> {
        let target = self.target(&["in"], false)?;
        if !self.skip_name("in") {
            return self.unexpected("'in'");
        }
        let values = self.tuple(false, &["recursive"])?;
        self.loop_uses.push(false);
        let test = if self.skip_name("if") {
            Some(self.expression()?)
        } else {
            None
        };
        let recursive = self.skip_name("recursive");
        self.loops += 1;
        let (body, end) = self.hard_body(&["endfor", "else"])?;
        self.loops -= 1;
        let uses_loop = self.loop_uses.pop() == Some(true) || recursive;
        let otherwise = match &*end {
            "else" => self.hard_body(&["endfor"])?.0,
            _ => Vec::new(),
        };
        Ok(StatementKind::For(Rc::new(For {
            target,
            values,
            test,
            recursive,
            body,
            otherwise,
            uses_loop,
        })))
    }

    fn condition(&mut self) -> Result<StatementKind> {
        let soft = std::mem::replace(&mut self.soft, true);
        let mut branches = Vec::new();
        let mut otherwise = Vec::new();
        loop {
            let test = self.tuple(false, &[])?;
            let (body, end) = self.body(&["elif", "else", "endif"])?;
            branches.push((test, body));
            if &*end == "elif" {
                continue;
            }
            if &*end == "else" {
                otherwise = self.body(&["endif"])?.0;
            }
            self.soft = soft;
            return Ok(StatementKind::If(branches, otherwise));
        }
    }

    fn set(&mut self) -> Result<StatementKind> {
        let target = self.target(&[], true)?;
        if self.skip_operator("=") {
            return Ok(StatementKind::Set(target, self.tuple(true, &[])?));
        }
        let filter = self.filters(None, false)?;
        Ok(StatementKind::SetBlock(target, filter, self.hard_body(&["endset"])?.0))
    }

    fn with(&mut self) -> Result<StatementKind> {
        let mut values = Vec::new();
        while *self.current() != Token::BlockEnd {
            if !values.is_empty() {
                self.expect_operator(",")?;
            }
            let target = self.target(&[], false)?;
            self.expect_operator("=")?;
            values.push((target, self.expression()?));
        }
        Ok(StatementKind::With(values, self.hard_body(&["endwith"])?.0))
    }

    fn block(&mut self) -> Result<StatementKind> {
        let name = self.expect_name()?;
        let _ = self.skip_name("scoped") | self.skip_name("required");
        let loops = std::mem::replace(&mut self.loops, 0);
        let (body, _) = self.hard_body(&["endblock"])?;
        self.loops = loops;
        self.skip_name(&name);
        if self.blocks.iter().any(|(known, _)| *known == name) {
            return Err(Fail::new(format!("block '{name}' is defined twice")));
        }
        self.blocks.push((name.clone(), Rc::new(body)));
        Ok(StatementKind::Block(name))
    }

    fn callable(&mut self, name: Rc<str>, with_parameters: bool, end: &str) -> Result<Macro> {
        let parameters = if with_parameters {
            self.parameters()?
        } else {
            Vec::new()
        };
        self.callable_body(name, parameters, end)
    }
    fn callable_body(
        &mut self,
        name: Rc<str>,
        parameters: Vec<(u32, Rc<str>, Option<Expression>)>,
        end: &str,
    ) -> Result<Macro> {
        let symbol = self.symbol(&name)?;
        let loops = std::mem::replace(&mut self.loops, 0);
        self.macro_uses.push([false; 3]);
        let (body, _) = self.hard_body(&[end])?;
        self.loops = loops;
        let [uses_caller, uses_varargs, uses_kwargs] = self.macro_uses.pop().unwrap_or_default();
        Ok(Macro {
            name,
            symbol,
            parameters,
            body,
            uses_caller,
            uses_varargs,
            uses_kwargs,
        })
    }
}

//! The tree of a template.

use std::rc::Rc;

use super::value::Value;

pub struct Expression {
    pub kind: Kind,
    pub line: u32,
    pub depth: u32,
}

pub enum Kind {
    Constant(Value),
    Name(u32),
    Tuple(Vec<Expression>),
    List(Vec<Expression>),
    Dict(Vec<(Expression, Expression)>),
    Conditional(Box<(Expression, Expression, Option<Expression>)>), // test, value, else
    And(Box<(Expression, Expression)>),
    Or(Box<(Expression, Expression)>),
    Not(Box<Expression>),
    Sign(bool, Box<Expression>), // true: minus
    Compare(Box<Expression>, Vec<(Comparison, Expression)>),
    Binary(Operator, Box<(Expression, Expression)>),
    Concat(Vec<Expression>),
    Attribute(Box<Expression>, Rc<str>),
    Item(Box<(Expression, Expression)>),
    Slice(Box<[Option<Expression>; 3]>),
    Call(Box<Expression>, Arguments),
    Filter(Option<Box<Expression>>, Rc<str>, Arguments), // of nothing: of a block
    Test(Box<Expression>, Rc<str>, Arguments),
}

#[derive(Clone, Copy, PartialEq)]
pub enum Comparison {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    NotIn,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    FloorDivide,
    Remainder,
    Power,
}

#[derive(Default)]
pub struct Arguments {
    pub positional: Vec<Expression>,
    pub named: Vec<(Rc<str>, Expression)>,
    pub more: Option<Box<Expression>>,       // *
    pub more_named: Option<Box<Expression>>, // **
}

pub enum Target {
    Name(u32),
    Attribute(u32, Rc<str>), // of a namespace
    Tuple(Vec<Target>),
}

pub struct Statement {
    pub kind: StatementKind,
    pub line: u32,
}

pub enum StatementKind {
    Text(Box<str>),
    Print(Expression),
    For(Rc<For>),
    If(Vec<(Expression, Vec<Statement>)>, Vec<Statement>),
    Set(Target, Expression),
    SetBlock(Target, Option<Expression>, Vec<Statement>),
    With(Vec<(Target, Expression)>, Vec<Statement>),
    Macro(Rc<Macro>),
    Call(Expression, Rc<Macro>), // the call, and its caller
    Filter(Expression, Vec<Statement>),
    Scope(Vec<Statement>), // what an assistant says, marked for training; it changes no text
    Block(Rc<str>),
    Break,
    Continue,
}

pub struct For {
    pub target: Target,
    pub values: Expression,
    pub test: Option<Expression>,
    pub recursive: bool,
    pub body: Vec<Statement>,
    pub otherwise: Vec<Statement>,
    pub uses_loop: bool,
}

pub struct Macro {
    pub name: Rc<str>,
    pub symbol: u32,
    pub parameters: Vec<(u32, Rc<str>, Option<Expression>)>,
    pub body: Vec<Statement>,
    pub uses_caller: bool,
    pub uses_varargs: bool,
    pub uses_kwargs: bool,
}

pub struct Template {
    pub body: Vec<Statement>,
    pub blocks: Vec<(Rc<str>, Rc<Vec<Statement>>)>,
    pub names: Vec<Rc<str>>, // by symbol
}

type Children<'a> = Box<dyn Iterator<Item = &'a Expression> + 'a>;

/// The expressions that one is made of.
pub fn children(kind: &Kind) -> Children<'_> {
    match kind {
        Kind::Constant(_) | Kind::Name(_) => Box::new(std::iter::empty()),
        Kind::Tuple(values) | Kind::List(values) | Kind::Concat(values) => Box::new(values.iter()),
        Kind::Dict(pairs) => Box::new(pairs.iter().flat_map(|(key, value)| [key, value])),
        Kind::Conditional(parts) => Box::new([&parts.0, &parts.1].into_iter().chain(&parts.2)),
        Kind::And(parts) | Kind::Or(parts) | Kind::Binary(_, parts) | Kind::Item(parts) => {
            Box::new([&parts.0, &parts.1].into_iter())
        }
        Kind::Not(value) | Kind::Sign(_, value) | Kind::Attribute(value, _) => Box::new(std::iter::once(&**value)),
        Kind::Compare(first, rest) => Box::new(std::iter::once(&**first).chain(rest.iter().map(|(_, value)| value))),
        Kind::Slice(parts) => Box::new(parts.iter().flatten()),
        Kind::Call(value, arguments) | Kind::Test(value, _, arguments) => {
            Box::new(std::iter::once(&**value).chain(arguments.all()))
        }
        Kind::Filter(value, _, arguments) => Box::new(value.iter().map(|value| &**value).chain(arguments.all())),
    }
}

impl Arguments {
    fn all(&self) -> Children<'_> {
        let named = self.named.iter().map(|(_, value)| value);
        let more = self.more.iter().chain(&self.more_named).map(|value| &**value);
        Box::new(self.positional.iter().chain(named).chain(more))
    }
}

//! Runs the statements of a template.

use std::cell::RefCell;
use std::rc::Rc;

use super::arguments::Given;
use super::budget::{spend, take, Writer, MOST_LEVELS};
use super::display::write;
use super::json;
use super::state::{Loop, LoopState, Scope};
use super::syntax::*;
use super::value::*;
use super::{Fail, Result};

const GLOBALS: [&str; 8] = [
    "range",
    "dict",
    "lipsum",
    "cycler",
    "joiner",
    "namespace",
    "raise_exception",
    "strftime_now",
];

pub struct Run {
    blocks: Vec<(Rc<str>, Rc<Vec<Statement>>)>,
    body: Vec<Statement>,
    pub names: Vec<Rc<str>>,
    pub now: i64,
    root: Rc<Scope>,
    level: u32,
    kept: Vec<Kept>,
}

/// What can hold itself, or ever more. It is taken apart at the end, so that dropping it never goes deep.
pub enum Kept {
    Object(Rc<Object>),
    Scope(Rc<Scope>),
}

/// Where the statements of a loop's body go on.
#[derive(PartialEq)]
pub enum Flow {
    Next,
    Break,
    Continue,
}

impl Drop for Run {
    fn drop(&mut self) {
        for kept in &self.kept {
            match kept {
                Kept::Scope(scope) => drop(scope.variables.take()),
                Kept::Object(object) => match &**object {
                    Object::Namespace(values) => drop(values.take()),
                    Object::Loop(this) => drop(this.state.take()),
                    _ => {}
                },
            }
        }
    }
}

impl Run {
    pub fn new(template: Template, now: i64) -> Result<Run> {
        Ok(Run {
            blocks: template.blocks,
            body: template.body,
            names: template.names,
            now,
            root: Scope::new(None),
            level: 0,
            kept: Vec::new(),
        })
    }

    pub fn render(mut self, variables: &[u8]) -> Result<String> {
        for name in GLOBALS {
            self.define(name, function(name));
        }
        self.define("self", Value::Object(Rc::new(Object::Template)));
        for (name, value) in json::parse_object(variables)? {
            self.define(&name, value);
        }
        self.kept.push(Kept::Scope(self.root.clone()));
        let mut out = Writer::default();
        let body = std::mem::take(&mut self.body);
        // Variables of the template lie over those that it is given, as exported ones do in Jinja2.
        let scope = self.root.clone();
        self.statements(&body, &scope, &mut out)?;
        Ok(out.0)
    }

    /// A variable that the template is given; only those that it names can be seen.
    fn define(&mut self, name: &str, value: Value) {
        if let Some(symbol) = self.names.iter().position(|known| **known == *name) {
            self.root.set(symbol as u32, value);
        }
    }

    pub fn keep(&mut self, kept: Kept) -> Result<()> {
        take(256)?;
        self.kept.push(kept);
        Ok(())
    }
    pub fn object(&mut self, object: Object) -> Result<Value> {
        let object = Rc::new(object);
        self.keep(Kept::Object(object.clone()))?;
        Ok(Value::Object(object))
    }

    /// Runs `work` one level deeper.
    pub fn deeper<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.level += 1;
        if self.level > MOST_LEVELS {
            return Err(Fail::new("its macros or loops call themselves too deep"));
        }
        let result = work(self);
        self.level -= 1;
        result
    }

    pub fn statements(&mut self, body: &[Statement], scope: &Rc<Scope>, out: &mut Writer) -> Result<Flow> {
        for statement in body {
            spend(1)?;
            let flow = self.deeper(|run| run.statement(statement, scope, out));
            match flow.map_err(|fail| fail.at(statement.line))? {
                Flow::Next => {}
                flow => return Ok(flow),
            }
        }
        Ok(Flow::Next)
    }

    fn statement(&mut self, statement: &Statement, scope: &Rc<Scope>, out: &mut Writer) -> Result<Flow> {
        match &statement.kind {
            StatementKind::Text(text) => out.push(text)?,
            StatementKind::Print(value) => write(out, &self.evaluate(value, scope)?)?,
            StatementKind::If(branches, otherwise) => {
                for (test, body) in branches {
                    if self.evaluate(test, scope)?.is_true() {
                        return self.statements(body, scope, out);
                    }
                }
                return self.statements(otherwise, scope, out);
            }
            StatementKind::For(node) => {
                let values = self.evaluate(&node.values, scope)?;
                self.for_loop(node, &values, scope, 0, out)?;
            }
            StatementKind::Set(target, value) => {
                let value = self.evaluate(value, scope)?;
                self.assign(target, value, scope)?;
            }
            StatementKind::SetBlock(target, filter, body) => {
                let value = text(self.captured(body, scope)?);
                let value = match filter {
                    Some(filter) => self.filtered(filter, value, scope)?,
                    None => value,
                };
                self.assign(target, value, scope)?;
            }
            StatementKind::With(values, body) => {
                let inner = Scope::new(Some(scope.clone()));
                for (target, value) in values {
                    let value = self.evaluate(value, scope)?;
                    self.assign(target, value, &inner)?;
                }
                return self.statements(body, &inner, out);
            }
            StatementKind::Macro(node) => {
                let value = self.macro_of(node, scope)?;
                scope.set(node.symbol, value);
            }
            StatementKind::Call(call, node) => {
                let caller = self.macro_of(node, scope)?;
                let result = self.call_with(call, scope, Some(caller))?;
                write(out, &result)?;
            }
            StatementKind::Filter(filter, body) => {
                let inner = text(self.captured(body, scope)?);
                let result = self.filtered(filter, inner, scope)?;
                write(out, &result)?;
            }
            StatementKind::Scope(body) => {
                let inner = Scope::new(Some(scope.clone()));
                return self.statements(body, &inner, out);
            }
            StatementKind::Block(name) => self.block(name, out)?,
            StatementKind::Break => return Ok(Flow::Break),
            StatementKind::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::Next)
    }

    /// A block sees the template's own variables only.
    pub fn block(&mut self, name: &str, out: &mut Writer) -> Result<()> {
        let found = self.blocks.iter().find(|(known, _)| **known == *name);
        let Some(body) = found.map(|(_, body)| body.clone()) else {
            return Err(Fail::new(format!("there is no block '{name}'")));
        };
        let scope = Scope::new(Some(self.root.clone()));
        self.statements(&body, &scope, out).map(|_| ())
    }
    pub fn has_block(&self, name: &str) -> bool {
        self.blocks.iter().any(|(known, _)| **known == *name)
    }

    /// What the statements print, in a scope of their own.
    fn captured(&mut self, body: &[Statement], scope: &Rc<Scope>) -> Result<String> {
        let mut out = Writer::default();
        self.statements(body, &Scope::new(Some(scope.clone())), &mut out)?;
        Ok(out.0)
    }

    fn macro_of(&mut self, node: &Rc<Macro>, scope: &Rc<Scope>) -> Result<Value> {
        self.keep(Kept::Scope(scope.clone()))?;
        Ok(Value::Object(Rc::new(Object::Macro(node.clone(), scope.clone()))))
    }

    pub fn assign(&mut self, target: &Target, value: Value, scope: &Rc<Scope>) -> Result<()> {
        match target {
            Target::Name(name) => scope.set(*name, value),
            Target::Attribute(name, attribute) => match scope.find(*name) {
                Some(Value::Object(object)) => match &*object {
                    Object::Namespace(values) => set_attribute(values, attribute, value)?,
                    _ => return Err(Fail::new("cannot assign attribute on non-namespace object")),
                },
                _ => return Err(Fail::new("cannot assign attribute on non-namespace object")),
            },
            Target::Tuple(targets) => {
                let values = match value {
                    Value::Undefined(_) | Value::None | Value::Bool(_) | Value::Int(_) | Value::Float(_) => value
                        .iterate()
                        .map_err(|_| Fail::new(format!("cannot unpack non-iterable {} object", value.type_name())))?,
                    _ => value.iterate()?,
                };
                if values.len() != targets.len() {
                    let (wanted, found) = (targets.len(), values.len());
                    return Err(Fail::new(if found > wanted {
                        format!("too many values to unpack (expected {wanted})")
                    } else {
                        format!("not enough values to unpack (expected {wanted}, got {found})")
                    }));
                }
                for (target, value) in targets.iter().zip(values) {
                    self.assign(target, value, scope)?;
                }
            }
        }
        Ok(())
    }

    /// The values of a loop, one after the other; `around` is the scope around it.
    pub fn for_loop(
        &mut self,
        node: &Rc<For>,
        values: &Value,
        around: &Rc<Scope>,
        depth: u32,
        out: &mut Writer,
    ) -> Result<()> {
        let mut state = LoopState::default();
        let has_length = !matches!(values, Value::Generator(_)) && node.test.is_none();
        let items = values.iterate()?;
        state.length = has_length.then_some(items.len());
        let nesting = nested(deepest(&items))?;
        match node.test {
            Some(_) => state.waiting = items.into(),
            None => state.ahead = items.into(),
        }
        let this = Rc::new(Object::Loop(Loop {
            state: RefCell::new(state),
            node: node.clone(),
            scope: around.clone(),
            depth,
            nesting,
        }));
        if node.uses_loop {
            self.keep(Kept::Object(this.clone()))?;
        }
        let mut completed = false;
        while let Some(value) = self.next_of(&this)? {
            spend(1)?;
            let scope = Scope::new(Some(around.clone()));
            self.assign(&node.target, value, &scope)?;
            if let (true, Some(name)) = (node.uses_loop, self.symbol("loop")) {
                scope.set(name, Value::Object(this.clone()));
            }
            match self.statements(&node.body, &scope, out)? {
                Flow::Next => completed = true, // as Jinja2 has it: `else` also follows a first round that was left
                Flow::Continue => {}
                Flow::Break => break,
            }
        }
        if !completed && !node.otherwise.is_empty() {
            self.statements(&node.otherwise, &Scope::new(Some(around.clone())), out)?;
        }
        Ok(())
    }
    fn symbol(&self, name: &str) -> Option<u32> {
        self.names.iter().position(|known| **known == *name).map(|at| at as u32)
    }

    /// Enters the next value of a loop.
    fn next_of(&mut self, object: &Rc<Object>) -> Result<Option<Value>> {
        let Object::Loop(this) = &**object else { return Ok(None) };
        self.look_ahead(this, 1)?;
        let mut state = this.state.borrow_mut();
        let Some(value) = state.ahead.pop_front() else {
            return Ok(None);
        };
        state.taken += 1;
        state.before = state.current.replace(value.clone());
        Ok(Some(value))
    }
    /// Tests values until `count` of them wait to be entered.
    pub fn look_ahead(&mut self, this: &Loop, count: usize) -> Result<()> {
        while this.state.borrow().ahead.len() < count {
            let waiting = this.state.borrow_mut().waiting.pop_front();
            let (Some(value), Some(test)) = (waiting, &this.node.test) else {
                return Ok(());
            };
            let scope = Scope::new(Some(this.scope.clone()));
            self.assign(&this.node.target, value.clone(), &scope)?;
            if self.evaluate(test, &scope)?.is_true() {
                this.state.borrow_mut().ahead.push_back(value);
            }
        }
        Ok(())
    }

    /// Calls a macro with its parameters.
    pub fn call_macro(&mut self, node: &Macro, around: &Rc<Scope>, mut given: Given) -> Result<Value> {
        let scope = Scope::new(Some(around.clone()));
        let count = node.parameters.len();
        let name = &node.name;
        let more = given.positional.split_off(given.positional.len().min(count));
        let mut values: Vec<Option<Value>> = given.positional.into_iter().map(Some).collect();
        for (_, parameter, _) in &node.parameters[values.len()..] {
            let at = given.named.iter().position(|(known, _)| known == parameter);
            values.push(at.map(|at| given.named.remove(at).1));
        }
        if node.uses_caller && !node.parameters.iter().any(|(_, parameter, _)| &**parameter == "caller") {
            let at = given.named.iter().position(|(known, _)| &**known == "caller");
            let caller = at.map_or_else(|| undefined("No caller defined"), |at| given.named.remove(at).1);
            self.set(&scope, "caller", caller);
        }
        if node.uses_kwargs {
            let mut named = Dict::default();
            for (name, value) in given.named {
                named.insert(text(name), value)?;
            }
            self.set(&scope, "kwargs", Value::Dict(Rc::new(named)));
        } else if let Some((unknown, _)) = given.named.first() {
            return Err(Fail::new(format!(
                "macro '{name}' takes no keyword argument '{unknown}'"
            )));
        }
        if node.uses_varargs {
            self.set(&scope, "varargs", tuple(more)?);
        } else if !more.is_empty() {
            return Err(Fail::new(format!(
                "macro '{name}' takes not more than {count} argument(s)"
            )));
        }
        for ((symbol, parameter, default), value) in node.parameters.iter().zip(values) {
            let value = match (value, default) {
                (Some(value), _) => value,
                (None, Some(default)) => self.evaluate(default, &scope)?,
                (None, None) => undefined(format!("parameter '{parameter}' was not provided")),
            };
            scope.set(*symbol, value);
        }
        let mut out = Writer::default();
        self.deeper(|run| run.statements(&node.body, &scope, &mut out))?;
        Ok(text(out.0))
    }
    fn set(&self, scope: &Scope, name: &str, value: Value) {
        if let Some(symbol) = self.symbol(name) {
            scope.set(symbol, value);
        }
    }
}

/// Sets an attribute of a namespace.
pub fn set_attribute(values: &RefCell<Vec<(Rc<str>, Value)>>, name: &str, value: Value) -> Result<()> {
    if name.starts_with('_') {
        return Err(Fail::new(format!(
            "a namespace cannot have '{name}': names with an underscore first are not allowed"
        )));
    }
    let mut values = values.borrow_mut();
    match values.iter_mut().find(|(known, _)| **known == *name) {
        Some((_, old)) => *old = value,
        None => {
            take(std::mem::size_of::<(Rc<str>, Value)>())?;
            values.push((name.into(), value));
        }
    }
    Ok(())
}

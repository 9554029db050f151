//! What changes while a template runs: the variables of a scope, and where a loop stands.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use super::syntax::For;
use super::value::Value;

/// The variable "loop".
pub struct Loop {
    pub state: RefCell<LoopState>,
    pub node: Rc<For>,
    pub scope: Rc<Scope>, // the one around the loop
    pub depth: u32,       // of loops that call themselves
    pub nesting: u32,     // of its values
}

#[derive(Default)]
pub struct LoopState {
    pub waiting: VecDeque<Value>, // not yet tested by the loop's own `if`
    pub ahead: VecDeque<Value>,   // tested, not yet entered
    pub taken: usize,             // how many were entered
    pub length: Option<usize>,
    pub before: Option<Value>,
    pub current: Option<Value>,
    pub changed: Option<Vec<Value>>,
}

pub struct Scope {
    pub variables: RefCell<Vec<(u32, Value)>>,
    pub parent: Option<Rc<Scope>>,
}

impl Scope {
    pub fn new(parent: Option<Rc<Scope>>) -> Rc<Scope> {
        let variables = RefCell::default();
        Rc::new(Scope { variables, parent })
    }
    pub fn set(&self, name: u32, value: Value) {
        let mut variables = self.variables.borrow_mut();
        match variables.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => variables.push((name, value)),
        }
    }
    pub fn find(&self, name: u32) -> Option<Value> {
        let mut scope = self;
        loop {
            if let Some((_, value)) = scope.variables.borrow().iter().find(|(known, _)| *known == name) {
                return Some(value.clone());
            }
            scope = scope.parent.as_deref()?;
        }
    }
}

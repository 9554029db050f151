//! Chat templates, rendered as transformers renders them. A template is a stranger's program: it sees nothing but its
//! variables, and its steps, its memory and its depth are limited.

use std::thread;

use crate::jinja;
use crate::Outcome;

const MOST_BYTES: usize = 1 << 20; // of a template; the largest that models come with have 30 KiB
const STACK: usize = 1 << 28; // of the thread; pages that are never reached take no memory

/// `template` rendered with the variables of a JSON object; `now` is the time, in seconds since 1970 (UTC).
pub fn render(template: &str, variables: &[u8], now: i64) -> Outcome<String> {
    if template.len() > MOST_BYTES {
        return Err(format!("it has {} bytes; templates have at most {MOST_BYTES}", template.len()).into());
    }
    thread::scope(|scope| {
        // In a thread of its own: the stack is as deep as the limits allow, and the budget is the thread's.
        let work = || jinja::render(template, variables, now);
        let worker = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work)?;
        match worker.join() {
            Ok(result) => Ok(result?),
            Err(_) => Err("rendering failed; please report this".into()),
        }
    })
}

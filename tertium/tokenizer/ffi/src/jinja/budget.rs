//! What a rendering may use: steps, bytes and depth. A template is a stranger's program, and the limits are its own; a
//! rendering has a thread of its own, so its budget is the thread's.

use std::cell::Cell;

use super::{Fail, Result};

const STEPS: u64 = 5_000_000; // well below a second; real templates need thousands a message
const BYTES: u64 = 1 << 28; // of all the texts and lists that it builds, not only of those that it keeps
pub const MOST_DEPTH: u32 = 200; // of a list in a list in a list …
pub const MOST_LEVELS: u32 = 3000; // of expressions, statements and calls in each other

thread_local! {
    static LEFT: Cell<(u64, u64)> = const { Cell::new((STEPS, BYTES)) };
}

/// Takes steps, or fails if there are not that many left.
pub fn spend(steps: usize) -> Result<()> {
    let (left, bytes) = LEFT.get();
    let Some(rest) = left.checked_sub(steps as u64) else {
        return Err(Fail::new(format!(
            "it needs more than {STEPS} steps; does it run without end?"
        )));
    };
    LEFT.set((rest, bytes));
    Ok(())
}

/// Takes room for `bytes` that are about to be built, or fails if there is not that much left.
pub fn take(bytes: usize) -> Result<()> {
    let (steps, left) = LEFT.get();
    let Some(rest) = left.checked_sub(bytes as u64) else {
        return Err(Fail::new(format!(
            "it builds more than {} MiB of texts and lists",
            BYTES >> 20
        )));
    };
    LEFT.set((steps, rest));
    spend(bytes / 64)
}

/// The size of `count` pieces of `size` bytes.
pub fn product(count: usize, size: usize) -> Result<usize> {
    count
        .checked_mul(size)
        .ok_or_else(|| Fail::new("it builds a text or list larger than any memory"))
}

/// A text that takes its room as it grows.
#[derive(Default)]
pub struct Writer(pub String);

impl Writer {
    pub fn push(&mut self, text: &str) -> Result<()> {
        take(text.len())?;
        self.0.push_str(text);
        Ok(())
    }
    pub fn push_char(&mut self, c: char) -> Result<()> {
        take(c.len_utf8())?;
        self.0.push(c);
        Ok(())
    }
    pub fn repeat(&mut self, text: &str, count: usize) -> Result<()> {
        take(product(count, text.len())?)?;
        for _ in 0..count {
            self.0.push_str(text);
        }
        Ok(())
    }
}

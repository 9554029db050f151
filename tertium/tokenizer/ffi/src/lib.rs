//! The C ABI declared in tokenizers_ffi.h. Nothing is trusted, nothing is printed, and no panic leaves a function.

use std::ffi::c_void;
use std::panic::{catch_unwind, set_hook, AssertUnwindSafe};
use std::slice;
use std::str;
use std::sync::Once;

use serde::Deserialize;

use sentencepiece::{PieceModel, SpaceNormalizer};
use tokenizers::{
    DecoderWrapper, Model, ModelWrapper, Normalizer, NormalizerWrapper, PostProcessorWrapper, PreTokenizerWrapper,
    TokenizerImpl,
};

mod chat;
mod jinja;
mod sentencepiece;

type Parts<M, N> = TokenizerImpl<M, N, PreTokenizerWrapper, PostProcessorWrapper, DecoderWrapper>;
type Crate = Parts<ModelWrapper, NormalizerWrapper>;
type Pieces = Parts<PieceModel, SpaceNormalizer>;

/// One token of an encoded text; `begin` and `end` count bytes of the text.
#[repr(C)]
pub struct Token {
    id: u32,
    added: bool, // by the tokenizer around the text, not found in it
    begin: usize,
    end: usize,
}

/// Where a function writes a result: `write` is called once, and copies what it is shown.
#[repr(C)]
pub struct TextSink {
    into: *mut c_void,
    write: extern "C" fn(*mut c_void, *const u8, usize),
}

#[repr(C)]
pub struct TokenSink {
    into: *mut c_void,
    write: extern "C" fn(*mut c_void, *const Token, usize),
}

impl TextSink {
    fn put(&self, text: &str) {
        (self.write)(self.into, text.as_ptr(), text.len());
    }
}

impl TokenSink {
    fn put(&self, tokens: &[Token]) {
        (self.write)(self.into, tokens.as_ptr(), tokens.len());
    }
}

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Runs `work`; an error or a panic becomes a text in `error` and None.
fn guarded<T>(error: &TextSink, work: impl FnOnce() -> Outcome<T>) -> Option<T> {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| set_hook(Box::new(|_| {}))); // a library does not print
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(value)) => Some(value),
        Ok(Err(reason)) => {
            error.put(&reason.to_string());
            None
        }
        Err(_) => {
            error.put("the tokenizers library failed on it");
            None
        }
    }
}

/// Null pointers come with size 0 only.
unsafe fn items<'a, T>(data: *const T, size: usize) -> &'a [T] {
    if size == 0 {
        &[]
    } else {
        slice::from_raw_parts(data, size)
    }
}

/// Lets spans keep the spaces that belong to a token, so that the spans of a text cover it whatever the tokenizer.
fn keep_spaces(processor: &mut PostProcessorWrapper) {
    match processor {
        PostProcessorWrapper::ByteLevel(bytes) => bytes.trim_offsets = false,
        PostProcessorWrapper::Roberta(roberta) => roberta.trim_offsets = false,
        PostProcessorWrapper::Sequence(all) => all.as_mut().iter_mut().for_each(keep_spaces),
        _ => {}
    }
}

/// What the C ABI offers of either kind.
trait Usable: Send + Sync {
    fn encode(&self, text: &[u8], add_special: bool) -> Outcome<Vec<Token>>;
    fn decode(&self, ids: &[u32]) -> Outcome<String>;
    fn piece(&self, id: u32) -> Option<String>;
    fn size(&self) -> usize;
}

pub struct Tokenizer(Box<dyn Usable>);

impl<M: Model + Send + Sync, N: Normalizer + Send + Sync> Usable for Parts<M, N> {
    fn encode(&self, text: &[u8], add_special: bool) -> Outcome<Vec<Token>> {
        let encoding = TokenizerImpl::encode(self, str::from_utf8(text)?, add_special)?;
        let spans = encoding.get_offsets().iter();
        let added = encoding.get_special_tokens_mask().iter();
        let tokens = encoding.get_ids().iter().zip(spans).zip(added);
        Ok(tokens
            .map(|((&id, &(begin, end)), &added)| Token {
                id,
                added: added != 0,
                begin,
                end,
            })
            .collect())
    }
    fn decode(&self, ids: &[u32]) -> Outcome<String> {
        TokenizerImpl::decode(self, ids, true)
    }
    fn piece(&self, id: u32) -> Option<String> {
        self.id_to_token(id)
    }
    fn size(&self) -> usize {
        self.get_vocab_size(true)
    }
}

fn usable<M, N>(mut tokenizer: Parts<M, N>) -> Outcome<Tokenizer>
where
    M: Model + Send + Sync + 'static,
    N: Normalizer + Send + Sync + 'static,
{
    // Some files carry the cut and the padding of their training; transformers drops both, and so do we.
    tokenizer.with_truncation(None)?;
    tokenizer.with_padding(None);
    if let Some(mut processor) = tokenizer.get_post_processor().cloned() {
        keep_spaces(&mut processor);
        tokenizer.with_post_processor(Some(processor));
    }
    Ok(Tokenizer(Box::new(tokenizer)))
}

/// How C++ hands over a SentencePiece model; its text begins with MARK.
#[derive(Deserialize)]
struct Marked {
    sentencepiece: Pieces,
    special_in_text: bool,
}
const MARK: &[u8] = b"{\"sentencepiece\":";

fn load(json: &[u8]) -> Outcome<Tokenizer> {
    if !json.starts_with(MARK) {
        return usable(serde_json::from_slice::<Crate>(json)?);
    }
    let Marked {
        sentencepiece: mut pieces,
        special_in_text,
    } = serde_json::from_slice(json)?;
    pieces.set_encode_special_tokens(!special_in_text);
    usable(pieces)
}

/// # Safety
/// `json` points to `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn tokenizers_ffi_load(json: *const u8, size: usize, error: TextSink) -> *mut Tokenizer {
    match guarded(&error, || load(items(json, size))) {
        Some(tokenizer) => Box::into_raw(Box::new(tokenizer)),
        None => std::ptr::null_mut(),
    }
}

/// # Safety
/// `tokenizer` comes from tokenizers_ffi_load; `text` points to `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn tokenizers_ffi_encode(
    tokenizer: *const Tokenizer,
    text: *const u8,
    size: usize,
    add_special: bool,
    tokens: TokenSink,
    error: TextSink,
) -> bool {
    let encoded = guarded(&error, || (*tokenizer).0.encode(items(text, size), add_special));
    encoded.map(|found| tokens.put(&found)).is_some()
}

/// # Safety
/// `tokenizer` comes from tokenizers_ffi_load; `ids` points to `count` numbers.
#[no_mangle]
pub unsafe extern "C" fn tokenizers_ffi_decode(
    tokenizer: *const Tokenizer,
    ids: *const u32,
    count: usize,
    text: TextSink,
    error: TextSink,
) -> bool {
    let decoded = guarded(&error, || (*tokenizer).0.decode(items(ids, count)));
    decoded.map(|found| text.put(&found)).is_some()
}

/// # Safety
/// `tokenizer` comes from tokenizers_ffi_load.
#[no_mangle]
pub unsafe extern "C" fn tokenizers_ffi_piece(tokenizer: *const Tokenizer, id: u32, piece: TextSink) -> bool {
    (*tokenizer).0.piece(id).map(|found| piece.put(&found)).is_some()
}

/// # Safety
/// `tokenizer` comes from tokenizers_ffi_load.
#[no_mangle]
pub unsafe extern "C" fn tokenizers_ffi_vocabulary_size(tokenizer: *const Tokenizer) -> usize {
    (*tokenizer).0.size()
}

/// # Safety
/// `tokenizer` comes from tokenizers_ffi_load, is null or is freed for the first time.
#[no_mangle]
pub unsafe extern "C" fn tokenizers_ffi_free(tokenizer: *mut Tokenizer) {
    if !tokenizer.is_null() {
        drop(Box::from_raw(tokenizer));
    }
}

/// # Safety
/// `template` points to `template_size` bytes, `variables` to `variables_size`.
#[no_mangle]
pub unsafe extern "C" fn tokenizers_ffi_chat(
    template: *const u8,
    template_size: usize,
    variables: *const u8,
    variables_size: usize,
    now: i64,
    text: TextSink,
    error: TextSink,
) -> bool {
    let work = || {
        chat::render(
            str::from_utf8(items(template, template_size))?,
            items(variables, variables_size),
            now,
        )
    };
    guarded(&error, work).map(|found| text.put(&found)).is_some()
}

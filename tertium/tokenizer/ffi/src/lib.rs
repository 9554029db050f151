//! The C ABI declared in tokenizers_ffi.h. Nothing is trusted, nothing is printed, and no panic leaves a function.

use std::collections::HashMap;
use std::ffi::c_void;
use std::panic::{catch_unwind, set_hook, AssertUnwindSafe};
use std::slice;
use std::str;
use std::sync::Once;

use serde::de::IgnoredAny;
use serde::Deserialize;

use sentencepiece::{PieceModel, SpaceNormalizer};
use tokenizers::{
    AddedToken, DecoderWrapper, Model, ModelWrapper, Normalizer, NormalizerWrapper, PostProcessorWrapper,
    PreTokenizerWrapper, TokenizerImpl,
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

/// Where a function writes a result: `write` is called once, copies what it is shown, and says whether it could. It
/// does not unwind.
#[repr(C)]
pub struct TextSink {
    into: *mut c_void,
    write: extern "C" fn(*mut c_void, *const u8, usize) -> bool,
}

#[repr(C)]
pub struct TokenSink {
    into: *mut c_void,
    write: extern "C" fn(*mut c_void, *const Token, usize) -> bool,
}

impl TextSink {
    fn put(&self, text: &str) -> bool {
        (self.write)(self.into, text.as_ptr(), text.len())
    }
}

impl TokenSink {
    fn put(&self, tokens: &[Token]) -> bool {
        (self.write)(self.into, tokens.as_ptr(), tokens.len())
    }
}

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Runs `work`; a panic, which must not reach C++, becomes None.
fn contained<T>(work: impl FnOnce() -> T) -> Option<T> {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| set_hook(Box::new(|_| {}))); // a library does not print
    catch_unwind(AssertUnwindSafe(work)).ok()
}

/// Runs `work`; an error or a panic becomes a text in `error` and None.
fn guarded<T>(error: &TextSink, work: impl FnOnce() -> Outcome<T>) -> Option<T> {
    let reason = match contained(work) {
        Some(Ok(value)) => return Some(value),
        Some(Err(reason)) => reason.to_string(),
        None => "the tokenizers library failed on it".to_owned(),
    };
    error.put(&reason);
    None
}

/// A null pointer is an empty slice if it comes with size 0, and refused otherwise.
unsafe fn items<'a, T>(data: *const T, size: usize) -> Outcome<&'a [T]> {
    if size == 0 {
        return Ok(&[]);
    }
    if data.is_null() || size > isize::MAX as usize / std::mem::size_of::<T>() {
        return Err("no memory is where the caller says".into());
    }
    Ok(slice::from_raw_parts(data, size))
}

unsafe fn usable_at<'a>(tokenizer: *const Tokenizer) -> Outcome<&'a dyn Usable> {
    Ok(tokenizer.as_ref().ok_or("there is no tokenizer")?.0.as_ref())
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

/// The settings of a tokenizer.json by name. The crate skips those that it does not know.
#[derive(Deserialize)]
struct Outline {
    #[serde(default)]
    model: HashMap<String, IgnoredAny>,
    #[serde(flatten)]
    others: HashMap<String, IgnoredAny>,
}
const PARTS: [&str; 8] = [
    "version",
    "truncation",
    "padding",
    "added_tokens",
    "normalizer",
    "pre_tokenizer",
    "post_processor",
    "decoder",
];
const MODEL_SETTINGS: [&str; 12] = [
    "type",
    "dropout",
    "unk_token",
    "unk_id",
    "continuing_subword_prefix",
    "end_of_word_suffix",
    "fuse_unk",
    "byte_fallback",
    "ignore_merges",
    "max_input_chars_per_word",
    "vocab",
    "merges",
];

/// What the files beside a tokenizer.json say of it, as transformers takes it.
#[derive(Deserialize, Default)]
struct Beside {
    added: Vec<AddedToken>,
    special: Vec<String>, // added, too, if they are not yet
    split_special_tokens: bool,
}

fn demand_known_settings(json: &[u8]) -> Outcome<()> {
    let outline: Outline = serde_json::from_slice(json)?;
    let unknown_part = outline.others.keys().find(|key| !PARTS.contains(&key.as_str()));
    let unknown_setting = outline.model.keys().find(|key| !MODEL_SETTINGS.contains(&key.as_str()));
    match (unknown_part, unknown_setting) {
        (Some(key), _) => Err(format!("its {key:?} is no part that is known").into()),
        (_, Some(key)) => Err(format!("{key:?} of its \"model\" is no setting that is known").into()),
        _ => Ok(()),
    }
}

/// Every program that reads the file would cut words at random, so that no two runs agree: with this one switched off
/// here, results would agree with nobody's.
fn demand_determinism(tokenizer: &Crate) -> Outcome<()> {
    match tokenizer.get_model() {
        ModelWrapper::BPE(model) if model.dropout.is_some_and(|share| share > 0.0) => Err(format!(
            "\"dropout\" of its \"model\" is {}, which cuts words at random; set it to null",
            model.dropout.unwrap_or_default()
        )
        .into()),
        _ => Ok(()),
    }
}

/// The crate's own words, not too many of them, and what to do.
fn spoiled(reason: impl std::fmt::Display) -> String {
    const MOST: usize = 120;
    let reason: String = reason.to_string().chars().take(MOST).collect();
    format!("{reason}; save it again with a current transformers")
}

fn load(json: &[u8], beside: &[u8]) -> Outcome<Tokenizer> {
    if json.starts_with(MARK) {
        let Marked {
            sentencepiece: mut pieces,
            special_in_text,
        } = serde_json::from_slice(json)?;
        pieces.set_encode_special_tokens(!special_in_text);
        return usable(pieces);
    }
    demand_known_settings(json).map_err(spoiled)?;
    let mut tokenizer: Crate = serde_json::from_slice(json).map_err(spoiled)?;
    demand_determinism(&tokenizer)?;
    if !beside.is_empty() {
        let beside: Beside = serde_json::from_slice(beside)?;
        tokenizer.add_tokens(beside.added)?;
        let known = tokenizer.get_added_vocabulary().get_vocab().clone();
        let special = beside.special.into_iter().filter(|text| !known.contains_key(text));
        tokenizer.add_tokens(special.map(|text| AddedToken::from(text, true)))?;
        tokenizer.set_encode_special_tokens(beside.split_special_tokens);
    }
    usable(tokenizer)
}

/// # Safety
/// `json` points to `size` bytes, `beside` to `beside_size`.
#[no_mangle]
pub unsafe extern "C" fn tokenizers_ffi_load(
    json: *const u8,
    size: usize,
    beside: *const u8,
    beside_size: usize,
    error: TextSink,
) -> *mut Tokenizer {
    let work = || load(items(json, size)?, items(beside, beside_size)?);
    match guarded(&error, work) {
        Some(tokenizer) => Box::into_raw(Box::new(tokenizer)),
        None => std::ptr::null_mut(),
    }
}

/// Far more than any context takes. Of each byte the crate keeps where it came from, some fifty bytes in all.
const MOST_TEXT_BYTES: usize = 1 << 24;

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
    let work = || {
        if size > MOST_TEXT_BYTES {
            return Err(format!("it has {size} bytes, at most {MOST_TEXT_BYTES} are encoded").into());
        }
        usable_at(tokenizer)?.encode(items(text, size)?, add_special)
    };
    guarded(&error, work).is_some_and(|found| tokens.put(&found))
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
    let work = || usable_at(tokenizer)?.decode(items(ids, count)?);
    guarded(&error, work).is_some_and(|found| text.put(&found))
}

/// # Safety
/// `tokenizer` comes from tokenizers_ffi_load.
#[no_mangle]
pub unsafe extern "C" fn tokenizers_ffi_piece(tokenizer: *const Tokenizer, id: u32, piece: TextSink) -> bool {
    let work = || usable_at(tokenizer).ok()?.piece(id);
    contained(work).flatten().is_some_and(|found| piece.put(&found))
}

/// # Safety
/// `tokenizer` comes from tokenizers_ffi_load.
#[no_mangle]
pub unsafe extern "C" fn tokenizers_ffi_vocabulary_size(tokenizer: *const Tokenizer) -> usize {
    contained(|| usable_at(tokenizer).map_or(0, |found| found.size())).unwrap_or(0)
}

/// # Safety
/// `tokenizer` comes from tokenizers_ffi_load, is null or is freed for the first time.
#[no_mangle]
pub unsafe extern "C" fn tokenizers_ffi_free(tokenizer: *mut Tokenizer) {
    if !tokenizer.is_null() {
        contained(|| drop(Box::from_raw(tokenizer)));
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
            str::from_utf8(items(template, template_size)?)?,
            items(variables, variables_size)?,
            now,
        )
    };
    guarded(&error, work).is_some_and(|found| text.put(&found))
}

//! SentencePiece's own normalizer and models, as parts of the tokenizers crate. The crate's normalizer applies a
//! charsmap grapheme by grapheme and its models know no types of pieces, so that neither gives SentencePiece's ids.
//! Scores are f32 and compared as SentencePiece compares them: ties fall the same way.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use tokenizers::models::bpe::BpeTrainer;
use tokenizers::{Model, NormalizedString, Normalizer, Result, Token};

const SPACE: char = '▁';
const REPLACEMENT: &str = "\u{fffd}";
const NO_BYTE: u32 = u32::MAX;

// ---- User-defined symbols: found before all else, the longest first

#[derive(Default)]
struct Symbols {
    ids: HashMap<String, u32>,
    sizes: Vec<usize>, // in bytes, descending
    first_bytes: Vec<bool>,
}

impl Symbols {
    fn new(ids: HashMap<String, u32>) -> Self {
        let mut sizes: Vec<usize> = ids.keys().map(String::len).collect();
        sizes.sort_unstable_by(|a, b| b.cmp(a));
        sizes.dedup();
        let mut first_bytes = vec![false; 256];
        ids.keys()
            .for_each(|text| first_bytes[text.as_bytes()[0] as usize] = true);
        Symbols {
            ids,
            sizes,
            first_bytes,
        }
    }

    /// The size of the longest symbol that `text` begins with.
    fn prefix(&self, text: &str) -> Option<usize> {
        let first = *text.as_bytes().first()? as usize;
        if self.sizes.is_empty() || !self.first_bytes[first] {
            return None;
        }
        let found = |size: &usize| text.get(..*size).is_some_and(|part| self.ids.contains_key(part));
        self.sizes.iter().copied().find(found)
    }
}

// ---- Normalizer

/// A compiled normalization rule: a double-array trie of what is replaced, and the replacements, each ended by a zero.
#[derive(Default)]
struct CharsMap {
    units: Vec<u32>,
    replacements: Vec<u8>,
}

impl CharsMap {
    fn new(bytes: &[u8]) -> Result<Self> {
        if bytes.is_empty() {
            return Ok(CharsMap::default());
        }
        let word = |at: usize| {
            bytes
                .get(at..at + 4)
                .map(|word| u32::from_le_bytes(word.try_into().unwrap()))
        };
        let size = word(0).ok_or("the charsmap is cut short")? as usize;
        if size == 0 || size % 4 != 0 || size > bytes.len() - 4 {
            return Err("the charsmap's trie has a wrong size".into());
        }
        let units = (4..4 + size).step_by(4).filter_map(word).collect();
        Ok(CharsMap {
            units,
            replacements: bytes[4 + size..].to_vec(),
        })
    }

    /// The longest prefix of `text` that is replaced: its size and its replacement.
    fn prefix(&self, text: &str) -> Option<(usize, &str)> {
        let offset = |unit: u32| ((unit >> 10) << ((unit & 0x200) >> 6)) as usize;
        let mut found = None;
        let mut node = offset(*self.units.first()?);
        for (i, &byte) in text.as_bytes().iter().enumerate() {
            node ^= byte as usize;
            let Some(&unit) = self.units.get(node) else { break };
            if unit & 0x8000_00ff != byte as u32 {
                break;
            }
            node ^= offset(unit);
            if unit & 0x100 != 0 {
                let Some(&leaf) = self.units.get(node) else { break };
                found = Some((i + 1, (leaf & 0x7fff_ffff) as usize));
            }
        }
        let (size, at) = found?;
        let tail = self.replacements.get(at..)?;
        let end = tail.iter().position(|&byte| byte == 0).unwrap_or(tail.len());
        text.is_char_boundary(size)
            .then(|| (size, std::str::from_utf8(&tail[..end]).unwrap_or(REPLACEMENT)))
    }
}

#[derive(Deserialize)]
struct NormalizerFields {
    charsmap: String, // hexadecimal
    dummy_prefix: bool,
    first_prefix_only: bool,
    suffix: bool,
    remove_extra_whitespaces: bool,
    escape_whitespaces: bool,
    user_defined: Vec<String>,
}

#[derive(Deserialize)]
#[serde(try_from = "NormalizerFields")]
pub struct SpaceNormalizer {
    charsmap: CharsMap,
    fields: NormalizerFields,
    symbols: Symbols,
}

impl TryFrom<NormalizerFields> for SpaceNormalizer {
    type Error = tokenizers::Error;
    fn try_from(mut fields: NormalizerFields) -> Result<Self> {
        let hex = std::mem::take(&mut fields.charsmap);
        let digits: Option<Vec<u32>> = hex.chars().map(|c| c.to_digit(16)).collect();
        let digits = digits.ok_or("the charsmap is not hexadecimal")?;
        let bytes: Vec<u8> = digits
            .chunks(2)
            .map(|pair| pair.iter().fold(0, |byte, d| byte * 16 + *d as u8))
            .collect();
        let texts = std::mem::take(&mut fields.user_defined);
        let symbols = Symbols::new(
            texts
                .into_iter()
                .filter(|text| !text.is_empty())
                .map(|text| (text, 0))
                .collect(),
        );
        Ok(SpaceNormalizer {
            charsmap: CharsMap::new(&bytes)?,
            fields,
            symbols,
        })
    }
}

/// The normalized text as the crate wants it: 1 at a character that is put in, -n at one that stands for a character of
/// the original and n more behind it.
#[derive(Default)]
struct Changes {
    chars: Vec<(char, isize)>,
    dropped_first: usize, // characters of the original
}

impl Changes {
    fn put_in(&mut self, c: char) {
        self.chars.push((c, 1));
    }
    /// `count` characters of the original, at least one, become `normal`.
    fn replace(&mut self, count: usize, mut normal: impl Iterator<Item = char>) {
        match normal.next() {
            Some(first) => self.chars.push((first, 1 - count as isize)),
            None => self.drop(count),
        }
        normal.for_each(|c| self.put_in(c));
    }
    fn drop(&mut self, count: usize) {
        match self.chars.iter_mut().rfind(|(_, change)| *change <= 0) {
            Some((_, change)) => *change -= count as isize,
            None => self.dropped_first += count,
        }
    }
    fn drop_trailing(&mut self, unwanted: char) {
        while let Some((c, change)) = self.chars.pop() {
            if c != unwanted {
                return self.chars.push((c, change));
            }
            if change <= 0 {
                self.drop((1 - change) as usize);
            }
        }
    }
}

impl SpaceNormalizer {
    /// What `text` begins with, normalized, and its size. `text` is not empty.
    fn prefix<'a>(&'a self, text: &'a str) -> (&'a str, usize) {
        if let Some(size) = self.symbols.prefix(text) {
            return (&text[..size], size);
        }
        if let Some((size, replacement)) = self.charsmap.prefix(text) {
            return (replacement, size);
        }
        let size = text.chars().next().map_or(0, char::len_utf8);
        (&text[..size], size)
    }

    fn changes(&self, text: &str, is_first: bool) -> Changes {
        let fields = &self.fields;
        let space = if fields.escape_whitespaces { SPACE } else { ' ' };
        let mut out = Changes::default();
        let mut at = 0;
        while fields.remove_extra_whitespaces && at < text.len() {
            let (normal, size) = self.prefix(&text[at..]);
            if normal != " " {
                break;
            }
            out.drop(text[at..at + size].chars().count());
            at += size;
        }
        if at == text.len() {
            return out;
        }
        let wants_space = fields.dummy_prefix && (is_first || !fields.first_prefix_only);
        if wants_space && !fields.suffix {
            out.put_in(space);
        }
        let mut behind_space = fields.remove_extra_whitespaces;
        while at < text.len() {
            let (normal, size) = self.prefix(&text[at..]);
            let normal = if behind_space {
                normal.trim_start_matches(' ')
            } else {
                normal
            };
            let spaced = normal.chars().map(|c| if c == ' ' { space } else { c });
            out.replace(text[at..at + size].chars().count(), spaced);
            if !normal.is_empty() {
                behind_space = fields.remove_extra_whitespaces && normal.ends_with(' ');
            }
            at += size;
        }
        if fields.remove_extra_whitespaces {
            out.drop_trailing(space);
        }
        if wants_space && fields.suffix {
            out.put_in(space);
        }
        out
    }
}

impl Normalizer for SpaceNormalizer {
    fn normalize(&self, normalized: &mut NormalizedString) -> Result<()> {
        let is_first = normalized.offsets_original().0 == 0;
        let Changes { chars, dropped_first } = self.changes(normalized.get(), is_first);
        normalized.transform(chars, dropped_first);
        Ok(())
    }
}

// ---- Models

#[derive(Deserialize, Clone, Copy, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Algorithm {
    Bpe,
    Unigram,
}

/// The numbers that files hold.
const NORMAL: u8 = 1;
const USER_DEFINED: u8 = 4;
const UNUSED: u8 = 5;
const BYTE: u8 = 6;

#[derive(Deserialize)]
struct PieceFields {
    algorithm: Algorithm,
    byte_fallback: bool,
    unk_id: Option<u32>,
    texts: Vec<String>, // by id, as all three
    scores: Vec<f32>,
    types: Vec<u8>,
}

#[derive(Deserialize)]
#[serde(try_from = "PieceFields")]
pub struct PieceModel {
    algorithm: Algorithm,
    unk_id: Option<u32>,
    pieces: Vec<(String, f32, u8)>, // by id
    found: HashMap<String, u32>,    // in texts
    reserved: HashMap<String, u32>, // never found: unknown, control and byte pieces
    symbols: Symbols,
    bytes: Option<Vec<u32>>, // the id of each byte
    longest: usize,          // in bytes
    least: f32,              // score of a normal piece
}

impl TryFrom<PieceFields> for PieceModel {
    type Error = tokenizers::Error;
    fn try_from(fields: PieceFields) -> Result<Self> {
        if fields.texts.len() != fields.scores.len() || fields.texts.len() != fields.types.len() {
            return Err("some pieces lack a score or a type".into());
        }
        let pieces = fields.texts.into_iter().zip(fields.scores).zip(fields.types);
        let mut model = PieceModel {
            algorithm: fields.algorithm,
            unk_id: fields.unk_id,
            pieces: pieces.map(|((text, score), kind)| (text, score, kind)).collect(),
            found: HashMap::new(),
            reserved: HashMap::new(),
            symbols: Symbols::default(),
            bytes: None,
            longest: 0,
            least: f32::MAX,
        };
        if model.unk_id.is_some_and(|id| id as usize >= model.pieces.len()) {
            return Err("the unknown piece is out of range".into());
        }
        let mut user_defined = HashMap::new();
        let mut bytes = vec![NO_BYTE; 256];
        for (id, (text, score, kind)) in (0u32..).zip(&model.pieces) {
            match *kind {
                NORMAL | USER_DEFINED | UNUSED => {
                    // A GGUF spells the spaces of user-defined pieces as spaces.
                    let text = if *kind == USER_DEFINED {
                        text.replace(' ', "▁")
                    } else {
                        text.clone()
                    };
                    if text.is_empty() {
                        continue;
                    }
                    model.longest = model.longest.max(text.len());
                    if *kind == USER_DEFINED {
                        user_defined.insert(text.clone(), id);
                    }
                    model.found.entry(text).or_insert(id);
                }
                _ => {
                    model.reserved.insert(text.clone(), id);
                }
            }
            if *kind == NORMAL {
                model.least = model.least.min(*score);
            }
            if *kind == BYTE {
                let digits = text.strip_prefix("<0x").and_then(|text| text.strip_suffix('>'));
                let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
                bytes[byte.ok_or_else(|| format!("the byte piece {text} names no byte"))? as usize] = id;
            }
        }
        if fields.byte_fallback {
            if bytes.contains(&NO_BYTE) {
                return Err("it falls back to bytes, but lacks some of the 256 byte pieces".into());
            }
            model.bytes = Some(bytes);
        }
        model.symbols = Symbols::new(user_defined);
        Ok(model)
    }
}

/// Two neighbours that make a piece. The better score comes first, then the one further left.
#[derive(PartialEq)]
struct Pair {
    score: f32,
    left: usize,
    right: usize,
    size: usize, // of both when they were paired
}

impl Eq for Pair {}
impl Ord for Pair {
    fn cmp(&self, other: &Self) -> Ordering {
        self.score
            .total_cmp(&other.score)
            .then_with(|| other.left.cmp(&self.left))
    }
}
impl PartialOrd for Pair {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A run of the text, `begin..end`; empty once it was merged into the one before.
#[derive(Clone, Copy)]
struct Run {
    begin: usize,
    end: usize,
    before: Option<usize>,
    behind: Option<usize>,
    is_symbol: bool, // user-defined: never merged
}

impl PieceModel {
    fn kind(&self, id: u32) -> u8 {
        self.pieces[id as usize].2
    }
    fn score(&self, id: u32) -> f32 {
        self.pieces[id as usize].1
    }

    /// The text's user-defined symbols and, between them, its characters.
    fn runs(&self, text: &str) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        let mut begin = 0;
        while begin < text.len() {
            let symbol = self.symbols.prefix(&text[begin..]);
            let end = begin + symbol.unwrap_or_else(|| text[begin..].chars().next().map_or(1, char::len_utf8));
            let at = runs.len();
            let (before, behind) = (at.checked_sub(1), (end < text.len()).then_some(at + 1));
            runs.push(Run {
                begin,
                end,
                before,
                behind,
                is_symbol: symbol.is_some(),
            });
            begin = end;
        }
        runs
    }

    /// Merges the best pair until none is left. Ends of the pieces.
    fn merged(&self, text: &str) -> Vec<(usize, usize)> {
        let mut runs = self.runs(text);
        let mut pairs = BinaryHeap::new();
        let mut unmerged: HashMap<&str, usize> = HashMap::new(); // an unused piece → where it was joined
        let mut pair = |runs: &[Run], pairs: &mut BinaryHeap<Pair>, left: Option<usize>, right: Option<usize>| {
            let (Some(left), Some(right)) = (left, right) else {
                return;
            };
            if runs[left].is_symbol || runs[right].is_symbol {
                return;
            }
            let joined = &text[runs[left].begin..runs[right].end];
            if joined.len() > self.longest {
                return;
            }
            let Some(&id) = self.found.get(joined) else { return };
            pairs.push(Pair {
                score: self.score(id),
                left,
                right,
                size: joined.len(),
            });
            if self.kind(id) == UNUSED {
                unmerged.insert(joined, runs[left].end - runs[left].begin);
            }
        };
        for right in 1..runs.len() {
            pair(&runs, &mut pairs, Some(right - 1), Some(right));
        }
        while let Some(Pair { left, right, size, .. }) = pairs.pop() {
            let [l, r] = [runs[left], runs[right]];
            if l.begin == l.end || r.begin == r.end || r.end - l.begin != size {
                continue; // one of them was merged since
            }
            runs[left].end = r.end;
            runs[left].behind = r.behind;
            runs[right].begin = r.end;
            if let Some(behind) = r.behind {
                runs[behind].before = Some(left);
            }
            pair(&runs, &mut pairs, l.before, Some(left));
            pair(&runs, &mut pairs, Some(left), r.behind);
        }
        // Unused pieces only help others to come about: those left over are taken apart again.
        let mut ends = Vec::new();
        let mut stack: Vec<(usize, usize)> = Vec::new();
        for run in runs.iter().filter(|run| run.begin < run.end) {
            stack.push((run.begin, run.end));
            while let Some((begin, end)) = stack.pop() {
                let whole = &text[begin..end];
                let is_unused = self.found.get(whole).is_some_and(|&id| self.kind(id) == UNUSED);
                match unmerged.get(whole).filter(|_| is_unused) {
                    Some(&size) => stack.extend([(begin + size, end), (begin, begin + size)]),
                    None => ends.push((begin, end)),
                }
            }
        }
        ends
    }

    /// The pieces of the best path through the text.
    fn best_path(&self, text: &str) -> Vec<(usize, usize)> {
        #[derive(Clone, Copy)]
        struct Best {
            score: f32,
            from: Option<usize>,
        }
        const UNKNOWN_PENALTY: f32 = 10.0;
        let unknown_score = self.least - UNKNOWN_PENALTY;
        let mut best = vec![Best { score: 0.0, from: None }; text.len() + 1];
        for (begin, c) in text.char_indices() {
            let here = best[begin].score;
            let mut reach = |end: usize, score: f32| {
                let candidate = score + here;
                if best[end].from.is_none() || candidate > best[end].score {
                    best[end] = Best {
                        score: candidate,
                        from: Some(begin),
                    };
                }
            };
            let mut has_single = false;
            let ends = text[begin..].char_indices().map(|(at, c)| begin + at + c.len_utf8());
            for end in ends.take_while(|end| end - begin <= self.longest) {
                let Some(&id) = self.found.get(&text[begin..end]) else {
                    continue;
                };
                if self.kind(id) == UNUSED {
                    continue;
                }
                let score = match self.kind(id) {
                    USER_DEFINED => (end - begin - 1) as f32 * 0.1, // above all others, and more if longer
                    _ => self.score(id),
                };
                reach(end, score);
                has_single |= end - begin == c.len_utf8();
            }
            if !has_single {
                reach(begin + c.len_utf8(), unknown_score);
            }
        }
        let mut pieces = Vec::new();
        let mut end = text.len();
        while let Some(begin) = best[end].from {
            pieces.push((begin, end));
            end = begin;
        }
        pieces.reverse();
        pieces
    }

    fn token(&self, id: u32, offsets: (usize, usize)) -> Token {
        Token::new(id, self.pieces[id as usize].0.clone(), offsets)
    }
}

impl Model for PieceModel {
    type Trainer = BpeTrainer;

    fn tokenize(&self, text: &str) -> Result<Vec<Token>> {
        let pieces = match self.algorithm {
            Algorithm::Bpe => self.merged(text),
            Algorithm::Unigram => self.best_path(text),
        };
        let mut tokens: Vec<Token> = Vec::with_capacity(pieces.len());
        let mut behind_unknown = false;
        for (begin, end) in pieces {
            let piece = &text[begin..end];
            // An unused character, or one that only a control token spells, is unknown.
            let known = self.found.get(piece).copied().filter(|&id| self.kind(id) != UNUSED);
            let id = known.or(self.unk_id);
            let is_unknown = id == self.unk_id;
            match (&self.bytes, id) {
                (Some(bytes), _) if is_unknown => {
                    tokens.extend(piece.bytes().map(|byte| self.token(bytes[byte as usize], (begin, end))))
                }
                (_, None) => return Err(format!("the vocabulary cannot spell {piece:?}").into()),
                (_, Some(id)) => match tokens.last_mut() {
                    Some(last) if is_unknown && behind_unknown => last.offsets.1 = end, // a run is one token
                    _ => tokens.push(self.token(id, (begin, end))),
                },
            }
            behind_unknown = is_unknown;
        }
        Ok(tokens)
    }

    fn token_to_id(&self, token: &str) -> Option<u32> {
        self.reserved.get(token).or_else(|| self.found.get(token)).copied()
    }
    fn id_to_token(&self, id: u32) -> Option<String> {
        self.pieces.get(id as usize).map(|piece| piece.0.clone())
    }
    fn get_vocab(&self) -> std::collections::HashMap<String, u32> {
        (0u32..)
            .zip(&self.pieces)
            .map(|(id, piece)| (piece.0.clone(), id))
            .collect()
    }
    fn get_vocab_size(&self) -> usize {
        self.pieces.len()
    }
    fn save(&self, _: &Path, _: Option<&str>) -> Result<Vec<PathBuf>> {
        Err("not written".into())
    }
    fn get_trainer(&self) -> BpeTrainer {
        BpeTrainer::default()
    }
}

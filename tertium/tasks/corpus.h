#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace tertium {

// Parallel corpora: sentence i says the same in every language.

/// Where a language's sentences lie, and in which form.
struct CorpusFile {
  std::filesystem::path path;
  bool has_columns = false;  // a TSV file with a column a language; else a file a language, a sentence a line
};

/// What a corpus's files call a language: its own name, unless `names` has another.
const std::string& name_in_files(const std::map<std::string, std::string>& names, const std::string& language);

/// `data` is a folder that holds <language>.<split>, or a .tsv file whose first line names the languages of its
/// columns. Without a split, the first of <language>.devtest, .dev and .txt that is there. Throws Error naming what is
/// missing.
CorpusFile corpus_file(const std::filesystem::path& data, const std::string& language, const std::string& split);

/// A sentence without the white space around it, and its place for error messages.
struct Sentence {
  std::string text;
  std::string where;  // "flores200/deu_Latn.devtest:17"
};

/// All sentences of a language, in the file's order. Throws Error naming file and line: not UTF-8, an empty sentence
/// that others follow, no such column.
std::vector<Sentence> read_sentences(const CorpusFile& file, const std::string& language);

}  // namespace tertium

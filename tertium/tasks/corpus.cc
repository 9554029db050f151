#include "tertium/tasks/corpus.h"

#include <algorithm>

#include "tertium/base/error.h"
#include "tertium/base/file.h"
#include "tertium/base/text.h"
#include "tertium/tasks/columns.h"
#include "tertium/tasks/json_lines.h"
#include "tertium/tasks/tsv.h"

namespace tertium {
namespace {

namespace fs = std::filesystem;

/// A sentence a line. What ends the file is no sentence: the last line feed, and blank lines after it.
std::vector<Sentence> read_lines(const fs::path& path) {
  const std::string text = read_text_file(path);
  std::string_view rest = without_byte_order_mark(text);
  rest = rest.substr(0, rest.find_last_not_of("\r\n \t") + 1);
  std::vector<Sentence> sentences;
  while (!rest.empty()) {
    const std::size_t size = std::min(rest.find('\n'), rest.size());
    sentences.push_back(
        {std::string(strip(rest.substr(0, size))), fmt::format("{}:{}", path.string(), sentences.size() + 1)});
    rest.remove_prefix(std::min(size + 1, rest.size()));
  }
  return sentences;
}

std::vector<Sentence> read_column(const fs::path& path, const std::string& language) {
  std::vector<Sentence> sentences;
  read_tsv(path, [&](const JsonLine& line) {
    if (!line.has(language))
      fail("{}: no column \"{}\"; its first line must name the languages of its columns", path.string(),
           printable(language));
    sentences.push_back({std::string(strip(line.text_if_any(language))), line.where});
  });
  return sentences;
}

}  // namespace

const std::string& name_in_files(const std::map<std::string, std::string>& names, const std::string& language) {
  const auto own = names.find(language);
  return own == names.end() ? language : own->second;
}

CorpusFile corpus_file(const fs::path& data, const std::string& language, const std::string& split) {
  if (data.extension() == ".tsv") {
    if (!split.empty()) fail("{}: a file has no split \"{}\"; leave the split out", data.string(), printable(split));
    return {data, /*has_columns=*/true};
  }
  std::vector<std::string> names;
  for (const std::string& ending :
       split.empty() ? std::vector<std::string>{"devtest", "dev", "txt"} : std::vector{split})
    names.push_back(language + "." + ending);
  for (const std::string& name : names)
    if (is_there(data / name)) return {data / name};
  fail("{}: holds none of {}; parallel looks there for the sentences of \"{}\", one a line", data.string(), join(names),
       printable(language));
}

std::vector<Sentence> read_sentences(const CorpusFile& file, const std::string& language) {
  std::vector<Sentence> sentences = file.has_columns ? read_column(file.path, language) : read_lines(file.path);
  for (const Sentence& sentence : sentences)
    if (sentence.text.empty())
      fail("{}: is empty; take the line out of every language's file, so that they stay parallel", sentence.where);
  return sentences;
}

}  // namespace tertium

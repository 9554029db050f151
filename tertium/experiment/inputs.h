#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "tertium/base/file.h"
#include "tertium/experiment/corpora.h"
#include "tertium/experiment/run.h"
#include "tertium/experiment/translation.h"
#include "tertium/store/store.h"

namespace tertium {

/// A file that decides a run's numbers. Its name says what it is to the run, wherever it lies: "model config.json",
/// "tokenizer tokenizer.json", "belebele deu_Latn.jsonl".
struct Input {
  std::string name;
  std::filesystem::path file;
};

/// All of them, each file once. A name holds as many folders as tell its file from the others'.
std::vector<Input> inputs_of(const std::vector<FileState>& model, const std::vector<std::filesystem::path>& tokenizer,
                             const std::vector<PreparedTask>& tasks, const std::vector<PreparedCorpus>& corpora,
                             const std::vector<PreparedTranslation>& translations = {},
                             const std::vector<std::filesystem::path>& open_questions = {});

/// Name and SHA-256 of each input. Throws Error naming a file that cannot be read.
using InputHashes = std::vector<std::pair<std::string, std::string>>;
InputHashes hashes_of(const std::vector<Input>& inputs);

/// What `runs` files a hash under is this and the input's name.
inline constexpr std::string_view kHash = "sha256 ";

/// Files them in `runs`, under "sha256 NAME".
void store_hashes(Store& store, const InputHashes& hashes);

/// Throws Error naming every input of `now` that the results in `folder`, whose `runs` is `stored`, were not made from.
void demand_same_inputs(const RunInfo& stored, const InputHashes& now, const std::filesystem::path& folder);

}  // namespace tertium

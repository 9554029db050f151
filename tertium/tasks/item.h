#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "tertium/tasks/marks.h"

namespace tertium {

/// One multiple-choice item in one language, ready to be scored, compared and patched. docs/methods.md, section 1.
struct Item {
  std::string id;        // parallel items share it across languages
  std::string language;  // as the file names it: "it", "deu_Latn"
  std::string category;  // empty if the file has none; XCOPA's own is cause / effect
  std::size_t gold = 0;  // index into options

  // Protocol loglik: option k is scored as the continuation of the context.
  std::string context;
  TextMarks context_marks;           // where its parts end
  std::vector<std::string> options;  // with their leading space
  // [n_options]: the byte of each option at which what is scored begins, where that is not the whole option: a blank
  // within a sentence is filled, and the words behind it are scored. Empty: all of every option.
  std::vector<std::size_t> scored_from;

  // Alignment: statement k = statement_context + statement_options[k]; for most tasks the same text as is scored.
  std::string statement_context;
  std::vector<std::string> statement_options;
  std::string premise;  // what MEXAT compares

  // Protocol letters: what a prompt template may name in braces.
  std::vector<std::string> choices;           // the bare text of each option: {options}, {option1}, {option2} …
  std::map<std::string, std::string> fields;  // the file's own text fields: {premise}, {question} …
};

/// Whether two options are one text, as people read them or as they are scored, so that no answer is the right one.
bool has_identical_options(const Item& item);

/// What the item asks, the same for items that differ only in white space or in the order of their options.
std::string content_of(const Item& item);

}  // namespace tertium

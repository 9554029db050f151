#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "fuzz/support.h"
#include "tertium/analysis/observations.h"
#include "tertium/analysis/results.h"
#include "tertium/analysis/table_text.h"
#include "tertium/store/store.h"

namespace tertium::fuzz {

/// Demands of an analysis what holds for any.
inline void use(const Analysis& analysis) {
  for (const LanguageResult& language : analysis.languages) {
    demand(language.correct <= language.n, "some of all are right");
    demand(language.ts + language.tf + language.fs + language.ff <= language.n, "an item counts once");
  }
  for (const std::string& sentence : analysis.conclusions)
    demand(sentence.find('\x1b') == std::string::npos, "a sentence is printable");
  to_json(analysis).dump();
  for (const ResultTable& table : result_tables(analysis)) {
    to_csv(table);
    to_markdown(table);
    to_tex(table);
  }
}

inline void use(const Observations& observations) { use(analyse(observations)); }

/// Fills a new results.db below a folder, and makes of it what `tertium stats` does.
template <class Import>
void import_and_use(const std::filesystem::path& folder, Import&& import) {
  read_or_refuse([&] {
    Store store = Store::create(folder / "out", true);
    std::forward<Import>(import)(store);
    use(observations_of(store));
  });
}

}  // namespace tertium::fuzz

#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "tertium/store/store.h"

namespace tertium {

/// A results folder as a report shows it.
struct ReportSource {
  std::string name;  // the folder, as a rule
  const Store* store = nullptr;
  bool finished = true;
  std::vector<std::string> missing;  // what the run has not come to
};

/// All that the page and its figures show (docs/report.md): the tables and conclusions of the analysis, and the results
/// item by item in columns. `version`: of tertium. Texts are as they are stored; whoever shows them must take them as
/// text. Throws Error as observations_of does.
nlohmann::ordered_json report_document(const std::vector<ReportSource>& sources, const std::string& version);

}  // namespace tertium

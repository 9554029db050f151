#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tertium/report/document.h"
#include "tertium/store/store.h"

namespace tertium {

/// A results folder, and what a report calls it.
struct NamedFolder {
  std::string name;
  std::filesystem::path folder;
};

/// Folders named by their paths.
std::vector<NamedFolder> named_by_path(const std::vector<std::string>& folders);

/// The document of report.h over these folders, in their order. Throws Error naming the folder that holds no results.
nlohmann::ordered_json document_of(const std::vector<NamedFolder>& folders);

}  // namespace tertium

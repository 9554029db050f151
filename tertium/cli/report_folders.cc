#include "tertium/cli/report_folders.h"

#include <nlohmann/json.hpp>

#include "tertium/experiment/stages.h"
#include "tertium/version.h"

namespace tertium {

std::vector<NamedFolder> named_by_path(const std::vector<std::string>& folders) {
  std::vector<NamedFolder> named;
  for (const std::string& folder : folders) named.push_back({folder, folder});
  return named;
}

nlohmann::ordered_json document_of(const std::vector<NamedFolder>& folders) {
  std::vector<Store> stores;
  for (const NamedFolder& one : folders) stores.push_back(Store::open(one.folder));
  std::vector<ReportSource> sources;
  for (std::size_t i = 0; i < folders.size(); ++i) {
    const Completeness whole = completeness(stores[i].info());
    sources.push_back({folders[i].name, &stores[i], whole.finished, whole.missing});
  }
  return report_document(sources, TERTIUM_VERSION);
}

}  // namespace tertium

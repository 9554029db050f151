#include "tertium/experiment/kept_intervention.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <type_traits>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/engine/intervene.h"
#include "tertium/experiment/run.h"
#include "tertium/formats/safetensors.h"
#include "tertium/formats/safetensors_metadata.h"
#include "tertium/model/config.h"

namespace tertium {
namespace {

/// What the file says of itself, each demanded.
class Provenance {
 public:
  explicit Provenance(const std::filesystem::path& file) : file_(file), known_(safetensors_metadata(file)) {}

  const std::string& text(const std::string& key) const {
    const auto found = known_.find(key);
    if (found == known_.end())
      fail("{}: says no \"{}\"; name a file that a run with [repair] wrote into repairs/", file_.string(), key);
    return found->second;
  }
  template <class Number>
  Number number(const std::string& key) const {
    const std::string& value = text(key);
    Number number = 0;
    const auto [end, problem] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (problem != std::errc() || end != value.data() + value.size() || !std::isfinite(static_cast<double>(number)))
      fail("{}: its \"{}\" is {}, no {}", file_.string(), key, printable(value),
           std::is_integral_v<Number> ? "whole number" : "number");
    return number;
  }

 private:
  const std::filesystem::path& file_;
  const std::map<std::string, std::string> known_;
};

std::vector<float> read(const std::filesystem::path& path, const Safetensors& file, const char* name,
                        const std::vector<std::int64_t>& shape) {
  const TensorView* tensor = file.find(name);
  if (!tensor) fail("{}: has no tensor \"{}\"; name a file that a run with [repair] wrote", path.string(), name);
  if (tensor->shape != shape)
    fail("{}: \"{}\" is of shape [{}], for this model it would be [{}]; it was fitted on another one", path.string(),
         name, fmt::join(tensor->shape, ", "), fmt::join(shape, ", "));
  std::vector<float> values(tensor->count());
  to_f32(*tensor, values);
  if (!std::ranges::all_of(values, [](float value) { return std::isfinite(value); }))
    fail("{}: \"{}\" holds NaN or infinite values; run the experiment with [repair] again", path.string(), name);
  return values;
}

}  // namespace

Change KeptIntervention::change() const {
  return {.values = values, .operation = operation, .dose = static_cast<float>(alpha), .renormed = everywhere};
}

void KeptIntervention::add_to(Job& job, int strand, bool continues) const {
  if (everywhere)
    tertium::everywhere(job, strand, site, change(), FirstToken::left_out);
  else if (!continues)
    job.interventions.push_back({strand, job.strands[strand].rows() - 1, site, change()});
}

KeptIntervention read_intervention(const std::filesystem::path& path, const Config& config) {
  const Safetensors file(path);
  const Provenance provenance(path);
  KeptIntervention kept{.language = provenance.text("language"),
                        .site = {SiteKind::resid_post, provenance.number<int>("block")},
                        .alpha = provenance.number<double>("alpha"),
                        .everywhere = provenance.text("renormed") == "true",
                        .state = file.state()};
  if (provenance.text("site") != "resid_post")
    fail("{}: its \"site\" is {}; repairs are of resid_post", path.string(), printable(provenance.text("site")));
  if (kept.site.block < 0 || kept.site.block >= config.block_count())
    fail("{}: is of block {}; the model's are 0 to {}", path.string(), kept.site.block, config.block_count() - 1);
  const std::int64_t width = config.hidden;
  if (!file.find("weight")) {
    kept.values = read(path, file, "vector", {width});
    return kept;
  }
  kept.operation = Operation::map;
  kept.values = read(path, file, "weight", {width, width});
  const std::vector<float> bias = read(path, file, "bias", {width});
  kept.values.insert(kept.values.end(), bias.begin(), bias.end());
  return kept;
}

void attach(const KeptIntervention& intervention, const std::filesystem::path& file, std::vector<PreparedTask>& tasks) {
  bool is_asked = false;
  for (PreparedTask& task : tasks)
    for (PreparedLanguage& language : task.others)
      if (language.language == intervention.language) {
        language.intervention = &intervention;
        is_asked = true;
      }
  if (!is_asked)
    fail("intervention: {} repairs {}, which no task asks; add it to task.languages, or name another file",
         file.string(), printable(intervention.language));
}

}  // namespace tertium

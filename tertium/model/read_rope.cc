// How files spell a rope: config.json in the manner of transformers 4 and 5, and GGUF metadata.
#include <algorithm>
#include <cmath>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/model/config_reader.h"
#include "tertium/model/gguf_config.h"

namespace tertium {
namespace {

using Scaling = Rope::Scaling;

constexpr std::string_view kOriginalContext = "original_max_position_embeddings";

constexpr std::pair<std::string_view, Scaling> kScalings[] = {
    {"default", Scaling::none},  {"linear", Scaling::linear}, {"dynamic", Scaling::dynamic},
    {"llama3", Scaling::llama3}, {"yarn", Scaling::yarn},     {"longrope", Scaling::longrope},
    {"su", Scaling::longrope},  // as the first Phi-3 files spell it
};

/// Settings of some kinds of scaling, which others do not have.
constexpr std::string_view kScalingKeys[] = {
    "factor", "low_freq_factor", "high_freq_factor", kOriginalContext, "beta_fast",   "beta_slow", "truncate",
    "mscale", "mscale_all_dim",  "attention_factor", "short_factor",   "long_factor", "finetuned",
};

/// How much longer a scaled context's attention is stretched (YaRN's paper, section 3.4).
double yarn_attention_factor(double factor, double strength = 1) {
  return factor <= 1 ? 1 : 0.1 * strength * std::log(factor) + 1;
}

double longrope_attention_factor(double factor, double original_context) {
  return factor <= 1 ? 1 : std::sqrt(1 + std::log(factor) / std::log(original_context));
}

/// The tables that describe one rope, the one that wins first.
class RopeTables {
 public:
  explicit RopeTables(std::vector<ConfigReader> tables) : tables_(std::move(tables)) {}

  /// Where `key` stands; null if nowhere. It is passed over in the tables behind.
  const ConfigReader* holder(std::string_view key) const {
    const ConfigReader* first = nullptr;
    for (const ConfigReader& table : tables_) {
      if (!table.has(key)) continue;
      if (first)
        table.pass_over(key, "the other table of the rope says it too, and wins");
      else
        first = &table;
    }
    return first;
  }
  double number_or(std::string_view key, double fallback) const {
    const ConfigReader* table = holder(key);
    return table ? table->number(key) : fallback;
  }
  const ConfigReader& holder_of(std::string_view key, const ConfigReader& whole) const {
    if (const ConfigReader* table = holder(key)) return *table;
    whole.refuse(key, "the rope's scaling needs it");
  }
  const std::vector<ConfigReader>& all() const { return tables_; }

 private:
  std::vector<ConfigReader> tables_;
};

/// transformers 5 keeps everything in rope_parameters, flat or by layer type; transformers 4 spreads it. A rope_scaling
/// stands for a flat rope_parameters, and is laid over the table of the full blocks where those are by layer type.
RopeTables rope_tables(const ConfigReader& json, const RopeKeys& keys) {
  std::vector<ConfigReader> tables;
  constexpr std::string_view kNew = "rope_parameters", kOld = "rope_scaling";
  const bool old = json.has(kOld) && !json.table(kOld).empty();
  if (keys.layer_type.empty()) {
    if (old) json.pass_over(kNew, "rope_scaling stands beside it, and wins");
    const std::string_view key = old ? kOld : kNew;
    if (!json.has(key)) return RopeTables({});
    tables.push_back(json.table(key));
    for (const std::string_view type : {"full_attention", "sliding_attention"})
      if (tables[0].has(type)) tables[0].refuse(type, "this family has one rope for all blocks; write its keys flat");
    return RopeTables(tables);
  }
  if (keys.scaled && old) tables.push_back(json.table(kOld));
  if (!json.has(kNew)) return RopeTables(tables);
  const ConfigReader both = json.table(kNew);
  if (!both.has("full_attention") && !both.has("sliding_attention") && !both.empty())
    json.refuse(kNew, "must hold full_attention and sliding_attention, a table each");
  if (both.has(keys.layer_type)) tables.push_back(both.table(keys.layer_type));
  return RopeTables(tables);
}

Scaling scaling_of(const RopeTables& tables, const RopeKeys& keys) {
  // "rope_type" in any of the tables is stronger than the older "type".
  const ConfigReader* table = tables.holder("rope_type");
  const std::string_view key = table ? "rope_type" : "type";
  const ConfigReader* older = tables.holder("type");
  if (!table) table = older;
  if (!table) return Scaling::none;
  if (older == table && key == "type" && !keys.layer_type.empty())
    older->refuse(key, "transformers does not read it for this family; spell it rope_type");
  const std::string type = table->text_or(key, "");
  if (older && key == "rope_type" && older->text_or("type", "") != type)
    older->pass_over("type", "rope_type stands beside it, and wins");
  std::vector<std::string> known;
  for (const auto& [name, scaling] : kScalings) {
    if (name == type && keys.longrope_only && scaling == Scaling::yarn) return Scaling::longrope;
    if (name == type && (!keys.longrope_only || scaling == Scaling::none || scaling == Scaling::longrope))
      return scaling;
    known.emplace_back(name);
  }
  table->refuse(key, fmt::format("\"{}\" is not supported; tertium knows ", printable(type)) +
                         (keys.longrope_only ? "default and longrope for this family" : join(known)));
}

/// Reads a scaling's own numbers. `rope` holds kind, theta, original_context and the dimensions already.
void read_scaling(const RopeTables& tables, const ConfigReader& json, const Config& config, Rope& rope) {
  const auto needed = [&](std::string_view key) { return tables.holder_of(key, json).number(key); };
  const double extension = config.context / rope.original_context;
  switch (rope.scaling) {
    case Scaling::none:
      return;
    case Scaling::linear:
      rope.factor = needed("factor");
      return;
    case Scaling::dynamic:
      rope.factor = needed("factor");
      rope.original_context = config.context;
      return;
    case Scaling::llama3:
      rope.factor = needed("factor");
      rope.low_freq_factor = needed("low_freq_factor");
      rope.high_freq_factor = needed("high_freq_factor");
      return;
    case Scaling::yarn: {
      rope.factor = tables.number_or("factor", extension);
      const auto number_not_zero = [&](std::string_view key, double fallback) {
        const double number = tables.number_or(key, fallback);
        return number == 0 ? fallback : number;
      };
      rope.beta_fast = number_not_zero("beta_fast", rope.beta_fast);
      rope.beta_slow = number_not_zero("beta_slow", rope.beta_slow);
      if (const ConfigReader* table = tables.holder("truncate")) rope.truncate = table->flag_or("truncate", true);
      const double mscale = tables.number_or("mscale", 0), all = tables.number_or("mscale_all_dim", 0);
      const double implied = mscale != 0 && all != 0
                                 ? yarn_attention_factor(rope.factor, mscale) / yarn_attention_factor(rope.factor, all)
                                 : yarn_attention_factor(rope.factor);
      rope.attention_factor = tables.number_or("attention_factor", implied);
      return;
    }
    case Scaling::longrope:
      rope.short_factors = tables.holder_of("short_factor", json).numbers("short_factor");
      rope.long_factors = tables.holder_of("long_factor", json).numbers("long_factor");
      rope.attention_factor = tables.number_or(
          "attention_factor", longrope_attention_factor(tables.number_or("factor", extension), rope.original_context));
      return;
  }
}

/// What is wrong with a rope, or nothing.
std::string_view fault(const Rope& rope) {
  if (rope.rotated <= 0 || rope.rotated % 2 != 0) return "the number of rotated dimensions of a head must be even";
  if (!(rope.theta > 0) || !(rope.factor > 0)) return "theta and factor must be positive";
  if (rope.scaling == Scaling::llama3 &&
      (!(rope.low_freq_factor > 0) || !(rope.high_freq_factor > rope.low_freq_factor)))
    return "llama3 needs 0 < low_freq_factor < high_freq_factor";
  if (rope.scaling == Scaling::yarn && !(rope.beta_fast > 0 && rope.beta_slow > 0 && rope.theta > 1))
    return "yarn needs positive beta_fast and beta_slow, and a theta above 1";
  if (rope.scaling == Scaling::dynamic && rope.rotated <= 2) return "dynamic scaling needs more than 2 dimensions";
  for (const std::vector<float>* factors : {&rope.short_factors, &rope.long_factors}) {
    if (!factors->empty() && factors->size() != static_cast<std::size_t>(rope.rotated / 2))
      return "its factors must be one for each pair of rotated dimensions";
    if (std::any_of(factors->begin(), factors->end(), [](float factor) { return !(factor > 0); }))
      return "its factors must be positive";
  }
  return {};
}

/// The part of a head that is rotated. A family that rotates heads whole does so whatever the file says, unless the
/// rope is scaled: there transformers fails.
double rotated_part(const RopeTables& tables, const ConfigReader& json, const RopeKeys& keys, Scaling scaling) {
  constexpr std::string_view kTableKey = "partial_rotary_factor";
  const ConfigReader* table = tables.holder(kTableKey);
  if (!keys.partial_key.empty()) {
    const double part = table ? table->number(kTableKey) : json.number_or(keys.partial_key, keys.partial);
    if (!(part > 0 && part <= 1)) json.refuse(keys.partial_key, "must be above 0 and at most 1");
    json.pass_over_others({kTableKey, "rotary_pct"}, keys.partial_key, part);
    return part;
  }
  for (const ConfigReader* holder : {table, &json}) {
    if (!holder || !holder->has(kTableKey) || holder->number(kTableKey) == 1) continue;
    if (scaling != Scaling::none) holder->refuse(kTableKey, "this family rotates heads whole");
    holder->pass_over(kTableKey, "this family rotates heads whole, in transformers too");
  }
  return 1;
}

}  // namespace

Rope ConfigReader::rope(const Config& config, const RopeKeys& keys) const {
  const RopeTables tables = rope_tables(*this, keys);
  Rope rope;
  rope.interleaved = keys.interleaved;
  rope.scaling = scaling_of(tables, keys);
  const double outside = keys.theta_key.empty() ? keys.theta : number_or(keys.theta_key, keys.theta);
  rope.theta = tables.number_or("rope_theta", outside);
  if (rope.theta != outside) pass_over(keys.theta_key, "the rope's table says it too, and wins");
  const bool inside = tables.holder("rope_theta") != nullptr;
  pass_over_others({"rotary_emb_base", "rope_base"}, inside ? "" : keys.theta_key, rope.theta);
  if (keys.theta_key == "rotary_emb_base") pass_over_others({"rope_theta"}, inside ? "" : keys.theta_key, rope.theta);
  rope.rotated = static_cast<int>(config.head_dim * rotated_part(tables, *this, keys, rope.scaling));

  // Beside a flat table, what the model itself says is stronger than what the table says.
  const double in_table =
      tables.number_or(kOriginalContext, keys.original_context > 0 ? keys.original_context : config.context);
  const bool flat = keys.layer_type.empty();
  rope.original_context =
      flat ? number_or(kOriginalContext, keys.original_context > 0 ? keys.original_context : in_table) : in_table;
  if (rope.original_context != in_table)
    for (const ConfigReader& table : tables.all()) table.pass_over(kOriginalContext, "the model says it too, and wins");
  if (!(rope.original_context > 1)) refuse(kOriginalContext, "must be a number of positions");
  read_scaling(tables, *this, config, rope);
  if (const std::string_view wrong = fault(rope); !wrong.empty()) refuse("rope", wrong);
  for (const ConfigReader& table : tables.all())
    for (const std::string_view key : kScalingKeys) table.pass_over_unread(key, "this kind of rope does not have it");
  return rope;
}

std::vector<float> GgufConfig::factors(std::string_view name, int rotated) const {
  const TensorView* tensor = file_.find(name);
  if (!tensor) return {};
  if (tensor->count() != static_cast<std::size_t>(rotated / 2))
    fail("{}: tensor \"{}\" has {} values, not one for each of the {} pairs of rotated dimensions",
         file_.path().string(), name, tensor->count(), rotated / 2);
  std::vector<float> values(tensor->count());
  to_f32(*tensor, values);
  return values;
}

Rope unscaled(Rope rope) {
  rope.scaling = Scaling::none;
  rope.factor = rope.attention_factor = 1;
  return rope;
}

Rope GgufConfig::rope(const Config& config, double default_theta) const {
  Rope rope;
  rope.theta = number_or("rope.freq_base", default_theta);
  rope.rotated = count_or("rope.dimension_count", config.head_dim);
  if (rope.rotated > config.head_dim) refuse("rope.dimension_count", "must be at most a head's width");
  demand("rope.dimension_count_swa", rope.rotated);
  // The older spelling counts where the newer is not there; 0 means none. A factor alone is a linear one.
  const double older = number_or("rope.scale_linear", 0);
  const double factor = number_or("rope.scaling.factor", older);
  const std::string type = has("rope.scaling.type") ? get<std::string>("rope.scaling.type") : "linear";
  rope.factor = factor == 0 || type == "none" ? 1 : factor;
  rope.original_context = number_or("rope.scaling.original_context_length", config.context);
  if (!(rope.original_context > 1)) refuse("rope.scaling.original_context_length", "must be a number of positions");
  rope.short_factors = rope.long_factors = factors("rope_freqs.weight", rope.rotated);
  const std::vector<float> long_factors = factors("rope_factors_long.weight", rope.rotated);
  rope.beta_fast = number_or("rope.scaling.yarn_beta_fast", rope.beta_fast);
  rope.beta_slow = number_or("rope.scaling.yarn_beta_slow", rope.beta_slow);
  demand("rope.scaling.yarn_ext_factor", 1, -1);  // -1: not set
  const double yarn_implied = number_or("rope.scaling.yarn_attn_factor", yarn_attention_factor(rope.factor));
  double implied = 1;
  if (!long_factors.empty()) {
    rope.scaling = Scaling::longrope;
    rope.long_factors = long_factors;
    rope.short_factors = factors("rope_factors_short.weight", rope.rotated);
    if (rope.short_factors.empty())
      fail("{}: has rope_factors_long.weight without rope_factors_short.weight", file_.path().string());
    if (!has("rope.scaling.attn_factor"))
      implied = longrope_attention_factor(config.context / rope.original_context, rope.original_context);
  } else if (type == "linear") {
    rope.scaling = rope.factor == 1 ? Scaling::none : Scaling::linear;
  } else if (type == "yarn") {
    rope.scaling = Scaling::yarn;
    implied = yarn_implied;
  } else if (type != "none") {
    refuse("rope.scaling.type", "\"" + printable(type) +
                                    "\" is not supported; tertium knows none, linear, yarn, and "
                                    "longrope's factors");
  }
  rope.attention_factor = implied * number_or("rope.scaling.attn_factor", 1);
  if (const std::string_view wrong = fault(rope); !wrong.empty()) refuse("rope", wrong);
  return rope;
}

}  // namespace tertium

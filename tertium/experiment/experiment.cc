#include "tertium/experiment/experiment.h"

#include <algorithm>
#include <limits>
#include <regex>
#include <sstream>

#include "tertium/base/error.h"
#include "tertium/base/names.h"
#include "tertium/base/text.h"
#include "tertium/experiment/corpus_keys.h"
#include "tertium/experiment/open_questions.h"
#include "tertium/experiment/toml_table.h"
#include "tertium/experiment/train_table.h"
#include "tertium/experiment/translate_keys.h"
#include "tertium/formats/model_path.h"
#include "tertium/metrics/metric.h"
#include "tertium/patching/control.h"
#include "tertium/patching/direction.h"
#include "tertium/protocols/positions.h"
#include "tertium/tasks/task.h"

namespace tertium {
namespace {

namespace fs = std::filesystem;

/// Where a path in the file counts from, unless it came from a setting.
constexpr std::string_view kPathKeys[] = {"model",  "adapter",    "intervention", "data",
                                          "prompt", "shots_data", "tuned",        "text"};

/// The names of [[task]] tables that are no benchmarks.
constexpr char kParallel[] = "parallel", kTranslation[] = "translate", kOpen[] = "generate";

/// Makes the value of a path key absolute, seen from `folder`.
void resolve(toml::node& node, std::string_view key, const fs::path& folder) {
  if (std::find(std::begin(kPathKeys), std::end(kPathKeys), key) == std::end(kPathKeys) || !node.is_string()) return;
  std::string& value = node.as_string()->get();
  const fs::path path = (folder / value).lexically_normal();
  // What is no path from here may be the name of a model in the local Hugging Face cache.
  std::error_code ignored;
  const bool may_be_name = key == "model" || key == "adapter";
  if (may_be_name && !fs::exists(path, ignored) && may_be_repository(value)) return;
  if (!value.empty()) value = path.string();
}

void resolve_paths(toml::table& table, const fs::path& folder) {
  for (auto&& [key, node] : table) {
    resolve(node, key.str(), folder);
    if (toml::table* inner = node.as_table()) resolve_paths(*inner, folder);
    if (toml::array* tables = node.as_array())
      for (toml::node& element : *tables)
        if (toml::table* inner = element.as_table()) resolve_paths(*inner, folder);
  }
}

/// The value of a setting as TOML: a bare word is a string.
toml::table parsed_setting(const std::string& key, const std::string& value) {
  try {
    return parse_toml("value = " + value, "--set");
  } catch (const Error&) {
    if (value.find_first_of("[{\"'\n") != std::string::npos)
      fail("--set {}={}: the value is no TOML", printable(key), printable(value));
    toml::table table;
    table.insert("value", value);
    return table;
  }
}

/// Sets `path` (dotted) below `table`; a list of tables is entered as a whole, or at an index.
void set(toml::table& table, const std::string& path, const toml::node& value, const std::string& setting) {
  const std::size_t dot = path.find('.');
  const std::string key = path.substr(0, dot);
  if (dot == std::string::npos) {
    table.insert_or_assign(key, value);
    return;
  }
  std::string rest = path.substr(dot + 1);
  if (!table.contains(key)) table.insert(key, toml::table{});
  toml::node& inner = *table.get(key);
  if (toml::table* inner_table = inner.as_table()) return set(*inner_table, rest, value, setting);
  if (!inner.is_array_of_tables()) fail("--set {}: \"{}\" is no table", printable(setting), printable(key));
  toml::array& tables = *inner.as_array();
  const std::size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
  if (digits == 0) {
    for (toml::node& element : tables) set(*element.as_table(), rest, value, setting);
  } else {
    const std::size_t index = digits < 4 ? std::stoul(rest.substr(0, digits)) : tables.size();
    if (index >= tables.size() || digits + 1 >= rest.size() || rest[digits] != '.')
      fail("--set {}: \"{}\" has no such element", printable(setting), printable(key));
    set(*tables[index].as_table(), rest.substr(digits + 1), value, setting);
  }
}

void apply(const std::string& setting, toml::table& table) {
  if (!is_utf8(setting)) fail("--set {}: is not UTF-8; check the terminal's encoding", printable(setting));
  const std::size_t equals = setting.find('=');
  if (equals == 0 || equals == std::string::npos)
    fail("--set {}: write key=value, for example --set patch.draws=3", printable(setting));
  const std::string path = setting.substr(0, equals);
  toml::table parsed = parsed_setting(path, setting.substr(equals + 1));
  toml::node& value = *parsed.get("value");
  resolve(value, path.substr(path.rfind('.') + 1), fs::current_path());
  set(table, path, value, setting);
}

ShotsSpec read_shots(TomlTable& table, const Task& task) {
  ShotsSpec shots;
  constexpr int kMostShots = 1000;
  shots.count = static_cast<int>(table.integer("shots", 0, kMostShots).value_or(0));
  shots.data = table.text("shots_data", "");
  shots.split = table.text("shots_split", "");
  shots.in_pivot = table.one_of("shots_language", {"item", "pivot"}, "item") == "pivot";
  const std::string choice = table.one_of("shots_choice", {"first", "seeded", "lm-eval"}, "first");
  if (choice == "lm-eval") shots.lm_eval = task.lm_eval_shots;
  const bool seeded = choice == "seeded";
  const auto seed = table.integer("shots_seed", 0, std::numeric_limits<std::int64_t>::max());
  if (seeded) shots.seed = static_cast<std::uint64_t>(seed.value_or(42));
  if (seed && !seeded) table.refuse(*table.find("shots_seed"), "shots_seed", "needs shots_choice = \"seeded\"");
  return shots;
}

ItemChoice read_choice(TomlTable& table) {
  ItemChoice choice;
  if (const toml::node* node = table.find("limit")) {
    if (const auto share = node->value_exact<double>(); share && *share > 0 && *share < 1)
      choice.share = *share;
    else if (const auto count = node->value_exact<std::int64_t>(); count && *count >= 1)
      choice.limit = static_cast<std::size_t>(*count);
    else
      table.refuse(*node, "limit", "must be a number of items from 1 on, or a share of them between 0 and 1");
  }
  choice.offset =
      static_cast<std::size_t>(table.integer("offset", 0, std::numeric_limits<std::int64_t>::max()).value_or(0));
  choice.ids = table.texts("ids", {}, "12");
  const toml::node* ids = table.find("ids");
  if (ids && choice.ids.empty()) table.refuse(*ids, "ids", "names no item; leave the key out for all of them");
  if (ids && (table.find("limit") || table.find("offset")))
    table.refuse(*ids, "ids", "names the items already; leave limit and offset out");
  return choice;
}

Orders read_orders(TomlTable& table) {
  const toml::node* node = table.find("permutations");
  if (!node) return {};
  if (const auto count = node->value_exact<std::int64_t>(); count && *count >= 1 && *count <= 120)
    return {Orders::Kind::first, static_cast<std::size_t>(*count)};
  const std::string text = node->value_exact<std::string>().value_or("");
  if (text == "cyclic") return {Orders::Kind::cyclic};
  if (text == "all") return {Orders::Kind::all};
  table.refuse(*node, "permutations", "must be \"cyclic\", \"all\" or a number from 1 to 120");
}

TextRules read_text_rules(TomlTable& table, const Task& task) {
  TextRules rules;
  rules.fixed = table.one_of("compat", {"lm-eval", "fixed"}, "lm-eval") == "fixed";
  if (rules.fixed && !task.may_be_fixed)
    table.refuse(*table.find("compat"), "compat", fmt::format("{} has nothing that is fixed", task.name));
  const std::string statements = table.one_of("statements", {"own", "2504.09378v1"}, "own");
  rules.study_statements = statements != "own";
  if (rules.study_statements && !task.in_study)
    table.refuse(*table.find("statements"), "statements", fmt::format("the study has no statements of {}", task.name));
  return rules;
}

TaskSpec read_task(TomlTable& table, const std::string& name, const std::string& pivot) {
  TaskSpec task;
  task.name = name;
  task.data = table.text("data");
  task.split = table.text("split", "");
  task.languages = table.texts("languages", {}, "it");
  std::erase(task.languages, pivot);
  const std::string protocol = table.one_of("protocol", {"loglik", "loglik:norm", "loglik:bytes", "letters"}, "loglik");
  task.protocol = protocol_named(protocol);
  task.rule = score_rule_of(protocol);
  task.prompt = table.text("prompt", "");
  task.chat = table.flag("chat");
  task.choice = read_choice(table);
  task.shots = read_shots(table, task_named(task.name));
  task.rules = read_text_rules(table, task_named(task.name));
  table.demand_not("truncate_left", "too_long = \"cut\"");
  const std::string too_long = table.one_of("too_long", {"error", "cut", "leave_out"}, "error");
  task.too_long = too_long == "cut" ? TooLong::cut : too_long == "leave_out" ? TooLong::leave_out : TooLong::error;
  if (const std::string symbols = table.text("symbols", ""); !symbols.empty()) task.symbols = symbols_of(symbols);
  task.orders = read_orders(table);
  if (task.protocol != Protocol::letters)
    for (const char* key : {"prompt", "chat", "symbols", "permutations"})
      if (const toml::node* node = table.find(key)) table.refuse(*node, key, "only protocol = \"letters\" has that");
  table.demand_no_other_keys();
  return task;
}

constexpr Pooling kPoolings[] = {Pooling::weighted, Pooling::last, Pooling::mean};

CorpusSpec read_corpus(TomlTable& table, const std::string& pivot) {
  CorpusSpec corpus = read_corpus_keys(table, pivot);
  if (table.find("pooling")) {
    corpus.poolings.clear();
    const std::vector<std::string> wanted = table.some_of("pooling", {"weighted", "last", "mean"}, {});
    for (const Pooling pooling : kPoolings)
      if (std::ranges::find(wanted, to_string(pooling)) != wanted.end()) corpus.poolings.push_back(pooling);
    if (corpus.poolings.empty()) table.refuse(*table.find("pooling"), "pooling", "names nothing; leave the key out");
  }
  table.demand_no_other_keys();
  return corpus;
}

GenerateSpec read_open_answers(TomlTable& table, const Experiment& experiment) {
  if (experiment.open_answers)
    table.refuse(*table.find("name"), "name", "there are two generate tasks; merge them, or run two files");
  return read_generate_keys(table, experiment.pivot);
}

/// One [[task]] table: of a benchmark, of a parallel corpus, of translation, or of open answers.
void read_task_table(TomlTable& table, Experiment& experiment) {
  std::vector<std::string> known = task_names();
  known.insert(known.end(), {kParallel, kTranslation, kOpen});
  const std::string name = table.one_of("name", known);
  if (name == kParallel)
    experiment.corpora.push_back(read_corpus(table, experiment.pivot));
  else if (name == kTranslation)
    experiment.translations.push_back(read_translate_keys(table, experiment.pivot));
  else if (name == kOpen)
    experiment.open_answers = read_open_answers(table, experiment);
  else
    experiment.tasks.push_back(read_task(table, name, experiment.pivot));
}

/// What `call` gives; an Error of its own is put behind the place of the key.
template <class Call>
auto at_key(TomlTable& table, std::string_view key, const Call& call) {
  try {
    return call();
  } catch (const Error& error) {
    table.refuse(*table.find(key), key, error.what());
  }
}

/// Who gives what to whom, where.
void read_what(TomlTable& table, PatchSpec& patch) {
  patch.directions = table.some_of("directions", names_of(directions()), patch.directions);
  patch.positions = table.some_of("positions", position_names(), patch.positions);
  std::vector<std::string> known = names_of(controls());
  known.emplace_back(kOtherTarget);
  patch.controls = table.some_of("controls", known, patch.controls);
  patch.other_target = std::erase(patch.controls, kOtherTarget) > 0;
  std::erase(patch.controls, "main");
  if (table.find("sites")) {
    patch.sites.clear();
    for (const std::string& name : table.texts("sites", {}, "resid_post"))
      patch.sites.push_back(at_key(table, "sites", [&] { return site_named(name); }));
  }
  for (const auto& [key, size] :
       {std::pair("directions", patch.directions.size()), std::pair("positions", patch.positions.size()),
        std::pair("sites", patch.sites.size())})
    if (size == 0) table.refuse(*table.find(key), key, "names nothing; leave the key out for its default");
  if (!patch.all_items) return;
  for (const std::string& a : patch.directions)
    for (const std::string& b : patch.directions)
      if (a < b && direction_named(a).donor == direction_named(b).donor)
        table.refuse(*table.find("directions"), "directions",
                     fmt::format("with items = \"all\", {} and {} are the same runs; name one of them", a, b));
}

void read_where(TomlTable& table, PatchSpec& patch) {
  constexpr int kMost = 100'000;
  patch.blocks = table.numbers("blocks", kMost);
  if (table.find("texts")) patch.texts = table.numbers("texts", kMost);
  patch.heads = table.numbers("heads", kMost);
  patch.window = static_cast<int>(table.integer("window", 1, kMost).value_or(patch.window));
  const bool any_per_head =
      std::any_of(patch.sites.begin(), patch.sites.end(), [](const SiteName& site) { return is_per_head(site.kind); });
  if (patch.heads && !any_per_head)
    table.refuse(*table.find("heads"), "heads", "only the sites q, k, v and z have heads");
}

PatchSpec read_patch(TomlTable& table) {
  PatchSpec patch;
  patch.all_items = table.one_of("items", {"pool", "all"}, "pool") == "all";
  if (const auto most = table.integer("max_items", 1, std::numeric_limits<int>::max()))
    patch.max_items = static_cast<int>(*most);
  read_what(table, patch);
  read_where(table, patch);
  patch.doses = table.shares("doses", patch.doses);
  patch.draws = static_cast<int>(table.integer("draws", 1, 1000).value_or(patch.draws));
  patch.seed =
      static_cast<std::uint64_t>(table.integer("seed", 0, std::numeric_limits<std::int64_t>::max()).value_or(42));
  patch.skip_missing = table.one_of("missing", {"error", "skip"}, "error") == "skip";
  table.demand_no_other_keys();
  return patch;
}

/// What becomes of the components.
void read_operations(TomlTable& table, AblateSpec& ablate) {
  const bool any_part =
      std::ranges::any_of(ablate.components, [](Component one) { return one != Component::direction; });
  const std::vector<std::string_view> known = removal_names();
  const std::vector<std::string> names = table.some_of("operations", {known.begin(), known.end()}, {});
  if (const toml::node* node = table.find("operations")) {
    const bool projects = std::ranges::count(names, "project") > 0;
    if (projects && std::ranges::count(ablate.components, Component::direction) == 0)
      table.refuse(*node, "operations", "only the component direction is projected out");
    ablate.operations.clear();
    for (const std::string& name : names)
      if (name != "project") ablate.operations.push_back(removal_named(name));
    if (any_part == ablate.operations.empty())
      table.refuse(*node, "operations",
                   any_part ? "names nothing that can be done to blocks, halves of them or heads: zero, mean, resample"
                            : "the component direction can only be projected out");
  }
  const toml::node* node = table.find("reference");
  if (!node) return;
  if (!ablate.takes(Removal::mean)) table.refuse(*node, "reference", "only the operation mean has one");
  const std::vector<std::string> over = table.some_of("reference", {"own", "pivot"}, {});
  if (over.empty()) table.refuse(*node, "reference", "names nothing; leave the key out");
  ablate.references.clear();
  for (const std::string& name : over) ablate.references.push_back(name == "own" ? MeanOver::own : MeanOver::pivot);
}

/// Numbers, of all chosen blocks, or "7.2", head 2 of block 7.
void read_heads(TomlTable& table, AblateSpec& ablate) {
  constexpr int kMost = 100'000;
  const toml::node* node = table.find("heads");
  const bool are_texts =
      node && node->is_array() && !node->as_array()->empty() && node->as_array()->front().is_string();
  if (!are_texts) {
    ablate.heads = table.numbers("heads", kMost);
    return;
  }
  static const std::regex place("([0-9]{1,5})\\.([0-9]{1,5})");
  for (const std::string& text : table.texts("heads", {}, "7.2")) {
    std::smatch parts;
    if (!std::regex_match(text, parts, place))
      table.refuse(*node, "heads", "\"" + printable(text) + "\" is not block and head, such as \"7.2\"");
    ablate.chosen_heads.emplace_back(std::stoi(parts[1]), std::stoi(parts[2]));
  }
  std::ranges::sort(ablate.chosen_heads);
}

AblateSpec read_ablate(TomlTable& table) {
  constexpr int kMost = 100'000;
  AblateSpec ablate;
  const std::vector<std::string_view> known = component_names();
  const std::vector<std::string> names = table.some_of("components", {known.begin(), known.end()}, {"block"});
  if (names.empty()) table.refuse(*table.find("components"), "components", "names nothing; leave the key out");
  ablate.components.clear();
  for (const std::string& name : names) ablate.components.push_back(component_named(name));
  ablate.blocks = table.numbers("blocks", kMost);
  read_heads(table, ablate);
  if (table.find("heads") && std::ranges::find(ablate.components, Component::z) == ablate.components.end())
    table.refuse(*table.find("heads"), "heads", "only the component z has heads");
  read_operations(table, ablate);
  ablate.draws = static_cast<int>(table.integer("draws", 0, 1000).value_or(ablate.draws));
  ablate.seed =
      static_cast<std::uint64_t>(table.integer("seed", 0, std::numeric_limits<std::int64_t>::max()).value_or(42));
  ablate.all_items = table.one_of("items", {"all", "pool"}, "all") == "all";
  if (const auto most = table.integer("max_items", 1, std::numeric_limits<int>::max()))
    ablate.max_items = static_cast<int>(*most);
  const std::string rows = table.one_of("rows", {"everywhere", "but_first"}, "everywhere");
  ablate.first_token = rows == "everywhere" ? FirstToken::included : FirstToken::left_out;
  table.demand_no_other_keys();
  return ablate;
}

RepairSpec read_repair(TomlTable& table) {
  RepairSpec repair;
  repair.kinds = table.some_of("kinds", repair_kinds(), repair_kinds());
  repair.controls = table.some_of("controls", repair_controls(), repair_controls());
  const std::vector<double> fit = table.shares("fit", {repair.fit});
  if (fit.size() != 1 || fit[0] <= 0 || fit[0] >= 1)
    table.refuse(*table.find("fit"), "fit", "must be one share between 0 and 1, as [0.5]");
  repair.fit = fit[0];
  repair.corpus = table.text("corpus", "");
  repair.alphas = table.shares("alphas", repair.alphas);
  constexpr int kMost = 100'000;
  repair.blocks = table.numbers("blocks", kMost);
  repair.rank = static_cast<int>(table.integer("rank", 1, kMost).value_or(repair.rank));
  repair.seed =
      static_cast<std::uint64_t>(table.integer("seed", 0, std::numeric_limits<std::int64_t>::max()).value_or(42));
  table.demand_no_other_keys();
  return repair;
}

/// Two tables of one task are two protocols on the same items; anything else would give two meanings to a row of the
/// results.
void demand_distinct(const std::vector<TaskSpec>& tasks, const std::string& file) {
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (tasks[i].name != tasks[j].name) continue;
      if (tasks[i].protocol == tasks[j].protocol && tasks[i].rule == tasks[j].rule &&
          tasks[i].symbols == tasks[j].symbols &&
          (tasks[i].orders.kind == Orders::Kind::as_given) == (tasks[j].orders.kind == Orders::Kind::as_given))
        fail("{}: two [[task]] tables of {} with the same protocol; merge them, or run two files", file, tasks[i].name);
      if (tasks[i].data != tasks[j].data || tasks[i].split != tasks[j].split || tasks[i].choice != tasks[j].choice ||
          tasks[i].rules != tasks[j].rules)
        fail(
            "{}: two [[task]] tables of {} with different data, split, limit, offset, ids, compat or statements; run "
            "two files",
            file, tasks[i].name);
    }
  }
}

void demand_distinct(const std::vector<CorpusSpec>& corpora, const std::string& file) {
  for (std::size_t i = 0; i < corpora.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (corpora[i].corpus() == corpora[j].corpus())
        fail("{}: two parallel tasks of a corpus named {}; merge them, or run two files", file,
             printable(corpora[i].corpus()));
}

void demand_distinct(const std::vector<TranslateSpec>& translations, const std::string& file) {
  for (std::size_t i = 0; i < translations.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) {
      const TranslateSpec &a = translations[i], &b = translations[j];
      if (a.target == b.target)
        fail("{}: two translate tasks into {}; merge them, or run two files", file, printable(a.target));
      if (a.text.data != b.text.data || a.text.split != b.text.split || a.text.files != b.text.files ||
          a.text.offset != b.text.offset || a.text.limit != b.text.limit)
        fail("{}: two translate tasks with different data, split, files, offset or limit; run two files", file);
    }
}

/// What only translations have must not be asked of others.
void demand_translations(const TomlTable& table, const Experiment& experiment, const toml::table& patch) {
  if (experiment.translations.empty() || !experiment.tasks.empty()) {
    const auto refuse = [&](const char* key, const char* what) {
      table.refuse(*patch.get(key), key,
                   fmt::format("{}only translate tasks have that; give them a file of their own", what));
    };
    if (experiment.patch->texts) refuse("texts", "");
    if (experiment.patch->other_target) refuse("controls", "other_target: ");
  }
  if (!experiment.translations.empty() &&
      std::ranges::find(experiment.patch->directions, "fix") == experiment.patch->directions.end())
    table.refuse(*patch.get("directions"), "directions",
                 "translate tasks are patched in the direction fix, from the pivot");
}

/// `origin` is for errors.
Experiment experiment_in(const toml::table& table, const std::string& origin) {
  Experiment experiment;
  TomlTable top(table, origin, "");
  experiment.model = top.text("model");
  experiment.adapter = top.text("adapter", "");
  experiment.intervention = top.text("intervention", "");
  experiment.dtype = top.one_of("dtype", {"f32", "bf16", "f16", "auto"}, experiment.dtype);
  experiment.pivot = top.text("pivot", experiment.pivot);
  for (const toml::table* task : top.tables("task")) {
    TomlTable inner(*task, origin, "task");
    read_task_table(inner, experiment);
  }
  if (const toml::table* align = top.table("align")) {
    TomlTable inner(*align, origin, "align");
    const std::vector<std::string> names = names_of(metrics());
    experiment.metrics = inner.some_of("metrics", names, names);
    inner.demand_no_other_keys();
  }
  if (const toml::table* patch = top.table("patch")) {
    TomlTable inner(*patch, origin, "patch");
    experiment.patch = read_patch(inner);
    demand_translations(inner, experiment, *patch);
  }
  // `tertium train` reads it again, from Experiment::text; here an error names the file's own line.
  if (const toml::table* train = top.table("train")) read_train_table(*train, origin, experiment.pivot);
  if (const toml::table* repair = top.table("repair")) {
    TomlTable inner(*repair, origin, "repair");
    experiment.repair = read_repair(inner);
  }
  if (const toml::table* lens = top.table("lens")) {
    TomlTable inner(*lens, origin, "lens");
    experiment.lens = LensSpec{.tuned = inner.text("tuned", "")};
    inner.demand_no_other_keys();
  }
  if (const toml::table* ablate = top.table("ablate")) {
    TomlTable inner(*ablate, origin, "ablate");
    experiment.ablate = read_ablate(inner);
  }
  top.demand_no_other_keys();
  if (!experiment.intervention.empty() && (experiment.patch || experiment.ablate || experiment.repair))
    fail("{}: intervention goes with scores, [align] and [lens]; leave [patch], [ablate] and [repair] out", origin);
  if (!experiment.intervention.empty() && !experiment.translations.empty())
    fail("{}: intervention does nothing to translation and open answers; run them in a file of their own", origin);
  demand_distinct(experiment.tasks, origin);
  demand_distinct(experiment.corpora, origin);
  demand_distinct(experiment.translations, origin);
  if (experiment.repair && !experiment.repair->corpus.empty() &&
      std::ranges::count(experiment.corpora, experiment.repair->corpus, &CorpusSpec::corpus) == 0)
    fail("{}: repair.corpus: no [[task]] named \"parallel\" reads a corpus named {}; add one", origin,
         printable(experiment.repair->corpus));
  std::ostringstream text;
  text << table;
  experiment.text = text.str();
  return experiment;
}

}  // namespace

const std::vector<std::string>& repair_kinds() {
  static const std::vector<std::string> all = {"mean_shift", "recover", "least_squares", "procrustes", "low_rank"};
  return all;
}

const std::vector<std::string>& repair_controls() {
  static const std::vector<std::string> all = {"random", "other_language", "shuffled"};
  return all;
}

std::string_view to_string(Pooling pooling) {
  switch (pooling) {
    case Pooling::weighted:
      return "weighted";
    case Pooling::last:
      return "last";
    case Pooling::mean:
      break;
  }
  return "mean";
}

fs::path Experiment::found_adapter() const { return adapter.empty() ? adapter : find_adapter(adapter.string()); }

std::vector<std::string> with_pivot(const std::string& pivot, const std::vector<std::string>& others) {
  std::vector<std::string> all = {pivot};
  all.insert(all.end(), others.begin(), others.end());
  return all;
}

std::string CorpusSpec::corpus() const {
  const std::string name = data.extension() == ".tsv" ? data.stem().string() : data.filename().string();
  return split.empty() ? name : name + "." + split;
}

std::string TaskSpec::stored_protocol() const {
  const std::string name = protocol_name(protocol, rule);
  return variant.empty() ? name : name + ":" + variant;
}

Experiment read_experiment(const fs::path& file, const std::vector<std::string>& settings) {
  toml::table table = parse_toml(read_text_file(file), file.string());
  const fs::path folder = fs::absolute(file).parent_path();
  if (!is_utf8(folder.string()))
    fail("{}: the folder's name is not UTF-8, which results are; rename it", printable(folder.string(), 200));
  resolve_paths(table, folder);
  for (const std::string& setting : settings) apply(setting, table);
  return experiment_in(table, file.string());
}

Experiment stored_experiment(const std::string& text, const std::string& origin) {
  return experiment_in(parse_toml(text, origin), origin);
}

}  // namespace tertium

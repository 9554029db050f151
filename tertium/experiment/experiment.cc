#include "tertium/experiment/experiment.h"

#include <toml++/toml.h>

#include <algorithm>
#include <limits>
#include <regex>
#include <set>
#include <sstream>

#include "tertium/base/error.h"
#include "tertium/base/names.h"
#include "tertium/base/text.h"
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
constexpr std::string_view kPathKeys[] = {"model", "data", "prompt", "shots_data"};

/// One table of the file: hands out its keys, then complains about those that nobody asked for.
class Table {
 public:
  Table(const toml::table& table, std::string file, std::string name)
      : table_(table), file_(std::move(file)), name_(std::move(name)) {}

  std::string text(std::string_view key, std::optional<std::string> fallback = std::nullopt) {
    const toml::node* node = find(key);
    if (!node && fallback) return *fallback;
    if (!node) fail("{}: no {} \"{}\"", file_, where(), key);
    const auto value = node->value<std::string>();
    if (!node->is_string() || value->empty()) refuse(*node, key, "must be a string");
    return *value;
  }

  std::vector<std::string> texts(std::string_view key, std::vector<std::string> fallback) {
    const toml::node* node = find(key);
    if (!node) return fallback;
    std::vector<std::string> values;
    if (!node->is_array()) refuse(*node, key, "must be a list of strings");
    for (const toml::node& element : *node->as_array()) {
      if (!element.is_string()) refuse(*node, key, "must be a list of strings");
      values.push_back(*element.value<std::string>());
      if (std::count(values.begin(), values.end(), values.back()) > 1)
        refuse(*node, key, "names \"" + values.back() + "\" twice");
    }
    return values;
  }

  bool flag(std::string_view key) {
    const toml::node* node = find(key);
    if (!node) return false;
    if (!node->is_boolean()) refuse(*node, key, "must be true or false");
    return *node->value<bool>();
  }

  std::optional<std::int64_t> integer(std::string_view key, std::int64_t least, std::int64_t most) {
    const toml::node* node = find(key);
    if (!node) return std::nullopt;
    const auto value = node->value<std::int64_t>();
    if (!node->is_integer() || *value < least || *value > most)
      refuse(*node, key, fmt::format("must be an integer from {} to {}", least, most));
    return value;
  }

  /// Whole numbers from 0 on, ascending: a list, or a range "4-12". Nothing for "all".
  std::optional<std::vector<int>> numbers(std::string_view key, int most) {
    const toml::node* node = find(key);
    if (!node || node->value<std::string>() == "all") return std::nullopt;
    std::set<int> numbers;
    const auto add = [&](std::optional<std::int64_t> number) {
      if (!number || *number < 0 || *number > most || !numbers.insert(static_cast<int>(*number)).second)
        refuse(*node, key, "must be a list of different whole numbers, a range like \"4-12\", or \"all\"");
    };
    static const std::regex range("([0-9]{1,6})-([0-9]{1,6})");
    std::smatch ends;
    const std::string text = node->value<std::string>().value_or("");
    if (std::regex_match(text, ends, range))
      for (int number = std::stoi(ends[1]); number <= std::stoi(ends[2]); ++number) add(number);
    else if (node->is_array())
      for (const toml::node& element : *node->as_array())
        add(element.is_integer() ? element.value<std::int64_t>() : std::nullopt);
    if (numbers.empty()) add(std::nullopt);
    return std::vector<int>(numbers.begin(), numbers.end());
  }

  /// Different numbers from 0 to 1.
  std::vector<double> shares(std::string_view key, std::vector<double> fallback) {
    const toml::node* node = find(key);
    if (!node) return fallback;
    std::set<double> numbers;
    const auto demand = [&](bool good) {
      if (!good) refuse(*node, key, "must be a list of different numbers from 0 to 1");
    };
    demand(node->is_array() && !node->as_array()->empty());
    for (const toml::node& element : *node->as_array()) {
      const auto number = element.value<double>();
      demand(number && *number >= 0 && *number <= 1 && numbers.insert(*number).second);
    }
    return {numbers.begin(), numbers.end()};
  }

  const toml::table* table(std::string_view key) {
    const toml::node* node = find(key);
    if (node && !node->is_table()) refuse(*node, key, "must be a table: [" + std::string(key) + "]");
    return node ? node->as_table() : nullptr;
  }

  std::vector<const toml::table*> tables(std::string_view key) {
    const toml::node* node = find(key);
    if (!node) fail("{}: no [[{}]] table", file_, key);
    std::vector<const toml::table*> all;
    if (!node->is_array_of_tables()) refuse(*node, key, "must be a list of tables: [[" + std::string(key) + "]]");
    for (const toml::node& element : *node->as_array()) all.push_back(element.as_table());
    return all;
  }

  /// A key whose value must be among `known`.
  std::string one_of(std::string_view key, const std::vector<std::string>& known,
                     std::optional<std::string> fallback = std::nullopt) {
    const std::string value = text(key, std::move(fallback));
    if (std::find(known.begin(), known.end(), value) == known.end())
      refuse(*find(key), key, "\"" + printable(value) + "\": tertium knows " + join(known));
    return value;
  }
  std::vector<std::string> some_of(std::string_view key, const std::vector<std::string>& known,
                                   std::vector<std::string> fallback) {
    std::vector<std::string> values = texts(key, std::move(fallback));
    for (const std::string& value : values)
      if (std::find(known.begin(), known.end(), value) == known.end())
        refuse(*find(key), key, fmt::format("\"{}\": tertium knows {}", printable(value), join(known)));
    return values;
  }

  void demand_no_other_keys() const {
    for (const auto& [key, node] : table_) {
      if (std::find(asked_.begin(), asked_.end(), key.str()) != asked_.end()) continue;
      const std::string near = nearest(key.str(), asked_);
      fail("{}: unknown key \"{}\"{}; {}", at(node), printable(key.str()), name_.empty() ? "" : " in [" + name_ + "]",
           near.empty() ? "known: " + join(asked_) : "did you mean \"" + near + "\"?");
    }
  }

  [[noreturn]] void refuse(const toml::node& node, std::string_view key, const std::string& why) const {
    fail("{}: \"{}\": {}", at(node), key, why);
  }
  const toml::node* find(std::string_view key) {
    if (std::find(asked_.begin(), asked_.end(), key) == asked_.end()) asked_.emplace_back(key);
    return table_.get(key);
  }

 private:
  std::string where() const { return name_.empty() ? "key" : "key in [" + name_ + "]"; }
  /// Nodes that came from a setting have no line.
  std::string at(const toml::node& node) const {
    return node.source().begin.line > 0 ? fmt::format("{}:{}", file_, node.source().begin.line) : "--set";
  }

  const toml::table& table_;
  std::string file_;
  std::string name_;  // empty for the top
  std::vector<std::string> asked_;
};

toml::table parse(std::string_view text, const std::string& origin) {
  try {
    return toml::parse(text, origin);
  } catch (const toml::parse_error& error) {
    fail("{}:{}: {}", origin, error.source().begin.line, printable(error.description(), 200));
  }
}

/// Makes the value of a path key absolute, seen from `folder`.
void resolve(toml::node& node, std::string_view key, const fs::path& folder) {
  if (std::find(std::begin(kPathKeys), std::end(kPathKeys), key) == std::end(kPathKeys) || !node.is_string()) return;
  std::string& value = node.as_string()->get();
  const fs::path path = (folder / value).lexically_normal();
  // What is no path from here may be the name of a model in the local Hugging Face cache.
  if (key == "model" && !fs::exists(path) && may_be_repository(value)) return;
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
    return toml::parse("value = " + value);
  } catch (const toml::parse_error&) {
    if (value.find_first_of("[{\"'\n") != std::string::npos)
      fail("--set {}={}: the value is no TOML", key, printable(value));
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
  if (!inner.is_array_of_tables()) fail("--set {}: \"{}\" is no table", setting, key);
  toml::array& tables = *inner.as_array();
  const std::size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
  if (digits == 0) {
    for (toml::node& element : tables) set(*element.as_table(), rest, value, setting);
  } else {
    const std::size_t index = digits < 4 ? std::stoul(rest.substr(0, digits)) : tables.size();
    if (index >= tables.size() || digits + 1 >= rest.size() || rest[digits] != '.')
      fail("--set {}: \"{}\" has no such element", setting, key);
    set(*tables[index].as_table(), rest.substr(digits + 1), value, setting);
  }
}

void apply(const std::string& setting, toml::table& table) {
  const std::size_t equals = setting.find('=');
  if (equals == 0 || equals == std::string::npos)
    fail("--set {}: write key=value, for example --set patch.draws=3", printable(setting));
  const std::string path = setting.substr(0, equals);
  toml::table parsed = parsed_setting(path, setting.substr(equals + 1));
  toml::node& value = *parsed.get("value");
  resolve(value, path.substr(path.rfind('.') + 1), fs::current_path());
  set(table, path, value, setting);
}

ShotsSpec read_shots(Table& table) {
  ShotsSpec shots;
  constexpr int kMostShots = 1000;
  shots.count = static_cast<int>(table.integer("shots", 0, kMostShots).value_or(0));
  shots.data = table.text("shots_data", "");
  shots.split = table.text("shots_split", "");
  shots.in_pivot = table.one_of("shots_language", {"item", "pivot"}, "item") == "pivot";
  const bool seeded = table.one_of("shots_choice", {"first", "seeded"}, "first") == "seeded";
  const auto seed = table.integer("shots_seed", 0, std::numeric_limits<std::int64_t>::max());
  if (seeded) shots.seed = static_cast<std::uint64_t>(seed.value_or(42));
  if (seed && !seeded) table.refuse(*table.find("shots_seed"), "shots_seed", "needs shots_choice = \"seeded\"");
  return shots;
}

Orders read_orders(Table& table) {
  const toml::node* node = table.find("permutations");
  if (!node) return {};
  if (const auto count = node->value_exact<std::int64_t>(); count && *count >= 1 && *count <= 120)
    return {Orders::Kind::first, static_cast<std::size_t>(*count)};
  const std::string text = node->value_exact<std::string>().value_or("");
  if (text == "cyclic") return {Orders::Kind::cyclic};
  if (text == "all") return {Orders::Kind::all};
  table.refuse(*node, "permutations", "must be \"cyclic\", \"all\" or a number from 1 to 120");
}

TaskSpec read_task(Table& table, const std::string& pivot) {
  TaskSpec task;
  task.name = table.one_of("name", task_names());
  task.data = table.text("data");
  task.split = table.text("split", "");
  task.languages = table.texts("languages", {});
  std::erase(task.languages, pivot);
  task.protocol = protocol_named(table.one_of("protocol", {"loglik", "letters"}, "loglik"));
  task.prompt = table.text("prompt", "");
  task.chat = table.flag("chat");
  if (const auto limit = table.integer("limit", 1, std::numeric_limits<int>::max()))
    task.limit = static_cast<int>(*limit);
  task.shots = read_shots(table);
  task.truncate_left = table.flag("truncate_left");
  if (const std::string symbols = table.text("symbols", ""); !symbols.empty()) task.symbols = symbols_of(symbols);
  task.orders = read_orders(table);
  if (task.protocol != Protocol::letters)
    for (const char* key : {"prompt", "chat", "symbols", "permutations"})
      if (const toml::node* node = table.find(key)) table.refuse(*node, key, "only protocol = \"letters\" has that");
  table.demand_no_other_keys();
  return task;
}

/// What `call` gives; an Error of its own is put behind the place of the key.
template <class Call>
auto at_key(Table& table, std::string_view key, const Call& call) {
  try {
    return call();
  } catch (const Error& error) {
    table.refuse(*table.find(key), key, error.what());
  }
}

/// Who gives what to whom, where.
void read_what(Table& table, PatchSpec& patch) {
  patch.directions = table.some_of("directions", names_of(directions()), patch.directions);
  patch.positions = table.some_of("positions", position_names(), patch.positions);
  patch.controls = table.some_of("controls", names_of(controls()), patch.controls);
  std::erase(patch.controls, "main");
  if (table.find("sites")) {
    patch.sites.clear();
    for (const std::string& name : table.texts("sites", {}))
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

void read_where(Table& table, PatchSpec& patch) {
  constexpr int kMost = 100'000;
  patch.blocks = table.numbers("blocks", kMost);
  patch.heads = table.numbers("heads", kMost);
  patch.window = static_cast<int>(table.integer("window", 1, kMost).value_or(patch.window));
  const bool any_per_head =
      std::any_of(patch.sites.begin(), patch.sites.end(), [](const SiteName& site) { return is_per_head(site.kind); });
  if (patch.heads && !any_per_head) table.refuse(*table.find("heads"), "heads", "only site z has heads");
}

PatchSpec read_patch(Table& table) {
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

/// Two tables of one task are two protocols on the same items; anything else would give two meanings to a row of the
/// results.
void demand_distinct(const std::vector<TaskSpec>& tasks, const std::string& file) {
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (tasks[i].name != tasks[j].name) continue;
      if (tasks[i].protocol == tasks[j].protocol && tasks[i].symbols == tasks[j].symbols &&
          (tasks[i].orders.kind == Orders::Kind::as_given) == (tasks[j].orders.kind == Orders::Kind::as_given))
        fail("{}: two [[task]] tables of {} with the same protocol; merge them, or run two files", file, tasks[i].name);
      if (tasks[i].data != tasks[j].data || tasks[i].split != tasks[j].split || tasks[i].limit != tasks[j].limit)
        fail("{}: two [[task]] tables of {} with different data, split or limit; run two files", file, tasks[i].name);
    }
  }
}

}  // namespace

std::string TaskSpec::stored_protocol() const {
  const std::string name(to_string(protocol));
  return variant.empty() ? name : name + ":" + variant;
}

Experiment read_experiment(const fs::path& file, const std::vector<std::string>& settings) {
  toml::table table = parse(read_text_file(file), file.string());
  const fs::path folder = fs::absolute(file).parent_path();
  if (!is_utf8(folder.string()))
    fail("{}: the folder's name is not UTF-8, which results are; rename it", printable(folder.string(), 200));
  resolve_paths(table, folder);
  for (const std::string& setting : settings) apply(setting, table);

  Experiment experiment;
  Table top(table, file.string(), "");
  experiment.model = top.text("model");
  experiment.dtype = top.one_of("dtype", {"f32", "bf16", "f16", "auto"}, experiment.dtype);
  experiment.pivot = top.text("pivot", experiment.pivot);
  for (const toml::table* task : top.tables("task")) {
    Table inner(*task, file.string(), "task");
    experiment.tasks.push_back(read_task(inner, experiment.pivot));
  }
  if (const toml::table* align = top.table("align")) {
    Table inner(*align, file.string(), "align");
    const std::vector<std::string> names = names_of(metrics());
    experiment.metrics = inner.some_of("metrics", names, names);
    inner.demand_no_other_keys();
  }
  if (const toml::table* patch = top.table("patch")) {
    Table inner(*patch, file.string(), "patch");
    experiment.patch = read_patch(inner);
  }
  top.demand_no_other_keys();
  demand_distinct(experiment.tasks, file.string());
  std::ostringstream text;
  text << table;
  experiment.text = text.str();
  return experiment;
}

}  // namespace tertium

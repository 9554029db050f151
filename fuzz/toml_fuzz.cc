// Any bytes as an experiment file, as a setting of one, and as a file of letters templates.

#include "fuzz/folder.h"
#include "tertium/base/text.h"
#include "tertium/experiment/experiment.h"
#include "tertium/tasks/prompts.h"
#include "tertium/tasks/task.h"

namespace {

using namespace tertium;

constexpr std::string_view experiment = "model = \"m\"\n[[task]]\nname = \"items\"\ndata = \"d\"\nlanguages = [\"de\"]\n";

void use(const Experiment& experiment) {
  fuzz::demand(!experiment.tasks.empty(), "an experiment has a task");
  fuzz::demand(is_utf8(experiment.text), "what is stored is UTF-8");
  // What is stored can be read again.
  fuzz::write(fuzz::empty_folder() / "again.toml", experiment.text);
  const Experiment again = read_experiment(fuzz::empty_folder() / "again.toml", {});
  fuzz::demand(again.tasks.size() == experiment.tasks.size(), "what is stored is what was read");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::filesystem::path file = fuzz::empty_folder() / "a.toml";
  fuzz::write(file, text);
  fuzz::read_or_refuse([&] { use(read_experiment(file, {})); });
  for (const std::string& name : task_names())
    fuzz::read_or_refuse([&] { letters_template(task_named(name), file); });
  fuzz::write(file, experiment);
  fuzz::read_or_refuse([&] { use(read_experiment(file, {std::string(text)})); });
  return 0;
}

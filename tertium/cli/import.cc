#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "tertium/base/clock.h"
#include "tertium/base/error.h"
#include "tertium/cli/command.h"
#include "tertium/interchange/lm_eval.h"
#include "tertium/interchange/paper.h"
#include "tertium/store/schema.h"
#include "tertium/store/store.h"
#include "tertium/version.h"

namespace tertium {
namespace {

struct ImportOptions {
  std::string kind, pivot = "en", out;
  std::vector<std::string> from;
  bool force = false;
};

void fill(Store& store, const ImportOptions& options) {
  store.set_info("tertium", TERTIUM_VERSION);
  store.set_info("imported", options.kind);
  store.set_info("started", utc_now());
  if (options.kind == "paper") {
    if (options.from.size() != 1) fail("import paper: give one folder");
    import_paper(options.from.front(), store);
  } else {
    import_lm_eval({options.from.begin(), options.from.end()}, options.pivot, store);
  }
  store.set_info("finished", utc_now());
  store.commit();
}

/// A folder that is gone with what is in it when the object goes.
class PartFolder {
 public:
  explicit PartFolder(std::filesystem::path path) : path_(std::move(path)) {}
  PartFolder(const PartFolder&) = delete;
  PartFolder& operator=(const PartFolder&) = delete;
  ~PartFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

void import(const ImportOptions& options) {
  (void)demand_free(options.out, options.force);
  // Until all is read nothing is replaced, and files that cannot be read leave nothing.
  std::filesystem::path beside = std::filesystem::absolute(options.out);
  if (!beside.has_filename()) beside = beside.parent_path();
  const PartFolder part(beside += fmt::format(".part-{}", ::getpid()));
  {
    Store store = Store::create(part.path(), false);
    fill(store, options);
  }
  move_results(part.path(), options.out, options.force);
  fmt::print("Imported into {}; next: tertium stats {}\n", options.out, options.out);
}

}  // namespace

void add_import(CLI::App& app) {
  CLI::App& command = add_command(app, "import", "Make a results folder of other tools' files",
                                  "tertium import lm-eval results_it.json results_en.json --pivot en --out imported");
  const auto options = std::make_shared<ImportOptions>();
  command.add_option("kind", options->kind, "paper (the study's per-item outputs) or lm-eval")
      ->required()
      ->check(CLI::IsMember({"paper", "lm-eval"}));
  command.add_option("from", options->from, "paper: its folder; lm-eval: files or folders of results and samples")
      ->required();
  command.add_option("--pivot", options->pivot, "The language that the others are held against")->capture_default_str();
  command.add_option("--out", options->out, "The folder for results.db; made if absent")->required();
  command.add_flag("--force", options->force, "Replace the results that the folder holds");
  command.callback([options] { import(*options); });
}

}  // namespace tertium

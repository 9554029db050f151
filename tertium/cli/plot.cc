#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tertium/base/error.h"
#include "tertium/base/file.h"
#include "tertium/base/text.h"
#include "tertium/cli/child.h"
#include "tertium/cli/command.h"
#include "tertium/cli/report_folders.h"
#include "tertium/report/page.h"

namespace tertium {
namespace {

namespace fs = std::filesystem;

struct PlotOptions {
  std::vector<std::string> folders;
  std::string figure, out, task, metric, place, control, corpus, ablation;
  std::vector<std::string> languages;
  int width = 680;
};

/// Behind the page's program: its figures without a page.
constexpr char kDriver[] = R"(
;tertiumReport.plot(JSON.parse(require("fs").readFileSync(0, "utf8"))).then(
  (text) => process.stdout.write(text),
  (error) => { process.stderr.write(error.message); process.exitCode = 1; });
)";

void write_or_fail(const fs::path& path, std::string_view text) {
  if (!write_file(path, text)) fail("{}: cannot be written; give another -o, or make room", path.string());
}

/// What a program says, in one line; printable, since a result's names may be in it.
std::string line_of(const std::string& text) {
  constexpr std::size_t kMost = 600;
  return is_utf8(text) ? printable(strip(text), kMost) : "it said nothing that can be printed";
}

fs::path demand_program(const std::string& name, const std::string& package, const std::string& otherwise) {
  if (const auto program = find_program(name)) return *program;
  fail("{} is needed and not here; install it (Debian: apt-get install {}), {}", name, package, otherwise);
}

void run_or_fail(const fs::path& program, const std::vector<std::string>& arguments, const fs::path& input,
                 const fs::path& output, const ScratchFolder& scratch) {
  const ChildResult result = run_program(program, arguments, input, output, scratch);
  if (result.status != 0) fail("{}: {}", program.filename().string(), line_of(result.errors));
}

nlohmann::ordered_json request_of(const PlotOptions& options, const std::string& format) {
  return {{"figure", options.figure},
          {"format", format},
          {"part", options.task},
          {"metric", options.metric},
          {"place", options.place},
          {"control", options.control},
          {"corpus", options.corpus},
          {"ablation", options.ablation},
          {"width", options.width},
          {"languages", options.languages},
          {"document", document_of(named_by_path(options.folders))}};
}

/// The one figure of several folders.
constexpr char kCompared[] = "compared";

void plot(const PlotOptions& options) {
  const fs::path out = options.out;
  const std::string ending = out.extension().string();
  if (ending != ".json" && ending != ".svg" && ending != ".pdf" && ending != ".png")
    fail("-o {}: a figure is written as .json (Vega-Lite), .svg, .pdf or .png", options.out);
  const bool converts = ending == ".pdf" || ending == ".png";
  const fs::path node = demand_program("node", "nodejs", "or save the figure from the page of tertium report");
  fs::path converter;
  if (converts) converter = demand_program("rsvg-convert", "librsvg2-bin", "or write .svg or .json");

  if ((options.figure == kCompared) != (options.folders.size() > 1))
    fail("--figure {}: {}", options.figure,
         options.figure == kCompared ? "compares two folders or more; name them all"
                                     : "is of one folder; of several there is --figure compared");
  const ScratchFolder scratch;
  const fs::path script = scratch.path() / "plot.cjs", request = scratch.path() / "request.json",
                 drawn = scratch.path() / "drawn";
  write_or_fail(script, std::string(report_script()) + kDriver);
  write_or_fail(request, request_of(options, ending == ".json" ? "json" : "svg")
                             .dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
  run_or_fail(node, {script.string()}, request, drawn, scratch);
  if (converts) {
    const fs::path svg = scratch.path() / "drawn.svg";
    fs::rename(drawn, svg);
    run_or_fail(converter,
                {"--format=" + ending.substr(1), "--zoom=" + std::string(ending == ".png" ? "3" : "1"), svg.string()},
                "/dev/null", drawn, scratch);
  }
  std::ifstream file(drawn, std::ios::binary);
  write_or_fail(out, std::string(std::istreambuf_iterator<char>(file), {}));
}

}  // namespace

void add_plot(CLI::App& app) {
  CLI::App& command = add_command(app, "plot", "A figure of the report as Vega-Lite, SVG, PDF or PNG, for a paper",
                                  "tertium plot results --figure flips --language it -o flips.svg");
  const auto options = std::make_shared<PlotOptions>();
  command
      .add_option("folders", options->folders,
                  "The folder that `tertium run --out` filled; several for --figure compared, each against the first")
      ->required()
      ->expected(1, 20);
  command
      .add_option("--figure", options->figure,
                  "accuracy, transfer, alignment, corpora, lens, correlation, flips, heatmap, heads, recovery, "
                  "ablations, ablated_alignment, ablated_heads, repairs, translations, translation_alignment, "
                  "translation_patches; of several folders, compared")
      ->required();
  command.add_option("-o,--out", options->out, "The file; its ending says what: .json, .svg, .pdf, .png")->required();
  command.add_option("--task", options->task, "TASK/PROTOCOL, as xcopa/loglik; by default the first");
  command.add_option("--language", options->languages, "These languages only");
  command.add_option("--metric", options->metric, "Of alignment: dali, mexat …; by default the first");
  command.add_option(
      "--place", options->place,
      "What was patched, as \"fix resid_post last\", or of translations \"into de: resid_post last\"; by default the "
      "first");
  command.add_option("--control", options->control, "Main against this control alone");
  command.add_option("--corpus", options->corpus, "Of corpora, as \"flores200 mexa weighted\"; by default the first");
  command.add_option("--ablation", options->ablation, "Of ablations, as \"block zero\"; by default the first");
  command.add_option("--width", options->width, "In pixels")->check(CLI::Range(200, 4000))->capture_default_str();
  command.callback([options] { plot(*options); });
}

}  // namespace tertium

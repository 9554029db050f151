#include <fmt/format.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/cli/command.h"
#include "tertium/tasks/csv.h"
#include "tertium/tasks/json_lines.h"
#include "tertium/tasks/tsv.h"
#include "tertium/translation/corpus_scores.h"

namespace tertium {
namespace {

struct ScoreTranslationsOptions {
  std::string file;
  std::string tokenizer = "auto";
  bool segments = false, json = false;
};

/// A line of the file: an output and what it should have been.
struct Segment {
  std::string language, output, reference;
};

std::vector<Segment> read_segments(const std::filesystem::path& file) {
  std::vector<Segment> segments;
  const auto add = [&](const JsonLine& line) {
    // An empty output is a bad translation; an empty reference is no reference.
    segments.push_back({line.text_if_any("language"),
                        line.has("output") ? line.text_if_any("output") : line.text("output"), line.text("reference")});
  };
  const std::string extension = file.extension().string();
  if (extension == ".tsv")
    read_tsv(file, add);
  else if (extension == ".csv")
    read_csv(file, add);
  else if (extension == ".jsonl")
    read_json_lines(file, add);
  else
    fail("{}: give a .jsonl, .tsv or .csv file with columns output and reference, and language if there are several",
         printable(file.string(), 200));
  if (segments.empty()) fail("{}: holds no segment", printable(file.string(), 200));
  return segments;
}

/// sacrebleu's own choice, of the tokenizers that are here: Chinese by character.
BleuTokenizer tokenizer_of(const std::string& wanted, const std::string& language) {
  if (wanted != "auto") return wanted == "zh" ? BleuTokenizer::zh : BleuTokenizer::v13a;
  return language.starts_with("zh") ? BleuTokenizer::zh : BleuTokenizer::v13a;
}

std::string_view name_of(BleuTokenizer tokenizer) { return tokenizer == BleuTokenizer::zh ? "zh" : "13a"; }

std::string estimate_text(const Estimate& estimate) {
  return std::isnan(estimate.low) ? fmt::format("{:.1f}", estimate.value)
                                  : fmt::format("{:.1f} [{:.1f}, {:.1f}]", estimate.value, estimate.low, estimate.high);
}

nlohmann::ordered_json estimate_json(const Estimate& estimate) {
  nlohmann::ordered_json interval;
  if (!std::isnan(estimate.low)) interval = {estimate.low, estimate.high};
  return {{"score", estimate.value}, {"ci", interval}};
}

void print_segments(const std::vector<Segment>& segments, const ScoreTranslationsOptions& options) {
  for (const Segment& segment : segments) {
    const BleuTokenizer tokenizer = tokenizer_of(options.tokenizer, segment.language);
    const SegmentCounts counts = segment_counts(segment.output, segment.reference, tokenizer);
    fmt::print("{}\n", nlohmann::ordered_json{{"language", segment.language},
                                              {"chrf", chrf(counts.chrf)},
                                              {"chrfpp", chrf_plus_plus(counts.chrf)},
                                              {"bleu", sentence_bleu(counts.bleu)}}
                           .dump());
  }
}

void score(const ScoreTranslationsOptions& options) {
  const std::vector<Segment> segments = read_segments(options.file);
  if (options.segments) return print_segments(segments, options);
  std::vector<std::string> order;
  std::map<std::string, std::vector<SegmentCounts>> by_language;
  for (const Segment& segment : segments) {
    const BleuTokenizer tokenizer = tokenizer_of(options.tokenizer, segment.language);
    auto [found, is_new] = by_language.try_emplace(segment.language);
    if (is_new) order.push_back(segment.language);
    found->second.push_back(segment_counts(segment.output, segment.reference, tokenizer));
  }
  Bootstrap bootstrap;
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  if (!options.json)
    fmt::print("Scores of all segments together, 0 to 100 [95 %, segments resampled]\n  {:<12}{:>6}  {:<19}{:<19}{}\n",
               "language", "n", "chrF++", "chrF", "BLEU");
  for (const std::string& language : order) {
    const CorpusScores scores = corpus_scores(by_language.at(language), bootstrap);
    const std::string_view tokenizer = name_of(tokenizer_of(options.tokenizer, language));
    if (options.json)
      json.push_back({{"language", language},
                      {"n", by_language.at(language).size()},
                      {"chrfpp", estimate_json(scores.chrf_plus_plus)},
                      {"chrf", estimate_json(scores.chrf)},
                      {"bleu", estimate_json(scores.bleu)},
                      {"tokenizer", tokenizer}});
    else
      fmt::print("  {:<12}{:>6}  {:<19}{:<19}{} ({})\n", language.empty() ? "all" : printable(language),
                 by_language.at(language).size(), estimate_text(scores.chrf_plus_plus), estimate_text(scores.chrf),
                 estimate_text(scores.bleu), tokenizer);
  }
  if (options.json) fmt::print("{}\n", json.dump());
}

}  // namespace

void add_score_translations(CLI::App& app) {
  CLI::App& command = add_command(app, "score-translations",
                                  "Score translations against their references: chrF++, chrF and BLEU as sacrebleu's",
                                  "tertium score-translations outputs.tsv");
  const auto options = std::make_shared<ScoreTranslationsOptions>();
  command
      .add_option("file", options->file,
                  "A .jsonl, .tsv or .csv file with columns output and reference, and language if there are several")
      ->required();
  command.add_option("--tokenizer", options->tokenizer, "Of BLEU: 13a, zh, or auto: zh where the language is zh…")
      ->capture_default_str()
      ->check(CLI::IsMember({"auto", "13a", "zh"}));
  command.add_flag("--segments", options->segments, "Scores of every segment, a JSON object a line");
  command.add_flag("--json", options->json, "One JSON array");
  command.callback([options] { score(*options); });
}

}  // namespace tertium

#include "tertium/analysis/result_table.h"

#include <fmt/format.h>

#include "tertium/analysis/result_column.h"
#include "tertium/stats/rates.h"

namespace tertium {
namespace {

template <class Row>
Columns<Row> with_place(Columns<Row> others) {
  Columns<Row> columns = with_language<Row>({{"direction", [](const Row& row) { return row.key.direction; }},
                                             {"site", [](const Row& row) { return row.key.site; }},
                                             {"head", [](const Row& row) { return if_any(row.key.head); }},
                                             {"window", [](const Row& row) { return count(row.key.window); }},
                                             {"position", [](const Row& row) { return row.key.position; }},
                                             {"layer", [](const Row& row) { return count(row.layer); }}});
  columns.insert(columns.end(), others.begin(), others.end());
  return columns;
}

std::string languages_text(const std::map<std::string, std::size_t>& languages) {
  std::string text;
  for (const auto& [language, count] : languages)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", language, count);
  return text;
}

Cell by_rule(const LanguageResult& row, const char* rule) {
  return row.by_rule.contains(rule) ? row.by_rule.at(rule) : kUnknown;
}

const Columns<LanguageResult>& language_columns() {
  using Row = LanguageResult;
  static const auto columns =
      with_language<Row>({{"n", [](const Row& row) { return count(row.n); }},
                          {"correct", [](const Row& row) { return count(row.correct); }},
                          {"accuracy", [](const Row& row) { return row.accuracy.value; }},
                          {"accuracy_ci", [](const Row& row) { return interval(row.accuracy); }},
                          {"ts", [](const Row& row) { return count(row.ts); }},
                          {"tf", [](const Row& row) { return count(row.tf); }},
                          {"fs", [](const Row& row) { return count(row.fs); }},
                          {"ff", [](const Row& row) { return count(row.ff); }},
                          {"undecided", [](const Row& row) { return count(row.undecided); }},
                          {"detectable", [](const Row& row) { return row.detectable; }},
                          {"rule", [](const Row& row) { return row.rule; }},
                          {"acc", [](const Row& row) { return by_rule(row, "acc"); }},
                          {"acc_norm", [](const Row& row) { return by_rule(row, "acc_norm"); }},
                          {"acc_bytes", [](const Row& row) { return by_rule(row, "acc_bytes"); }}});
  return columns;
}

/// Of the share of aligned items in a group.
Cell of_rate(const AlignmentResult& row, const Counts& counts) {
  if (!row.is_binary || counts.n == 0) return CellInterval{};
  const Rate rate = wilson(counts.hits, counts.n);
  return CellInterval{rate.low, rate.high};
}

const Columns<TranslationResult>& translation_columns() {
  using Row = TranslationResult;
  static const Columns<Row> columns = {
      {"target", [](const Row& row) { return row.target; }},
      {"language", [](const Row& row) { return row.language; }},
      {"n", [](const Row& row) { return count(row.n); }},
      {"log_prob", [](const Row& row) { return row.log_prob.value; }},
      {"log_prob_ci", [](const Row& row) { return interval(row.log_prob); }},
      {"per_token", [](const Row& row) { return row.per_token; }},
      {"chrfpp", [](const Row& row) { return row.chrfpp.value; }},
      {"chrfpp_ci", [](const Row& row) { return interval(row.chrfpp); }},
      {"chrf", [](const Row& row) { return row.chrf.value; }},
      {"chrf_ci", [](const Row& row) { return interval(row.chrf); }},
      {"bleu", [](const Row& row) { return row.bleu.value; }},
      {"bleu_ci", [](const Row& row) { return interval(row.bleu); }},
      {"empty", [](const Row& row) { return count(row.empty); }},
      {"repeated", [](const Row& row) { return count(row.repeated); }},
      {"untranslated", [](const Row& row) { return count(row.untranslated); }},
      {"languages_out", [](const Row& row) { return languages_text(row.languages_out); }},
      {"success", [](const Row& row) { return row.success; }},
      {"ts", [](const Row& row) { return count(row.ts); }},
      {"tf", [](const Row& row) { return count(row.tf); }},
      {"fs", [](const Row& row) { return count(row.fs); }},
      {"ff", [](const Row& row) { return count(row.ff); }}};
  return columns;
}

const Columns<TranslationAlignmentResult>& translation_alignment_columns() {
  using Row = TranslationAlignmentResult;
  static const Columns<Row> columns = {{"target", [](const Row& row) { return row.target; }},
                                       {"language", [](const Row& row) { return row.language; }},
                                       {"metric", [](const Row& row) { return row.metric; }},
                                       {"stream", [](const Row& row) { return row.stream; }},
                                       {"layer", [](const Row& row) { return count(row.layer); }},
                                       {"quality", [](const Row& row) { return row.quality; }},
                                       {"n", [](const Row& row) { return count(row.spearman.n); }},
                                       {"spearman", [](const Row& row) { return row.spearman.value; }},
                                       {"spearman_ci", [](const Row& row) { return interval(row.spearman); }}};
  return columns;
}

const Columns<TranslationPatchResult>& translation_patch_columns() {
  using Row = TranslationPatchResult;
  static const Columns<Row> columns = {
      {"target", [](const Row& row) { return row.target; }},
      {"language", [](const Row& row) { return row.language; }},
      {"site", [](const Row& row) { return row.site; }},
      {"position", [](const Row& row) { return row.position; }},
      {"layer", [](const Row& row) { return count(row.layer); }},
      {"control", [](const Row& row) { return row.control; }},
      {"items", [](const Row& row) { return count(row.items); }},
      {"draws", [](const Row& row) { return count(row.draws); }},
      {"change", [](const Row& row) { return row.change.value; }},
      {"change_ci", [](const Row& row) { return interval(row.change); }},
      {"difference", [](const Row& row) { return row.difference.value; }},
      {"difference_ci", [](const Row& row) { return interval(row.difference); }},
      {"p", [](const Row& row) { return row.p; }},
      {"p_holm", [](const Row& row) { return row.p_holm; }},
      {"family", [](const Row& row) { return count(row.family); }},
      {"texts", [](const Row& row) { return count(row.texts); }},
      {"chrfpp", [](const Row& row) { return row.chrfpp; }},
      {"chrfpp_clean", [](const Row& row) { return row.chrfpp_clean; }},
      {"languages_out", [](const Row& row) { return languages_text(row.languages_out); }}};
  return columns;
}

const Columns<AlignmentResult>& alignment_columns() {
  using Row = AlignmentResult;
  static const auto columns = with_language<Row>({
      {"metric", [](const Row& row) { return row.metric; }},
      {"stream", [](const Row& row) { return row.stream; }},
      {"layer", [](const Row& row) { return count(row.layer); }},
      {"ts_k", [](const Row& row) { return row.is_binary ? count(row.ts.hits) : kUnknown; }},
      {"ts_n", [](const Row& row) { return count(row.ts.n); }},
      {"tf_k", [](const Row& row) { return row.is_binary ? count(row.tf.hits) : kUnknown; }},
      {"tf_n", [](const Row& row) { return count(row.tf.n); }},
      {"ts_ci", [](const Row& row) { return of_rate(row, row.ts); }},
      {"tf_ci", [](const Row& row) { return of_rate(row, row.tf); }},
      {"ts_mean", [](const Row& row) { return row.ts_mean; }},
      {"tf_mean", [](const Row& row) { return row.tf_mean; }},
      {"mean", [](const Row& row) { return row.mean; }},
      {"difference", [](const Row& row) { return row.difference.value; }},
      {"difference_ci", [](const Row& row) { return interval(row.difference); }},
      {"fisher_p", [](const Row& row) { return row.fisher_p; }},
      {"z", [](const Row& row) { return row.z.z; }},
      {"z_p", [](const Row& row) { return row.z.greater; }},
      {"clustered_p", [](const Row& row) { return row.clustered_p; }},
      {"auc", [](const Row& row) { return row.auc.value; }},
      {"auc_ci", [](const Row& row) { return interval(row.auc); }},
      {"mann_whitney_p", [](const Row& row) { return row.mann_whitney_p; }},
      {"p_bh", [](const Row& row) { return row.p_bh; }},
      {"family", [](const Row& row) { return count(row.family); }},
  });
  return columns;
}

const Columns<LayerChoiceResult>& layer_choice_columns() {
  using Row = LayerChoiceResult;
  static const auto columns = with_language<Row>({{"metric", [](const Row& row) { return row.metric; }},
                                                  {"rule", [](const Row& row) { return row.rule; }},
                                                  {"layer", [](const Row& row) { return if_any(row.layer); }},
                                                  {"difference", [](const Row& row) { return row.difference; }},
                                                  {"z", [](const Row& row) { return row.z; }},
                                                  {"p", [](const Row& row) { return row.p; }},
                                                  {"p_holm", [](const Row& row) { return row.p_holm; }},
                                                  {"p_bh", [](const Row& row) { return row.p_bh; }},
                                                  {"family", [](const Row& row) { return count(row.family); }}});
  return columns;
}

const Columns<AcrossResult>& across_columns() {
  using Row = AcrossResult;
  static const Columns<Row> columns = {
      {"task", [](const Row& row) { return row.task; }},
      {"protocol", [](const Row& row) { return row.protocol; }},
      {"metric", [](const Row& row) { return row.metric; }},
      {"aggregate", [](const Row& row) { return row.aggregate; }},
      {"n", [](const Row& row) { return count(row.n); }},
      {"pearson", [](const Row& row) { return row.pearson.value; }},
      {"pearson_ci", [](const Row& row) { return interval(row.pearson); }},
      {"pearson_p", [](const Row& row) { return row.pearson_p; }},
      {"pearson_without_one",
       [](const Row& row) {
         return CellInterval{row.pearson_low, row.pearson_high};
       }},
      {"spearman", [](const Row& row) { return row.spearman.value; }},
      {"spearman_ci", [](const Row& row) { return interval(row.spearman); }},
  };
  return columns;
}

/// A language, and the correlation that it is a point of.
struct AcrossLine {
  const AcrossResult* result;
  const AcrossPoint* point;
};

const Columns<AcrossLine>& across_point_columns() {
  using Row = AcrossLine;
  static const Columns<Row> columns = {{"task", [](const Row& row) { return row.result->task; }},
                                       {"protocol", [](const Row& row) { return row.result->protocol; }},
                                       {"metric", [](const Row& row) { return row.result->metric; }},
                                       {"aggregate", [](const Row& row) { return row.result->aggregate; }},
                                       {"language", [](const Row& row) { return row.point->language; }},
                                       {"alignment", [](const Row& row) { return row.point->alignment; }},
                                       {"accuracy", [](const Row& row) { return row.point->accuracy; }}};
  return columns;
}

std::vector<AcrossLine> points_of(const std::vector<AcrossResult>& results) {
  std::vector<AcrossLine> lines;
  for (const AcrossResult& result : results)
    for (const AcrossPoint& point : result.points) lines.push_back({&result, &point});
  return lines;
}

const Columns<FlipResult>& flip_columns() {
  using Row = FlipResult;
  static const auto columns = with_place<Row>({
      {"control", [](const Row& row) { return row.control; }},
      {"items", [](const Row& row) { return count(row.items); }},
      {"draws", [](const Row& row) { return count(row.draws); }},
      {"without_donor", [](const Row& row) { return count(row.without_donor); }},
      {"rate", [](const Row& row) { return row.rate.value; }},
      {"rate_ci", [](const Row& row) { return interval(row.rate); }},
      {"main_rate", [](const Row& row) { return row.main_rate; }},
      {"difference", [](const Row& row) { return row.difference.value; }},
      {"difference_ci", [](const Row& row) { return interval(row.difference); }},
      {"b", [](const Row& row) { return if_any(row.only_main); }},
      {"c", [](const Row& row) { return if_any(row.only_control); }},
      {"p", [](const Row& row) { return row.p; }},
      {"p_bh", [](const Row& row) { return row.p_bh; }},
      {"family", [](const Row& row) { return count(row.family); }},
      {"detectable", [](const Row& row) { return row.detectable; }},
      {"recovery", [](const Row& row) { return row.recovery.value; }},
      {"recovery_ci", [](const Row& row) { return interval(row.recovery); }},
      {"copied", [](const Row& row) { return count(row.copied); }},
      {"may_copy", [](const Row& row) { return count(row.may_copy); }},
  });
  return columns;
}

const Columns<PlaceResult>& place_columns() {
  using Row = PlaceResult;
  static const auto columns = with_place<Row>({
      {"items", [](const Row& row) { return count(row.items); }},
      {"rate", [](const Row& row) { return row.rate; }},
      {"strongest", [](const Row& row) { return row.strongest; }},
      {"difference", [](const Row& row) { return row.difference.value; }},
      {"difference_ci", [](const Row& row) { return interval(row.difference); }},
      {"p", [](const Row& row) { return row.p; }},
      {"p_bh", [](const Row& row) { return row.p_bh; }},
      {"family", [](const Row& row) { return count(row.family); }},
      {"noise_rate", [](const Row& row) { return row.noise_rate; }},
      {"recovery", [](const Row& row) { return row.recovery.value; }},
      {"recovery_ci", [](const Row& row) { return interval(row.recovery); }},
  });
  return columns;
}

template <class Row>
Columns<Row> with_ablation(Columns<Row> others) {
  Columns<Row> columns = with_language<Row>({{"component", [](const Row& row) { return row.key.component; }},
                                             {"layer", [](const Row& row) { return count(row.key.layer); }},
                                             {"head", [](const Row& row) { return if_any(row.key.head); }},
                                             {"operation", [](const Row& row) { return row.key.operation; }},
                                             {"reference", [](const Row& row) { return row.key.reference; }},
                                             {"position", [](const Row& row) { return row.key.position; }},
                                             {"control", [](const Row& row) { return row.key.control; }},
                                             {"items", [](const Row& row) { return count(row.items); }},
                                             {"draws", [](const Row& row) { return count(row.draws); }}});
  columns.insert(columns.end(), others.begin(), others.end());
  return columns;
}

const Columns<AblationResult>& ablation_columns() {
  using Row = AblationResult;
  static const auto columns = with_ablation<Row>({
      {"accuracy", [](const Row& row) { return row.accuracy.value; }},
      {"accuracy_ci", [](const Row& row) { return interval(row.accuracy); }},
      {"change", [](const Row& row) { return row.change.value; }},
      {"change_ci", [](const Row& row) { return interval(row.change); }},
      {"difference", [](const Row& row) { return row.difference.value; }},
      {"difference_ci", [](const Row& row) { return interval(row.difference); }},
      {"p", [](const Row& row) { return row.p; }},
      {"p_bh", [](const Row& row) { return row.p_bh; }},
      {"family", [](const Row& row) { return count(row.family); }},
      {"detectable", [](const Row& row) { return row.detectable; }},
      {"margin_change", [](const Row& row) { return row.margin_change.value; }},
      {"margin_change_ci", [](const Row& row) { return interval(row.margin_change); }},
      {"ts", [](const Row& row) { return count(row.ts); }},
      {"ts_kept", [](const Row& row) { return row.ts_kept.value; }},
      {"ts_kept_ci", [](const Row& row) { return interval(row.ts_kept); }},
      {"tf", [](const Row& row) { return count(row.tf); }},
      {"tf_repaired", [](const Row& row) { return row.tf_repaired.value; }},
      {"tf_repaired_ci", [](const Row& row) { return interval(row.tf_repaired); }},
  });
  return columns;
}

/// Behind what tells which.
template <class Row>
Columns<Row> with_alignment_change(Columns<Row> columns) {
  const Columns<Row> more = {{"metric", [](const Row& row) { return row.metric; }},
                             {"clean", [](const Row& row) { return row.clean; }},
                             {"changed", [](const Row& row) { return row.changed; }},
                             {"change", [](const Row& row) { return row.change.value; }},
                             {"change_ci", [](const Row& row) { return interval(row.change); }},
                             {"difference", [](const Row& row) { return row.difference.value; }},
                             {"difference_ci", [](const Row& row) { return interval(row.difference); }},
                             {"p", [](const Row& row) { return row.p; }}};
  columns.insert(columns.end(), more.begin(), more.end());
  return columns;
}

const Columns<AblatedAlignmentResult>& ablated_alignment_columns() {
  using Row = AblatedAlignmentResult;
  static const auto columns = [] {
    Columns<Row> all = with_alignment_change<Row>(with_ablation<Row>({}));
    all.push_back({"p_bh", [](const Row& row) { return row.p_bh; }});
    all.push_back({"family", [](const Row& row) { return count(row.family); }});
    return all;
  }();
  return columns;
}

const Columns<RepairedAlignmentResult>& repaired_alignment_columns() {
  using Row = RepairedAlignmentResult;
  static const auto columns = [] {
    Columns<Row> all =
        with_alignment_change<Row>(with_language<Row>({{"repair", [](const Row& row) { return row.repair; }},
                                                       {"control", [](const Row& row) { return row.control; }},
                                                       {"layer", [](const Row& row) { return count(row.layer); }},
                                                       {"alpha", [](const Row& row) { return row.alpha; }},
                                                       {"items", [](const Row& row) { return count(row.items); }}}));
    all.push_back({"p_holm", [](const Row& row) { return row.p_holm; }});
    all.push_back({"family", [](const Row& row) { return count(row.family); }});
    return all;
  }();
  return columns;
}

/// A coefficient and what it belongs to.
struct RegressionLine {
  const RegressionResult* result;
  const RegressionTerm* coefficient;  // null where there is a note instead
};

const Columns<RegressionLine>& regression_columns() {
  using Row = RegressionLine;
  const auto of = [](double RegressionTerm::*member) {
    return [member](const Row& row) -> Cell { return row.coefficient ? row.coefficient->*member : kUnknown; };
  };
  static const Columns<Row> columns = {
      {"task", [](const Row& row) { return row.result->task; }},
      {"protocol", [](const Row& row) { return row.result->protocol; }},
      {"metric", [](const Row& row) { return row.result->metric; }},
      {"n", [](const Row& row) { return count(row.result->n); }},
      {"units", [](const Row& row) { return count(row.result->units); }},
      {"term", [](const Row& row) { return row.coefficient ? row.coefficient->term : std::string(); }},
      {"coefficient", of(&RegressionTerm::value)},
      {"error", of(&RegressionTerm::error)},
      {"z", of(&RegressionTerm::z)},
      {"p", of(&RegressionTerm::p)},
      {"note", [](const Row& row) { return row.result->note; }},
  };
  return columns;
}

const Columns<LensResult>& lens_columns() {
  using Row = LensResult;
  static const auto columns =
      with_language<Row>({{"group", [](const Row& row) { return row.group; }},
                          {"layer", [](const Row& row) { return count(row.layer); }},
                          {"n", [](const Row& row) { return count(row.n); }},
                          {"differ", [](const Row& row) { return count(row.differ); }},
                          {"right", [](const Row& row) { return row.right.value; }},
                          {"right_ci", [](const Row& row) { return interval(row.right); }},
                          {"pivot_differs", [](const Row& row) { return count(row.pivot_differs); }},
                          {"pivot_above", [](const Row& row) { return row.pivot_above.value; }},
                          {"pivot_above_ci", [](const Row& row) { return interval(row.pivot_above); }},
                          {"own_log_prob", [](const Row& row) { return row.own; }},
                          {"pivot_log_prob", [](const Row& row) { return row.pivot; }},
                          {"entropy", [](const Row& row) { return row.entropy; }}});
  return columns;
}

const Columns<RepairResult>& repair_columns() {
  using Row = RepairResult;
  static const auto columns =
      with_language<Row>({{"repair", [](const Row& row) { return row.repair; }},
                          {"control", [](const Row& row) { return row.control; }},
                          {"layer", [](const Row& row) { return count(row.layer); }},
                          {"alpha", [](const Row& row) { return row.alpha; }},
                          {"n", [](const Row& row) { return count(row.n); }},
                          {"repaired_k", [](const Row& row) { return count(row.repaired.hits); }},
                          {"repaired_n", [](const Row& row) { return count(row.repaired.n); }},
                          {"broken_k", [](const Row& row) { return count(row.broken.hits); }},
                          {"broken_n", [](const Row& row) { return count(row.broken.n); }},
                          {"before", [](const Row& row) { return row.before.value; }},
                          {"before_ci", [](const Row& row) { return interval(row.before); }},
                          {"after", [](const Row& row) { return row.after.value; }},
                          {"after_ci", [](const Row& row) { return interval(row.after); }},
                          {"difference", [](const Row& row) { return row.difference.value; }},
                          {"difference_ci", [](const Row& row) { return interval(row.difference); }},
                          {"p", [](const Row& row) { return row.p; }},
                          {"p_holm", [](const Row& row) { return row.p_holm; }},
                          {"family", [](const Row& row) { return count(row.family); }},
                          {"detectable", [](const Row& row) { return row.detectable; }}});
  return columns;
}

const Columns<CorpusRow>& corpus_columns() {
  using Row = CorpusRow;
  static const Columns<Row> columns = {
      {"corpus", [](const Row& row) { return row.corpus; }},
      {"language", [](const Row& row) { return row.language; }},
      {"pooling", [](const Row& row) { return row.pooling; }},
      {"stream", [](const Row& row) { return row.stream; }},
      {"layer", [](const Row& row) { return count(row.layer); }},
      {"measure", [](const Row& row) { return row.measure; }},
      {"value", [](const Row& row) { return row.value; }},
      {"chance", [](const Row& row) { return row.chance; }},
  };
  return columns;
}

std::vector<RegressionLine> lines(const std::vector<RegressionResult>& results) {
  std::vector<RegressionLine> lines;
  for (const RegressionResult& result : results) {
    for (const RegressionTerm& coefficient : result.coefficients) lines.push_back({&result, &coefficient});
    if (result.coefficients.empty()) lines.push_back({&result, nullptr});
  }
  return lines;
}

}  // namespace

std::vector<ResultTable> result_tables(const Analysis& analysis) {
  return {table("languages", language_columns(), analysis.languages),
          table("alignment", alignment_columns(), analysis.alignment),
          table("layer_choice", layer_choice_columns(), analysis.layer_choice),
          table("across", across_columns(), analysis.across),
          table("across_points", across_point_columns(), points_of(analysis.across)),
          table("flips", flip_columns(), analysis.flips),
          table("places", place_columns(), analysis.places),
          table("ablations", ablation_columns(), analysis.ablations),
          table("ablated_alignment", ablated_alignment_columns(), analysis.ablated_alignment),
          table("regression", regression_columns(), lines(analysis.regression)),
          table("lens", lens_columns(), analysis.lens),
          table("repairs", repair_columns(), analysis.repairs),
          table("translations", translation_columns(), analysis.translation.translations),
          table("translation_alignment", translation_alignment_columns(), analysis.translation.alignment),
          table("translation_patches", translation_patch_columns(), analysis.translation.patches),
          table("repaired_alignment", repaired_alignment_columns(), analysis.repaired_alignment),
          table("corpora", corpus_columns(), analysis.corpora)};
}

}  // namespace tertium

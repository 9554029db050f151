#include "tertium/analysis/comparison.h"
#include "tertium/analysis/result_column.h"

namespace tertium {
namespace {

template <class Row>
Columns<Row> with_pair(Columns<Row> others) {
  Columns<Row> columns = {{"first", [](const Row& row) { return row.first; }},
                          {"second", [](const Row& row) { return row.second; }}};
  columns.insert(columns.end(), others.begin(), others.end());
  return columns;
}

Columns<AnswerChange> answer_columns() {
  using Row = AnswerChange;
  return with_pair<Row>(with_language<Row>({
      {"n", [](const Row& row) { return count(row.n); }},
      {"units", [](const Row& row) { return count(row.units); }},
      {"first_accuracy", [](const Row& row) { return row.first_accuracy; }},
      {"second_accuracy", [](const Row& row) { return row.second_accuracy; }},
      {"difference", [](const Row& row) { return row.difference.value; }},
      {"difference_ci", [](const Row& row) { return interval(row.difference); }},
      {"won", [](const Row& row) { return count(row.won); }},
      {"lost", [](const Row& row) { return count(row.lost); }},
      {"p", [](const Row& row) { return row.p; }},
      {"p_holm", [](const Row& row) { return row.p_holm; }},
      {"family", [](const Row& row) { return count(row.family); }},
      {"detectable", [](const Row& row) { return row.detectable; }},
  }));
}

Columns<TransferChange> transfer_columns() {
  using Row = TransferChange;
  return with_pair<Row>(with_language<Row>({
      {"n", [](const Row& row) { return count(row.n); }},
      {"units", [](const Row& row) { return count(row.units); }},
      {"first_ts", [](const Row& row) { return count(row.first_ts); }},
      {"second_ts", [](const Row& row) { return count(row.second_ts); }},
      {"difference", [](const Row& row) { return row.difference.value; }},
      {"difference_ci", [](const Row& row) { return interval(row.difference); }},
      {"mended", [](const Row& row) { return count(row.mended); }},
      {"broken", [](const Row& row) { return count(row.broken); }},
      {"p", [](const Row& row) { return row.p; }},
      {"p_holm", [](const Row& row) { return row.p_holm; }},
      {"family", [](const Row& row) { return count(row.family); }},
      {"detectable", [](const Row& row) { return row.detectable; }},
  }));
}

Columns<AlignmentChange> alignment_columns() {
  using Row = AlignmentChange;
  return with_pair<Row>({
      {"task", [](const Row& row) { return row.task; }},
      {"language", [](const Row& row) { return row.language; }},
      {"metric", [](const Row& row) { return row.metric; }},
      {"first_layer", [](const Row& row) { return count(row.first_layer); }},
      {"second_layer", [](const Row& row) { return count(row.second_layer); }},
      {"depth", [](const Row& row) { return row.depth; }},
      {"n", [](const Row& row) { return count(row.n); }},
      {"first_mean", [](const Row& row) { return row.first_mean; }},
      {"second_mean", [](const Row& row) { return row.second_mean; }},
      {"difference", [](const Row& row) { return row.difference.value; }},
      {"difference_ci", [](const Row& row) { return interval(row.difference); }},
      {"p", [](const Row& row) { return row.p; }},
      {"p_bh", [](const Row& row) { return row.p_bh; }},
      {"family", [](const Row& row) { return count(row.family); }},
  });
}

Columns<FlipChange> flip_columns() {
  using Row = FlipChange;
  return with_pair<Row>(with_language<Row>({
      {"direction", [](const Row& row) { return row.key.direction; }},
      {"site", [](const Row& row) { return row.key.site; }},
      {"head", [](const Row& row) { return if_any(row.key.head); }},
      {"window", [](const Row& row) { return count(row.key.window); }},
      {"position", [](const Row& row) { return row.key.position; }},
      {"first_layer", [](const Row& row) { return count(row.first_layer); }},
      {"second_layer", [](const Row& row) { return count(row.second_layer); }},
      {"depth", [](const Row& row) { return row.depth; }},
      {"n", [](const Row& row) { return count(row.n); }},
      {"first_rate", [](const Row& row) { return row.first_rate; }},
      {"second_rate", [](const Row& row) { return row.second_rate; }},
      {"first_lead", [](const Row& row) { return row.first_lead; }},
      {"second_lead", [](const Row& row) { return row.second_lead; }},
      {"difference", [](const Row& row) { return row.difference.value; }},
      {"difference_ci", [](const Row& row) { return interval(row.difference); }},
      {"won", [](const Row& row) { return if_any(row.won); }},
      {"lost", [](const Row& row) { return if_any(row.lost); }},
      {"p", [](const Row& row) { return row.p; }},
      {"p_bh", [](const Row& row) { return row.p_bh; }},
      {"family", [](const Row& row) { return count(row.family); }},
  }));
}

Columns<ItemChange> item_columns() {
  using Row = ItemChange;
  return with_pair<Row>(with_language<Row>(
      {{"item", [](const Row& row) { return row.item; }}, {"won", [](const Row& row) { return count(row.won); }}}));
}

}  // namespace

std::vector<ResultTable> result_tables(const Comparison& comparison) {
  return {table("answers", answer_columns(), comparison.answers),
          table("transfer", transfer_columns(), comparison.transfer),
          table("alignment", alignment_columns(), comparison.alignment),
          table("flips", flip_columns(), comparison.flips), table("items", item_columns(), comparison.items)};
}

}  // namespace tertium

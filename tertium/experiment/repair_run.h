#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "tertium/experiment/corpora.h"
#include "tertium/experiment/experiment.h"
#include "tertium/experiment/run.h"
#include "tertium/experiment/scoring.h"

namespace tertium {

/// What is done to a language's states at one block so that they become the pivot's.
struct FittedRepair {
  std::vector<float> values;  // of an added vector [D]; of a map W [D, D], then b [D]
  bool is_map = false;
  bool everywhere =
      false;  // at all rows but the first, and scaled back to the row's norm; else where the answer is predicted
};

/// The items of a task, told apart by seed: what repairs are fitted on, and what they are tried on. Indices.
struct RepairParts {
  std::vector<std::size_t> fit, test;
};
/// Throws Error naming the task if either part has fewer than 10 items.
RepairParts repair_parts(const RepairSpec& spec, const TaskSpec& task, const std::vector<Item>& items);

/// Throws Error where the items or sentences are too few, a corpus lacks a language, or the model has no such block:
/// before anything runs.
void demand_repairable(const RepairSpec& spec, const std::vector<PreparedTask>& tasks,
                       const std::vector<PreparedCorpus>& corpora, const Config& config);

/// What repairs of a language are fitted on: sentence i, or item i of the fitted part, says the same in all.
struct FittedTexts {
  std::vector<const Question*> pivot, other, control;  // contexts; control: of another language, empty without one
  bool are_items = true;
};
/// `control`: null without one. Throws std::logic_error where demand_repairable would have thrown.
FittedTexts fitted_texts(const RepairSpec& spec, const TaskSpec& task, const std::vector<PreparedCorpus>& corpora,
                         const PreparedLanguage& pivot, const PreparedLanguage& other, const PreparedLanguage* control);

/// What one repaired run gave.
struct RepairedRun {
  std::size_t item;
  int block;
  double alpha;
  bool is_test;
  const char* control;  // "main", a control, or "pivot"
  std::vector<double> scores;
};

/// Statements of a tried item: the pivot's clean, the language's repaired.
struct RepairedStatements {
  std::size_t item;
  int block;
  double alpha;
  const char* control;
  const std::vector<TextStates>&pivot, &own;
};

/// What a repair came to.
struct ChosenRepair {
  FittedRepair repair;
  int block = 0;
  double alpha = 0;
};

/// Fits repairs of one language, chooses where and how strong they are, and tries them (docs/methods.md, section 11).
class LanguageRepairs {
 public:
  /// `most_rows`: that run at once.
  LanguageRepairs(const Engine& engine, const RepairSpec& spec, const TaskSpec& task, const PreparedLanguage& pivot,
                  const PreparedLanguage& other, FittedTexts fitted, double most_rows);

  const RepairParts& parts() const { return parts_; }
  /// `ran` gets every run; `aligned`, unless empty, the statements of main and its controls; `reached` how many of all
  /// there are.
  ChosenRepair run(const std::string& kind, const std::function<void(const RepairedRun&)>& ran,
                   const std::function<void(const RepairedStatements&)>& aligned,
                   const std::function<void(std::size_t done, std::size_t of)>& reached);

 private:
  using Texts = std::vector<const Question*>;
  /// States of fitted texts at every block, [n, D] each: at the last row, and the mean over all rows but the first.
  struct States {
    std::vector<std::vector<float>> last, mean;
  };
  struct At {
    int block;
    double alpha;
    const FittedRepair* repair;
  };

  const States& states(const Texts& texts);
  /// Of the fitted texts at `members`.
  FittedRepair fit(const std::string& kind, int block, const std::vector<std::size_t>& members, const Texts& from,
                   bool shuffled);
  FittedRepair random_like(const FittedRepair& repair, const std::string& name) const;
  void score(const PreparedLanguage& language, const std::vector<std::size_t>& items, const std::vector<At>& ats,
             const std::function<void(std::size_t item, std::size_t at, std::vector<double> scores)>& scored) const;
  std::vector<TextStates> pivot_statements(std::size_t item) const;
  /// The language's statements under each of some repairs.
  std::vector<std::vector<TextStates>> statements(std::size_t item, const std::vector<At>& ats) const;

  const Engine& engine_;
  const RepairSpec& spec_;
  const TaskSpec& task_;
  const PreparedLanguage &pivot_, &other_;
  const FittedTexts fitted_;
  const double most_rows_;
  RepairParts parts_;
  std::vector<int> blocks_;
  std::map<const Texts*, States> states_;
};

/// Writes a repair of a stream of that width as safetensors, with where it came from in the file's metadata.
void write_repair(const std::filesystem::path& file, const ChosenRepair& chosen, int width,
                  const std::map<std::string, std::string>& provenance);

/// About how many rows a kind takes, for one item of the fitted part.
double repair_rows(const RepairSpec& spec, const Question& question, const Config& config);

}  // namespace tertium

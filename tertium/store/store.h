#pragma once

#include <compare>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tertium {

// The rows of results.db. Tables, columns and meanings are a public contract: docs/results.md.

struct ItemRow {
  std::string task, item;
  std::string category;  // empty if it has none
  std::string unit;      // shared by items that are no independent data; the item itself where it stands alone
};

/// A piece of an item's statements: what they have in common, or what one option adds.
struct TextRow {
  std::string task, language, item;
  int option = -1;  // -1: the context
  std::string text;
};

/// The protocol of imported answers of which only right or wrong is known: option 0 is right, option 1 wrong.
inline constexpr char kOnlyCorrect[] = "correct";

struct ScoreRow {
  std::string task, language, item, protocol;
  int option = 0;
  double score = 0;
  int tokens = 0;  // of the option as scored; 1 in protocol letters
  bool is_gold = false;
  int characters = 1, bytes = 1;  // of its text, without the one space that joins it to the context
};

/// The `control` of what was put in itself, and not in its stead.
inline constexpr char kMain[] = "main";

struct AlignmentRow {
  std::string task, language, item, metric;
  std::string stream;  // "resid" (layer 0..L) or "final_norm" (layer L)
  int layer = 0;
  double value = 0;
};

struct PatchRow {
  std::string task, language, item, protocol, direction, site;
  int layer = 0;  // the block, or the first of several
  std::string position, control;
  int draw = 0;
  std::string donor;  // the item whose activations were put in, or what was put in was made of
  int option = 0;
  double score = 0;
  int head = -1;   // -1 where all of the site's width was replaced
  int window = 1;  // consecutive blocks patched together, of which `layer` is the first
};

/// What the state at the row that predicts the answer says of one word, at one stream index (the lens).
struct LensRow {
  std::string task, language, item, protocol;
  int layer = 0;         // stream index 0..L
  std::string token_of;  // loglik: "own0", "own1" … or "pivot0" …, the first token of that option; letters: the letter
  int token = 0;         // its id
  std::optional<double> log_prob;  // loglik
  std::optional<double> logit;     // letters
  std::optional<double> entropy;   // loglik: of the distribution over the vocabulary at this layer, in bits
};

/// The tasks of translations and of open answers.
inline constexpr char kTranslate[] = "translate", kGenerate[] = "generate";

/// How a sentence is translated, or an open question answered, in one run: how likely the reference is there, and what
/// the model writes by itself.
struct GenerationRow {
  std::string task;       // kTranslate or kGenerate
  std::string language;   // of the source, or of the question
  std::string target;     // empty of open answers
  std::string item;       // the sentence's line, from 0, or the question's id
  std::string condition;  // empty of a clean run, else "resid_post@7 last main 0": site, position, control, draw
  std::optional<std::string> text;  // absent where none was generated, as all up to language_out are
  std::optional<int> tokens;        // of the text
  std::string stop;                 // "end", "text" or "length"
  std::optional<double> log_prob;   // of the reference, summed over its tokens; absent where it is a pattern
  int reference_tokens = 0;
  std::optional<double> chrf, chrfpp, bleu;  // of the text
  std::string language_out;
};

/// An option's score in a run whose states were repaired (docs/methods.md, section 11).
struct RepairRow {
  std::string task, language, item, protocol;
  std::string repair;  // "mean_shift", "recover", "least_squares", "procrustes" or "low_rank"
  int layer = 0;       // the block at whose resid_post
  double alpha = 0;
  std::string part;     // "fit": scored by what was fitted on other folds; "test": by what was fitted on all of them
  std::string control;  // "main"; "random", "other_language", "shuffled"; "pivot": main, put into the pivot's own run
  int option = 0;
  double score = 0;
};

/// A part of the model that was taken out: one component at one place.
struct AblationKey {
  std::string component;                // "block", "attn_out", "mlp_out", "z", "direction"
  int layer = 0;                        // the block
  int head = -1;                        // -1 where it is no head
  std::string operation = "zero";       // "mean", "resample"; "project" of a direction
  std::string reference = {};           // of a mean: "own" or "pivot"; of a direction: the language that it leads to
  std::string control = kMain;          // "random@0": what was drawn first in its stead
  std::string position = "everywhere";  // or "but_first"
  auto operator<=>(const AblationKey&) const = default;
};

/// An option's score under an ablation.
struct AblationRow {
  std::string task, language, item, protocol;
  AblationKey key;
  int option = 0;
  double score = 0;
};

/// The component of what was not taken out, but repaired: `operation` says how, `layer` at which block's resid_post.
inline constexpr char kRepaired[] = "repair";

/// A metric at a layer, where the statements of both languages ran under an ablation, or the language's under a repair.
struct AblatedAlignmentRow {
  std::string task, language, item;
  AblationKey key;
  std::string metric;
  std::string stream;
  int at = 0;  // stream index; those before the changed block are as they were, and have no rows
  double value = 0;
};

/// The measure of imported means by language that is no alignment.
inline constexpr char kAccuracy[] = "accuracy";
/// The measure that is a mean of the metric mexat.
inline constexpr char kMexa[] = "mexa";
/// Before a corpus' name, the key of `runs` that counts its sentences.
inline constexpr char kSentences[] = "sentences ";

/// How near two sides of a parallel corpus are at one layer, all sentences together.
struct CorpusRow {
  std::string corpus, language;
  std::string pooling;  // "last", "mean" or "weighted"
  std::string stream;
  int layer = 0;
  std::string measure;  // "mexa", "p1_row", "p1_col", "csls", "cka"
  double value = 0;
  double chance = 0;  // the mean over permuted pairs
};

/// A unit of work: rows that were computed alone and committed together with this one.
struct UnitRow {
  std::string id;  // a hash of what decides its numbers
  std::string task;
  std::string protocol;  // empty of alignment, which depends on none
  std::string language;
  std::string direction;   // of patching
  std::string first_item;  // the first of its items
  int items = 0;
  std::string state;  // "done" or "failed"
  double seconds = 0;
  int rows = 0;        // that it added
  std::string worker;  // who computed it
  std::string stage;   // "scoring", "alignment", "means", "patching"
  std::string part;    // alignment: the metric; patching: control, draw, site, position
  int ties = 0;        // of alignment: among its comparisons
  std::string error;   // why it failed
};

/// Which patched runs: all but item, layer, head, window and option.
struct PatchSlice {
  std::string task, language, protocol, direction, site, position, control;
  int draw = 0;
};

/// What a run was: key → value, in the order first written ("experiment", "version", "sha256 model.gguf", "seed",
/// "started" …).
using RunInfo = std::vector<std::pair<std::string, std::string>>;

/// A folder's results.db (SQLite, WAL). Whatever was added before the last commit() survives a crash; what was added
/// after it is lost with the Store. Every call throws Error naming the file where SQLite cannot do it (disk full, file
/// moved or removed meanwhile …).
class Store {
 public:
  /// A new results.db in `folder` (made if absent). Throws Error if the folder cannot be written, or already holds
  /// results and `replace` is false (says: give another --out, or --force), or a run is still writing them.
  static Store create(const std::filesystem::path& folder, bool replace);
  /// Throws Error where create would, as far as that can be told without touching what is there. For a check long
  /// before. Returns who wrote there before and ended without a word, "process 4711 on node7"; empty if nobody did.
  static std::string demand_free(const std::filesystem::path& folder, bool replace);
  /// An existing one, to go on with. Throws Error as open does, and as create does where a run is still writing to it.
  static Store resume(const std::filesystem::path& folder);
  /// Whether there is one with tables in it: a run that was killed as it began may leave none.
  static bool has_results(const std::filesystem::path& folder);
  /// An existing one, for reading, also while a run goes on: it shows what was committed when it was opened. Throws
  /// Error naming the folder if it holds none or the file is no tertium database.
  static Store open(const std::filesystem::path& folder);

  // Throw Error naming the item if the number is NaN or infinite, or if the row is there already.
  void add(const ItemRow& row);
  void add(const TextRow& row);
  void add(const ScoreRow& row);
  void add(const AlignmentRow& row);
  void add(const PatchRow& row);
  void add(const CorpusRow& row);
  void add(const LensRow& row);
  void add(const AblationRow& row);
  void add(const AblatedAlignmentRow& row);
  void add(const RepairRow& row);
  void add(const GenerationRow& row);
  void add(const UnitRow& row);                                     // replaces one of the same id
  void set_info(const std::string& key, const std::string& value);  // replaces an earlier value
  void forget_info(const std::string& key);
  void commit();
  /// Takes back what was added since the last commit.
  void rollback();

  // Take out what is about to be computed anew.
  void remove_unit(const std::string& id);
  void remove_patches(const PatchSlice& slice, const std::string& item);
  void remove_lens(const std::string& task, const std::string& language, const std::string& protocol,
                   const std::string& item);
  /// Of all blocks and heads of a key's component.
  void remove_ablations(const std::string& task, const std::string& language, const std::string& protocol,
                        const AblationKey& key, const std::string& item);
  void remove_ablated_alignment(const std::string& task, const std::string& language, const AblationKey& key,
                                const std::string& metric, const std::string& item);
  void remove_repairs(const std::string& task, const std::string& language, const std::string& protocol,
                      const std::string& repair);
  void remove_generation(const std::string& task, const std::string& language, const std::string& target,
                         const std::string& item, const std::string& condition);
  void remove_corpora(const std::string& corpus, const std::string& language);
  void remove_alignment(const std::string& task, const std::string& language, const std::string& metric);

  // All rows, in the order added. Throw Error naming table, row and column for a value that no run writes.
  std::vector<ItemRow> items() const;
  std::vector<TextRow> texts() const;  // none where the layout has no such table
  std::vector<ScoreRow> scores() const;
  std::vector<AlignmentRow> alignment() const;
  std::vector<PatchRow> patches() const;
  /// All rows of patches, none of them kept: in the order of task, language, protocol, direction, site, head, window,
  /// position, control and draw; those of one such series item by item, each item's by layer and option. `number`
  /// counts up in the order added.
  void each_patch(const std::function<void(const PatchRow&, std::int64_t number)>& visit) const;
  std::vector<CorpusRow> corpora() const;
  std::vector<LensRow> lens() const;                           // none where the layout has no such table
  std::vector<AblationRow> ablations() const;                  // none where the layout has no such table
  std::vector<AblatedAlignmentRow> ablated_alignment() const;  // the same
  std::vector<RepairRow> repairs() const;                      // the same
  std::vector<GenerationRow> generations() const;              // the same
  std::vector<UnitRow> units() const;                          // none where the layout has no such table
  RunInfo info() const;
  /// Of one language alone.
  std::vector<ScoreRow> scores(const std::string& task, const std::string& language, const std::string& protocol) const;

  const std::filesystem::path& folder() const;

 private:
  struct Database;
  explicit Store(std::shared_ptr<Database> database) : database_(std::move(database)) {}
  std::shared_ptr<Database> database_;
};

/// The names of the tables, and of what else can be exported.
std::vector<std::string> table_names();
std::vector<std::string> exportable();

enum class ExportFormat { csv, jsonl };
/// Writes a whole table, or the view patched_answers, to `out`, one row a line: CSV as of RFC 4180 with a header, or
/// JSON objects. Numbers keep all their digits (shortest form that reads back the same). Throws Error for an unknown
/// table (lists them).
void export_table(const std::filesystem::path& folder, const std::string& table, ExportFormat format,
                  std::ostream& out);

}  // namespace tertium

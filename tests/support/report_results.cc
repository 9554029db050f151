#include "tests/support/report_results.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "tertium/base/hash.h"
#include "tertium/version.h"

namespace tertium::test {
namespace {

constexpr const char* kTask = "xcopa";
constexpr const char* kProtocol = "loglik";

struct Language {
  const char* name;
  double skill;
  const char* context;
  const char* options[2];
};
constexpr Language kLanguages[] = {
    {"en", 0.9, "It rained, so", {" the street got wet.", " the street stayed dry."}},
    {"ar", 0.5, "أمطرت السماء ولذلك", {" ابتلّ الشارع.", " ظلّ الشارع جافًا."}},
    {"it", 0.7, "Pioveva, quindi", {" la strada si bagnò.", " la strada restò asciutta."}},
    {"sw", 0.4, "Mvua ilinyesha, kwa hiyo", {" barabara ililowa.", " barabara ilibaki kavu."}},
    {"zh", 0.6, "下雨了，所以", {"街道湿了。", "街道还是干的。"}}};

/// From 0 to 1, by a seed and a name.
double chance(int seed, const std::string& of) {
  return static_cast<double>(stable_hash(static_cast<std::uint64_t>(seed), {of}) >> 11) / 9007199254740992.0;
}

std::string id_of(int item) { return item == 0 ? "<b>0</b>" : std::to_string(item); }

std::string context_of(int item, const Language& language) {
  if (item == 0) return std::string("<script>alert(1)</script></script><!-- {{7*7}} ${7*7} ") + language.context;
  std::string text = fmt::format("{} ({})", language.context, item);
  if (item == 1)
    while (text.size() < 100'000) text += " and it rained";
  return text;
}

std::string option_of(int item, int option, const Language& language) {
  if (item != 0) return language.options[option];
  return option == 0 ? " <img src=x onerror=alert(2)>" : " \u202Eyrd\u202C";
}

class Maker {
 public:
  Maker(Store& store, const MadeUp& what) : store_(store), what_(what) {
    for (int item = 0; item < what.items; ++item) {
      for (const Language& language : kLanguages)
        right_[{language.name, item}] = draw("right", language.name, item) < language.skill;
    }
    right_[{"en", 0}] = true;
    right_[{"ar", 0}] = false;
  }

  void make() {
    for (const char* language : {"en", "ar", "it"})
      for (int sentence = 0; sentence < what_.sentences; ++sentence) add_translation(language, sentence);
    for (int item = 0; item < what_.items; ++item) add_item(item);
    for (const Language& language : kLanguages) add_ablations(language), add_repairs(language);
    for (const Language& language : kLanguages) {
      if (language.name == std::string("en")) continue;
      for (int layer = 0; layer <= what_.blocks; ++layer)
        store_.add(CorpusRow{"flores200", language.name, "weighted", "resid", layer, "mexa",
                             draw("corpus", language.name, 0, layer), 0.05});
      for (int item = 0; item < what_.items; ++item) {
        add_lens(language, item);
        add_alignment(language, item);
        if (!right_.at({"en", item})) continue;
        add_patches(language, item, right_.at({language.name, item}) ? "keep" : "fix");
      }
    }
  }

 private:
  void add_translation(const std::string& language, int sentence) {
    const Language& of = *std::ranges::find(kLanguages, language, &Language::name);
    const Language& target = *std::ranges::find(kLanguages, std::string("sw"), &Language::name);
    const std::string item = std::to_string(sentence);
    const auto text = [&](const Language& said) { return context_of(sentence == 0 ? 0 : 2 + sentence, said); };
    store_.add(TextRow{kTranslate, language, item, -1, text(of)});
    if (language == "en") store_.add(TextRow{kTranslate, target.name, item, -1, text(target)});
    const auto add = [&](const std::string& condition, const std::string& what) {
      const double quality = draw("translated" + what, language, sentence);
      store_.add(GenerationRow{kTranslate, language, target.name, item, condition, text(target), 8, "text",
                               -20 + 10 * quality, 8, 60 * quality, 50 * quality, 30 * quality, "sw"});
    };
    add("", "");
    if (language == "en") return;
    for (int layer = 0; layer <= what_.blocks; ++layer)
      store_.add(AlignmentRow{kTranslate, language, item, "dali_margin", "resid", layer,
                              draw("sentence", language, sentence, layer) - 0.5});
    for (const char* control : {"main", "other_item"})
      for (int block = 0; block < what_.blocks; ++block)
        add(fmt::format("resid_post@{} last {} 0", block, control), fmt::format("{}{}", control, block));
  }

  static constexpr int kFirstItems = 40;  // that have ablations and repairs

  void add_ablated(const Language& language, const AblationKey& key, double loses) {
    for (int item = 0; item < std::min(kFirstItems, what_.items); ++item) {
      const std::string which = key.component + key.control + std::to_string(key.head);
      const bool loses_it = draw(which, language.name, item, key.layer) < loses;
      for (const int option : {0, 1}) {
        const bool wins = (option == gold(item)) == (right_.at({language.name, item}) != loses_it);
        store_.add(AblationRow{kTask, language.name, id_of(item), kProtocol, key, option, -20 + (wins ? 1.0 : 0.0)});
      }
      if (language.name == std::string("en") || key.head >= 0) continue;
      for (int at = key.layer + 1; at <= what_.blocks; ++at)
        store_.add(AblatedAlignmentRow{kTask, language.name, id_of(item), key, "dali", "resid", at,
                                       draw(which, language.name, item, at) < language.skill / 2 ? 1. : 0.});
    }
  }

  void add_ablations(const Language& language) {
    for (int block = 0; block < what_.blocks; ++block)
      for (const char* control : {"main", "random@0"})
        for (int head = -1; head < 2; ++head)
          if (head < 0 || control == std::string("main"))
            add_ablated(language,
                        {.component = head < 0 ? "block" : "z", .layer = block, .head = head, .control = control},
                        control == std::string("main") ? 0.3 : 0.1);
  }

  void add_repairs(const Language& language) {
    if (language.name == std::string("en")) return;
    for (const char* repair : {"mean_shift", "procrustes"})
      for (const char* control : {"main", "random", "pivot"})
        for (int item = 0; item < std::min(kFirstItems, what_.items); ++item) {
          const bool was = right_.at({control == std::string("pivot") ? "en" : language.name, item});
          const bool turns = draw(std::string(repair) + control, language.name, item) < 0.2;
          for (const int option : {0, 1})
            store_.add(RepairRow{kTask, language.name, id_of(item), kProtocol, repair, 2, 0.5, "test", control, option,
                                 -20 + ((option == gold(item)) == (was != turns) ? 1.0 : 0.0)});
        }
  }

  void add_lens(const Language& language, int item) {
    constexpr int kFirst = 40;  // items that have one
    if (item >= kFirst) return;
    for (int layer = 0; layer <= what_.blocks; ++layer)
      for (int word = 0; word < 4; ++word)
        store_.add(LensRow{kTask, language.name, id_of(item), kProtocol, layer,
                           fmt::format("{}{}", word < 2 ? "own" : "pivot", word % 2), word,
                           -20 * draw("lens", language.name, item, 4 * layer + word), {}, 12.0 - layer});
  }
  double draw(const std::string& what, const std::string& language, int item, int more = 0) const {
    return chance(what_.seed, fmt::format("{} {} {} {}", what, language, item, more));
  }
  int gold(int item) const { return item % 3 == 0 ? 1 : 0; }
  double margin(const std::string& language, int item) const { return 0.5 + 3 * draw("margin", language, item); }

  void add_item(int item) {
    store_.add(ItemRow{kTask, id_of(item), item % 2 == 0 ? "cause" : "effect", id_of(item)});
    for (const Language& language : kLanguages) {
      store_.add(TextRow{kTask, language.name, id_of(item), -1, context_of(item, language)});
      for (const int option : {0, 1})
        store_.add(TextRow{kTask, language.name, id_of(item), option, option_of(item, option, language)});
      for (const int option : {0, 1}) {
        const bool wins = (option == gold(item)) == right_.at({language.name, item});
        store_.add(ScoreRow{kTask, language.name, id_of(item), kProtocol, option,
                            -20 + (wins ? margin(language.name, item) : 0), 7, option == gold(item), 20, 30});
      }
    }
  }

  void add_alignment(const Language& language, int item) {
    for (const char* metric : {"dali", "dali_margin", "mexat"})
      for (int layer = 0; layer <= what_.blocks + 1; ++layer) {
        const double value = draw(metric, language.name, item, layer);
        const bool behind_norm = layer > what_.blocks;
        store_.add(AlignmentRow{kTask, language.name, id_of(item), metric, behind_norm ? "final_norm" : "resid",
                                behind_norm ? what_.blocks : layer,
                                metric == std::string("dali_margin") ? value - 0.5
                                : value < language.skill             ? 1.
                                                                     : 0.});
      }
  }

  void add_patches(const Language& language, int item, const char* direction) {
    const bool was_right = right_.at({language.name, item});
    for (const auto& [control, share] : std::map<std::string, double>{
             {"main", 0.8}, {"self", 0}, {"same_gold", 0.4}, {"mean_shift", 0.2}, {"norm_noise", 0.1}})
      for (int block = 0; block < what_.blocks; ++block) {
        const double depth = static_cast<double>(block + 1) / what_.blocks;
        const bool turns = draw(direction + control, language.name, item, block) < share * depth;
        const double moved = margin(language.name, item) * (control == "self" ? 1 : 0.5 + depth);
        for (const int option : {0, 1}) {
          const bool wins = (option == gold(item)) == (was_right != turns);
          store_.add(PatchRow{kTask, language.name, id_of(item), kProtocol, direction, "resid_post", block, "last",
                              control, 0, id_of(item), option, -20 + (wins ? moved : 0)});
        }
      }
  }

  Store& store_;
  const MadeUp what_;
  std::map<std::pair<std::string, int>, bool> right_;
};

}  // namespace

void write_made_up_results(const std::filesystem::path& folder, const MadeUp& what) {
  Store store = Store::create(folder, false);
  Maker(store, what).make();
  for (const auto& [key, value] : RunInfo{{"tertium", TERTIUM_VERSION},
                                          {"experiment", "model = \"</script><script>alert(3)</script>\"\n"},
                                          {"model", "/models/tiny <i>.gguf"},
                                          {"family", "llama"},
                                          {"pivot", "en"},
                                          {"dtype", "f32"},
                                          {"controls", "main self same_gold mean_shift norm_noise"},
                                          {"sha256 xcopa val.it.jsonl", std::string(64, 'a')},
                                          {"joints_swallowed xcopa loglik zh", "3"},
                                          {"finished", "2026-01-01T00:00:00Z"}})
    store.set_info(key, value);
  store.commit();
}

}  // namespace tertium::test

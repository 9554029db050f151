#include "tertium/experiment/open_questions.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <set>

#include "tertium/base/error.h"
#include "tertium/base/hash.h"
#include "tertium/base/text.h"
#include "tertium/engine/engine.h"
#include "tertium/engine/greedy.h"
#include "tertium/experiment/stages.h"
#include "tertium/experiment/toml_table.h"
#include "tertium/experiment/unit_runner.h"
#include "tertium/experiment/units.h"
#include "tertium/formats/model_path.h"
#include "tertium/model/config.h"
#include "tertium/protocols/asking.h"
#include "tertium/tasks/translation_prompt.h"
#include "tertium/tokenizer/chat.h"

namespace tertium {
namespace {

std::string stage_of(const std::string& language) {
  return fmt::format("{} {} {}: {}", kGenerate, kOnlyCorrect, language, kScoring);
}

Question asked(const OpenQuestion& question, const GenerateSpec& spec, const ChatTemplate* chat,
               const Tokenizer& tokenizer, const Limits& limits) {
  const auto [prompt, between] = open_prompt(question, chat);
  const bool is_pattern = spec.match == AnswerMatch::regex;
  Question made = is_pattern ? Question{.name = question.where, .context = encode_prompt(tokenizer, prompt)}
                             : encode_continuations(tokenizer, question.where, prompt, {between + question.answers[0]});
  demand_fits(made, limits);
  if (made.context.empty()) fail("{}: the prompt has no tokens", question.where);
  if (made.context.size() + static_cast<std::size_t>(spec.most_tokens) > static_cast<std::size_t>(limits.context))
    fail("{}: the prompt's {} tokens and max_new_tokens = {} exceed the model's context of {}; ask for fewer",
         question.where, made.context.size(), spec.most_tokens, limits.context);
  return made;
}

/// A task's units.
class QuestionsRun {
 public:
  QuestionsRun(const PreparedQuestions& prepared, const Tokenizer* tokenizer, const Engine& engine,
               const UnitPlanner& planner)
      : prepared_(prepared), tokenizer_(tokenizer), engine_(engine), planner_(planner) {}

  std::vector<const AskedQuestions*> sides() const {
    std::vector<const AskedQuestions*> all = {&prepared_.pivot};
    for (const AskedQuestions& language : prepared_.others) all.push_back(&language);
    return all;
  }

  Demand demand(const AskedQuestions& side) const {
    Demand demand{
        .series = {kGenerate, kOnlyCorrect, side.language, std::string(kScoring), ""}, .parts = {""}, .members = {}};
    for (const OpenQuestion& question : side.questions) demand.members.push_back(question.id);
    demand.key = [this, &side](std::size_t, std::size_t i) {
      Hasher hasher;
      hasher.add(side.asked[i].context).add(std::int64_t{prepared_.spec.most_tokens});
      hasher.add(static_cast<std::int64_t>(prepared_.spec.match));
      for (const std::string& stop : prepared_.spec.stops) hasher.add(stop);
      hasher.add("answers");
      for (const std::string& answer : side.questions[i].answers) hasher.add(answer);
      return hasher.hex();
    };
    // Generated rows count for a quarter: a step takes hardly longer for some dozens of texts than for a few.
    demand.cost = [this, &side](std::size_t i, const auto&) {
      return static_cast<double>(side.asked[i].context.size()) + prepared_.spec.most_tokens / 4.0;
    };
    return demand;
  }

  void run(Store& store, UnitRunner& runner, const Progress& progress) const {
    store_texts(store);
    for (const AskedQuestions* side : sides()) {
      const Demand demand = this->demand(*side);
      const WorkPlan plan = planner_.plan(demand);
      if (!plan.outdated.empty())
        fail("{}: open questions in {} were asked or judged otherwise; give another --out, or --force to begin anew",
             store.folder().string(), printable(side->language));
      Stage stage(stage_of(side->language), side->questions.size(), store, progress);
      const auto compute = [&](const Work& work, Tally& tally, const std::function<void(std::size_t)>&) {
        tally.rows[0] += answer(*side, work, store);
      };
      if (runner.run(demand, plan, stage, compute)) stage.end();
    }
  }

 private:
  void store_texts(Store& store) const {
    std::set<std::string> items;
    std::set<std::pair<std::string, std::string>> known;
    for (const ItemRow& row : store.items())
      if (row.task == kGenerate) items.insert(row.item);
    for (const TextRow& row : store.texts())
      if (row.task == kGenerate) known.emplace(row.language, row.item);
    for (const AskedQuestions* side : sides())
      for (const OpenQuestion& question : side->questions) {
        if (items.insert(question.id).second) store.add(ItemRow{kGenerate, question.id, "", question.id});
        if (!known.emplace(side->language, question.id).second) continue;
        store.add(TextRow{kGenerate, side->language, question.id, -1, question.prompt});
        for (std::size_t k = 0; k < question.answers.size(); ++k)
          store.add(TextRow{kGenerate, side->language, question.id, static_cast<int>(k), question.answers[k]});
      }
  }

  int answer(const AskedQuestions& side, const Work& work, Store& store) const {
    const auto ends = [this](std::span<const TokenId> made) {
      const std::string text = tokenizer_->decode(made);
      return answer_end(text, prepared_.spec.stops) < text.size();
    };
    std::vector<ContinuedJob> jobs;
    std::vector<AskedStrands> strands;
    for (const std::size_t i : work.members()) {
      const Question& question = side.asked[i];
      ContinuedJob& job = jobs.emplace_back(ContinuedJob{.job = {.name = question.name}});
      if (question.options.empty())
        job.job.strands = {{.tokens = question.context}}, strands.push_back({});
      else
        strands.push_back(ask(job.job, question, /*whole_options=*/false));
      job.continuations = {{.strand = strands.back().context, .most = prepared_.spec.most_tokens, .ends = ends}};
    }
    const std::vector<ContinuedResult> results = continue_greedily(engine_, jobs);
    for (std::size_t m = 0; m < results.size(); ++m) {
      const std::size_t i = work.first + m;
      const Question& question = side.asked[i];
      const Continued& made = results[m].texts[0];
      const std::string whole = tokenizer_->decode(made.tokens);
      const std::string text(strip(std::string_view(whole).substr(0, answer_end(whole, prepared_.spec.stops))));
      GenerationRow row{.task = kGenerate,
                        .language = side.language,
                        .item = side.questions[i].id,
                        .text = text,
                        .tokens = static_cast<int>(made.tokens.size()),
                        .stop = made.stop == Continued::Stop::end_token ? "end"
                                : made.stop == Continued::Stop::text    ? "text"
                                                                        : "length"};
      if (!question.options.empty()) {
        row.log_prob = option_scores(question, strands[m], results[m].result)[0];
        row.reference_tokens = static_cast<int>(question.options[0].size());
      }
      store.add(row);
      const bool right = is_right(text, side.questions[i], prepared_.spec.match);
      for (const int option : {0, 1})
        store.add(ScoreRow{kGenerate, side.language, row.item, kOnlyCorrect, option, right == (option == 0) ? 1.0 : 0.0,
                           0, option == 0});
    }
    return static_cast<int>(3 * results.size());
  }

  const PreparedQuestions& prepared_;
  const Tokenizer* tokenizer_;
  const Engine& engine_;
  const UnitPlanner& planner_;
};

UnitPlanner planner_of(const Engine& engine, const Store& store, const RunControl& control) {
  const double most_rows = control.unit_rows > 0 ? control.unit_rows : rows_of_work(engine.model().config());
  return {control.fingerprint, most_rows, control.known_in(store)};
}

}  // namespace

OpenPrompt open_prompt(const OpenQuestion& question, const ChatTemplate* chat) {
  OpenPrompt asked{question.prompt, " "};
  if (chat) {
    const Message turn{"user", question.prompt};
    asked = {render_chat(*chat, {&turn, 1}, /*add_generation_prompt=*/true, kChatDate), ""};
  }
  // It ends in the white space that joins them.
  if (strip(asked.text).size() < asked.text.size()) asked.between.clear();
  return asked;
}

std::filesystem::path questions_file(const GenerateSpec& spec, const std::string& language) {
  return spec.data / (language + ".jsonl");
}

std::vector<QuestionTexts> read_question_texts(const GenerateSpec& spec, const std::string& pivot) {
  QuestionTexts wanted{pivot, read_open_questions(questions_file(spec, pivot), spec.match)};
  if (spec.limit) wanted.questions.resize(std::min(wanted.questions.size(), *spec.limit));
  std::vector<QuestionTexts> sides = {std::move(wanted)};
  for (const std::string& language : spec.languages) {
    const std::filesystem::path file = questions_file(spec, language);
    std::map<std::string, OpenQuestion> all;
    for (OpenQuestion& question : read_open_questions(file, spec.match)) {
      const std::string id = question.id;
      all.emplace(id, std::move(question));
    }
    QuestionTexts side{language, {}};
    for (const OpenQuestion& one : sides.front().questions) {
      const auto found = all.find(one.id);
      if (found == all.end())
        fail("{}: has no question \"{}\", which the pivot's file has", file.string(), printable(one.id));
      side.questions.push_back(std::move(found->second));
    }
    sides.push_back(std::move(side));
  }
  return sides;
}

GenerateSpec read_generate_keys(TomlTable& table, const std::string& pivot) {
  GenerateSpec spec;
  spec.data = table.text("data");
  spec.languages = table.texts("languages", {}, "it");
  std::erase(spec.languages, pivot);
  const std::string match = table.one_of("match", {"exact", "contains", "regex"}, "exact");
  spec.match = match == "exact" ? AnswerMatch::exact : match == "regex" ? AnswerMatch::regex : AnswerMatch::contains;
  spec.chat = table.flag("chat");
  constexpr int kMostTokens = 4096;
  spec.most_tokens = static_cast<int>(table.integer("max_new_tokens", 1, kMostTokens).value_or(spec.most_tokens));
  spec.stops = table.texts("stops", spec.stops, "\\n");
  if (std::ranges::find(spec.stops, "") != spec.stops.end())
    table.refuse(*table.find("stops"), "stops", "holds an empty text");
  if (const auto limit = table.integer("limit", 1, std::numeric_limits<int>::max()))
    spec.limit = static_cast<std::size_t>(*limit);
  table.demand_no_other_keys();
  return spec;
}

std::optional<PreparedQuestions> prepare_questions(const Experiment& experiment, const Tokenizer& tokenizer,
                                                   const Limits& limits) {
  if (!experiment.open_answers) return std::nullopt;
  const GenerateSpec& spec = *experiment.open_answers;
  std::optional<ChatTemplate> chat;
  if (spec.chat) chat = ChatTemplate::open(find_model(experiment.model.string()));
  PreparedQuestions prepared{.spec = spec};
  for (QuestionTexts& texts : read_question_texts(spec, experiment.pivot)) {
    prepared.files.push_back(questions_file(spec, texts.language));
    AskedQuestions side{texts.language, std::move(texts.questions), {}};
    for (const OpenQuestion& question : side.questions)
      side.asked.push_back(asked(question, spec, chat ? &*chat : nullptr, tokenizer, limits));
    if (prepared.files.size() == 1)
      prepared.pivot = std::move(side);
    else
      prepared.others.push_back(std::move(side));
  }
  if (chat) prepared.files.insert(prepared.files.end(), chat->files.begin(), chat->files.end());
  return prepared;
}

std::vector<std::string> question_stages(const PreparedQuestions& questions) {
  std::vector<std::string> stages = {stage_of(questions.pivot.language)};
  for (const AskedQuestions& language : questions.others) stages.push_back(stage_of(language.language));
  return stages;
}

void run_questions(const PreparedQuestions& questions, const Tokenizer& tokenizer, const Engine& engine, Store& store,
                   const Progress& progress, const RunControl& control, RunOutcome& outcome) try {
  const UnitPlanner planner = planner_of(engine, store, control);
  UnitRunner runner(store, engine.model(), planner, control, outcome);
  QuestionsRun(questions, &tokenizer, engine, planner).run(store, runner, progress);
  store.commit();
} catch (const Stopped&) {
  outcome.stopped = true;
}

void count_questions(const PreparedQuestions& questions, const Engine& engine, const Store& store,
                     const RunControl& control, UnitCount& count) {
  const UnitPlanner planner = planner_of(engine, store, control);
  const QuestionsRun run(questions, nullptr, engine, planner);
  for (const AskedQuestions* side : run.sides()) count.add(planner.plan(run.demand(*side)));
}

}  // namespace tertium
